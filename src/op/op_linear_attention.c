/* LinearAttention and CausalConvWithState: sequences walked with a state of fixed size, as linear
 * transformers and state space models do. For each head, token by token, S a matrix of key size x value size:
 *
 *     S *= exp(decay)                         gated, gated_delta: per row, or one number
 *     v  = beta * (v - S' k)                  delta, gated_delta
 *     S += k v'        output = scale * S' q  q of each query head that shares this key head
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "kernel/kernel.h"
#include "op/families.h"
#include "op/floats.h"

typedef struct walk {
    size_t length, q_heads, kv_heads, k_size, v_size;
    const float *q, *k, *v, *decay, *beta; /* [batch, length, ...]; decay, beta: NULL: none */
    size_t n_decay, n_beta;                /* numbers per token */
    float scale;
    float *state;  /* [batch, kv_heads, k_size, v_size], starts as the past */
    float *change; /* v_size per batch and head */
    float *y;
} walk;

static void decay_state(const walk *w, size_t token, size_t head, float *state)
{
    bool is_per_row = w->n_decay != w->kv_heads;

    for (size_t d = 0; d < w->k_size; d++) {
        float g = w->decay[token * w->n_decay + (is_per_row ? head * w->k_size + d : head)], factor = expf(g);

        for (size_t m = 0; m < w->v_size; m++)
            state[d * w->v_size + m] *= factor;
    }
}

/* What is written: v, or what the state does not know of it yet. */
static void make_change(const walk *w, size_t token, size_t head, const float *state, float *change)
{
    const float *k = w->k + (token * w->kv_heads + head) * w->k_size;
    float beta;

    memcpy(change, w->v + (token * w->kv_heads + head) * w->v_size, w->v_size * sizeof *change);
    if (!w->beta)
        return;
    beta = w->beta[token * w->n_beta + (w->n_beta == 1 ? 0 : head)];
    for (size_t m = 0; m < w->v_size; m++) {
        float known = 0;

        for (size_t d = 0; d < w->k_size; d++)
            known += state[d * w->v_size + m] * k[d];
        change[m] = beta * (change[m] - known);
    }
}

static void read_state(const walk *w, size_t token, size_t q_head, const float *state)
{
    const float *q = w->q + (token * w->q_heads + q_head) * w->k_size;
    float *y = w->y + (token * w->q_heads + q_head) * w->v_size;

    for (size_t m = 0; m < w->v_size; m++) {
        float sum = 0;

        for (size_t d = 0; d < w->k_size; d++)
            sum += q[d] * state[d * w->v_size + m];
        y[m] = w->scale * sum;
    }
}

static void walk_head(void *arg, size_t task, int worker)
{
    const walk *w = arg;
    size_t batch = task / w->kv_heads, head = task % w->kv_heads, group = w->q_heads / w->kv_heads;
    float *state = w->state + task * w->k_size * w->v_size, *change = w->change + task * w->v_size;

    (void)worker;
    for (size_t t = 0; t < w->length; t++) {
        size_t token = batch * w->length + t;
        const float *k = w->k + (token * w->kv_heads + head) * w->k_size;

        if (w->decay)
            decay_state(w, token, head, state);
        make_change(w, token, head, state, change);
        for (size_t d = 0; d < w->k_size; d++) {
            for (size_t m = 0; m < w->v_size; m++)
                state[d * w->v_size + m] += k[d] * change[m];
        }
        for (size_t g = 0; g < group; g++)
            read_state(w, token, head * group + g, state);
    }
}

/* The gates that the rule asks for must be there, with a number per token, head or key element. */
static oq_status read_gates(oq_run *ctx, walk *w, size_t n_tokens)
{
    const char *rule = oq_node_string(ctx->node, "update_rule", "gated_delta");
    bool is_gated = strncmp(rule, "gated", 5) == 0, is_delta = strstr(rule, "delta") != NULL;
    const oq_array *decay = oq_in(ctx, 4), *beta = oq_in(ctx, 5);

    if (!is_gated && !is_delta && strcmp(rule, "linear") != 0)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "update_rule '%s' is not known here", rule);
    if ((is_gated != (decay != NULL)) || (is_delta != (beta != NULL)))
        OQ_OP_FAIL(ctx, OQ_FORMAT, "update_rule '%s' does not go with the gates it has", rule);
    w->n_decay = decay && decay->rank == 3 ? (size_t)decay->dims[2] : 0;
    w->n_beta = beta && beta->rank == 3 ? (size_t)beta->dims[2] : 0;
    if ((decay && (decay->n != n_tokens * w->n_decay ||
                   (w->n_decay != w->kv_heads && w->n_decay != w->kv_heads * w->k_size))) ||
        (beta && (beta->n != n_tokens * w->n_beta || (w->n_beta != 1 && w->n_beta != w->kv_heads))))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "decay or beta does not fit %zu tokens and %zu heads", n_tokens,
                   w->kv_heads);
    w->decay = decay ? oq_floats_in(ctx, 4) : NULL;
    w->beta = beta ? oq_floats_in(ctx, 5) : NULL;
    return (decay && !w->decay) || (beta && !w->beta) ? oq_run_failure(ctx) : OQ_OK;
}

static oq_status read_sizes(oq_run *ctx, walk *w)
{
    int64_t q_heads = oq_node_int(ctx->node, "q_num_heads", 0),
            kv_heads = oq_node_int(ctx->node, "kv_num_heads", 0);
    const oq_array *q = ctx->in[0], *k = ctx->in[1], *v = ctx->in[2];
    bool fits =
        q->rank == 3 && k->rank == 3 && v->rank == 3 && q->n && k->n && v->n && q_heads > 0 && kv_heads > 0;

    for (int d = 0; fits && d < 2; d++)
        fits = q->dims[d] == k->dims[d] && q->dims[d] == v->dims[d];
    fits = fits && q_heads % kv_heads == 0 && q->dims[2] % q_heads == 0 && v->dims[2] % kv_heads == 0 &&
           k->dims[2] % kv_heads == 0 && q->dims[2] / q_heads == k->dims[2] / kv_heads;
    if (!fits)
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "query, key and value must be [batch, length, heads * size], none empty, with %" PRId64
                   " and %" PRId64 " heads",
                   q_heads, kv_heads);
    *w = (walk){.length = (size_t)q->dims[1],
                .q_heads = (size_t)q_heads,
                .kv_heads = (size_t)kv_heads,
                .k_size = (size_t)(q->dims[2] / q_heads),
                .v_size = (size_t)(v->dims[2] / kv_heads)};
    w->scale = oq_node_float(ctx->node, "scale", 0);
    if (w->scale == 0)
        w->scale = 1 / sqrtf((float)w->k_size);
    return OQ_OK;
}

/* The state as output 1, or scratch when nobody wants it; it starts as the past, or zero. */
static oq_status start_state(oq_run *ctx, walk *w, size_t batch)
{
    const oq_array *past = oq_in(ctx, 3);
    int64_t dims[4] = {(int64_t)batch, (int64_t)w->kv_heads, (int64_t)w->k_size, (int64_t)w->v_size};
    size_t n = batch * w->kv_heads * w->k_size * w->v_size;
    const float *from;

    if (past && past->n != n)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its past state has %zu elements, not %zu", past->n, n);
    w->state = ctx->n_out > 1 && ctx->wanted[1]
                   ? oq_floats_out(ctx, 1, past ? past->dtype : ctx->in[0]->dtype, dims, 4)
                   : oq_scratch(ctx, n * sizeof *w->state);
    w->change = w->state ? oq_scratch(ctx, batch * w->kv_heads * w->v_size * sizeof *w->change) : NULL;
    from = w->change && past ? oq_floats_in(ctx, 3) : NULL;
    if (!w->change || (past && !from))
        return oq_run_failure(ctx);
    if (from)
        memcpy(w->state, from, n * sizeof *w->state);
    else
        memset(w->state, 0, n * sizeof *w->state);
    return OQ_OK;
}

static oq_status run_linear(oq_run *ctx)
{
    size_t batch = (size_t)ctx->in[0]->dims[0];
    walk w;

    OQ_TRY(read_sizes(ctx, &w));
    OQ_TRY(read_gates(ctx, &w, batch * w.length));
    OQ_TRY(start_state(ctx, &w, batch));
    w.q = oq_floats_in(ctx, 0);
    w.k = w.q ? oq_floats_in(ctx, 1) : NULL;
    w.v = w.k ? oq_floats_in(ctx, 2) : NULL;
    w.y = w.v ? oq_floats_out(ctx, 0, ctx->in[0]->dtype,
                              (int64_t[]){(int64_t)batch, (int64_t)w.length, (int64_t)(w.q_heads * w.v_size)},
                              3)
              : NULL;
    if (!w.y)
        return oq_run_failure(ctx);
    oq_pool_run(ctx->pool, batch * w.kv_heads, walk_head, &w);
    oq_floats_done(ctx, 0, w.y);
    if (ctx->n_out > 1 && ctx->wanted[1])
        oq_floats_done(ctx, 1, w.state);
    return OQ_OK;
}

static oq_status infer_linear(oq_infer *ctx)
{
    int64_t q_heads = oq_node_int(ctx->node, "q_num_heads", 0),
            kv_heads = oq_node_int(ctx->node, "kv_num_heads", 0);
    const oq_shape *q = &ctx->in[0].shape, *v = &ctx->in[2].shape;
    oq_dim v_size = oq_dim_unknown(), width = oq_dim_unknown(), k_size = oq_dim_unknown();
    int64_t product;

    ctx->out[0].dtype = ctx->in[0].dtype;
    if (q->rank != 3 || q_heads < 1 || kv_heads < 1)
        return OQ_OK;
    if (v->rank == 3 && v->dims[2].size >= 0)
        v_size = oq_dim_of(v->dims[2].size / kv_heads);
    if (v_size.size >= 0 && !__builtin_mul_overflow(v_size.size, q_heads, &product))
        width = oq_dim_of(product);
    if (q->dims[2].size >= 0)
        k_size = oq_dim_of(q->dims[2].size / q_heads);
    ctx->out[0].shape = (oq_shape){3, {q->dims[0], q->dims[1], width}};
    if (ctx->n_out > 1)
        ctx->out[1] = (oq_type){ctx->n_in > 3 && ctx->in[3].dtype ? ctx->in[3].dtype : ctx->in[0].dtype,
                                {4, {q->dims[0], oq_dim_of(kv_heads), k_size, v_size}}};
    return OQ_OK;
}

/* ------------------------------------------------------------------ CausalConvWithState */

typedef struct causal {
    size_t channels, length, k; /* k: of the kernel */
    const float *x, *weight, *bias, *past;
    bool has_swish;
    float *y, *state; /* state: k - 1 numbers per channel, or NULL */
} causal;

/* Number i of the row with its past in front: i from 0 to length + k - 2. */
static float padded(const causal *c, size_t row, size_t i)
{
    if (i + 1 >= c->k)
        return c->x[row * c->length + i + 1 - c->k];
    return c->past ? c->past[row * (c->k - 1) + i] : 0;
}

static void convolve_row(void *arg, size_t row, int worker)
{
    const causal *c = arg;
    size_t channel = row % c->channels;
    const float *w = c->weight + channel * c->k;

    (void)worker;
    for (size_t t = 0; t < c->length; t++) {
        float sum = c->bias ? c->bias[channel] : 0;

        for (size_t i = 0; i < c->k; i++)
            sum = fmaf(padded(c, row, t + i), w[i], sum);
        c->y[row * c->length + t] = c->has_swish ? sum / (1 + expf(-sum)) : sum;
    }
    for (size_t i = 0; c->state && i + 1 < c->k; i++)
        c->state[row * (c->k - 1) + i] = padded(c, row, c->length + i);
}

static oq_status read_causal(oq_run *ctx, causal *c)
{
    const oq_array *x = ctx->in[0], *w = ctx->in[1], *bias = oq_in(ctx, 2), *past = oq_in(ctx, 3);
    const char *name = oq_node_string(ctx->node, "activation", "none");
    bool fits = x->rank == 3 && w->rank == 3 && w->dims[0] == x->dims[1] && w->dims[1] == 1 &&
                w->dims[2] >= 1 && (!bias || bias->n == (size_t)x->dims[1]) &&
                (!past || (past->rank == 3 && past->dims[0] == x->dims[0] && past->dims[1] == x->dims[1] &&
                           past->dims[2] == w->dims[2] - 1));

    if (!fits)
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "needs [batch, channels, length], a weight [channels, 1, k], and a past of k - 1");
    *c = (causal){.channels = (size_t)x->dims[1], .length = (size_t)x->dims[2], .k = (size_t)w->dims[2]};
    c->has_swish = strcmp(name, "silu") == 0 || strcmp(name, "swish") == 0;
    if (!c->has_swish && strcmp(name, "none") != 0)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "activation '%s' is not known here", name);
    c->x = oq_floats_in(ctx, 0);
    c->weight = c->x ? oq_floats_in(ctx, 1) : NULL;
    c->bias = c->weight && bias ? oq_floats_in(ctx, 2) : NULL;
    c->past = c->weight && past ? oq_floats_in(ctx, 3) : NULL;
    return !c->weight || (bias && !c->bias) || (past && !c->past) ? oq_run_failure(ctx) : OQ_OK;
}

static oq_status run_causal(oq_run *ctx)
{
    const oq_array *x = ctx->in[0];
    causal c;

    OQ_TRY(read_causal(ctx, &c));
    c.y = oq_floats_out(ctx, 0, x->dtype, x->dims, 3);
    if (!c.y)
        return oq_run_failure(ctx);
    if (ctx->n_out > 1 && ctx->wanted[1]) {
        c.state = oq_floats_out(ctx, 1, x->dtype, (int64_t[]){x->dims[0], x->dims[1], (int64_t)c.k - 1}, 3);
        if (!c.state)
            return oq_run_failure(ctx);
    }
    oq_pool_run(ctx->pool, (size_t)x->dims[0] * c.channels, convolve_row, &c);
    oq_floats_done(ctx, 0, c.y);
    if (c.state)
        oq_floats_done(ctx, 1, c.state);
    return OQ_OK;
}

static oq_status infer_causal(oq_infer *ctx)
{
    const oq_shape *x = &ctx->in[0].shape, *w = &ctx->in[1].shape;

    ctx->out[0] = ctx->in[0];
    if (ctx->n_out < 2)
        return OQ_OK;
    ctx->out[1].dtype = ctx->in[0].dtype;
    if (x->rank == 3 && w->rank == 3 && w->dims[2].size > 0)
        ctx->out[1].shape = (oq_shape){3, {x->dims[0], x->dims[1], oq_dim_of(w->dims[2].size - 1)}};
    return OQ_OK;
}

#define STATEFUL(op, least, most, infer_fn, run_fn)                                                         \
    {                                                                                                       \
        .name = op, .domain = "", .since = 27, .min_in = least, .max_in = most, .min_out = 1, .max_out = 2, \
        .types = OQ_T_FLOATS, .infer = infer_fn, .run = run_fn, .weight = -1, .bias = -1                    \
    }

const oq_op oq_ops_linear_attention[] = {
    STATEFUL("CausalConvWithState", 2, 4, infer_causal, run_causal),
    STATEFUL("LinearAttention", 3, 6, infer_linear, run_linear),
    {0},
};
