/* op_tensor_scatter: TensorScatter: a key or value cache with new steps written in, for each sample from its
 * own step on; with mode circular they go on at the beginning. */
#include <inttypes.h>
#include <string.h>

#include "op/families.h"
#include "op/op_elems.h"
#include "op/op_move.h"

enum { CACHE, UPDATE, STARTS };

static oq_status infer(oq_infer *ctx)
{
    int axis;

    ctx->out[0] = ctx->in[CACHE];
    if (ctx->in[CACHE].shape.rank >= 0)
        OQ_TRY(oq_infer_axis(ctx, -2, ctx->in[CACHE].shape.rank, &axis));
    return OQ_OK;
}

static oq_status check(oq_run *ctx, int axis)
{
    const oq_array *cache = ctx->in[CACHE], *update = ctx->in[UPDATE], *starts = oq_in(ctx, STARTS);
    const char *mode = oq_node_string(ctx->node, "mode", "linear");
    bool fits = update->rank == cache->rank && update->dtype == cache->dtype;

    for (int i = 0; fits && i < cache->rank; i++)
        fits = i == axis ? update->dims[i] <= cache->dims[i] : update->dims[i] == cache->dims[i];
    if (!fits)
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "the update does not fit the cache: type and all sizes but that of axis %d must agree",
                   axis);
    if (axis == 0)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis 0 is the batch; steps need another");
    if (starts && (starts->n != (size_t)cache->dims[0] || !oq_dtype_is_integer(starts->dtype)))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu write indices for a batch of %" PRId64, starts->n, cache->dims[0]);
    if (strcmp(mode, "linear") != 0 && strcmp(mode, "circular") != 0)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "mode '%s'; linear and circular are known", mode);
    return OQ_OK;
}

/* Each row of the update is the steps of one prefix (sample, head ...). */
static oq_status write_steps(oq_run *ctx, int axis, size_t size, char *out)
{
    const oq_array *cache = ctx->in[CACHE], *update = ctx->in[UPDATE], *starts = oq_in(ctx, STARTS);
    bool is_circular = oq_node_string(ctx->node, "mode", "linear")[0] == 'c';
    int64_t n_steps = update->dims[axis], room = cache->dims[axis];
    size_t bytes = oq_dims_product(cache->dims, axis + 1, cache->rank) * size;
    size_t per_sample = oq_dims_product(cache->dims, 1, axis);
    const char *from = update->data;

    for (size_t row = 0; n_steps && row < (size_t)cache->dims[0] * per_sample; row++) {
        int64_t start = starts ? oq_array_int(starts, row / per_sample) : 0;

        if (start < 0 || (!is_circular && start > room - n_steps))
            OQ_OP_FAIL(ctx, OQ_RANGE, "%" PRId64 " steps from %" PRId64 " on do not fit a cache of %" PRId64,
                       n_steps, start, room);
        for (int64_t s = 0; s < n_steps; s++, from += bytes) {
            int64_t at = is_circular ? (start % room + s) % room : start + s;

            memcpy(out + (row * (size_t)room + (size_t)at) * bytes, from, bytes);
        }
    }
    return OQ_OK;
}

static oq_status run(oq_run *ctx)
{
    const oq_array *cache = ctx->in[CACHE];
    size_t size;
    char *out;
    int axis;

    OQ_TRY(oq_movable_size(ctx, &size));
    OQ_TRY(oq_run_axis(ctx, -2, cache->rank, &axis));
    OQ_TRY(check(ctx, axis));
    out = cache->data == ctx->in[UPDATE]->data ? oq_out_like(ctx, 0, cache) : oq_out_in_place(ctx, 0, CACHE);
    if (!out)
        return oq_run_failure(ctx);
    if (out != cache->data && cache->size)
        memcpy(out, cache->data, cache->size);
    return cache->n ? write_steps(ctx, axis, size, out) : OQ_OK;
}

const oq_op oq_ops_tensor_scatter[] = {
    {.name = "TensorScatter",
     .domain = "",
     .since = 24,
     .min_in = 2,
     .max_in = 3,
     .min_out = 1,
     .max_out = 1,
     .types = OQ_T_MOVABLE,
     .infer = infer,
     .run = run,
     .rule = OQ_RULE_NONE,
     .weight = -1,
     .bias = -1},
    {.name = NULL},
};
