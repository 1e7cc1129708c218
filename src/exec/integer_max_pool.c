/* integer_max_pool: MaxPool on codes, channels-last: first the largest of the input lines under an output
 * line, then of the pixels under each window. A window that lies in the padding altogether gives the lowest
 * code, as op_pool does.
 */
#include <string.h>

#include "base/buf.h"
#include "exec/unit.h"
#include "kernel/transpose.h"

enum { AXES = 3 };

typedef struct job {
    const oq_unit *unit;
    bool is_signed;
    int64_t in[AXES], out[AXES], kernel[AXES], stride[AXES], dilation[AXES], pad[AXES]; /* widened to three */
    size_t channels, in_image, out_line;                                                /* bytes */
    const uint8_t *x;
    uint8_t *y;
    uint8_t *lines; /* one of in[2] * channels bytes per worker */
} job;

static void widen(int64_t to[AXES], const int64_t *from, int rank, int64_t fill)
{
    for (int i = 0; i < AXES; i++)
        to[i] = i < AXES - rank ? fill : from[i - (AXES - rank)];
}

/* The largest of the input lines under output line (image, oz, oy); false: none lies inside. */
static bool merge_lines(const job *j, size_t image, const int64_t o[2], uint8_t *line)
{
    size_t size = (size_t)j->in[2] * j->channels;
    bool is_first = true;

    for (int64_t kz = 0; kz < j->kernel[0]; kz++) {
        for (int64_t ky = 0; ky < j->kernel[1]; ky++) {
            int64_t z = o[0] * j->stride[0] - j->pad[0] + kz * j->dilation[0];
            int64_t y = o[1] * j->stride[1] - j->pad[1] + ky * j->dilation[1];
            const uint8_t *from;

            if (z < 0 || z >= j->in[0] || y < 0 || y >= j->in[1])
                continue;
            from = j->x + image * j->in_image + (size_t)(z * j->in[1] + y) * size;
            if (is_first)
                memcpy(line, from, size);
            else
                oq_kernels_best()->pointwise_int8->maximum(from, j->is_signed, line, size);
            is_first = false;
        }
    }
    return !is_first;
}

static void run_line(void *arg, size_t index, int worker)
{
    const job *j = arg;
    size_t per_image = (size_t)(j->out[0] * j->out[1]), c = j->channels;
    int64_t o[2] = {(int64_t)(index % per_image) / j->out[1], (int64_t)(index % per_image) % j->out[1]};
    uint8_t *line = j->lines + (size_t)worker * (size_t)j->in[2] * c, *y = j->y + index * j->out_line;

    memset(y, j->is_signed ? INT8_MIN : 0, j->out_line);
    if (!merge_lines(j, index / per_image, o, line))
        return;
    for (int64_t x = 0; x < j->out[2]; x++, y += c) {
        for (int64_t k = 0; k < j->kernel[2]; k++) {
            int64_t at = x * j->stride[2] - j->pad[2] + k * j->dilation[2];

            if (at >= 0 && at < j->in[2])
                oq_kernels_best()->pointwise_int8->maximum(line + (size_t)at * c, j->is_signed, y, c);
        }
    }
}

/* Sizes; dims: of the output, in the layout of the input. */
static oq_status set_up(oq_run *ctx, job *j, int64_t *dims)
{
    const oq_unit *unit = ctx->state;
    const oq_array *in = ctx->in[0];
    const oq_window *w = &unit->window;
    int rank = in->rank - 2, first = ctx->last_in ? 1 : 2;
    int64_t pad[OQ_WINDOW_RANK] = {0};

    if (rank != w->rank)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input of rank %d does not go with a window of rank %d", in->rank, w->rank);
    memcpy(dims, in->dims, sizeof in->dims);
    OQ_TRY(oq_window_outputs(w, ctx->node, in->dims + first, dims + first, pad, ctx->diag));
    *j = (job){.unit = unit, .is_signed = in->dtype == OQ_INT8};
    widen(j->in, in->dims + first, rank, 1);
    widen(j->out, dims + first, rank, 1);
    widen(j->kernel, w->kernel, rank, 1);
    widen(j->stride, w->stride, rank, 1);
    widen(j->dilation, w->dilation, rank, 1);
    widen(j->pad, pad, rank, 0);
    j->channels = (size_t)in->dims[ctx->last_in ? in->rank - 1 : 1];
    j->in_image = oq_dims_product(in->dims, 1, in->rank);
    j->out_line = (size_t)j->out[2] * j->channels;
    return OQ_OK;
}

static oq_status run_last(oq_run *ctx, job *j, size_t n_images)
{
    size_t size;

    if (oq_mul_overflow((size_t)j->in[2] * j->channels + 1, (size_t)oq_pool_size(ctx->pool), &size))
        OQ_OP_FAIL(ctx, OQ_LIMIT, "working memory does not fit in memory");
    if (!(j->lines = oq_scratch(ctx, size)))
        return oq_run_failure(ctx);
    oq_pool_run(ctx->pool, n_images * (size_t)(j->out[0] * j->out[1]), run_line, j);
    return OQ_OK;
}

/* Plain arrays are turned image by image. */
static oq_status run_plain(oq_run *ctx, job *j, size_t n_images)
{
    size_t in_pixels = (size_t)(j->in[0] * j->in[1] * j->in[2]), out_image;
    const uint8_t *x = ctx->in[0]->data;
    uint8_t *y = j->y, *own_x = oq_scratch(ctx, j->in_image + 1), *own_y;

    out_image = (size_t)(j->out[0] * j->out[1]) * j->out_line;
    own_y = own_x ? oq_scratch(ctx, out_image + 1) : NULL;
    if (!own_y)
        return oq_run_failure(ctx);
    j->x = own_x;
    j->y = own_y;
    for (size_t i = 0; i < n_images; i++, x += j->in_image, y += out_image) {
        oq_transpose_batch(ctx->pool, 1, 1, j->channels, in_pixels, x, own_x);
        OQ_TRY(run_last(ctx, j, 1));
        oq_transpose_batch(ctx->pool, 1, 1, out_image / j->channels, j->channels, own_y, y);
    }
    return OQ_OK;
}

static oq_status run_max_pool(oq_run *ctx)
{
    int64_t dims[OQ_MAX_RANK];
    job j;

    OQ_TRY(oq_check_codes(ctx, 1));
    OQ_TRY(set_up(ctx, &j, dims));
    j.x = ctx->in[0]->data;
    j.y = oq_out(ctx, 0, ctx->in[0]->dtype, dims, ctx->in[0]->rank);
    if (!j.y)
        return ctx->status;
    if (ctx->out[0].n == 0)
        return OQ_OK;
    return ctx->last_in ? run_last(ctx, &j, (size_t)dims[0]) : run_plain(ctx, &j, (size_t)dims[0]);
}

static const oq_op max_pool_last = {.name = "MaxPool", .domain = "onnxq.integer", .run = run_max_pool};
const oq_op oq_unit_max_pool = {.name = "MaxPool",
                                .domain = "onnxq.integer",
                                .run = run_max_pool,
                                .layout = OQ_LAYOUT_ROW,
                                .channels_last = &max_pool_last};
