/* op_max_unpool: MaxUnpool: each element goes to the place its maximum had before MaxPool took it; the rest
 * is zero. Places count the elements of the whole tensor as it was when nothing of it was left over by the
 * windows; an output_shape that is larger has zeros behind. */
#include <inttypes.h>
#include <string.h>

#include "op/families.h"
#include "op/op_elems.h"
#include "op/op_move.h"
#include "op/window.h"

/* The size that MaxPool shrank to n, when nothing was left over. */
static bool size_before(const oq_window *w, int axis, int64_t n, int64_t *out)
{
    return !__builtin_mul_overflow(n - 1, w->stride[axis], out) &&
           !__builtin_add_overflow(*out, w->kernel[axis] - w->pad_begin[axis] - w->pad_end[axis], out) &&
           *out >= 0;
}

static oq_status read_window(oq_diag *diag, const oq_node *node, int rank, oq_window *w)
{
    OQ_TRY(oq_window_read(node, w, diag));
    return oq_window_fit(w, node, rank - 2, NULL, diag);
}

static oq_status infer(oq_infer *ctx)
{
    const oq_shape *in = &ctx->in[0].shape;
    const oq_elems *shape = oq_in_elems(ctx, 2);
    oq_window w;

    ctx->out[0].dtype = ctx->in[0].dtype;
    if (oq_has_input(ctx, 2)) {
        if (shape && shape->n <= OQ_MAX_RANK) {
            ctx->out[0].shape = oq_shape_ranked(shape->n);
            for (int i = 0; i < shape->n; i++)
                ctx->out[0].shape.dims[i] = oq_dim_of_elem(shape->e[i]);
        }
        return OQ_OK;
    }
    if (in->rank < 0)
        return OQ_OK;
    OQ_TRY(read_window(ctx->diag, ctx->node, in->rank, &w));
    ctx->out[0].shape = *in;
    for (int i = 2; i < in->rank; i++) {
        int64_t size;

        ctx->out[0].shape.dims[i] = oq_dim_unknown();
        if (in->dims[i].size > 0 && size_before(&w, i - 2, in->dims[i].size, &size))
            ctx->out[0].shape.dims[i] = oq_dim_of(size);
    }
    return OQ_OK;
}

/* counted: the dims that places count in. */
static oq_status output_dims(oq_run *ctx, int64_t *counted, int64_t *dims)
{
    const oq_array *in = ctx->in[0], *shape = oq_in(ctx, 2);
    oq_window w;

    OQ_TRY(read_window(ctx->diag, ctx->node, in->rank, &w));
    if (shape && shape->n != (size_t)in->rank)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "output_shape has %zu numbers for rank %d", shape->n, in->rank);
    for (int i = 0; i < in->rank; i++) {
        counted[i] = in->dims[i];
        if (i >= 2 && !size_before(&w, i - 2, in->dims[i], &counted[i]))
            OQ_OP_FAIL(ctx, OQ_RANGE, "axis %d of size %" PRId64 " has no size before pooling", i,
                       in->dims[i]);
        dims[i] = shape ? oq_array_int(shape, (size_t)i) : counted[i];
        if (dims[i] < 0)
            OQ_OP_FAIL(ctx, OQ_RANGE, "size %" PRId64 " of axis %d is negative", dims[i], i);
    }
    return OQ_OK;
}

/* Place in the output of a place in the tensor of counted dims; -1: in none of them. */
static int64_t move_place(int64_t place, const int64_t *counted, const int64_t *dims, int rank)
{
    int64_t moved = 0, step = 1;

    for (int i = rank - 1; i >= 0; i--) {
        // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): rank of them are set
        int64_t at = counted[i] > 0 ? place % counted[i] : 0;

        if (counted[i] <= 0 || at >= dims[i])
            return -1;
        moved += at * step;
        step *= dims[i];
        place /= counted[i];
    }
    return place == 0 ? moved : -1;
}

static oq_status run(oq_run *ctx)
{
    const oq_array *in = ctx->in[0], *places = ctx->in[1];
    int64_t counted[OQ_MAX_RANK], dims[OQ_MAX_RANK];
    size_t size;
    char *out;

    OQ_TRY(oq_movable_size(ctx, &size));
    if (places->n != in->n || places->dtype != OQ_INT64)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu places of type %s for %zu elements", places->n,
                   oq_dtype_name(places->dtype), in->n);
    OQ_TRY(output_dims(ctx, counted, dims));
    out = oq_out(ctx, 0, in->dtype, dims, in->rank);
    if (!out)
        return oq_run_failure(ctx);
    memset(out, 0, ctx->out[0].size);
    for (size_t i = 0; i < in->n; i++) {
        int64_t given = oq_array_int(places, i);
        int64_t place = given < 0 ? -1 : move_place(given, counted, dims, in->rank);

        if (place < 0)
            OQ_OP_FAIL(ctx, OQ_RANGE, "place %" PRId64 " is outside the output", given);
        memcpy(out + (size_t)place * size, (const char *)in->data + i * size, size);
    }
    return OQ_OK;
}

const oq_op oq_ops_max_unpool[] = {
    {.name = "MaxUnpool",
     .domain = "",
     .since = 9,
     .min_in = 2,
     .max_in = 3,
     .min_out = 1,
     .max_out = 1,
     .types = OQ_T_FLOATS,
     .infer = infer,
     .run = run,
     .rule = OQ_RULE_NONE,
     .weight = -1,
     .bias = -1},
    {.name = NULL},
};
