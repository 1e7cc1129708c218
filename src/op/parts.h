/* parts: element by element work spread over the pool. */
#ifndef OQ_OP_PARTS_H
#define OQ_OP_PARTS_H

#include <stddef.h>

#include "base/pool.h"

/* Work on elements first .. first + n. */
typedef void oq_part_fn(void *arg, size_t first, size_t n);

/* Call part for all of n elements, in parts of a size that repays waking a thread. No element may depend on
 * another. pool NULL: serial. */
void oq_in_parts(oq_pool *pool, size_t n, oq_part_fn *part, void *arg);

#endif
