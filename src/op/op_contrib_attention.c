/* Attention and MultiHeadAttention of com.microsoft, as ONNX Runtime's optimizer writes them.
 *
 *     Attention            q, k, v = x W + bias, side by side; past and present are [2, batch, heads, length,
 * size] MultiHeadAttention   q, k, v come apart, as [batch, length, heads * size] (k and v also as [batch,
 * heads, length, size]); each has its part of the bias
 *
 * A masked key is not hidden: mask_filter_value is added to its score, so a row whose keys are all masked is
 * an ordinary softmax. Not here, and refused by name: rotary embedding inside, shared past buffers, packed q,
 * k, v.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "kernel/gemm_f32.h"
#include "op/attention.h"
#include "op/families.h"
#include "op/floats.h"

/* Places of the inputs that both operators have. */
typedef struct places {
    int mask, attention_bias, past_key, past_value; /* past_value: -1 when one tensor holds both */
} places;

typedef struct problem {
    oq_attention a;
    size_t n_past;
    int64_t n_heads;
} problem;

static oq_status check_heads(oq_run *ctx, problem *p)
{
    p->n_heads = oq_node_int(ctx->node, "num_heads", 0);
    if (p->n_heads < 1)
        OQ_OP_FAIL(ctx, OQ_FORMAT, "num_heads is %" PRId64, p->n_heads);
    return OQ_OK;
}

/* Length of the past; the two tensors must have [batch, heads, length, size], one both behind each other. */
static oq_status read_past(oq_run *ctx, problem *p, const places *at)
{
    const oq_array *key = oq_in(ctx, at->past_key);
    int first = at->past_value < 0;

    if (!key)
        return OQ_OK;
    if (key->rank != 4 + first || (first && key->dims[0] != 2) || (size_t)key->dims[first] != p->a.batch ||
        key->dims[first + 1] != p->n_heads || (size_t)key->dims[first + 3] != p->a.size ||
        p->a.size != p->a.v_size ||
        (!first && (!oq_in(ctx, at->past_value) || ctx->in[at->past_value]->n != key->n)))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its past does not fit %zu x %" PRId64 " heads of %zu", p->a.batch,
                   p->n_heads, p->a.size);
    p->n_past = (size_t)key->dims[first + 2];
    return OQ_OK;
}

/* Keys or values: past rows, then the new ones, as [batch, heads, length, size] at `to`. */
static void join(const problem *p, const float *past, const oq_heads *new, size_t length, size_t size,
                 float *to)
{
    for (size_t bh = 0; bh < p->a.batch * p->a.heads; bh++) {
        const float *from = new->data + bh / p->a.heads *new->batch + bh % p->a.heads *new->head;

        if (p->n_past * size > 0) {
            memcpy(to, past + bh * p->n_past * size, p->n_past * size * sizeof *to);
            to += p->n_past * size;
        }
        for (size_t t = 0; t < length && size > 0; t++, to += size)
            memcpy(to, from + t * new->row, size * sizeof *to);
    }
}

/* Put the past in front of a->k and a->v; present: memory of an output for them, or NULL. */
static oq_status join_past(oq_run *ctx, problem *p, const places *at, size_t length, float *present_k,
                           float *present_v)
{
    oq_attention *a = &p->a;
    size_t n = a->batch * a->heads * (p->n_past + length);
    const float *past_k = NULL, *past_v = NULL;

    a->n_keys = p->n_past + length;
    if (!oq_in(ctx, at->past_key) && !present_k && !present_v)
        return OQ_OK;
    if (oq_in(ctx, at->past_key)) {
        past_k = oq_floats_in(ctx, at->past_key);
        past_v = past_k && at->past_value < 0 ? past_k + ctx->in[at->past_key]->n / 2
                 : past_k                     ? oq_floats_in(ctx, at->past_value)
                                              : NULL;
        if (!past_v)
            return oq_run_failure(ctx);
    }
    present_k = present_k ? present_k : oq_scratch(ctx, n * a->size * sizeof *present_k);
    present_v = present_k && !present_v ? oq_scratch(ctx, n * a->v_size * sizeof *present_v) : present_v;
    if (!present_k || !present_v)
        return oq_run_failure(ctx);
    join(p, past_k, &a->k, length, a->size, present_k);
    join(p, past_v, &a->v, length, a->v_size, present_v);
    a->k = (oq_heads){present_k, a->heads * a->n_keys * a->size, a->n_keys * a->size, a->size};
    a->v = (oq_heads){present_v, a->heads * a->n_keys * a->v_size, a->n_keys * a->v_size, a->v_size};
    return OQ_OK;
}

/* ------------------------------------------------------------------ masks */

/* Is key j of query i in sample b masked? mask: [batch] lengths, [batch, keys] or [batch, queries, keys]. */
static bool is_masked(const oq_array *mask, const oq_attention *a, size_t b, size_t i, size_t j)
{
    if (mask->rank == 1)
        return (int64_t)j >= oq_array_int(mask, b);
    return oq_array_int(mask, (mask->rank == 3 ? b * a->n_queries + i : b) * a->n_keys + j) == 0;
}

static oq_status check_mask(oq_run *ctx, const oq_array *mask, const oq_attention *a)
{
    size_t want[3] = {a->batch, mask->rank == 3 ? a->n_queries : a->n_keys, a->n_keys};

    if (mask->rank < 1 || mask->rank > 3 || (mask->dtype != OQ_INT32 && mask->dtype != OQ_INT64))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "a mask of rank %d and type %s is not known here", mask->rank,
                   oq_dtype_name(mask->dtype));
    for (int d = 0; d < mask->rank; d++) {
        if ((size_t)mask->dims[d] != want[d])
            OQ_OP_FAIL(ctx, OQ_UNSUPPORTED,
                       "a mask whose dimension %d is %" PRId64 ", not %zu, is not known here", d,
                       mask->dims[d], want[d]);
    }
    return OQ_OK;
}

/* The attention bias, [1 or batch, 1 or heads, queries, keys], where it is. */
static oq_status read_attention_bias(oq_run *ctx, int input, oq_attention *a)
{
    const oq_array *in = oq_in(ctx, input);
    size_t plane = a->n_queries * a->n_keys;

    if (!in)
        return OQ_OK;
    if (in->rank != 4 || (in->dims[0] != 1 && (size_t)in->dims[0] != a->batch) ||
        (in->dims[1] != 1 && (size_t)in->dims[1] != a->heads) || (size_t)in->dims[2] != a->n_queries ||
        (size_t)in->dims[3] != a->n_keys)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its attention bias does not fit %zu queries and %zu keys", a->n_queries,
                   a->n_keys);
    a->bias = (oq_heads){oq_floats_in(ctx, input), in->dims[0] == 1 ? 0 : (size_t)in->dims[1] * plane,
                         in->dims[1] == 1 ? 0 : plane, a->n_keys};
    return a->bias.data ? OQ_OK : oq_run_failure(ctx);
}

/* Mask and attention bias as one thing to add to the scores. */
static oq_status read_masks(oq_run *ctx, problem *p, const places *at)
{
    oq_attention *a = &p->a;
    const oq_array *mask = oq_in(ctx, at->mask);
    float filter = oq_node_float(ctx->node, "mask_filter_value", -10000), *sum, *to;
    size_t heads;

    a->left = a->right = -1;
    a->n_bias = a->n_keys;
    a->bias_key = 1;
    if (oq_node_int(ctx->node, "unidirectional", 0)) {
        a->right = 0;
        a->offset = (int64_t)p->n_past;
    }
    OQ_TRY(read_attention_bias(ctx, at->attention_bias, a));
    if (!mask)
        return OQ_OK;
    OQ_TRY(check_mask(ctx, mask, a));
    heads = a->bias.head ? a->heads : 1;
    to = sum = oq_scratch(ctx, a->batch * heads * a->n_queries * a->n_keys * sizeof *sum);
    if (!sum)
        return oq_run_failure(ctx);
    for (size_t row = 0; row < a->batch * heads * a->n_queries; row++) {
        size_t b = row / a->n_queries / heads, h = row / a->n_queries % heads, i = row % a->n_queries;
        const float *given =
            a->bias.data ? a->bias.data + b * a->bias.batch + h * a->bias.head + i * a->bias.row : NULL;

        for (size_t j = 0; j < a->n_keys; j++)
            *to++ = (is_masked(mask, a, b, i, j) ? filter : 0) + (given ? given[j] : 0);
    }
    a->bias = (oq_heads){sum, heads * a->n_queries * a->n_keys, heads > 1 ? a->n_queries * a->n_keys : 0,
                         a->n_keys};
    return OQ_OK;
}

static oq_status finish(oq_run *ctx, problem *p)
{
    oq_attention *a = &p->a;
    size_t row = a->heads * a->v_size;
    int64_t dims[3] = {(int64_t)a->batch, (int64_t)a->n_queries, (int64_t)row};

    a->dtype = a->softmax_dtype = OQ_FLOAT;
    a->scale = oq_node_float(ctx->node, "scale", 0);
    if (a->scale == 0)
        a->scale = 1 / sqrtf((float)a->size);
    a->out = (oq_heads){.row = row, .head = a->v_size, .batch = a->n_queries * row};
    a->y = oq_floats_out(ctx, 0, ctx->in[0]->dtype, dims, 3);
    if (!a->y)
        return oq_run_failure(ctx);
    OQ_TRY(oq_attention_run(ctx, a));
    oq_floats_done(ctx, 0, a->y);
    return OQ_OK;
}

static bool is_wanted(const oq_run *ctx, int i)
{
    return i < ctx->n_out && ctx->wanted[i];
}

/* ------------------------------------------------------------------ Attention */

/* Sizes of q, k and v together: from the attribute, or a third of the weight each. */
static oq_status read_sizes(oq_run *ctx, problem *p, size_t sizes[3])
{
    const oq_array *x = ctx->in[0], *w = ctx->in[1];
    size_t n;
    const int64_t *given = oq_node_ints(ctx->node, "qkv_hidden_sizes", &n);

    if (x->rank != 3 || w->rank != 2 || w->dims[0] != x->dims[2] || w->n == 0 || (n && n != 3))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its input must be [batch, length, size], its weight [size, 3 * hidden]");
    for (int i = 0; i < 3; i++) {
        sizes[i] = (size_t)(n ? given[i] : w->dims[1] / 3);
        if ((n && given[i] < 1) || sizes[i] % (size_t)p->n_heads)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu elements cannot be cut into %" PRId64 " heads", sizes[i],
                       p->n_heads);
    }
    if (sizes[0] + sizes[1] + sizes[2] != (size_t)w->dims[1] || sizes[0] != sizes[1] ||
        (oq_in(ctx, 2) && ctx->in[2]->n != (size_t)w->dims[1]))
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "%zu, %zu and %zu elements of query, key and value do not fit a weight of %" PRId64,
                   sizes[0], sizes[1], sizes[2], w->dims[1]);
    return OQ_OK;
}

/* x W + bias: rows of all three, side by side. */
static oq_status project(oq_run *ctx, float **out)
{
    const oq_kernels *kernels = oq_kernels_best();
    const oq_array *x = ctx->in[0], *w = ctx->in[1];
    size_t m = (size_t)(x->dims[0] * x->dims[1]), k = (size_t)w->dims[0], n = (size_t)w->dims[1];
    const float *rows = oq_floats_in(ctx, 0), *weight = rows ? oq_floats_in(ctx, 1) : NULL, *bias = NULL;
    void *memory = weight ? oq_scratch(ctx, oq_pack_f32_size(kernels, k, n)) : NULL;
    oq_packed_f32 packed;

    *out = memory ? oq_scratch(ctx, m * n * sizeof **out) : NULL;
    if (!*out || (oq_in(ctx, 2) && !(bias = oq_floats_in(ctx, 2))))
        return oq_run_failure(ctx);
    oq_pack_f32(kernels, k, n, weight, n, 1, memory, &packed);
    oq_gemm_f32_run(ctx->pool, &(oq_gemm_f32){.b = &packed,
                                              .m = m,
                                              .a = rows,
                                              .a_stride = k,
                                              .bias = bias,
                                              .c = *out,
                                              .c_stride = n,
                                              .lo = -INFINITY,
                                              .hi = INFINITY});
    return OQ_OK;
}

static oq_status run_attention(oq_run *ctx)
{
    static const places at = {3, 5, 4, -1};
    const oq_array *x = ctx->in[0];
    size_t sizes[3], length;
    float *rows, *present = NULL;
    problem p = {.n_past = 0};

    OQ_TRY(check_heads(ctx, &p));
    OQ_TRY(read_sizes(ctx, &p, sizes));
    length = (size_t)x->dims[1];
    p.a = (oq_attention){.batch = (size_t)x->dims[0],
                         .heads = (size_t)p.n_heads,
                         .kv_heads = (size_t)p.n_heads,
                         .n_queries = length,
                         .size = sizes[0] / (size_t)p.n_heads,
                         .v_size = sizes[2] / (size_t)p.n_heads};
    OQ_TRY(read_past(ctx, &p, &at));
    OQ_TRY(project(ctx, &rows));
    p.a.q = (oq_heads){rows, length * (size_t)ctx->in[1]->dims[1], p.a.size, (size_t)ctx->in[1]->dims[1]};
    p.a.k = (oq_heads){rows + sizes[0], p.a.q.batch, p.a.size, p.a.q.row};
    p.a.v = (oq_heads){rows + sizes[0] + sizes[1], p.a.q.batch, p.a.v_size, p.a.q.row};
    if (is_wanted(ctx, 1)) {
        int64_t dims[5] = {2, x->dims[0], p.n_heads, (int64_t)(p.n_past + length), (int64_t)p.a.size};

        if (p.a.size != p.a.v_size)
            OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "present keys and values of different sizes");
        present = oq_floats_out(ctx, 1, x->dtype, dims, 5);
        if (!present)
            return oq_run_failure(ctx);
    }
    OQ_TRY(join_past(ctx, &p, &at, length, present, present ? present + ctx->out[1].n / 2 : NULL));
    if (present)
        oq_floats_done(ctx, 1, present);
    OQ_TRY(read_masks(ctx, &p, &at));
    return finish(ctx, &p);
}

/* ------------------------------------------------------------------ MultiHeadAttention */

/* Input i in heads; its part of the bias, from `bias` on, is added into a copy. */
static oq_status read_part(oq_run *ctx, const problem *p, int i, const float *bias, size_t *length,
                           size_t *size, oq_heads *out)
{
    const oq_array *in = oq_in(ctx, i);
    const float *data;
    float *copy;

    if (!in || (in->rank != 3 && (in->rank != 4 || i == 0)) ||
        (in->rank == 3 && (in->dims[2] == 0 || in->dims[2] % p->n_heads)) ||
        (in->rank == 4 && in->dims[1] != p->n_heads))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED,
                   "input %d must be [batch, length, heads * size]; packed forms are not known here", i);
    data = oq_floats_in(ctx, i);
    if (!data)
        return oq_run_failure(ctx);
    *length = (size_t)in->dims[in->rank - 2];
    *size = in->rank == 3 ? (size_t)(in->dims[2] / p->n_heads) : (size_t)in->dims[3];
    if (bias && in->rank == 3) {
        size_t row = (size_t)in->dims[2];

        copy = oq_scratch(ctx, in->n * sizeof *copy);
        if (!copy)
            return oq_run_failure(ctx);
        for (size_t k = 0; k < in->n; k++)
            copy[k] = data[k] + bias[k % row];
        data = copy;
    }
    *out = in->rank == 3 ? (oq_heads){data, *length * (size_t)in->dims[2], *size, (size_t)in->dims[2]}
                         : (oq_heads){data, (size_t)p->n_heads * *length * *size, *length * *size, *size};
    return OQ_OK;
}

static oq_status read_parts(oq_run *ctx, problem *p, size_t *length)
{
    const oq_array *given = oq_in(ctx, 3), *q = ctx->in[0];
    const float *bias = given ? oq_floats_in(ctx, 3) : NULL;
    size_t hidden, v_length, k_size;

    if (given && !bias)
        return oq_run_failure(ctx);
    OQ_TRY(read_part(ctx, p, 0, bias, &p->a.n_queries, &p->a.size, &p->a.q));
    hidden = p->a.size * (size_t)p->n_heads;
    if (given && given->n < 2 * hidden)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "a bias of %zu elements is too short", given->n);
    OQ_TRY(read_part(ctx, p, 1, bias ? bias + hidden : NULL, length, &k_size, &p->a.k));
    OQ_TRY(read_part(ctx, p, 2, bias ? bias + 2 * hidden : NULL, &v_length, &p->a.v_size, &p->a.v));
    p->a.batch = (size_t)q->dims[0];
    p->a.heads = p->a.kv_heads = (size_t)p->n_heads;
    if (k_size != p->a.size || v_length != *length || ctx->in[1]->dims[0] != q->dims[0] ||
        ctx->in[2]->dims[0] != q->dims[0] ||
        (given && given->n != 2 * hidden + p->a.v_size * (size_t)p->n_heads))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "query, key, value and bias do not fit each other");
    return OQ_OK;
}

static oq_status run_multi_head(oq_run *ctx)
{
    static const places at = {4, 5, 6, 7};
    problem p = {.n_past = 0};
    float *present[2] = {NULL, NULL};
    size_t length;

    OQ_TRY(check_heads(ctx, &p));
    OQ_TRY(read_parts(ctx, &p, &length));
    OQ_TRY(read_past(ctx, &p, &at));
    for (int i = 0; i < 2; i++) {
        int64_t dims[4] = {(int64_t)p.a.batch, p.n_heads, (int64_t)(p.n_past + length),
                           (int64_t)(i ? p.a.v_size : p.a.size)};

        if (is_wanted(ctx, i + 1) && !(present[i] = oq_floats_out(ctx, i + 1, ctx->in[0]->dtype, dims, 4)))
            return oq_run_failure(ctx);
    }
    OQ_TRY(join_past(ctx, &p, &at, length, present[0], present[1]));
    for (int i = 0; i < 2; i++) {
        if (present[i])
            oq_floats_done(ctx, i + 1, present[i]);
    }
    OQ_TRY(read_masks(ctx, &p, &at));
    return finish(ctx, &p);
}

/* ------------------------------------------------------------------ what is refused, and types */

static oq_status prepare(oq_prepare *ctx)
{
    static const char *const refused[] = {"do_rotary", "past_present_share_buffer", NULL};

    for (int i = 0; refused[i]; i++) {
        if (oq_node_int(ctx->node, refused[i], 0))
            OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "%s is not computed here", refused[i]);
    }
    return OQ_OK;
}

static oq_status infer_attention(oq_infer *ctx)
{
    const oq_shape *x = &ctx->in[0].shape, *w = &ctx->in[1].shape;
    size_t n;
    const int64_t *sizes = oq_node_ints(ctx->node, "qkv_hidden_sizes", &n);

    for (int i = 0; i < ctx->n_out; i++)
        ctx->out[i].dtype = ctx->in[0].dtype;
    if (x->rank != 3)
        return OQ_OK;
    ctx->out[0].shape = (oq_shape){3, {x->dims[0], x->dims[1], oq_dim_unknown()}};
    if (n == 3)
        ctx->out[0].shape.dims[2] = oq_dim_of(sizes[2]);
    else if (w->rank == 2 && w->dims[1].size >= 0)
        ctx->out[0].shape.dims[2] = oq_dim_of(w->dims[1].size / 3);
    return OQ_OK;
}

static oq_status infer_multi_head(oq_infer *ctx)
{
    const oq_shape *q = &ctx->in[0].shape, *v = ctx->n_in > 2 ? &ctx->in[2].shape : NULL;
    int64_t heads = oq_node_int(ctx->node, "num_heads", 1);

    for (int i = 0; i < ctx->n_out; i++)
        ctx->out[i].dtype = ctx->in[0].dtype;
    if (q->rank != 3 || !v)
        return OQ_OK;
    ctx->out[0].shape = (oq_shape){3, {q->dims[0], q->dims[1], oq_dim_unknown()}};
    if (v->rank == 3)
        ctx->out[0].shape.dims[2] = v->dims[2];
    else if (v->rank == 4 && v->dims[3].size >= 0 && v->dims[3].size < INT32_MAX && heads > 0 &&
             heads < INT32_MAX)
        ctx->out[0].shape.dims[2] = oq_dim_of(v->dims[3].size * heads);
    return OQ_OK;
}

#define ATTENTION(op, least, most, outs, infer_fn, run_fn)                                                \
    {                                                                                                     \
        .name = op, .domain = "com.microsoft", .since = 1, .min_in = least, .max_in = most, .min_out = 1, \
        .max_out = outs, .types = OQ_T_FLOATS, .infer = infer_fn, .prepare = prepare, .run = run_fn,      \
        .weight = -1, .bias = -1                                                                          \
    }

const oq_op oq_ops_contrib_attention[] = {
    ATTENTION("Attention", 2, 6, 2, infer_attention, run_attention),
    ATTENTION("MultiHeadAttention", 1, 8, 3, infer_multi_head, run_multi_head),
    {0},
};
