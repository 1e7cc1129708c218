/* BatchNormalization.
 *
 *     y = (x - mean) * scale / sqrt(var + epsilon) + B        per channel (axis 1)
 *       = x * k + (B - mean * k),  k = scale / sqrt(var + epsilon)
 *
 * training_mode (opset 14) takes mean and variance from the batch and returns the running ones, moved by
 * momentum.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "kernel/kernel.h"
#include "op/families.h"
#include "op/floats.h"

enum { X, SCALE, B, MEAN, VAR };

typedef struct {
    const oq_kernels *kernels;
    float epsilon, momentum;
    bool trains;
    size_t n_channels;            /* of factor and offset */
    const float *factor, *offset; /* k and B - mean * k when all are constant; else NULL */
} norm_state;

static void combine(float epsilon, const float *const p[5], size_t n, float *factor, float *offset)
{
    for (size_t c = 0; c < n; c++) {
        factor[c] = p[SCALE][c] / sqrtf(p[VAR][c] + epsilon);
        offset[c] = p[B][c] - p[MEAN][c] * factor[c];
    }
}

static oq_status fold_constants(oq_prepare *ctx, norm_state *state)
{
    const float *p[5] = {NULL};
    size_t n = 0;
    float *factor, *offset;

    for (int i = SCALE; i <= VAR; i++) {
        const oq_tensor *tensor = oq_prepare_constant(ctx, i);

        if (!tensor)
            return OQ_OK;
        if (i == SCALE)
            n = tensor->n_elements;
        if (tensor->n_elements != n)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d has %zu elements, scale has %zu", i, tensor->n_elements, n);
        p[i] = oq_prepare_aligned_floats(ctx, tensor);
        if (!p[i])
            OQ_OP_FAIL(ctx, OQ_NOMEM, "no memory for input %d", i);
    }
    factor = OQ_NEW_ARRAY(ctx->arena, float, n);
    offset = OQ_NEW_ARRAY(ctx->arena, float, n);
    if (!factor || !offset)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    combine(state->epsilon, p, n, factor, offset);
    state->n_channels = n;
    state->factor = factor;
    state->offset = offset;
    ctx->consumed = 1u << SCALE | 1u << B | 1u << MEAN | 1u << VAR;
    return OQ_OK;
}

static oq_status prepare(oq_prepare *ctx)
{
    norm_state *state = OQ_NEW(ctx->arena, norm_state);
    int n_outputs = 0;

    if (!state)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    ctx->state = state;
    state->kernels = oq_kernels_best();
    state->epsilon = oq_node_float(ctx->node, "epsilon", 1e-5f);
    state->momentum = oq_node_float(ctx->node, "momentum", 0.9f);
    state->trains = ctx->node->opset >= 14 && oq_node_int(ctx->node, "training_mode", 0) != 0;
    for (int i = 0; i < ctx->node->n_outputs; i++)
        n_outputs += ctx->node->outputs[i] != NULL;
    if (ctx->node->opset < 7 && oq_node_int(ctx->node, "is_test", 0) == 0)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED,
                   "is_test is not set: statistics of the batch are not computed for it");
    if (n_outputs > 1 && !state->trains)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "outputs beyond the first exist in training mode only");
    if (ctx->node->opset < 9 && oq_node_int(ctx->node, "spatial", 1) == 0)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "spatial = 0 (statistics for each element) is not computed here");
    return state->trains ? OQ_OK : fold_constants(ctx, state);
}

static oq_status infer(oq_infer *ctx)
{
    ctx->out[0] = ctx->in[0];
    if (ctx->in[0].shape.rank == 0)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input 0 is a scalar");
    if (ctx->node->opset < 14)
        return OQ_OK;
    for (int i = 1; i < ctx->n_out; i++)
        ctx->out[i] = ctx->in[i == 1 ? MEAN : VAR];
    return OQ_OK;
}

typedef struct {
    const oq_kernels *kernels;
    size_t channels, n; /* elements of a plane */
    const float *x, *factor, *offset;
    float *y;
} norm_job;

static void run_plane(void *arg, size_t plane, int worker)
{
    const norm_job *job = arg;
    size_t c = plane % job->channels;

    (void)worker;
    job->kernels->math->multiply_add(job->x + plane * job->n, job->factor[c], job->offset[c],
                                     job->y + plane * job->n, job->n);
}

/* Mean and variance over all planes of each channel. */
static void batch_statistics(const norm_job *job, size_t batch, float *mean, float *var)
{
    const oq_reduce_f32 *reduce = job->kernels->reduce;
    float count = (float)(batch * job->n);

    for (size_t c = 0; c < job->channels; c++) {
        float sum = 0, squares = 0;

        for (size_t i = 0; i < batch; i++)
            sum += reduce->row[OQ_REDUCE_SUM](job->x + (i * job->channels + c) * job->n, job->n);
        mean[c] = sum / count;
        for (size_t i = 0; i < batch; i++)
            squares += reduce->sum_squares_about(job->x + (i * job->channels + c) * job->n, mean[c], job->n);
        var[c] = squares / count;
    }
}

/* Output i = old * momentum + new * (1 - momentum). */
static oq_status write_running(oq_run *ctx, int i, const float *old, const float *fresh, size_t n,
                               float momentum)
{
    const oq_array *like = ctx->in[i == 1 ? MEAN : VAR];
    float *out;

    if (i >= ctx->n_out || !ctx->wanted[i])
        return OQ_OK;
    out = oq_floats_out(ctx, i, like->dtype, like->dims, like->rank);
    if (!out)
        return ctx->status;
    for (size_t c = 0; c < n; c++)
        out[c] = old[c] * momentum + fresh[c] * (1 - momentum);
    oq_floats_done(ctx, i, out);
    return OQ_OK;
}

static oq_status use_batch(oq_run *ctx, const norm_state *state, const norm_job *job, const float **p)
{
    float *mean = oq_scratch(ctx, job->channels * sizeof *mean);
    float *var = mean ? oq_scratch(ctx, job->channels * sizeof *var) : NULL;

    if (!var)
        return ctx->status;
    batch_statistics(job, (size_t)ctx->in[X]->dims[0], mean, var);
    OQ_TRY(write_running(ctx, 1, p[MEAN], mean, job->channels, state->momentum));
    OQ_TRY(write_running(ctx, 2, p[VAR], var, job->channels, state->momentum));
    p[MEAN] = mean;
    p[VAR] = var;
    return OQ_OK;
}

static oq_status factors_of_run(oq_run *ctx, const norm_state *state, norm_job *job)
{
    const float *p[5] = {NULL};
    float *factor = oq_scratch(ctx, job->channels * sizeof *factor);
    float *offset = factor ? oq_scratch(ctx, job->channels * sizeof *offset) : NULL;

    if (!offset)
        return ctx->status;
    for (int i = SCALE; i <= VAR; i++) {
        if (ctx->in[i]->n != job->channels)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d has %zu elements for %zu channels", i, ctx->in[i]->n,
                       job->channels);
        if (!(p[i] = oq_floats_in(ctx, i)))
            return ctx->status;
    }
    if (state->trains)
        OQ_TRY(use_batch(ctx, state, job, p));
    combine(state->epsilon, p, job->channels, factor, offset);
    job->factor = factor;
    job->offset = offset;
    return OQ_OK;
}

static float *get_output(oq_run *ctx)
{
    const oq_array *in = ctx->in[X];

    return in->dtype == OQ_FLOAT ? oq_out_in_place(ctx, 0, X)
                                 : oq_floats_out(ctx, 0, in->dtype, in->dims, in->rank);
}

static oq_status run(oq_run *ctx)
{
    const norm_state *state = ctx->state;
    const oq_array *in = ctx->in[X];
    norm_job job = {.kernels = state->kernels, .factor = state->factor, .offset = state->offset};

    if (in->rank < 1)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input 0 is a scalar");
    job.channels = in->rank > 1 ? (size_t)in->dims[1] : 1;
    job.n = oq_dims_product(in->dims, 2 < in->rank ? 2 : in->rank, in->rank);
    if (job.factor && state->n_channels != job.channels)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "scale has %zu elements for %zu channels", state->n_channels, job.channels);
    if (!(job.x = oq_floats_in(ctx, X)))
        return ctx->status;
    if (!job.factor)
        OQ_TRY(factors_of_run(ctx, state, &job));
    if (!(job.y = get_output(ctx)))
        return ctx->status;
    if (in->n > 0)
        oq_pool_run(ctx->pool, in->n / job.n, run_plane, &job);
    oq_floats_done(ctx, 0, job.y);
    return OQ_OK;
}

#define BATCHNORM(opset, outs)                                                                              \
    {                                                                                                       \
        .name = "BatchNormalization", .domain = "", .since = opset, .min_in = 5, .max_in = 5, .min_out = 1, \
        .max_out = outs, .types = OQ_T_FLOATS, .infer = infer, .prepare = prepare, .run = run,              \
        .rule = OQ_RULE_NONE, .weight = -1, .bias = -1                                                      \
    }

/* 7 dropped is_test, 9 dropped spatial, 14 added training_mode, 15 separate types for the statistics. */
const oq_op oq_ops_batchnorm[] = {
    BATCHNORM(1, 5), BATCHNORM(7, 5), BATCHNORM(9, 5), BATCHNORM(14, 3), BATCHNORM(15, 3), {0},
};
