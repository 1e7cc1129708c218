/* op_roi: RoiAlign, MaxRoiPool: regions of a feature map brought to one size.
 *
 * RoiAlign cuts a region into output_height x output_width bins and looks at sampling_ratio^2 places of each,
 * between the elements (bilinear); mode avg takes their mean, mode max the largest of the products of element
 * and weight, as ONNX Runtime does. The taps of a region are found once, then each channel is computed.
 *
 * MaxRoiPool takes the largest element of each bin, whole elements only.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "op/families.h"
#include "op/floats.h"
#include "op/op_elems.h"

enum { X, ROIS, BATCHES };

/* regions x channels x height x width */
static oq_status infer_regions(oq_infer *ctx, int64_t height, int64_t width)
{
    const oq_shape *x = &ctx->in[X].shape, *rois = &ctx->in[ROIS].shape;

    if ((x->rank >= 0 && x->rank != 4) || (rois->rank >= 0 && rois->rank != 2))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input and regions have ranks %d and %d; 4 and 2 are meant", x->rank,
                   rois->rank);
    ctx->out[0] = (oq_type){ctx->in[X].dtype, oq_shape_ranked(4)};
    if (rois->rank == 2)
        ctx->out[0].shape.dims[0] = rois->dims[0];
    if (x->rank == 4)
        ctx->out[0].shape.dims[1] = x->dims[1];
    ctx->out[0].shape.dims[2] = oq_dim_of(height);
    ctx->out[0].shape.dims[3] = oq_dim_of(width);
    return OQ_OK;
}

/* ------------------------------------------------------------------ RoiAlign */

static oq_status infer_align(oq_infer *ctx)
{
    return infer_regions(ctx, oq_node_int(ctx->node, "output_height", 1),
                         oq_node_int(ctx->node, "output_width", 1));
}

/* Four elements and their weights; weight 0 for a place outside. */
typedef struct {
    size_t at[4];
    float weight[4];
} sample;

typedef struct {
    bool takes_max, is_half_pixel;
    float scale;
    int64_t ratio; /* places per bin and axis; 0: as many as elements */
    int64_t height, width, out_height, out_width;
    size_t channels;
} align_job;

/* The two elements on either side of a place, and the share of the second; false when it lies outside. */
static bool neighbours(float place, int64_t size, int64_t *low, int64_t *high, float *share)
{
    if (!(place >= -1.0f && place <= (float)size))
        return false;
    place = fmaxf(place, 0);
    *low = (int64_t)place;
    if (*low >= size - 1) {
        *low = *high = size - 1;
        *share = 0;
    } else {
        *high = *low + 1;
        *share = place - (float)*low;
    }
    return true;
}

static sample sample_at(const align_job *job, float y, float x)
{
    int64_t y0, y1, x0, x1;
    float sy, sx;

    if (!neighbours(y, job->height, &y0, &y1, &sy) || !neighbours(x, job->width, &x0, &x1, &sx))
        return (sample){{0}, {0}};
    return (sample){{(size_t)(y0 * job->width + x0), (size_t)(y0 * job->width + x1),
                     (size_t)(y1 * job->width + x0), (size_t)(y1 * job->width + x1)},
                    {(1 - sy) * (1 - sx), (1 - sy) * sx, sy * (1 - sx), sy * sx}};
}

/* One region in elements of the map. */
typedef struct {
    float x, y, bin_width, bin_height;
    int64_t n_x, n_y; /* places per bin */
} region;

static bool region_of(const align_job *job, const float *roi, region *r)
{
    float offset = job->is_half_pixel ? 0.5f : 0.0f, width, height, nx, ny;

    r->x = roi[0] * job->scale - offset;
    r->y = roi[1] * job->scale - offset;
    width = roi[2] * job->scale - offset - r->x;
    height = roi[3] * job->scale - offset - r->y;
    if (!job->is_half_pixel) {
        width = fmaxf(width, 1.0f);
        height = fmaxf(height, 1.0f);
    }
    r->bin_width = width / (float)job->out_width;
    r->bin_height = height / (float)job->out_height;
    nx = job->ratio ? (float)job->ratio : ceilf(r->bin_width);
    ny = job->ratio ? (float)job->ratio : ceilf(r->bin_height);
    if (!(nx < 65536.0f && ny < 65536.0f && nx > -65536.0f && ny > -65536.0f))
        return false;
    r->n_x = nx > 0 ? (int64_t)nx : 0;
    r->n_y = ny > 0 ? (int64_t)ny : 0;
    return true;
}

static void find_samples(const align_job *job, const region *r, sample *s)
{
    for (int64_t by = 0; by < job->out_height; by++)
        for (int64_t bx = 0; bx < job->out_width; bx++)
            for (int64_t iy = 0; iy < r->n_y; iy++)
                for (int64_t ix = 0; ix < r->n_x; ix++) {
                    float y =
                        r->y + (float)by * r->bin_height + ((float)iy + 0.5f) * r->bin_height / (float)r->n_y;
                    float x =
                        r->x + (float)bx * r->bin_width + ((float)ix + 0.5f) * r->bin_width / (float)r->n_x;

                    *s++ = sample_at(job, y, x);
                }
}

typedef struct {
    const align_job *job;
    const sample *samples;
    size_t per_bin, n_bins;
    const float *x; /* of the region's batch */
    float *y;       /* of the region */
} channel_job;

static void align_channel(void *arg, size_t channel, int worker)
{
    const channel_job *c = arg;
    const float *x = c->x + channel * (size_t)(c->job->height * c->job->width);
    const sample *s = c->samples;
    float *y = c->y + channel * c->n_bins;

    (void)worker;
    for (size_t b = 0; b < c->n_bins; b++) {
        float sum = 0, most = c->per_bin ? -INFINITY : 0;

        for (size_t k = 0; k < c->per_bin; k++, s++) {
            for (int t = 0; t < 4; t++) {
                float part = s->weight[t] == 0 ? 0 : s->weight[t] * x[s->at[t]];

                sum += part;
                most = part > most || part != part ? part : most;
            }
        }
        y[b] = c->job->takes_max ? most : c->per_bin ? sum / (float)c->per_bin : 0;
    }
}

static oq_status read_align(oq_run *ctx, align_job *job)
{
    const oq_array *x = ctx->in[X], *rois = ctx->in[ROIS], *batches = ctx->in[BATCHES];
    const char *mode = oq_node_string(ctx->node, "mode", "avg");
    const char *coordinates = oq_node_string(ctx->node, "coordinate_transformation_mode",
                                             ctx->node->opset < 16 ? "output_half_pixel" : "half_pixel");

    if (x->rank != 4 || rois->rank != 2 || rois->dims[1] != 4 || batches->n != (size_t)rois->dims[0])
        OQ_OP_FAIL(ctx, OQ_SHAPE, "an input of rank 4, regions [n, 4] and n batch indices are meant");
    if (strcmp(mode, "avg") != 0 && strcmp(mode, "max") != 0)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "mode '%s'; avg and max are known", mode);
    *job = (align_job){.takes_max = mode[0] == 'm',
                       .is_half_pixel = strcmp(coordinates, "half_pixel") == 0,
                       .scale = oq_node_float(ctx->node, "spatial_scale", 1.0f),
                       .ratio = oq_node_int(ctx->node, "sampling_ratio", 0),
                       .height = x->dims[2],
                       .width = x->dims[3],
                       .out_height = oq_node_int(ctx->node, "output_height", 1),
                       .out_width = oq_node_int(ctx->node, "output_width", 1),
                       .channels = (size_t)x->dims[1]};
    if (job->ratio < 0 || job->ratio > 65535 || job->out_height < 1 || job->out_width < 1 ||
        job->out_height > 65535 || job->out_width > 65535)
        OQ_OP_FAIL(ctx, OQ_RANGE, "sampling_ratio %" PRId64 ", output %" PRId64 " x %" PRId64, job->ratio,
                   job->out_height, job->out_width);
    if (rois->n && job->channels && (job->height < 1 || job->width < 1))
        OQ_OP_FAIL(ctx, OQ_RANGE, "the input is empty: there is nothing to look at");
    return OQ_OK;
}

/* Samples of the largest region; scratch for them serves all. */
static oq_status sample_memory(oq_run *ctx, const align_job *job, const float *rois, size_t n, sample **out)
{
    size_t most = 0, n_bins = (size_t)(job->out_height * job->out_width), bytes;

    for (size_t i = 0; i < n; i++) {
        region r;

        if (!region_of(job, rois + 4 * i, &r))
            OQ_OP_FAIL(ctx, OQ_RANGE, "region %zu is larger than can be sampled", i);
        if ((size_t)(r.n_x * r.n_y) > most)
            most = (size_t)(r.n_x * r.n_y);
    }
    if (oq_mul_overflow(n_bins * sizeof **out, most, &bytes))
        OQ_OP_FAIL(ctx, OQ_LIMIT, "working memory does not fit in memory");
    *out = oq_scratch(ctx, bytes);
    return *out ? OQ_OK : oq_run_failure(ctx);
}

static oq_status run_align(oq_run *ctx)
{
    const oq_array *x_in = ctx->in[X];
    const float *x, *rois;
    align_job job;
    sample *samples = NULL;
    size_t n_rois;
    float *y;

    OQ_TRY(read_align(ctx, &job));
    n_rois = (size_t)ctx->in[ROIS]->dims[0];
    x = oq_floats_in(ctx, X);
    rois = x ? oq_floats_in(ctx, ROIS) : NULL;
    if (!rois)
        return oq_run_failure(ctx);
    OQ_TRY(sample_memory(ctx, &job, rois, n_rois, &samples));
    y = oq_floats_out(ctx, 0, x_in->dtype,
                      (const int64_t[]){(int64_t)n_rois, x_in->dims[1], job.out_height, job.out_width}, 4);
    if (!y)
        return oq_run_failure(ctx);
    for (size_t i = 0; i < n_rois; i++) {
        int64_t batch = oq_array_int(ctx->in[BATCHES], i);
        channel_job c = {.job = &job, .samples = samples, .n_bins = (size_t)(job.out_height * job.out_width)};
        region r;

        if (batch < 0 || batch >= x_in->dims[0])
            OQ_OP_FAIL(ctx, OQ_RANGE, "batch index %" PRId64 " of region %zu is outside 0 to %" PRId64, batch,
                       i, x_in->dims[0] - 1);
        region_of(&job, rois + 4 * i, &r);
        find_samples(&job, &r, samples);
        c.per_bin = (size_t)(r.n_x * r.n_y);
        c.x = x + (size_t)batch * job.channels * (size_t)(job.height * job.width);
        c.y = y + i * job.channels * c.n_bins;
        oq_pool_run(ctx->pool, job.channels, align_channel, &c);
    }
    oq_floats_done(ctx, 0, y);
    return OQ_OK;
}

/* ------------------------------------------------------------------ MaxRoiPool */

static bool pooled_shape(const oq_node *node, int64_t *out)
{
    size_t n;
    const int64_t *given = oq_node_ints(node, "pooled_shape", &n);

    for (size_t i = 0; n == 2 && i < 2; i++)
        out[i] = given[i];
    return n == 2 && out[0] > 0 && out[1] > 0;
}

static oq_status infer_pool(oq_infer *ctx)
{
    int64_t pooled[2];

    if (!pooled_shape(ctx->node, pooled))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "pooled_shape must hold two numbers above 0");
    return infer_regions(ctx, pooled[0], pooled[1]);
}

/* First element of bin b of n over a stretch that begins at `start`, cut to the axis. */
static int64_t bin_edge(float b, float bin, int64_t start, int64_t size, bool is_end)
{
    float edge = is_end ? ceilf(b * bin) : floorf(b * bin);
    int64_t at = start + (int64_t)fminf(edge, 1e9f);

    return at < 0 ? 0 : at > size ? size : at;
}

static void pool_region(const float *x, size_t channels, int64_t height, int64_t width, const int64_t *corner,
                        const int64_t *pooled, float *y)
{
    float bin_w = (float)(corner[2] - corner[0] + 1 > 1 ? corner[2] - corner[0] + 1 : 1) / (float)pooled[1];
    float bin_h = (float)(corner[3] - corner[1] + 1 > 1 ? corner[3] - corner[1] + 1 : 1) / (float)pooled[0];

    for (size_t c = 0; c < channels; c++, x += height * width)
        for (int64_t b = 0; b < pooled[0] * pooled[1]; b++) {
            float by = (float)(b / pooled[1]), bx = (float)(b % pooled[1]);
            int64_t y0 = bin_edge(by, bin_h, corner[1], height, false);
            int64_t y1 = bin_edge(by + 1, bin_h, corner[1], height, true);
            int64_t x0 = bin_edge(bx, bin_w, corner[0], width, false);
            int64_t x1 = bin_edge(bx + 1, bin_w, corner[0], width, true);
            float most = y1 > y0 && x1 > x0 ? -INFINITY : 0;

            for (int64_t i = y0; i < y1; i++)
                for (int64_t k = x0; k < x1; k++)
                    most = fmaxf(most, x[i * width + k]);
            *y++ = most;
        }
}

static oq_status run_pool(oq_run *ctx)
{
    const oq_array *in = ctx->in[X], *rois_in = ctx->in[ROIS];
    float scale = oq_node_float(ctx->node, "spatial_scale", 1.0f);
    const float *x, *rois;
    int64_t pooled[2];
    size_t channels, plane, n_rois;
    float *y;

    if (!pooled_shape(ctx->node, pooled) || in->rank != 4 || rois_in->rank != 2 || rois_in->dims[1] != 5)
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "an input of rank 4, regions [n, 5] and a pooled_shape of two numbers are meant");
    channels = (size_t)in->dims[1];
    plane = (size_t)(in->dims[2] * in->dims[3]);
    n_rois = (size_t)rois_in->dims[0];
    x = oq_floats_in(ctx, X);
    rois = x ? oq_floats_in(ctx, ROIS) : NULL;
    y = rois ? oq_floats_out(ctx, 0, in->dtype,
                             (const int64_t[]){(int64_t)n_rois, in->dims[1], pooled[0], pooled[1]}, 4)
             : NULL;
    if (!y)
        return oq_run_failure(ctx);
    for (size_t i = 0; i < n_rois; i++, rois += 5) {
        int64_t corner[4];

        if (!(rois[0] >= 0 && rois[0] < (float)in->dims[0]))
            OQ_OP_FAIL(ctx, OQ_RANGE, "batch index %g of region %zu is outside", (double)rois[0], i);
        for (int k = 0; k < 4; k++) {
            float at = roundf(rois[k + 1] * scale);

            if (!(fabsf(at) < 1e9f))
                OQ_OP_FAIL(ctx, OQ_RANGE, "a corner of region %zu lies at %g", i, (double)at);
            corner[k] = (int64_t)at;
        }
        pool_region(x + (size_t)rois[0] * channels * plane, channels, in->dims[2], in->dims[3], corner,
                    pooled, y + i * channels * (size_t)(pooled[0] * pooled[1]));
    }
    oq_floats_done(ctx, 0, y);
    return OQ_OK;
}

#define ROW(op, opset, n_in, infer_fn, run_fn)                                                      \
    {                                                                                               \
        .name = op, .domain = "", .since = opset, .min_in = n_in, .max_in = n_in, .min_out = 1,     \
        .max_out = 1, .types = OQ_T_FLOATS, .infer = infer_fn, .run = run_fn, .rule = OQ_RULE_NONE, \
        .weight = -1, .bias = -1                                                                    \
    }

/* RoiAlign: 16 coordinate_transformation_mode. */
const oq_op oq_ops_roi[] = {
    ROW("MaxRoiPool", 1, 2, infer_pool, run_pool),
    ROW("RoiAlign", 10, 3, infer_align, run_align),
    ROW("RoiAlign", 16, 3, infer_align, run_align),
    {.name = NULL},
};
