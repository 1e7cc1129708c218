#include "op/aligned.h"

#include <inttypes.h>

/* Where B's first dimension lies over a rank `a` operand; false: nowhere. */
static bool first_axis(const oq_node *node, int a, int b, int64_t *axis)
{
    *axis = oq_node_attr(node, "axis") ? oq_node_int(node, "axis", 0) : a - b;
    if (*axis < 0)
        *axis += a;
    return *axis >= 0 && *axis <= a - b;
}

static oq_status infer_at(oq_infer *ctx, oq_infer_fn *infer, int64_t axis)
{
    const oq_type *given = ctx->in;
    oq_type in[2] = {given[0], given[1]};
    oq_shape *b = &in[1].shape;
    oq_status status;

    if (in[0].shape.rank < 0 || b->rank < 0)
        *b = oq_shape_unknown();
    else
        while (b->rank && axis + b->rank < in[0].shape.rank && b->rank < OQ_MAX_RANK)
            b->dims[b->rank++] = oq_dim_of(1);
    ctx->in = in;
    status = infer(ctx);
    ctx->in = given;
    if (status == OQ_OK)
        ctx->out[0].shape = given[0].shape;
    return status;
}

oq_status oq_infer_aligned(oq_infer *ctx, oq_infer_fn *infer)
{
    int a = ctx->in[0].shape.rank, b = ctx->in[1].shape.rank;
    int64_t axis = 0;

    if (a >= 0 && b >= 0 && !first_axis(ctx->node, a, b, &axis))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "an operand of rank %d does not lie over one of rank %d at axis %" PRId64,
                   b, a, axis);
    return infer_at(ctx, infer, axis);
}

oq_status oq_infer_per_channel(oq_infer *ctx, oq_infer_fn *infer)
{
    return infer_at(ctx, infer, ctx->in[0].shape.rank > 1 ? 1 : 0);
}

/* B extended to reach the end of A; its dimensions are A's or 1. */
static oq_status run_at(oq_run *ctx, oq_run_fn *run, int64_t axis)
{
    const oq_array *const *given = ctx->in;
    oq_array b = *given[1];
    const oq_array *in[2] = {given[0], &b};
    oq_status status;

    for (int i = 0; i < b.rank; i++) {
        int64_t fits = axis + i < in[0]->rank ? in[0]->dims[axis + i] : 1;

        if (b.dims[i] != fits && b.dims[i] != 1)
            OQ_OP_FAIL(ctx, OQ_SHAPE,
                       "size %" PRId64 " of axis %d of the second operand lies over size %" PRId64, b.dims[i],
                       i, fits);
    }
    while (b.rank && axis + b.rank < in[0]->rank && b.rank < OQ_MAX_RANK)
        b.dims[b.rank++] = 1;
    ctx->in = in;
    status = run(ctx);
    ctx->in = given;
    return status;
}

static bool has_same_dims(const oq_array *a, const oq_array *b)
{
    bool is_same = a->rank == b->rank;

    for (int i = 0; is_same && i < a->rank; i++)
        is_same = a->dims[i] == b->dims[i];
    return is_same;
}

oq_status oq_run_aligned(oq_run *ctx, oq_run_fn *run)
{
    const oq_array *a = ctx->in[0], *b = ctx->in[1];
    int64_t axis;

    if (!oq_node_int(ctx->node, "broadcast", 0) && !has_same_dims(a, b))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the operands have different shapes, and broadcast is not set");
    if (!first_axis(ctx->node, a->rank, b->rank, &axis))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "an operand of rank %d does not lie over one of rank %d at axis %" PRId64,
                   b->rank, a->rank, axis);
    return run_at(ctx, run, axis);
}

oq_status oq_run_per_channel(oq_run *ctx, oq_run_fn *run)
{
    return run_at(ctx, run, ctx->in[0]->rank > 1 ? 1 : 0);
}
