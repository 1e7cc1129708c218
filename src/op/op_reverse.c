/* op_reverse: ReverseSequence: of each sequence of a batch the first sequence_lens steps run backwards, the
 * rest stays. Time and batch are the first two axes, in either order. */
#include <inttypes.h>
#include <string.h>

#include "op/families.h"
#include "op/op_move.h"

static oq_status check_axes(oq_diag *diag, const oq_node *node, int rank, bool *is_time_first)
{
    struct {
        oq_diag *diag;
        const oq_node *node;
    } ctx = {diag, node};
    int64_t batch = oq_node_int(node, "batch_axis", 1), time = oq_node_int(node, "time_axis", 0);

    if (rank < 2)
        OQ_OP_FAIL(&ctx, OQ_SHAPE, "input 0 has rank %d; time and batch need two axes", rank);
    if (batch + time != 1 || batch * time != 0)
        OQ_OP_FAIL(&ctx, OQ_SHAPE,
                   "batch_axis %" PRId64 " and time_axis %" PRId64 "; one must be 0, the other 1", batch,
                   time);
    *is_time_first = time == 0;
    return OQ_OK;
}

static oq_status infer(oq_infer *ctx)
{
    bool is_time_first;

    if (ctx->in[0].shape.rank >= 0)
        OQ_TRY(check_axes(ctx->diag, ctx->node, ctx->in[0].shape.rank, &is_time_first));
    ctx->out[0] = ctx->in[0];
    return OQ_OK;
}

static oq_status run(oq_run *ctx)
{
    const oq_array *in = ctx->in[0], *lengths = ctx->in[1];
    bool is_time_first;
    int64_t n_times, n_batch;
    size_t size, bytes;
    char *out;

    OQ_TRY(check_axes(ctx->diag, ctx->node, in->rank, &is_time_first));
    OQ_TRY(oq_movable_size(ctx, &size));
    n_times = in->dims[is_time_first ? 0 : 1];
    n_batch = in->dims[is_time_first ? 1 : 0];
    if (lengths->n != (size_t)n_batch || !oq_dtype_is_integer(lengths->dtype))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu lengths for a batch of %" PRId64, lengths->n, n_batch);
    out = oq_out_like(ctx, 0, in);
    if (!out)
        return oq_run_failure(ctx);
    bytes = oq_dims_product(in->dims, 2, in->rank) * size;
    for (int64_t b = 0; b < n_batch; b++) {
        int64_t length = oq_array_int(lengths, (size_t)b);

        if (length < 0 || length > n_times)
            OQ_OP_FAIL(ctx, OQ_RANGE, "length %" PRId64 " of sequence %" PRId64 " is outside 0 to %" PRId64,
                       length, b, n_times);
        for (int64_t t = 0; t < n_times && bytes; t++) {
            int64_t from = t < length ? length - 1 - t : t;
            int64_t to_row = is_time_first ? t * n_batch + b : b * n_times + t;
            int64_t from_row = is_time_first ? from * n_batch + b : b * n_times + from;

            memcpy(out + (size_t)to_row * bytes, (const char *)in->data + (size_t)from_row * bytes, bytes);
        }
    }
    return OQ_OK;
}

const oq_op oq_ops_reverse[] = {
    {.name = "ReverseSequence",
     .domain = "",
     .since = 10,
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
