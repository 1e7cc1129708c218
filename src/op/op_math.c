/* op_math: mathematical functions of each element: Abs Ceil Cos Erf Exp Floor Log Neg Reciprocal Round Sign
 * Sin Sqrt. Abs, Neg and Sign take integers too. */
#include <math.h>

#include "op/families.h"
#include "op/op_elementwise.h"
#include "op/op_elems.h"
#include "op/op_unary.h"

/* clang-format off */
OQ_UNARY_KERNEL(abs, OQ_ABS)
OQ_UNARY_DOUBLE(abs, fabs(x))
OQ_UNARY_LOOP(ceil, ceilf(x))
OQ_UNARY_DOUBLE(ceil, ceil(x))
OQ_UNARY_LOOP(cos, cosf(x))
OQ_UNARY_DOUBLE(cos, cos(x))
OQ_UNARY_KERNEL(erf, OQ_ERF)
OQ_UNARY_DOUBLE(erf, erf(x))
OQ_UNARY_KERNEL(exp, OQ_EXP)
OQ_UNARY_DOUBLE(exp, exp(x))
OQ_UNARY_LOOP(floor, floorf(x))
OQ_UNARY_DOUBLE(floor, floor(x))
OQ_UNARY_KERNEL(log, OQ_LOG)
OQ_UNARY_DOUBLE(log, log(x))
OQ_UNARY_KERNEL(neg, OQ_NEG)
OQ_UNARY_DOUBLE(neg, -x)
OQ_UNARY_KERNEL(reciprocal, OQ_RECIPROCAL)
OQ_UNARY_DOUBLE(reciprocal, 1.0 / x)
OQ_UNARY_LOOP(round, rintf(x)) /* halves to even: the default rounding mode */
OQ_UNARY_DOUBLE(round, rint(x))
OQ_UNARY_LOOP(sign, x > 0 ? 1.0f : x < 0 ? -1.0f : x) /* zero and NaN stay */
OQ_UNARY_DOUBLE(sign, x > 0 ? 1.0 : x < 0 ? -1.0 : x)
OQ_UNARY_LOOP(sin, sinf(x))
OQ_UNARY_DOUBLE(sin, sin(x))
OQ_UNARY_KERNEL(sqrt, OQ_SQRT)
OQ_UNARY_DOUBLE(sqrt, sqrt(x))
/* clang-format on */

#define RUN(name)                                               \
    static oq_status run_##name(oq_run *ctx)                    \
    {                                                           \
        static const oq_unary_fn fn = {name##_f32, name##_f64}; \
                                                                \
        return oq_run_unary(ctx, &fn, NULL);                    \
    }

/* clang-format off */
RUN(ceil) RUN(cos) RUN(erf) RUN(exp) RUN(floor) RUN(log) RUN(reciprocal) RUN(round) RUN(sin) RUN(sqrt)
    /* clang-format on */

    /* ------------------------------------------------------------------ with integers */

    typedef int64_t integer_fn(int64_t x);

static int64_t abs_of(int64_t x)
{
    return x < 0 ? (int64_t)(0 - (uint64_t)x) : x;
}

static int64_t neg_of(int64_t x)
{
    return (int64_t)(0 - (uint64_t)x);
}

static int64_t sign_of(int64_t x)
{
    return (x > 0) - (x < 0);
}

/* The result is cut to the type's width: the least number stays itself under Abs and Neg. */
static oq_status run_integers(oq_run *ctx, integer_fn *fn)
{
    const oq_array *in = ctx->in[0];
    void *out = oq_out_in_place(ctx, 0, 0);

    if (!out)
        return ctx->status;
    for (size_t i = 0; i < in->n; i++) {
        int64_t y = fn(oq_array_int(in, i));

        switch (oq_elem_size(in->dtype)) {
        case 1: ((uint8_t *)out)[i] = (uint8_t)y; break;
        case 2: ((uint16_t *)out)[i] = (uint16_t)y; break;
        case 4: ((uint32_t *)out)[i] = (uint32_t)y; break;
        default: ((uint64_t *)out)[i] = (uint64_t)y; break;
        }
    }
    return OQ_OK;
}

/* uint64 above 2^63 - 1 is negative as int64_t: Abs keeps it, and its sign is 1. */
static int64_t same(int64_t x)
{
    return x;
}

static int64_t is_not_zero(int64_t x)
{
    return x != 0;
}

static bool is_unsigned(oq_dtype dtype)
{
    return (OQ_T(dtype) & OQ_T_UNSIGNED) != 0;
}

static oq_status run_abs(oq_run *ctx)
{
    static const oq_unary_fn fn = {abs_f32, abs_f64};
    oq_dtype dtype = ctx->in[0]->dtype;

    if (oq_dtype_is_integer(dtype))
        return run_integers(ctx, is_unsigned(dtype) ? same : abs_of);
    return oq_run_unary(ctx, &fn, NULL);
}

static oq_status run_neg(oq_run *ctx)
{
    static const oq_unary_fn fn = {neg_f32, neg_f64};

    if (oq_dtype_is_integer(ctx->in[0]->dtype))
        return run_integers(ctx, neg_of);
    return oq_run_unary(ctx, &fn, NULL);
}

static oq_status run_sign(oq_run *ctx)
{
    static const oq_unary_fn fn = {sign_f32, sign_f64};
    oq_dtype dtype = ctx->in[0]->dtype;

    if (oq_dtype_is_integer(dtype))
        return run_integers(ctx, is_unsigned(dtype) ? is_not_zero : sign_of);
    return oq_run_unary(ctx, &fn, NULL);
}

/* Whole numbers stay what they are. */
static oq_status infer_rounding(oq_infer *ctx)
{
    OQ_TRY(oq_infer_same(ctx));
    if (ctx->in[0].shape.rank >= 0)
        oq_pass_elems(ctx, ctx->in[0].shape.rank);
    return OQ_OK;
}

/* ------------------------------------------------------------------ the rows */

#define ROW(name, since, types, infer, run)                                                   \
    {                                                                                         \
        name, "", since, 1, 1, 1, 1, types, infer, NULL, run, OQ_RULE_ELEMENTWISE, -1, -1, 0, \
            OQ_LAYOUT_POINT                                                                   \
    }

/* clang-format off */
const oq_op oq_ops_math[] = {
    ROW("Abs", 6, OQ_T_NUMBERS, NULL, run_abs),
    ROW("Ceil", 6, OQ_T_FLOATS, infer_rounding, run_ceil),
    ROW("Cos", 7, OQ_T_FLOATS, NULL, run_cos),
    ROW("Erf", 9, OQ_T_FLOATS, NULL, run_erf),
    ROW("Exp", 6, OQ_T_FLOATS, NULL, run_exp),
    ROW("Floor", 6, OQ_T_FLOATS, infer_rounding, run_floor),
    ROW("Log", 6, OQ_T_FLOATS, NULL, run_log),
    ROW("Neg", 6, OQ_T_FLOATS | OQ_T_SIGNED, NULL, run_neg),
    ROW("Reciprocal", 6, OQ_T_FLOATS, NULL, run_reciprocal),
    ROW("Round", 11, OQ_T_FLOATS, infer_rounding, run_round),
    ROW("Sign", 9, OQ_T_NUMBERS, NULL, run_sign),
    ROW("Sin", 7, OQ_T_FLOATS, NULL, run_sin),
    ROW("Sqrt", 6, OQ_T_FLOATS, NULL, run_sqrt),
    {.name = NULL},
};
/* clang-format on */
