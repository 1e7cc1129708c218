/* op_strided: copy between two layouts of one block of elements. Transpose, Slice, Split, Concat, Pad,
 * Expand, Tile, DepthToSpace are this copy with their own steps. */
#ifndef OQ_OP_STRIDED_H
#define OQ_OP_STRIDED_H

#include "op/op.h"

#define OQ_STRIDED_RANK 16 /* Tile needs two per dimension */

typedef struct oq_strided {
    int rank;
    int64_t dims[OQ_STRIDED_RANK];
    int64_t to[OQ_STRIDED_RANK];   /* elements between neighbours in the destination */
    int64_t from[OQ_STRIDED_RANK]; /* in the source; negative goes backwards, 0 repeats */
} oq_strided;

/* Add a dimension inside those there are. */
void oq_strided_add(oq_strided *block, int64_t dim, int64_t to, int64_t from);
/* Steps of a contiguous tensor. */
void oq_contiguous_steps(const int64_t *dims, int rank, int64_t *step);
/* to and from: element 0 of the block; size: bytes of an element, 1, 2, 4, 8 or 16. The two must not overlap.
 */
void oq_strided_copy(const oq_strided *block, void *to, const void *from, size_t size, oq_pool *pool);

#endif
