/* op_elementwise: the loops of two-operand operators, shared by the families that need one. */
#ifndef OQ_OP_ELEMENTWISE_H
#define OQ_OP_ELEMENTWISE_H

#include "op/op.h"

typedef enum oq_binary {
    OQ_BINARY_ADD,
    OQ_BINARY_SUB,
    OQ_BINARY_MUL,
    OQ_BINARY_DIV,  /* integers: toward zero; by zero gives 0; the least number by -1 wraps to itself */
    OQ_BINARY_MOD,  /* sign of the divisor (integers only); by zero gives 0 */
    OQ_BINARY_FMOD, /* sign of the dividend; integers by zero give 0 */
    OQ_BINARY_MIN,  /* NaN wins */
    OQ_BINARY_MAX,
    OQ_BINARY_EQUAL, /* from here on the result is bool */
    OQ_BINARY_LESS,
    OQ_BINARY_LESS_EQUAL,
    OQ_BINARY_GREATER,
    OQ_BINARY_GREATER_EQUAL,
    OQ_BINARY_AND,
    OQ_BINARY_OR,
    OQ_BINARY_XOR,
    OQ_N_BINARY
} oq_binary;

/* out[i] = a[i * step_a] op b[i * step_b] for steps of 0 or 1. out may be a or b. */
typedef void oq_binary_fn(void *out, const void *a, const void *b, size_t n, int step_a, int step_b);

/* NULL when the operator has no meaning for that type. Halves have no loop of their own: they go through
 * float. */
oq_binary_fn *oq_binary_loop(oq_binary op, oq_dtype dtype);

/* view = in, or for halves its float32 copy in scratch. */
oq_status oq_as_float32(oq_run *ctx, const oq_array *in, oq_array *view);
static inline bool oq_is_half(oq_dtype dtype)
{
    return dtype == OQ_FLOAT16 || dtype == OQ_BFLOAT16;
}

/* Pow (op_pow.c). */
oq_infer_fn oq_infer_pow;
oq_run_fn oq_run_pow;

#endif
