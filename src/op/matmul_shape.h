/* matmul_shape: the shapes of MatMul and its integer forms: the last two axes are matrices, the axes before
 * them broadcast as NumPy does; a vector on the left is a row, on the right a column, and its axis of size 1
 * disappears.
 */
#ifndef OQ_OP_MATMUL_SHAPE_H
#define OQ_OP_MATMUL_SHAPE_H

#include "op/op.h"

/* A product seen as batches of matrices. */
typedef struct oq_product {
    int batch_rank;
    int64_t batch[OQ_MAX_RANK];                      /* broadcast batch dims */
    size_t a_step[OQ_MAX_RANK], b_step[OQ_MAX_RANK]; /* matrices per step along them; 0: broadcast */
    size_t n_batches, m, n, k;
    bool shares_b; /* one matrix B for all: the batches of A are more rows */
    int rank;      /* of the result */
    int64_t dims[OQ_MAX_RANK];
} oq_product;

/* dims as at least a matrix; returns the rank. */
int oq_as_matrix(const int64_t *dims, int rank, bool is_left, int64_t *to);
/* False when the operands do not multiply. */
bool oq_product_make(oq_product *p, const int64_t *a_dims, int a_rank, const int64_t *b_dims, int b_rank);
/* Index of the matrix of an operand (step: a_step or b_step) for batch number `index`. */
size_t oq_product_matrix(const oq_product *p, const size_t *step, size_t index);
/* Type of output 0 from the operands' types. */
oq_status oq_matmul_infer(oq_infer *ctx, const oq_type *a, const oq_type *b, oq_dtype dtype);

#endif
