/* op_shape: operators that read or change only the shape: Shape, Size, Reshape, Flatten, Squeeze, Unsqueeze,
 * Identity, Dropout. Their outputs share the bytes of the input. */
#include <inttypes.h>
#include <string.h>

#include "op/families.h"
#include "op/op_axes.h"
#include "op/op_elems.h"

/* ------------------------------------------------------------------ products of partly known sizes */

/* A product: a number times symbols. */
typedef struct {
    int64_t number;
    const char *symbols[2 * OQ_MAX_RANK];
    int n_symbols;
    bool is_unknown; /* one factor is not even a symbol, or the number overflows */
} product;

static void multiply(product *p, oq_dim dim)
{
    if (dim.size >= 0)
        p->is_unknown |= __builtin_mul_overflow(p->number, dim.size, &p->number);
    else if (dim.symbol)
        p->symbols[p->n_symbols++] = dim.symbol;
    else
        p->is_unknown = true;
}

static product product_of(const oq_dim *dims, int n)
{
    product p = {.number = 1};

    for (int i = 0; i < n; i++)
        multiply(&p, dims[i]);
    return p;
}

/* Strike out the symbols both have. */
static void cancel(product *a, product *b)
{
    for (int i = 0; i < a->n_symbols;) {
        int k = 0;

        while (k < b->n_symbols && b->symbols[k] != a->symbols[i])
            k++;
        if (k < b->n_symbols) {
            b->symbols[k] = b->symbols[--b->n_symbols];
            a->symbols[i] = a->symbols[--a->n_symbols];
        } else {
            i++;
        }
    }
}

static oq_dim dim_of_product(const product *p)
{
    if (p->is_unknown)
        return oq_dim_unknown();
    if (p->n_symbols == 0)
        return oq_dim_of(p->number);
    if (p->n_symbols == 1 && p->number == 1)
        return (oq_dim){-1, p->symbols[0]};
    return p->number == 0 ? oq_dim_of(0) : oq_dim_unknown();
}

/* ------------------------------------------------------------------ Shape, Size */

/* Where Shape's start or end points in a shape of that rank. */
static int clamp_position(int64_t at, int rank)
{
    if (at < 0)
        at += rank;
    return (int)(at < 0 ? 0 : at > rank ? rank : at);
}

static void shape_bounds(const oq_node *node, int rank, int *from, int *to)
{
    bool has_bounds = node->opset >= 15;

    *from = has_bounds ? clamp_position(oq_node_int(node, "start", 0), rank) : 0;
    *to = has_bounds ? clamp_position(oq_node_int(node, "end", rank), rank) : rank;
    if (*to < *from)
        *to = *from;
}

static oq_status infer_shape(oq_infer *ctx)
{
    const oq_shape *in = &ctx->in[0].shape;
    oq_elem e[OQ_MAX_RANK];
    int from, to;

    ctx->out[0] = (oq_type){OQ_INT64, oq_shape_ranked(1)};
    if (in->rank < 0)
        return OQ_OK;
    shape_bounds(ctx->node, in->rank, &from, &to);
    ctx->out[0].shape.dims[0] = oq_dim_of(to - from);
    for (int i = from; i < to; i++)
        e[i - from] = oq_elem_of_dim(in->dims[i]);
    oq_set_elems(ctx, 1, to - from, e);
    return OQ_OK;
}

static oq_status run_shape(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    int from, to;
    int64_t *out, n;

    shape_bounds(ctx->node, in->rank, &from, &to);
    n = to - from;
    out = oq_out(ctx, 0, OQ_INT64, &n, 1);
    if (!out)
        return ctx->status;
    for (int i = from; i < to; i++)
        out[i - from] = in->dims[i];
    return OQ_OK;
}

static oq_status infer_size(oq_infer *ctx)
{
    ctx->out[0] = (oq_type){OQ_INT64, oq_shape_scalar()};
    if (ctx->in[0].shape.rank >= 0) {
        product p = product_of(ctx->in[0].shape.dims, ctx->in[0].shape.rank);
        oq_elem e = oq_elem_of_dim(dim_of_product(&p));

        oq_set_elems(ctx, 0, 1, &e);
    }
    return OQ_OK;
}

static oq_status run_size(oq_run *ctx)
{
    int64_t *out = oq_out(ctx, 0, OQ_INT64, NULL, 0);

    if (!out)
        return ctx->status;
    *out = (int64_t)ctx->in[0]->n;
    return OQ_OK;
}

/* ------------------------------------------------------------------ Reshape */

/* The wanted sizes as far as known; *solve is the one that follows from the others (-1, or the only unknown
 * one), or -1. */
static oq_status wanted_dims(oq_infer *ctx, const oq_elems *wanted, oq_shape *out, int *solve)
{
    const oq_shape *in = &ctx->in[0].shape;
    bool is_zero_kept = oq_node_int(ctx->node, "allowzero", 0) != 0;
    int n_unknown = 0, unknown = -1;

    *solve = -1;
    for (int k = 0; k < wanted->n; k++) {
        oq_elem e = wanted->e[k];

        out->dims[k] = oq_dim_of_elem(e);
        if (e.is_known && e.value < -1)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "wanted size %" PRId64 " at place %d; only -1 and sizes are meant",
                       e.value, k);
        if (e.is_known && e.value == -1) {
            if (*solve >= 0)
                OQ_OP_FAIL(ctx, OQ_SHAPE, "two sizes are -1, at places %d and %d; one is possible", *solve,
                           k);
            *solve = k;
        } else if (e.is_known && e.value == 0 && !is_zero_kept) {
            if (in->rank >= 0 && k >= in->rank)
                OQ_OP_FAIL(ctx, OQ_SHAPE, "size 0 at place %d copies a size that a rank %d input has not", k,
                           in->rank);
            out->dims[k] = in->rank >= 0 ? in->dims[k] : oq_dim_unknown();
        } else if (!e.is_known && !e.symbol) {
            n_unknown++;
            unknown = k;
        }
    }
    if (*solve < 0 && n_unknown == 1)
        *solve = unknown;
    else if (*solve >= 0 && n_unknown > 0)
        *solve = -1;
    return OQ_OK;
}

/* out->dims[solve] from the elements of the input: equal symbols on both sides cancel. */
static oq_status solve_dim(oq_infer *ctx, oq_shape *out, int solve)
{
    const oq_shape *in = &ctx->in[0].shape;
    product have, rest = {.number = 1};

    if (in->rank < 0)
        return OQ_OK;
    have = product_of(in->dims, in->rank);
    for (int k = 0; k < out->rank; k++) {
        if (k != solve)
            multiply(&rest, out->dims[k]);
    }
    cancel(&have, &rest);
    if (have.is_unknown || rest.is_unknown || rest.n_symbols > 0 || rest.number == 0)
        return OQ_OK;
    if (have.number % rest.number != 0) {
        if (have.n_symbols == 0)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "%" PRId64 " elements do not divide into parts of %" PRId64,
                       have.number, rest.number);
        return OQ_OK;
    }
    have.number /= rest.number;
    out->dims[solve] = dim_of_product(&have);
    return OQ_OK;
}

static oq_status check_same_count(oq_infer *ctx, const oq_shape *out)
{
    product have = product_of(ctx->in[0].shape.dims, ctx->in[0].shape.rank),
            want = product_of(out->dims, out->rank);
    char a[256], b[256];

    cancel(&have, &want);
    if (have.is_unknown || want.is_unknown || have.n_symbols || want.n_symbols || have.number == want.number)
        return OQ_OK;
    OQ_OP_FAIL(ctx, OQ_SHAPE, "shape %s does not reshape to %s: another number of elements",
               oq_shape_text(&ctx->in[0].shape, a, sizeof a), oq_shape_text(out, b, sizeof b));
}

static oq_status infer_reshape(oq_infer *ctx)
{
    const oq_elems *wanted = oq_in_elems(ctx, 1);
    oq_shape out = oq_shape_unknown();
    int solve;

    ctx->out[0] = (oq_type){ctx->in[0].dtype, out};
    if (!wanted) {
        const oq_shape *shape = &ctx->in[1].shape;

        if (shape->rank == 1 && shape->dims[0].size >= 0 && shape->dims[0].size <= OQ_MAX_RANK)
            ctx->out[0].shape = oq_shape_ranked((int)shape->dims[0].size);
        return OQ_OK;
    }
    if (wanted->n > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "reshaping to rank %d; at most %d is possible", wanted->n,
                   OQ_MAX_RANK);
    out = oq_shape_ranked(wanted->n);
    OQ_TRY(wanted_dims(ctx, wanted, &out, &solve));
    if (solve >= 0)
        OQ_TRY(solve_dim(ctx, &out, solve));
    else if (ctx->in[0].shape.rank >= 0)
        OQ_TRY(check_same_count(ctx, &out));
    ctx->out[0].shape = out;
    oq_pass_elems(ctx, out.rank);
    return OQ_OK;
}

static oq_status run_reshape(oq_run *ctx)
{
    const oq_array *in = ctx->in[0], *wanted = ctx->in[1];
    bool is_zero_kept = oq_node_int(ctx->node, "allowzero", 0) != 0;
    int64_t dims[OQ_MAX_RANK];
    size_t rest = 1, n;
    int solve = -1;

    if (wanted->n > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "reshaping to rank %zu; at most %d is possible", wanted->n,
                   OQ_MAX_RANK);
    for (int k = 0; k < (int)wanted->n; k++) {
        dims[k] = oq_array_int(wanted, (size_t)k);
        if (dims[k] < -1 || (dims[k] == -1 && solve >= 0))
            OQ_OP_FAIL(ctx, OQ_SHAPE, "wanted size %" PRId64 " at place %d; sizes and one -1 are meant",
                       dims[k], k);
        if (dims[k] == 0 && !is_zero_kept) {
            if (k >= in->rank)
                OQ_OP_FAIL(ctx, OQ_SHAPE, "size 0 at place %d copies a size that a rank %d input has not", k,
                           in->rank);
            dims[k] = in->dims[k];
        }
        if (dims[k] == -1)
            solve = k;
        else if (__builtin_mul_overflow(rest, (size_t)dims[k], &rest))
            OQ_OP_FAIL(ctx, OQ_LIMIT, "the wanted shape has too many elements");
    }
    if (solve >= 0)
        dims[solve] = rest ? (int64_t)(in->n / rest) : 0;
    if (!oq_dims_count(dims, (int)wanted->n, &n) || n != in->n)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu elements do not reshape to the wanted %zu", in->n,
                   solve >= 0 ? rest : n);
    return oq_out_alias(ctx, 0, 0, dims, (int)wanted->n) ? OQ_OK : ctx->status;
}

/* ------------------------------------------------------------------ Flatten */

static bool flatten_axis(const oq_node *node, int rank, int *axis)
{
    int64_t given = oq_node_int(node, "axis", 1);

    if (given < -rank || given > rank)
        return false;
    *axis = (int)(given < 0 ? given + rank : given);
    return true;
}

static oq_status infer_flatten(oq_infer *ctx)
{
    const oq_shape *in = &ctx->in[0].shape;
    product before, after;
    int axis;

    ctx->out[0] = (oq_type){ctx->in[0].dtype, oq_shape_ranked(2)};
    if (in->rank < 0)
        return OQ_OK;
    if (!flatten_axis(ctx->node, in->rank, &axis))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside a rank %d input",
                   oq_node_int(ctx->node, "axis", 1), in->rank);
    before = product_of(in->dims, axis);
    after = product_of(in->dims + axis, in->rank - axis);
    ctx->out[0].shape.dims[0] = dim_of_product(&before);
    ctx->out[0].shape.dims[1] = dim_of_product(&after);
    return OQ_OK;
}

static oq_status run_flatten(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    int axis;
    int64_t dims[2];

    if (!flatten_axis(ctx->node, in->rank, &axis))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside a rank %d input",
                   oq_node_int(ctx->node, "axis", 1), in->rank);
    dims[0] = (int64_t)oq_dims_product(in->dims, 0, axis);
    dims[1] = (int64_t)oq_dims_product(in->dims, axis, in->rank);
    return oq_out_alias(ctx, 0, 0, dims, 2) ? OQ_OK : ctx->status;
}

/* ------------------------------------------------------------------ Squeeze, Unsqueeze */

static oq_status infer_squeeze(oq_infer *ctx, int input)
{
    const oq_shape *in = &ctx->in[0].shape;
    oq_shape out = oq_shape_scalar();
    bool marks[OQ_MAX_RANK];
    int64_t bad;
    oq_axes axes;

    ctx->out[0] = (oq_type){ctx->in[0].dtype, oq_shape_unknown()};
    OQ_TRY(oq_axes_infer(ctx, input, &axes));
    if (in->rank < 0 || !axes.is_known)
        return OQ_OK;
    if (!oq_axes_mark(&axes, in->rank, marks, &bad))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside a rank %d input", bad, in->rank);
    for (int i = 0; i < in->rank; i++) {
        if (!axes.is_given && in->dims[i].size < 0)
            return OQ_OK; /* would it go or stay? even the rank is open */
        if (axes.is_given ? marks[i] : in->dims[i].size == 1) {
            if (in->dims[i].size > 1 || in->dims[i].size == 0)
                OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %d has size %" PRId64 "; only size 1 can go", i,
                           in->dims[i].size);
            continue;
        }
        out.dims[out.rank++] = in->dims[i];
    }
    ctx->out[0].shape = out;
    oq_pass_elems(ctx, out.rank);
    return OQ_OK;
}

static oq_status run_squeeze(oq_run *ctx, int input)
{
    const oq_array *in = ctx->in[0];
    bool marks[OQ_MAX_RANK];
    int64_t dims[OQ_MAX_RANK], bad;
    int rank = 0;
    oq_axes axes;

    OQ_TRY(oq_axes_run(ctx, input, &axes));
    if (!oq_axes_mark(&axes, in->rank, marks, &bad))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside a rank %d input", bad, in->rank);
    for (int i = 0; i < in->rank; i++) {
        if (axes.is_given ? marks[i] : in->dims[i] == 1) {
            if (in->dims[i] != 1)
                OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %d has size %" PRId64 "; only size 1 can go", i, in->dims[i]);
            continue;
        }
        dims[rank++] = in->dims[i];
    }
    return oq_out_alias(ctx, 0, 0, dims, rank) ? OQ_OK : ctx->status;
}

static oq_status infer_unsqueeze(oq_infer *ctx, int input)
{
    const oq_shape *in = &ctx->in[0].shape;
    oq_shape out;
    bool marks[OQ_MAX_RANK];
    int64_t bad;
    oq_axes axes;

    ctx->out[0] = (oq_type){ctx->in[0].dtype, oq_shape_unknown()};
    OQ_TRY(oq_axes_infer(ctx, input, &axes));
    if (in->rank < 0 || !axes.is_known)
        return OQ_OK;
    if (in->rank + axes.n > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "rank %d; at most %d is possible", in->rank + axes.n, OQ_MAX_RANK);
    out = oq_shape_ranked(in->rank + axes.n);
    if (!oq_axes_mark(&axes, out.rank, marks, &bad))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside a rank %d output", bad, out.rank);
    for (int i = 0, k = 0; i < out.rank; i++) {
        if (!marks[i] && k == in->rank)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "an axis is given twice");
        out.dims[i] = marks[i] ? oq_dim_of(1) : in->dims[k++];
    }
    ctx->out[0].shape = out;
    oq_pass_elems(ctx, out.rank);
    return OQ_OK;
}

static oq_status run_unsqueeze(oq_run *ctx, int input)
{
    const oq_array *in = ctx->in[0];
    bool marks[OQ_MAX_RANK];
    int64_t dims[OQ_MAX_RANK], bad;
    int rank;
    oq_axes axes;

    OQ_TRY(oq_axes_run(ctx, input, &axes));
    rank = in->rank + axes.n;
    if (rank > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "rank %d; at most %d is possible", rank, OQ_MAX_RANK);
    if (!oq_axes_mark(&axes, rank, marks, &bad))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside a rank %d output", bad, rank);
    for (int i = 0, k = 0; i < rank; i++) {
        if (!marks[i] && k == in->rank)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "an axis is given twice");
        dims[i] = marks[i] ? 1 : in->dims[k++];
    }
    return oq_out_alias(ctx, 0, 0, dims, rank) ? OQ_OK : ctx->status;
}

static oq_status infer_squeeze_1(oq_infer *ctx)
{
    return infer_squeeze(ctx, OQ_AXES_ATTRIBUTE);
}

static oq_status infer_squeeze_13(oq_infer *ctx)
{
    return infer_squeeze(ctx, 1);
}

static oq_status run_squeeze_1(oq_run *ctx)
{
    return run_squeeze(ctx, OQ_AXES_ATTRIBUTE);
}

static oq_status run_squeeze_13(oq_run *ctx)
{
    return run_squeeze(ctx, 1);
}

static oq_status infer_unsqueeze_1(oq_infer *ctx)
{
    return infer_unsqueeze(ctx, OQ_AXES_ATTRIBUTE);
}

static oq_status infer_unsqueeze_13(oq_infer *ctx)
{
    return infer_unsqueeze(ctx, 1);
}

static oq_status run_unsqueeze_1(oq_run *ctx)
{
    return run_unsqueeze(ctx, OQ_AXES_ATTRIBUTE);
}

static oq_status run_unsqueeze_13(oq_run *ctx)
{
    return run_unsqueeze(ctx, 1);
}

/* ------------------------------------------------------------------ Identity, Dropout */

static oq_status infer_identity(oq_infer *ctx)
{
    ctx->out[0] = ctx->in[0];
    if (ctx->in[0].shape.rank >= 0)
        oq_pass_elems(ctx, ctx->in[0].shape.rank);
    return OQ_OK;
}

static oq_status run_identity(oq_run *ctx)
{
    return oq_out_alias(ctx, 0, 0, ctx->in[0]->dims, ctx->in[0]->rank) ? OQ_OK : ctx->status;
}

/* The mask has the shape of the data; it is bool from version 10, of the data's type before. */
static oq_status infer_dropout(oq_infer *ctx)
{
    ctx->out[0] = ctx->in[0];
    if (ctx->n_out > 1)
        ctx->out[1] = (oq_type){ctx->node->opset >= 10 ? OQ_BOOL : ctx->in[0].dtype, ctx->in[0].shape};
    return OQ_OK;
}

/* All ones: nothing is dropped in inference. */
static oq_status write_mask(oq_run *ctx)
{
    const oq_array *x = ctx->in[0];
    oq_dtype dtype = ctx->node->opset >= 10 ? OQ_BOOL : x->dtype;
    void *mask = oq_out(ctx, 1, dtype, x->dims, x->rank);
    float one = 1.0f;

    if (!mask)
        return ctx->status;
    if (dtype == OQ_BOOL) {
        memset(mask, 1, x->n);
        return OQ_OK;
    }
    for (size_t i = 0; i < x->n; i++)
        oq_from_floats(&one, dtype, (char *)mask + i * oq_elem_size(dtype), 1);
    return OQ_OK;
}

static oq_status run_dropout(oq_run *ctx)
{
    const oq_array *ratio = oq_in(ctx, 1), *training = oq_in(ctx, 2);
    float rate = 0.5f;

    if (ratio && ratio->n)
        oq_to_floats(&(oq_array){.dtype = ratio->dtype, .n = 1, .data = ratio->data, .size = ratio->size},
                     &rate);
    if (training && training->n && *(const uint8_t *)training->data && rate != 0.0f)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED,
                   "training_mode is on; dropping at random has no defined result, switch it off");
    if (ctx->n_out > 1 && ctx->wanted[1])
        OQ_TRY(write_mask(ctx));
    return run_identity(ctx);
}

/* ------------------------------------------------------------------ the rows */

#define MOVES OQ_OP_COMMUTES
/* clang-format off */
const oq_op oq_ops_shape[] = {
    {"Dropout", "", 7, 1, 1, 1, 2, OQ_T_FLOATS, infer_dropout, NULL, run_dropout, OQ_RULE_SAME, -1, -1, MOVES, OQ_LAYOUT_POINT},
    {"Dropout", "", 12, 1, 3, 1, 2, OQ_T_FLOATS, infer_dropout, NULL, run_dropout, OQ_RULE_SAME, -1, -1, MOVES, OQ_LAYOUT_POINT},
    {"Flatten", "", 1, 1, 1, 1, 1, OQ_T_ALL, infer_flatten, NULL, run_flatten, OQ_RULE_SAME, -1, -1, MOVES},
    {"Identity", "", 1, 1, 1, 1, 1, OQ_T_ALL, infer_identity, NULL, run_identity, OQ_RULE_SAME, -1, -1, MOVES | OQ_OP_SEQUENCES, OQ_LAYOUT_POINT},
    {"Reshape", "", 5, 2, 2, 1, 1, OQ_T_ALL, infer_reshape, NULL, run_reshape, OQ_RULE_SAME, -1, -1, MOVES},
    {"Shape", "", 1, 1, 1, 1, 1, OQ_T_ALL, infer_shape, NULL, run_shape, OQ_RULE_NONE, -1, -1, OQ_OP_SHAPE},
    {"Size", "", 1, 1, 1, 1, 1, OQ_T_ALL, infer_size, NULL, run_size, OQ_RULE_NONE, -1, -1, OQ_OP_SHAPE},
    {"Squeeze", "", 1, 1, 1, 1, 1, OQ_T_ALL, infer_squeeze_1, NULL, run_squeeze_1, OQ_RULE_SAME, -1, -1, MOVES},
    {"Squeeze", "", 13, 1, 2, 1, 1, OQ_T_ALL, infer_squeeze_13, NULL, run_squeeze_13, OQ_RULE_SAME, -1, -1, MOVES},
    {"Unsqueeze", "", 1, 1, 1, 1, 1, OQ_T_ALL, infer_unsqueeze_1, NULL, run_unsqueeze_1, OQ_RULE_SAME, -1, -1, MOVES},
    {"Unsqueeze", "", 13, 2, 2, 1, 1, OQ_T_ALL, infer_unsqueeze_13, NULL, run_unsqueeze_13, OQ_RULE_SAME, -1, -1, MOVES},
    {.name = NULL},
};
/* clang-format on */
