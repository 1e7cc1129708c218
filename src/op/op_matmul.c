/* MatMul and Gemm.
 *
 * MatMul: the last two axes are matrices, the axes before them are broadcast as NumPy does; a vector on the
 * left is a row, on the right a column, and its axis of size 1 disappears from the result. Floats (other than
 * double) are computed in float32 by the packed product; double and the integers, which no network uses for
 * weights, by plain loops. Integers wrap around.
 *
 * Two activations go through matmul_view.c. What exec merges into a step (an epilogue) is added and clamped
 * in the product's own last pass: a residual of the result's shape, or a vector of its last axis.
 *
 * Gemm: Y = alpha * A' * B' + beta * C, A' and B' possibly transposed, C broadcast to Y. With alpha = 1 the
 * sums start from beta * C, else beta * C is added at the end.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "kernel/gemm_f32.h"
#include "kernel/transpose.h"
#include "op/families.h"
#include "op/floats.h"
#include "op/matmul_shape.h"
#include "op/matmul_view.h"

/* ------------------------------------------------------------------ plain products of the other types */

/* c[m][n] = sum over k of a[m][k] * b[k][n], strides in elements. */
typedef struct {
    size_t m, n, k;
    size_t a_row, a_column, b_row, b_column;
} plain_sizes;

#define PLAIN(type)                                                                                      \
    static void plain_##type(const plain_sizes *s, const void *a_data, const void *b_data, void *c_data) \
    {                                                                                                    \
        const type *a = a_data, *b = b_data;                                                             \
        type *c = c_data;                                                                                \
                                                                                                         \
        for (size_t i = 0; i < s->m; i++)                                                                \
            for (size_t j = 0; j < s->n; j++) {                                                          \
                type sum = 0;                                                                            \
                                                                                                         \
                for (size_t k = 0; k < s->k; k++)                                                        \
                    sum += a[i * s->a_row + k * s->a_column] * b[k * s->b_row + j * s->b_column];        \
                c[i * s->n + j] = sum;                                                                   \
            }                                                                                            \
    }

PLAIN(double)
PLAIN(uint32_t) /* serves int32 too: the low 32 bits of sums and products are the same */
PLAIN(uint64_t)

static void plain_product(oq_dtype dtype, const plain_sizes *s, const void *a, const void *b, void *c)
{
    if (dtype == OQ_DOUBLE)
        plain_double(s, a, b, c);
    else if (dtype == OQ_INT32 || dtype == OQ_UINT32)
        plain_uint32_t(s, a, b, c);
    else
        plain_uint64_t(s, a, b, c);
}

static bool is_plain(oq_dtype dtype)
{
    return dtype == OQ_DOUBLE || oq_dtype_is_integer(dtype);
}

/* ------------------------------------------------------------------ what is merged into the step */

/* The epilogue into gemm, whose result (n columns) starts at element `at` of the output. */
static oq_status set_epilogue(oq_run *ctx, const oq_epilogue *epilogue, oq_gemm_f32 *gemm, size_t n,
                              size_t at)
{
    const oq_array *r = epilogue && epilogue->residual >= 0 ? oq_in(ctx, epilogue->residual) : NULL;
    bool is_vector = r && r->rank == 1 && r->n == n;

    gemm->lo = epilogue ? epilogue->lo : -INFINITY;
    gemm->hi = epilogue ? epilogue->hi : INFINITY;
    if (!r)
        return OQ_OK;
    if (r->dtype != OQ_FLOAT || (!is_vector && r->n != ctx->out[0].n))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the operand of the Add behind it has not the shape the graph gives it");
    gemm->residual = (const float *)r->data + (is_vector ? 0 : at);
    gemm->residual_stride = is_vector ? 0 : n;
    return OQ_OK;
}

/* ------------------------------------------------------------------ MatMul */

static oq_status infer_matmul(oq_infer *ctx)
{
    return oq_matmul_infer(ctx, &ctx->in[0], &ctx->in[1], ctx->in[0].dtype);
}

typedef struct {
    const oq_packed_f32 *b; /* one per matrix of the constant right-hand side; NULL: it is packed per run */
    int rank;               /* of B */
    int64_t dims[OQ_MAX_RANK];
    const oq_epilogue *epilogue; /* NULL: none */
} matmul_state;

static oq_status pack_matrices(oq_prepare *ctx, matmul_state *state, const oq_tensor *b, const void *data)
{
    const oq_kernels *kernels = oq_kernels_best();
    int64_t dims[OQ_MAX_RANK];
    int rank = oq_as_matrix(b->dims, b->rank, false, dims);
    size_t k = (size_t)dims[rank - 2], n = (size_t)dims[rank - 1], count = oq_dims_product(dims, 0, rank - 2);
    size_t size = oq_pack_f32_size(kernels, k, n);
    oq_packed_f32 *packed = OQ_NEW_ARRAY(ctx->arena, oq_packed_f32, count);

    for (size_t i = 0; i < count && packed; i++) {
        void *memory = size == SIZE_MAX ? NULL : oq_arena_alloc(ctx->arena, size);

        if (!memory)
            OQ_OP_FAIL(ctx, OQ_NOMEM, "no memory for %zu bytes of packed weights", size);
        oq_pack_f32(kernels, k, n, (const char *)data + i * k * n * sizeof(float), n, 1, memory, &packed[i]);
    }
    if (!packed)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    state->b = packed;
    state->rank = b->rank;
    memcpy(state->dims, b->dims, (size_t)b->rank * sizeof *b->dims);
    ctx->consumed = 2;
    return OQ_OK;
}

static oq_status prepare_matmul(oq_prepare *ctx)
{
    matmul_state *state = OQ_NEW(ctx->arena, matmul_state);
    const oq_tensor *b = oq_prepare_constant(ctx, 1);
    const void *data;

    if (!state)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    ctx->state = state;
    state->epilogue = ctx->epilogue;
    if (!b || is_plain(b->dtype) || !oq_dtype_is_float(b->dtype) || b->rank < 1 || b->rank > OQ_MAX_RANK)
        return OQ_OK;
    data = oq_prepare_floats(ctx, b);
    if (!data)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "no memory for the weight");
    return pack_matrices(ctx, state, b, data);
}

static void run_plain_batches(const oq_product *p, oq_dtype dtype, const void *a, const void *b, void *y)
{
    plain_sizes sizes = {p->m, p->n, p->k, p->k, 1, p->n, 1};
    size_t element = oq_elem_size(dtype);

    for (size_t i = 0; i < p->n_batches; i++)
        plain_product(dtype, &sizes,
                      (const char *)a + oq_product_matrix(p, p->a_step, i) * p->m * p->k * element,
                      (const char *)b + oq_product_matrix(p, p->b_step, i) * p->k * p->n * element,
                      (char *)y + i * p->m * p->n * element);
}

static oq_status run_batches(oq_run *ctx, const oq_product *p, const matmul_state *state, const float *a,
                             const float *b, float *y)
{
    size_t n_products = p->shares_b ? 1 : p->n_batches, m = p->shares_b ? p->n_batches * p->m : p->m;
    size_t size = oq_pack_f32_size(oq_kernels_best(), p->k, p->n), last = SIZE_MAX;
    void *memory = NULL;
    oq_packed_f32 packed;

    if (size == SIZE_MAX)
        OQ_OP_FAIL(ctx, OQ_LIMIT, "the packed operand does not fit in memory");
    if (!state->b && !(memory = oq_scratch(ctx, size)))
        return ctx->status;
    for (size_t i = 0; i < n_products; i++) {
        size_t ib = oq_product_matrix(p, p->b_step, i);
        oq_gemm_f32 gemm = {
            .b = state->b ? &state->b[ib] : &packed, .m = m, .a_stride = p->k, .c_stride = p->n};

        OQ_TRY(set_epilogue(ctx, state->epilogue, &gemm, p->n, i * p->m * p->n));
        if (!state->b && ib != last)
            oq_pack_f32(oq_kernels_best(), p->k, p->n, b + ib * p->k * p->n, p->n, 1, memory, &packed);
        last = ib;
        gemm.a = a + oq_product_matrix(p, p->a_step, i) * p->m * p->k;
        gemm.c = y + i * p->m * p->n;
        oq_gemm_f32_run(ctx->pool, &gemm);
    }
    return OQ_OK;
}

static oq_status run_matmul(oq_run *ctx)
{
    const matmul_state *state = ctx->state;
    const oq_array *a_in = ctx->in[0], *b_in = state->b ? NULL : ctx->in[1];
    oq_product p;
    const float *a = NULL, *b = NULL;
    float *y;

    if (!oq_product_make(&p, a_in->dims, a_in->rank, b_in ? b_in->dims : state->dims,
                         b_in ? b_in->rank : state->rank))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "operands of rank %d and %d do not multiply: check the inner dimensions",
                   a_in->rank, b_in ? b_in->rank : state->rank);
    if (is_plain(a_in->dtype)) {
        void *out;

        if (!b_in || b_in->dtype != a_in->dtype)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "operands of different types: the first is %s",
                       oq_dtype_name(a_in->dtype));
        out = oq_out(ctx, 0, a_in->dtype, p.dims, p.rank);

        if (!out)
            return ctx->status;
        run_plain_batches(&p, a_in->dtype, a_in->data, b_in->data, out);
        return OQ_OK;
    }
    if (a_in->dtype == OQ_FLOAT && b_in && b_in->dtype == OQ_FLOAT && !state->epilogue &&
        (p.n_batches == 1 || !p.shares_b))
        return oq_matmul_view_run(ctx, &(oq_matmul_views){.a = {.rank = 0}});
    if (!(a = oq_floats_in(ctx, 0)) || (b_in && !(b = oq_floats_in(ctx, 1))) ||
        !(y = oq_floats_out(ctx, 0, a_in->dtype, p.dims, p.rank)))
        return ctx->status;
    if (ctx->out[0].n > 0)
        OQ_TRY(run_batches(ctx, &p, state, a, b, y));
    oq_floats_done(ctx, 0, y);
    return OQ_OK;
}

/* ------------------------------------------------------------------ Gemm */

typedef struct {
    bool trans_a, trans_b, is_packed;
    float alpha, beta;
    oq_packed_f32 b;             /* when is_packed */
    const oq_epilogue *epilogue; /* NULL: none */
} gemm_state;

static oq_status infer_gemm(oq_infer *ctx)
{
    const oq_shape *a = &ctx->in[0].shape, *b = &ctx->in[1].shape;
    bool ta = oq_node_int(ctx->node, "transA", 0) != 0, tb = oq_node_int(ctx->node, "transB", 0) != 0;
    oq_dim ka, kb;

    ctx->out[0] = (oq_type){ctx->in[0].dtype, {.rank = 2, .dims = {{-1, NULL}, {-1, NULL}}}};
    if ((a->rank >= 0 && a->rank != 2) || (b->rank >= 0 && b->rank != 2))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "operands of rank %d and %d, both must be matrices", a->rank, b->rank);
    if (a->rank == 2)
        ctx->out[0].shape.dims[0] = a->dims[ta ? 1 : 0];
    if (b->rank == 2)
        ctx->out[0].shape.dims[1] = b->dims[tb ? 0 : 1];
    if (a->rank != 2 || b->rank != 2)
        return OQ_OK;
    ka = a->dims[ta ? 0 : 1];
    kb = b->dims[tb ? 1 : 0];
    if (ka.size >= 0 && kb.size >= 0 && ka.size != kb.size)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the inner dimensions are %" PRId64 " and %" PRId64, ka.size, kb.size);
    return OQ_OK;
}

/* B' as k rows of n columns: strides in elements. */
static void b_strides(bool is_transposed, const int64_t *dims, plain_sizes *s)
{
    s->k = (size_t)dims[is_transposed ? 1 : 0];
    s->n = (size_t)dims[is_transposed ? 0 : 1];
    s->b_row = is_transposed ? 1 : s->n;
    s->b_column = is_transposed ? s->k : 1;
}

static oq_status prepare_gemm(oq_prepare *ctx)
{
    gemm_state *state = OQ_NEW(ctx->arena, gemm_state);
    const oq_tensor *b = oq_prepare_constant(ctx, 1);
    plain_sizes s;
    const void *data;
    void *memory;
    size_t size;

    if (!state)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    ctx->state = state;
    state->epilogue = ctx->epilogue;
    state->trans_a = oq_node_int(ctx->node, "transA", 0) != 0;
    state->trans_b = oq_node_int(ctx->node, "transB", 0) != 0;
    state->alpha = oq_node_float(ctx->node, "alpha", 1);
    state->beta = oq_node_float(ctx->node, "beta", 1);
    if (!b || is_plain(b->dtype) || !oq_dtype_is_float(b->dtype) || b->rank != 2)
        return OQ_OK;
    b_strides(state->trans_b, b->dims, &s);
    size = oq_pack_f32_size(oq_kernels_best(), s.k, s.n);
    data = oq_prepare_floats(ctx, b);
    memory = size == SIZE_MAX ? NULL : oq_arena_alloc(ctx->arena, size);
    if (!memory || !data)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "no memory for %zu bytes of packed weights", size);
    oq_pack_f32(oq_kernels_best(), s.k, s.n, data, s.b_row, s.b_column, memory, &state->b);
    state->is_packed = true;
    ctx->consumed = 2;
    return OQ_OK;
}

/* Strides of C, which broadcasts to m x n; false when it does not. */
static bool c_strides(const oq_array *c, size_t m, size_t n, size_t *row, size_t *column)
{
    size_t columns = c->rank > 0 ? (size_t)c->dims[c->rank - 1] : 1;
    size_t rows = c->rank > 1 ? (size_t)c->dims[c->rank - 2] : 1;

    if (c->rank > 2 || (columns != n && columns != 1) || (rows != m && rows != 1))
        return false;
    *row = rows == 1 ? 0 : columns;
    *column = columns == 1 ? 0 : 1;
    return true;
}

#define ADD_C(type)                                                                              \
    static void finish_##type(const plain_sizes *s, float alpha, float beta, const void *c_data, \
                              size_t c_row, size_t c_column, void *y_data)                       \
    {                                                                                            \
        const type *c = c_data;                                                                  \
        type *y = y_data;                                                                        \
                                                                                                 \
        for (size_t i = 0; i < s->m; i++)                                                        \
            for (size_t j = 0; j < s->n; j++) {                                                  \
                type *to = &y[i * s->n + j];                                                     \
                                                                                                 \
                if (alpha != 1)                                                                  \
                    *to = (type)(alpha * (double)*to);                                           \
                if (c && beta == 1)                                                              \
                    *to = (type)(*to + c[i * c_row + j * c_column]);                             \
                else if (c)                                                                      \
                    *to = (type)(*to + (type)(beta * (double)c[i * c_row + j * c_column]));      \
            }                                                                                    \
    }

ADD_C(double)
ADD_C(int32_t)
ADD_C(uint32_t)
ADD_C(int64_t)
ADD_C(uint64_t)

static void finish_plain(oq_dtype dtype, const plain_sizes *s, const gemm_state *state, const void *c,
                         size_t row, size_t column, void *y)
{
    switch (dtype) {
    case OQ_DOUBLE: finish_double(s, state->alpha, state->beta, c, row, column, y); break;
    case OQ_INT32: finish_int32_t(s, state->alpha, state->beta, c, row, column, y); break;
    case OQ_UINT32: finish_uint32_t(s, state->alpha, state->beta, c, row, column, y); break;
    case OQ_INT64: finish_int64_t(s, state->alpha, state->beta, c, row, column, y); break;
    default: finish_uint64_t(s, state->alpha, state->beta, c, row, column, y); break;
    }
}

/* y += beta * C, or y = beta * C, after y was scaled by alpha. */
static void add_c(const plain_sizes *s, const gemm_state *state, const float *c, size_t row, size_t column,
                  bool replaces, float *y)
{
    for (size_t i = 0; i < s->m; i++)
        for (size_t j = 0; j < s->n; j++) {
            float before = replaces ? 0 : state->alpha * y[i * s->n + j];

            y[i * s->n + j] = before + (c ? state->beta * c[i * row + j * column] : 0);
        }
}

/* The epilogue where the product could not take it. */
static void finish_rows(const plain_sizes *s, const oq_gemm_f32 *last, float *y)
{
    const oq_math_f32 *math = oq_kernels_best()->math;

    for (size_t i = 0; i < s->m; i++, y += s->n) {
        if (last->residual)
            math->binary[OQ_ADD](y, last->residual + i * last->residual_stride, y, s->n);
        if (last->lo > -INFINITY || last->hi < INFINITY)
            math->clip(y, last->lo, last->hi, y, s->n);
    }
}

/* A' with its rows in one piece. */
static const float *plain_rows(oq_run *ctx, const gemm_state *state, const plain_sizes *s)
{
    const float *a = oq_floats_in(ctx, 0);
    float *rows;

    if (!a || !state->trans_a)
        return a;
    rows = oq_scratch(ctx, s->m * s->k * sizeof *rows);
    if (rows && s->m && s->k)
        oq_transpose(sizeof *rows, s->k, s->m, a, s->m, rows, s->k);
    return rows;
}

static const oq_packed_f32 *packed_b(oq_run *ctx, const gemm_state *state, const plain_sizes *s,
                                     oq_packed_f32 *local)
{
    size_t size = oq_pack_f32_size(oq_kernels_best(), s->k, s->n);
    const float *b = state->is_packed ? NULL : oq_floats_in(ctx, 1);
    void *memory = b ? oq_scratch(ctx, size) : NULL;

    if (state->is_packed)
        return &state->b;
    if (!memory)
        return NULL;
    oq_pack_f32(oq_kernels_best(), s->k, s->n, b, s->b_row, s->b_column, memory, local);
    return local;
}

static oq_status run_float_gemm(oq_run *ctx, const gemm_state *state, const plain_sizes *s, size_t c_row,
                                size_t c_column)
{
    oq_packed_f32 local;
    oq_gemm_f32 gemm = {.m = s->m, .a_stride = s->k, .c_stride = s->n}, last = {0};
    const float *c = NULL;
    bool is_bias;

    gemm.b = packed_b(ctx, state, s, &local);
    gemm.a = gemm.b ? plain_rows(ctx, state, s) : NULL;
    if (!gemm.a || (oq_in(ctx, 2) && !(c = oq_floats_in(ctx, 2))))
        return ctx->status;
    gemm.c = oq_floats_out(ctx, 0, ctx->in[0]->dtype, (const int64_t[]){(int64_t)s->m, (int64_t)s->n}, 2);
    if (!gemm.c)
        return ctx->status;
    OQ_TRY(set_epilogue(ctx, state->alpha == 1 ? state->epilogue : NULL, &gemm, s->n, 0));
    is_bias = c && state->alpha == 1 && state->beta == 1 && c_row == 0 && c_column == 1;
    if (is_bias) {
        gemm.bias = c;
    } else if (c && state->alpha == 1) {
        add_c(s, state, c, c_row, c_column, true, gemm.c);
        gemm.accumulate = true;
    }
    if (ctx->out[0].n > 0)
        oq_gemm_f32_run(ctx->pool, &gemm);
    if (state->alpha != 1) {
        add_c(s, state, c, c_row, c_column, false, gemm.c);
        OQ_TRY(set_epilogue(ctx, state->epilogue, &last, s->n, 0));
        finish_rows(s, &last, gemm.c);
    }
    oq_floats_done(ctx, 0, gemm.c);
    return OQ_OK;
}

static oq_status run_plain_gemm(oq_run *ctx, const gemm_state *state, const plain_sizes *s, size_t c_row,
                                size_t c_column)
{
    const oq_array *a = ctx->in[0], *b = ctx->in[1], *c = oq_in(ctx, 2);
    void *y;

    if (state->is_packed || !b || b->dtype != a->dtype || (c && c->dtype != a->dtype))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "operands of different types: the first is %s", oq_dtype_name(a->dtype));
    y = oq_out(ctx, 0, a->dtype, (const int64_t[]){(int64_t)s->m, (int64_t)s->n}, 2);
    if (!y)
        return ctx->status;
    plain_product(a->dtype, s, a->data, b->data, y);
    finish_plain(a->dtype, s, state, c ? c->data : NULL, c_row, c_column, y);
    return OQ_OK;
}

static oq_status run_gemm(oq_run *ctx)
{
    const gemm_state *state = ctx->state;
    const oq_array *a = ctx->in[0], *b = state->is_packed ? NULL : ctx->in[1], *c = oq_in(ctx, 2);
    plain_sizes s = {.k = state->b.k, .n = state->b.n};
    size_t c_row = 0, c_column = 0, k;

    if (a->rank != 2 || (b && b->rank != 2))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "operands of rank %d and %d, both must be matrices", a->rank,
                   b ? b->rank : 2);
    if (b)
        b_strides(state->trans_b, b->dims, &s);
    s.m = (size_t)a->dims[state->trans_a ? 1 : 0];
    k = (size_t)a->dims[state->trans_a ? 0 : 1];
    s.a_row = state->trans_a ? 1 : k;
    s.a_column = state->trans_a ? s.m : 1;
    if (k != s.k)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the inner dimensions are %zu and %zu", k, s.k);
    if (c && !c_strides(c, s.m, s.n, &c_row, &c_column))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "C of rank %d with %zu elements does not broadcast to [%zu,%zu]", c->rank,
                   c->n, s.m, s.n);
    return is_plain(a->dtype) ? run_plain_gemm(ctx, state, &s, c_row, c_column)
                              : run_float_gemm(ctx, state, &s, c_row, c_column);
}

/* ------------------------------------------------------------------ rows */

#define WIDE (OQ_T(OQ_UINT32) | OQ_T(OQ_UINT64) | OQ_T(OQ_INT32) | OQ_T(OQ_INT64))

#define GEMM(opset, least, mask)                                                                    \
    {                                                                                               \
        .name = "Gemm", .domain = "", .since = opset, .min_in = least, .max_in = 3, .min_out = 1,   \
        .max_out = 1, .types = mask, .infer = infer_gemm, .prepare = prepare_gemm, .run = run_gemm, \
        .rule = OQ_RULE_WEIGHTED, .weight = 1, .bias = 2, .flags = OQ_OP_EPILOGUE                   \
    }

#define MATMUL(opset, mask)                                                                               \
    {                                                                                                     \
        .name = "MatMul", .domain = "", .since = opset, .min_in = 2, .max_in = 2, .min_out = 1,           \
        .max_out = 1, .types = mask, .infer = infer_matmul, .prepare = prepare_matmul, .run = run_matmul, \
        .rule = OQ_RULE_MATMUL, .weight = 1, .bias = -1, .flags = OQ_OP_EPILOGUE                          \
    }

/* 9 added the integers, 11 made C optional, 13 added bfloat16. */
const oq_op oq_ops_matmul[] = {
    GEMM(1, 3, OQ_T_FLOATS),         GEMM(7, 3, OQ_T_FLOATS),         GEMM(9, 3, OQ_T_FLOATS | WIDE),
    GEMM(11, 2, OQ_T_FLOATS | WIDE), GEMM(13, 2, OQ_T_FLOATS | WIDE), MATMUL(1, OQ_T_FLOATS),
    MATMUL(9, OQ_T_FLOATS | WIDE),   MATMUL(13, OQ_T_FLOATS | WIDE),  {0},
};
