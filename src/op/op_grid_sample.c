/* op_grid_sample: GridSample: the input looked at in the places that a grid tells.
 *
 *     x [N, C, in_1 .. in_r], grid [N, out_1 .. out_r, r] -> y [N, C, out_1 .. out_r]
 *
 * A grid number g in -1..1 spans an axis of size d, the last axis first:
 *     align_corners  (g + 1) / 2 * (d - 1)         between the centres of the outermost elements
 *     else           ((g + 1) * d - 1) / 2         between their outer edges
 * What lies outside is zero, the nearest element (border), or mirrored (reflection). Cubic with border looks
 * around the place itself, of taps that each are the nearest element, as PyTorch and ONNX Runtime do; to move
 * the place to the border first, as in ONNX's Python code, gives other weights.
 *
 * For a block of places the taps (elements and weights) are found once, then each channel sums along them.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "op/families.h"
#include "op/floats.h"
#include "op/op_elems.h"

#define MAX_AXES 3
#define MAX_TAPS 64 /* cubic in 3 axes */
#define BLOCK    64 /* places */
#define OUTSIDE  SIZE_MAX

typedef enum { NEAREST, LINEAR, CUBIC } sample_mode;
typedef enum { ZEROS, BORDER, REFLECTION } padding_mode;

typedef struct {
    sample_mode mode;
    padding_mode padding;
    bool aligns;
    int rank;
    int64_t in[MAX_AXES];
    size_t n_channels, n_in, n_out; /* elements of a plane of x and of y */
    int n_taps;
    const float *x, *grid;
    float *y;
} sample_job;

static bool read_modes(const oq_node *node, sample_mode *mode, padding_mode *padding)
{
    const char *m = oq_node_string(node, "mode", "linear"),
               *p = oq_node_string(node, "padding_mode", "zeros");

    *mode = strcmp(m, "nearest") == 0                              ? NEAREST
            : strcmp(m, "cubic") == 0 || strcmp(m, "bicubic") == 0 ? CUBIC
                                                                   : LINEAR;
    *padding = strcmp(p, "border") == 0 ? BORDER : strcmp(p, "reflection") == 0 ? REFLECTION : ZEROS;
    return (*mode != LINEAR || strcmp(m, "linear") == 0 || strcmp(m, "bilinear") == 0) &&
           (*padding != ZEROS || strcmp(p, "zeros") == 0);
}

/* ------------------------------------------------------------------ infer, prepare */

static oq_status infer(oq_infer *ctx)
{
    const oq_shape *x = &ctx->in[0].shape, *grid = &ctx->in[1].shape;
    int rank = x->rank >= 0 ? x->rank : grid->rank;

    ctx->out[0].dtype = ctx->in[0].dtype;
    if (rank < 0)
        return OQ_OK;
    if (rank < 3 || (grid->rank >= 0 && grid->rank != rank))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input and grid have ranks %d and %d; one rank of at least 3 is meant",
                   x->rank, grid->rank);
    ctx->out[0].shape = oq_shape_ranked(rank);
    if (x->rank >= 0) {
        ctx->out[0].shape.dims[0] = x->dims[0];
        ctx->out[0].shape.dims[1] = x->dims[1];
    }
    for (int i = 2; i < rank && grid->rank >= 0; i++)
        ctx->out[0].shape.dims[i] = grid->dims[i - 1];
    return OQ_OK;
}

static oq_status prepare(oq_prepare *ctx)
{
    sample_mode mode;
    padding_mode padding;

    if (!read_modes(ctx->node, &mode, &padding))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "mode '%s' with padding_mode '%s'",
                   oq_node_string(ctx->node, "mode", "linear"),
                   oq_node_string(ctx->node, "padding_mode", "zeros"));
    return OQ_OK;
}

/* ------------------------------------------------------------------ places along one axis */

/* x mirrored at low and high until it lies between them. */
static float reflect(float x, float low, float high)
{
    float span = high - low, beyond;

    if (!(span > 0))
        return low;
    beyond = fmodf(fabsf(x - low), 2 * span);
    return beyond > span ? high - (beyond - span) : low + beyond;
}

/* Place of a grid number. Numbers that are none, and those far off, end up outside. */
static float place_of(const sample_job *job, float g, int64_t size)
{
    float d = (float)size, low = job->aligns ? 0.0f : -0.5f, high = job->aligns ? d - 1 : d - 0.5f;
    float x = job->aligns ? (g + 1) / 2 * (d - 1) : ((g + 1) * d - 1) / 2;

    if (job->mode == NEAREST)
        x = rintf(x);
    if (job->padding == BORDER && !(x >= low && x <= high))
        x = job->mode == CUBIC ? fminf(fmaxf(x, -8.0f), d + 8.0f) : fminf(fmaxf(x, 0), d - 1);
    else if (job->padding == REFLECTION && !(x >= low && x <= high))
        x = reflect(x, low, high);
    return x >= -8.0f && x <= d + 8.0f ? x : -8.0f;
}

/* Element that a whole place stands for, or -1. */
static int64_t element_of(const sample_job *job, int64_t at, int64_t size)
{
    if (at >= 0 && at < size)
        return at;
    if (job->padding == ZEROS)
        return -1;
    if (job->padding == BORDER)
        return at < 0 ? 0 : size - 1;
    at = (int64_t)reflect((float)at, job->aligns ? 0.0f : -0.5f,
                          job->aligns ? (float)size - 1 : (float)size - 0.5f);
    return at < 0 ? 0 : at >= size ? size - 1 : at;
}

/* Cubic convolution with a = -0.75. */
static void cubic_weights(float t, float *w)
{
    const float a = -0.75f;
    float s = 1 - t;

    w[0] = ((a * (t + 1) - 5 * a) * (t + 1) + 8 * a) * (t + 1) - 4 * a;
    w[1] = ((a + 2) * t - (a + 3)) * t * t + 1;
    w[2] = ((a + 2) * s - (a + 3)) * s * s + 1;
    w[3] = ((a * (s + 1) - 5 * a) * (s + 1) + 8 * a) * (s + 1) - 4 * a;
}

/* Taps along one axis; returns their number. */
static int axis_taps(const sample_job *job, float g, int64_t size, int64_t *elements, float *weights)
{
    float x = place_of(job, g, size), whole = floorf(x), t = x - whole;
    int n = job->mode == NEAREST ? 1 : job->mode == LINEAR ? 2 : 4;
    int64_t first = (int64_t)whole - (job->mode == CUBIC);

    if (job->mode == CUBIC) {
        cubic_weights(t, weights);
    } else if (job->mode == LINEAR) {
        weights[0] = 1 - t;
        weights[1] = t;
    } else {
        weights[0] = 1;
    }
    for (int k = 0; k < n; k++)
        elements[k] = element_of(job, first + k, size);
    return n;
}

/* ------------------------------------------------------------------ sampling */

/* All combinations of the axes' taps: the last axis fastest. A tap outside has element OUTSIDE. */
static void find_taps(const sample_job *job, const float *g, size_t *elements, float *weights)
{
    int64_t axis_elements[MAX_AXES][4];
    float axis_weights[MAX_AXES][4];
    int per_axis = 1;

    for (int i = 0; i < job->rank; i++)
        per_axis = axis_taps(job, g[job->rank - 1 - i], job->in[i], axis_elements[i], axis_weights[i]);
    for (int t = 0; t < job->n_taps; t++) {
        int rest = t, divisor = job->n_taps;
        bool is_outside = false;
        size_t element = 0;
        float weight = 1;

        for (int i = 0; i < job->rank; i++) {
            int k;

            divisor /= per_axis;
            k = rest / divisor;
            rest %= divisor;
            is_outside |= axis_elements[i][k] < 0;
            element = element * (size_t)job->in[i] + (size_t)axis_elements[i][k];
            weight *= axis_weights[i][k];
        }
        elements[t] = is_outside ? OUTSIDE : element;
        weights[t] = weight;
    }
}

static void sample_block(void *arg, size_t task, int worker)
{
    const sample_job *job = arg;
    size_t n_blocks = (job->n_out + BLOCK - 1) / BLOCK, batch = task / n_blocks,
           first = task % n_blocks * BLOCK;
    size_t n = job->n_out - first < BLOCK ? job->n_out - first : BLOCK, elements[BLOCK * MAX_TAPS];
    float weights[BLOCK * MAX_TAPS];

    (void)worker;
    for (size_t p = 0; p < n; p++)
        find_taps(job, job->grid + (batch * job->n_out + first + p) * (size_t)job->rank,
                  elements + p * (size_t)job->n_taps, weights + p * (size_t)job->n_taps);
    for (size_t c = 0; c < job->n_channels; c++) {
        const float *x = job->x + (batch * job->n_channels + c) * job->n_in;
        float *y = job->y + (batch * job->n_channels + c) * job->n_out + first;
        const size_t *element = elements;
        const float *weight = weights;

        for (size_t p = 0; p < n; p++, element += job->n_taps, weight += job->n_taps) {
            float sum = 0;

            for (int t = 0; t < job->n_taps; t++)
                sum += element[t] == OUTSIDE ? 0 : weight[t] * x[element[t]];
            y[p] = sum;
        }
    }
}

static oq_status check_shapes(oq_run *ctx, sample_job *job, int64_t *dims)
{
    const oq_array *x = ctx->in[0], *grid = ctx->in[1];

    job->rank = x->rank - 2;
    if (job->rank < 1 || job->rank > MAX_AXES)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "input of rank %d; 3 to %d are computed", x->rank, MAX_AXES + 2);
    if (grid->rank != x->rank || grid->dims[0] != x->dims[0] || grid->dims[grid->rank - 1] != job->rank)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the grid must be [%" PRId64 ", sizes of the output ..., %d]", x->dims[0],
                   job->rank);
    job->n_channels = (size_t)x->dims[1];
    job->n_in = oq_dims_product(x->dims, 2, x->rank);
    job->n_out = oq_dims_product(grid->dims, 1, grid->rank - 1);
    dims[0] = x->dims[0];
    dims[1] = x->dims[1];
    for (int i = 0; i < job->rank; i++) {
        job->in[i] = x->dims[i + 2];
        dims[i + 2] = grid->dims[i + 1];
    }
    if (job->n_in == 0 && job->n_out > 0 && job->n_channels > 0)
        OQ_OP_FAIL(ctx, OQ_RANGE, "the input is empty: there is nothing to look at");
    return OQ_OK;
}

static oq_status run(oq_run *ctx)
{
    int64_t dims[OQ_MAX_RANK];
    sample_job job = {.aligns = oq_node_int(ctx->node, "align_corners", 0) != 0, .n_taps = 1};
    int per_axis;

    read_modes(ctx->node, &job.mode, &job.padding);
    OQ_TRY(check_shapes(ctx, &job, dims));
    per_axis = job.mode == NEAREST ? 1 : job.mode == LINEAR ? 2 : 4;
    for (int i = 0; i < job.rank; i++)
        job.n_taps *= per_axis;
    job.x = oq_floats_in(ctx, 0);
    job.grid = job.x ? oq_floats_in(ctx, 1) : NULL;
    job.y = job.grid ? oq_floats_out(ctx, 0, ctx->in[0]->dtype, dims, ctx->in[0]->rank) : NULL;
    if (!job.y)
        return oq_run_failure(ctx);
    if (ctx->out[0].n > 0)
        oq_pool_run(ctx->pool, (size_t)dims[0] * ((job.n_out + BLOCK - 1) / BLOCK), sample_block, &job);
    oq_floats_done(ctx, 0, job.y);
    return OQ_OK;
}

#define ROW(opset)                                                                                  \
    {                                                                                               \
        .name = "GridSample", .domain = "", .since = opset, .min_in = 2, .max_in = 2, .min_out = 1, \
        .max_out = 1, .types = OQ_T_FLOATS, .infer = infer, .prepare = prepare, .run = run,         \
        .rule = OQ_RULE_NONE, .weight = -1, .bias = -1                                              \
    }

/* 20 renamed the modes bilinear and bicubic and added volumes. */
const oq_op oq_ops_grid_sample[] = {ROW(16), ROW(20), {.name = NULL}};
