/* op_elementwise: the loops of two-operand operators, shared by the families that need one. */
#ifndef OQ_OP_ELEMENTWISE_H
#define OQ_OP_ELEMENTWISE_H

#include "op/op.h"

typedef enum oq_loop {
    OQ_LOOP_ADD,
    OQ_LOOP_SUB,
    OQ_LOOP_MUL,
    OQ_LOOP_DIV,  /* integers: toward zero; by zero gives 0; the least number by -1 wraps to itself */
    OQ_LOOP_MOD,  /* sign of the divisor; integers by zero give 0 */
    OQ_LOOP_FMOD, /* sign of the dividend; integers by zero give 0 */
    OQ_LOOP_MIN,  /* NaN wins */
    OQ_LOOP_MAX,
    OQ_LOOP_PRELU, /* x < 0 ? x * slope : x */
    OQ_LOOP_EQUAL, /* from here on the result is bool */
    OQ_LOOP_LESS,
    OQ_LOOP_LESS_EQUAL,
    OQ_LOOP_GREATER,
    OQ_LOOP_GREATER_EQUAL,
    OQ_LOOP_AND,
    OQ_LOOP_OR,
    OQ_LOOP_XOR,
    OQ_N_LOOPS
} oq_loop;

/* out[i] = a[i * step_a] op b[i * step_b] for steps of 0 or 1. out may be a or b. */
typedef void oq_loop_fn(void *out, const void *a, const void *b, size_t n, int step_a, int step_b);

/* NULL when the operator has no meaning for that type. Halves have no loop of their own: they go through
 * float. */
oq_loop_fn *oq_loop_for(oq_loop op, oq_dtype dtype);

/* view = in, or for halves its float32 copy in scratch. */
oq_status oq_as_float32(oq_run *ctx, const oq_array *in, oq_array *view);
static inline bool oq_is_half(oq_dtype dtype)
{
    return dtype == OQ_FLOAT16 || dtype == OQ_BFLOAT16;
}

/* Output 0 = input 0 op input 1, broadcast; in place where possible. */
oq_status oq_run_loop(oq_run *ctx, oq_loop op);

/* Pow (op_pow.c). */
oq_infer_fn oq_infer_pow;
oq_run_fn oq_run_pow;

#endif
