/* op_loss: NegativeLogLikelihoodLoss, SoftmaxCrossEntropyLoss.
 *
 *     loss[n, d] = -weight[t] * x[n, t, d]     with the class t = target[n, d];   0 where t is ignore_index
 *     reduction mean: the sum of losses over the sum of their weights (1 each when there is no weight input,
 *     0 where ignored), sum, none
 *
 * Cross entropy takes x = log softmax of the scores along the classes (axis 1). Computed in double.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "op/families.h"
#include "op/floats.h"
#include "op/op_elems.h"

enum { X, TARGET, WEIGHT };

typedef enum { NONE, SUM, MEAN } reduction;

static bool read_reduction(const oq_node *node, reduction *out)
{
    const char *name = oq_node_string(node, "reduction", "mean");

    *out = strcmp(name, "mean") == 0 ? MEAN : strcmp(name, "sum") == 0 ? SUM : NONE;
    return *out != NONE || strcmp(name, "none") == 0;
}

static oq_status infer(oq_infer *ctx)
{
    const oq_shape *x = &ctx->in[X].shape;
    reduction reduces;

    if (!read_reduction(ctx->node, &reduces))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "reduction '%s'; mean, sum and none are known",
                   oq_node_string(ctx->node, "reduction", ""));
    if (x->rank == 0 || x->rank == 1)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input 0 has rank %d; a batch of classes is meant", x->rank);
    ctx->out[0] = (oq_type){ctx->in[X].dtype, oq_shape_scalar()};
    if (reduces == NONE)
        ctx->out[0].shape = ctx->in[TARGET].shape;
    if (ctx->n_out > 1)
        ctx->out[1] = ctx->in[X];
    return OQ_OK;
}

typedef struct {
    size_t batch, classes, inner; /* x is batch x classes x inner */
    const double *weight;         /* classes of them, or NULL: 1 each */
    bool has_ignored;
    int64_t ignored;
    double total, total_weight; /* so far */
} loss_sums;

static oq_status open_sums(oq_run *ctx, loss_sums *s)
{
    const oq_array *x = ctx->in[X], *target = ctx->in[TARGET], *weight = oq_in(ctx, WEIGHT);
    bool fits = x->rank >= 2 && target->rank == x->rank - 1;

    for (int i = 0; fits && i < target->rank; i++)
        fits = target->dims[i] == x->dims[i ? i + 1 : 0];
    if (!fits)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the target has not the shape of input 0 without its axis 1");
    *s = (loss_sums){.batch = (size_t)x->dims[0],
                     .classes = (size_t)x->dims[1],
                     .inner = oq_dims_product(x->dims, 2, x->rank),
                     .has_ignored = oq_node_attr(ctx->node, "ignore_index") != NULL,
                     .ignored = oq_node_int(ctx->node, "ignore_index", 0)};
    if (!weight)
        return OQ_OK;
    if (weight->n != s->classes)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu weights for %zu classes", weight->n, s->classes);
    s->weight = oq_doubles_in(ctx, WEIGHT);
    return s->weight ? OQ_OK : oq_run_failure(ctx);
}

/* Losses to out (NULL: only their sums). */
static oq_status add_losses(oq_run *ctx, loss_sums *s, const double *x, double *out)
{
    const oq_array *target = ctx->in[TARGET];

    for (size_t i = 0; i < target->n; i++) {
        int64_t t = oq_array_int(target, i);
        double weight = 0, loss = 0;

        if (!s->has_ignored || t != s->ignored) {
            if (t < 0 || (uint64_t)t >= s->classes)
                OQ_OP_FAIL(ctx, OQ_RANGE, "target %" PRId64 " is none of the %zu classes", t, s->classes);
            weight = s->weight ? s->weight[t] : 1.0;
            loss = -weight * x[(i / s->inner * s->classes + (size_t)t) * s->inner + i % s->inner];
        }
        s->total += loss;
        s->total_weight += weight;
        if (out)
            out[i] = loss;
    }
    return OQ_OK;
}

static oq_status give_loss(oq_run *ctx, loss_sums *s, const double *x)
{
    const oq_array *target = ctx->in[TARGET];
    reduction reduces;
    double *out;

    if (!read_reduction(ctx->node, &reduces))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "reduction '%s'; mean, sum and none are known",
                   oq_node_string(ctx->node, "reduction", ""));
    out = oq_doubles_out(ctx, 0, ctx->in[X]->dtype, target->dims, reduces == NONE ? target->rank : 0);
    if (!out)
        return oq_run_failure(ctx);
    OQ_TRY(add_losses(ctx, s, x, reduces == NONE ? out : NULL));
    if (reduces != NONE)
        out[0] = reduces == MEAN ? s->total / s->total_weight : s->total;
    oq_doubles_done(ctx, 0, out);
    return OQ_OK;
}

static oq_status run_likelihood(oq_run *ctx)
{
    loss_sums s = {0};
    const double *x;

    OQ_TRY(open_sums(ctx, &s));
    x = oq_doubles_in(ctx, X);
    return x ? give_loss(ctx, &s, x) : oq_run_failure(ctx);
}

/* x - max - log(sum of exp(x - max)) along the classes. */
static void log_softmax(const loss_sums *s, const double *x, double *y)
{
    for (size_t line = 0; line < s->batch * s->inner; line++) {
        size_t first = line / s->inner * s->classes * s->inner + line % s->inner;
        double most = -INFINITY, sum = 0;

        for (size_t c = 0; c < s->classes; c++)
            most = fmax(most, x[first + c * s->inner]);
        for (size_t c = 0; c < s->classes; c++)
            sum += exp(x[first + c * s->inner] - most);
        for (size_t c = 0; c < s->classes; c++)
            y[first + c * s->inner] = x[first + c * s->inner] - most - log(sum);
    }
}

static oq_status run_cross_entropy(oq_run *ctx)
{
    const oq_array *scores = ctx->in[X];
    bool gives_logs = ctx->n_out > 1 && ctx->wanted[1];
    loss_sums s = {0};
    const double *x;
    double *logs;

    OQ_TRY(open_sums(ctx, &s));
    x = oq_doubles_in(ctx, X);
    logs = gives_logs ? oq_doubles_out(ctx, 1, scores->dtype, scores->dims, scores->rank)
                      : oq_scratch(ctx, scores->n * sizeof *logs);
    if (!x || !logs)
        return oq_run_failure(ctx);
    log_softmax(&s, x, logs);
    if (gives_logs)
        oq_doubles_done(ctx, 1, logs);
    return give_loss(ctx, &s, logs);
}

#define ROW(op, outs, run_fn)                                                                               \
    {                                                                                                       \
        .name = op, .domain = "", .since = 12, .min_in = 2, .max_in = 3, .min_out = 1, .max_out = outs,     \
        .types = OQ_T_FLOATS, .infer = infer, .run = run_fn, .rule = OQ_RULE_NONE, .weight = -1, .bias = -1 \
    }

const oq_op oq_ops_loss[] = {
    ROW("NegativeLogLikelihoodLoss", 1, run_likelihood),
    ROW("SoftmaxCrossEntropyLoss", 2, run_cross_entropy),
    {.name = NULL},
};
