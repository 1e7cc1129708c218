/* op_strings: StringConcat, StringNormalizer, StringSplit. Strings are bytes, UTF-8 by convention; upper and
 * lower case are known for ASCII letters, what has others is refused where case matters. */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "op/families.h"
#include "op/op_broadcast.h"
#include "op/op_elems.h"

/* ------------------------------------------------------------------ StringConcat */

typedef struct {
    const oq_string *a, *b;
    oq_string *out;
} concat_job;

/* Sizes first: data stays NULL until there is memory for all. */
static void measure_row(void *arg, size_t at, const size_t *first, const int *step, size_t n)
{
    const concat_job *job = arg;

    for (size_t i = 0; i < n; i++) {
        const oq_string *a = &job->a[first[0] + i * (size_t)step[0]],
                        *b = &job->b[first[1] + i * (size_t)step[1]];

        job->out[at + i] = (oq_string){NULL, a->size + b->size};
    }
}

static void concat_row(void *arg, size_t at, const size_t *first, const int *step, size_t n)
{
    const concat_job *job = arg;

    for (size_t i = 0; i < n; i++) {
        const oq_string *a = &job->a[first[0] + i * (size_t)step[0]],
                        *b = &job->b[first[1] + i * (size_t)step[1]];
        char *to = (char *)(uintptr_t)job->out[at + i].data;

        if (a->size)
            memcpy(to, a->data, a->size);
        if (b->size)
            memcpy(to + a->size, b->data, b->size);
    }
}

static oq_status run_concat(oq_run *ctx)
{
    concat_job job = {.a = ctx->in[0]->data, .b = ctx->in[1]->data};
    oq_broadcast plan;
    size_t size = 0;
    char *text;

    if (ctx->in[1]->dtype != OQ_STRING)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input 1 is %s, a string is meant", oq_dtype_name(ctx->in[1]->dtype));
    OQ_TRY(oq_broadcast_inputs(ctx, &plan, 2));
    job.out = oq_out(ctx, 0, OQ_STRING, plan.dims, plan.rank);
    if (!job.out)
        return oq_run_failure(ctx);
    oq_broadcast_rows(&plan, NULL, measure_row, &job);
    for (size_t i = 0; i < plan.n; i++) {
        if (__builtin_add_overflow(size, job.out[i].size, &size))
            OQ_OP_FAIL(ctx, OQ_LIMIT, "the strings do not fit in memory");
    }
    text = oq_text(ctx, size);
    if (!text)
        return oq_run_failure(ctx);
    for (size_t i = 0; i < plan.n; i++) {
        job.out[i].data = text;
        text += job.out[i].size;
    }
    oq_broadcast_rows(&plan, NULL, concat_row, &job);
    return OQ_OK;
}

/* ------------------------------------------------------------------ StringNormalizer */

typedef enum { KEEP, LOWER, UPPER, N_CHANGES } case_change;

static bool read_change(const oq_node *node, case_change *out)
{
    static const char *const names[N_CHANGES] = {[KEEP] = "NONE", [LOWER] = "LOWER", [UPPER] = "UPPER"};
    const char *name = oq_node_string(node, "case_change_action", "NONE");

    for (int i = 0; i < N_CHANGES; i++) {
        *out = (case_change)i;
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

static oq_status prepare_normalizer(oq_prepare *ctx)
{
    case_change change;

    if (!read_change(ctx->node, &change))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "case_change_action '%s'; NONE, LOWER and UPPER are known",
                   oq_node_string(ctx->node, "case_change_action", ""));
    return OQ_OK;
}

static oq_status infer_normalizer(oq_infer *ctx)
{
    const oq_shape *in = &ctx->in[0].shape;

    ctx->out[0].dtype = OQ_STRING;
    if (in->rank < 0)
        return OQ_OK;
    if (in->rank != 1 && (in->rank != 2 || (in->dims[0].size >= 0 && in->dims[0].size != 1)))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the input must be [n] or [1, n]");
    ctx->out[0].shape = *in;
    ctx->out[0].shape.dims[in->rank - 1] = oq_dim_unknown();
    return OQ_OK;
}

static char to_case(char c, case_change change)
{
    if (change == LOWER && c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    if (change == UPPER && c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    return c;
}

static bool is_ascii(oq_string s)
{
    bool is = true;

    for (size_t i = 0; is && i < s.size; i++)
        is = (unsigned char)s.data[i] < 0x80;
    return is;
}

static bool is_equal(oq_string a, oq_string b, bool ignores_case)
{
    bool is_same = a.size == b.size;

    for (size_t i = 0; is_same && i < a.size; i++)
        is_same =
            ignores_case ? to_case(a.data[i], LOWER) == to_case(b.data[i], LOWER) : a.data[i] == b.data[i];
    return is_same;
}

static bool is_stopword(const oq_attr *stopwords, oq_string s, bool ignores_case)
{
    bool is_found = false;

    for (size_t i = 0; stopwords && !is_found && i < stopwords->n; i++)
        is_found = is_equal(stopwords->strings[i], s, ignores_case);
    return is_found;
}

/* The strings that stay, to kept; their number. */
static oq_status choose(oq_run *ctx, oq_string *kept, size_t *n)
{
    const oq_array *in = ctx->in[0];
    const oq_string *strings = in->data;
    const oq_attr *stopwords = oq_node_attr(ctx->node, "stopwords");
    bool ignores_case = oq_node_int(ctx->node, "is_case_sensitive", 0) == 0;
    case_change change;

    read_change(ctx->node, &change);
    if (stopwords && stopwords->kind != OQ_ATTR_STRINGS)
        stopwords = NULL;
    for (size_t i = 0; i < in->n; i++) {
        if ((change != KEEP || (ignores_case && stopwords)) && !is_ascii(strings[i]))
            OQ_OP_FAIL(ctx, OQ_UNSUPPORTED,
                       "string %zu has letters beyond ASCII, whose case is not known here", i);
        if (!is_stopword(stopwords, strings[i], ignores_case))
            kept[(*n)++] = strings[i];
    }
    return OQ_OK;
}

static oq_status run_normalizer(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    oq_string *kept = oq_scratch(ctx, (in->n + 1) * sizeof *kept), *out;
    int64_t dims[2] = {1, 1};
    size_t n = 0, size = 0;
    case_change change;
    char *text;

    if (in->rank != 1 && (in->rank != 2 || in->dims[0] != 1))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the input must be [n] or [1, n]");
    if (!kept)
        return oq_run_failure(ctx);
    OQ_TRY(choose(ctx, kept, &n));
    if (n == 0)
        kept[n++] = (oq_string){"", 0}; /* an output is never empty */
    for (size_t i = 0; i < n; i++)
        size += kept[i].size;
    dims[in->rank - 1] = (int64_t)n;
    out = oq_out(ctx, 0, OQ_STRING, dims, in->rank);
    text = out ? oq_text(ctx, size) : NULL;
    if (!text)
        return oq_run_failure(ctx);
    read_change(ctx->node, &change);
    for (size_t i = 0; i < n; i++) {
        out[i] = (oq_string){text, kept[i].size};
        for (size_t k = 0; k < kept[i].size; k++)
            *text++ = to_case(kept[i].data[k], change);
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ StringSplit */

static oq_status infer_split(oq_infer *ctx)
{
    const oq_shape *in = &ctx->in[0].shape;

    ctx->out[0].dtype = OQ_STRING;
    if (ctx->n_out > 1)
        ctx->out[1] = (oq_type){OQ_INT64, *in};
    if (in->rank < 0)
        return OQ_OK;
    if (in->rank == OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "a result of rank %d; at most %d is possible", in->rank + 1,
                   OQ_MAX_RANK);
    ctx->out[0].shape = *in;
    ctx->out[0].shape.dims[ctx->out[0].shape.rank++] = oq_dim_unknown();
    return OQ_OK;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What is left to split. */
typedef struct {
    const char *at, *end;
    oq_string delimiter; /* empty: runs of white space */
    int64_t left;        /* splits that may still be made; -1: any number */
    bool is_over;
} splitter;

static bool is_delimiter(const splitter *s, const char *at)
{
    return (size_t)(s->end - at) >= s->delimiter.size &&
           memcmp(at, s->delimiter.data, s->delimiter.size) == 0;
}

/* The next piece; false when there is none. The last one allowed has all the rest. */
static bool next_piece(splitter *s, oq_string *piece)
{
    const char *from, *at;

    while (!s->delimiter.size && s->at < s->end && is_space(*s->at))
        s->at++;
    if (s->is_over || (!s->delimiter.size && s->at == s->end))
        return false;
    from = at = s->at;
    while (at < s->end && s->left != 0 && !(s->delimiter.size ? is_delimiter(s, at) : is_space(*at)))
        at++;
    if (s->left == 0)
        at = s->end;
    *piece = (oq_string){from, (size_t)(at - from)};
    s->is_over = at == s->end;
    if (!s->is_over)
        s->at = at + (s->delimiter.size ? s->delimiter.size : 1);
    s->left -= s->left > 0;
    return true;
}

static splitter open_splitter(const oq_node *node, oq_string s)
{
    const oq_attr *delimiter = oq_node_attr(node, "delimiter"), *most = oq_node_attr(node, "maxsplit");

    return (splitter){.at = s.size ? s.data : "",
                      .end = s.size ? s.data + s.size : "",
                      .delimiter =
                          delimiter && delimiter->kind == OQ_ATTR_STRING ? delimiter->s : (oq_string){"", 0},
                      .left = most && most->kind == OQ_ATTR_INT && most->i >= 0 ? most->i : -1};
}

static oq_status run_split(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    const oq_string *strings = in->data;
    int64_t dims[OQ_MAX_RANK], most = 0, *counts = oq_scratch(ctx, in->n * sizeof *counts), *given;
    oq_string *out, piece;

    if (!counts)
        return oq_run_failure(ctx);
    if (in->rank == OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "a result of rank %d; at most %d is possible", in->rank + 1,
                   OQ_MAX_RANK);
    for (size_t i = 0; i < in->n; i++) {
        splitter s = open_splitter(ctx->node, strings[i]);

        for (counts[i] = 0; next_piece(&s, &piece); counts[i]++)
            ;
        most = counts[i] > most ? counts[i] : most;
    }
    memcpy(dims, in->dims, sizeof dims);
    dims[in->rank] = most;
    out = oq_out(ctx, 0, OQ_STRING, dims, in->rank + 1);
    if (!out)
        return oq_run_failure(ctx);
    for (size_t i = 0; i < in->n; i++) {
        splitter s = open_splitter(ctx->node, strings[i]);

        for (int64_t k = 0; k < most; k++)
            *out++ = next_piece(&s, &piece) ? piece : (oq_string){"", 0};
    }
    if (ctx->n_out < 2 || !ctx->wanted[1])
        return OQ_OK;
    given = oq_out(ctx, 1, OQ_INT64, in->dims, in->rank);
    if (!given)
        return oq_run_failure(ctx);
    if (in->n)
        memcpy(given, counts, in->n * sizeof *counts);
    return OQ_OK;
}

/* ------------------------------------------------------------------ the rows */

#define ROW(op, opset, n_in, outs, infer_fn, prepare_fn, run_fn)                                            \
    {                                                                                                       \
        .name = op, .domain = "", .since = opset, .min_in = n_in, .max_in = n_in, .min_out = 1,             \
        .max_out = outs, .types = OQ_T(OQ_STRING), .infer = infer_fn, .prepare = prepare_fn, .run = run_fn, \
        .rule = OQ_RULE_NONE, .weight = -1, .bias = -1                                                      \
    }

const oq_op oq_ops_strings[] = {
    ROW("StringConcat", 20, 2, 1, oq_infer_broadcast, NULL, run_concat),
    ROW("StringNormalizer", 10, 1, 1, infer_normalizer, prepare_normalizer, run_normalizer),
    ROW("StringSplit", 20, 1, 2, infer_split, NULL, run_split),
    {.name = NULL},
};
