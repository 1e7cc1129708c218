/* integer_pool: AveragePool and GlobalAveragePool of integer units.
 *
 *     round_half_even(sum of (q_x - z_x) * m) + z_y        m = s_x / (s_y * n)
 *
 * Channels-last the pixels of a window are rows of channels, added row by row.
 */
#include <math.h>
#include <string.h>

#include "exec/unit.h"

static int32_t code_at(const oq_array *array, size_t i)
{
    return array->dtype == OQ_INT8 ? ((const int8_t *)array->data)[i] : ((const uint8_t *)array->data)[i];
}

static uint8_t to_code(const oq_unit *unit, float x)
{
    float code = nearbyintf(x) + (float)unit->y.zero_point;

    if (!(code > (float)unit->lo))
        return (uint8_t)unit->lo;
    return code >= (float)unit->hi ? (uint8_t)unit->hi : (uint8_t)(int32_t)code;
}

/* What an average of n codes is worth in codes. Equal scales cancel: a product would round, and move the ties
 * of an average. */
static float average_factor(const oq_unit *unit, size_t n)
{
    return unit->x[0].scale == unit->y.scale ? 1.0f / (float)n
                                             : unit->x[0].scale / (unit->y.scale * (float)n);
}

static uint8_t average(const oq_unit *unit, int64_t sum, size_t n)
{
    return to_code(unit, (float)sum * average_factor(unit, n));
}

/* ---- channels-last: sums of all channels at once */

enum { MOST_PIXELS = 1 << 23 }; /* of 255: below 2^31 */

typedef struct sums {
    const oq_unit *unit;
    size_t channels;
    bool is_signed;
    int32_t *sum;  /* channels */
    float *factor; /* channels, all alike */
    size_t n;      /* pixels so far */
} sums;

static oq_status begin_sums(oq_run *ctx, size_t channels, sums *s)
{
    *s = (sums){.unit = ctx->state, .channels = channels, .is_signed = ctx->in[0]->dtype == OQ_INT8};
    s->sum = oq_scratch(ctx, (channels + 1) * sizeof *s->sum);
    s->factor = s->sum ? oq_scratch(ctx, (channels + 1) * sizeof *s->factor) : NULL;
    return s->factor ? OQ_OK : oq_run_failure(ctx);
}

static void clear_sums(sums *s)
{
    memset(s->sum, 0, s->channels * sizeof *s->sum);
    s->n = 0;
}

static void add_pixel(sums *s, const uint8_t *pixel)
{
    oq_kernels_best()->pointwise_int8->accumulate(pixel, s->is_signed, s->sum, s->channels);
    s->n++;
}

/* The average over `count` pixels of which those not added are zero. */
static void write_average(sums *s, size_t count, uint8_t *y)
{
    const oq_unit *unit = s->unit;
    oq_requantize how = {s->factor, unit->y.zero_point, unit->lo, unit->hi};
    int32_t zeros = (int32_t)s->n * unit->x[0].zero_point;
    float factor = average_factor(unit, count);

    for (size_t c = 0; c < s->channels; c++) {
        s->sum[c] -= zeros;
        s->factor[c] = factor;
    }
    oq_kernels_best()->quantize->requantize(s->sum, y, s->channels, &how);
}

/* ---- GlobalAveragePool */

static oq_status run_global_pool_last(oq_run *ctx)
{
    const oq_unit *unit = ctx->state;
    const oq_array *in = ctx->in[0];
    size_t pixels = oq_dims_product(in->dims, 1, in->rank - 1), channels = (size_t)in->dims[in->rank - 1];
    int64_t dims[OQ_MAX_RANK] = {0};
    const uint8_t *x = in->data;
    uint8_t *y;
    sums s;

    OQ_TRY(oq_check_codes(ctx, ctx->n_in));
    if (pixels > MOST_PIXELS)
        OQ_OP_FAIL(ctx, OQ_LIMIT, "%zu pixels are too many to be summed in 32 bits", pixels);
    for (int d = 0; d < in->rank; d++)
        dims[d] = d == 0 || d == in->rank - 1 ? in->dims[d] : 1;
    y = oq_out(ctx, 0, unit->y.dtype, dims, in->rank);
    if (!y)
        return ctx->status;
    OQ_TRY(begin_sums(ctx, channels, &s));
    for (int64_t image = 0; image < dims[0]; image++, y += channels) {
        clear_sums(&s);
        for (size_t i = 0; i < pixels; i++, x += channels)
            add_pixel(&s, x);
        write_average(&s, pixels ? pixels : 1, y);
    }
    return OQ_OK;
}

static oq_status run_global_pool(oq_run *ctx)
{
    const oq_unit *unit = ctx->state;
    const oq_array *in = ctx->in[0];
    int64_t dims[OQ_MAX_RANK] = {0};
    size_t pixels;
    uint8_t *y;

    OQ_TRY(oq_check_codes(ctx, ctx->n_in));
    if (in->rank < 3)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input of rank %d has no spatial axes", in->rank);
    for (int d = 0; d < in->rank; d++)
        dims[d] = d < 2 ? in->dims[d] : 1;
    pixels = oq_dims_product(in->dims, 2, in->rank);
    y = oq_out(ctx, 0, unit->y.dtype, dims, in->rank);
    if (!y)
        return ctx->status;
    for (size_t c = 0; c < ctx->out[0].n; c++) {
        int64_t sum = 0;

        for (size_t i = 0; i < pixels; i++)
            sum += code_at(in, c * pixels + i) - unit->x[0].zero_point;
        y[c] = average(unit, sum, pixels ? pixels : 1);
    }
    return OQ_OK;
}

/* ---- AveragePool */

/* One plane of a pool, spatial axes widened to three. */
typedef struct plane {
    int64_t in[3], out[3], kernel[3], stride[3], dilation[3], pad[3], pad_end[3];
} plane;

static void widen(int64_t *to, const int64_t *from, int rank, int64_t fill)
{
    for (int i = 0; i < 3; i++)
        to[i] = i < 3 - rank ? fill : from[i - (3 - rank)];
}

/* Positions of the window along axis i at output o that lie inside, and those inside or in the padding. */
static bool is_at(const plane *p, int i, int64_t o, int64_t k, int64_t *at, bool *is_padded)
{
    *at = o * p->stride[i] - p->pad[i] + k * p->dilation[i];
    *is_padded = *at < p->in[i] + p->pad_end[i];
    return *at >= 0 && *at < p->in[i];
}

/* The pixels under one window. */
typedef struct window_pixels {
    size_t n_inside, n_all; /* inside; inside or in the padding */
} window_pixels;

/* Visit the pixels of the window at output o: plain ones are summed into *sum, of channels-last ones whole
 * rows into s. first: element where the plane (plain) or the image (channels-last) begins. */
static window_pixels visit_window(const plane *p, const oq_array *in, size_t first, const int64_t o[3],
                                  int64_t *sum, sums *s)
{
    window_pixels pixels = {0, 0};
    int64_t k[3], at[3];

    for (k[0] = 0; k[0] < p->kernel[0]; k[0]++) {
        for (k[1] = 0; k[1] < p->kernel[1]; k[1]++) {
            for (k[2] = 0; k[2] < p->kernel[2]; k[2]++) {
                bool is_inside = true, is_padded = true, padded;
                size_t pixel;

                for (int i = 0; i < 3; i++) {
                    is_inside &= is_at(p, i, o[i], k[i], &at[i], &padded);
                    is_padded &= padded;
                }
                pixels.n_all += is_padded;
                if (!is_inside)
                    continue;
                pixels.n_inside++;
                pixel = (size_t)((at[0] * p->in[1] + at[1]) * p->in[2] + at[2]);
                if (s)
                    add_pixel(s, (const uint8_t *)in->data + first + pixel * s->channels);
                else
                    *sum += code_at(in, first + pixel);
            }
        }
    }
    return pixels;
}

static size_t count_of(const oq_unit *unit, window_pixels pixels)
{
    size_t n = unit->count_padding ? pixels.n_all : pixels.n_inside;

    return n ? n : 1;
}

static uint8_t pool_window(const oq_unit *unit, const plane *p, const oq_array *in, size_t first,
                           const int64_t o[3])
{
    int64_t sum = 0;
    window_pixels pixels = visit_window(p, in, first, o, &sum, NULL);

    return average(unit, sum - (int64_t)pixels.n_inside * unit->x[0].zero_point, count_of(unit, pixels));
}

static int64_t end_padding(const oq_window *w, int i, int64_t in, int64_t out, int64_t pad)
{
    int64_t reach = (out - 1) * w->stride[i] + w->dilation[i] * (w->kernel[i] - 1) + 1 - pad;
    bool is_same = w->auto_pad == OQ_PAD_SAME_UPPER || w->auto_pad == OQ_PAD_SAME_LOWER;

    return !is_same ? w->pad_end[i] : reach > in ? reach - in : 0;
}

/* dims: of the output, in the layout of the input; p. */
static oq_status pool_shape(oq_run *ctx, const oq_unit *unit, int64_t *dims, plane *p)
{
    const oq_array *in = ctx->in[0];
    int64_t pad[OQ_WINDOW_RANK] = {0}, pad_end[OQ_WINDOW_RANK] = {0};
    const oq_window *w = &unit->window;
    int rank = in->rank - 2, first = ctx->last_in ? 1 : 2;
    const int64_t *spatial = in->dims + first;

    if (rank != w->rank)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input of rank %d does not go with a window of rank %d", in->rank, w->rank);
    memcpy(dims, in->dims, sizeof in->dims);
    OQ_TRY(oq_window_outputs(w, ctx->node, spatial, dims + first, pad, ctx->diag));
    for (int i = 0; i < rank; i++) /* padding that counts; what ceil_mode reaches over it does not */
        pad_end[i] = end_padding(w, i, spatial[i], dims[first + i], pad[i]);
    widen(p->in, spatial, rank, 1);
    widen(p->out, dims + first, rank, 1);
    widen(p->kernel, w->kernel, rank, 1);
    widen(p->stride, w->stride, rank, 1);
    widen(p->dilation, w->dilation, rank, 1);
    widen(p->pad, pad, rank, 0);
    widen(p->pad_end, pad_end, rank, 0);
    return OQ_OK;
}

static oq_status run_pool_last(oq_run *ctx)
{
    const oq_unit *unit = ctx->state;
    const oq_array *in = ctx->in[0];
    int64_t dims[OQ_MAX_RANK], o[3];
    size_t image = oq_dims_product(in->dims, 1, in->rank);
    plane p;
    uint8_t *y;
    sums s;

    OQ_TRY(oq_check_codes(ctx, ctx->n_in));
    OQ_TRY(pool_shape(ctx, unit, dims, &p));
    y = oq_out(ctx, 0, unit->y.dtype, dims, in->rank);
    if (!y)
        return ctx->status;
    if (ctx->out[0].n == 0)
        return OQ_OK;
    OQ_TRY(begin_sums(ctx, (size_t)dims[in->rank - 1], &s));
    for (size_t i = 0; i < (size_t)dims[0]; i++) {
        for (o[0] = 0; o[0] < p.out[0]; o[0]++) {
            for (o[1] = 0; o[1] < p.out[1]; o[1]++) {
                for (o[2] = 0; o[2] < p.out[2]; o[2]++, y += s.channels) {
                    clear_sums(&s);
                    write_average(&s, count_of(unit, visit_window(&p, in, i * image, o, NULL, &s)), y);
                }
            }
        }
    }
    return OQ_OK;
}

static oq_status run_pool(oq_run *ctx)
{
    const oq_unit *unit = ctx->state;
    const oq_array *in = ctx->in[0];
    int64_t dims[OQ_MAX_RANK], o[3];
    size_t pixels;
    plane p;
    uint8_t *y;

    OQ_TRY(oq_check_codes(ctx, ctx->n_in));
    OQ_TRY(pool_shape(ctx, unit, dims, &p));
    pixels = oq_dims_product(in->dims, 2, in->rank);
    y = oq_out(ctx, 0, unit->y.dtype, dims, in->rank);
    if (!y)
        return ctx->status;
    for (size_t c = 0; c < (size_t)(dims[0] * dims[1]); c++) {
        for (o[0] = 0; o[0] < p.out[0]; o[0]++) {
            for (o[1] = 0; o[1] < p.out[1]; o[1]++) {
                for (o[2] = 0; o[2] < p.out[2]; o[2]++)
                    *y++ = pool_window(unit, &p, in, c * pixels, o);
            }
        }
    }
    return OQ_OK;
}

static const oq_op pool_last = {.name = "AveragePool", .domain = "onnxq.integer", .run = run_pool_last};
static const oq_op global_pool_last = {
    .name = "GlobalAveragePool", .domain = "onnxq.integer", .run = run_global_pool_last};

const oq_op oq_unit_pool = {.name = "AveragePool",
                            .domain = "onnxq.integer",
                            .run = run_pool,
                            .layout = OQ_LAYOUT_ROW,
                            .channels_last = &pool_last};
const oq_op oq_unit_global_pool = {.name = "GlobalAveragePool",
                                   .domain = "onnxq.integer",
                                   .run = run_global_pool,
                                   .layout = OQ_LAYOUT_ROW,
                                   .channels_last = &global_pool_last};
