/* op_move: Transpose, Concat, Split, Tile, DepthToSpace, SpaceToDepth: elements move, none changes. Each is a
 * strided copy (op_strided.h) with its own steps. */
#include "op/op_move.h"

#include <inttypes.h>
#include <string.h>

#include "op/families.h"
#include "op/op_elems.h"
#include "op/op_strided.h"
#include "op/packed.h"

oq_status oq_movable_size(oq_run *ctx, size_t *size)
{
    *size = oq_elem_size(ctx->in[0]->dtype);
    if (*size == 0)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "elements of type %s are packed and not moved one by one",
                   oq_dtype_name(ctx->in[0]->dtype));
    return OQ_OK;
}

oq_status oq_infer_axis(oq_infer *ctx, int64_t otherwise, int rank, int *axis)
{
    int64_t given = oq_node_int(ctx->node, "axis", otherwise);

    if (!oq_axis_normalize(given, rank, axis))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside a rank %d input", given, rank);
    return OQ_OK;
}

oq_status oq_run_axis(oq_run *ctx, int64_t otherwise, int rank, int *axis)
{
    int64_t given = oq_node_int(ctx->node, "axis", otherwise);

    if (!oq_axis_normalize(given, rank, axis))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside a rank %d input", given, rank);
    return OQ_OK;
}

/* ------------------------------------------------------------------ Transpose */

/* The permutation, reversed order by default. False when perm is none of that rank. */
static bool permutation(const oq_node *node, int rank, int *perm)
{
    size_t n;
    const int64_t *given = oq_node_ints(node, "perm", &n);
    unsigned seen = 0;

    for (int i = 0; i < rank; i++) {
        int64_t p = given ? ((size_t)i < n ? given[i] : -1) : rank - 1 - i;

        if (p < 0 || p >= rank || seen & 1u << p)
            return false;
        seen |= 1u << p;
        perm[i] = (int)p;
    }
    return !given || n == (size_t)rank;
}

static oq_status infer_transpose(oq_infer *ctx)
{
    const oq_shape *in = &ctx->in[0].shape;
    int perm[OQ_MAX_RANK];
    size_t n;

    ctx->out[0] = (oq_type){ctx->in[0].dtype, oq_shape_unknown()};
    if (in->rank < 0) {
        if (oq_node_ints(ctx->node, "perm", &n) && n <= OQ_MAX_RANK)
            ctx->out[0].shape = oq_shape_ranked((int)n);
        return OQ_OK;
    }
    if (!permutation(ctx->node, in->rank, perm))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "perm is no permutation of the %d axes of the input", in->rank);
    ctx->out[0].shape = oq_shape_ranked(in->rank);
    for (int i = 0; i < in->rank; i++)
        ctx->out[0].shape.dims[i] = in->dims[perm[i]];
    if (in->rank <= 1)
        oq_pass_elems(ctx, in->rank);
    return OQ_OK;
}

/* True when only axes of size 1 change places: the bytes stay where they are. */
static bool keeps_order(const oq_array *in, const int *perm)
{
    int last = -1;

    for (int i = 0; i < in->rank; i++) {
        if (in->dims[perm[i]] == 1)
            continue;
        if (perm[i] < last)
            return false;
        last = perm[i];
    }
    return true;
}

static oq_status run_transpose(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    int perm[OQ_MAX_RANK];
    int64_t dims[OQ_MAX_RANK], from[OQ_MAX_RANK], to[OQ_MAX_RANK];
    oq_strided block = {.rank = 0};
    size_t size;
    void *out;

    if (!permutation(ctx->node, in->rank, perm))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "perm is no permutation of the %d axes of the input", in->rank);
    for (int i = 0; i < in->rank; i++)
        dims[i] = in->dims[perm[i]];
    if (keeps_order(in, perm))
        return oq_out_alias(ctx, 0, 0, dims, in->rank) ? OQ_OK : ctx->status;
    OQ_TRY(oq_movable_size(ctx, &size));
    out = oq_out(ctx, 0, in->dtype, dims, in->rank);
    if (!out)
        return ctx->status;
    oq_contiguous_steps(in->dims, in->rank, from);
    oq_contiguous_steps(dims, in->rank, to);
    for (int i = 0; i < in->rank; i++)
        oq_strided_add(&block, dims[i], to[i], from[perm[i]]);
    oq_strided_copy(&block, out, in->data, size, ctx->pool);
    return OQ_OK;
}

static oq_status run_transpose_21(oq_run *ctx)
{
    return oq_run_spread(ctx, run_transpose);
}

static oq_status run_pad_21(oq_run *ctx)
{
    return oq_run_spread(ctx, oq_run_pad_11);
}

/* ------------------------------------------------------------------ Concat */

/* Contents of rank 1 inputs, one after the other; an input of known length and unknown contents counts too.
 */
static void concat_elems(oq_infer *ctx)
{
    oq_elem e[OQ_MAX_ELEMS];
    int n = 0;

    for (int i = 0; i < ctx->n_in; i++) {
        const oq_elems *elems = oq_in_elems(ctx, i);
        int64_t length = elems ? elems->n : ctx->in[i].shape.rank == 1 ? ctx->in[i].shape.dims[0].size : -1;

        if (length < 0 || length > OQ_MAX_ELEMS - n)
            return;
        for (int k = 0; k < length; k++)
            e[n++] = elems ? elems->e[k] : oq_elem_unknown();
    }
    oq_set_elems(ctx, 1, n, e);
}

static oq_dim dim_sum(oq_dim a, oq_dim b)
{
    if (a.size == 0)
        return b;
    if (b.size == 0)
        return a;
    return a.size >= 0 && b.size >= 0 ? oq_dim_of(a.size + b.size) : oq_dim_unknown();
}

static oq_status infer_concat(oq_infer *ctx)
{
    oq_shape out = ctx->in[0].shape;
    oq_dim total = oq_dim_of(0);
    int axis;

    for (int i = 0; i < ctx->n_in; i++) {
        if (ctx->in[i].dtype != OQ_UNDEFINED)
            ctx->out[0].dtype = ctx->in[i].dtype;
        if (out.rank < 0 && ctx->in[i].shape.rank >= 0)
            out = oq_shape_ranked(ctx->in[i].shape.rank);
    }
    if (out.rank < 0)
        return OQ_OK;
    OQ_TRY(oq_infer_axis(ctx, 1, out.rank, &axis));
    for (int i = 0; i < ctx->n_in; i++) {
        oq_shape in = ctx->in[i].shape;
        char a[256], b[256];

        total = in.rank < 0 ? oq_dim_unknown() : in.rank > axis ? dim_sum(total, in.dims[axis]) : total;
        if (in.rank >= 0)
            in.dims[axis] = out.dims[axis] = oq_dim_unknown();
        if (!oq_shape_merge(&out, &in, &out))
            OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d of shape %s does not join with %s along axis %d", i,
                       oq_shape_text(&ctx->in[i].shape, a, sizeof a), oq_shape_text(&out, b, sizeof b), axis);
    }
    out.dims[axis] = total;
    ctx->out[0].shape = out;
    if (out.rank == 1 && oq_dtype_is_integer(ctx->out[0].dtype))
        concat_elems(ctx);
    return OQ_OK;
}

static oq_status concat_dims(oq_run *ctx, int axis, int64_t *dims)
{
    const oq_array *first = ctx->in[0];

    memcpy(dims, first->dims, sizeof first->dims);
    for (int i = 1; i < ctx->n_in; i++) {
        const oq_array *in = ctx->in[i];

        if (in->dtype != first->dtype || in->rank != first->rank)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d is %s of rank %d, input 0 is %s of rank %d", i,
                       oq_dtype_name(in->dtype), in->rank, oq_dtype_name(first->dtype), first->rank);
        for (int k = 0; k < in->rank; k++) {
            if (k != axis && in->dims[k] != dims[k])
                OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d has size %" PRId64 " on axis %d, input 0 has %" PRId64, i,
                           in->dims[k], k, dims[k]);
        }
        if (__builtin_add_overflow(dims[axis], in->dims[axis], &dims[axis]))
            OQ_OP_FAIL(ctx, OQ_LIMIT, "the joined axis is too long");
    }
    return OQ_OK;
}

static oq_status run_concat(oq_run *ctx)
{
    int axis, rank = ctx->in[0]->rank;
    int64_t dims[OQ_MAX_RANK];
    size_t size, outer, at = 0, row;
    char *out;

    OQ_TRY(oq_run_axis(ctx, 1, rank, &axis));
    OQ_TRY(concat_dims(ctx, axis, dims));
    if (ctx->n_in == 1)
        return oq_out_alias(ctx, 0, 0, dims, rank) ? OQ_OK : ctx->status;
    OQ_TRY(oq_movable_size(ctx, &size));
    out = oq_out(ctx, 0, ctx->in[0]->dtype, dims, rank);
    if (!out || ctx->out[0].n == 0)
        return out ? OQ_OK : ctx->status;
    outer = oq_dims_product(dims, 0, axis);
    row = oq_dims_product(dims, axis, rank);
    for (int i = 0; i < ctx->n_in; i++) {
        size_t part = oq_dims_product(ctx->in[i]->dims, axis, rank);
        oq_strided block = {.rank = 0};

        oq_strided_add(&block, (int64_t)outer, (int64_t)row, (int64_t)part);
        oq_strided_add(&block, (int64_t)part, 1, 1);
        oq_strided_copy(&block, out + at * size, ctx->in[i]->data, size, ctx->pool);
        at += part;
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ Split */

/* Sizes of the parts of an axis of size dim: as given, or equal. Before version 18 equal parts must divide
 * it; since then the last may be smaller. False when they cannot be. */
static bool split_parts(const oq_node *node, int64_t dim, const int64_t *given, size_t n_given, int n_out,
                        int64_t *parts)
{
    int64_t each, sum = 0;

    if (given && n_given != (size_t)n_out)
        return false;
    each = n_out ? (dim + n_out - 1) / n_out : 0;
    if (!given && node->opset < 18 && n_out && dim % n_out != 0)
        return false;
    for (int i = 0; i < n_out; i++) {
        int64_t left = dim - sum;

        parts[i] = given ? given[i] : each < left ? each : left;
        if (parts[i] < 0 || parts[i] > left)
            return false;
        sum += parts[i];
    }
    return sum == dim;
}

static oq_status infer_split(oq_infer *ctx, bool is_input)
{
    const oq_shape *in = &ctx->in[0].shape;
    int64_t values[OQ_MAX_ELEMS], *parts = OQ_NEW_ARRAY(ctx->arena, int64_t, ctx->n_out);
    const int64_t *given = NULL;
    size_t n_given = 0;
    int n = 0, axis;
    bool is_open = false; /* sizes come from an input of unknown contents */

    if (!parts)
        return OQ_NOMEM;
    for (int i = 0; i < ctx->n_out; i++)
        ctx->out[i] = (oq_type){ctx->in[0].dtype, *in};
    if (in->rank < 0)
        return OQ_OK;
    OQ_TRY(oq_infer_axis(ctx, 0, in->rank, &axis));
    if (!is_input)
        given = oq_node_ints(ctx->node, "split", &n_given);
    else if (oq_has_input(ctx, 1)) {
        is_open = !oq_in_ints(ctx, 1, values, &n);
        given = is_open ? NULL : values;
        n_given = (size_t)n;
    }
    for (int i = 0; i < ctx->n_out; i++)
        ctx->out[i].shape.dims[axis] =
            given && (size_t)i < n_given && given[i] >= 0 ? oq_dim_of(given[i]) : oq_dim_unknown();
    if (is_open || in->dims[axis].size < 0)
        return OQ_OK;
    if (!split_parts(ctx->node, in->dims[axis].size, given, n_given, ctx->n_out, parts))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %d of size %" PRId64 " does not split into these %d parts", axis,
                   in->dims[axis].size, ctx->n_out);
    for (int i = 0; i < ctx->n_out; i++)
        ctx->out[i].shape.dims[axis] = oq_dim_of(parts[i]);
    if (in->rank == 1 && oq_in_elems(ctx, 0) && parts[0] <= oq_in_elems(ctx, 0)->n)
        oq_set_elems(ctx, 1, (int)parts[0], oq_in_elems(ctx, 0)->e);
    return OQ_OK;
}

static oq_status run_split(oq_run *ctx, bool is_input)
{
    const oq_array *in = ctx->in[0], *sizes = is_input ? oq_in(ctx, 1) : NULL;
    size_t n_given = 0, size, at = 0, row;
    const int64_t *given = is_input ? NULL : oq_node_ints(ctx->node, "split", &n_given);
    int64_t *parts = oq_scratch(ctx, (size_t)ctx->n_out * sizeof *parts), *from_input = NULL;
    int axis;

    if (sizes) {
        given = from_input = oq_scratch(ctx, (sizes->n + 1) * sizeof *from_input);
        n_given = sizes->n;
    }
    if (!parts || (sizes && !from_input))
        return ctx->status;
    for (size_t i = 0; sizes && i < n_given; i++)
        from_input[i] = oq_array_int(sizes, i);
    OQ_TRY(oq_run_axis(ctx, 0, in->rank, &axis));
    OQ_TRY(oq_movable_size(ctx, &size));
    if (!split_parts(ctx->node, in->dims[axis], given, n_given, ctx->n_out, parts))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %d of size %" PRId64 " does not split into these %d parts", axis,
                   in->dims[axis], ctx->n_out);
    row = oq_dims_product(in->dims, axis, in->rank);
    for (int i = 0; i < ctx->n_out; i++) {
        int64_t dims[OQ_MAX_RANK];
        oq_strided block = {.rank = 0};
        size_t part;

        memcpy(dims, in->dims, sizeof dims);
        dims[axis] = parts[i];
        part = oq_dims_product(dims, axis, in->rank);
        if (ctx->wanted[i]) {
            void *out = oq_out(ctx, i, in->dtype, dims, in->rank);

            if (!out)
                return ctx->status;
            oq_strided_add(&block, (int64_t)oq_dims_product(dims, 0, axis), (int64_t)part, (int64_t)row);
            oq_strided_add(&block, (int64_t)part, 1, 1);
            oq_strided_copy(&block, out, (const char *)in->data + at * size, size, ctx->pool);
        }
        at += part;
    }
    return OQ_OK;
}

static oq_status infer_split_2(oq_infer *ctx)
{
    return infer_split(ctx, false);
}

static oq_status infer_split_13(oq_infer *ctx)
{
    return infer_split(ctx, true);
}

static oq_status run_split_2(oq_run *ctx)
{
    return run_split(ctx, false);
}

static oq_status run_split_13(oq_run *ctx)
{
    return run_split(ctx, true);
}

/* ------------------------------------------------------------------ Tile */

static oq_status infer_tile(oq_infer *ctx)
{
    const oq_elems *repeats = oq_in_elems(ctx, 1);
    const oq_shape *in = &ctx->in[0].shape;

    ctx->out[0] = (oq_type){ctx->in[0].dtype, oq_shape_unknown()};
    if (in->rank < 0)
        return OQ_OK;
    ctx->out[0].shape = oq_shape_ranked(in->rank);
    if (!repeats)
        return OQ_OK;
    if (repeats->n != in->rank)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%d repeats for an input of rank %d", repeats->n, in->rank);
    for (int i = 0; i < in->rank; i++)
        ctx->out[0].shape.dims[i] =
            oq_dim_of_elem(oq_elem_binary(OQ_ELEM_MUL, oq_elem_of_dim(in->dims[i]), repeats->e[i]));
    return OQ_OK;
}

static oq_status run_tile(oq_run *ctx)
{
    const oq_array *in = ctx->in[0], *repeats = ctx->in[1];
    int64_t dims[OQ_MAX_RANK], from[OQ_MAX_RANK], to[OQ_MAX_RANK];
    oq_strided block = {.rank = 0};
    size_t size;
    void *out;

    OQ_TRY(oq_movable_size(ctx, &size));
    if (repeats->n != (size_t)in->rank)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu repeats for an input of rank %d", repeats->n, in->rank);
    for (int i = 0; i < in->rank; i++) {
        int64_t times = oq_array_int(repeats, (size_t)i);

        if (times < 0 || __builtin_mul_overflow(in->dims[i], times, &dims[i]))
            OQ_OP_FAIL(ctx, OQ_RANGE, "axis %d cannot be repeated %" PRId64 " times", i, times);
    }
    out = oq_out(ctx, 0, in->dtype, dims, in->rank);
    if (!out || ctx->out[0].n == 0)
        return out ? OQ_OK : ctx->status;
    oq_contiguous_steps(in->dims, in->rank, from);
    oq_contiguous_steps(dims, in->rank, to);
    for (int i = 0; i < in->rank; i++) {
        oq_strided_add(&block, dims[i] / in->dims[i], to[i] * in->dims[i], 0);
        oq_strided_add(&block, in->dims[i], to[i], from[i]);
    }
    oq_strided_copy(&block, out, in->data, size, ctx->pool);
    return OQ_OK;
}

/* ------------------------------------------------------------------ DepthToSpace, SpaceToDepth */

static bool is_column_first(const oq_node *node)
{
    return strcmp(oq_node_string(node, "mode", "DCR"), "CRD") == 0;
}

static oq_dim dim_times(oq_dim dim, int64_t factor)
{
    return dim.size >= 0 ? oq_dim_of(dim.size * factor) : oq_dim_unknown();
}

static oq_dim dim_over(oq_dim dim, int64_t divisor)
{
    return dim.size >= 0 ? oq_dim_of(dim.size / divisor) : oq_dim_unknown();
}

static oq_status infer_block(oq_infer *ctx, bool is_to_space)
{
    const oq_shape *in = &ctx->in[0].shape;
    int64_t b = oq_node_int(ctx->node, "blocksize", 0);
    oq_dim *dims;

    ctx->out[0] = (oq_type){ctx->in[0].dtype, oq_shape_ranked(4)};
    if (in->rank < 0)
        return OQ_OK;
    if (in->rank != 4 || b < 1 || b > 1 << 15)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "blocksize %" PRId64 " on an input of rank %d; a block on rank 4 is meant",
                   b, in->rank);
    dims = ctx->out[0].shape.dims;
    dims[0] = in->dims[0];
    dims[1] = is_to_space ? dim_over(in->dims[1], b * b) : dim_times(in->dims[1], b * b);
    for (int i = 2; i < 4; i++)
        dims[i] = is_to_space ? dim_times(in->dims[i], b) : dim_over(in->dims[i], b);
    return OQ_OK;
}

static oq_status infer_depth_to_space(oq_infer *ctx)
{
    return infer_block(ctx, true);
}

static oq_status infer_space_to_depth(oq_infer *ctx)
{
    return infer_block(ctx, false);
}

static oq_status check_block(oq_run *ctx, bool is_to_space, int64_t b)
{
    const oq_array *in = ctx->in[0];

    if (in->rank != 4 || b < 1 || b > 1 << 15)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "blocksize %" PRId64 " on an input of rank %d; a block on rank 4 is meant",
                   b, in->rank);
    if (is_to_space ? in->dims[1] % (b * b) != 0 : in->dims[2] % b != 0 || in->dims[3] % b != 0)
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "blocks of %" PRId64 " do not divide an input of [%" PRId64 ",%" PRId64 ",%" PRId64
                   ",%" PRId64 "]",
                   b, in->dims[0], in->dims[1], in->dims[2], in->dims[3]);
    return OQ_OK;
}

/* Channel c of the narrow side lies at wide channel c + C * (row * b + column) in the depth-first order
 * (DCR), at c * b * b + row * b + column in the column-first order (CRD). Both directions are the same copy
 * with the sides exchanged. */
static oq_status run_block(oq_run *ctx, bool is_to_space)
{
    const oq_array *in = ctx->in[0];
    int64_t b = oq_node_int(ctx->node, "blocksize", 0), n, c, h, w, dims[4];
    int64_t channel, row, column; /* steps of the deep side */
    oq_strided block = {.rank = 0};
    size_t size;
    void *out;

    OQ_TRY(check_block(ctx, is_to_space, b));
    OQ_TRY(oq_movable_size(ctx, &size));
    n = in->dims[0];
    c = is_to_space ? in->dims[1] / (b * b) : in->dims[1];
    h = is_to_space ? in->dims[2] : in->dims[2] / b;
    w = is_to_space ? in->dims[3] : in->dims[3] / b;
    dims[0] = n;
    dims[1] = is_to_space ? c : c * b * b;
    dims[2] = is_to_space ? h * b : h;
    dims[3] = is_to_space ? w * b : w;
    out = oq_out(ctx, 0, in->dtype, dims, 4);
    if (!out)
        return ctx->status;
    channel = is_column_first(ctx->node) ? h * w * b * b : h * w;
    column = is_column_first(ctx->node) ? h * w : c * h * w;
    row = column * b;
    {
        const int64_t size_of[6] = {n, c, h, b, w, b};
        const int64_t wide[6] = {c * h * w * b * b, h * w * b * b, w * b * b, w * b, b, 1};
        const int64_t deep[6] = {c * h * w * b * b, channel, w, row, 1, column};

        for (int i = 0; i < 6; i++)
            oq_strided_add(&block, size_of[i], is_to_space ? wide[i] : deep[i],
                           is_to_space ? deep[i] : wide[i]);
    }
    oq_strided_copy(&block, out, in->data, size, ctx->pool);
    return OQ_OK;
}

static oq_status run_depth_to_space(oq_run *ctx)
{
    return run_block(ctx, true);
}

static oq_status run_space_to_depth(oq_run *ctx)
{
    return run_block(ctx, false);
}

/* ------------------------------------------------------------------ the rows */

#define ROW(name, since, min_in, max_in, max_out, infer, run, rule, ...)                           \
    {                                                                                              \
        name, "", since, min_in, max_in, 1, max_out, OQ_T_MOVABLE, infer, NULL, run, rule, -1, -1, \
            __VA_ARGS__                                                                            \
    }
/* With elements of 4 and 2 bits. */
#define PACKED_ROW(name, since, min_in, max_in, infer, run, ...)                                           \
    {                                                                                                      \
        name, "", since, min_in, max_in, 1, 1, OQ_T_MOVABLE | OQ_T_PACKED, infer, NULL, run, OQ_RULE_SAME, \
            -1, -1, __VA_ARGS__                                                                            \
    }
#define MOVES OQ_OP_COMMUTES

/* clang-format off */
const oq_op oq_ops_move[] = {
    ROW("Concat", 4, 1, -1, 1, infer_concat, run_concat, OQ_RULE_JOIN, MOVES, OQ_LAYOUT_AXIS),
    ROW("DepthToSpace", 1, 1, 1, 1, infer_depth_to_space, run_depth_to_space, OQ_RULE_SAME, MOVES),
    ROW("Pad", 2, 1, 1, 1, oq_infer_pad_2, oq_run_pad_2, OQ_RULE_SAME, 0),
    ROW("Pad", 11, 2, 3, 1, oq_infer_pad_11, oq_run_pad_11, OQ_RULE_SAME, 0),
    ROW("Pad", 18, 2, 4, 1, oq_infer_pad_11, oq_run_pad_11, OQ_RULE_SAME, 0),
    PACKED_ROW("Pad", 21, 2, 4, oq_infer_pad_11, run_pad_21, 0),
    ROW("Slice", 1, 1, 1, 1, oq_infer_slice_1, oq_run_slice_1, OQ_RULE_SAME, MOVES),
    ROW("Slice", 10, 3, 5, 1, oq_infer_slice_10, oq_run_slice_10, OQ_RULE_SAME, MOVES),
    ROW("SpaceToDepth", 1, 1, 1, 1, infer_space_to_depth, run_space_to_depth, OQ_RULE_SAME, MOVES),
    ROW("Split", 2, 1, 1, -1, infer_split_2, run_split_2, OQ_RULE_SAME, MOVES, OQ_LAYOUT_AXIS),
    ROW("Split", 13, 1, 2, -1, infer_split_13, run_split_13, OQ_RULE_SAME, MOVES, OQ_LAYOUT_AXIS),
    ROW("Tile", 6, 2, 2, 1, infer_tile, run_tile, OQ_RULE_SAME, MOVES),
    ROW("Transpose", 1, 1, 1, 1, infer_transpose, run_transpose, OQ_RULE_SAME, MOVES, OQ_LAYOUT_AXIS),
    PACKED_ROW("Transpose", 21, 1, 1, infer_transpose, run_transpose_21, MOVES, OQ_LAYOUT_AXIS),
    {.name = NULL},
};
/* clang-format on */
