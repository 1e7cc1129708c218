/* Normalizations of ONNX Runtime: SkipLayerNormalization, SkipSimplifiedLayerNormalization,
 * EmbedLayerNormalization of com.microsoft, and SimplifiedLayerNormalization, which it keeps in ai.onnx.
 *
 *     s = x + skip + bias       y = (s - mean) / sqrt(variance + epsilon) * gamma + beta      over the last
 * axis simplified: no mean       y = s / sqrt(mean of s^2 + epsilon) * gamma
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "kernel/kernel.h"
#include "op/families.h"
#include "op/floats.h"

typedef struct job {
    const oq_kernels *kernels;
    const float *x, *skip, *bias, *gamma, *beta; /* skip, bias, beta may be NULL */
    size_t n, skip_rows;                         /* of a row; rows of skip, which repeats */
    float epsilon;
    bool is_simplified;
    float *y, *sum; /* sum: x + skip + bias, may be y */
} job;

static void run_row(void *arg, size_t row, int worker)
{
    const job *j = arg;
    const oq_math_f32 *math = j->kernels->math;
    float *sum = j->sum + row * j->n, *y = j->y + row * j->n;
    const float *x = j->x + row * j->n;

    (void)worker;
    if (j->skip) {
        math->binary[OQ_ADD](x, j->skip + row % j->skip_rows * j->n, sum, j->n);
        x = sum;
    }
    if (j->bias) {
        math->binary[OQ_ADD](x, j->bias, sum, j->n);
        x = sum;
    }
    if (!j->is_simplified) {
        j->kernels->reduce->layer_norm(x, j->gamma, j->beta, j->epsilon, y, j->n, NULL, NULL);
        return;
    }
    float inverse =
        1 / sqrtf(j->kernels->reduce->row[OQ_REDUCE_SUM_SQUARES](x, j->n) / (float)j->n + j->epsilon);
    math->binary_scalar[OQ_MUL](x, inverse, y, j->n);
    math->binary[OQ_MUL](y, j->gamma, y, j->n);
}

/* An optional input of one row, or of that many rows; false: status is set. */
static oq_status read_input(oq_run *ctx, int i, size_t n, const float **out)
{
    const oq_array *in = i < 0 ? NULL : oq_in(ctx, i);

    *out = NULL;
    if (!in)
        return OQ_OK;
    if (in->n == 0 || n == 0 || in->n % n || in->dims[in->rank - 1] != (int64_t)n)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d of %zu elements does not fit rows of %zu", i, in->n, n);
    *out = oq_floats_in(ctx, i);
    return *out ? OQ_OK : oq_run_failure(ctx);
}

static bool is_wanted(const oq_run *ctx, int i)
{
    return i >= 0 && i < ctx->n_out && ctx->wanted[i];
}

/* Inputs by place, -1: the operator has none. */
typedef struct places {
    int skip, gamma, beta, bias, sum_output;
    bool is_simplified;
    float epsilon;
} places;

static oq_status normalize(oq_run *ctx, const places *p)
{
    const oq_array *in = ctx->in[0];
    job j = {.kernels = oq_kernels_best(), .is_simplified = p->is_simplified};
    size_t n_rows;

    if (in->rank < 1)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "a scalar has no rows");
    j.n = (size_t)in->dims[in->rank - 1];
    n_rows = j.n ? in->n / j.n : 0;
    j.epsilon = oq_node_float(ctx->node, "epsilon", p->epsilon);
    j.x = oq_floats_in(ctx, 0);
    if (!j.x)
        return oq_run_failure(ctx);
    OQ_TRY(read_input(ctx, p->skip, j.n, &j.skip));
    OQ_TRY(read_input(ctx, p->gamma, j.n, &j.gamma));
    OQ_TRY(read_input(ctx, p->beta, j.n, &j.beta));
    OQ_TRY(read_input(ctx, p->bias, j.n, &j.bias));
    j.skip_rows = j.skip ? ctx->in[p->skip]->n / j.n : 1;
    if (n_rows % j.skip_rows)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu rows to add do not fit %zu rows", j.skip_rows, n_rows);
    j.y = oq_floats_out(ctx, 0, in->dtype, in->dims, in->rank);
    if (!j.y)
        return oq_run_failure(ctx);
    j.sum = is_wanted(ctx, p->sum_output) ? oq_floats_out(ctx, p->sum_output, in->dtype, in->dims, in->rank)
                                          : j.y;
    if (!j.sum)
        return oq_run_failure(ctx);
    oq_pool_run(ctx->pool, n_rows, run_row, &j);
    oq_floats_done(ctx, 0, j.y);
    if (j.sum != j.y)
        oq_floats_done(ctx, p->sum_output, j.sum);
    return OQ_OK;
}

static oq_status refuse_statistics(oq_prepare *ctx)
{
    const oq_node *node = ctx->node;

    for (int i = 1; i < node->n_outputs && i < 3; i++) {
        if (node->outputs[i])
            OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "its output %d (for training) is not computed here", i);
    }
    return OQ_OK;
}

static oq_status run_skip(oq_run *ctx)
{
    return normalize(ctx, &(places){1, 2, 3, 4, 3, false, 1e-12f});
}

static oq_status run_skip_simplified(oq_run *ctx)
{
    return normalize(ctx, &(places){1, 2, -1, 3, 3, true, 1e-12f});
}

static oq_status run_simplified(oq_run *ctx)
{
    int64_t axis = oq_node_int(ctx->node, "axis", -1);

    if (axis != -1 && axis != ctx->in[0]->rank - 1)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "axis %" PRId64 " is not the last one", axis);
    return normalize(ctx, &(places){-1, 1, -1, -1, -1, true, 1e-5f});
}

static oq_status infer_skip(oq_infer *ctx)
{
    ctx->out[0] = ctx->in[0];
    for (int i = 1; i < ctx->n_out && i < 3; i++)
        ctx->out[i].dtype = OQ_FLOAT;
    if (ctx->n_out > 3)
        ctx->out[3] = ctx->in[0];
    return OQ_OK;
}

/* ------------------------------------------------------------------ EmbedLayerNormalization */

/* Row `id` of table input i added to y. */
static oq_status add_row(oq_run *ctx, int i, const float *table, int64_t id, size_t n, float *y)
{
    const oq_array *in = ctx->in[i];

    if (id < 0 || id >= in->dims[0])
        OQ_OP_FAIL(ctx, OQ_SHAPE, "row %" PRId64 " of input %d is asked for, it has %" PRId64, id, i,
                   in->dims[0]);
    for (size_t k = 0; k < n; k++)
        y[k] += table[(size_t)id * n + k];
    return OQ_OK;
}

/* Tables and ids of word (2, 0), position (3, 8) and segment (4, 1). */
static oq_status embed(oq_run *ctx, size_t n, float *y)
{
    static const int tables[] = {2, 3, 4}, ids[] = {0, 8, 1};
    size_t length = (size_t)ctx->in[0]->dims[1], n_tokens = ctx->in[0]->n;

    memset(y, 0, n_tokens * n * sizeof *y);
    for (int k = 0; k < 3; k++) {
        const oq_array *table = oq_in(ctx, tables[k]), *id = oq_in(ctx, ids[k]);
        const float *rows;

        if (!table)
            continue;
        if (table->rank != 2 || (size_t)table->dims[1] != n || (id && (id->n == 0 || n_tokens % id->n)))
            OQ_OP_FAIL(ctx, OQ_SHAPE, "table %d does not fit rows of %zu", tables[k], n);
        rows = oq_floats_in(ctx, tables[k]);
        if (!rows)
            return oq_run_failure(ctx);
        for (size_t t = 0; t < n_tokens; t++) {
            int64_t row = id ? oq_array_int(id, t % id->n) : k == 1 ? (int64_t)(t % length) : 0;

            OQ_TRY(add_row(ctx, tables[k], rows, row, n, y + t * n));
        }
    }
    return OQ_OK;
}

/* Output 1: how many tokens of each sample the mask keeps; 0 without a mask. */
static oq_status count_mask(oq_run *ctx)
{
    const oq_array *ids = ctx->in[0], *mask = oq_in(ctx, 7);
    int32_t *out = oq_out(ctx, 1, OQ_INT32, ids->dims, 1);

    if (!out)
        return oq_run_failure(ctx);
    memset(out, 0, (size_t)ids->dims[0] * sizeof *out);
    if (mask && mask->n != ids->n)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its mask has %zu elements, there are %zu tokens", mask->n, ids->n);
    for (size_t i = 0; mask && i < mask->n; i++)
        out[i / (size_t)ids->dims[1]] += oq_array_int(mask, i) == 1;
    return OQ_OK;
}

static oq_status run_embed(oq_run *ctx)
{
    const oq_array *ids = ctx->in[0], *table = oq_in(ctx, 2);
    size_t n = table && table->rank == 2 ? (size_t)table->dims[1] : 0;
    job j = {.kernels = oq_kernels_best(), .n = n};
    int64_t dims[3];

    if (ids->rank != 2 || n == 0 || !oq_in(ctx, 5) || !oq_in(ctx, 6))
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "its ids must be [batch, length], its tables [rows, size], with gamma and beta");
    memcpy(dims, (int64_t[]){ids->dims[0], ids->dims[1], (int64_t)n}, sizeof dims);
    OQ_TRY(read_input(ctx, 5, n, &j.gamma));
    OQ_TRY(read_input(ctx, 6, n, &j.beta));
    j.epsilon = oq_node_float(ctx->node, "epsilon", 1e-12f);
    j.y = oq_floats_out(ctx, 0, table->dtype, dims, 3);
    j.sum = j.y && is_wanted(ctx, 2) ? oq_floats_out(ctx, 2, table->dtype, dims, 3) : j.y;
    if (!j.sum)
        return oq_run_failure(ctx);
    j.x = j.sum;
    OQ_TRY(embed(ctx, n, j.sum));
    oq_pool_run(ctx->pool, ids->n, run_row, &j);
    oq_floats_done(ctx, 0, j.y);
    if (j.sum != j.y)
        oq_floats_done(ctx, 2, j.sum);
    return is_wanted(ctx, 1) ? count_mask(ctx) : OQ_OK;
}

static oq_status infer_embed(oq_infer *ctx)
{
    const oq_shape *ids = &ctx->in[0].shape, *table = ctx->n_in > 2 ? &ctx->in[2].shape : NULL;

    if (!table)
        return OQ_OK;

    ctx->out[0].dtype = ctx->in[2].dtype;
    if (ids->rank == 2 && table->rank == 2)
        ctx->out[0].shape = (oq_shape){3, {ids->dims[0], ids->dims[1], table->dims[1]}};
    if (ctx->n_out > 1)
        ctx->out[1] = (oq_type){OQ_INT32, {1, {ids->rank == 2 ? ids->dims[0] : oq_dim_unknown()}}};
    if (ctx->n_out > 2)
        ctx->out[2] = ctx->out[0];
    return OQ_OK;
}

#define NORM(op, where, opset, least, most, outs, mask, infer_fn, run_fn)                               \
    {                                                                                                   \
        .name = op, .domain = where, .since = opset, .min_in = least, .max_in = most, .min_out = 1,     \
        .max_out = outs, .types = mask, .infer = infer_fn, .prepare = refuse_statistics, .run = run_fn, \
        .weight = -1, .bias = -1                                                                        \
    }

const oq_op oq_ops_contrib_norm[] = {
    NORM("SimplifiedLayerNormalization", "", 1, 2, 2, 2, OQ_T_FLOATS, infer_skip, run_simplified),
    {.name = "EmbedLayerNormalization",
     .domain = "com.microsoft",
     .since = 1,
     .min_in = 1, /* segments may be left out */
     .max_in = 9,
     .min_out = 1,
     .max_out = 3,
     .types = OQ_T(OQ_INT32),
     .infer = infer_embed,
     .run = run_embed,
     .weight = -1,
     .bias = -1},
    NORM("SkipLayerNormalization", "com.microsoft", 1, 3, 5, 4, OQ_T_FLOATS, infer_skip, run_skip),
    NORM("SkipSimplifiedLayerNormalization", "com.microsoft", 1, 3, 4, 4, OQ_T_FLOATS, infer_skip,
         run_skip_simplified),
    {0},
};
