/* integer_conv_transpose: ConvTranspose of integer units. Each input pixel times the weights gives
 * contributions to one window of the output,
 *
 *     part[pixel][tap][m] = sum over c of (q_x[c][pixel] - z_x) * q_w[c][m][tap]       (one matrix product)
 *     sum[pixel * stride + tap * dilation - pad][m] += part[pixel][tap][m]             from the bias on
 *
 * all in int32, so the order does not matter. Only then are the sums requantized.
 */
#include <string.h>

#include "base/buf.h"
#include "exec/unit.h"
#include "kernel/transpose.h"
#include "op/conv_transpose.h"

enum { MAX_AXES = 3, BLOCK = 256 /* input pixels whose parts are held at once */ };

/* [c][m][tap] -> [c][tap][m]: neighbours in the innermost loop are neighbours in memory. */
static uint8_t *reorder(oq_arena *arena, const oq_tensor *codes, size_t m, size_t taps)
{
    uint8_t *to = oq_arena_alloc(arena, codes->n_elements);
    const uint8_t *from = codes->data;
    size_t plane = m * taps; /* 0 only for a weight without elements */

    for (size_t i = 0; to && plane && i < codes->n_elements; i++)
        to[i / plane * plane + i % taps * m + i / taps % m] = from[i];
    return to;
}

/* One group: c input channels, n columns (tap, channel of the group). */
static bool pack_group(oq_unit_finder *f, const oq_unit *unit, const uint8_t *data, size_t c, size_t n,
                       size_t m, const int32_t *zero_point, oq_packed_int8 *out)
{
    oq_pack_int8_source source = {.data = data,
                                  .type = oq_byte_of(unit->weight.codes->dtype),
                                  .outer = 1,
                                  .inner = c,
                                  .inner_stride = n,
                                  .column_stride = 1,
                                  .n_zero_points = n};
    int32_t *zero_points = OQ_NEW_ARRAY(f->arena, int32_t, n);
    size_t size = oq_pack_int8_size(oq_kernels_best(), &source, n);
    void *memory = size == SIZE_MAX ? NULL : oq_arena_alloc(f->arena, size < 64 ? 64 : size);

    if (!zero_points || !memory)
        return false;
    for (size_t i = 0; i < n; i++)
        zero_points[i] = zero_point[i % m];
    source.zero_points = zero_points;
    oq_pack_int8(oq_kernels_best(), &source, n, memory, out);
    return true;
}

bool oq_pack_conv_transpose(oq_unit_finder *f, size_t groups, oq_unit *unit)
{
    const oq_tensor *codes = unit->weight.codes;
    size_t m = unit->weight.n / groups, c = (size_t)codes->dims[0], n = codes->n_elements / c;
    oq_packed_int8 *packed;
    const uint8_t *data;

    if (codes->rank < 3 || codes->rank > 2 + MAX_AXES || c % groups)
        return false;
    c /= groups;
    packed = OQ_NEW_ARRAY(f->arena, oq_packed_int8, groups);
    data = reorder(f->arena, codes, m, n / m);
    if (!packed || !data)
        return false;
    for (size_t g = 0; g < groups; g++) {
        if (!pack_group(f, unit, data + g * c * n, c, n, m, unit->weight.zero_point + g * m, &packed[g]))
            return false;
    }
    unit->groups = packed;
    unit->n_groups = groups;
    return true;
}

/* One run, spatial axes widened to three. */
typedef struct scatter {
    ptrdiff_t in[MAX_AXES], out[MAX_AXES], kernel[MAX_AXES], stride[MAX_AXES], dilation[MAX_AXES],
        pad[MAX_AXES];
    size_t pixels, out_pixels, in_channels, channels;
    size_t group_channels; /* of the output */
    const uint8_t *x;      /* [pixel][c] */
    uint8_t *own_x;        /* the same, when the input is not */
    int32_t *part, *sums;  /* [BLOCK][tap][channel], [out pixel][channel] */
    uint8_t *codes;        /* [out pixel][channel] */
    void *gemm;
} scatter;

static void widen(ptrdiff_t *to, const int64_t *from, int rank, ptrdiff_t fill)
{
    for (int i = 0; i < MAX_AXES; i++)
        to[i] = i < MAX_AXES - rank ? fill : (ptrdiff_t)from[i - (MAX_AXES - rank)];
}

static void add(int32_t *to, const int32_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (int32_t)((uint32_t)to[i] + (uint32_t)from[i]);
}

/* Add the contributions of one input pixel. */
static void scatter_pixel(const scatter *s, size_t pixel, const int32_t *part, int32_t *sums)
{
    ptrdiff_t p = (ptrdiff_t)pixel;
    ptrdiff_t x[MAX_AXES] = {p / s->in[2] / s->in[1], p / s->in[2] % s->in[1], p % s->in[2]}, k[MAX_AXES];

    for (k[0] = 0; k[0] < s->kernel[0]; k[0]++) {
        for (k[1] = 0; k[1] < s->kernel[1]; k[1]++) {
            for (k[2] = 0; k[2] < s->kernel[2]; k[2]++, part += s->group_channels) {
                ptrdiff_t at[MAX_AXES];
                bool is_inside = true;

                for (int i = 0; i < MAX_AXES; i++) {
                    at[i] = x[i] * s->stride[i] + k[i] * s->dilation[i] - s->pad[i];
                    is_inside &= at[i] >= 0 && at[i] < s->out[i];
                }
                if (is_inside)
                    add(sums + (size_t)((at[0] * s->out[1] + at[1]) * s->out[2] + at[2]) * s->channels, part,
                        s->group_channels);
            }
        }
    }
}

static void sum_group(oq_run *ctx, const scatter *s, size_t group)
{
    const oq_unit *unit = ctx->state;
    const oq_packed_int8 *b = &unit->groups[group];

    for (size_t first = 0; first < s->pixels; first += BLOCK) {
        size_t rows = s->pixels - first < BLOCK ? s->pixels - first : BLOCK;
        oq_gemm_int8 gemm = {.b = b,
                             .m = rows,
                             .a = s->x + first * s->in_channels + group * b->k,
                             .a_stride = s->in_channels,
                             .a_type = oq_byte_of(ctx->in[0]->dtype),
                             .a_zero = unit->x[0].zero_point,
                             .out = {.acc = s->part},
                             .out_stride = b->n,
                             .scratch = s->gemm};

        oq_gemm_int8_run(ctx->pool, &gemm);
        for (size_t r = 0; r < rows; r++)
            scatter_pixel(s, first + r, s->part + r * b->n, s->sums + group * s->group_channels);
    }
}

static void sum_picture(oq_run *ctx, const scatter *s)
{
    const oq_unit *unit = ctx->state;

    for (size_t i = 0; i < s->out_pixels * s->channels; i++)
        s->sums[i] = unit->weight.bias ? unit->weight.bias[i % s->channels] : 0;
    for (size_t g = 0; g < unit->n_groups; g++)
        sum_group(ctx, s, g);
}

static void run_picture(oq_run *ctx, scatter *s, const uint8_t *x, uint8_t *y)
{
    const oq_unit *unit = ctx->state;
    const oq_quantize_kernels *kernels = oq_kernels_best()->quantize;
    oq_requantize how = {unit->weight.multiplier, unit->y.zero_point, unit->lo, unit->hi};
    size_t m = s->channels;
    uint8_t *codes;

    if (!ctx->last_in)
        oq_transpose_batch(ctx->pool, 1, 1, s->in_channels, s->pixels, x, s->own_x);
    s->x = ctx->last_in ? x : s->own_x;
    codes = ctx->last_out ? y : s->codes;
    sum_picture(ctx, s);
    for (size_t i = 0; i < s->out_pixels; i++)
        kernels->requantize(s->sums + i * m, codes + i * m, m, &how);
    if (!ctx->last_out)
        oq_transpose_batch(ctx->pool, 1, 1, s->out_pixels, m, s->codes, y);
}

static oq_status get_memory(oq_run *ctx, scatter *s)
{
    const oq_unit *unit = ctx->state;
    size_t part, sums, codes = s->out_pixels * s->channels;

    if (oq_mul_overflow(unit->groups->n, BLOCK * sizeof *s->part, &part) ||
        oq_mul_overflow(codes, sizeof *s->sums, &sums))
        OQ_OP_FAIL(ctx, OQ_LIMIT, "working memory does not fit in memory");
    s->own_x = oq_scratch(ctx, s->pixels * s->in_channels);
    s->part = s->own_x ? oq_scratch(ctx, part) : NULL;
    s->sums = s->part ? oq_scratch(ctx, sums) : NULL;
    s->codes = s->sums ? oq_scratch(ctx, codes) : NULL;
    s->gemm = s->codes ? oq_scratch(ctx, oq_gemm_int8_scratch(unit->groups)) : NULL;
    return s->gemm ? OQ_OK : oq_run_failure(ctx);
}

static oq_status run_conv_transpose(oq_run *ctx)
{
    const oq_unit *unit = ctx->state;
    const oq_array *in = ctx->in[0];
    const oq_tensor *codes = unit->weight.codes;
    int64_t dims[OQ_MAX_RANK], pad[OQ_WINDOW_RANK], *out = dims + (ctx->last_out ? 1 : 2);
    const int64_t *spatial = in->dims + (ctx->last_in ? 1 : 2);
    int rank = codes->rank - 2;
    scatter s = {.in_channels = (size_t)codes->dims[0],
                 .channels = unit->weight.n,
                 .group_channels = unit->weight.n / unit->n_groups};
    oq_window window;
    uint8_t *y;

    OQ_TRY(oq_check_codes(ctx, 1));
    if (in->rank != codes->rank || in->dims[ctx->last_in ? in->rank - 1 : 1] != codes->dims[0])
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input of rank %d does not go with its weight of rank %d", in->rank,
                   codes->rank);
    dims[0] = in->dims[0];
    dims[ctx->last_out ? in->rank - 1 : 1] = (int64_t)s.channels;
    OQ_TRY(oq_conv_transpose_sizes(ctx->node, spatial, codes->dims + 2, rank, &window, out, pad, ctx->diag));
    widen(s.in, spatial, rank, 1);
    widen(s.out, out, rank, 1);
    widen(s.kernel, window.kernel, rank, 1);
    widen(s.stride, window.stride, rank, 1);
    widen(s.dilation, window.dilation, rank, 1);
    widen(s.pad, pad, rank, 0);
    s.pixels = oq_dims_product(spatial, 0, rank);
    y = oq_out(ctx, 0, unit->y.dtype, dims, in->rank);
    if (!y)
        return ctx->status;
    s.out_pixels = oq_dims_product(out, 0, rank);
    if (ctx->out[0].n == 0)
        return OQ_OK;
    OQ_TRY(get_memory(ctx, &s));
    for (size_t i = 0; i < (size_t)dims[0]; i++)
        run_picture(ctx, &s, (const uint8_t *)in->data + i * s.pixels * s.in_channels,
                    y + i * s.out_pixels * s.channels);
    return OQ_OK;
}

static const oq_op conv_transpose_last = {
    .name = "ConvTranspose", .domain = "onnxq.integer", .run = run_conv_transpose, .flags = OQ_OP_EITHER_END};
const oq_op oq_unit_conv_transpose = {.name = "ConvTranspose",
                                      .domain = "onnxq.integer",
                                      .run = run_conv_transpose,
                                      .layout = OQ_LAYOUT_ROW,
                                      .channels_last = &conv_transpose_last};
