/* integer_matmul: Gemm and MatMul of integer units, by kernel/gemm_int8.h. With a Q behind the sums become
 * codes, without one float: sum * (s_a * s_b).
 */
#include <string.h>

#include "base/buf.h"
#include "exec/unit.h"

bool oq_pack_matmul(oq_unit_finder *f, oq_unit *unit)
{
    const oq_kernels *kernels = oq_kernels_best();
    const oq_tensor *codes = unit->weight.codes;
    bool is_last = unit->weight.axis == 1; /* the output channel is the column: [k][n] */
    size_t k = codes->n_elements / unit->weight.n, n = unit->weight.n, size;
    oq_pack_int8_source source = {.data = codes->data,
                                  .type = oq_byte_of(codes->dtype),
                                  .outer = 1,
                                  .inner = k,
                                  .inner_stride = is_last ? n : 1,
                                  .column_stride = is_last ? 1 : k,
                                  .zero_points = unit->weight.zero_point,
                                  .n_zero_points = n};
    void *memory;

    if (codes->rank != 2)
        return false;
    size = oq_pack_int8_size(kernels, &source, n);
    memory = size == SIZE_MAX ? NULL : oq_arena_alloc(f->arena, size < 64 ? 64 : size);
    if (!memory)
        return false;
    oq_pack_int8(kernels, &source, n, memory, &unit->packed);
    return true;
}

/* Sums in place to float. */
static void scale_sums(void *data, size_t rows, size_t n, const float *multiplier)
{
    int32_t *sums = data;

    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < n; j++) {
            float x = (float)sums[i * n + j] * multiplier[j];

            memcpy(&sums[i * n + j], &x, sizeof x);
        }
    }
}

/* One matrix product to y: m rows of b->n columns of codes, or of float. */
static void multiply(oq_run *ctx, const oq_packed_int8 *b, const oq_array *a, const void *rows, size_t m,
                     const float *multiplier, void *scratch, void *y)
{
    const oq_unit *unit = ctx->state;
    oq_gemm_int8 gemm = {.b = b,
                         .m = m,
                         .a = rows,
                         .a_stride = b->k,
                         .a_type = oq_byte_of(a->dtype),
                         .a_zero = unit->x[0].zero_point,
                         .bias = unit->weight.bias,
                         .out_stride = b->n,
                         .scratch = scratch};

    gemm.out = (oq_int8_output){.acc = unit->has_y ? NULL : y,
                                .y = y,
                                .y_type = oq_byte_of(unit->y.dtype),
                                .y_zero = unit->y.zero_point,
                                .multiplier = multiplier,
                                .clamps = unit->has_y,
                                .lo = unit->lo,
                                .hi = unit->hi};
    oq_gemm_int8_run(ctx->pool, &gemm);
    if (!unit->has_y)
        scale_sums(y, m, b->n, multiplier);
}

static void *output(oq_run *ctx, const int64_t *dims, int rank)
{
    const oq_unit *unit = ctx->state;

    return oq_out(ctx, 0, unit->has_y ? unit->y.dtype : OQ_FLOAT, dims, rank);
}

/* ---- constant weights */

static oq_status run_matmul(oq_run *ctx)
{
    const oq_unit *unit = ctx->state;
    const oq_array *in = ctx->in[0];
    int64_t dims[OQ_MAX_RANK];
    void *y, *scratch;

    OQ_TRY(oq_check_codes(ctx, 1));
    if (in->rank < 2 || in->dims[in->rank - 1] != (int64_t)unit->packed.k)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input of rank %d does not end in the %zu columns its weight needs",
                   in->rank, unit->packed.k);
    memcpy(dims, in->dims, sizeof dims);
    dims[in->rank - 1] = (int64_t)unit->packed.n;
    y = output(ctx, dims, in->rank);
    scratch = y ? oq_scratch(ctx, oq_gemm_int8_scratch(&unit->packed)) : NULL;
    if (!scratch)
        return ctx->status;
    if (ctx->out[0].n)
        multiply(ctx, &unit->packed, in, in->data, oq_dims_product(dims, 0, in->rank - 1),
                 unit->weight.multiplier, scratch, y);
    return OQ_OK;
}

/* ---- two activations */

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

static float *pair_multiplier(oq_run *ctx, size_t n)
{
    const oq_unit *unit = ctx->state;
    float product = unit->x[0].scale * unit->x[1].scale, *multiplier;

    multiplier = oq_scratch(ctx, n * sizeof *multiplier);
    for (size_t j = 0; multiplier && j < n; j++)
        multiplier[j] = unit->has_y ? product / unit->y.scale : product;
    return multiplier;
}

static oq_status run_batches(oq_run *ctx, const int64_t *dims, int rank, void *y)
{
    const oq_unit *unit = ctx->state;
    const oq_array *a = ctx->in[0], *b = ctx->in[1];
    size_t m = (size_t)dims[rank - 2], n = (size_t)dims[rank - 1], k = (size_t)a->dims[a->rank - 1];
    size_t element = unit->has_y ? 1 : sizeof(float), size;
    oq_pack_int8_source source = {.type = oq_byte_of(b->dtype),
                                  .outer = 1,
                                  .inner = k,
                                  .inner_stride = n,
                                  .column_stride = 1,
                                  .zero_points = &unit->x[1].zero_point,
                                  .n_zero_points = 1};
    const float *multiplier = pair_multiplier(ctx, n);
    void *memory, *scratch = NULL;
    oq_packed_int8 packed;

    size = oq_pack_int8_size(oq_kernels_best(), &source, n);
    if (size == SIZE_MAX)
        OQ_OP_FAIL(ctx, OQ_LIMIT, "working memory does not fit in memory");
    if (!multiplier || !(memory = oq_scratch(ctx, size)))
        return ctx->status;
    for (size_t i = 0; i < oq_dims_product(dims, 0, rank - 2); i++) {
        source.data = (const uint8_t *)b->data + matrix_of(b, dims, rank, i) * k * n;
        oq_pack_int8(oq_kernels_best(), &source, n, memory, &packed);
        if (!scratch && !(scratch = oq_scratch(ctx, oq_gemm_int8_scratch(&packed))))
            return ctx->status;
        multiply(ctx, &packed, a, (const uint8_t *)a->data + matrix_of(a, dims, rank, i) * m * k, m,
                 multiplier, scratch, (uint8_t *)y + i * m * n * element);
    }
    return OQ_OK;
}

static oq_status run_pair(oq_run *ctx)
{
    int64_t dims[OQ_MAX_RANK];
    int rank;
    void *y;

    OQ_TRY(oq_check_codes(ctx, 2));
    OQ_TRY(pair_shape(ctx, dims, &rank));
    y = output(ctx, dims, rank);
    if (!y)
        return ctx->status;
    return ctx->out[0].n ? run_batches(ctx, dims, rank, y) : OQ_OK;
}

const oq_op oq_unit_matmul = {.name = "MatMul", .domain = "onnxq.integer", .run = run_matmul};
const oq_op oq_unit_matmul_pair = {.name = "MatMul", .domain = "onnxq.integer", .run = run_pair};
