/* op_pad: Pad with a constant, or by looking into the input: reflect (the edge once), edge, wrap. Negative
 * pads cut off. Pads are an attribute in version 2, an input since 11, for chosen axes since 18. */
#include <inttypes.h>
#include <string.h>

#include "op/op_axes.h"
#include "op/op_elems.h"
#include "op/op_move.h"
#include "op/op_strided.h"

typedef enum { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP } pad_mode;

static bool mode_of(const oq_node *node, pad_mode *mode)
{
    static const char *const names[] = {"constant", "reflect", "edge", "wrap"};
    const char *given = oq_node_string(node, "mode", "constant");

    for (int i = 0; i < 4; i++) {
        if (strcmp(given, names[i]) == 0) {
            *mode = (pad_mode)i;
            return true;
        }
    }
    return false;
}

/* Pads before and after each axis of the input, from the list (befores, then afters) of the chosen axes. */
static bool spread_pads(const int64_t *list, size_t n, const oq_axes *axes, int rank, int64_t *before,
                        int64_t *after)
{
    int n_axes = axes->is_given ? axes->n : rank;

    if (n != 2 * (size_t)n_axes)
        return false;
    for (int i = 0; i < rank; i++)
        before[i] = after[i] = 0;
    for (int i = 0; i < n_axes; i++) {
        int axis;

        if (!oq_axis_normalize(axes->is_given ? axes->values[i] : i, rank, &axis))
            return false;
        before[axis] = list[i];
        after[axis] = list[n_axes + i];
    }
    return true;
}

/* ------------------------------------------------------------------ infer */

static oq_status infer_pads(oq_infer *ctx, const int64_t *list, size_t n, const oq_axes *axes)
{
    const oq_shape *in = &ctx->in[0].shape;
    int64_t before[OQ_MAX_RANK], after[OQ_MAX_RANK];

    if (in->rank < 0)
        return OQ_OK;
    if (!spread_pads(list, n, axes, in->rank, before, after))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu pads do not fit an input of rank %d: two per axis are meant", n,
                   in->rank);
    for (int i = 0; i < in->rank; i++) {
        oq_dim *dim = &ctx->out[0].shape.dims[i];
        int64_t size;

        if (before[i] == 0 && after[i] == 0)
            *dim = in->dims[i];
        else if (in->dims[i].size >= 0 && !__builtin_add_overflow(before[i], after[i], &size) &&
                 !__builtin_add_overflow(size, in->dims[i].size, &size))
            *dim = size >= 0 ? oq_dim_of(size) : oq_dim_of(0);
    }
    return OQ_OK;
}

static void infer_rank(oq_infer *ctx)
{
    int rank = ctx->in[0].shape.rank;

    ctx->out[0] = (oq_type){ctx->in[0].dtype, rank >= 0 ? oq_shape_ranked(rank) : oq_shape_unknown()};
}

oq_status oq_infer_pad_2(oq_infer *ctx)
{
    size_t n;
    const int64_t *list = oq_node_ints(ctx->node, "pads", &n);

    infer_rank(ctx);
    return infer_pads(ctx, list, n, &(oq_axes){.is_known = true});
}

oq_status oq_infer_pad_11(oq_infer *ctx)
{
    int64_t list[OQ_MAX_ELEMS] = {0};
    oq_axes axes;
    int n;

    infer_rank(ctx);
    OQ_TRY(oq_axes_infer(ctx, 3, &axes));
    if (!axes.is_known || !oq_in_ints(ctx, 1, list, &n))
        return OQ_OK;
    return infer_pads(ctx, list, (size_t)n, &axes);
}

/* ------------------------------------------------------------------ run */

typedef struct {
    int64_t before[OQ_MAX_RANK], after[OQ_MAX_RANK], dims[OQ_MAX_RANK];
    pad_mode mode;
    const void *fill; /* one element */
} padding;

static void pad_constant(oq_run *ctx, const padding *pad, char *out, size_t size)
{
    const oq_array *in = ctx->in[0];
    int64_t from[OQ_MAX_RANK], to[OQ_MAX_RANK], out_origin = 0, in_origin = 0;
    oq_strided fill = {.rank = 0}, block = {.rank = 0};

    oq_strided_add(&fill, (int64_t)ctx->out[0].n, 1, 0);
    oq_strided_copy(&fill, out, pad->fill, size, ctx->pool);
    oq_contiguous_steps(in->dims, in->rank, from);
    oq_contiguous_steps(pad->dims, in->rank, to);
    for (int i = 0; i < in->rank; i++) {
        int64_t cut_before = pad->before[i] < 0 ? -pad->before[i] : 0;
        int64_t cut_after = pad->after[i] < 0 ? -pad->after[i] : 0;

        oq_strided_add(&block, in->dims[i] - cut_before - cut_after, to[i], from[i]);
        in_origin += cut_before * from[i];
        out_origin += pad->before[i] > 0 ? pad->before[i] * to[i] : 0;
    }
    for (int i = 0; i < block.rank; i++) {
        if (block.dims[i] <= 0)
            return;
    }
    oq_strided_copy(&block, out + (size_t)out_origin * size,
                    (const char *)in->data + (size_t)in_origin * size, size, ctx->pool);
}

/* Index in the input of output index i along an axis of size dim (at least 1). */
static int64_t source_index(int64_t i, int64_t dim, pad_mode mode)
{
    int64_t period = mode == PAD_REFLECT ? 2 * (dim - 1) : dim, at;

    if (mode == PAD_EDGE)
        return i < 0 ? 0 : i >= dim ? dim - 1 : i;
    if (period == 0)
        return 0;
    at = i % period;
    at = at < 0 ? at + period : at;
    return at < dim ? at : period - at;
}

/* One row of the output: element by element, but for the stretch that is the input's own row. */
static void look_along(char *out, const char *in, const int64_t *table, int64_t n, int64_t before,
                       int64_t dim, size_t size)
{
    for (int64_t k = 0; k < n; k++) {
        int64_t inside = k - before;

        if (inside >= 0 && inside < dim) {
            int64_t length = dim - inside < n - k ? dim - inside : n - k;

            memcpy(out + (size_t)k * size, in + (size_t)table[k] * size, (size_t)length * size);
            k += length - 1;
        } else {
            memcpy(out + (size_t)k * size, in + (size_t)table[k] * size, size);
        }
    }
}

/* Output row by row through a table of source offsets, one stretch of it per axis. */
static oq_status pad_looking(oq_run *ctx, const padding *pad, char *out, size_t size)
{
    const oq_array *in = ctx->in[0];
    int64_t from[OQ_MAX_RANK], at[OQ_MAX_RANK] = {0}, *table;
    size_t start[OQ_MAX_RANK] = {0}, total = 0;
    int rank = in->rank, last = rank - 1;

    if (last < 0)
        OQ_OP_FAIL(ctx, OQ_INTERNAL, "a scalar has nothing to pad");
    oq_contiguous_steps(in->dims, rank, from);
    for (int i = 0; i < rank; i++) {
        start[i] = total;
        total += (size_t)pad->dims[i]; /* the output is there: no size exceeds its elements */
    }
    table = oq_scratch(ctx, total * sizeof *table);
    if (!table)
        return oq_run_failure(ctx);
    for (int i = 0; i < rank; i++) {
        for (int64_t k = 0; k < pad->dims[i]; k++)
            table[start[i] + (size_t)k] = source_index(k - pad->before[i], in->dims[i], pad->mode) * from[i];
    }
    for (size_t done = 0; done < ctx->out[0].n; done += (size_t)pad->dims[last]) {
        int64_t origin = 0;

        for (int i = 0; i < last; i++)
            origin += table[start[i] + (size_t)at[i]];
        look_along(out + done * size, (const char *)in->data + (size_t)origin * size, table + start[last],
                   pad->dims[last], pad->before[last], in->dims[last], size);
        for (int i = last - 1; i >= 0 && ++at[i] == pad->dims[i]; i--)
            at[i] = 0;
    }
    return OQ_OK;
}

static oq_status pad_dims(oq_run *ctx, padding *pad)
{
    const oq_array *in = ctx->in[0];

    for (int i = 0; i < in->rank; i++) {
        if (__builtin_add_overflow(pad->before[i], pad->after[i], &pad->dims[i]) ||
            __builtin_add_overflow(pad->dims[i], in->dims[i], &pad->dims[i]) || pad->dims[i] < 0 ||
            pad->before[i] < -in->dims[i] || pad->after[i] < -in->dims[i])
            OQ_OP_FAIL(ctx, OQ_RANGE, "pads %" PRId64 " and %" PRId64 " do not fit axis %d of size %" PRId64,
                       pad->before[i], pad->after[i], i, in->dims[i]);
        if (pad->mode != PAD_CONSTANT && in->dims[i] == 0 && pad->dims[i] > 0)
            OQ_OP_FAIL(ctx, OQ_RANGE, "axis %d is empty: there is nothing to pad it with", i);
    }
    return OQ_OK;
}

static oq_status run_pads(oq_run *ctx, const int64_t *list, size_t n, const oq_axes *axes, const void *fill)
{
    const oq_array *in = ctx->in[0];
    padding pad = {.fill = fill};
    bool is_whole = true;
    size_t size;
    char *out;

    if (!mode_of(ctx->node, &pad.mode))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "mode '%s'; constant, reflect, edge and wrap are known",
                   oq_node_string(ctx->node, "mode", ""));
    if (!spread_pads(list, n, axes, in->rank, pad.before, pad.after))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu pads do not fit an input of rank %d: two per axis are meant", n,
                   in->rank);
    OQ_TRY(pad_dims(ctx, &pad));
    for (int i = 0; i < in->rank; i++) /* a scalar is whole */
        is_whole &= pad.before[i] == 0 && pad.after[i] == 0;
    if (is_whole)
        return oq_out_alias(ctx, 0, 0, in->dims, in->rank) ? OQ_OK : ctx->status;
    OQ_TRY(oq_movable_size(ctx, &size));
    out = oq_out(ctx, 0, in->dtype, pad.dims, in->rank);
    if (!out || ctx->out[0].n == 0)
        return out ? OQ_OK : ctx->status;
    if (pad.mode != PAD_CONSTANT)
        return pad_looking(ctx, &pad, out, size);
    pad_constant(ctx, &pad, out, size);
    return OQ_OK;
}

oq_status oq_run_pad_2(oq_run *ctx)
{
    unsigned char fill[sizeof(double)] = {0};
    float value = oq_node_float(ctx->node, "value", 0.0f);
    size_t n;
    const int64_t *list = oq_node_ints(ctx->node, "pads", &n);

    oq_from_floats(&value, ctx->in[0]->dtype, fill, 1);
    return run_pads(ctx, list, n, &(oq_axes){.is_known = true}, fill);
}

oq_status oq_run_pad_11(oq_run *ctx)
{
    static const oq_string zero = {"", 0};
    const oq_array *pads = ctx->in[1], *value = oq_in(ctx, 2);
    int64_t list[2 * OQ_MAX_RANK] = {0};
    oq_axes axes;

    OQ_TRY(oq_axes_run(ctx, 3, &axes));
    if (pads->n > 2 * OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "%zu pads; at most %d are possible", pads->n, 2 * OQ_MAX_RANK);
    if (value && value->n && value->dtype != ctx->in[0]->dtype)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "constant_value is %s, the data %s; they must have one type",
                   oq_dtype_name(value->dtype), oq_dtype_name(ctx->in[0]->dtype));
    for (size_t i = 0; i < pads->n; i++)
        list[i] = oq_array_int(pads, i);
    return run_pads(ctx, list, pads->n, &axes,
                    value && value->n                ? value->data
                    : ctx->in[0]->dtype == OQ_STRING ? (const void *)&zero
                                                     : (const void *)(const char[16]){0});
}
