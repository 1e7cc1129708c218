/* op_gather: Gather, GatherElements, GatherND, OneHot: elements are taken from where indices say. An index
 * below zero counts from the end; one outside is an error that names it. */
#include "op/op_gather.h"

#include <inttypes.h>
#include <string.h>

#include "op/families.h"
#include "op/op_elems.h"
#include "op/op_move.h"
#include "op/op_strided.h"

oq_status oq_read_indices(oq_run *ctx, const oq_array *in, int64_t dim, int64_t **out)
{
    int64_t *values = oq_scratch(ctx, in->n * sizeof *values);

    if (!values)
        return oq_run_failure(ctx);
    if (in->dtype != OQ_INT64 && in->dtype != OQ_INT32)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "indices of type %s; int32 or int64 is meant",
                   oq_dtype_name(in->dtype));
    for (size_t i = 0; i < in->n; i++) {
        int64_t index = oq_array_int(in, i);

        if (index < -dim || index >= dim)
            OQ_OP_FAIL(ctx, OQ_RANGE, "index %" PRId64 " is outside an axis of size %" PRId64, index, dim);
        values[i] = index < 0 ? index + dim : index;
    }
    *out = values;
    return OQ_OK;
}

/* ------------------------------------------------------------------ Gather */

static void gather_elems(oq_infer *ctx)
{
    const oq_elems *data = oq_in_elems(ctx, 0), *indices = oq_in_elems(ctx, 1);
    oq_elem e[OQ_MAX_ELEMS];

    if (!data || !indices || data->rank != 1 || indices->rank > 1)
        return;
    for (int i = 0; i < indices->n; i++) {
        int64_t at = indices->e[i].value < 0 ? indices->e[i].value + data->n : indices->e[i].value;

        e[i] = indices->e[i].is_known && at >= 0 && at < data->n ? data->e[at] : oq_elem_unknown();
    }
    oq_set_elems(ctx, indices->rank, indices->n, e);
}

static oq_status infer_gather(oq_infer *ctx)
{
    const oq_shape *data = &ctx->in[0].shape, *indices = &ctx->in[1].shape;
    oq_shape out = oq_shape_scalar();
    int axis;

    ctx->out[0] = (oq_type){ctx->in[0].dtype, oq_shape_unknown()};
    if (data->rank < 0)
        return OQ_OK;
    OQ_TRY(oq_infer_axis(ctx, 0, data->rank, &axis));
    gather_elems(ctx);
    if (indices->rank < 0)
        return OQ_OK;
    if (data->rank + indices->rank - 1 > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "a result of rank %d; at most %d is possible",
                   data->rank + indices->rank - 1, OQ_MAX_RANK);
    for (int i = 0; i < axis; i++)
        out.dims[out.rank++] = data->dims[i];
    for (int i = 0; i < indices->rank; i++)
        out.dims[out.rank++] = indices->dims[i];
    for (int i = axis + 1; i < data->rank; i++)
        out.dims[out.rank++] = data->dims[i];
    ctx->out[0].shape = out;
    return OQ_OK;
}

static oq_status run_gather(oq_run *ctx)
{
    const oq_array *data = ctx->in[0], *indices = ctx->in[1];
    int axis, rank = 0;
    int64_t dims[OQ_MAX_RANK], *at = NULL;
    size_t size, outer, inner;
    char *out;

    OQ_TRY(oq_run_axis(ctx, 0, data->rank, &axis));
    OQ_TRY(oq_movable_size(ctx, &size));
    OQ_TRY(oq_read_indices(ctx, indices, data->dims[axis], &at));
    if (data->rank + indices->rank - 1 > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "a result of rank %d; at most %d is possible",
                   data->rank + indices->rank - 1, OQ_MAX_RANK);
    for (int i = 0; i < axis; i++)
        dims[rank++] = data->dims[i];
    for (int i = 0; i < indices->rank; i++)
        dims[rank++] = indices->dims[i];
    for (int i = axis + 1; i < data->rank; i++)
        dims[rank++] = data->dims[i];
    out = oq_out(ctx, 0, data->dtype, dims, rank);
    if (!out || ctx->out[0].n == 0)
        return out ? OQ_OK : ctx->status;
    outer = oq_dims_product(data->dims, 0, axis);
    inner = oq_dims_product(data->dims, axis + 1, data->rank) * size;
    for (size_t o = 0; o < outer; o++) {
        const char *from = (const char *)data->data + o * (size_t)data->dims[axis] * inner;

        for (size_t i = 0; i < indices->n; i++, out += inner)
            memcpy(out, from + (size_t)at[i] * inner, inner);
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ GatherElements */

static oq_status infer_gather_elements(oq_infer *ctx)
{
    ctx->out[0] = (oq_type){ctx->in[0].dtype, ctx->in[1].shape};
    return OQ_OK;
}

void oq_elements_walk(const oq_array *data, const oq_array *indices, int axis, const int64_t *at,
                      void (*visit)(void *arg, size_t data_at, size_t index_at), void *arg)
{
    int64_t step[OQ_MAX_RANK], place[OQ_MAX_RANK] = {0};

    oq_contiguous_steps(data->dims, data->rank, step);
    for (size_t i = 0; i < indices->n; i++) {
        int64_t offset = at[i] * step[axis];

        for (int k = 0; k < data->rank; k++)
            offset += k == axis ? 0 : place[k] * step[k];
        visit(arg, (size_t)offset, i);
        for (int k = data->rank - 1; k >= 0 && ++place[k] == indices->dims[k]; k--)
            place[k] = 0;
    }
}

oq_status oq_check_elements(oq_run *ctx, int axis)
{
    const oq_array *data = ctx->in[0], *indices = ctx->in[1];

    if (indices->rank != data->rank)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "indices of rank %d for data of rank %d", indices->rank, data->rank);
    for (int k = 0; k < data->rank; k++) {
        if (k != axis && indices->dims[k] > data->dims[k])
            OQ_OP_FAIL(ctx, OQ_SHAPE, "indices have size %" PRId64 " on axis %d, the data has %" PRId64,
                       indices->dims[k], k, data->dims[k]);
    }
    return OQ_OK;
}

typedef struct {
    const char *from;
    char *to;
    size_t size;
} take;

static void take_element(void *arg, size_t data_at, size_t index_at)
{
    const take *t = arg;

    memcpy(t->to + index_at * t->size, t->from + data_at * t->size, t->size);
}

static oq_status run_gather_elements(oq_run *ctx)
{
    const oq_array *data = ctx->in[0], *indices = ctx->in[1];
    take t = {.from = data->data};
    int axis;
    int64_t *at = NULL;

    OQ_TRY(oq_run_axis(ctx, 0, data->rank, &axis));
    OQ_TRY(oq_check_elements(ctx, axis));
    OQ_TRY(oq_movable_size(ctx, &t.size));
    OQ_TRY(oq_read_indices(ctx, indices, data->dims[axis], &at));
    t.to = oq_out(ctx, 0, data->dtype, indices->dims, indices->rank);
    if (!t.to)
        return ctx->status;
    /* at is set where oq_read_indices succeeds */
    // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage)
    oq_elements_walk(data, indices, axis, at, take_element, &t);
    return OQ_OK;
}

/* ------------------------------------------------------------------ GatherND */

static oq_status infer_gather_nd(oq_infer *ctx)
{
    const oq_shape *data = &ctx->in[0].shape, *indices = &ctx->in[1].shape;
    int64_t batch = oq_node_int(ctx->node, "batch_dims", 0), depth;
    oq_shape out = oq_shape_scalar();

    ctx->out[0] = (oq_type){ctx->in[0].dtype, oq_shape_unknown()};
    if (data->rank < 0 || indices->rank < 1 || indices->dims[indices->rank - 1].size < 0)
        return OQ_OK;
    depth = indices->dims[indices->rank - 1].size;
    if (batch < 0 || batch >= indices->rank || depth > data->rank - batch)
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "indices of depth %" PRId64 " after %" PRId64 " batch axes into data of rank %d", depth,
                   batch, data->rank);
    if (indices->rank - 1 + data->rank - batch - depth > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "the result has more than %d axes", OQ_MAX_RANK);
    for (int i = 0; i < indices->rank - 1; i++)
        out.dims[out.rank++] = indices->dims[i];
    for (int i = (int)(batch + depth); i < data->rank; i++)
        out.dims[out.rank++] = data->dims[i];
    ctx->out[0].shape = out;
    return OQ_OK;
}

oq_status oq_read_tuples(oq_run *ctx, int batch, oq_tuples *out)
{
    const oq_array *data = ctx->in[0], *indices = ctx->in[1];
    int64_t step[OQ_MAX_RANK];
    size_t batch_size, per_batch;

    if (indices->rank < 1 || batch < 0 || batch >= indices->rank || batch > data->rank ||
        indices->dims[indices->rank - 1] > data->rank - batch)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "indices of rank %d do not point into data of rank %d with %d batch axes",
                   indices->rank, data->rank, batch);
    for (int i = 0; i < batch; i++) {
        if (indices->dims[i] != data->dims[i])
            OQ_OP_FAIL(ctx, OQ_SHAPE,
                       "batch axis %d has size %" PRId64 " in the indices, %" PRId64 " in the data", i,
                       indices->dims[i], data->dims[i]);
    }
    out->depth = (int)indices->dims[indices->rank - 1];
    out->n = oq_dims_product(indices->dims, 0, indices->rank - 1);
    out->block = oq_dims_product(data->dims, batch + out->depth, data->rank);
    out->offsets = oq_scratch(ctx, out->n * sizeof *out->offsets);
    if (!out->offsets)
        return oq_run_failure(ctx);
    oq_contiguous_steps(data->dims, data->rank, step);
    batch_size = oq_dims_product(data->dims, batch, data->rank);
    per_batch = oq_dims_product(indices->dims, batch, indices->rank - 1);
    for (size_t i = 0; i < out->n; i++) {
        size_t offset = i / per_batch * batch_size;

        for (int k = 0; k < out->depth; k++) {
            int64_t index = oq_array_int(indices, i * (size_t)out->depth + (size_t)k),
                    dim = data->dims[batch + k];

            if (index < -dim || index >= dim)
                OQ_OP_FAIL(ctx, OQ_RANGE, "index %" PRId64 " is outside an axis of size %" PRId64, index,
                           dim);
            offset += (size_t)((index < 0 ? index + dim : index) * step[batch + k]);
        }
        out->offsets[i] = offset;
    }
    return OQ_OK;
}

static oq_status run_gather_nd(oq_run *ctx)
{
    const oq_array *data = ctx->in[0], *indices = ctx->in[1];
    int64_t batch = oq_node_int(ctx->node, "batch_dims", 0), dims[OQ_MAX_RANK];
    oq_tuples tuples = {0};
    int rank = 0;
    size_t size;
    char *out;

    OQ_TRY(oq_movable_size(ctx, &size));
    OQ_TRY(oq_read_tuples(ctx, batch < 0 || batch > OQ_MAX_RANK ? -1 : (int)batch, &tuples));
    if (indices->rank - 1 + data->rank - (int)batch - tuples.depth > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "the result has more than %d axes", OQ_MAX_RANK);
    for (int i = 0; i < indices->rank - 1; i++)
        dims[rank++] = indices->dims[i];
    for (int i = (int)batch + tuples.depth; i < data->rank; i++)
        dims[rank++] = data->dims[i];
    out = oq_out(ctx, 0, data->dtype, dims, rank);
    if (!out)
        return ctx->status;
    for (size_t i = 0; i < tuples.n; i++)
        memcpy(out + i * tuples.block * size, (const char *)data->data + tuples.offsets[i] * size,
               tuples.block * size);
    return OQ_OK;
}

/* ------------------------------------------------------------------ OneHot */

static oq_status infer_one_hot(oq_infer *ctx)
{
    const oq_shape *indices = &ctx->in[0].shape;
    const oq_elems *depth = oq_in_elems(ctx, 1);
    oq_shape out = oq_shape_scalar();
    int axis;

    ctx->out[0] = (oq_type){ctx->in[2].dtype, oq_shape_unknown()};
    if (indices->rank < 0)
        return OQ_OK;
    if (indices->rank + 1 > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "a result of rank %d; at most %d is possible", indices->rank + 1,
                   OQ_MAX_RANK);
    OQ_TRY(oq_infer_axis(ctx, -1, indices->rank + 1, &axis));
    for (int i = 0; i <= indices->rank; i++)
        out.dims[out.rank++] = i == axis
                                   ? (depth && depth->n == 1 ? oq_dim_of_elem(depth->e[0]) : oq_dim_unknown())
                                   : indices->dims[i - (i > axis)];
    ctx->out[0].shape = out;
    return OQ_OK;
}

/* An element of any number type as int64, cut toward zero. */
static int64_t whole_number(const oq_array *in, size_t i)
{
    float f;
    oq_array one = {.dtype = in->dtype, .n = 1, .size = oq_elem_size(in->dtype)};

    if (in->dtype == OQ_DOUBLE) {
        double d = ((const double *)in->data)[i];

        return d >= -0x1p62 && d <= 0x1p62 ? (int64_t)d : INT64_MAX;
    }
    if (!oq_dtype_is_float(in->dtype))
        return oq_array_int(in, i);
    one.data = (char *)in->data + i * one.size;
    oq_to_floats(&one, &f);
    return f >= -0x1p62f && f <= 0x1p62f ? (int64_t)f : INT64_MAX;
}

static oq_status run_one_hot(oq_run *ctx)
{
    const oq_array *indices = ctx->in[0], *depth_in = ctx->in[1], *values = ctx->in[2];
    size_t size = oq_elem_size(values->dtype), outer, inner;
    int64_t depth, dims[OQ_MAX_RANK];
    oq_strided fill = {.rank = 0};
    int axis;
    char *out;

    if (depth_in->n != 1 || values->n != 2 || size == 0 || indices->rank + 1 > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "depth must be one number and values two; they are %zu and %zu",
                   depth_in->n, values->n);
    depth = whole_number(depth_in, 0);
    if (depth < 1)
        OQ_OP_FAIL(ctx, OQ_RANGE, "a depth of %" PRId64 "; at least 1 is meant", depth);
    OQ_TRY(oq_run_axis(ctx, -1, indices->rank + 1, &axis));
    for (int i = 0; i <= indices->rank; i++)
        dims[i] = i == axis ? depth : indices->dims[i - (i > axis)];
    out = oq_out(ctx, 0, values->dtype, dims, indices->rank + 1);
    if (!out)
        return ctx->status;
    oq_strided_add(&fill, (int64_t)ctx->out[0].n, 1, 0);
    oq_strided_copy(&fill, out, values->data, size, ctx->pool);
    outer = oq_dims_product(dims, 0, axis);
    inner = oq_dims_product(dims, axis + 1, indices->rank + 1);
    for (size_t o = 0; o < outer; o++) {
        for (size_t i = 0; i < inner; i++) {
            int64_t index = whole_number(indices, o * inner + i);

            index += index < 0 ? depth : 0;
            if (index >= 0 && index < depth)
                memcpy(out + ((o * (size_t)depth + (size_t)index) * inner + i) * size,
                       (const char *)values->data + size, size);
        }
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ the rows */

#define ROW(name, since, n_in, types, infer, run, rule, flags)                          \
    {                                                                                   \
        name, "", since, n_in, n_in, 1, 1, types, infer, NULL, run, rule, -1, -1, flags \
    }

/* clang-format off */
const oq_op oq_ops_gather[] = {
    ROW("Gather", 1, 2, OQ_T_MOVABLE, infer_gather, run_gather, OQ_RULE_GATHER, OQ_OP_COMMUTES),
    ROW("GatherElements", 11, 2, OQ_T_MOVABLE, infer_gather_elements, run_gather_elements, OQ_RULE_GATHER, OQ_OP_COMMUTES),
    ROW("GatherND", 11, 2, OQ_T_MOVABLE, infer_gather_nd, run_gather_nd, OQ_RULE_GATHER, OQ_OP_COMMUTES),
    ROW("OneHot", 9, 3, OQ_T_NUMBERS, infer_one_hot, run_one_hot, OQ_RULE_NONE, 0),
    {.name = NULL},
};
/* clang-format on */
