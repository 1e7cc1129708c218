/* op_activation: Relu and its kin: functions of each element that networks put between layers. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "op/aligned.h"
#include "op/families.h"
#include "op/floats.h"
#include "op/op_broadcast.h"
#include "op/op_elementwise.h"
#include "op/op_unary.h"

/* ------------------------------------------------------------------ the functions */

static double sigmoid_of(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static double softplus_of(double x)
{
    return (x > 0 ? x : 0.0) + log1p(exp(-fabs(x)));
}

/* exp through the kernel; the caller combines. */
#define WITH_EXP(name, argument, expr)                                                                      \
    static void name##_f32(const oq_math_f32 *math, const oq_unary_args *args, const float *in, float *out, \
                           size_t n)                                                                        \
    {                                                                                                       \
        float e_of[OQ_UNARY_BLOCK] = {0};                                                                   \
                                                                                                            \
        (void)args;                                                                                         \
        for (size_t i = 0; i < n; i++) {                                                                    \
            float x = in[i];                                                                                \
            e_of[i] = (argument);                                                                           \
        }                                                                                                   \
        math->unary[OQ_EXP](e_of, e_of, n);                                                                 \
        for (size_t i = 0; i < n; i++) {                                                                    \
            float x = in[i], e = e_of[i];                                                                   \
            out[i] = (expr);                                                                                \
        }                                                                                                   \
    }

#define A            args->alpha
#define B            args->beta
#define SQRT_HALF    0.70710678118654752
#define SQRT_2_BY_PI 0.79788456080286536

/* clang-format off */
OQ_UNARY_KERNEL(relu, OQ_RELU)
OQ_UNARY_DOUBLE(relu, x > 0 || x != x ? x : 0.0)
OQ_UNARY_KERNEL(sigmoid, OQ_SIGMOID)
OQ_UNARY_DOUBLE(sigmoid, sigmoid_of(x))
OQ_UNARY_KERNEL(tanh, OQ_TANH)
OQ_UNARY_DOUBLE(tanh, tanh(x))
OQ_UNARY_KERNEL(gelu, OQ_GELU)
OQ_UNARY_DOUBLE(gelu, 0.5 * x * (1.0 + erf(x * SQRT_HALF)))
OQ_UNARY_DOUBLE(leaky_relu, x < 0 ? A * x : x)
OQ_UNARY_DOUBLE(hard_sigmoid, fmax(0.0, fmin(1.0, A * x + B)))
OQ_UNARY_DOUBLE(hard_swish, x * fmax(0.0, fmin(1.0, x / 6.0 + 0.5)))
WITH_EXP(elu, x < 0 ? x : 0.0f, x < 0 ? A * (e - 1.0f) : x)
OQ_UNARY_DOUBLE(elu, x < 0 ? A * expm1(x) : x)
WITH_EXP(selu, x < 0 ? x : 0.0f, x <= 0 ? B * (A * e - A) : B * x)
OQ_UNARY_DOUBLE(selu, x <= 0 ? B * A * expm1(x) : B * x)
WITH_EXP(celu, x < 0 ? x / A : 0.0f, x < 0 ? A * (e - 1.0f) : x)
OQ_UNARY_DOUBLE(celu, x < 0 ? A * expm1(x / A) : x)
OQ_UNARY_DOUBLE(softplus, softplus_of(x))
OQ_UNARY_LOOP(softsign, x / (1.0f + fabsf(x)))
OQ_UNARY_DOUBLE(softsign, x / (1.0 + fabs(x)))
OQ_UNARY_LOOP(thresholded_relu, x > A || x != x ? x : 0.0f)
OQ_UNARY_DOUBLE(thresholded_relu, x > A || x != x ? x : 0.0)
OQ_UNARY_DOUBLE(gelu_tanh, 0.5 * x * (1.0 + tanh(SQRT_2_BY_PI * (x + 0.044715 * x * x * x))))
OQ_UNARY_DOUBLE(mish, x * tanh(softplus_of(x)))
OQ_UNARY_DOUBLE(swish, x * sigmoid_of(A * x))
/* clang-format on */

static void leaky_relu_f32(const oq_math_f32 *math, const oq_unary_args *args, const float *x, float *y,
                           size_t n)
{
    math->leaky_relu(x, args->alpha, y, n);
}

static void hard_sigmoid_f32(const oq_math_f32 *math, const oq_unary_args *args, const float *x, float *y,
                             size_t n)
{
    math->multiply_add(x, args->alpha, args->beta, y, n);
    math->clip(y, 0.0f, 1.0f, y, n);
}

static void hard_swish_f32(const oq_math_f32 *math, const oq_unary_args *args, const float *x, float *y,
                           size_t n)
{
    float t[OQ_UNARY_BLOCK] = {0};

    (void)args;
    math->multiply_add(x, 1.0f / 6.0f, 0.5f, t, n);
    math->clip(t, 0.0f, 1.0f, t, n);
    math->binary[OQ_MUL](x, t, y, n);
}

/* max(x, 0) + log(1 + e) with e = exp(-|x|). 1 + e loses low bits of e; log(u) * e / (u - 1) with u = 1 + e
 * brings them back. */
static void softplus_f32(const oq_math_f32 *math, const oq_unary_args *args, const float *x, float *y,
                         size_t n)
{
    float e[OQ_UNARY_BLOCK] = {0}, u[OQ_UNARY_BLOCK], logs[OQ_UNARY_BLOCK];

    (void)args;
    math->unary[OQ_ABS](x, e, n);
    math->unary[OQ_NEG](e, e, n);
    math->unary[OQ_EXP](e, e, n);
    math->binary_scalar[OQ_ADD](e, 1.0f, u, n);
    math->unary[OQ_LOG](u, logs, n);
    for (size_t i = 0; i < n; i++) {
        float log_1p = u[i] == 1.0f ? e[i] : logs[i] * e[i] / (u[i] - 1.0f);

        y[i] = (x[i] > 0 || x[i] != x[i] ? x[i] : 0.0f) + log_1p;
    }
}

static void gelu_tanh_f32(const oq_math_f32 *math, const oq_unary_args *args, const float *x, float *y,
                          size_t n)
{
    float t[OQ_UNARY_BLOCK] = {0};

    (void)args;
    for (size_t i = 0; i < n; i++)
        t[i] = (float)SQRT_2_BY_PI * (x[i] + 0.044715f * x[i] * x[i] * x[i]);
    math->unary[OQ_TANH](t, t, n);
    for (size_t i = 0; i < n; i++)
        y[i] = 0.5f * x[i] * (1.0f + t[i]);
}

static void mish_f32(const oq_math_f32 *math, const oq_unary_args *args, const float *x, float *y, size_t n)
{
    float t[OQ_UNARY_BLOCK] = {0};

    softplus_f32(math, args, x, t, n);
    math->unary[OQ_TANH](t, t, n);
    math->binary[OQ_MUL](x, t, y, n);
}

static void swish_f32(const oq_math_f32 *math, const oq_unary_args *args, const float *x, float *y, size_t n)
{
    float t[OQ_UNARY_BLOCK] = {0};

    math->binary_scalar[OQ_MUL](x, args->alpha, t, n);
    math->unary[OQ_SIGMOID](t, t, n);
    math->binary[OQ_MUL](x, t, y, n);
}

/* ------------------------------------------------------------------ run */

/* alpha and beta by the attributes of these names (NULL: none), with their defaults. */
#define RUN(name, alpha_name, alpha_default, beta_name, beta_default)              \
    static oq_status run_##name(oq_run *ctx)                                       \
    {                                                                              \
        static const oq_unary_fn fn = {name##_f32, name##_f64};                    \
        oq_unary_args args = {oq_node_float(ctx->node, alpha_name, alpha_default), \
                              oq_node_float(ctx->node, beta_name, beta_default)};  \
                                                                                   \
        return oq_run_unary(ctx, &fn, &args);                                      \
    }

/* clang-format off */
RUN(sigmoid, "alpha", 0.0f, "beta", 0.0f)
RUN(tanh, "alpha", 0.0f, "beta", 0.0f)
RUN(leaky_relu, "alpha", 0.01f, "beta", 0.0f)
RUN(hard_sigmoid, "alpha", 0.2f, "beta", 0.5f)
RUN(hard_swish, "alpha", 0.0f, "beta", 0.0f)
RUN(elu, "alpha", 1.0f, "beta", 0.0f)
RUN(selu, "alpha", 1.67326319217681884765625f, "gamma", 1.05070102214813232421875f)
RUN(celu, "alpha", 1.0f, "beta", 0.0f)
RUN(softplus, "alpha", 0.0f, "beta", 0.0f)
RUN(softsign, "alpha", 0.0f, "beta", 0.0f)
RUN(thresholded_relu, "alpha", 1.0f, "beta", 0.0f)
RUN(mish, "alpha", 0.0f, "beta", 0.0f)
RUN(swish, "alpha", 1.0f, "beta", 0.0f)
/* clang-format on */

static oq_status run_gelu(oq_run *ctx)
{
    static const oq_unary_fn exact = {gelu_f32, gelu_f64}, by_tanh = {gelu_tanh_f32, gelu_tanh_f64};
    const char *approximate = oq_node_string(ctx->node, "approximate", "none");

    return oq_run_unary(ctx, approximate[0] == 't' ? &by_tanh : &exact, NULL);
}

/* A scalar of zeros of any type. */
static const uint64_t zero[2];

static oq_status run_relu(oq_run *ctx)
{
    static const oq_unary_fn fn = {relu_f32, relu_f64};
    const oq_array *in = ctx->in[0];
    oq_loop_fn *loop;
    void *out;

    if (!oq_dtype_is_integer(in->dtype))
        return oq_run_unary(ctx, &fn, NULL);
    loop = oq_loop_for(OQ_LOOP_MAX, in->dtype);
    if (!loop)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "not computed for elements of type %s", oq_dtype_name(in->dtype));
    out = oq_out_in_place(ctx, 0, 0);
    if (!out)
        return ctx->status;
    loop(out, in->data, zero, in->n, 1, 0);
    return OQ_OK;
}

static oq_status run_prelu(oq_run *ctx)
{
    return oq_run_loop(ctx, OQ_LOOP_PRELU);
}

static oq_status infer_old_prelu(oq_infer *ctx)
{
    return oq_infer_per_channel(ctx, oq_infer_same);
}

static oq_status run_old_prelu(oq_run *ctx)
{
    return oq_run_per_channel(ctx, run_prelu);
}

/* ------------------------------------------------------------------ Shrink */

static double shrunk(double x, const oq_unary_args *args)
{
    double lambd = A, bias = B;

    return x < -lambd ? x + bias : x > lambd ? x - bias : x != x ? x : 0.0;
}

static void shrink_f32(const oq_math_f32 *math, const oq_unary_args *args, const float *x, float *y, size_t n)
{
    float lambd = A, bias = B;

    (void)math;
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] < -lambd ? x[i] + bias : x[i] > lambd ? x[i] - bias : x[i] != x[i] ? x[i] : 0.0f;
}

/* Whole numbers lose the fraction that the bias brings. */
static oq_status shrink_integers(oq_run *ctx, const oq_unary_args *args)
{
    const oq_array *in = ctx->in[0];
    bool is_unsigned = in->dtype == OQ_UINT64;
    void *out = oq_out_in_place(ctx, 0, 0);

    if (!out)
        return oq_run_failure(ctx);
    for (size_t i = 0; i < in->n; i++) {
        int64_t whole = oq_array_int(in, i);
        double y = shrunk(is_unsigned ? (double)(uint64_t)whole : (double)whole, args);
        int64_t bits = y >= 0x1p63   ? (int64_t)(uint64_t)fmin(y, 0x1.fffffffffffffp63)
                       : y < -0x1p63 ? INT64_MIN
                                     : (int64_t)y;

        memcpy((char *)out + i * oq_elem_size(in->dtype), &bits, oq_elem_size(in->dtype));
    }
    return OQ_OK;
}

static oq_status run_shrink(oq_run *ctx)
{
    static const oq_unary_fn fn = {shrink_f32, shrunk};
    oq_unary_args args = {oq_node_float(ctx->node, "lambd", 0.5f), oq_node_float(ctx->node, "bias", 0.0f)};

    if (oq_dtype_is_integer(ctx->in[0]->dtype))
        return shrink_integers(ctx, &args);
    return oq_run_unary(ctx, &fn, &args);
}

/* ------------------------------------------------------------------ Clip */

static void clip_f32(const oq_math_f32 *math, const oq_unary_args *args, const float *x, float *y, size_t n)
{
    math->clip(x, args->alpha, args->beta, y, n);
}

static double clip_f64(double x, const oq_unary_args *args)
{
    return x != x ? x : fmin(args->beta, fmax(args->alpha, x));
}

static const oq_unary_fn clip_fn = {clip_f32, clip_f64};

static oq_status run_clip_6(oq_run *ctx)
{
    oq_unary_args args = {oq_node_float(ctx->node, "min", -FLT_MAX),
                          oq_node_float(ctx->node, "max", FLT_MAX)};

    return oq_run_unary(ctx, &clip_fn, &args);
}

/* Types without a kernel: the greater of x and min, then the lesser of that and max. */
static oq_status clip_by_loops(oq_run *ctx, const oq_array *low, const oq_array *high)
{
    const oq_array *in = ctx->in[0];
    oq_loop_fn *greater = oq_loop_for(OQ_LOOP_MAX, in->dtype), *lesser = oq_loop_for(OQ_LOOP_MIN, in->dtype);
    void *out;

    if (!greater)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "not computed for elements of type %s", oq_dtype_name(in->dtype));
    if (!low && !high)
        return oq_out_alias(ctx, 0, 0, in->dims, in->rank) ? OQ_OK : ctx->status;
    out = oq_out_in_place(ctx, 0, 0);
    if (!out)
        return ctx->status;
    if (low)
        greater(out, in->data, low->data, in->n, 1, 0);
    if (high)
        lesser(out, low ? out : in->data, high->data, in->n, 1, 0);
    return OQ_OK;
}

static oq_status run_clip_11(oq_run *ctx)
{
    const oq_array *in = ctx->in[0], *bounds[2] = {oq_in(ctx, 1), oq_in(ctx, 2)};
    oq_unary_args args = {-INFINITY, INFINITY};

    for (int i = 0; i < 2; i++) {
        if (!bounds[i])
            continue;
        if (bounds[i]->n != 1 || bounds[i]->dtype != in->dtype)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "%s holds %zu numbers of type %s; one of type %s is meant",
                       i ? "max" : "min", bounds[i]->n, oq_dtype_name(bounds[i]->dtype),
                       oq_dtype_name(in->dtype));
        if (in->dtype != OQ_DOUBLE && oq_dtype_is_float(in->dtype))
            oq_to_floats(bounds[i], i ? &args.beta : &args.alpha);
    }
    if (in->dtype == OQ_DOUBLE || !oq_dtype_is_float(in->dtype))
        return clip_by_loops(ctx, bounds[0], bounds[1]);
    return oq_run_unary(ctx, &clip_fn, &args);
}

/* ------------------------------------------------------------------ the rows */

/* ------------------------------------------------------------------ SwiGLU: a sigmoid(alpha a) b */

static oq_status run_swiglu(oq_run *ctx)
{
    const oq_array *a = ctx->in[0], *b = ctx->in[1];
    const oq_math_f32 *math = oq_kernels_best()->math;
    const float *x = oq_floats_in(ctx, 0), *gate = x ? oq_floats_in(ctx, 1) : NULL;
    float *y = gate ? oq_floats_out(ctx, 0, a->dtype, a->dims, a->rank) : NULL;

    if (a->rank != b->rank || memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) != 0 ||
        a->dtype != b->dtype)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its two inputs must have one type and shape");
    if (!y)
        return oq_run_failure(ctx);
    math->binary_scalar[OQ_MUL](x, oq_node_float(ctx->node, "alpha", 1), y, a->n);
    math->unary[OQ_SIGMOID](y, y, a->n);
    math->binary[OQ_MUL](x, y, y, a->n);
    math->binary[OQ_MUL](y, gate, y, a->n);
    oq_floats_done(ctx, 0, y);
    return OQ_OK;
}

#define ROW(name, since, max_in, types, run, rule, flags)                                                  \
    {                                                                                                      \
        name, "", since, max_in == 2 ? 2 : 1, max_in, 1, 1, types, oq_infer_same, NULL, run, rule, -1, -1, \
            flags, OQ_LAYOUT_POINT                                                                         \
    }

/* clang-format off */
const oq_op oq_ops_activation[] = {
    ROW("Celu", 12, 1, OQ_T_FLOATS, run_celu, OQ_RULE_ELEMENTWISE, 0),
    ROW("Clip", 6, 1, OQ_T_FLOATS, run_clip_6, OQ_RULE_ABSORB, 0),
    ROW("Clip", 11, 3, OQ_T_NUMBERS, run_clip_11, OQ_RULE_ABSORB, 0),
    ROW("Elu", 6, 1, OQ_T_FLOATS, run_elu, OQ_RULE_ELEMENTWISE, 0),
    ROW("Gelu", 20, 1, OQ_T_FLOATS, run_gelu, OQ_RULE_ELEMENTWISE, 0),
    ROW("HardSigmoid", 6, 1, OQ_T_FLOATS, run_hard_sigmoid, OQ_RULE_FIXED, 0),
    ROW("HardSwish", 14, 1, OQ_T_FLOATS, run_hard_swish, OQ_RULE_ELEMENTWISE, 0),
    ROW("LeakyRelu", 6, 1, OQ_T_FLOATS, run_leaky_relu, OQ_RULE_ELEMENTWISE, 0),
    ROW("Mish", 18, 1, OQ_T_FLOATS, run_mish, OQ_RULE_ELEMENTWISE, 0),
    {"PRelu", "", 1, 2, 2, 1, 1, OQ_T_FLOATS, infer_old_prelu, NULL, run_old_prelu, OQ_RULE_ELEMENTWISE, -1, -1, 0},
    ROW("PRelu", 7, 2, OQ_T_NUMBERS, run_prelu, OQ_RULE_ELEMENTWISE, 0),
    ROW("Relu", 6, 1, OQ_T_FLOATS | OQ_T_SIGNED, run_relu, OQ_RULE_ABSORB, 0),
    ROW("Selu", 6, 1, OQ_T_FLOATS, run_selu, OQ_RULE_ELEMENTWISE, 0),
    ROW("Shrink", 9, 1, OQ_T_NUMBERS, run_shrink, OQ_RULE_ELEMENTWISE, 0),
    ROW("Sigmoid", 6, 1, OQ_T_FLOATS, run_sigmoid, OQ_RULE_FIXED, 0),
    ROW("Softplus", 1, 1, OQ_T_FLOATS, run_softplus, OQ_RULE_ELEMENTWISE, 0),
    ROW("Softsign", 1, 1, OQ_T_FLOATS, run_softsign, OQ_RULE_ELEMENTWISE, 0),
    {"SwiGLU", "", 28, 2, 2, 1, 1, OQ_T_FLOATS, oq_infer_same, NULL, run_swiglu, OQ_RULE_ELEMENTWISE, -1, -1, 0, OQ_LAYOUT_PLAIN},
    ROW("Swish", 24, 1, OQ_T_FLOATS, run_swish, OQ_RULE_ELEMENTWISE, 0),
    ROW("Tanh", 6, 1, OQ_T_FLOATS, run_tanh, OQ_RULE_FIXED, 0),
    ROW("ThresholdedRelu", 10, 1, OQ_T_FLOATS, run_thresholded_relu, OQ_RULE_ELEMENTWISE, 0),
    {.name = NULL},
};
/* clang-format on */
