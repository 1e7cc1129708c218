#include "op/attention.h"

#include <math.h>
#include <string.h>

#include "kernel/gemm_f32.h"
#include "op/floats.h"

typedef struct job {
    const oq_attention *a;
    const oq_kernels *kernels;
    char *memory;                                                     /* of all workers */
    size_t stride, k_at, v_at, q_at, scaled_k_at, bias_at, scores_at; /* bytes, of one worker */
} job;

/* Round to what the type holds: the reference computes step by step in it. */
static void round_to(oq_dtype dtype, float *x, size_t n)
{
    for (size_t i = 0; dtype == OQ_FLOAT16 && i < n; i++)
        x[i] = oq_f16_to_f32(oq_f32_to_f16(x[i]));
    for (size_t i = 0; dtype == OQ_BFLOAT16 && i < n; i++)
        x[i] = oq_bf16_to_f32(oq_f32_to_bf16(x[i]));
}

static bool is_rounding(oq_dtype dtype)
{
    return dtype == OQ_FLOAT16 || dtype == OQ_BFLOAT16;
}

/* Rows times factor, tightly packed. */
static void scale_rows(const job *j, const float *from, size_t row, size_t n, float factor, float *to)
{
    for (size_t i = 0; i < n; i++)
        j->kernels->math->binary_scalar[OQ_MUL](from + i * row, factor, to + i * j->a->size, j->a->size);
    round_to(j->a->dtype, to, n * j->a->size);
}

/* What is added to the scores of query i. False when it hides every key. */
static bool bias_row(const oq_attention *a, size_t b, size_t h, size_t i, float *bias)
{
    const float *given =
        a->bias.data ? a->bias.data + b * a->bias.batch + h * a->bias.head + i * a->bias.row : NULL;
    int64_t n_valid = a->n_valid ? a->n_valid[b] : INT64_MAX;
    int64_t position = (int64_t)i + (a->offset_by_valid ? n_valid - (int64_t)a->n_queries : a->offset);
    bool sees_any = false;

    for (size_t k = 0; k < a->n_keys; k++) {
        int64_t at = (int64_t)k;
        bool is_hidden = at >= n_valid || (a->right >= 0 && at > position + a->right) ||
                         (a->left >= 0 && at < position - a->left) || (given && k >= a->n_bias);

        bias[k] = is_hidden ? -INFINITY : given ? given[k * a->bias_key] : 0;
        sees_any |= bias[k] != -INFINITY;
    }
    return sees_any;
}

/* Softmax as the reference does it in a short type: each step rounded. */
static void rounded_softmax(const job *j, oq_dtype dtype, float *x, size_t n)
{
    float max = j->kernels->reduce->row[OQ_REDUCE_MAX](x, n), sum;

    j->kernels->math->binary_scalar[OQ_SUB](x, max, x, n);
    round_to(dtype, x, n);
    j->kernels->math->unary[OQ_EXP](x, x, n);
    round_to(dtype, x, n);
    sum = j->kernels->reduce->row[OQ_REDUCE_SUM](x, n);
    round_to(dtype, &sum, 1);
    j->kernels->math->binary_scalar[OQ_DIV](x, sum, x, n);
    round_to(dtype, x, n);
}

static void softmax_row(const job *j, float *x, size_t n, bool sees_any)
{
    const oq_attention *a = j->a;

    if (!sees_any || (n && j->kernels->reduce->row[OQ_REDUCE_MAX](x, n) == -INFINITY)) {
        memset(x, 0, n * sizeof *x);
        return;
    }
    round_to(a->softmax_dtype, x, n);
    if (is_rounding(a->softmax_dtype))
        rounded_softmax(j, a->softmax_dtype, x, n);
    else
        j->kernels->reduce->softmax(x, x, n);
    round_to(a->dtype, x, n);
}

static void keep_stage(const oq_attention *a, int stage, const float *scores, size_t bh, size_t i)
{
    if (a->scores && a->stage == stage)
        memcpy(a->scores + (bh * a->n_queries + i) * a->n_keys, scores, a->n_keys * sizeof *scores);
}

/* Raw scores of query i to probabilities. */
static void finish_row(const job *j, size_t bh, size_t i, float *x, float *bias)
{
    const oq_attention *a = j->a;
    const oq_math_f32 *math = j->kernels->math;
    bool sees_any = bias_row(a, bh / a->heads, bh % a->heads, i, bias);

    round_to(a->dtype, x, a->n_keys);
    keep_stage(a, 0, x, bh, i);
    if (a->softcap > 0) {
        math->binary_scalar[OQ_DIV](x, a->softcap, x, a->n_keys);
        math->unary[OQ_TANH](x, x, a->n_keys);
        math->binary_scalar[OQ_MUL](x, a->softcap, x, a->n_keys);
        round_to(a->dtype, x, a->n_keys);
    }
    keep_stage(a, 1, x, bh, i);
    math->binary[OQ_ADD](x, bias, x, a->n_keys);
    round_to(a->dtype, x, a->n_keys);
    keep_stage(a, 2, x, bh, i);
    softmax_row(j, x, a->n_keys, sees_any);
    keep_stage(a, 3, x, bh, i);
}

static void attend(void *arg, size_t bh, int worker)
{
    const job *j = arg;
    const oq_attention *a = j->a;
    size_t b = bh / a->heads, h = bh % a->heads, kv = h / (a->heads / a->kv_heads);
    char *memory = j->memory + (size_t)worker * j->stride;
    float *q = (float *)(void *)(memory + j->q_at), *scores = (float *)(void *)(memory + j->scores_at);
    const float *k = a->k.data + b * a->k.batch + kv * a->k.head,
                *v = a->v.data + b * a->v.batch + kv * a->v.head;
    float *y = a->y + b * a->out.batch + h * a->out.head;
    size_t k_row = a->k.row;
    bool splits_scale = is_rounding(a->dtype); /* sqrt on both sides keeps float16 in range */
    float factor = a->scale;
    oq_packed_f32 packed_k, packed_v;

    if (splits_scale) {
        float *scaled = (float *)(void *)(memory + j->scaled_k_at);

        factor = sqrtf(factor);
        round_to(a->dtype, &factor, 1);
        scale_rows(j, k, k_row, a->n_keys, factor, scaled);
        k = scaled;
        k_row = a->size;
    }
    scale_rows(j, a->q.data + b * a->q.batch + h * a->q.head, a->q.row, a->n_queries, factor, q);
    oq_pack_f32(j->kernels, a->size, a->n_keys, k, 1, k_row, memory + j->k_at, &packed_k);
    oq_pack_f32(j->kernels, a->n_keys, a->v_size, v, a->v.row, 1, memory + j->v_at, &packed_v);
    oq_gemm_f32_run(NULL, &(oq_gemm_f32){.b = &packed_k,
                                         .m = a->n_queries,
                                         .a = q,
                                         .a_stride = a->size,
                                         .c = scores,
                                         .c_stride = a->n_keys,
                                         .lo = -INFINITY,
                                         .hi = INFINITY});
    for (size_t i = 0; i < a->n_queries; i++)
        finish_row(j, bh, i, scores + i * a->n_keys, (float *)(void *)(memory + j->bias_at));
    oq_gemm_f32_run(NULL, &(oq_gemm_f32){.b = &packed_v,
                                         .m = a->n_queries,
                                         .a = scores,
                                         .a_stride = a->n_keys,
                                         .c = y,
                                         .c_stride = a->out.row,
                                         .lo = -INFINITY,
                                         .hi = INFINITY});
}

/* Place for n * m floats behind what is there; false: too big. */
static bool reserve(size_t *end, size_t *at, size_t n, size_t m)
{
    size_t bytes;

    *at = *end;
    return !__builtin_mul_overflow(n, m, &bytes) && !__builtin_mul_overflow(bytes, sizeof(float), &bytes) &&
           bytes < SIZE_MAX / 2 && !__builtin_add_overflow(*end, (bytes + 63) / 64 * 64, end);
}

static bool reserve_bytes(size_t *end, size_t *at, size_t bytes)
{
    return bytes < SIZE_MAX / 2 && reserve(end, at, (bytes + 63) / 64 * 16, 1);
}

static bool plan(job *j)
{
    const oq_attention *a = j->a;
    size_t *end = &j->stride;

    return reserve_bytes(end, &j->k_at, oq_pack_f32_size(j->kernels, a->size, a->n_keys)) &&
           reserve_bytes(end, &j->v_at, oq_pack_f32_size(j->kernels, a->n_keys, a->v_size)) &&
           reserve(end, &j->q_at, a->n_queries, a->size) &&
           reserve(end, &j->scaled_k_at, a->n_keys, a->size) && reserve(end, &j->bias_at, a->n_keys, 1) &&
           reserve(end, &j->scores_at, a->n_queries, a->n_keys);
}

oq_status oq_attention_run(oq_run *ctx, const oq_attention *a)
{
    job j = {.a = a, .kernels = oq_kernels_best()};
    size_t n_workers = ctx->pool ? (size_t)oq_pool_size(ctx->pool) : 1, all, n;

    if (__builtin_mul_overflow(a->batch, a->heads, &n) || !plan(&j) ||
        __builtin_mul_overflow(j.stride, n_workers, &all))
        OQ_OP_FAIL(ctx, OQ_LIMIT, "%zu queries and %zu keys of %zu are too many", a->n_queries, a->n_keys,
                   a->size);
    j.memory = oq_scratch(ctx, all);
    if (!j.memory)
        return oq_run_failure(ctx);
    if (n && a->n_queries)
        oq_pool_run(ctx->pool, n, attend, &j);
    return OQ_OK;
}
