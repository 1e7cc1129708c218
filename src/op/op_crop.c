/* op_crop: CenterCropPad: along each axis the middle part of the wanted size is cut out, or zeros are put
 * around; where the difference is odd the larger half is cut, or put, at the end. */
#include <inttypes.h>
#include <string.h>

#include "op/families.h"
#include "op/op_axes.h"
#include "op/op_elems.h"
#include "op/op_move.h"
#include "op/op_strided.h"

static oq_status infer(oq_infer *ctx)
{
    const oq_shape *in = &ctx->in[0].shape;
    const oq_elems *sizes = oq_in_elems(ctx, 1);
    bool marks[OQ_MAX_RANK];
    int64_t bad;
    oq_axes axes;

    ctx->out[0] = ctx->in[0];
    if (in->rank < 0)
        return OQ_OK;
    OQ_TRY(oq_axes_infer(ctx, OQ_AXES_ATTRIBUTE, &axes));
    if (!oq_axes_mark(&axes, in->rank, marks, &bad))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside a rank %d input", bad, in->rank);
    if (sizes && sizes->n != (axes.is_given ? axes.n : in->rank))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%d sizes for %d axes", sizes->n, axes.is_given ? axes.n : in->rank);
    for (int i = 0; i < (axes.is_given ? axes.n : in->rank); i++) {
        int axis = i;

        if (axes.is_given)
            oq_axis_normalize(axes.values[i], in->rank, &axis);
        ctx->out[0].shape.dims[axis] = sizes ? oq_dim_of_elem(sizes->e[i]) : oq_dim_unknown();
    }
    return OQ_OK;
}

static oq_status read_sizes(oq_run *ctx, int64_t *dims)
{
    const oq_array *in = ctx->in[0], *sizes = ctx->in[1];
    bool marks[OQ_MAX_RANK];
    int64_t bad;
    oq_axes axes;

    OQ_TRY(oq_axes_run(ctx, OQ_AXES_ATTRIBUTE, &axes));
    if (!oq_axes_mark(&axes, in->rank, marks, &bad))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside a rank %d input", bad, in->rank);
    if (sizes->n != (size_t)(axes.is_given ? axes.n : in->rank))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu sizes for %d axes", sizes->n, axes.is_given ? axes.n : in->rank);
    memcpy(dims, in->dims, sizeof in->dims);
    for (size_t i = 0; i < sizes->n; i++) {
        int axis = (int)i;

        if (axes.is_given)
            oq_axis_normalize(axes.values[i], in->rank, &axis);
        dims[axis] = oq_array_int(sizes, i);
        if (dims[axis] < 0)
            OQ_OP_FAIL(ctx, OQ_RANGE, "size %" PRId64 " of axis %d is negative", dims[axis], axis);
    }
    return OQ_OK;
}

static void fill_empty(oq_array *out)
{
    oq_string *strings = out->data;

    if (out->dtype != OQ_STRING)
        memset(out->data, 0, out->size);
    for (size_t i = 0; out->dtype == OQ_STRING && i < out->n; i++)
        strings[i] = (oq_string){"", 0};
}

static oq_status run(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    int64_t dims[OQ_MAX_RANK], from_step[OQ_MAX_RANK], to_step[OQ_MAX_RANK];
    oq_strided block = {0};
    size_t size;
    const char *from = in->data;
    char *to;

    OQ_TRY(oq_movable_size(ctx, &size));
    OQ_TRY(read_sizes(ctx, dims));
    to = oq_out(ctx, 0, in->dtype, dims, in->rank);
    if (!to)
        return oq_run_failure(ctx);
    fill_empty(&ctx->out[0]);
    oq_contiguous_steps(in->dims, in->rank, from_step);
    oq_contiguous_steps(dims, in->rank, to_step);
    for (int i = 0; i < in->rank; i++) {
        int64_t n = dims[i] < in->dims[i] ? dims[i] : in->dims[i];

        from += (in->dims[i] - n) / 2 * from_step[i] * (int64_t)size;
        to += (dims[i] - n) / 2 * to_step[i] * (int64_t)size;
        oq_strided_add(&block, n, to_step[i], from_step[i]);
    }
    if (in->n && ctx->out[0].n)
        oq_strided_copy(&block, to, from, size, ctx->pool);
    return OQ_OK;
}

const oq_op oq_ops_crop[] = {
    {.name = "CenterCropPad",
     .domain = "",
     .since = 18,
     .min_in = 2,
     .max_in = 2,
     .min_out = 1,
     .max_out = 1,
     .types = OQ_T_MOVABLE,
     .infer = infer,
     .run = run,
     .rule = OQ_RULE_SAME,
     .weight = -1,
     .bias = -1,
     .flags = OQ_OP_COMMUTES},
    {.name = NULL},
};
