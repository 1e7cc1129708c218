/* Normalizations over the elements of a row: LayerNormalization, RMSNormalization, InstanceNormalization,
 * GroupNormalization.
 *
 *     y = (x - mean) / sqrt(var + epsilon) * scale + bias
 *
 * A row is what is normalized together: the axes from `axis` on (Layer, RMS), one channel plane (Instance),
 * the planes of one group of channels (Group). Sums go to 16 partial sums, the variance is taken about the
 * mean.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "kernel/kernel.h"
#include "op/families.h"
#include "op/floats.h"

typedef struct {
    const oq_kernels *kernels;
    float epsilon;
    int64_t axis;
    int64_t n_groups;
    bool scales_groups; /* GroupNormalization before 21: scale and bias for each group, not channel */
} norm_state;

typedef struct {
    const oq_kernels *kernels;
    float epsilon;
    size_t n; /* elements of a row */
    const float *x, *scale, *bias;
    float *y, *mean, *inverse; /* mean, inverse: NULL when not wanted */
    size_t rows_per_batch;     /* planes: rows of one batch entry */
    size_t channels, plane;    /* planes: channels of a row, elements of a channel */
    bool scales_rows;          /* planes: scale and bias for each row, not channel */
} norm_job;

static oq_status prepare_axis(oq_prepare *ctx)
{
    norm_state *state = OQ_NEW(ctx->arena, norm_state);

    if (!state)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    ctx->state = state;
    state->kernels = oq_kernels_best();
    state->epsilon = oq_node_float(ctx->node, "epsilon", 1e-5f);
    state->axis = oq_node_int(ctx->node, "axis", -1);
    state->n_groups = oq_node_int(ctx->node, "num_groups", 1);
    state->scales_groups = ctx->node->opset < 21;
    if (state->n_groups < 1)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "num_groups is %" PRId64, state->n_groups);
    return OQ_OK;
}

static float *get_output(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];

    return in->dtype == OQ_FLOAT ? oq_out_in_place(ctx, 0, 0)
                                 : oq_floats_out(ctx, 0, in->dtype, in->dims, in->rank);
}

/* ------------------------------------------------------------------ rows of the last axes */

/* Input i broadcast to the axes from `axis` on; NULL with status when impossible. */
static const float *row_parameter(oq_run *ctx, int i, int axis, size_t n)
{
    const oq_array *in = ctx->in[i], *x = ctx->in[0];
    const float *from = oq_floats_in(ctx, i);
    size_t step[OQ_MAX_RANK] = {0}, product = 1;
    float *to;

    if (!from || in->n == n)
        return from;
    for (int k = in->rank - 1; k >= 0; k--) {
        int at = k + x->rank - in->rank;

        if (in->dims[k] != 1 && (at < axis || in->dims[k] != x->dims[at])) {
            ctx->status = oq_op_fail(ctx->diag, ctx->node, OQ_SHAPE, __FILE__, __LINE__,
                                     "input %d does not broadcast to the axes that are normalized", i);
            return NULL;
        }
        if (at >= 0)
            step[at] = in->dims[k] == 1 ? 0 : product;
        product *= (size_t)in->dims[k];
    }
    if (!(to = oq_scratch(ctx, n * sizeof *to)))
        return NULL;
    for (size_t e = 0; e < n; e++) {
        size_t rest = e, at = 0;

        for (int k = x->rank - 1; k >= axis; k--) {
            at += rest % (size_t)x->dims[k] * step[k];
            rest /= (size_t)x->dims[k];
        }
        to[e] = from[at];
    }
    return to;
}

static void layer_norm_row(void *arg, size_t row, int worker)
{
    const norm_job *job = arg;

    (void)worker;
    job->kernels->reduce->layer_norm(job->x + row * job->n, job->scale, job->bias, job->epsilon,
                                     job->y + row * job->n, job->n, job->mean ? job->mean + row : NULL,
                                     job->inverse ? job->inverse + row : NULL);
}

static void rms_norm_row(void *arg, size_t row, int worker)
{
    const norm_job *job = arg;
    const float *x = job->x + row * job->n;
    float *y = job->y + row * job->n;
    float mean = job->kernels->reduce->row[OQ_REDUCE_SUM_SQUARES](x, job->n) / (float)job->n;
    float root = sqrtf(mean + job->epsilon);

    (void)worker;
    for (size_t i = 0; i < job->n; i++)
        y[i] = x[i] / root * job->scale[i];
}

/* Output i (Mean or InvStdDev) when wanted: float32, normalized axes of size 1. */
static oq_status statistics_output(oq_run *ctx, int i, int axis, float **out)
{
    const oq_array *x = ctx->in[0];
    int64_t dims[OQ_MAX_RANK];

    if (i >= ctx->n_out || !ctx->wanted[i])
        return OQ_OK;
    for (int k = 0; k < x->rank; k++)
        dims[k] = k < axis ? x->dims[k] : 1;
    *out = oq_out(ctx, i, OQ_FLOAT, dims, x->rank);
    return *out ? OQ_OK : ctx->status;
}

static oq_status run_rows(oq_run *ctx, oq_task *row)
{
    const norm_state *state = ctx->state;
    const oq_array *in = ctx->in[0];
    norm_job job = {.kernels = state->kernels, .epsilon = state->epsilon};
    int axis;

    if (!oq_axis_normalize(state->axis, in->rank, &axis))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside an input of rank %d", state->axis, in->rank);
    job.n = oq_dims_product(in->dims, axis, in->rank);
    job.scale = row_parameter(ctx, 1, axis, job.n);
    if (!job.scale || (oq_in(ctx, 2) && !(job.bias = row_parameter(ctx, 2, axis, job.n))))
        return ctx->status;
    OQ_TRY(statistics_output(ctx, 1, axis, &job.mean));
    OQ_TRY(statistics_output(ctx, 2, axis, &job.inverse));
    job.x = oq_floats_in(ctx, 0);
    job.y = job.x ? get_output(ctx) : NULL;
    if (!job.y)
        return ctx->status;
    if (in->n > 0)
        oq_pool_run(ctx->pool, in->n / job.n, row, &job);
    oq_floats_done(ctx, 0, job.y);
    return OQ_OK;
}

static oq_status run_layer(oq_run *ctx)
{
    return run_rows(ctx, layer_norm_row);
}

static oq_status run_rms(oq_run *ctx)
{
    return run_rows(ctx, rms_norm_row);
}

static oq_status infer_layer(oq_infer *ctx)
{
    const oq_shape *x = &ctx->in[0].shape;
    int64_t given = oq_node_int(ctx->node, "axis", -1);
    int axis;

    ctx->out[0] = ctx->in[0];
    for (int i = 1; i < ctx->n_out; i++)
        ctx->out[i].dtype = OQ_FLOAT;
    if (x->rank < 0)
        return OQ_OK;
    if (!oq_axis_normalize(given, x->rank, &axis))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside an input of rank %d", given, x->rank);
    for (int i = 1; i < ctx->n_out; i++) {
        ctx->out[i].shape = *x;
        for (int k = axis; k < x->rank; k++)
            ctx->out[i].shape.dims[k] = oq_dim_of(1);
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ channel planes */

/* Row: `channels` planes of `plane` elements. */
static void normalize_planes(void *arg, size_t row, int worker)
{
    const norm_job *job = arg;
    const oq_reduce_f32 *reduce = job->kernels->reduce;
    const float *x = job->x + row * job->n;
    float *y = job->y + row * job->n, mean, inverse;
    size_t in_batch = row % job->rows_per_batch;

    (void)worker;
    mean = reduce->row[OQ_REDUCE_SUM](x, job->n) / (float)job->n;
    inverse = 1 / sqrtf(reduce->sum_squares_about(x, mean, job->n) / (float)job->n + job->epsilon);
    for (size_t c = 0; c < job->channels; c++) {
        size_t at = job->scales_rows ? in_batch : in_batch * job->channels + c;
        float factor = inverse * job->scale[at], offset = job->bias[at];

        for (size_t i = 0; i < job->plane; i++, x++, y++)
            *y = (*x - mean) * factor + offset;
    }
}

static oq_status run_planes(oq_run *ctx, size_t n_groups, bool scales_groups)
{
    const norm_state *state = ctx->state;
    const oq_array *in = ctx->in[0];
    norm_job job = {.kernels = state->kernels, .epsilon = state->epsilon, .rows_per_batch = n_groups};
    size_t n_scales;

    if (in->rank < 2 || n_groups == 0 || (size_t)in->dims[1] % n_groups)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%" PRId64 " channels do not make %zu groups",
                   in->rank < 2 ? 0 : in->dims[1], n_groups);
    n_scales = scales_groups ? n_groups : (size_t)in->dims[1];
    for (int i = 1; i <= 2; i++) {
        if (ctx->in[i]->n != n_scales)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d has %zu elements, %zu are needed", i, ctx->in[i]->n,
                       n_scales);
    }
    job.scales_rows = scales_groups;
    job.channels = (size_t)in->dims[1] / n_groups;
    job.plane = oq_dims_product(in->dims, 2, in->rank);
    job.n = job.channels * job.plane;
    job.scale = oq_floats_in(ctx, 1);
    job.bias = job.scale ? oq_floats_in(ctx, 2) : NULL;
    job.x = job.bias ? oq_floats_in(ctx, 0) : NULL;
    job.y = job.x ? get_output(ctx) : NULL;
    if (!job.y)
        return ctx->status;
    if (in->n > 0)
        oq_pool_run(ctx->pool, in->n / job.n, normalize_planes, &job);
    oq_floats_done(ctx, 0, job.y);
    return OQ_OK;
}

static oq_status run_instance(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];

    return run_planes(ctx, in->rank > 1 ? (size_t)in->dims[1] : 0, false);
}

static oq_status run_group(oq_run *ctx)
{
    const norm_state *state = ctx->state;

    return run_planes(ctx, (size_t)state->n_groups, state->scales_groups);
}

/* ------------------------------------------------------------------ rows of the table */

#define NORM(op, opset, least, most, outs, infer_fn, run_fn)                                              \
    {                                                                                                     \
        .name = op, .domain = "", .since = opset, .min_in = least, .max_in = most, .min_out = 1,          \
        .max_out = outs, .types = OQ_T_FLOATS, .infer = infer_fn, .prepare = prepare_axis, .run = run_fn, \
        .rule = OQ_RULE_NONE, .weight = -1, .bias = -1                                                    \
    }

/* GroupNormalization: 21 made scale and bias per channel. InstanceNormalization: 22 added bfloat16. */
const oq_op oq_ops_norm[] = {
    NORM("GroupNormalization", 18, 3, 3, 1, NULL, run_group),
    NORM("GroupNormalization", 21, 3, 3, 1, NULL, run_group),
    NORM("InstanceNormalization", 6, 3, 3, 1, NULL, run_instance),
    NORM("InstanceNormalization", 22, 3, 3, 1, NULL, run_instance),
    NORM("LayerNormalization", 17, 2, 3, 3, infer_layer, run_layer),
    NORM("RMSNormalization", 23, 2, 2, 1, NULL, run_rms),
    {0},
};
