/* op_deform_conv: DeformConv: a convolution whose every tap looks at a place of its own.
 *
 *     y[n, o, p] = B[o] + sum over c, k of W[o, c, k] * mask[n, k, p] * x(n, c, place)
 *     place = p * stride - pad + k * dilation + offset[n, k, p]
 *
 * x between the elements is bilinear, outside it is zero. offset and mask have offset_group parts, each for
 * as many input channels. A block of places at a time, the looked-up inputs are put into a matrix [c, k][p]
 * and multiplied with the weights.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "kernel/gemm_f32.h"
#include "op/families.h"
#include "op/floats.h"
#include "op/op_elems.h"
#include "op/window.h"

enum { X, W, OFFSET, B, MASK };

#define BLOCK 256 /* places */

static oq_status read_window(oq_diag *diag, const oq_node *node, const int64_t *kernel, oq_window *w)
{
    OQ_TRY(oq_window_read(node, w, diag));
    return oq_window_fit(w, node, 2, kernel, diag);
}

static oq_status infer(oq_infer *ctx)
{
    const oq_shape *x = &ctx->in[X].shape, *w = &ctx->in[W].shape;
    int64_t kernel[2];
    oq_window window;

    ctx->out[0].dtype = ctx->in[X].dtype;
    if ((x->rank >= 0 && x->rank != 4) || (w->rank >= 0 && w->rank != 4))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input and weight have ranks %d and %d; both must be 4", x->rank, w->rank);
    ctx->out[0].shape = oq_shape_ranked(4);
    if (x->rank == 4)
        ctx->out[0].shape.dims[0] = x->dims[0];
    if (w->rank != 4)
        return OQ_OK;
    ctx->out[0].shape.dims[1] = w->dims[0];
    if (x->rank != 4 || w->dims[2].size < 1 || w->dims[3].size < 1)
        return OQ_OK;
    kernel[0] = w->dims[2].size;
    kernel[1] = w->dims[3].size;
    OQ_TRY(read_window(ctx->diag, ctx->node, kernel, &window));
    return oq_window_infer(&window, ctx->node, x->dims + 2, ctx->out[0].shape.dims + 2, ctx->diag);
}

typedef struct {
    oq_window window;
    int64_t pad[2], in[2], out[2];
    size_t channels, n_taps, n_out; /* n_taps: of the kernel; n_out: places of a plane */
    size_t groups, group_channels, group_outputs, offset_groups;
    const float *x, *w, *offset, *bias, *mask;
    float *y;
} deform_job;

/* x between the elements of one plane. */
static float look(const deform_job *job, const float *plane, float y, float x)
{
    float sum = 0, fy, fx;
    int64_t y0, x0;

    if (!(y > -1 && x > -1 && y < (float)job->in[0] && x < (float)job->in[1]))
        return 0;
    y0 = (int64_t)floorf(y);
    x0 = (int64_t)floorf(x);
    fy = y - (float)y0;
    fx = x - (float)x0;
    for (int k = 0; k < 4; k++) {
        int64_t at_y = y0 + k / 2, at_x = x0 + k % 2;

        if (at_y >= 0 && at_x >= 0 && at_y < job->in[0] && at_x < job->in[1])
            sum += (k / 2 ? fy : 1 - fy) * (k % 2 ? fx : 1 - fx) * plane[at_y * job->in[1] + at_x];
    }
    return sum;
}

typedef struct {
    const deform_job *job;
    size_t batch, group, first, n; /* places first .. first + n - 1 */
    float *columns;                /* group_channels * n_taps rows of n */
} block_job;

/* Rows of one input channel of the group: one task. */
static void look_up_channel(void *arg, size_t c, int worker)
{
    const block_job *b = arg;
    const deform_job *job = b->job;
    size_t channel = b->group * job->group_channels + c;
    size_t part = b->batch * job->offset_groups + channel / (job->channels / job->offset_groups);
    const float *plane = job->x + (b->batch * job->channels + channel) * (size_t)(job->in[0] * job->in[1]);
    const oq_window *w = &job->window;

    (void)worker;
    for (size_t k = 0; k < job->n_taps; k++) {
        const float *dy = job->offset + (part * job->n_taps + k) * 2 * job->n_out + b->first,
                    *dx = dy + job->n_out;
        const float *mask = job->mask ? job->mask + (part * job->n_taps + k) * job->n_out + b->first : NULL;
        int64_t ky = (int64_t)k / w->kernel[1], kx = (int64_t)k % w->kernel[1];
        float *row = b->columns + (c * job->n_taps + k) * b->n;

        for (size_t i = 0; i < b->n; i++) {
            int64_t oy = (int64_t)(b->first + i) / job->out[1], ox = (int64_t)(b->first + i) % job->out[1];
            float y = (float)(oy * w->stride[0] - job->pad[0] + ky * w->dilation[0]) + dy[i];
            float x = (float)(ox * w->stride[1] - job->pad[1] + kx * w->dilation[1]) + dx[i];
            float value = look(job, plane, y, x);

            row[i] = mask ? mask[i] * value : value;
        }
    }
}

static bool has_dims(const oq_array *in, int64_t a, int64_t b, int64_t c, int64_t d)
{
    return in->rank == 4 && in->dims[0] == a && in->dims[1] == b && in->dims[2] == c && in->dims[3] == d;
}

static oq_status check_groups(oq_run *ctx, deform_job *job)
{
    const oq_array *x = ctx->in[X], *w = ctx->in[W], *bias = oq_in(ctx, B), *mask = oq_in(ctx, MASK);
    int64_t groups = oq_node_int(ctx->node, "group", 1), parts = oq_node_int(ctx->node, "offset_group", 1);
    int64_t taps = w->dims[2] * w->dims[3];

    if (groups < 1 || parts < 1 || x->dims[1] % groups || x->dims[1] % parts || w->dims[0] % groups ||
        w->dims[1] != x->dims[1] / groups || x->dims[1] == 0)
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "%" PRId64 " input channels, %" PRId64 " outputs of %" PRId64 " channels, group %" PRId64
                   ", offset_group %" PRId64 " do not fit each other",
                   x->dims[1], w->dims[0], w->dims[1], groups, parts);
    if (!has_dims(ctx->in[OFFSET], x->dims[0], 2 * parts * taps, job->out[0], job->out[1]))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "offset must be [%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 "]",
                   x->dims[0], 2 * parts * taps, job->out[0], job->out[1]);
    if (mask && !has_dims(mask, x->dims[0], parts * taps, job->out[0], job->out[1]))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "mask must be [%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 "]",
                   x->dims[0], parts * taps, job->out[0], job->out[1]);
    if (bias && bias->n != (size_t)w->dims[0])
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu biases for %" PRId64 " outputs", bias->n, w->dims[0]);
    job->groups = (size_t)groups;
    job->offset_groups = (size_t)parts;
    job->channels = (size_t)x->dims[1];
    job->group_channels = job->channels / job->groups;
    job->group_outputs = (size_t)w->dims[0] / job->groups;
    job->n_taps = (size_t)taps;
    return OQ_OK;
}

static oq_status open_job(oq_run *ctx, deform_job *job)
{
    const oq_array *x = ctx->in[X], *w = ctx->in[W];

    if (x->rank != 4 || w->rank != 4)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "input of rank %d, weight of rank %d; images (rank 4) are computed",
                   x->rank, w->rank);
    OQ_TRY(read_window(ctx->diag, ctx->node, w->dims + 2, &job->window));
    memcpy(job->in, x->dims + 2, sizeof job->in);
    OQ_TRY(oq_window_outputs(&job->window, ctx->node, job->in, job->out, job->pad, ctx->diag));
    OQ_TRY(check_groups(ctx, job));
    job->n_out = (size_t)(job->out[0] * job->out[1]);
    job->x = oq_floats_in(ctx, X);
    job->w = job->x ? oq_floats_in(ctx, W) : NULL;
    job->offset = job->w ? oq_floats_in(ctx, OFFSET) : NULL;
    if (!job->offset || (oq_in(ctx, B) && !(job->bias = oq_floats_in(ctx, B))) ||
        (oq_in(ctx, MASK) && !(job->mask = oq_floats_in(ctx, MASK))))
        return oq_run_failure(ctx);
    job->y = oq_floats_out(ctx, 0, x->dtype,
                           (const int64_t[]){x->dims[0], w->dims[0], job->out[0], job->out[1]}, 4);
    return job->y ? OQ_OK : oq_run_failure(ctx);
}

/* y of one block: weights times columns, then the bias of each row. */
static void multiply(oq_run *ctx, const block_job *b, void *packed_memory)
{
    const deform_job *job = b->job;
    size_t k = job->group_channels * job->n_taps, output = b->group * job->group_outputs;
    float *y = job->y + (b->batch * job->groups * job->group_outputs + output) * job->n_out + b->first;
    oq_packed_f32 packed;
    oq_gemm_f32 gemm = {.b = &packed,
                        .m = job->group_outputs,
                        .a = job->w + output * k,
                        .a_stride = k,
                        .accumulate = job->bias != NULL,
                        .c = y,
                        .c_stride = job->n_out,
                        .lo = -INFINITY,
                        .hi = INFINITY};

    for (size_t o = 0; job->bias && o < job->group_outputs; o++)
        for (size_t i = 0; i < b->n; i++)
            y[o * job->n_out + i] = job->bias[output + o];
    oq_pack_f32(oq_kernels_best(), k, b->n, b->columns, b->n, 1, packed_memory, &packed);
    oq_gemm_f32_run(ctx->pool, &gemm);
}

static oq_status run(oq_run *ctx)
{
    deform_job job = {.groups = 1};
    size_t k, most, size, bytes;
    block_job b = {.job = &job};
    void *packed;

    OQ_TRY(open_job(ctx, &job));
    if (ctx->out[0].n == 0)
        return OQ_OK;
    k = job.group_channels * job.n_taps;
    most = job.n_out < BLOCK ? job.n_out : BLOCK;
    size = oq_pack_f32_size(oq_kernels_best(), k, most);
    if (size == SIZE_MAX || oq_mul_overflow(k, most * sizeof(float), &bytes))
        OQ_OP_FAIL(ctx, OQ_LIMIT, "working memory does not fit in memory");
    b.columns = oq_scratch(ctx, bytes);
    packed = b.columns ? oq_scratch(ctx, size) : NULL;
    if (!packed)
        return oq_run_failure(ctx);
    for (b.batch = 0; b.batch < (size_t)ctx->in[X]->dims[0]; b.batch++)
        for (b.group = 0; b.group < job.groups; b.group++)
            for (b.first = 0; b.first < job.n_out; b.first += most) {
                b.n = job.n_out - b.first < most ? job.n_out - b.first : most;
                oq_pool_run(ctx->pool, job.group_channels, look_up_channel, &b);
                multiply(ctx, &b, packed);
            }
    oq_floats_done(ctx, 0, job.y);
    return OQ_OK;
}

const oq_op oq_ops_deform_conv[] = {
    {.name = "DeformConv",
     .domain = "",
     .since = 19,
     .min_in = 3,
     .max_in = 5,
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
