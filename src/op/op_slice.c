/* op_slice: Slice. Bounds are attributes in version 1, inputs since 10 (with steps, and negative steps). */
#include <inttypes.h>
#include <string.h>

#include "op/op_elems.h"
#include "op/op_move.h"
#include "op/op_strided.h"

typedef struct {
    int64_t start, end, step;
} bounds;

/* First index and number of elements taken from an axis of size dim. ONNX moves a start before the front to
 * element 0 for negative steps too, where NumPy takes nothing. */
static int64_t cut(const bounds *b, int64_t dim, int64_t *first)
{
    int64_t low = b->step > 0 ? 0 : -1, high = b->step > 0 ? dim : dim - 1;
    int64_t start = b->start < 0 ? b->start + dim : b->start, end = b->end < 0 ? b->end + dim : b->end;
    uint64_t distance, step = b->step > 0 ? (uint64_t)b->step : 0 - (uint64_t)b->step;

    start = start < 0 ? 0 : start;
    start = start > high ? high : start;
    end = end < low ? low : end > high ? high : end;
    *first = start;
    if (b->step > 0 ? start >= end : start <= end)
        return 0;
    distance = (uint64_t)(b->step > 0 ? end - start : start - end);
    return (int64_t)((distance - 1) / step) + 1;
}

/* Which bound list belongs to which axis. -1: none. False for an axis outside or given twice. */
static bool place_axes(const int64_t *axes, int n, int rank, int *entry_of)
{
    for (int i = 0; i < rank; i++)
        entry_of[i] = -1;
    for (int i = 0; i < n; i++) {
        int axis;

        if (!oq_axis_normalize(axes ? axes[i] : i, rank, &axis) || entry_of[axis] >= 0)
            return false;
        entry_of[axis] = i;
    }
    return true;
}

/* ------------------------------------------------------------------ infer */

/* What is known of the bounds: lists of n, is_known per list. */
typedef struct {
    int n;                                 /* -1: unknown */
    const oq_elems *starts, *ends, *steps; /* NULL steps: all 1 if !has_steps */
    oq_elems attr_starts, attr_ends;
    bool has_steps, has_axes, axes_known;
    int64_t axes[OQ_MAX_ELEMS];
} known_bounds;

/* Start, end and step of entry i when all are numbers. An end beyond any size counts as one. */
static bool entry(const known_bounds *k, int i, bounds *out)
{
    if (!k->starts || !k->ends || (k->has_steps && !k->steps) || i >= k->starts->n || i >= k->ends->n ||
        (k->steps && i >= k->steps->n))
        return false;
    if (!k->starts->e[i].is_known || !k->ends->e[i].is_known || (k->steps && !k->steps->e[i].is_known))
        return false;
    *out = (bounds){k->starts->e[i].value, k->ends->e[i].value, k->steps ? k->steps->e[i].value : 1};
    return true;
}

/* From 0 by 1 up to a symbol of the same name, or to "the end" written as a huge number: all of the axis. */
static oq_dim cut_unknown(const known_bounds *k, int i, oq_dim dim)
{
    bounds b;
    oq_elem end = k->ends && i < k->ends->n ? k->ends->e[i] : oq_elem_unknown();
    bool from_zero = k->starts && i < k->starts->n && k->starts->e[i].is_known && k->starts->e[i].value == 0;
    bool by_one = !k->has_steps ||
                  (k->steps && i < k->steps->n && k->steps->e[i].is_known && k->steps->e[i].value == 1);

    if (entry(k, i, &b) && b.start == 0 && b.step == 1 && b.end >= INT32_MAX)
        return dim;
    if (from_zero && by_one && !end.is_known && end.symbol && end.symbol == dim.symbol)
        return dim;
    return oq_dim_unknown();
}

static oq_status infer_bounds(oq_infer *ctx, const known_bounds *k)
{
    const oq_shape *in = &ctx->in[0].shape;
    const oq_elems *elems = oq_in_elems(ctx, 0);
    int entry_of[OQ_MAX_RANK];
    oq_shape out;
    bounds b;

    ctx->out[0] = (oq_type){ctx->in[0].dtype, in->rank >= 0 ? oq_shape_ranked(in->rank) : oq_shape_unknown()};
    if (in->rank < 0 || k->n < 0 || (k->has_axes && !k->axes_known))
        return OQ_OK;
    if (k->n > in->rank || !place_axes(k->has_axes ? k->axes : NULL, k->n, in->rank, entry_of))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its axes lie outside a rank %d input or repeat", in->rank);
    out = *in;
    for (int i = 0; i < in->rank; i++) {
        int64_t first, n;

        if (entry_of[i] < 0)
            continue;
        if (entry(k, entry_of[i], &b) && b.step == 0)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "a step of 0 on axis %d", i);
        if (in->dims[i].size < 0 || !entry(k, entry_of[i], &b)) {
            out.dims[i] = cut_unknown(k, entry_of[i], in->dims[i]);
            continue;
        }
        n = cut(&b, in->dims[i].size, &first);
        out.dims[i] = oq_dim_of(n);
        if (elems && in->rank == 1 && elems->n == in->dims[0].size) {
            oq_elem e[OQ_MAX_ELEMS];

            for (int64_t j = 0; j < n; j++)
                e[j] = elems->e[first + j * b.step];
            oq_set_elems(ctx, 1, (int)n, e);
        }
    }
    ctx->out[0].shape = out;
    return OQ_OK;
}

static void elems_of_attribute(const oq_node *node, const char *name, oq_elems *out)
{
    size_t n;
    const int64_t *values = oq_node_ints(node, name, &n);

    *out = (oq_elems){.rank = 1, .n = (int)(n < OQ_MAX_ELEMS ? n : OQ_MAX_ELEMS)};
    for (int i = 0; i < out->n; i++)
        out->e[i] = oq_elem_known(values[i]);
}

oq_status oq_infer_slice_1(oq_infer *ctx)
{
    known_bounds k = {.axes_known = true};
    size_t n;
    const int64_t *axes = oq_node_ints(ctx->node, "axes", &n);

    elems_of_attribute(ctx->node, "starts", &k.attr_starts);
    elems_of_attribute(ctx->node, "ends", &k.attr_ends);
    k.starts = &k.attr_starts;
    k.ends = &k.attr_ends;
    k.n = k.attr_starts.n;
    k.has_axes = axes != NULL;
    if (k.attr_ends.n != k.n || (axes && n != (size_t)k.n))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "starts, ends and axes differ in length");
    for (size_t i = 0; axes && i < n; i++)
        k.axes[i] = axes[i];
    return infer_bounds(ctx, &k);
}

oq_status oq_infer_slice_10(oq_infer *ctx)
{
    known_bounds k = {.n = -1};
    int n_axes = 0;

    k.starts = oq_in_elems(ctx, 1);
    k.ends = oq_in_elems(ctx, 2);
    k.has_axes = oq_has_input(ctx, 3);
    k.axes_known = k.has_axes && oq_in_ints(ctx, 3, k.axes, &n_axes);
    k.has_steps = oq_has_input(ctx, 4);
    k.steps = oq_in_elems(ctx, 4);
    if (k.axes_known)
        k.n = n_axes;
    else if (k.starts)
        k.n = k.starts->n;
    else if (ctx->in[1].shape.rank == 1 && ctx->in[1].shape.dims[0].size <= OQ_MAX_RANK)
        k.n = (int)ctx->in[1].shape.dims[0].size;
    if ((k.starts && k.n >= 0 && k.starts->n != k.n) || (k.ends && k.n >= 0 && k.ends->n != k.n) ||
        (k.steps && k.n >= 0 && k.steps->n != k.n))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "starts, ends, axes and steps differ in length");
    return infer_bounds(ctx, &k);
}

/* ------------------------------------------------------------------ run */

static oq_status run_slice(oq_run *ctx, const bounds *list, const int64_t *axes, int n)
{
    const oq_array *in = ctx->in[0];
    int entry_of[OQ_MAX_RANK];
    int64_t dims[OQ_MAX_RANK], from[OQ_MAX_RANK], to[OQ_MAX_RANK], origin = 0, step[OQ_MAX_RANK];
    oq_strided block = {.rank = 0};
    bool is_whole = true;
    size_t size;
    char *out;

    if (!place_axes(axes, n, in->rank, entry_of))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its axes lie outside a rank %d input or repeat", in->rank);
    oq_contiguous_steps(in->dims, in->rank, from);
    for (int i = 0; i < in->rank; i++) {
        const bounds *b = entry_of[i] < 0 ? &(bounds){0, INT64_MAX, 1} : &list[entry_of[i]];
        int64_t first;

        if (b->step == 0)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "a step of 0 on axis %d", i);
        dims[i] = cut(b, in->dims[i], &first);
        step[i] = dims[i] > 1 ? b->step * from[i] : 0;
        origin += dims[i] ? first * from[i] : 0;
        is_whole &= dims[i] == in->dims[i] && (b->step == 1 || dims[i] <= 1);
    }
    if (is_whole)
        return oq_out_alias(ctx, 0, 0, dims, in->rank) ? OQ_OK : ctx->status;
    OQ_TRY(oq_movable_size(ctx, &size));
    out = oq_out(ctx, 0, in->dtype, dims, in->rank);
    if (!out || ctx->out[0].n == 0)
        return out ? OQ_OK : ctx->status;
    oq_contiguous_steps(dims, in->rank, to);
    for (int i = 0; i < in->rank; i++)
        oq_strided_add(&block, dims[i], to[i], step[i]);
    oq_strided_copy(&block, out, (const char *)in->data + (size_t)origin * size, size, ctx->pool);
    return OQ_OK;
}

oq_status oq_run_slice_1(oq_run *ctx)
{
    size_t n_starts, n_ends, n_axes;
    const int64_t *starts = oq_node_ints(ctx->node, "starts", &n_starts);
    const int64_t *ends = oq_node_ints(ctx->node, "ends", &n_ends);
    const int64_t *axes = oq_node_ints(ctx->node, "axes", &n_axes);
    bounds list[OQ_MAX_RANK];

    if (n_starts != n_ends || (axes && n_axes != n_starts) || n_starts > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "starts, ends and axes differ in length");
    for (size_t i = 0; i < n_starts; i++)
        list[i] = (bounds){starts[i], ends[i], 1};
    return run_slice(ctx, list, axes, (int)n_starts);
}

oq_status oq_run_slice_10(oq_run *ctx)
{
    const oq_array *starts = ctx->in[1], *ends = ctx->in[2], *axes = oq_in(ctx, 3), *steps = oq_in(ctx, 4);
    int64_t axis_list[OQ_MAX_RANK];
    bounds list[OQ_MAX_RANK];

    if (starts->n != ends->n || (axes && axes->n != starts->n) || (steps && steps->n != starts->n) ||
        starts->n > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "starts, ends, axes and steps differ in length");
    for (size_t i = 0; i < starts->n; i++) {
        list[i] =
            (bounds){oq_array_int(starts, i), oq_array_int(ends, i), steps ? oq_array_int(steps, i) : 1};
        axis_list[i] = axes ? oq_array_int(axes, i) : (int64_t)i;
    }
    return run_slice(ctx, list, axis_list, (int)starts->n);
}
