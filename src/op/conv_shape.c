#include "op/conv_shape.h"

#include <inttypes.h>

oq_status oq_conv_check_rank(const oq_node *node, int rank, oq_diag *diag)
{
    if (rank < 3)
        return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__,
                          "input 0 has rank %d, a convolution needs batch, channels and spatial axes", rank);
    if (rank > 2 + OQ_CONV_RANK)
        return oq_op_fail(diag, node, OQ_UNSUPPORTED, __FILE__, __LINE__,
                          "%d spatial axes, at most %d are computed here", rank - 2, OQ_CONV_RANK);
    return OQ_OK;
}

/* Channels and groups of a weight of Conv. */
oq_status oq_conv_check_weight(const oq_node *node, const int64_t *w, int64_t group, oq_diag *diag)
{
    if (group < 1 || w[0] < 1 || w[1] < 1 || w[0] % group)
        return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__,
                          "%" PRId64 " output and %" PRId64
                          " input channels per group do not go with group %" PRId64,
                          w[0], w[1], group);
    return OQ_OK;
}

oq_conv_spec oq_conv_spec_of(const oq_window *window, int64_t group, const int64_t *w)
{
    oq_conv_spec spec = {.rank = window->rank, .groups = (size_t)group};

    spec.out_channels = (size_t)w[0];
    spec.in_channels = (size_t)w[1] * (size_t)group;
    for (int i = 0; i < window->rank; i++) {
        spec.kernel[i] = (size_t)window->kernel[i];
        spec.stride[i] = (size_t)window->stride[i];
        spec.dilation[i] = (size_t)window->dilation[i];
    }
    return spec;
}

oq_status oq_conv_infer(oq_infer *ctx, int weight, oq_dtype dtype)
{
    const oq_shape *x = &ctx->in[0].shape, *w = &ctx->in[weight].shape;
    oq_shape y = *x;
    oq_window window;
    int64_t kernel[OQ_MAX_RANK];
    bool has_kernel = w->rank == x->rank && x->rank > 2;

    ctx->out[0].dtype = dtype;
    OQ_TRY(oq_window_read(ctx->node, &window, ctx->diag));
    if (x->rank < 0)
        return OQ_OK;
    if (x->rank < 3)
        return oq_conv_check_rank(ctx->node, x->rank, ctx->diag);
    if (w->rank >= 0 && w->rank != x->rank)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input has rank %d, weight has rank %d", x->rank, w->rank);
    for (int i = 2; i < x->rank && has_kernel; i++) {
        kernel[i - 2] = w->dims[i].size;
        has_kernel = kernel[i - 2] >= 0;
    }
    for (int i = 1; i < y.rank; i++)
        y.dims[i] = oq_dim_unknown();
    if (w->rank > 0)
        y.dims[1] = w->dims[0];
    ctx->out[0].shape = y;
    if (!has_kernel && !window.has_kernel)
        return OQ_OK;
    OQ_TRY(oq_window_fit(&window, ctx->node, x->rank - 2, has_kernel ? kernel : NULL, ctx->diag));
    OQ_TRY(oq_window_infer(&window, ctx->node, x->dims + 2, y.dims + 2, ctx->diag));
    ctx->out[0].shape = y;
    return OQ_OK;
}
