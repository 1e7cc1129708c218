/* Activations of com.microsoft that optimized exports contain: Gelu, BiasGelu, FastGelu, QuickGelu. */
#include <inttypes.h>
#include <math.h>

#include "kernel/kernel.h"
#include "op/families.h"
#include "op/floats.h"

enum { CHUNK = 1 << 12 }; /* elements of a task */

typedef void activate_fn(const oq_math_f32 *math, float alpha, const float *x, float *y, size_t n);

typedef struct job {
    const oq_math_f32 *math;
    activate_fn *activate;
    const float *x, *bias; /* bias: one row of n_bias, or NULL */
    size_t n, n_bias, rows_per_task;
    float alpha;
    float *y;
} job;

static void gelu(const oq_math_f32 *math, float alpha, const float *x, float *y, size_t n)
{
    (void)alpha;
    math->unary[OQ_GELU](x, y, n);
}

/* 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))); y does not overlap x. */
static void fast_gelu(const oq_math_f32 *math, float alpha, const float *x, float *y, size_t n)
{
    const float a = 0.7978845608028654f, b = 0.035677408136300125f; /* sqrt(2 / pi), 0.044715 of it */

    (void)alpha;
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * (a + b * x[i] * x[i]);
    math->unary[OQ_TANH](y, y, n);
    for (size_t i = 0; i < n; i++)
        y[i] = 0.5f * x[i] * (1 + y[i]);
}

/* x sigmoid(alpha x) */
static void quick_gelu(const oq_math_f32 *math, float alpha, const float *x, float *y, size_t n)
{
    math->binary_scalar[OQ_MUL](x, alpha, y, n);
    math->unary[OQ_SIGMOID](y, y, n);
    math->binary[OQ_MUL](x, y, y, n);
}

static void run_task(void *arg, size_t task, int worker)
{
    const job *j = arg;
    float sum[256];
    size_t first = task * CHUNK, end = first + CHUNK < j->n ? first + CHUNK : j->n;

    (void)worker;
    if (!j->bias) {
        j->activate(j->math, j->alpha, j->x + first, j->y + first, end - first);
        return;
    }
    for (size_t i = first; i < end;) {
        size_t n = end - i < 256 ? end - i : 256;

        for (size_t k = 0; k < n; k++)
            sum[k] = j->x[i + k] + j->bias[(i + k) % j->n_bias];
        j->activate(j->math, j->alpha, sum, j->y + i, n);
        i += n;
    }
}

static oq_status run(oq_run *ctx, activate_fn *activate)
{
    const oq_array *in = ctx->in[0], *bias = oq_in(ctx, 1);
    job j = {.math = oq_kernels_best()->math, .activate = activate, .n = in->n};

    if (bias && (bias->rank != 1 || in->rank < 1 || bias->dims[0] != in->dims[in->rank - 1]))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its bias of %zu does not fit the last dimension of its input", bias->n);
    j.alpha = oq_node_float(ctx->node, "alpha", 1.702f);
    j.x = oq_floats_in(ctx, 0);
    j.bias = j.x && bias ? oq_floats_in(ctx, 1) : NULL;
    j.n_bias = bias ? bias->n : 0;
    if (!j.x || (bias && !j.bias))
        return oq_run_failure(ctx);
    j.y = oq_floats_out(ctx, 0, in->dtype, in->dims, in->rank);
    if (!j.y)
        return oq_run_failure(ctx);
    oq_pool_run(ctx->pool, (j.n + CHUNK - 1) / CHUNK, run_task, &j);
    oq_floats_done(ctx, 0, j.y);
    return OQ_OK;
}

static oq_status run_gelu(oq_run *ctx)
{
    return run(ctx, gelu);
}

static oq_status run_fast_gelu(oq_run *ctx)
{
    return run(ctx, fast_gelu);
}

static oq_status run_quick_gelu(oq_run *ctx)
{
    return run(ctx, quick_gelu);
}

#define CONTRIB(op, least, most, run_fn)                                                                  \
    {                                                                                                     \
        .name = op, .domain = "com.microsoft", .since = 1, .min_in = least, .max_in = most, .min_out = 1, \
        .max_out = 1, .types = OQ_T_FLOATS, .run = run_fn, .rule = OQ_RULE_ELEMENTWISE, .weight = -1,     \
        .bias = -1                                                                                        \
    }

const oq_op oq_ops_contrib_activation[] = {
    CONTRIB("BiasGelu", 2, 2, run_gelu),
    CONTRIB("FastGelu", 1, 2, run_fast_gelu),
    CONTRIB("Gelu", 1, 1, run_gelu),
    CONTRIB("QuickGelu", 1, 1, run_quick_gelu),
    {0},
};
