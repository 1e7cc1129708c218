/* memory: the blocks a runner's arrays live in. Counted references (an alias shares its input's block),
 * recycled by best fit, held against a byte limit. In the steady state of a stream of equal samples nothing
 * is allocated.
 *
 * One heap per runner: not thread-safe.
 */
#ifndef OQ_EXEC_MEMORY_H
#define OQ_EXEC_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct oq_block {
    size_t capacity;       /* bytes behind the header */
    int refs;              /* arrays that live in it; 0 while it is free */
    struct oq_block *next; /* in the free list, or in the scratch list of the running step */
} oq_block;

typedef struct oq_heap {
    oq_block *free; /* by capacity, smallest first */
    size_t limit;   /* most bytes held at once */
    size_t held;    /* bytes of all blocks, free ones included */
    size_t peak;    /* largest held */
} oq_heap;

void oq_heap_init(oq_heap *heap, size_t limit);
void oq_heap_close(oq_heap *heap); /* frees the free blocks; all others must have been dropped */
/* A block of at least size bytes with one reference. NULL: out of memory, or it would exceed the limit. */
oq_block *oq_block_take(oq_heap *heap, size_t size);
oq_block *oq_block_share(oq_block *block);          /* one more reference; NULL is fine */
void oq_block_drop(oq_heap *heap, oq_block *block); /* one less; the last one frees it. NULL is fine */
void *oq_block_data(oq_block *block);               /* aligned to 64 bytes */

#endif
