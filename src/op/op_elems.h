/* op_elems: arithmetic on the known contents of small integer tensors (shapes on their way to a Reshape). */
#ifndef OQ_OP_ELEMS_H
#define OQ_OP_ELEMS_H

#include "op/op.h"

typedef enum oq_elem_op {
    OQ_ELEM_NONE, /* nothing to be told */
    OQ_ELEM_ADD,
    OQ_ELEM_SUB,
    OQ_ELEM_MUL,
    OQ_ELEM_DIV,
    OQ_ELEM_MOD,
    OQ_ELEM_MIN,
    OQ_ELEM_MAX,
    OQ_ELEM_EQUAL,
} oq_elem_op;

static inline oq_elem oq_elem_known(int64_t value)
{
    return (oq_elem){.is_known = true, .value = value};
}

static inline oq_elem oq_elem_unknown(void)
{
    return (oq_elem){0};
}

oq_elem oq_elem_of_dim(oq_dim dim);
oq_dim oq_dim_of_elem(oq_elem elem);     /* unknown when negative */
bool oq_elem_same(oq_elem a, oq_elem b); /* surely the same number */
/* a op b as far as it can be told; division and modulo as the operators compute them. */
oq_elem oq_elem_binary(oq_elem_op op, oq_elem a, oq_elem b);

/* Contents of input i; NULL when unknown or there is no such input. */
const oq_elems *oq_in_elems(const oq_infer *ctx, int i);
/* All elements of input i as numbers; false when the input or one of them is unknown. */
bool oq_in_ints(const oq_infer *ctx, int i, int64_t *values, int *n);
/* Output 0 has these contents. */
void oq_set_elems(oq_infer *ctx, int rank, int n, const oq_elem *e);
/* Output 0 has the contents of input 0, under another rank (0 or 1). */
void oq_pass_elems(oq_infer *ctx, int rank);
/* True when an input was given (its type may still be unknown). */
bool oq_has_input(const oq_infer *ctx, int i);
/* Unknown sizes, all of them, when the rank is known. */
oq_shape oq_shape_ranked(int rank);

#endif
