/* Normalizations by norms: LRN, LpNormalization, MeanVarianceNormalization.
 *
 *     LRN    y[c] = x[c] / (bias + alpha / size * sum of x[i]^2 over `size` channels around c) ^ beta
 *     Lp     y = x / norm of the line along `axis`; a line of zeros stays zero
 *     MVN    y = (x - mean) / (standard deviation + 1e-9) over `axes`
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "op/families.h"
#include "op/floats.h"
#include "op/powers.h"

static float *output_like_input(oq_run *ctx)
{
    return oq_floats_out(ctx, 0, ctx->in[0]->dtype, ctx->in[0]->dims, ctx->in[0]->rank);
}

/* ------------------------------------------------------------------ LRN */

typedef struct {
    float alpha, beta, bias;
    int64_t size;
} lrn_state;

static oq_status prepare_lrn(oq_prepare *ctx)
{
    lrn_state *state = OQ_NEW(ctx->arena, lrn_state);

    if (!state)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    ctx->state = state;
    state->alpha = oq_node_float(ctx->node, "alpha", 1e-4f);
    state->beta = oq_node_float(ctx->node, "beta", 0.75f);
    state->bias = oq_node_float(ctx->node, "bias", 1);
    state->size = oq_node_int(ctx->node, "size", 0);
    if (state->size < 1)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "size is %" PRId64 ", it must be at least 1", state->size);
    return OQ_OK;
}

/* One channel of one image: x points at the image. */
static void lrn_channel(const lrn_state *s, const float *x, int64_t channels, size_t n, int64_t c, float *y)
{
    int64_t first = c - (s->size - 1) / 2, last = c + s->size / 2;

    first = first < 0 ? 0 : first;
    last = last >= channels ? channels - 1 : last;
    memset(y, 0, n * sizeof *y);
    for (int64_t k = first; k <= last; k++)
        for (size_t i = 0; i < n; i++)
            y[i] += x[(size_t)k * n + i] * x[(size_t)k * n + i];
    for (size_t i = 0; i < n; i++)
        y[i] = x[(size_t)c * n + i] / powf(s->bias + s->alpha / (float)s->size * y[i], s->beta);
}

static oq_status run_lrn(oq_run *ctx)
{
    const lrn_state *state = ctx->state;
    const oq_array *in = ctx->in[0];
    const float *x;
    float *y;
    size_t n;

    if (in->rank < 2)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "an input of rank %d has no channels", in->rank);
    n = oq_dims_product(in->dims, 2, in->rank);
    x = oq_floats_in(ctx, 0);
    y = x ? output_like_input(ctx) : NULL;
    if (!y)
        return ctx->status;
    for (int64_t b = 0; b < in->dims[0]; b++)
        for (int64_t c = 0; c < in->dims[1]; c++)
            lrn_channel(state, x + (size_t)(b * in->dims[1]) * n, in->dims[1], n, c,
                        y + (size_t)(b * in->dims[1] + c) * n);
    oq_floats_done(ctx, 0, y);
    return OQ_OK;
}

/* ------------------------------------------------------------------ LpNormalization */

static void normalize_line(const float *x, float *y, size_t n, size_t step, int64_t p)
{
    float sum = 0, norm;

    for (size_t i = 0; i < n; i++)
        sum += oq_abs_power(x[i * step], p);
    norm = oq_power_root(sum, p);
    for (size_t i = 0; i < n; i++)
        y[i * step] = norm == 0 ? 0 : x[i * step] / norm;
}

static oq_status run_lp(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    int64_t given = oq_node_int(ctx->node, "axis", -1), p = oq_node_int(ctx->node, "p", 2);
    size_t inner, n;
    const float *x;
    float *y;
    int axis;

    if (!oq_axis_normalize(given, in->rank, &axis))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside an input of rank %d", given, in->rank);
    if (p != 1 && p != 2)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "p is %" PRId64 ", it must be 1 or 2", p);
    n = (size_t)in->dims[axis];
    inner = oq_dims_product(in->dims, axis + 1, in->rank);
    x = oq_floats_in(ctx, 0);
    y = x ? output_like_input(ctx) : NULL;
    if (!y)
        return ctx->status;
    for (size_t line = 0; in->n && line < in->n / n; line++) {
        size_t at = line / inner * n * inner + line % inner;

        normalize_line(x + at, y + at, n, inner, p);
    }
    oq_floats_done(ctx, 0, y);
    return OQ_OK;
}

/* ------------------------------------------------------------------ MeanVarianceNormalization */

/* Steps through the statistics of each axis: 0 for the axes that are normalized together. */
static oq_status statistics_steps(oq_run *ctx, size_t *steps, size_t *count)
{
    static const int64_t usual[] = {0, 2, 3};
    const oq_array *in = ctx->in[0];
    size_t n, product = 1;
    const int64_t *axes = oq_node_ints(ctx->node, "axes", &n);
    bool is_normalized[OQ_MAX_RANK] = {false};

    if (!axes) {
        axes = usual;
        n = 3;
    }
    for (size_t i = 0; i < n; i++) {
        int axis;

        if (!oq_axis_normalize(axes[i], in->rank, &axis))
            OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside an input of rank %d", axes[i], in->rank);
        is_normalized[axis] = true;
    }
    for (int i = in->rank - 1; i >= 0; i--) {
        steps[i] = is_normalized[i] ? 0 : product;
        product *= is_normalized[i] ? 1 : (size_t)in->dims[i];
    }
    *count = product;
    return OQ_OK;
}

static size_t statistics_of(const oq_array *in, const size_t *steps, size_t element)
{
    size_t at = 0;

    for (int i = in->rank - 1; i >= 0; i--) {
        at += element % (size_t)in->dims[i] * steps[i];
        element /= (size_t)in->dims[i];
    }
    return at;
}

/* In double: one running sum for each group of elements. */
static void normalize(const oq_array *in, const float *x, float *y, const size_t *steps, size_t count,
                      double *mean, double *deviation)
{
    double n = (double)(in->n / count);

    for (size_t i = 0; i < count; i++)
        mean[i] = deviation[i] = 0;
    for (size_t i = 0; i < in->n; i++)
        mean[statistics_of(in, steps, i)] += (double)x[i];
    for (size_t i = 0; i < count; i++)
        mean[i] /= n;
    for (size_t i = 0; i < in->n; i++) {
        size_t at = statistics_of(in, steps, i);

        deviation[at] += ((double)x[i] - mean[at]) * ((double)x[i] - mean[at]);
    }
    for (size_t i = 0; i < count; i++)
        deviation[i] = sqrt(deviation[i] / n) + 1e-9;
    for (size_t i = 0; i < in->n; i++) {
        size_t at = statistics_of(in, steps, i);

        y[i] = (float)(((double)x[i] - mean[at]) / deviation[at]);
    }
}

static oq_status run_mean_variance(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    size_t steps[OQ_MAX_RANK], count = 0;
    double *mean, *deviation;
    const float *x;
    float *y;

    OQ_TRY(statistics_steps(ctx, steps, &count));
    x = oq_floats_in(ctx, 0);
    y = x ? output_like_input(ctx) : NULL;
    mean = y ? oq_scratch(ctx, count * sizeof *mean) : NULL;
    deviation = mean ? oq_scratch(ctx, count * sizeof *deviation) : NULL;
    if (!deviation)
        return ctx->status;
    if (in->n > 0)
        normalize(in, x, y, steps, count, mean, deviation);
    oq_floats_done(ctx, 0, y);
    return OQ_OK;
}

/* ------------------------------------------------------------------ rows */

#define NORM(op, opset, prepare_fn, run_fn)                                                             \
    {                                                                                                   \
        .name = op, .domain = "", .since = opset, .min_in = 1, .max_in = 1, .min_out = 1, .max_out = 1, \
        .types = OQ_T_FLOATS, .prepare = prepare_fn, .run = run_fn, .rule = OQ_RULE_NONE, .weight = -1, \
        .bias = -1                                                                                      \
    }

/* LRN and MeanVarianceNormalization: 13 added bfloat16; LpNormalization: 22 did. */
const oq_op oq_ops_lrn[] = {
    NORM("LRN", 1, prepare_lrn, run_lrn),
    NORM("LRN", 13, prepare_lrn, run_lrn),
    NORM("LpNormalization", 1, NULL, run_lp),
    NORM("LpNormalization", 22, NULL, run_lp),
    NORM("MeanVarianceNormalization", 9, NULL, run_mean_variance),
    NORM("MeanVarianceNormalization", 13, NULL, run_mean_variance),
    {0},
};
