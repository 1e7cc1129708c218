/* GlobalAveragePool, GlobalMaxPool, GlobalLpPool: one number for each channel plane. Sums go to 16 partial
 * sums. */
#include <inttypes.h>

#include "kernel/kernel.h"
#include "op/families.h"
#include "op/floats.h"
#include "op/powers.h"

typedef struct {
    const oq_reduce_f32 *reduce;
    oq_reduce kind; /* SUM: average; MAX; SUM_SQUARES: Lp */
    int64_t p;
} global_state;

typedef struct {
    const global_state *state;
    size_t n, channels; /* pixels of a plane; channels of an image */
    const float *x;
    float *y;
} global_job;

static float lp_norm(const global_state *state, const float *x, size_t n)
{
    float sum = 0;

    if (state->p <= 2) {
        sum = state->reduce->row[state->p == 1 ? OQ_REDUCE_SUM_ABS : OQ_REDUCE_SUM_SQUARES](x, n);
    } else {
        for (size_t i = 0; i < n; i++)
            sum += oq_abs_power(x[i], state->p);
    }
    return oq_power_root(sum, state->p);
}

static void run_plane(void *arg, size_t plane, int worker)
{
    const global_job *job = arg;
    const float *x = job->x + plane * job->n;

    (void)worker;
    switch (job->state->kind) {
    case OQ_REDUCE_SUM:
        job->y[plane] = job->state->reduce->row[OQ_REDUCE_SUM](x, job->n) / (float)job->n;
        break;
    case OQ_REDUCE_MAX: job->y[plane] = job->state->reduce->row[OQ_REDUCE_MAX](x, job->n); break;
    default: job->y[plane] = lp_norm(job->state, x, job->n); break;
    }
}

/* All channels of a channels-last image: terms go to the same partial sums as those of a plane. */
static void run_image(void *arg, size_t image, int worker)
{
    const global_job *job = arg;
    const oq_reduce_f32 *reduce = job->state->reduce;
    size_t channels = job->channels;
    const float *x = job->x + image * job->n * channels;
    float *y = job->y + image * channels;
    int64_t p = job->state->p;

    (void)worker;
    if (job->state->kind != OQ_REDUCE_SUM_SQUARES) {
        reduce->strided[job->state->kind](x, 1, job->n, channels, y);
        for (size_t c = 0; c < channels && job->state->kind == OQ_REDUCE_SUM; c++)
            y[c] /= (float)job->n;
        return;
    }
    if (p <= 2)
        reduce->strided[p == 1 ? OQ_REDUCE_SUM_ABS : OQ_REDUCE_SUM_SQUARES](x, 1, job->n, channels, y);
    for (size_t c = 0; c < channels; c++) {
        float sum = p <= 2 ? y[c] : 0;

        for (size_t i = 0; i < job->n && p > 2; i++)
            sum += oq_abs_power(x[i * channels + c], p);
        y[c] = oq_power_root(sum, p);
    }
}

static oq_status run(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    global_job job = {.state = ctx->state};
    bool is_last = ctx->last_in & 1;
    int64_t dims[OQ_MAX_RANK], channels;

    if (in->rank < 3)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "an input of rank %d has no spatial axes", in->rank);
    channels = in->dims[is_last ? in->rank - 1 : 1];
    for (int i = 0; i < in->rank; i++)
        dims[i] = 1;
    dims[0] = in->dims[0];
    dims[ctx->last_out & 1 ? in->rank - 1 : 1] = channels;
    job.channels = (size_t)channels;
    job.n = is_last ? oq_dims_product(in->dims, 1, in->rank - 1) : oq_dims_product(in->dims, 2, in->rank);
    job.x = oq_floats_in(ctx, 0);
    job.y = job.x ? oq_floats_out(ctx, 0, in->dtype, dims, in->rank) : NULL;
    if (!job.y)
        return ctx->status;
    if (is_last)
        oq_pool_run(ctx->pool, job.channels ? (size_t)in->dims[0] : 0, run_image, &job);
    else
        oq_pool_run(ctx->pool, ctx->out[0].n, run_plane, &job);
    oq_floats_done(ctx, 0, job.y);
    return OQ_OK;
}

static oq_status infer(oq_infer *ctx)
{
    ctx->out[0] = ctx->in[0];
    for (int i = 2; i < ctx->in[0].shape.rank; i++)
        ctx->out[0].shape.dims[i] = oq_dim_of(1);
    return OQ_OK;
}

static oq_status prepare(oq_prepare *ctx, oq_reduce kind)
{
    global_state *state = OQ_NEW(ctx->arena, global_state);

    if (!state)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    ctx->state = state;
    state->reduce = oq_kernels_best()->reduce;
    state->kind = kind;
    state->p = oq_node_int(ctx->node, "p", 2);
    if (state->p < 1)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "p is %" PRId64 ", it must be at least 1", state->p);
    return OQ_OK;
}

static oq_status prepare_average(oq_prepare *ctx)
{
    return prepare(ctx, OQ_REDUCE_SUM);
}

static oq_status prepare_max(oq_prepare *ctx)
{
    return prepare(ctx, OQ_REDUCE_MAX);
}

static oq_status prepare_lp(oq_prepare *ctx)
{
    return prepare(ctx, OQ_REDUCE_SUM_SQUARES);
}

#define LAST(op, prepare_fn)                                                                        \
    {                                                                                               \
        .name = op, .domain = "", .since = 1, .min_in = 1, .max_in = 1, .min_out = 1, .max_out = 1, \
        .types = OQ_T_FLOATS, .prepare = prepare_fn, .run = run, .weight = -1, .bias = -1,          \
        .flags = OQ_OP_EITHER_END                                                                   \
    }

static const oq_op average_last = LAST("GlobalAveragePool", prepare_average),
                   max_last = LAST("GlobalMaxPool", prepare_max), lp_last = LAST("GlobalLpPool", prepare_lp);

#define GLOBAL(op, opset, prepare_fn, the_rule, its_flags, last)                                        \
    {                                                                                                   \
        .name = op, .domain = "", .since = opset, .min_in = 1, .max_in = 1, .min_out = 1, .max_out = 1, \
        .types = OQ_T_FLOATS, .infer = infer, .prepare = prepare_fn, .run = run, .rule = the_rule,      \
        .weight = -1, .bias = -1, .flags = its_flags, .layout = OQ_LAYOUT_ROW, .channels_last = last    \
    }

/* 22 added bfloat16. */
const oq_op oq_ops_global_pool[] = {
    GLOBAL("GlobalAveragePool", 1, prepare_average, OQ_RULE_POOL, 0, &average_last),
    GLOBAL("GlobalAveragePool", 22, prepare_average, OQ_RULE_POOL, 0, &average_last),
    GLOBAL("GlobalLpPool", 2, prepare_lp, OQ_RULE_NONE, 0, &lp_last),
    GLOBAL("GlobalLpPool", 22, prepare_lp, OQ_RULE_NONE, 0, &lp_last),
    GLOBAL("GlobalMaxPool", 1, prepare_max, OQ_RULE_SAME, OQ_OP_COMMUTES, &max_last),
    GLOBAL("GlobalMaxPool", 22, prepare_max, OQ_RULE_SAME, OQ_OP_COMMUTES, &max_last),
    {0},
};
