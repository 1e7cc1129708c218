/* op_tfidf: TfIdfVectorizer: how often n-grams of a pool occur in each row of the input.
 *
 * The pool holds the n-grams of one item, then those of two and so on; ngram_counts tells where each kind
 * begins. The items of an n-gram may lie 1 .. max_skip_count + 1 apart in the row; those of one item are
 * counted once. Result i of a row: the count (TF), its weight when it occurs (IDF), or both multiplied
 * (TFIDF), at the place that ngram_indexes gives it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "op/families.h"
#include "op/op_elems.h"

typedef enum { TF, IDF, TFIDF, N_MODES } tfidf_mode;

typedef struct {
    tfidf_mode mode;
    int64_t least, most, skips;
    size_t n_kinds;        /* lengths of n-grams in the pool */
    const int64_t *begins; /* n_kinds: first item of each kind */
    size_t n_items;
    const int64_t *ints; /* the pool: one of the two */
    const oq_string *strings;
    size_t n_indexes;
    const int64_t *indexes; /* place of each n-gram */
    const float *weights;   /* by n-gram; NULL: 1 each */
    int64_t n_places;
} tfidf_state;

/* ------------------------------------------------------------------ prepare */

static oq_status read_mode(oq_prepare *ctx, tfidf_state *s)
{
    static const char *const names[N_MODES] = {[TF] = "TF", [IDF] = "IDF", [TFIDF] = "TFIDF"};
    const char *name = oq_node_string(ctx->node, "mode", "");

    for (s->mode = TF; s->mode < N_MODES && strcmp(name, names[s->mode]) != 0; s->mode++)
        ;
    s->least = oq_node_int(ctx->node, "min_gram_length", 0);
    s->most = oq_node_int(ctx->node, "max_gram_length", 0);
    s->skips = oq_node_int(ctx->node, "max_skip_count", -1);
    if (s->mode == N_MODES)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "mode '%s'; TF, IDF and TFIDF are known", name);
    if (s->least < 1 || s->most < s->least || s->skips < 0 || s->most > INT32_MAX || s->skips > INT32_MAX)
        OQ_OP_FAIL(ctx, OQ_RANGE, "n-grams of %" PRId64 " to %" PRId64 " items, %" PRId64 " skipped",
                   s->least, s->most, s->skips);
    return OQ_OK;
}

/* Kinds lie in order within the pool, each of whole n-grams. */
static oq_status check_kinds(oq_prepare *ctx, const tfidf_state *s)
{
    size_t n_grams = 0;

    if (s->n_kinds == 0 || (size_t)s->most > s->n_kinds)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "ngram_counts has %zu numbers for n-grams of up to %" PRId64 " items",
                   s->n_kinds, s->most);
    for (size_t k = 0; k < s->n_kinds; k++) {
        int64_t begin = s->begins[k], end = k + 1 < s->n_kinds ? s->begins[k + 1] : (int64_t)s->n_items;

        if (begin < 0 || end < begin || (size_t)end > s->n_items || (end - begin) % (int64_t)(k + 1))
            OQ_OP_FAIL(ctx, OQ_SHAPE, "ngram_counts[%zu] = %" PRId64 " does not fit a pool of %zu items", k,
                       begin, s->n_items);
        n_grams += (size_t)(end - begin) / (k + 1);
    }
    if (n_grams != s->n_indexes)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu ngram_indexes for %zu n-grams", s->n_indexes, n_grams);
    return OQ_OK;
}

/* Size of a row of the result: the highest place and one. */
static bool count_places(const oq_node *node, int64_t *out)
{
    size_t n;
    const int64_t *indexes = oq_node_ints(node, "ngram_indexes", &n);

    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (indexes[i] < 0 || indexes[i] > INT32_MAX)
            return false;
        *out = indexes[i] >= *out ? indexes[i] + 1 : *out;
    }
    return n > 0;
}

static oq_status prepare(oq_prepare *ctx)
{
    const oq_attr *strings = oq_node_attr(ctx->node, "pool_strings"),
                  *weights = oq_node_attr(ctx->node, "weights");
    tfidf_state *s = OQ_NEW(ctx->arena, tfidf_state);

    if (!s)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    ctx->state = s;
    OQ_TRY(read_mode(ctx, s));
    s->begins = oq_node_ints(ctx->node, "ngram_counts", &s->n_kinds);
    s->indexes = oq_node_ints(ctx->node, "ngram_indexes", &s->n_indexes);
    s->ints = oq_node_ints(ctx->node, "pool_int64s", &s->n_items);
    if (strings && strings->kind == OQ_ATTR_STRINGS && strings->n > 0) {
        s->ints = NULL;
        s->strings = strings->strings;
        s->n_items = strings->n;
    }
    if (!count_places(ctx->node, &s->n_places))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "ngram_indexes is empty or holds a number that is no place");
    if (weights && weights->kind == OQ_ATTR_FLOATS && weights->n > 0) {
        if (weights->n != s->n_indexes)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu weights for %zu n-grams", weights->n, s->n_indexes);
        s->weights = weights->floats;
    }
    return check_kinds(ctx, s);
}

static oq_status infer(oq_infer *ctx)
{
    const oq_shape *in = &ctx->in[0].shape;
    int64_t n_places;

    ctx->out[0].dtype = OQ_FLOAT;
    if (in->rank < 0)
        return OQ_OK;
    if (in->rank != 1 && in->rank != 2)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the input has rank %d; a row or rows are meant", in->rank);
    ctx->out[0].shape = *in;
    ctx->out[0].shape.dims[in->rank - 1] =
        count_places(ctx->node, &n_places) ? oq_dim_of(n_places) : oq_dim_unknown();
    return OQ_OK;
}

/* ------------------------------------------------------------------ run */

static bool is_item(const tfidf_state *s, size_t pool_at, const oq_array *in, size_t at)
{
    const oq_string *a, *b;

    if (!s->strings)
        return s->ints[pool_at] == oq_array_int(in, at);
    a = &s->strings[pool_at];
    b = &((const oq_string *)in->data)[at];
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

/* Count every n-gram of `length` items that starts at `at`, with items `apart`. counts: by n-gram. */
static void count_at(const tfidf_state *s, size_t length, const oq_array *in, size_t at, size_t apart,
                     size_t first_gram, float *counts)
{
    size_t begin = (size_t)s->begins[length - 1];
    size_t end = length < s->n_kinds ? (size_t)s->begins[length] : s->n_items;

    for (size_t gram = first_gram; begin < end; begin += length, gram++) {
        size_t k = 0;

        while (k < length && is_item(s, begin + k, in, at + k * apart))
            k++;
        if (k == length)
            counts[gram] += 1;
    }
}

static void count_row(const tfidf_state *s, const oq_array *in, size_t first, size_t n, float *counts)
{
    size_t first_gram = 0;

    for (size_t length = 1; length <= (size_t)s->most; length++) {
        size_t begin = (size_t)s->begins[length - 1];
        size_t end = length < s->n_kinds ? (size_t)s->begins[length] : s->n_items;

        for (size_t apart = 1; length >= (size_t)s->least && apart <= (size_t)s->skips + 1; apart++) {
            if ((length == 1 && apart > 1) || (length - 1) * apart >= n)
                break;
            for (size_t at = 0; at + (length - 1) * apart < n; at++)
                count_at(s, length, in, first + at, apart, first_gram, counts);
        }
        first_gram += (end - begin) / length;
    }
}

static oq_status run(oq_run *ctx)
{
    const tfidf_state *s = ctx->state;
    const oq_array *in = ctx->in[0];
    size_t n = in->rank ? (size_t)in->dims[in->rank - 1] : 0,
           n_rows = in->rank == 2 ? (size_t)in->dims[0] : 1;
    int64_t dims[2] = {in->dims[0], s->n_places};
    float *counts = oq_scratch(ctx, s->n_indexes * sizeof *counts), *out;

    if ((in->dtype == OQ_STRING) != (s->strings != NULL) || in->rank < 1 || in->rank > 2)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "an input of rank %d and type %s for a pool of %s", in->rank,
                   oq_dtype_name(in->dtype), s->strings ? "strings" : "numbers");
    if (!counts)
        return oq_run_failure(ctx);
    out = oq_out(ctx, 0, OQ_FLOAT, in->rank == 1 ? dims + 1 : dims, in->rank);
    if (!out)
        return oq_run_failure(ctx);
    memset(out, 0, ctx->out[0].size);
    for (size_t r = 0; r < n_rows; r++, out += s->n_places) {
        memset(counts, 0, s->n_indexes * sizeof *counts);
        count_row(s, in, r * n, n, counts);
        for (size_t g = 0; g < s->n_indexes; g++) {
            float weight = s->weights ? s->weights[g] : 1.0f;

            if (counts[g] > 0)
                out[s->indexes[g]] += s->mode == TF    ? counts[g]
                                      : s->mode == IDF ? weight
                                                       : counts[g] * weight;
        }
    }
    return OQ_OK;
}

const oq_op oq_ops_tfidf[] = {
    {.name = "TfIdfVectorizer",
     .domain = "",
     .since = 9,
     .min_in = 1,
     .max_in = 1,
     .min_out = 1,
     .max_out = 1,
     .types = OQ_T(OQ_INT32) | OQ_T(OQ_INT64) | OQ_T(OQ_STRING),
     .infer = infer,
     .prepare = prepare,
     .run = run,
     .rule = OQ_RULE_NONE,
     .weight = -1,
     .bias = -1},
    {.name = NULL},
};
