/* Conv in float32: attributes and shapes; the sums are kernel/conv_f32.h's. It takes NCHW and works in NHWC.
 * Other float types are computed in float32.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "kernel/conv_f32.h"
#include "op/conv_shape.h"
#include "op/families.h"
#include "op/floats.h"
#include "op/pointwise.h"
#include "op/window.h"

typedef struct {
    oq_window window;
    int64_t group;
    bool is_plain;  /* made for plain arrays only */
    bool is_packed; /* conv holds the constant weight and bias */
    oq_conv_f32 conv;
    int64_t weight_dims[OQ_MAX_RANK];
    int weight_rank; /* of weight_dims, when is_packed */
    bool is_pointwise;
    oq_pointwise pointwise; /* when is_pointwise: the weight as it is in the file */
    oq_epilogue epilogue;
} conv_state;

/* ------------------------------------------------------------------ Conv */

static oq_status infer_conv(oq_infer *ctx)
{
    return oq_conv_infer(ctx, 1, ctx->in[0].dtype);
}

static oq_status keep_pointwise(oq_prepare *ctx, conv_state *state, const oq_conv_spec *spec,
                                const oq_tensor *weight, const oq_tensor *bias)
{
    oq_pointwise *p = &state->pointwise;

    if (!state->is_plain || !oq_is_pointwise(spec))
        return OQ_OK;
    *p = (oq_pointwise){.in_channels = spec->in_channels,
                        .out_channels = spec->out_channels,
                        .lo = state->epilogue.lo,
                        .hi = state->epilogue.hi};
    p->weight = oq_prepare_aligned_floats(ctx, weight);
    p->bias = bias ? oq_prepare_aligned_floats(ctx, bias) : NULL;
    if (!p->weight || (bias && !p->bias))
        OQ_OP_FAIL(ctx, OQ_NOMEM, "no memory for the weight");
    state->is_pointwise = true;
    return OQ_OK;
}

/* Pack constant weight and bias into the program. */
static oq_status pack_constant(oq_prepare *ctx, conv_state *state, const oq_tensor *weight,
                               const oq_tensor *bias)
{
    const oq_kernels *kernels = oq_kernels_best();
    const void *w = oq_prepare_floats(ctx, weight), *b = bias ? oq_prepare_floats(ctx, bias) : NULL;
    oq_conv_spec spec;
    void *memory;
    size_t size;

    if (bias && bias->n_elements != (size_t)weight->dims[0])
        OQ_OP_FAIL(ctx, OQ_SHAPE, "bias has %zu elements for %" PRId64 " output channels", bias->n_elements,
                   weight->dims[0]);
    OQ_TRY(oq_conv_check_weight(ctx->node, weight->dims, state->group, ctx->diag));
    OQ_TRY(oq_window_fit(&state->window, ctx->node, weight->rank - 2, weight->dims + 2, ctx->diag));
    spec = oq_conv_spec_of(&state->window, state->group, weight->dims);
    size = oq_conv_f32_size(kernels, &spec);
    memory = size == SIZE_MAX ? NULL : oq_arena_alloc(ctx->arena, size);
    if (!memory || !w || (bias && !b))
        OQ_OP_FAIL(ctx, OQ_NOMEM, "no memory for %zu bytes of packed weights", size);
    oq_conv_f32_prepare(kernels, &spec, w, b, memory, &state->conv);
    OQ_TRY(keep_pointwise(ctx, state, &spec, weight, bias));
    state->is_packed = true;
    state->weight_rank = weight->rank;
    memcpy(state->weight_dims, weight->dims, (size_t)weight->rank * sizeof *weight->dims);
    ctx->consumed = bias ? 6 : 2;
    return OQ_OK;
}

static const oq_epilogue no_epilogue = {.residual = -1, .lo = -INFINITY, .hi = INFINITY};

static oq_status prepare_state(oq_prepare *ctx, conv_state *state)
{
    const oq_tensor *weight = oq_prepare_constant(ctx, 1), *bias = oq_prepare_constant(ctx, 2);
    bool has_bias = ctx->node->n_inputs > 2 && ctx->node->inputs[2];

    if (!state)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    ctx->state = state;
    state->epilogue = ctx->epilogue ? *ctx->epilogue : no_epilogue;
    OQ_TRY(oq_window_read(ctx->node, &state->window, ctx->diag));
    state->group = oq_node_int(ctx->node, "group", 1);
    if (!weight || (has_bias && !bias))
        return OQ_OK;
    OQ_TRY(oq_conv_check_rank(ctx->node, weight->rank, ctx->diag));
    return pack_constant(ctx, state, weight, bias);
}

static oq_status prepare_plain(oq_prepare *ctx)
{
    conv_state *state = OQ_NEW(ctx->arena, conv_state);

    if (state)
        state->is_plain = true;
    return prepare_state(ctx, state);
}

static oq_status prepare_last(oq_prepare *ctx)
{
    return prepare_state(ctx, OQ_NEW(ctx->arena, conv_state));
}

/* Pack a weight that is no constant, for this run only. */
static oq_status pack_input(oq_run *ctx, conv_state *state)
{
    const oq_array *weight = ctx->in[1], *bias = oq_in(ctx, 2);
    const oq_kernels *kernels = oq_kernels_best();
    const float *w, *b = NULL;
    oq_conv_spec spec;
    void *memory;
    size_t size;

    OQ_TRY(oq_conv_check_rank(ctx->node, weight->rank, ctx->diag));
    OQ_TRY(oq_conv_check_weight(ctx->node, weight->dims, state->group, ctx->diag));
    OQ_TRY(oq_window_fit(&state->window, ctx->node, weight->rank - 2, weight->dims + 2, ctx->diag));
    if (bias && bias->n != (size_t)weight->dims[0])
        OQ_OP_FAIL(ctx, OQ_SHAPE, "bias has %zu elements for %" PRId64 " output channels", bias->n,
                   weight->dims[0]);
    spec = oq_conv_spec_of(&state->window, state->group, weight->dims);
    size = oq_conv_f32_size(kernels, &spec);
    if (size == SIZE_MAX)
        OQ_OP_FAIL(ctx, OQ_LIMIT, "the packed weight does not fit in memory");
    w = oq_floats_in(ctx, 1);
    if (!w || (bias && !(b = oq_floats_in(ctx, 2))) || !(memory = oq_scratch(ctx, size)))
        return ctx->status;
    oq_conv_f32_prepare(kernels, &spec, w, b, memory, &state->conv);
    state->weight_rank = weight->rank;
    memcpy(state->weight_dims, weight->dims, sizeof state->weight_dims);
    return OQ_OK;
}

/* By the general kernel, or straight in NCHW where that is possible and pays. */
static oq_status convolve(oq_run *ctx, const conv_state *state, oq_conv_f32_args *args)
{
    size_t in = 1, out = 1, size;

    for (int i = 0; i < state->weight_rank - 2; i++) {
        in *= args->in[i];
        out *= args->out[i];
    }
    if (state->is_pointwise && !args->residual && args->x_layout == OQ_NCHW && args->y_layout == OQ_NCHW &&
        in * args->batch > 0 && oq_pointwise_pays(in) && out == in)
        return oq_pointwise_run(ctx, &state->pointwise, args->batch, in, args->x, args->y);
    size = oq_conv_f32_scratch(args, oq_pool_size(ctx->pool));
    if (size == SIZE_MAX)
        OQ_OP_FAIL(ctx, OQ_LIMIT, "working memory does not fit in memory");
    if (!(args->scratch = oq_scratch(ctx, size)))
        return ctx->status;
    oq_conv_f32_run(ctx->pool, args);
    return OQ_OK;
}

static bool is_last(uint32_t mask)
{
    return mask & 1;
}

/* The output, in place of a residual that dies here. */
static float *get_output(oq_run *ctx, const conv_state *state, const int64_t *dims, const float **residual)
{
    const oq_array *in = ctx->in[0], *shortcut;

    *residual = NULL;
    if (state->epilogue.residual < 0)
        return oq_floats_out(ctx, 0, in->dtype, dims, in->rank);
    shortcut = oq_in(ctx, state->epilogue.residual);
    if (!shortcut || shortcut->dtype != OQ_FLOAT || in->dtype != OQ_FLOAT || shortcut->rank != in->rank ||
        memcmp(shortcut->dims, dims, (size_t)in->rank * sizeof *dims) != 0) {
        ctx->status = oq_op_fail(ctx->diag, ctx->node, OQ_SHAPE, __FILE__, __LINE__,
                                 "its output is added to an array of another shape than the graph declares");
        return NULL;
    }
    *residual = shortcut->data;
    return ctx->host->in_place(ctx, 0, state->epilogue.residual, in->dtype, dims, in->rank);
}

/* Sizes of the output, [N, C, spatial...] or [N, spatial..., C], and what the kernel wants to know. */
static oq_status set_sizes(oq_run *ctx, const conv_state *state, oq_conv_f32_args *args, int64_t *dims)
{
    const oq_array *in = ctx->in[0];
    bool last_in = is_last(ctx->last_in), last_out = is_last(ctx->last_out);
    int rank = in->rank - 2;
    int64_t channels = in->rank > 1 ? in->dims[last_in ? in->rank - 1 : 1] : 0, pad[OQ_WINDOW_RANK];
    const int64_t *spatial = in->dims + (last_in ? 1 : 2);
    int64_t *out = dims + (last_out ? 1 : 2);

    if (in->rank != state->weight_rank || channels != state->weight_dims[1] * state->group)
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "input of rank %d with %" PRId64 " channels, the weight asks for rank %d and %" PRId64,
                   in->rank, channels, state->weight_rank, state->weight_dims[1] * state->group);
    dims[0] = in->dims[0];
    dims[last_out ? in->rank - 1 : 1] = state->weight_dims[0];
    OQ_TRY(oq_window_outputs(&state->window, ctx->node, spatial, out, pad, ctx->diag));
    args->batch = (size_t)in->dims[0];
    args->x_layout = last_in ? OQ_NHWC : OQ_NCHW;
    args->y_layout = last_out ? OQ_NHWC : OQ_NCHW;
    for (int i = 0; i < rank; i++) {
        args->in[i] = (size_t)spatial[i];
        args->out[i] = (size_t)out[i];
        args->pad[i] = (size_t)pad[i];
    }
    return OQ_OK;
}

static oq_status run_packed(oq_run *ctx, const conv_state *state)
{
    int64_t dims[OQ_MAX_RANK];
    oq_conv_f32_args args = {.conv = &state->conv, .lo = state->epilogue.lo, .hi = state->epilogue.hi};

    OQ_TRY(set_sizes(ctx, state, &args, dims));
    args.x = oq_floats_in(ctx, 0);
    args.y = args.x ? get_output(ctx, state, dims, &args.residual) : NULL;
    if (!args.y)
        return oq_run_failure(ctx);
    if (ctx->out[0].n == 0)
        return OQ_OK;
    OQ_TRY(convolve(ctx, state, &args));
    oq_floats_done(ctx, 0, args.y);
    return OQ_OK;
}

static oq_status run_conv(oq_run *ctx)
{
    const conv_state *prepared = ctx->state;
    conv_state local;

    if (prepared->is_packed)
        return run_packed(ctx, prepared);
    local = *prepared;
    OQ_TRY(pack_input(ctx, &local));
    return run_packed(ctx, &local);
}

/* ------------------------------------------------------------------ rows */

static const oq_op channels_last = {.name = "Conv",
                                    .domain = "",
                                    .since = 1,
                                    .min_in = 2,
                                    .max_in = 3,
                                    .min_out = 1,
                                    .max_out = 1,
                                    .types = OQ_T_FLOATS,
                                    .prepare = prepare_last,
                                    .run = run_conv,
                                    .rule = OQ_RULE_WEIGHTED,
                                    .weight = 1,
                                    .bias = 2,
                                    .flags = OQ_OP_EPILOGUE | OQ_OP_EITHER_END};

#define CONV(opset)                                                                                         \
    {                                                                                                       \
        .name = "Conv", .domain = "", .since = opset, .min_in = 2, .max_in = 3, .min_out = 1, .max_out = 1, \
        .types = OQ_T_FLOATS, .infer = infer_conv, .prepare = prepare_plain, .run = run_conv,               \
        .rule = OQ_RULE_WEIGHTED, .weight = 1, .bias = 2, .flags = OQ_OP_EPILOGUE, .layout = OQ_LAYOUT_ROW, \
        .channels_last = &channels_last                                                                     \
    }

/* 11 changed the default of strides and dilations in words only; 22 added bfloat16. */
const oq_op oq_ops_conv[] = {
    CONV(1),
    CONV(11),
    CONV(22),
    {0},
};
