/* integer_conv: Conv of integer units, by kernel/conv_int8.h. */
#include <string.h>

#include "exec/unit.h"

bool oq_pack_conv(oq_unit_finder *f, const oq_node *node, oq_unit *unit)
{
    const oq_kernels *kernels = oq_kernels_best();
    const oq_tensor *codes = unit->weight.codes;
    const int64_t *dims = codes->dims;
    int64_t group = oq_node_int(node, "group", 1);
    oq_conv_int8_weights weights = {.data = codes->data,
                                    .type = oq_byte_of(codes->dtype),
                                    .zero_points = unit->weight.zero_point,
                                    .n_zero_points = unit->weight.n,
                                    .bias = unit->weight.bias};
    oq_conv_spec spec = {.rank = codes->rank - 2};
    void *memory;
    size_t size;

    if (spec.rank < 1 || spec.rank > OQ_CONV_RANK || group < 1 || dims[0] % group ||
        oq_window_read(node, &unit->window, NULL) != OQ_OK ||
        oq_window_fit(&unit->window, node, spec.rank, dims + 2, NULL) != OQ_OK)
        return false;
    spec.groups = (size_t)group;
    spec.out_channels = (size_t)dims[0];
    spec.in_channels = (size_t)dims[1] * spec.groups;
    for (int i = 0; i < spec.rank; i++) {
        spec.kernel[i] = (size_t)unit->window.kernel[i];
        spec.stride[i] = (size_t)unit->window.stride[i];
        spec.dilation[i] = (size_t)unit->window.dilation[i];
    }
    size = oq_conv_int8_size(kernels, &spec);
    memory = size == SIZE_MAX ? NULL : oq_arena_alloc(f->arena, size < 64 ? 64 : size);
    if (!memory)
        return false;
    oq_conv_int8_prepare(kernels, &spec, &weights, memory, &unit->conv);
    return true;
}

/* Output shape and sizes for the kernel, each end in its layout. */
static oq_status conv_shape(oq_run *ctx, const oq_unit *unit, int64_t *dims, oq_conv_int8_args *args)
{
    const oq_array *in = ctx->in[0];
    const oq_tensor *codes = unit->weight.codes;
    int64_t pad[OQ_WINDOW_RANK], *out = dims + (ctx->last_out ? 1 : 2);
    const int64_t *spatial = in->dims + (ctx->last_in ? 1 : 2);

    if (in->rank != codes->rank ||
        (size_t)in->dims[ctx->last_in ? in->rank - 1 : 1] != unit->conv.spec.in_channels)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input of rank %d does not go with its weight of rank %d for %zu channels",
                   in->rank, codes->rank, unit->conv.spec.in_channels);
    dims[0] = in->dims[0];
    dims[ctx->last_out ? in->rank - 1 : 1] = codes->dims[0];
    OQ_TRY(oq_window_outputs(&unit->window, ctx->node, spatial, out, pad, ctx->diag));
    args->batch = (size_t)dims[0];
    args->x_layout = ctx->last_in ? OQ_NHWC : OQ_NCHW;
    args->y_layout = ctx->last_out ? OQ_NHWC : OQ_NCHW;
    for (int i = 0; i < in->rank - 2; i++) {
        args->in[i] = (size_t)spatial[i];
        args->out[i] = (size_t)out[i];
        args->pad[i] = (size_t)pad[i];
    }
    return OQ_OK;
}

static oq_status run_conv(oq_run *ctx)
{
    const oq_unit *unit = ctx->state;
    const oq_array *in = ctx->in[0];
    oq_conv_int8_args args = {.conv = &unit->conv};
    int64_t dims[OQ_MAX_RANK];
    size_t size;

    OQ_TRY(oq_check_codes(ctx, 1));
    OQ_TRY(conv_shape(ctx, unit, dims, &args));
    args.x = in->data;
    args.x_type = oq_byte_of(in->dtype);
    args.x_zero = unit->x[0].zero_point;
    args.y = (oq_int8_output){.y = oq_out(ctx, 0, unit->y.dtype, dims, in->rank),
                              .y_type = oq_byte_of(unit->y.dtype),
                              .y_zero = unit->y.zero_point,
                              .multiplier = unit->weight.multiplier,
                              .clamps = true,
                              .lo = unit->lo,
                              .hi = unit->hi};
    if (!args.y.y)
        return ctx->status;
    if (ctx->out[0].n == 0)
        return OQ_OK;
    size = oq_conv_int8_scratch(&args, oq_pool_size(ctx->pool));
    if (size == SIZE_MAX)
        OQ_OP_FAIL(ctx, OQ_LIMIT, "working memory does not fit in memory");
    if (!(args.scratch = oq_scratch(ctx, size)))
        return ctx->status;
    oq_conv_int8_run(ctx->pool, &args);
    return OQ_OK;
}

static const oq_op conv_last = {
    .name = "Conv", .domain = "onnxq.integer", .run = run_conv, .flags = OQ_OP_EITHER_END};
const oq_op oq_unit_conv = {.name = "Conv",
                            .domain = "onnxq.integer",
                            .run = run_conv,
                            .layout = OQ_LAYOUT_ROW,
                            .channels_last = &conv_last};
