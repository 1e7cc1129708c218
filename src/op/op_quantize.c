/* QuantizeLinear, DequantizeLinear, and our own onnxq.FakeQuant, which is both in one.
 *
 *     QuantizeLinear     q = saturate(round_half_even(x / scale) + zero_point)      float32 division
 *     DequantizeLinear   x = (q - zero_point) * scale
 *     FakeQuant          both, with the limits qmin and qmax. torch = 1: round_half_even(x * (1 / scale)),
 * the reciprocal formed once in float32, as PyTorch's fake quant does
 *
 * One scale for the tensor, one for each index of an axis, or (opset 21) one for each block of `block_size`
 * elements along it. float16 and bfloat16 are computed in float32. Float codes (8 and 4 bits) have no
 * rounding of their own: the quotient is cast to the type.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "kernel/kernel.h"
#include "op/families.h"
#include "op/floats.h"
#include "op/parts.h"

enum { SHORT_RUN = 8 /* below this, a call of the vector kernel costs more than it saves */ };

typedef struct {
    const oq_kernels *kernels;
    int64_t axis, block_size;
    oq_dtype out_dtype; /* as asked for by an attribute; OQ_UNDEFINED: by an input */
    bool saturates;     /* float codes */
    bool is_torch;      /* FakeQuant */
    int64_t qmin, qmax; /* FakeQuant */
} quant_state;

/* Which scale belongs to which element: the tensor is [outer][length][inner], scale s of element (o, i, k).
 */
typedef struct {
    size_t outer, length, inner;
    size_t block;    /* elements of the axis that share a scale; 0: one scale for all */
    bool is_blocked; /* scales are a tensor of the same rank */
    size_t n_scales; /* along the axis */
    const float *scale;
    const int32_t *zero_point; /* NULL: all 0 */
} layout;

typedef struct {
    float scale;
    int32_t zero_point;
} parameters;

static bool is_float_code(oq_dtype dtype)
{
    return oq_dtype_is_float(dtype) && oq_dtype_bits(dtype) <= 8 && dtype != OQ_FLOAT8E8M0;
}

/* ------------------------------------------------------------------ layout */

static parameters parameters_of(const layout *l, size_t o, size_t i, size_t k)
{
    size_t at = l->block == 0 ? 0 : l->is_blocked ? (o * l->n_scales + i / l->block) * l->inner + k : i;

    return (parameters){l->scale[at], l->zero_point ? l->zero_point[at] : 0};
}

/* Zero points as int32; NULL with status OQ_OK when there are none. */
static oq_status read_zero_points(oq_run *ctx, const oq_array *in, size_t n, const int32_t **out)
{
    int32_t *to;

    *out = NULL;
    if (!in || is_float_code(in->dtype))
        return OQ_OK;
    if (in->n != n)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu zero points for %zu scales", in->n, n);
    if (!(to = oq_scratch(ctx, n * sizeof *to)))
        return ctx->status;
    for (size_t i = 0; i < n; i++)
        to[i] = (int32_t)oq_array_int(in, i);
    *out = to;
    return OQ_OK;
}

static oq_status check_blocks(oq_run *ctx, const oq_array *x, const oq_array *scale, int axis, size_t block)
{
    for (int i = 0; i < x->rank; i++) {
        size_t want = (size_t)x->dims[i];

        if (i == axis)
            want = want / block + (want % block != 0);
        if (scale->rank != x->rank || (size_t)scale->dims[i] != want)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "scales in blocks of %zu along axis %d do not fit the input", block,
                       axis);
    }
    return OQ_OK;
}

static oq_status make_layout(oq_run *ctx, const quant_state *state, layout *l)
{
    const oq_array *x = ctx->in[0], *scale = ctx->in[1];
    int axis = 0;

    *l = (layout){.outer = 1, .length = 1, .inner = x->n};
    if (scale->n != 1 || state->block_size > 0) {
        if (!oq_axis_normalize(state->axis, x->rank, &axis))
            OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside an input of rank %d", state->axis,
                       x->rank);
        l->outer = oq_dims_product(x->dims, 0, axis);
        l->length = (size_t)x->dims[axis];
        l->inner = oq_dims_product(x->dims, axis + 1, x->rank);
        l->is_blocked = state->block_size > 0;
        l->block = l->is_blocked ? (size_t)state->block_size : 1;
        l->n_scales = l->length / l->block + (l->length % l->block != 0);
        if (l->is_blocked)
            OQ_TRY(check_blocks(ctx, x, scale, axis, l->block));
        else if (scale->n != l->length)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu scales for %zu elements along axis %d", scale->n, l->length, axis);
    }
    OQ_TRY(read_zero_points(ctx, oq_in(ctx, 2), scale->n, &l->zero_point));
    l->scale = oq_floats_in(ctx, 1);
    return l->scale ? OQ_OK : ctx->status;
}

/* Call run(arg, first element, n, parameters) for all stretches that share their parameters. */
typedef void run_fn(void *arg, size_t first, size_t n, parameters p);

/* One scale for all. */
typedef struct {
    run_fn *run;
    void *arg;
    parameters p;
} single_run;

static void run_single(void *arg, size_t first, size_t n)
{
    const single_run *single = arg;

    single->run(single->arg, first, n, single->p);
}

static void for_each_run(oq_pool *pool, const layout *l, run_fn *run, void *arg)
{
    if (l->block == 0) {
        single_run single = {run, arg, parameters_of(l, 0, 0, 0)};

        oq_in_parts(pool, l->outer * l->length * l->inner, run_single, &single);
        return;
    }
    for (size_t o = 0; o < l->outer; o++)
        for (size_t i = 0; i < l->length; i++) {
            size_t first = (o * l->length + i) * l->inner;

            if (!l->is_blocked) {
                run(arg, first, l->inner, parameters_of(l, o, i, 0));
                continue;
            }
            for (size_t k = 0; k < l->inner; k++)
                run(arg, first + k, 1, parameters_of(l, o, i, k));
        }
}

/* ------------------------------------------------------------------ quantize */

typedef struct {
    const oq_quantize_kernels *kernels;
    const float *x;
    uint8_t *u8; /* one of the three is written */
    int8_t *s8;
    int32_t *codes;
    int32_t qmin, qmax;
} quantize_job;

static int32_t code_of(float x, parameters p, int32_t qmin, int32_t qmax)
{
    float code = rintf(x / p.scale), lo = (float)(qmin - p.zero_point), hi = (float)(qmax - p.zero_point);

    code = code > lo ? code : lo; /* also for a NaN, as in kernel/quantize.h */
    return (int32_t)(code < hi ? code : hi) + p.zero_point;
}

static void quantize_run(void *arg, size_t first, size_t n, parameters p)
{
    const quantize_job *job = arg;

    if (n < SHORT_RUN) {
        for (size_t i = first; i < first + n; i++) {
            int32_t code = code_of(job->x[i], p, job->qmin, job->qmax);

            if (job->u8)
                job->u8[i] = (uint8_t)code;
            else if (job->s8)
                job->s8[i] = (int8_t)code;
            else
                job->codes[i] = code;
        }
    } else if (job->u8) {
        job->kernels->quantize_u8(job->x + first, job->u8 + first, n, p.scale, p.zero_point);
    } else if (job->s8) {
        job->kernels->quantize_s8(job->x + first, job->s8 + first, n, p.scale, p.zero_point);
    } else {
        job->kernels->quantize_s32(job->x + first, job->codes + first, n, p.scale, p.zero_point, job->qmin,
                                   job->qmax);
    }
}

/* Codes to elements of 16, 4 or 2 bits. */
static void narrow(const int32_t *codes, size_t n, oq_dtype dtype, void *out)
{
    int bits = oq_dtype_bits(dtype), per_byte = 8 / (bits < 8 ? bits : 8);
    uint8_t *bytes = out;

    if (bits == 16) {
        for (size_t i = 0; i < n; i++)
            ((uint16_t *)out)[i] = (uint16_t)codes[i];
        return;
    }
    memset(bytes, 0, (n + (size_t)per_byte - 1) / (size_t)per_byte);
    for (size_t i = 0; i < n; i++)
        bytes[i / (size_t)per_byte] |=
            (uint8_t)((codes[i] & ((1 << bits) - 1)) << (int)(i % (size_t)per_byte) * bits);
}

static oq_status quantize_integers(oq_run *ctx, const quant_state *state, const layout *l, oq_dtype dtype)
{
    const oq_array *in = ctx->in[0];
    quantize_job job = {.kernels = state->kernels->quantize};
    int64_t qmin, qmax;
    void *out;

    oq_dtype_limits(dtype, &qmin, &qmax);
    job.qmin = (int32_t)qmin;
    job.qmax = (int32_t)qmax;
    job.x = oq_floats_in(ctx, 0);
    out = job.x ? oq_out(ctx, 0, dtype, in->dims, in->rank) : NULL;
    if (!out)
        return ctx->status;
    if (dtype == OQ_UINT8)
        job.u8 = out;
    else if (dtype == OQ_INT8)
        job.s8 = out;
    else if (!(job.codes = oq_scratch(ctx, in->n * sizeof *job.codes)))
        return ctx->status;
    for_each_run(ctx->pool, l, quantize_run, &job);
    if (job.codes)
        narrow(job.codes, in->n, dtype, out);
    return OQ_OK;
}

typedef struct {
    const float *x;
    int32_t *codes;
    oq_dtype dtype;
    bool saturates;
} cast_job;

static void cast_run(void *arg, size_t first, size_t n, parameters p)
{
    const cast_job *job = arg;

    for (size_t i = first; i < first + n; i++)
        job->codes[i] = oq_f32_to_f8(job->dtype, job->x[i] / p.scale, job->saturates);
}

static oq_status quantize_floats(oq_run *ctx, const quant_state *state, const layout *l, oq_dtype dtype)
{
    const oq_array *in = ctx->in[0];
    cast_job job = {.dtype = dtype, .saturates = state->saturates};
    uint8_t *out;

    job.x = oq_floats_in(ctx, 0);
    out = job.x ? oq_out(ctx, 0, dtype, in->dims, in->rank) : NULL;
    if (!out || !(job.codes = oq_scratch(ctx, in->n * sizeof *job.codes)))
        return ctx->status;
    for_each_run(ctx->pool, l, cast_run, &job);
    if (dtype == OQ_FLOAT4E2M1) {
        narrow(job.codes, in->n, dtype, out);
        return OQ_OK;
    }
    for (size_t i = 0; i < in->n; i++)
        out[i] = (uint8_t)job.codes[i];
    return OQ_OK;
}

static oq_status run_quantize(oq_run *ctx)
{
    const quant_state *state = ctx->state;
    const oq_array *zero_point = oq_in(ctx, 2);
    oq_dtype dtype = zero_point                         ? zero_point->dtype
                     : state->out_dtype != OQ_UNDEFINED ? state->out_dtype
                                                        : OQ_UINT8;
    layout l;

    if (!is_float_code(dtype) && (!oq_dtype_is_integer(dtype) || oq_dtype_bits(dtype) > 16))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "codes of type %s are not computed here", oq_dtype_name(dtype));
    OQ_TRY(make_layout(ctx, state, &l));
    return is_float_code(dtype) ? quantize_floats(ctx, state, &l, dtype)
                                : quantize_integers(ctx, state, &l, dtype);
}

/* ------------------------------------------------------------------ dequantize */

typedef struct {
    const oq_quantize_kernels *kernels;
    oq_dtype dtype; /* of x */
    const void *x;
    float *y;
} dequantize_job;

static void dequantize_run(void *arg, size_t first, size_t n, parameters p)
{
    const dequantize_job *job = arg;
    float *y = job->y + first;

    switch (job->dtype) {
    case OQ_UINT8:
        if (n >= SHORT_RUN)
            job->kernels->dequantize_u8((const uint8_t *)job->x + first, y, n, p.scale, p.zero_point);
        else
            for (size_t i = 0; i < n; i++)
                y[i] = (float)(((const uint8_t *)job->x)[first + i] - p.zero_point) * p.scale;
        break;
    case OQ_INT8:
        if (n >= SHORT_RUN)
            job->kernels->dequantize_s8((const int8_t *)job->x + first, y, n, p.scale, p.zero_point);
        else
            for (size_t i = 0; i < n; i++)
                y[i] = (float)(((const int8_t *)job->x)[first + i] - p.zero_point) * p.scale;
        break;
    case OQ_INT32:
        job->kernels->dequantize_s32((const int32_t *)job->x + first, y, n, p.scale, p.zero_point);
        break;
    default: /* float codes, expanded */
        for (size_t i = 0; i < n; i++)
            y[i] = ((const float *)job->x)[first + i] * p.scale;
    }
}

/* The values of float codes. */
static float *expand_floats(oq_run *ctx, const oq_array *in)
{
    float *to = oq_scratch(ctx, in->n * sizeof *to);
    const uint8_t *codes = in->data;

    for (size_t i = 0; i < in->n && to; i++) {
        uint8_t code = in->dtype == OQ_FLOAT4E2M1 ? codes[i / 2] >> (i % 2 * 4) & 15 : codes[i];

        to[i] = oq_f8_to_f32(in->dtype, code);
    }
    return to;
}

/* 16, 4 and 2 bit codes as int32. */
static int32_t *widen(oq_run *ctx, const oq_array *in)
{
    int32_t *to = oq_scratch(ctx, in->n * sizeof *to);

    for (size_t i = 0; i < in->n && to; i++)
        to[i] = (int32_t)oq_array_int(in, i);
    return to;
}

static oq_status run_dequantize(oq_run *ctx)
{
    const quant_state *state = ctx->state;
    const oq_array *in = ctx->in[0];
    dequantize_job job = {.kernels = state->kernels->quantize, .dtype = in->dtype, .x = in->data};
    oq_dtype out = state->out_dtype != OQ_UNDEFINED ? state->out_dtype : ctx->in[1]->dtype;
    layout l;

    if (is_float_code(in->dtype)) {
        job.x = expand_floats(ctx, in);
    } else if (in->dtype != OQ_UINT8 && in->dtype != OQ_INT8 && in->dtype != OQ_INT32) {
        job.x = widen(ctx, in);
        job.dtype = OQ_INT32;
    }
    if (!job.x)
        return ctx->status;
    if (!(OQ_T(out) & OQ_T_FLOATS))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "output type %s is not computed here", oq_dtype_name(out));
    OQ_TRY(make_layout(ctx, state, &l));
    if (!(job.y = oq_floats_out(ctx, 0, out, in->dims, in->rank)))
        return ctx->status;
    for_each_run(ctx->pool, &l, dequantize_run, &job);
    oq_floats_done(ctx, 0, job.y);
    return OQ_OK;
}

/* ------------------------------------------------------------------ FakeQuant */

typedef struct {
    const oq_kernels *kernels;
    const float *x;
    float *y;
    int64_t qmin, qmax;
    bool is_torch;
} fake_job;

/* One element, any range: int32 biases have codes that float32 cannot hold exactly. */
static float fake_of(const fake_job *job, float x, parameters p)
{
    double code = (double)rintf(job->is_torch ? x * (1 / p.scale) : x / p.scale);
    double lo = (double)(job->qmin - p.zero_point), hi = (double)(job->qmax - p.zero_point);

    code = code > lo ? code : lo;
    return (float)(code < hi ? code : hi) * p.scale;
}

static void fake_run(void *arg, size_t first, size_t n, parameters p)
{
    const fake_job *job = arg;
    const oq_math_f32 *math = job->kernels->math;
    const float *x = job->x + first;
    float *y = job->y + first;
    bool is_wide = job->qmax > 1 << 23 || job->qmin < -(1 << 23);

    if (n < SHORT_RUN || is_wide) {
        for (size_t i = 0; i < n; i++)
            y[i] = fake_of(job, x[i], p);
    } else if (job->is_torch) { /* by scale 1 the kernel only rounds, limits and takes off the zero point */
        math->binary_scalar[OQ_MUL](x, 1 / p.scale, y, n);
        job->kernels->quantize->fake_quantize(y, y, n, 1, p.zero_point, (int32_t)job->qmin,
                                              (int32_t)job->qmax);
        math->binary_scalar[OQ_MUL](y, p.scale, y, n);
    } else {
        job->kernels->quantize->fake_quantize(x, y, n, p.scale, p.zero_point, (int32_t)job->qmin,
                                              (int32_t)job->qmax);
    }
}

static oq_status run_fake(oq_run *ctx)
{
    const quant_state *state = ctx->state;
    const oq_array *in = ctx->in[0];
    fake_job job = {state->kernels, NULL, NULL, state->qmin, state->qmax, state->is_torch};
    layout l;

    OQ_TRY(make_layout(ctx, state, &l));
    if (!(job.x = oq_floats_in(ctx, 0)))
        return ctx->status;
    job.y = in->dtype == OQ_FLOAT ? oq_out_in_place(ctx, 0, 0)
                                  : oq_floats_out(ctx, 0, in->dtype, in->dims, in->rank);
    if (!job.y)
        return ctx->status;
    for_each_run(ctx->pool, &l, fake_run, &job);
    oq_floats_done(ctx, 0, job.y);
    return OQ_OK;
}

/* ------------------------------------------------------------------ prepare and infer */

static oq_status prepare(oq_prepare *ctx)
{
    quant_state *state = OQ_NEW(ctx->arena, quant_state);

    if (!state)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    ctx->state = state;
    state->kernels = oq_kernels_best();
    state->axis = oq_node_int(ctx->node, "axis", 1);
    state->block_size = oq_node_int(ctx->node, "block_size", 0);
    state->out_dtype = (oq_dtype)oq_node_int(ctx->node, "output_dtype", OQ_UNDEFINED);
    state->saturates = oq_node_int(ctx->node, "saturate", 1) != 0;
    state->is_torch = oq_node_int(ctx->node, "torch", 0) != 0;
    state->qmin = oq_node_int(ctx->node, "qmin", 0);
    state->qmax = oq_node_int(ctx->node, "qmax", 255);
    if (state->block_size < 0)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "block_size is %" PRId64, state->block_size);
    return OQ_OK;
}

static oq_status prepare_fake(oq_prepare *ctx)
{
    const quant_state *state;

    OQ_TRY(prepare(ctx));
    state = ctx->state;
    if (state->qmin > state->qmax || state->qmin < INT32_MIN || state->qmax > UINT32_MAX)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "qmin %" PRId64 " and qmax %" PRId64 " are no range", state->qmin,
                   state->qmax);
    return OQ_OK;
}

static oq_status infer_quantize(oq_infer *ctx)
{
    int64_t asked = oq_node_int(ctx->node, "output_dtype", OQ_UNDEFINED);
    bool has_zero_point = ctx->n_in > 2 && ctx->node->inputs[2];

    ctx->out[0].shape = ctx->in[0].shape;
    ctx->out[0].dtype = has_zero_point          ? ctx->in[2].dtype
                        : asked != OQ_UNDEFINED ? (oq_dtype)asked
                                                : OQ_UINT8;
    return OQ_OK;
}

static oq_status infer_dequantize(oq_infer *ctx)
{
    int64_t asked = oq_node_int(ctx->node, "output_dtype", OQ_UNDEFINED);

    ctx->out[0].shape = ctx->in[0].shape;
    ctx->out[0].dtype = asked != OQ_UNDEFINED                                   ? (oq_dtype)asked
                        : ctx->node->opset < 19 && ctx->node->domain[0] == '\0' ? OQ_FLOAT
                                                                                : ctx->in[1].dtype;
    return OQ_OK;
}

/* ------------------------------------------------------------------ rows */

#define QUANTIZE(its_domain, opset, mask)                                                              \
    {                                                                                                  \
        .name = "QuantizeLinear", .domain = its_domain, .since = opset, .min_in = 2, .max_in = 3,      \
        .min_out = 1, .max_out = 1, .types = mask, .infer = infer_quantize, .prepare = prepare,        \
        .run = run_quantize, .rule = OQ_RULE_QUANT, .weight = -1, .bias = -1, .layout = OQ_LAYOUT_AXIS \
    }
#define DEQUANTIZE(its_domain, opset, mask)                                                              \
    {                                                                                                    \
        .name = "DequantizeLinear", .domain = its_domain, .since = opset, .min_in = 2, .max_in = 3,      \
        .min_out = 1, .max_out = 1, .types = mask, .infer = infer_dequantize, .prepare = prepare,        \
        .run = run_dequantize, .rule = OQ_RULE_QUANT, .weight = -1, .bias = -1, .layout = OQ_LAYOUT_AXIS \
    }

#define CODES (OQ_T_BYTES | OQ_T(OQ_INT32))
#define CODES_19 \
    (CODES | OQ_T(OQ_FLOAT8E4M3FN) | OQ_T(OQ_FLOAT8E4M3FNUZ) | OQ_T(OQ_FLOAT8E5M2) | OQ_T(OQ_FLOAT8E5M2FNUZ))
#define CODES_21 (CODES_19 | OQ_T(OQ_INT16) | OQ_T(OQ_UINT16) | OQ_T(OQ_INT4) | OQ_T(OQ_UINT4))
#define CODES_23 (CODES_21 | OQ_T(OQ_FLOAT4E2M1))
#define CODES_25 (CODES_23 | OQ_T(OQ_INT2) | OQ_T(OQ_UINT2))
#define REALS    (OQ_T_F32 | OQ_T(OQ_INT32))
#define REALS_19 (REALS | OQ_T(OQ_FLOAT16) | OQ_T(OQ_BFLOAT16))

/* 13 per axis, 19 other floats and 8-bit float codes, 21 blocks, 16 and 4 bits, 23 4-bit floats, 25 2 bits.
 */
const oq_op oq_ops_quantize[] = {
    DEQUANTIZE("", 10, CODES),
    DEQUANTIZE("", 13, CODES),
    DEQUANTIZE("", 19, CODES_19),
    DEQUANTIZE("", 21, CODES_21),
    DEQUANTIZE("", 23, CODES_23),
    DEQUANTIZE("", 24, CODES_23),
    DEQUANTIZE("", 25, CODES_25),
    QUANTIZE("", 10, REALS),
    QUANTIZE("", 13, REALS),
    QUANTIZE("", 19, REALS_19),
    QUANTIZE("", 21, REALS_19),
    QUANTIZE("", 23, REALS_19),
    QUANTIZE("", 24, REALS_19),
    QUANTIZE("", 25, REALS_19),
    DEQUANTIZE("com.microsoft", 1, CODES_21),
    QUANTIZE("com.microsoft", 1, REALS_19),
    {.name = "FakeQuant",
     .domain = "onnxq",
     .since = 1,
     .min_in = 2,
     .max_in = 3,
     .min_out = 1,
     .max_out = 1,
     .types = OQ_T_FLOATS,
     .prepare = prepare_fake,
     .run = run_fake,
     .rule = OQ_RULE_QUANT,
     .weight = -1,
     .bias = -1,
     .layout = OQ_LAYOUT_AXIS},
    {0},
};
