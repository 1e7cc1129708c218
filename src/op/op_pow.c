/* op_pow: Pow. The result has the type of the base, whatever the exponent's type is.
 *
 * Float bases: squares and cubes are products (as ONNX Runtime computes them), exponent 1/2 is a square root,
 * the rest is pow() of the base's precision. Integer base and exponent: exact, wrapping around; a negative
 * exponent gives the reciprocal cut to an integer, 0 to a negative power is 0. Integer base with a fractional
 * exponent goes through double. */
#include <math.h>

#include "kernel/kernel.h"
#include "op/op_broadcast.h"
#include "op/op_elementwise.h"

oq_status oq_infer_pow(oq_infer *ctx)
{
    OQ_TRY(oq_infer_broadcast(ctx));
    ctx->out[0].dtype = ctx->in[0].dtype;
    return OQ_OK;
}

typedef struct {
    const void *base, *exponent; /* both float, both double, or both int64_t */
    void *out;
} pow_job;

/* x * x, then times x again; out is not x. */
static void cubes(const oq_math_f32 *math, const float *x, float *out, size_t n)
{
    math->binary[OQ_MUL](x, x, out, n);
    math->binary[OQ_MUL](out, x, out, n);
}

/* As pow() has it: the root of -0 is +0, that of -inf is inf. */
static void roots(const oq_math_f32 *math, const float *x, float *out, size_t n)
{
    math->binary_scalar[OQ_ADD](x, 0.0f, out, n);
    math->unary[OQ_SQRT](out, out, n);
    for (size_t i = 0; i < n; i++)
        out[i] = x[i] == -INFINITY ? INFINITY : out[i];
}

static void pow_row_f32(void *arg, size_t at, const size_t *first, const int *step, size_t n)
{
    const pow_job *job = arg;
    const float *x = (const float *)job->base + first[0], *y = (const float *)job->exponent + first[1];
    const oq_math_f32 *math = oq_kernels_best()->math;
    float *out = (float *)job->out + at;

    if (!step[1] && *y == 2.0f)
        math->binary[OQ_MUL](x, x, out, n);
    else if (!step[1] && *y == 3.0f)
        cubes(math, x, out, n);
    else if (!step[1] && *y == 0.5f)
        roots(math, x, out, n);
    else
        for (size_t i = 0; i < n; i++)
            out[i] = powf(x[i * (size_t)step[0]], y[i * (size_t)step[1]]);
}

static void pow_row_f64(void *arg, size_t at, const size_t *first, const int *step, size_t n)
{
    const pow_job *job = arg;
    const double *x = (const double *)job->base + first[0], *y = (const double *)job->exponent + first[1];
    double *out = (double *)job->out + at;

    for (size_t i = 0; i < n; i++)
        out[i] = pow(x[i * (size_t)step[0]], y[i * (size_t)step[1]]);
}

static int64_t integer_power(int64_t base, int64_t exponent)
{
    uint64_t result = 1, square = (uint64_t)base;

    if (exponent < 0)
        return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1)
            result *= square;
        square *= square;
    }
    return (int64_t)result;
}

static void pow_row_i64(void *arg, size_t at, const size_t *first, const int *step, size_t n)
{
    const pow_job *job = arg;
    const int64_t *x = (const int64_t *)job->base + first[0], *y = (const int64_t *)job->exponent + first[1];
    int64_t *out = (int64_t *)job->out + at;

    for (size_t i = 0; i < n; i++)
        out[i] = integer_power(x[i * (size_t)step[0]], y[i * (size_t)step[1]]);
}

static void to_doubles(const oq_array *in, double *out)
{
    for (size_t i = 0; i < in->n; i++) {
        switch (in->dtype) {
        case OQ_DOUBLE: out[i] = ((const double *)in->data)[i]; break;
        case OQ_FLOAT: out[i] = ((const float *)in->data)[i]; break;
        case OQ_FLOAT16: out[i] = oq_f16_to_f32(((const uint16_t *)in->data)[i]); break;
        case OQ_BFLOAT16: out[i] = oq_bf16_to_f32(((const uint16_t *)in->data)[i]); break;
        case OQ_UINT64: out[i] = (double)((const uint64_t *)in->data)[i]; break;
        default: out[i] = (double)oq_array_int(in, i); break;
        }
    }
}

/* The operand's elements in the type computed in: its own memory or a scratch copy. */
static void *operand(oq_run *ctx, const oq_array *in, oq_dtype computed)
{
    void *copy;

    if (in->dtype == computed)
        return in->data;
    copy = oq_scratch(ctx, in->n * oq_elem_size(computed));
    if (!copy)
        return NULL;
    if (computed == OQ_FLOAT)
        oq_to_floats(in, copy);
    else if (computed == OQ_DOUBLE)
        to_doubles(in, copy);
    else
        for (size_t i = 0; i < in->n; i++)
            ((int64_t *)copy)[i] = oq_array_int(in, i);
    return copy;
}

static int64_t int_of_double(double x)
{
    return isnan(x) ? 0 : x >= 0x1p63 ? INT64_MAX : x < -0x1p63 ? INT64_MIN : (int64_t)x;
}

/* Store int64_t or double results as an integer type, cut to its width. */
static void store_integers(const void *results, oq_dtype computed, oq_dtype dtype, void *out, size_t n)
{
    size_t size = oq_elem_size(dtype);

    for (size_t i = 0; i < n; i++) {
        int64_t value = computed == OQ_DOUBLE ? int_of_double(((const double *)results)[i])
                                              : ((const int64_t *)results)[i];

        switch (size) {
        case 1: ((uint8_t *)out)[i] = (uint8_t)value; break;
        case 2: ((uint16_t *)out)[i] = (uint16_t)value; break;
        case 4: ((uint32_t *)out)[i] = (uint32_t)value; break;
        default: ((int64_t *)out)[i] = value; break;
        }
    }
}

static oq_dtype computed_in(oq_dtype base, oq_dtype exponent)
{
    if (base == OQ_FLOAT || oq_is_half(base))
        return exponent == OQ_DOUBLE ? OQ_DOUBLE : OQ_FLOAT;
    if (base == OQ_DOUBLE || oq_dtype_is_float(exponent))
        return OQ_DOUBLE;
    return OQ_INT64;
}

oq_status oq_run_pow(oq_run *ctx)
{
    oq_dtype dtype = ctx->in[0]->dtype, computed = computed_in(dtype, ctx->in[1]->dtype);
    oq_row_fn *row = computed == OQ_FLOAT ? pow_row_f32 : computed == OQ_DOUBLE ? pow_row_f64 : pow_row_i64;
    oq_broadcast plan;
    pow_job job;
    void *out;

    if (!(OQ_T(ctx->in[1]->dtype) & OQ_T_NUMBERS))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "not computed for an exponent of type %s",
                   oq_dtype_name(ctx->in[1]->dtype));
    OQ_TRY(oq_broadcast_inputs(ctx, &plan, 2));
    out = oq_out(ctx, 0, dtype, plan.dims, plan.rank);
    if (!out)
        return ctx->status;
    job.base = operand(ctx, ctx->in[0], computed);
    job.exponent = operand(ctx, ctx->in[1], computed);
    job.out = computed == dtype ? out : oq_scratch(ctx, plan.n * oq_elem_size(computed));
    if (!job.base || !job.exponent || !job.out)
        return ctx->status;
    oq_broadcast_rows(&plan, ctx->pool, row, &job);
    if (job.out == out)
        return OQ_OK;
    if (computed == OQ_FLOAT)
        oq_from_floats(job.out, dtype, out, plan.n);
    else if (computed == OQ_DOUBLE && dtype == OQ_FLOAT)
        for (size_t i = 0; i < plan.n; i++)
            ((float *)out)[i] = (float)((double *)job.out)[i];
    else if (computed == OQ_DOUBLE && oq_is_half(dtype))
        for (size_t i = 0; i < plan.n; i++)
            oq_from_floats(&(float){(float)((double *)job.out)[i]}, dtype, (uint16_t *)out + i, 1);
    else
        store_integers(job.out, computed, dtype, out, plan.n);
    return OQ_OK;
}
