/* op_select: Compress, NonZero, Trilu, TopK: what is taken depends on values or places. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "op/families.h"
#include "op/op_elems.h"
#include "op/op_move.h"
#include "op/order.h"

/* ------------------------------------------------------------------ Compress */

/* How many are taken is known from the condition's values alone. */
static oq_status infer_compress(oq_infer *ctx)
{
    const oq_shape *in = &ctx->in[0].shape;
    int axis;

    ctx->out[0] = (oq_type){ctx->in[0].dtype, oq_shape_ranked(1)};
    if (!oq_node_attr(ctx->node, "axis"))
        return OQ_OK;
    ctx->out[0].shape = *in;
    if (in->rank < 0)
        return OQ_OK;
    OQ_TRY(oq_infer_axis(ctx, 0, in->rank, &axis));
    ctx->out[0].shape.dims[axis] = oq_dim_unknown();
    return OQ_OK;
}

/* Slices of `inner` elements along the axis; without an axis the elements themselves. A condition may be
 * shorter than the axis: what lies behind it is not taken. */
static oq_status run_compress(oq_run *ctx)
{
    const oq_array *in = ctx->in[0], *condition = ctx->in[1];
    const uint8_t *takes = condition->data;
    int64_t dims[OQ_MAX_RANK] = {0}, n = (int64_t)in->n;
    size_t size, inner = 1, outer = 1, taken = 0;
    int axis = 0, rank = 1;
    char *out;

    OQ_TRY(oq_movable_size(ctx, &size));
    if (oq_node_attr(ctx->node, "axis")) {
        OQ_TRY(oq_run_axis(ctx, 0, in->rank, &axis));
        rank = in->rank;
        memcpy(dims, in->dims, sizeof dims);
        n = in->dims[axis];
        outer = oq_dims_product(in->dims, 0, axis);
        inner = oq_dims_product(in->dims, axis + 1, in->rank);
    }
    if (condition->rank != 1 || condition->dtype != OQ_BOOL || condition->dims[0] > n)
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "the condition has rank %d, type %s and %zu elements; up to %" PRId64 " bools are meant",
                   condition->rank, oq_dtype_name(condition->dtype), condition->n, n);
    for (size_t k = 0; k < condition->n; k++)
        taken += takes[k] != 0;
    dims[axis] = (int64_t)taken;
    out = oq_out(ctx, 0, in->dtype, dims, rank);
    if (!out)
        return oq_run_failure(ctx);
    for (size_t o = 0; o < outer && inner; o++) {
        const char *from = (const char *)in->data + o * (size_t)n * inner * size;

        for (size_t k = 0; k < condition->n; k++) {
            if (!takes[k])
                continue;
            memcpy(out, from + k * inner * size, inner * size);
            out += inner * size;
        }
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ NonZero */

static oq_status infer_nonzero(oq_infer *ctx)
{
    ctx->out[0] = (oq_type){OQ_INT64, oq_shape_ranked(2)};
    if (ctx->in[0].shape.rank >= 0)
        ctx->out[0].shape.dims[0] = oq_dim_of(ctx->in[0].shape.rank ? ctx->in[0].shape.rank : 1);
    return OQ_OK;
}

/* A float of either sign is zero when all but its top bit is. */
static bool is_zero(const oq_array *in, size_t i)
{
    size_t size = oq_elem_size(in->dtype);
    uint64_t bits = 0;

    memcpy(&bits, (const char *)in->data + i * size, size);
    if (oq_dtype_is_float(in->dtype))
        bits &= ~((uint64_t)1 << (8 * size - 1));
    return bits == 0;
}

/* A scalar counts as a list of one. */
static oq_status run_nonzero(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    int64_t dims[2] = {in->rank ? in->rank : 1, 0}, at[OQ_MAX_RANK] = {0}, *out;

    for (size_t i = 0; i < in->n; i++)
        dims[1] += !is_zero(in, i);
    out = oq_out(ctx, 0, OQ_INT64, dims, 2);
    if (!out)
        return ctx->status;
    for (size_t i = 0, found = 0; i < in->n; i++) {
        if (!is_zero(in, i)) {
            for (int k = 0; k < dims[0]; k++)
                out[k * dims[1] + (int64_t)found] = at[k];
            found++;
        }
        for (int k = in->rank - 1; k >= 0 && ++at[k] == in->dims[k]; k--)
            at[k] = 0;
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ Trilu */

static oq_status infer_trilu(oq_infer *ctx)
{
    ctx->out[0] = ctx->in[0];
    return OQ_OK;
}

static oq_status run_trilu(oq_run *ctx)
{
    const oq_array *in = ctx->in[0], *diagonal = oq_in(ctx, 1);
    bool is_upper = oq_node_int(ctx->node, "upper", 1) != 0;
    int64_t k = diagonal && diagonal->n ? oq_array_int(diagonal, 0) : 0, rows, columns;
    size_t size;
    char *out;

    OQ_TRY(oq_movable_size(ctx, &size));
    if (in->rank < 2)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the input has rank %d; matrices are meant", in->rank);
    rows = in->dims[in->rank - 2];
    columns = in->dims[in->rank - 1];
    k = k < -rows ? -rows : k > columns ? columns : k;
    out = oq_out_in_place(ctx, 0, 0);
    if (!out)
        return ctx->status;
    if (out != in->data && in->size)
        memcpy(out, in->data, in->size);
    for (size_t r = 0; columns && r < in->n / (size_t)columns; r++) {
        int64_t border =
            (int64_t)(r % (size_t)rows) + k + (is_upper ? 0 : 1); /* first column of the other side */
        char *row = out + r * (size_t)columns * size;

        border = border < 0 ? 0 : border > columns ? columns : border;
        if (is_upper)
            memset(row, 0, (size_t)border * size);
        else
            memset(row + (size_t)border * size, 0, (size_t)(columns - border) * size);
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ TopK */

static oq_status infer_top_k(oq_infer *ctx, bool is_input)
{
    oq_shape shape = ctx->in[0].shape;
    const oq_elems *k = is_input ? oq_in_elems(ctx, 1) : NULL;
    int axis;

    if (shape.rank >= 0) {
        OQ_TRY(oq_infer_axis(ctx, -1, shape.rank, &axis));
        if (!is_input)
            shape.dims[axis] = oq_dim_of_elem(oq_elem_known(oq_node_int(ctx->node, "k", -1)));
        else
            shape.dims[axis] = k && k->n == 1 ? oq_dim_of_elem(k->e[0]) : oq_dim_unknown();
    }
    ctx->out[0] = (oq_type){ctx->in[0].dtype, shape};
    if (ctx->n_out > 1)
        ctx->out[1] = (oq_type){OQ_INT64, shape};
    return OQ_OK;
}

static oq_status infer_top_k_1(oq_infer *ctx)
{
    return infer_top_k(ctx, false);
}

static oq_status infer_top_k_10(oq_infer *ctx)
{
    return infer_top_k(ctx, true);
}

typedef struct {
    uint64_t key; /* the smaller, the earlier */
    int64_t index;
} candidate;

static bool comes_first(const candidate *a, const candidate *b)
{
    return a->key < b->key || (a->key == b->key && a->index < b->index);
}

static int by_rank(const void *a, const void *b)
{
    return comes_first(a, b) ? -1 : 1;
}

/* The k first of n in order: a sorted list of k is kept while k is small, else everything is sorted. */
static void select_first(candidate *all, int64_t n, int64_t k)
{
    if (k > 32) {
        qsort(all, (size_t)n, sizeof *all, by_rank);
        return;
    }
    for (int64_t i = 1; i < n && k > 0; i++) {
        candidate one = all[i];
        int64_t at = i < k ? i : k - 1;

        if (i >= k && !comes_first(&one, &all[k - 1]))
            continue;
        for (; at > 0 && comes_first(&one, &all[at - 1]); at--)
            all[at] = all[at - 1];
        all[at] = one;
    }
}

static oq_status run_top_k_of(oq_run *ctx, int64_t k)
{
    const oq_array *in = ctx->in[0];
    bool is_largest = oq_node_int(ctx->node, "largest", 1) != 0;
    int64_t dims[OQ_MAX_RANK], n, *indices = NULL;
    size_t size, outer, inner;
    candidate *all;
    char *values = NULL;
    int axis;

    OQ_TRY(oq_movable_size(ctx, &size));
    OQ_TRY(oq_run_axis(ctx, -1, in->rank, &axis));
    n = in->dims[axis];
    if (k < 0 || k > n)
        OQ_OP_FAIL(ctx, OQ_RANGE, "the first %" PRId64 " of %" PRId64 " elements", k, n);
    memcpy(dims, in->dims, sizeof dims);
    dims[axis] = k;
    all = oq_scratch(ctx, (size_t)n * sizeof *all);
    values = oq_out(ctx, 0, in->dtype, dims, in->rank);
    if (ctx->n_out > 1 && ctx->wanted[1])
        indices = oq_out(ctx, 1, OQ_INT64, dims, in->rank);
    if (!all || !values || (ctx->n_out > 1 && ctx->wanted[1] && !indices))
        return ctx->status;
    outer = oq_dims_product(in->dims, 0, axis);
    inner = oq_dims_product(in->dims, axis + 1, in->rank);
    for (size_t line = 0; line < outer * inner; line++) {
        size_t first = line / inner * (size_t)n * inner + line % inner;
        size_t to = line / inner * (size_t)k * inner + line % inner;

        for (int64_t i = 0; i < n; i++) {
            uint64_t key = oq_order_key(in, first + (size_t)i * inner);

            all[i] = (candidate){is_largest ? ~key : key, i};
        }
        select_first(all, n, k);
        for (int64_t i = 0; i < k; i++, to += inner) {
            memcpy(values + to * size, (const char *)in->data + (first + (size_t)all[i].index * inner) * size,
                   size);
            if (indices)
                indices[to] = all[i].index;
        }
    }
    return OQ_OK;
}

static oq_status run_top_k_1(oq_run *ctx)
{
    return run_top_k_of(ctx, oq_node_int(ctx->node, "k", -1));
}

static oq_status run_top_k_10(oq_run *ctx)
{
    if (ctx->in[1]->n != 1)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "k holds %zu numbers; one is meant", ctx->in[1]->n);
    return run_top_k_of(ctx, oq_array_int(ctx->in[1], 0));
}

/* ------------------------------------------------------------------ the rows */

/* clang-format off */
const oq_op oq_ops_select[] = {
    {"Compress", "", 9, 2, 2, 1, 1, OQ_T_MOVABLE, infer_compress, NULL, run_compress, OQ_RULE_SAME, -1, -1, OQ_OP_COMMUTES},
    {"NonZero", "", 9, 1, 1, 1, 1, OQ_T_NUMBERS | OQ_T(OQ_BOOL), infer_nonzero, NULL, run_nonzero, OQ_RULE_NONE, -1, -1, 0},
    {"TopK", "", 1, 1, 1, 2, 2, OQ_T_NUMBERS, infer_top_k_1, NULL, run_top_k_1, OQ_RULE_NONE, -1, -1, 0},
    {"TopK", "", 10, 2, 2, 2, 2, OQ_T_NUMBERS, infer_top_k_10, NULL, run_top_k_10, OQ_RULE_NONE, -1, -1, 0},
    {"Trilu", "", 14, 1, 2, 1, 1, OQ_T_NUMBERS | OQ_T(OQ_BOOL), infer_trilu, NULL, run_trilu, OQ_RULE_SAME, -1, -1, OQ_OP_COMMUTES},
    {.name = NULL},
};
/* clang-format on */
