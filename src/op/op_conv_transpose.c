/* ConvTranspose in float32, the mirror of Conv: each input pixel times the weights gives contributions to one
 * window of the output,
 *
 *     part[pixel][tap][m] = sum over c of x[c][pixel] * W[c][m][tap]        (one matrix product)
 *     y[m][pixel * stride + tap * dilation - pad] += part[pixel][tap][m]
 *
 * added in ascending order of pixel, then tap, starting from the bias. Pixels go through the product in
 * blocks, so that `part` stays small.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "kernel/gemm_f32.h"
#include "kernel/transpose.h"
#include "op/channels_last.h"
#include "op/conv_transpose.h"
#include "op/families.h"
#include "op/floats.h"
#include "op/window.h"

enum {
    MAX_AXES = 3,
    BLOCK_FLOATS = 1 << 16, /* of part: 256 KiB */
    LONG_RUN = 8            /* below this, a call of the vector kernel costs more than it saves */
};

typedef struct {
    oq_window window;
    int64_t group;
    int64_t output_padding[OQ_WINDOW_RANK], output_shape[OQ_WINDOW_RANK];
    bool has_output_shape;
    const float *weight; /* [group][c][tap][m] when the weight is constant */
    int rank;            /* of the weight */
    int64_t weight_dims[OQ_MAX_RANK];
} state;

/* ------------------------------------------------------------------ attributes and sizes */

static oq_status read_sizes(const oq_node *node, const char *name, int64_t *to, bool *is_given,
                            oq_window *window, oq_diag *diag)
{
    size_t n;
    const int64_t *list = oq_node_ints(node, name, &n);

    *is_given = n > 0;
    if (n == 0)
        return OQ_OK;
    if (n > OQ_WINDOW_RANK || (window->rank >= 0 && n != (size_t)window->rank))
        return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__, "attribute %s has %zu numbers", name, n);
    window->rank = (int)n;
    for (size_t i = 0; i < n; i++) {
        if (list[i] < 0 || list[i] > INT32_MAX)
            return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__,
                              "attribute %s holds %" PRId64 ", which is out of range", name, list[i]);
        to[i] = list[i];
    }
    return OQ_OK;
}

static oq_status read_attributes(const oq_node *node, state *s, oq_diag *diag)
{
    bool has_padding;

    *s = (state){.group = oq_node_int(node, "group", 1)};
    OQ_TRY(oq_window_read(node, &s->window, diag));
    OQ_TRY(read_sizes(node, "output_padding", s->output_padding, &has_padding, &s->window, diag));
    return read_sizes(node, "output_shape", s->output_shape, &s->has_output_shape, &s->window, diag);
}

/* Output size of one axis and the padding in front. */
static int64_t output_size(const state *s, int i, int64_t in, int64_t *pad_begin)
{
    const oq_window *w = &s->window;
    bool is_same = w->auto_pad == OQ_PAD_SAME_UPPER || w->auto_pad == OQ_PAD_SAME_LOWER;
    int64_t full = w->stride[i] * (in - 1) + s->output_padding[i] + w->dilation[i] * (w->kernel[i] - 1) + 1;
    int64_t out = s->has_output_shape ? s->output_shape[i] : w->stride[i] * in, total = full - out;

    *pad_begin = w->pad_begin[i];
    if (!s->has_output_shape && !is_same)
        return full - w->pad_begin[i] - w->pad_end[i];
    total = total < 0 ? 0 : total;
    *pad_begin = w->auto_pad == OQ_PAD_SAME_UPPER ? total / 2 : total - total / 2;
    return out;
}

oq_status oq_conv_transpose_sizes(const oq_node *node, const int64_t *in, const int64_t *kernel, int rank,
                                  oq_window *window, int64_t *out, int64_t *pad, oq_diag *diag)
{
    state s;

    OQ_TRY(read_attributes(node, &s, diag));
    OQ_TRY(oq_window_fit(&s.window, node, rank, kernel, diag));
    for (int i = 0; i < rank; i++) {
        out[i] = output_size(&s, i, in[i], &pad[i]);
        if (out[i] < 0)
            return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__,
                              "pads take more than the whole of spatial axis %d", i);
    }
    *window = s.window;
    return OQ_OK;
}

static oq_status check_weight(const oq_node *node, const int64_t *w, int rank, int64_t group, oq_diag *diag)
{
    if (rank < 3 || rank > 2 + MAX_AXES)
        return oq_op_fail(diag, node, rank < 3 ? OQ_SHAPE : OQ_UNSUPPORTED, __FILE__, __LINE__,
                          "weight has rank %d; 3 to %d are computed here", rank, 2 + MAX_AXES);
    if (group < 1 || w[0] < 1 || w[1] < 1 || w[0] % group)
        return oq_op_fail(diag, node, OQ_SHAPE, __FILE__, __LINE__,
                          "%" PRId64 " input and %" PRId64
                          " output channels per group do not go with group %" PRId64,
                          w[0], w[1], group);
    return OQ_OK;
}

static oq_status infer(oq_infer *ctx)
{
    const oq_shape *x = &ctx->in[0].shape, *w = &ctx->in[1].shape;
    oq_shape y = *x;
    int64_t kernel[OQ_MAX_RANK], pad;
    bool has_kernel = w->rank == x->rank && x->rank > 2;
    state s;

    ctx->out[0].dtype = ctx->in[0].dtype;
    OQ_TRY(read_attributes(ctx->node, &s, ctx->diag));
    if (x->rank < 0)
        return OQ_OK;
    if (x->rank < 3 || (w->rank >= 0 && w->rank != x->rank))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input of rank %d and weight of rank %d", x->rank, w->rank);
    for (int i = 2; i < x->rank && has_kernel; i++) {
        kernel[i - 2] = w->dims[i].size;
        has_kernel = kernel[i - 2] >= 0;
    }
    for (int i = 1; i < y.rank; i++)
        y.dims[i] = oq_dim_unknown();
    if (w->rank > 0 && w->dims[1].size >= 0)
        y.dims[1] = oq_dim_of(w->dims[1].size * s.group);
    if (has_kernel || s.window.has_kernel) {
        OQ_TRY(oq_window_fit(&s.window, ctx->node, x->rank - 2, has_kernel ? kernel : NULL, ctx->diag));
        for (int i = 0; i < s.window.rank; i++) {
            if (x->dims[i + 2].size >= 0)
                y.dims[i + 2] = oq_dim_of(output_size(&s, i, x->dims[i + 2].size, &pad));
            if (x->dims[i + 2].size >= 0 && y.dims[i + 2].size < 0)
                OQ_OP_FAIL(ctx, OQ_SHAPE, "pads take more than the whole of spatial axis %d", i);
        }
    }
    ctx->out[0].shape = y;
    return OQ_OK;
}

/* ------------------------------------------------------------------ prepare */

/* [c][m][tap] -> [c][tap][m], so that the innermost loop runs over channels that are neighbours in memory. */
static void reorder(float *to, const unsigned char *from, const int64_t *w, int rank)
{
    size_t c = (size_t)w[0], m = (size_t)w[1], taps = oq_dims_product(w, 2, rank);

    for (size_t i = 0; i < c; i++)
        oq_transpose(sizeof(float), m, taps, from + i * m * taps * sizeof(float), taps, to + i * m * taps, m);
}

static oq_status prepare(oq_prepare *ctx)
{
    state *s = OQ_NEW(ctx->arena, state);
    const oq_tensor *weight = oq_prepare_constant(ctx, 1);
    const void *from;
    float *to;

    if (!s)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    ctx->state = s;
    OQ_TRY(read_attributes(ctx->node, s, ctx->diag));
    if (!weight)
        return OQ_OK;
    OQ_TRY(check_weight(ctx->node, weight->dims, weight->rank, s->group, ctx->diag));
    from = oq_prepare_floats(ctx, weight);
    to = OQ_NEW_ARRAY(ctx->arena, float, weight->n_elements);
    if (!from || !to)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "no memory for the weight");
    reorder(to, from, weight->dims, weight->rank);
    s->weight = to;
    s->rank = weight->rank;
    memcpy(s->weight_dims, weight->dims, (size_t)weight->rank * sizeof *weight->dims);
    ctx->consumed = 2;
    return OQ_OK;
}

/* ------------------------------------------------------------------ run */

/* One group of one image, spatial axes widened to three. */
typedef struct {
    ptrdiff_t in[MAX_AXES], out[MAX_AXES], kernel[MAX_AXES], stride[MAX_AXES], dilation[MAX_AXES],
        pad[MAX_AXES];
    const oq_math_f32 *math;
    size_t channels, taps; /* output channels of the group */
    float *y;              /* NHWC */
    size_t y_step;         /* floats per output pixel */
} scatter;

static void add(const oq_math_f32 *math, float *to, const float *from, size_t n)
{
    if (n >= LONG_RUN) {
        math->binary[OQ_ADD](to, from, to, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        // NOLINTNEXTLINE(clang-analyzer-core.NullDereference)
        to[i] += from[i];
}

/* Add the contributions of input pixel `pixel`. */
static void scatter_pixel(const scatter *s, size_t pixel, const float *part)
{
    ptrdiff_t p = (ptrdiff_t)pixel,
              x[MAX_AXES] = {p / s->in[2] / s->in[1], p / s->in[2] % s->in[1], p % s->in[2]};

    for (ptrdiff_t kz = 0; kz < s->kernel[0]; kz++) {
        ptrdiff_t z = x[0] * s->stride[0] + kz * s->dilation[0] - s->pad[0];

        for (ptrdiff_t ky = 0; ky < s->kernel[1]; ky++) {
            ptrdiff_t y = x[1] * s->stride[1] + ky * s->dilation[1] - s->pad[1];

            if (z < 0 || z >= s->out[0] || y < 0 || y >= s->out[1]) {
                part += (size_t)s->kernel[2] * s->channels;
                continue;
            }
            for (ptrdiff_t kx = 0; kx < s->kernel[2]; kx++, part += s->channels) {
                ptrdiff_t at = x[2] * s->stride[2] + kx * s->dilation[2] - s->pad[2];

                if (at >= 0 && at < s->out[2])
                    add(s->math, s->y + (size_t)((z * s->out[1] + y) * s->out[2] + at) * s->y_step, part,
                        s->channels);
            }
        }
    }
}

/* Memory of a run; x and y of one image in NHWC. */
typedef struct {
    const float *x;
    float *y, *part, *packed;
    size_t block; /* input pixels per block */
    const float *bias, *weight;
} buffers;

static void run_group(oq_run *ctx, const state *s, const scatter *sc, const buffers *m, size_t pixels,
                      size_t g)
{
    size_t c = (size_t)(s->weight_dims[0] / s->group), n = sc->taps * sc->channels;
    size_t x_step = (size_t)s->weight_dims[0];
    oq_packed_f32 b;

    oq_pack_f32(oq_kernels_best(), c, n, m->weight + g * c * n, n, 1, m->packed, &b);
    for (size_t first = 0; first < pixels; first += m->block) {
        size_t rows = pixels - first < m->block ? pixels - first : m->block;
        oq_gemm_f32 gemm = {.b = &b,
                            .m = rows,
                            .a = m->x + first * x_step + g * c,
                            .a_stride = x_step,
                            .c = m->part,
                            .c_stride = n,
                            .lo = -INFINITY,
                            .hi = INFINITY};

        oq_gemm_f32_run(ctx->pool, &gemm);
        for (size_t r = 0; r < rows; r++)
            scatter_pixel(sc, first + r, m->part + r * n);
    }
}

static void start_from_bias(float *y, size_t pixels, size_t channels, const float *bias)
{
    if (!bias && y)
        memset(y, 0, pixels * channels * sizeof *y);
    for (size_t i = 0; i < pixels && bias; i++)
        memcpy(y + i * channels, bias, channels * sizeof *y);
}

static oq_status get_buffers(oq_run *ctx, const state *s, size_t pixels, size_t out_pixels, size_t taps,
                             buffers *m, float **x_image)
{
    size_t c = (size_t)s->weight_dims[0], co = (size_t)(s->weight_dims[1] * s->group), n = 0, x = 0, y = 0,
           part = 0;
    size_t packed;

    if (oq_mul_overflow((size_t)s->weight_dims[1], taps, &n) || oq_mul_overflow(pixels, c * 4, &x) ||
        oq_mul_overflow(out_pixels, co * 4, &y) || n == 0)
        OQ_OP_FAIL(ctx, OQ_LIMIT, "working memory does not fit in memory");
    packed = oq_pack_f32_size(oq_kernels_best(), c / (size_t)s->group, n);
    m->block = BLOCK_FLOATS / n + 1;
    if (m->block > pixels)
        m->block = pixels;
    if (packed == SIZE_MAX || oq_mul_overflow(m->block, n * 4, &part))
        OQ_OP_FAIL(ctx, OQ_LIMIT, "working memory does not fit in memory");
    m->x = *x_image = oq_scratch(ctx, ctx->last_in & 1 ? 1 : x);
    m->y = m->x ? oq_scratch(ctx, ctx->last_out & 1 ? 1 : y) : NULL;
    m->part = m->y ? oq_scratch(ctx, part) : NULL;
    m->packed = m->part ? oq_scratch(ctx, packed) : NULL;
    return m->packed ? OQ_OK : ctx->status;
}

static void widen(ptrdiff_t *to, const int64_t *from, int rank, ptrdiff_t fill)
{
    for (int i = 0; i < MAX_AXES; i++)
        /* from has rank numbers */
        // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign)
        to[i] = i < MAX_AXES - rank ? fill : (ptrdiff_t)from[i - (MAX_AXES - rank)];
}

static oq_status run_images(oq_run *ctx, const state *s, const int64_t *pad, const int64_t *dims, buffers *m,
                            const float *x, float *y)
{
    int rank = s->rank - 2;
    int64_t in[OQ_MAX_RANK];
    size_t pixels, out_pixels = oq_dims_product(dims, 2, s->rank);
    size_t c = (size_t)s->weight_dims[0], co = (size_t)dims[1];
    scatter sc = {.math = oq_kernels_best()->math, .channels = (size_t)s->weight_dims[1], .y_step = co};
    float *x_image;

    oq_plain_dims_in(ctx, 0, in);
    pixels = oq_dims_product(in, 2, s->rank);
    sc.taps = oq_dims_product(s->weight_dims, 2, s->rank);
    widen(sc.in, in + 2, rank, 1);
    widen(sc.out, dims + 2, rank, 1);
    widen(sc.kernel, s->window.kernel, rank, 1);
    widen(sc.stride, s->window.stride, rank, 1);
    widen(sc.dilation, s->window.dilation, rank, 1);
    widen(sc.pad, pad, rank, 0);
    OQ_TRY(get_buffers(ctx, s, pixels, out_pixels, sc.taps, m, &x_image));
    for (size_t image = 0; image < (size_t)dims[0]; image++) {
        if (ctx->last_in & 1)
            m->x = x + image * c * pixels;
        else
            oq_transpose_batch(ctx->pool, sizeof(float), 1, c, pixels, x + image * c * pixels, x_image);
        if (ctx->last_out & 1)
            m->y = y + image * co * out_pixels;
        start_from_bias(m->y, out_pixels, co, m->bias);
        for (size_t g = 0; g < (size_t)s->group; g++) {
            sc.y = m->y + g * sc.channels;
            run_group(ctx, s, &sc, m, pixels, g);
        }
        if (!(ctx->last_out & 1))
            oq_transpose_batch(ctx->pool, sizeof(float), 1, out_pixels, co, m->y,
                               y + image * co * out_pixels);
    }
    return OQ_OK;
}

/* The weight of this run, when it is no constant. */
static oq_status take_weight(oq_run *ctx, state *s)
{
    const oq_array *weight = ctx->in[1];
    const float *from;
    float *to;

    OQ_TRY(check_weight(ctx->node, weight->dims, weight->rank, s->group, ctx->diag));
    from = oq_floats_in(ctx, 1);
    to = from ? oq_scratch(ctx, weight->n * sizeof *to) : NULL;
    if (!to)
        return ctx->status;
    reorder(to, (const unsigned char *)from, weight->dims, weight->rank);
    s->weight = to;
    s->rank = weight->rank;
    memcpy(s->weight_dims, weight->dims, sizeof s->weight_dims);
    return OQ_OK;
}

static oq_status run(oq_run *ctx)
{
    state s = *(const state *)ctx->state;
    const oq_array *bias = oq_in(ctx, 2);
    int rank = ctx->in[0]->rank;
    int64_t in[OQ_MAX_RANK] = {0}, dims[OQ_MAX_RANK] = {0}, last[OQ_MAX_RANK] = {0},
            pad[OQ_WINDOW_RANK] = {0};
    buffers m = {0};
    const float *x;
    float *y;

    if (!s.weight)
        OQ_TRY(take_weight(ctx, &s));
    oq_plain_dims_in(ctx, 0, in);
    if (rank != s.rank || in[1] != s.weight_dims[0])
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "input of rank %d with %" PRId64 " channels, the weight asks for rank %d and %" PRId64,
                   rank, rank > 1 ? in[1] : 0, s.rank, s.weight_dims[0]);
    OQ_TRY(oq_window_fit(&s.window, ctx->node, rank - 2, s.weight_dims + 2, ctx->diag));
    dims[0] = in[0];
    dims[1] = s.weight_dims[1] * s.group;
    for (int i = 0; i < rank - 2; i++) {
        dims[i + 2] = output_size(&s, i, in[i + 2], &pad[i]);
        if (dims[i + 2] < 0)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "pads take more than the whole of spatial axis %d", i);
    }
    if (bias && bias->n != (size_t)dims[1])
        OQ_OP_FAIL(ctx, OQ_SHAPE, "bias has %zu elements for %" PRId64 " output channels", bias->n, dims[1]);
    oq_dims_to_last(dims, rank, last);
    x = oq_floats_in(ctx, 0);
    if (!x || (bias && !(m.bias = oq_floats_in(ctx, 2))) ||
        !(y = oq_floats_out(ctx, 0, ctx->in[0]->dtype, ctx->last_out & 1 ? last : dims, rank)))
        return oq_run_failure(ctx);
    m.weight = s.weight;
    if (ctx->out[0].n > 0)
        OQ_TRY(run_images(ctx, &s, pad, dims, &m, x, y));
    oq_floats_done(ctx, 0, y);
    return OQ_OK;
}

/* ------------------------------------------------------------------ rows */

static const oq_op channels_last = {.name = "ConvTranspose",
                                    .domain = "",
                                    .since = 1,
                                    .min_in = 2,
                                    .max_in = 3,
                                    .min_out = 1,
                                    .max_out = 1,
                                    .types = OQ_T_FLOATS,
                                    .prepare = prepare,
                                    .run = run,
                                    .rule = OQ_RULE_WEIGHTED,
                                    .weight = 1,
                                    .bias = 2,
                                    .flags = OQ_OP_EITHER_END};

#define CONV_TRANSPOSE(opset)                                                                          \
    {                                                                                                  \
        .name = "ConvTranspose", .domain = "", .since = opset, .min_in = 2, .max_in = 3, .min_out = 1, \
        .max_out = 1, .types = OQ_T_FLOATS, .infer = infer, .prepare = prepare, .run = run,            \
        .rule = OQ_RULE_WEIGHTED, .weight = 1, .bias = 2, .layout = OQ_LAYOUT_ROW,                     \
        .channels_last = &channels_last                                                                \
    }

const oq_op oq_ops_conv_transpose[] = {
    CONV_TRANSPOSE(1),
    CONV_TRANSPOSE(11), /* defaults of strides and dilations, in words only */
    CONV_TRANSPOSE(22), /* bfloat16 */
    {0},
};
