/* integer_conv: Conv and the matrix products of integer units. A convolution gathers its windows into rows
 * (outside the picture the code is the zero point, that is 0 once centred) and is a matrix product from there
 * on.
 */
#include <string.h>

#include "base/buf.h"
#include "exec/integer_ref.h"
#include "exec/unit.h"
#include "kernel/kernel.h"

/* Output pixels per block: rows and sums stay in the second level cache. */
enum { MAX_AXES = 3, BLOCK = 64 };

void oq_center_codes(const oq_array *array, int32_t zero_point, int16_t *out)
{
    const uint8_t *u = array->data;
    const int8_t *s = array->data;

    for (size_t i = 0; i < array->n; i++)
        out[i] = (int16_t)((array->dtype == OQ_INT8 ? s[i] : u[i]) - zero_point);
}

static void clamp_codes(const oq_unit *unit, void *codes, size_t n)
{
    int64_t qmin, qmax;
    uint8_t *u = codes;
    int8_t *s = codes;

    oq_dtype_limits(unit->y.dtype, &qmin, &qmax);
    if (unit->lo <= qmin && unit->hi >= qmax)
        return;
    for (size_t i = 0; i < n; i++) {
        int32_t code = unit->y.dtype == OQ_INT8 ? s[i] : u[i];

        code = code < unit->lo ? unit->lo : code > unit->hi ? unit->hi : code;
        u[i] = (uint8_t)code;
    }
}

void oq_requantize_row(const oq_unit *unit, const int32_t *acc, const float *multiplier, size_t n, void *out)
{
    const oq_quantize_kernels *kernels = oq_kernels_best()->quantize;

    if (unit->y.dtype == OQ_INT8)
        kernels->requantize_s8(acc, out, n, multiplier, unit->y.zero_point);
    else
        kernels->requantize_u8(acc, out, n, multiplier, unit->y.zero_point);
    clamp_codes(unit, out, n);
}

/* The type a unit was made for may differ from what a damaged graph feeds it. */
static oq_status check_codes(oq_run *ctx, const oq_unit *unit, int n)
{
    for (int i = 0; i < n; i++) {
        if (ctx->in[i]->dtype != unit->x[i].dtype)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d holds %s, its DequantizeLinear says %s", i,
                       oq_dtype_name(ctx->in[i]->dtype), oq_dtype_name(unit->x[i].dtype));
    }
    return OQ_OK;
}

/* ---- Conv */

/* One picture of one group, spatial axes widened to three. */
typedef struct geometry {
    ptrdiff_t in[MAX_AXES], out[MAX_AXES], kernel[MAX_AXES], stride[MAX_AXES], dilation[MAX_AXES],
        pad[MAX_AXES];
    size_t channels, in_pixels, out_pixels;
} geometry;

static void widen(ptrdiff_t *to, const int64_t *from, int rank, ptrdiff_t fill)
{
    for (int i = 0; i < MAX_AXES; i++)
        to[i] = i < MAX_AXES - rank ? fill : (ptrdiff_t)from[i - (MAX_AXES - rank)];
}

/* Codes of one row of the kernel: kernel[2] of them. */
static void gather_line(const geometry *g, const int16_t *line, ptrdiff_t x, int16_t *row)
{
    for (ptrdiff_t k = 0; k < g->kernel[2]; k++) {
        ptrdiff_t at = x + k * g->dilation[2];

        row[k] = line && at >= 0 && at < g->in[2] ? line[at] : 0;
    }
}

/* The window of output pixel p in all channels: one row of the product. */
static void gather_window(const geometry *g, const int16_t *x, size_t p, int16_t *row)
{
    ptrdiff_t at = (ptrdiff_t)p;
    ptrdiff_t first[MAX_AXES] = {at / g->out[2] / g->out[1] * g->stride[0] - g->pad[0],
                                 at / g->out[2] % g->out[1] * g->stride[1] - g->pad[1],
                                 at % g->out[2] * g->stride[2] - g->pad[2]};

    for (size_t c = 0; c < g->channels; c++) {
        for (ptrdiff_t kz = 0; kz < g->kernel[0]; kz++) {
            for (ptrdiff_t ky = 0; ky < g->kernel[1]; ky++) {
                ptrdiff_t z = first[0] + kz * g->dilation[0], y = first[1] + ky * g->dilation[1];
                bool is_inside = z >= 0 && z < g->in[0] && y >= 0 && y < g->in[1];
                const int16_t *picture = x + c * g->in_pixels;

                gather_line(g, is_inside ? picture + (z * g->in[1] + y) * g->in[2] : NULL, first[2], row);
                row += g->kernel[2];
            }
        }
    }
}

/* [rows][n] -> channels first, at pixel `first`. */
static void store_pixels(const uint8_t *codes, size_t rows, size_t n, uint8_t *y, size_t pixels, size_t first)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < rows; i++)
            y[j * pixels + first + i] = codes[i * n + j];
    }
}

/* What one picture needs; blocks of pixels are independent, one set of buffers per worker. */
typedef struct conv_job {
    const oq_unit *unit;
    const geometry *g;
    const int16_t *x; /* of the group */
    uint8_t *y;       /* of the group */
    size_t first_channel, n;
    unsigned char *buffers;
    size_t buffer_size;
} conv_job;

static size_t buffer_size(size_t k, size_t n)
{
    size_t rows, sums;

    if (oq_mul_overflow(k, BLOCK * sizeof(int16_t), &rows) || oq_mul_overflow(n, BLOCK * 5, &sums) ||
        rows > SIZE_MAX / 4 || sums > SIZE_MAX / 4)
        return SIZE_MAX;
    return (rows + 63) / 64 * 64 + (sums + 63) / 64 * 64;
}

static void conv_block(void *arg, size_t index, int worker)
{
    const conv_job *job = arg;
    const oq_int_weight *w = &job->unit->weight;
    unsigned char *buffer = job->buffers + (size_t)worker * job->buffer_size;
    int16_t *rows = (int16_t *)(void *)buffer;
    int32_t *sums = (int32_t *)(void *)(buffer + (w->k * BLOCK * sizeof(int16_t) + 63) / 64 * 64);
    uint8_t *codes = (uint8_t *)(sums + BLOCK * job->n);
    size_t first = index * BLOCK, left = job->g->out_pixels - first, count = left < BLOCK ? left : BLOCK;

    for (size_t i = 0; i < count; i++)
        gather_window(job->g, job->x, first + i, rows + i * w->k);
    oq_ref_gemm_s16(count, job->n, w->k, rows, w->rows + job->first_channel * w->k,
                    w->bias ? w->bias + job->first_channel : NULL, sums);
    for (size_t i = 0; i < count; i++)
        oq_requantize_row(job->unit, sums + i * job->n, w->multiplier + job->first_channel, job->n,
                          codes + i * job->n);
    store_pixels(codes, count, job->n, job->y, job->g->out_pixels, first);
}

static oq_status conv_shape(oq_run *ctx, const oq_unit *unit, int64_t *dims, int64_t *pad)
{
    const oq_array *in = ctx->in[0];

    if (in->rank != unit->weight_rank || in->dims[1] != unit->weight_dims[1] * unit->group)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input of rank %d does not go with its weight of rank %d and group %lld",
                   in->rank, unit->weight_rank, (long long)unit->group);
    dims[0] = in->dims[0];
    dims[1] = unit->weight_dims[0];
    return oq_window_outputs(&unit->window, ctx->node, in->dims + 2, dims + 2, pad, ctx->diag);
}

static oq_status run_conv(oq_run *ctx)
{
    const oq_unit *unit = ctx->state;
    const oq_array *in = ctx->in[0];
    int64_t dims[OQ_MAX_RANK], pad[OQ_WINDOW_RANK];
    size_t groups = (size_t)unit->group, n = unit->weight.n / groups;
    size_t workers = (size_t)oq_pool_size(ctx->pool), per_worker = buffer_size(unit->weight.k, n), all;
    geometry g = {.channels = (size_t)unit->weight_dims[1]};
    int16_t *x;
    uint8_t *y;

    OQ_TRY(check_codes(ctx, unit, 1));
    OQ_TRY(conv_shape(ctx, unit, dims, pad));
    widen(g.in, in->dims + 2, in->rank - 2, 1);
    widen(g.out, dims + 2, in->rank - 2, 1);
    widen(g.kernel, unit->window.kernel, in->rank - 2, 1);
    widen(g.stride, unit->window.stride, in->rank - 2, 1);
    widen(g.dilation, unit->window.dilation, in->rank - 2, 1);
    widen(g.pad, pad, in->rank - 2, 0);
    g.in_pixels = oq_dims_product(in->dims, 2, in->rank);
    g.out_pixels = oq_dims_product(dims, 2, in->rank);
    y = oq_out(ctx, 0, unit->y.dtype, dims, in->rank);
    if (per_worker == SIZE_MAX || oq_mul_overflow(per_worker, workers, &all))
        OQ_OP_FAIL(ctx, OQ_LIMIT, "working memory does not fit in memory");
    x = y ? oq_scratch(ctx, in->n * sizeof *x) : NULL;
    conv_job job = {.unit = unit, .g = &g, .n = n, .buffer_size = per_worker};
    job.buffers = x ? oq_scratch(ctx, all) : NULL;
    if (!job.buffers)
        return ctx->status;
    oq_center_codes(in, unit->x[0].zero_point, x);
    for (size_t i = 0; i < (size_t)dims[0] * groups; i++) {
        job.first_channel = i % groups * n;
        job.x = x + i * g.channels * g.in_pixels;
        job.y = y + i * n * g.out_pixels;
        oq_pool_run(ctx->pool, (g.out_pixels + BLOCK - 1) / BLOCK, conv_block, &job);
    }
    return OQ_OK;
}

/* ---- Gemm, MatMul with constant weights */

/* Sums to codes, or to float when no Q stands behind. */
static void finish_row(const oq_unit *unit, const int32_t *acc, const float *multiplier, size_t n, size_t row,
                       void *out)
{
    if (unit->has_y) {
        oq_requantize_row(unit, acc, multiplier, n, (uint8_t *)out + row * n);
        return;
    }
    for (size_t j = 0; j < n; j++)
        ((float *)out)[row * n + j] = (float)acc[j] * multiplier[j];
}

static oq_status run_matmul(oq_run *ctx)
{
    const oq_unit *unit = ctx->state;
    const oq_int_weight *w = &unit->weight;
    const oq_array *in = ctx->in[0];
    int64_t dims[OQ_MAX_RANK];
    size_t rows;
    int16_t *x;
    int32_t *sums;
    void *y;

    OQ_TRY(check_codes(ctx, unit, 1));
    if (in->rank < 2 || in->dims[in->rank - 1] != (int64_t)w->k)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input of rank %d does not end in the %zu columns its weight needs",
                   in->rank, w->k);
    memcpy(dims, in->dims, sizeof dims);
    dims[in->rank - 1] = (int64_t)w->n;
    rows = oq_dims_product(in->dims, 0, in->rank - 1);
    y = oq_out(ctx, 0, unit->has_y ? unit->y.dtype : OQ_FLOAT, dims, in->rank);
    x = y ? oq_scratch(ctx, in->n * sizeof *x) : NULL;
    sums = x ? oq_scratch(ctx, w->n * sizeof *sums) : NULL;
    if (!sums)
        return ctx->status;
    oq_center_codes(in, unit->x[0].zero_point, x);
    for (size_t i = 0; i < rows; i++) {
        oq_ref_gemm_s16(1, w->n, w->k, x + i * w->k, w->rows, w->bias, sums);
        finish_row(unit, sums, w->multiplier, w->n, i, y);
    }
    return OQ_OK;
}

/* ---- MatMul of two activations */

/* Shape of a batched product; batch axes broadcast. */
static oq_status pair_shape(oq_run *ctx, int64_t *dims, int *rank)
{
    oq_array a = *ctx->in[0], b = *ctx->in[1];

    if (a.rank < 2 || b.rank < 2 || a.dims[a.rank - 1] != b.dims[b.rank - 2])
        OQ_OP_FAIL(ctx, OQ_SHAPE, "inputs of rank %d and %d cannot be multiplied as matrices", a.rank,
                   b.rank);
    a.rank -= 2;
    b.rank -= 2;
    if (!oq_broadcast_dims(&a, &b, dims, rank))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the batch axes of its inputs do not broadcast");
    dims[*rank] = a.dims[a.rank];
    dims[*rank + 1] = b.dims[b.rank + 1];
    *rank += 2;
    return OQ_OK;
}

/* Which matrix of `array` batch i of dims[0..rank-3] reads. */
static size_t matrix_of(const oq_array *array, const int64_t *dims, int rank, size_t i)
{
    size_t at = 0, step = 1;

    for (int d = rank - 3, e = array->rank - 3; d >= 0 && e >= 0; d--, e--) {
        at += array->dims[e] == 1 ? 0 : i % (size_t)dims[d] * step;
        step *= (size_t)array->dims[e];
        i /= (size_t)dims[d];
    }
    return at;
}

/* One batch: b is transposed into columns first. */
static void multiply_pair(const oq_unit *unit, const int16_t *a, const int16_t *b, size_t m, size_t n,
                          size_t k, int16_t *columns, int32_t *sums, const float *multiplier, size_t batch,
                          void *y)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < k; i++)
            columns[j * k + i] = b[i * n + j];
    }
    for (size_t i = 0; i < m; i++) {
        oq_ref_gemm_s16(1, n, k, a + i * k, columns, NULL, sums);
        finish_row(unit, sums, multiplier, n, batch * m + i, y);
    }
}

static oq_status run_matmul_pair(oq_run *ctx)
{
    const oq_unit *unit = ctx->state;
    const oq_array *a = ctx->in[0], *b = ctx->in[1];
    float product = unit->x[0].scale * unit->x[1].scale, *multiplier;
    int64_t dims[OQ_MAX_RANK];
    size_t m, n, k;
    int16_t *ca, *cb, *columns;
    int32_t *sums;
    int rank;
    void *y;

    OQ_TRY(check_codes(ctx, unit, 2));
    OQ_TRY(pair_shape(ctx, dims, &rank));
    m = (size_t)dims[rank - 2];
    n = (size_t)dims[rank - 1];
    k = (size_t)a->dims[a->rank - 1];
    y = oq_out(ctx, 0, unit->has_y ? unit->y.dtype : OQ_FLOAT, dims, rank);
    ca = y ? oq_scratch(ctx, a->n * sizeof *ca) : NULL;
    cb = ca ? oq_scratch(ctx, b->n * sizeof *cb) : NULL;
    columns = cb ? oq_scratch(ctx, n * k * sizeof *columns) : NULL;
    sums = columns ? oq_scratch(ctx, n * sizeof *sums) : NULL;
    multiplier = sums ? oq_scratch(ctx, n * sizeof *multiplier) : NULL;
    if (!multiplier)
        return ctx->status;
    for (size_t j = 0; j < n; j++)
        multiplier[j] = unit->has_y ? product / unit->y.scale : product;
    oq_center_codes(a, unit->x[0].zero_point, ca);
    oq_center_codes(b, unit->x[1].zero_point, cb);
    for (size_t i = 0; i < oq_dims_product(dims, 0, rank - 2); i++)
        multiply_pair(unit, ca + matrix_of(a, dims, rank, i) * m * k,
                      cb + matrix_of(b, dims, rank, i) * k * n, m, n, k, columns, sums, multiplier, i, y);
    return OQ_OK;
}

const oq_op oq_unit_conv = {.name = "Conv", .domain = "onnxq.integer", .run = run_conv};
const oq_op oq_unit_matmul = {.name = "MatMul", .domain = "onnxq.integer", .run = run_matmul};
const oq_op oq_unit_matmul_pair = {.name = "MatMul", .domain = "onnxq.integer", .run = run_matmul_pair};
