/* Attention and RotaryEmbedding of ai.onnx.
 *
 * Rank 4 is [batch, heads, length, size]; rank 3 is [batch, length, heads * size]. Keys and values of the
 * past stand in front of the new ones. Scores are softcapped, then biased, then the softmax is taken.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "op/attention.h"
#include "op/families.h"
#include "op/floats.h"

/* How one of q, k, v is cut into heads. */
typedef struct cut {
    size_t batch, heads, length, size;
    oq_heads at; /* data unset */
} cut;

static oq_status cut_input(oq_run *ctx, int i, const char *heads_attr, cut *out)
{
    const oq_array *in = ctx->in[i];
    int64_t heads = in->rank == 4 ? in->dims[1] : oq_node_int(ctx->node, heads_attr, 0);
    const int64_t *d = in->dims;

    if ((in->rank != 3 && in->rank != 4) || heads < 1 || (in->rank == 3 && (d[2] == 0 || d[2] % heads)))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d of rank %d cannot be cut into %" PRId64 " heads; rank 3 needs %s",
                   i, in->rank, heads, heads_attr);
    if (in->rank == 4) {
        *out = (cut){(size_t)d[0], (size_t)d[1], (size_t)d[2], (size_t)d[3], {0}};
        out->at = (oq_heads){
            .row = out->size, .head = out->length * out->size, .batch = out->heads * out->length * out->size};
    } else {
        *out = (cut){(size_t)d[0], (size_t)heads, (size_t)d[1], (size_t)(d[2] / heads), {0}};
        out->at = (oq_heads){.row = (size_t)d[2], .head = out->size, .batch = out->length * (size_t)d[2]};
    }
    return OQ_OK;
}

/* Past and new rows together as output i, [batch, heads, past + length, size]; without a past and without the
 * output, just the input where it is. */
static oq_status join_past(oq_run *ctx, int input, int past_input, int output, cut *c)
{
    const oq_array *past = oq_in(ctx, past_input);
    bool is_wanted = output < ctx->n_out && ctx->wanted[output];
    size_t n_past = past && past->rank == 4 ? (size_t)past->dims[2] : 0;
    int64_t dims[4] = {(int64_t)c->batch, (int64_t)c->heads, (int64_t)(n_past + c->length), (int64_t)c->size};
    const float *new = oq_floats_in(ctx, input), *old = NULL;
    float *joined;

    if (!new)
        return oq_run_failure(ctx);
    c->at.data = new;
    if (!past && !is_wanted)
        return OQ_OK;
    if (past &&
        (past->rank != 4 || past->dims[0] != dims[0] || past->dims[1] != dims[1] || past->dims[3] != dims[3]))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d does not fit input %d: batch, heads or size differ", past_input,
                   input);
    if (past && !(old = oq_floats_in(ctx, past_input)))
        return oq_run_failure(ctx);
    joined = is_wanted
                 ? oq_floats_out(ctx, output, ctx->in[input]->dtype, dims, 4)
                 : oq_scratch(ctx, c->batch * c->heads * (n_past + c->length) * c->size * sizeof *joined);
    if (!joined)
        return oq_run_failure(ctx);
    for (size_t bh = 0; bh < c->batch * c->heads; bh++) {
        float *to = joined + bh * (n_past + c->length) * c->size;
        const float *from = new + bh / c->heads * c->at.batch + bh % c->heads * c->at.head;

        if (n_past > 0 && c->size > 0)
            memcpy(to, old + bh * n_past * c->size, n_past * c->size * sizeof *to);
        for (size_t r = 0; r < c->length && c->size > 0; r++)
            memcpy(to + (n_past + r) * c->size, from + r * c->at.row, c->size * sizeof *to);
    }
    if (is_wanted)
        oq_floats_done(ctx, output, joined);
    c->length += n_past;
    c->at = (oq_heads){joined, c->heads * c->length * c->size, c->length * c->size, c->size};
    return OQ_OK;
}

/* The mask as numbers to add, broadcast to [batch, heads, queries, its keys]. */
static oq_status read_mask(oq_run *ctx, oq_attention *a)
{
    const oq_array *mask = oq_in(ctx, 3);
    size_t want[4] = {a->batch, a->heads, a->n_queries, a->n_keys}, stride[4] = {0}, n = 1;
    float *bias;

    if (!mask)
        return OQ_OK;
    if (mask->rank < 1 || mask->rank > 4)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its mask has rank %d", mask->rank);
    for (int i = mask->rank; i-- > 0;) {
        int d = i + 4 - mask->rank;

        if (mask->dims[i] != 1 && (size_t)mask->dims[i] != want[d] &&
            !(d == 3 && (size_t)mask->dims[i] < want[d]))
            OQ_OP_FAIL(ctx, OQ_SHAPE, "dimension %d of its mask is %" PRId64 ", %zu is needed", i,
                       mask->dims[i], want[d]);
        stride[d] = mask->dims[i] == 1 ? 0 : n;
        n *= (size_t)mask->dims[i];
    }
    if (mask->dtype != OQ_BOOL) {
        a->bias.data = oq_floats_in(ctx, 3);
    } else {
        a->bias.data = bias = oq_scratch(ctx, mask->n * sizeof *bias);
        for (size_t i = 0; bias && i < mask->n; i++)
            bias[i] = ((const uint8_t *)mask->data)[i] ? 0 : -INFINITY;
    }
    if (!a->bias.data)
        return oq_run_failure(ctx);
    a->bias.batch = stride[0];
    a->bias.head = stride[1];
    a->bias.row = stride[2];
    a->bias_key = stride[3];
    /* One key counts for all only where there is one: a short mask hides the keys behind its end. */
    a->n_bias = (size_t)mask->dims[mask->rank - 1];
    return OQ_OK;
}

static oq_status read_visibility(oq_run *ctx, oq_attention *a)
{
    const oq_array *past = oq_in(ctx, 4), *valid = oq_in(ctx, 6);
    int64_t causal = oq_node_int(ctx->node, "is_causal", 0);

    a->left = oq_node_int(ctx->node, "left_window_size", -1);
    a->right = oq_node_int(ctx->node, "right_window_size", -1);
    if (a->left < -1 || a->right < -1)
        OQ_OP_FAIL(ctx, OQ_FORMAT, "a window of %" PRId64 " and %" PRId64 " keys is not possible", a->left,
                   a->right);
    if (causal)
        a->right = 0;
    a->offset = past ? past->dims[2] : 0;
    if (!valid)
        return OQ_OK;
    if (valid->dtype != OQ_INT64 || valid->n != a->batch)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "nonpad_kv_seqlen must be %zu int64", a->batch);
    a->n_valid = valid->data;
    a->offset_by_valid = !past;
    return OQ_OK;
}

static oq_dtype softmax_type(const oq_node *node, oq_dtype dtype)
{
    int64_t wanted = oq_node_int(node, "softmax_precision", 0);

    return wanted > 0 && wanted < OQ_N_DTYPES ? (oq_dtype)wanted : dtype;
}

/* Outputs 0 and 3 and the sizes that must agree. */
static oq_status set_up(oq_run *ctx, oq_attention *a, const cut *q, const cut *k, const cut *v)
{
    const oq_array *in = ctx->in[0];
    int64_t dims[4] = {(int64_t)q->batch, (int64_t)q->length, (int64_t)(q->heads * v->size)};
    int64_t scores[4] = {(int64_t)q->batch, (int64_t)q->heads, (int64_t)q->length, (int64_t)k->length};

    if (k->batch != q->batch || v->batch != q->batch || k->size != q->size || k->length != v->length ||
        k->heads != v->heads || q->heads % k->heads)
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "query, key and value do not fit: %zu x %zu heads of %zu, %zu of %zu, %zu of %zu",
                   q->batch, q->heads, q->size, k->heads, k->size, v->heads, v->size);
    *a = (oq_attention){.batch = q->batch,
                        .heads = q->heads,
                        .kv_heads = k->heads,
                        .n_queries = q->length,
                        .n_keys = k->length,
                        .size = q->size,
                        .v_size = v->size,
                        .q = q->at,
                        .k = k->at,
                        .v = v->at,
                        .dtype = in->dtype};
    a->out = (oq_heads){.row = q->heads * v->size, .head = v->size, .batch = q->length * q->heads * v->size};
    if (in->rank == 4) {
        memcpy(dims, (int64_t[]){(int64_t)q->batch, (int64_t)q->heads, (int64_t)q->length, (int64_t)v->size},
               sizeof dims);
        a->out =
            (oq_heads){.row = v->size, .head = q->length * v->size, .batch = q->heads * q->length * v->size};
    }
    a->y = oq_floats_out(ctx, 0, in->dtype, dims, in->rank);
    if (a->y && ctx->n_out > 3 && ctx->wanted[3])
        a->scores = oq_floats_out(ctx, 3, in->dtype, scores, 4);
    return a->y && (a->scores || ctx->n_out <= 3 || !ctx->wanted[3]) ? OQ_OK : oq_run_failure(ctx);
}

static oq_status run_attention(oq_run *ctx)
{
    cut q, k, v;
    oq_attention a;

    if (!oq_in(ctx, 4) != !oq_in(ctx, 5))
        OQ_OP_FAIL(ctx, OQ_FORMAT, "past_key and past_value must be given together");
    OQ_TRY(cut_input(ctx, 0, "q_num_heads", &q));
    OQ_TRY(cut_input(ctx, 1, "kv_num_heads", &k));
    OQ_TRY(cut_input(ctx, 2, "kv_num_heads", &v));
    OQ_TRY(join_past(ctx, 1, 4, 1, &k));
    OQ_TRY(join_past(ctx, 2, 5, 2, &v));
    q.at.data = oq_floats_in(ctx, 0);
    if (!q.at.data)
        return oq_run_failure(ctx);
    OQ_TRY(set_up(ctx, &a, &q, &k, &v));
    OQ_TRY(read_mask(ctx, &a));
    OQ_TRY(read_visibility(ctx, &a));
    a.scale = oq_node_float(ctx->node, "scale", 0);
    if (!oq_node_attr(ctx->node, "scale"))
        a.scale = 1 / sqrtf((float)a.size);
    a.softcap = oq_node_float(ctx->node, "softcap", 0);
    a.stage = (int)oq_node_int(ctx->node, "qk_matmul_output_mode", 0);
    a.softmax_dtype = softmax_type(ctx->node, a.dtype);
    OQ_TRY(oq_attention_run(ctx, &a));
    oq_floats_done(ctx, 0, a.y);
    if (a.scores)
        oq_floats_done(ctx, 3, a.scores);
    return OQ_OK;
}

static oq_dim times(oq_dim a, int64_t b)
{
    int64_t product;

    return a.size >= 0 && !__builtin_mul_overflow(a.size, b, &product) ? oq_dim_of(product)
                                                                       : oq_dim_unknown();
}

static oq_dim plus(oq_dim a, oq_dim b)
{
    int64_t sum;

    return a.size >= 0 && b.size >= 0 && !__builtin_add_overflow(a.size, b.size, &sum) ? oq_dim_of(sum)
                                                                                       : oq_dim_unknown();
}

/* [batch, heads, length, size] of input i, whatever its rank. */
static bool heads_of(const oq_infer *ctx, int i, const char *heads_attr, oq_dim out[4])
{
    const oq_shape *shape = &ctx->in[i].shape;
    int64_t heads = oq_node_int(ctx->node, heads_attr, 0);

    if (shape->rank == 4)
        memcpy(out, shape->dims, 4 * sizeof *out);
    if (shape->rank != 3 || heads < 1)
        return shape->rank == 4;
    out[0] = shape->dims[0];
    out[1] = oq_dim_of(heads);
    out[2] = shape->dims[1];
    out[3] = shape->dims[2].size >= 0 ? oq_dim_of(shape->dims[2].size / heads) : oq_dim_unknown();
    return true;
}

static oq_status infer_attention(oq_infer *ctx)
{
    oq_dim q[4], k[4], v[4];
    bool has_past = ctx->n_in > 4 && ctx->in[4].dtype != OQ_UNDEFINED;

    for (int i = 0; i < ctx->n_out; i++)
        ctx->out[i].dtype = ctx->in[i == 2 ? 2 : 0].dtype;
    if (!heads_of(ctx, 0, "q_num_heads", q) || !heads_of(ctx, 1, "kv_num_heads", k) ||
        !heads_of(ctx, 2, "kv_num_heads", v))
        return OQ_OK;
    if (has_past)
        k[2] = v[2] = ctx->in[4].shape.rank == 4 ? plus(ctx->in[4].shape.dims[2], k[2]) : oq_dim_unknown();
    if (ctx->in[0].shape.rank == 4)
        ctx->out[0].shape = (oq_shape){4, {q[0], q[1], q[2], v[3]}};
    else
        ctx->out[0].shape = (oq_shape){3, {q[0], q[2], times(v[3], q[1].size)}};
    if (ctx->n_out > 1)
        ctx->out[1].shape = (oq_shape){4, {k[0], k[1], k[2], k[3]}};
    if (ctx->n_out > 2)
        ctx->out[2].shape = (oq_shape){4, {v[0], v[1], k[2], v[3]}};
    if (ctx->n_out > 3)
        ctx->out[3].shape = (oq_shape){4, {q[0], q[1], q[2], k[2]}};
    return OQ_OK;
}

/* ------------------------------------------------------------------ RotaryEmbedding */

typedef struct rotation {
    cut x;
    size_t n;               /* rotated elements of a row, even */
    const float *cos, *sin; /* rows of n / 2 */
    const oq_array *ids;    /* NULL: row (batch, position) of the caches */
    size_t n_rows;          /* of the caches */
    bool is_interleaved;
    oq_dtype dtype;
} rotation;

/* The products are rounded to the type before they are added, as the definition of the operator does. */
static void rotate_row(const rotation *r, const float *x, const float *c, const float *s, float *y)
{
    size_t half = r->n / 2;

    for (size_t i = 0; i < half; i++) {
        size_t a = r->is_interleaved ? 2 * i : i, b = r->is_interleaved ? a + 1 : half + i;
        float real = c[i] * x[a] - s[i] * x[b], imaginary = s[i] * x[a] + c[i] * x[b];

        y[a] = real;
        y[b] = imaginary;
    }
    if (r->x.size > r->n)
        memcpy(y + r->n, x + r->n, (r->x.size - r->n) * sizeof *y);
}

static oq_status rotate(oq_run *ctx, const rotation *r, const float *x, float *y)
{
    for (size_t b = 0; b < r->x.batch; b++) {
        for (size_t t = 0; t < r->x.length; t++) {
            size_t row = b * r->x.length + t;
            int64_t id = r->ids ? oq_array_int(r->ids, r->ids->n == 1 ? 0 : row) : (int64_t)row;

            if (r->ids && r->ids->n == 1)
                id += (int64_t)t; /* com.microsoft: the first position of the sequence */
            if (id < 0 || (size_t)id >= r->n_rows)
                OQ_OP_FAIL(ctx, OQ_SHAPE, "position %" PRId64 " is outside the caches of %zu", id, r->n_rows);
            for (size_t h = 0; h < r->x.heads; h++) {
                size_t at = b * r->x.at.batch + h * r->x.at.head + t * r->x.at.row;

                rotate_row(r, x + at, r->cos + (size_t)id * (r->n / 2), r->sin + (size_t)id * (r->n / 2),
                           y + at);
            }
        }
    }
    return OQ_OK;
}

static oq_status check_caches(oq_run *ctx, rotation *r, int cos_input)
{
    const oq_array *cos = ctx->in[cos_input], *sin = ctx->in[cos_input + 1];
    size_t n_tokens = r->x.batch * r->x.length;

    if (cos->n != sin->n || r->n % 2 || r->n > r->x.size || cos->rank < 2 ||
        (size_t)cos->dims[cos->rank - 1] != r->n / 2)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its caches do not fit a rotation of %zu elements in rows of %zu", r->n,
                   r->x.size);
    r->n_rows = r->n ? cos->n / (r->n / 2) : 0;
    if (r->ids ? r->ids->n != n_tokens && r->ids->n != 1 : r->n_rows < n_tokens)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its positions do not fit %zu x %zu tokens", r->x.batch, r->x.length);
    return OQ_OK;
}

/* Inputs: x, then cos, sin from cos_input on; ids: position_ids or -1. */
static oq_status run_rotation(oq_run *ctx, int cos_input, int ids_input)
{
    rotation r = {.ids = oq_in(ctx, ids_input), .dtype = ctx->in[0]->dtype};
    const float *x = oq_floats_in(ctx, 0);
    float *y = x ? oq_floats_out(ctx, 0, ctx->in[0]->dtype, ctx->in[0]->dims, ctx->in[0]->rank) : NULL;

    if (!y)
        return oq_run_failure(ctx);
    OQ_TRY(cut_input(ctx, 0, "num_heads", &r.x));
    r.n = (size_t)oq_node_int(ctx->node, "rotary_embedding_dim", 0);
    r.n = r.n ? r.n : r.x.size;
    r.is_interleaved = oq_node_int(ctx->node, "interleaved", 0) != 0;
    OQ_TRY(check_caches(ctx, &r, cos_input));
    r.cos = oq_floats_in(ctx, cos_input);
    r.sin = r.cos ? oq_floats_in(ctx, cos_input + 1) : NULL;
    if (!r.sin)
        return oq_run_failure(ctx);
    if (r.n)
        OQ_TRY(rotate(ctx, &r, x, y));
    oq_floats_done(ctx, 0, y);
    return OQ_OK;
}

static oq_status run_rotary(oq_run *ctx)
{
    return run_rotation(ctx, 1, 3);
}

#define ATTENTION(opset, most)                                                                            \
    {                                                                                                     \
        .name = "Attention", .domain = "", .since = opset, .min_in = 3, .max_in = most, .min_out = 1,     \
        .max_out = 4, .types = OQ_T_FLOATS, .infer = infer_attention, .run = run_attention, .weight = -1, \
        .bias = -1                                                                                        \
    }

/* Attention: 24 added nonpad_kv_seqlen, 25 the windows. */
const oq_op oq_ops_attention[] = {
    ATTENTION(23, 6),
    ATTENTION(24, 7),
    ATTENTION(25, 7),
    {.name = "RotaryEmbedding",
     .domain = "",
     .since = 23,
     .min_in = 3,
     .max_in = 4,
     .min_out = 1,
     .max_out = 1,
     .types = OQ_T_FLOATS,
     .run = run_rotary,
     .weight = -1,
     .bias = -1},
    {0},
};
