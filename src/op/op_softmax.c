/* Softmax, LogSoftmax, Hardmax.
 *
 * From opset 13 they work along one axis (default: the last). Before, the input was seen as a matrix: the
 * axes from `axis` (default 1) on are one row.
 */
#include <inttypes.h>
#include <string.h>

#include "kernel/kernel.h"
#include "kernel/transpose.h"
#include "op/families.h"
#include "op/floats.h"

typedef void row_fn(const float *x, float *y, size_t n);

typedef struct {
    row_fn *row;
    int64_t axis;
    bool is_matrix; /* rows reach to the end of the tensor */
} softmax_state;

/* x seen as [outer][n][inner]. */
typedef struct {
    row_fn *row;
    size_t n, inner;
    const float *x;
    float *y;
    float *scratch; /* inner > 1: per worker n * inner floats */
} softmax_job;

static void hardmax_row(const float *x, float *y, size_t n)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++)
        best = x[i] > x[best] ? i : best;
    memset(y, 0, n * sizeof *y);
    y[best] = 1;
}

static void run_outer(void *arg, size_t index, int worker)
{
    const softmax_job *job = arg;
    size_t size = job->n * job->inner;
    const float *x = job->x + index * size;
    float *y = job->y + index * size, *rows;

    if (job->inner == 1) {
        job->row(x, y, job->n);
        return;
    }
    rows = job->scratch + (size_t)worker * size;
    oq_transpose(sizeof *x, job->n, job->inner, x, job->inner, rows, job->n);
    for (size_t i = 0; i < job->inner; i++)
        job->row(rows + i * job->n, rows + i * job->n, job->n);
    oq_transpose(sizeof *x, job->inner, job->n, rows, job->n, y, job->inner);
}

static float *get_output(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];

    if (in->dtype == OQ_FLOAT)
        return oq_out_in_place(ctx, 0, 0);
    return oq_floats_out(ctx, 0, in->dtype, in->dims, in->rank);
}

static oq_status run(oq_run *ctx)
{
    const softmax_state *state = ctx->state;
    const oq_array *in = ctx->in[0];
    softmax_job job = {.row = state->row};
    size_t outer;
    int axis = 0;

    /* A matrix may begin at the end: axis = rank makes every element a row. */
    if (state->is_matrix && state->axis == in->rank)
        axis = in->rank;
    else if (!oq_axis_normalize(state->axis, in->rank, &axis) && in->rank > 0)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside an input of rank %d", state->axis, in->rank);
    outer = oq_dims_product(in->dims, 0, axis);
    job.n = in->rank == 0      ? 1
            : state->is_matrix ? oq_dims_product(in->dims, axis, in->rank)
                               : (size_t)in->dims[axis];
    job.inner = in->rank == 0 || state->is_matrix ? 1 : oq_dims_product(in->dims, axis + 1, in->rank);
    if (job.inner > 1 &&
        !(job.scratch = oq_scratch(ctx, job.n * job.inner * sizeof(float) * (size_t)oq_pool_size(ctx->pool))))
        return ctx->status;
    job.x = oq_floats_in(ctx, 0);
    job.y = job.x ? get_output(ctx) : NULL;
    if (!job.y)
        return ctx->status;
    if (in->n > 0)
        oq_pool_run(ctx->pool, outer, run_outer, &job);
    oq_floats_done(ctx, 0, job.y);
    return OQ_OK;
}

static oq_status prepare(oq_prepare *ctx, row_fn *row, int matrix_below)
{
    softmax_state *state = OQ_NEW(ctx->arena, softmax_state);

    if (!state)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    ctx->state = state;
    state->row = row;
    state->is_matrix = ctx->node->opset < matrix_below;
    state->axis = oq_node_int(ctx->node, "axis", state->is_matrix ? 1 : -1);
    return OQ_OK;
}

static oq_status prepare_softmax(oq_prepare *ctx)
{
    return prepare(ctx, oq_kernels_best()->reduce->softmax, 13);
}

static oq_status prepare_log_softmax(oq_prepare *ctx)
{
    return prepare(ctx, oq_kernels_best()->reduce->log_softmax, 13);
}

static oq_status prepare_hardmax(oq_prepare *ctx)
{
    return prepare(ctx, hardmax_row, 13);
}

#define SOFTMAX(op, opset, prepare_fn, the_rule)                                                             \
    {                                                                                                        \
        .name = op, .domain = "", .since = opset, .min_in = 1, .max_in = 1, .min_out = 1, .max_out = 1,      \
        .types = OQ_T_FLOATS, .prepare = prepare_fn, .run = run, .rule = the_rule, .weight = -1, .bias = -1, \
        .layout = OQ_LAYOUT_AXIS                                                                             \
    }

/* 11 allowed a negative axis, 13 changed the meaning of axis. */
const oq_op oq_ops_softmax[] = {
    SOFTMAX("Hardmax", 1, prepare_hardmax, OQ_RULE_NONE),
    SOFTMAX("Hardmax", 11, prepare_hardmax, OQ_RULE_NONE),
    SOFTMAX("Hardmax", 13, prepare_hardmax, OQ_RULE_NONE),
    SOFTMAX("LogSoftmax", 1, prepare_log_softmax, OQ_RULE_NONE),
    SOFTMAX("LogSoftmax", 11, prepare_log_softmax, OQ_RULE_NONE),
    SOFTMAX("LogSoftmax", 13, prepare_log_softmax, OQ_RULE_NONE),
    SOFTMAX("Softmax", 1, prepare_softmax, OQ_RULE_FIXED),
    SOFTMAX("Softmax", 11, prepare_softmax, OQ_RULE_FIXED),
    SOFTMAX("Softmax", 13, prepare_softmax, OQ_RULE_FIXED),
    {0},
};
