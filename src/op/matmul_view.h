/* matmul_view: MatMul of two activations, read and written through transposes.
 *
 * Attention multiplies matrices that lie across its tensors: [batch, token, head, channel] seen as [batch,
 * head, token, channel]. A view names the order of axes; nothing is moved, rows are found by their strides.
 * Each matrix of B is packed, one product per task.
 */
#ifndef OQ_OP_MATMUL_VIEW_H
#define OQ_OP_MATMUL_VIEW_H

#include "op/op.h"

/* Axis i of the operand is axis perm[i] of the array; as Transpose's perm. */
typedef struct oq_matmul_order {
    int rank; /* 0: the array as it is */
    int perm[OQ_MAX_RANK];
} oq_matmul_order;

typedef struct oq_matmul_views {
    oq_matmul_order a, b;
    oq_matmul_order y; /* axis i of the result array is axis perm[i] of the product */
} oq_matmul_views;

/* Output 0 = input 0 * input 1, both float32. a: its last axis must be the last of the array too, and so for
 * y: OQ_SHAPE otherwise. */
oq_status oq_matmul_view_run(oq_run *ctx, const oq_matmul_views *views);

/* The operator of a step that is a MatMul merged with Transposes around it; state is an oq_matmul_views. */
extern const oq_op oq_op_matmul_view;

#endif
