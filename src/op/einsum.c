#include "op/einsum.h"

#include <string.h>

/* What OQ_OP_FAIL looks at. */
typedef struct {
    const oq_node *node;
    oq_diag *diag;
    const char *at; /* next character of the equation */
} reader;

/* One term as written: letters in order, and where the dots stand among them. */
typedef struct {
    int n_letters;
    int letters[OQ_MAX_RANK];
    int dots; /* letters before "...", or -1 */
} written;

static int label_of(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : -1;
}

static bool is_end_of_term(const reader *r)
{
    return *r->at == '\0' || *r->at == ',' || (r->at[0] == '-' && r->at[1] == '>');
}

static oq_status read_term(reader *r, written *w)
{
    *w = (written){.dots = -1};
    for (; !is_end_of_term(r); r->at++) {
        if (*r->at == ' ')
            continue;
        if (strncmp(r->at, "...", 3) == 0 && w->dots < 0) {
            w->dots = w->n_letters;
            r->at += 2;
            continue;
        }
        if (label_of(*r->at) < 0)
            OQ_OP_FAIL(r, OQ_SHAPE,
                       "character '%c' of the equation is no letter, and no \"...\" for the first time",
                       *r->at);
        if (w->n_letters == OQ_MAX_RANK)
            OQ_OP_FAIL(r, OQ_UNSUPPORTED, "a term of the equation has more than %d letters", OQ_MAX_RANK);
        w->letters[w->n_letters++] = label_of(*r->at);
    }
    return OQ_OK;
}

/* Labels of `n_dots` dimensions under "...": those further right have lower numbers. */
static void spell(const written *w, int n_dots, oq_einsum_term *term)
{
    term->rank = 0;
    for (int i = 0; i <= w->n_letters; i++) {
        for (int k = n_dots; i == w->dots && k > 0; k--)
            term->labels[term->rank++] = 52 + k - 1;
        if (i < w->n_letters)
            term->labels[term->rank++] = w->letters[i];
    }
}

static oq_status read_operand(reader *r, int number, int rank, int *n_dots, oq_einsum_term *term)
{
    written w;

    OQ_TRY(read_term(r, &w));
    *n_dots = w.dots < 0 ? 0 : rank - w.n_letters;
    if (*n_dots < 0 || (w.dots < 0 && rank != w.n_letters))
        OQ_OP_FAIL(r, OQ_SHAPE, "term %d of the equation has %d letters, the operand rank %d", number,
                   w.n_letters, rank);
    spell(&w, *n_dots, term);
    return OQ_OK;
}

static oq_status read_result(reader *r, const int *counts, int n_dots, oq_einsum_term *result)
{
    bool is_there[OQ_EINSUM_LABELS] = {false};
    written w;

    OQ_TRY(read_term(r, &w));
    if (*r->at != '\0')
        OQ_OP_FAIL(r, OQ_SHAPE, "the equation goes on behind its result: '%s'", r->at);
    if (w.n_letters + (w.dots < 0 ? 0 : n_dots) > OQ_MAX_RANK)
        OQ_OP_FAIL(r, OQ_UNSUPPORTED, "the result has more than %d dimensions", OQ_MAX_RANK);
    spell(&w, n_dots, result);
    for (int i = 0; i < result->rank; i++) {
        int label = result->labels[i];

        if (counts[label] == 0 || is_there[label])
            OQ_OP_FAIL(r, OQ_SHAPE, "a letter of the result is in no operand, or twice in the result");
        is_there[label] = true;
    }
    return OQ_OK;
}

static oq_status imply_result(reader *r, const int *counts, int n_dots, oq_einsum_term *result)
{
    int n = n_dots;

    for (int label = 0; label < 52; label++)
        n += counts[label] == 1;
    if (n > OQ_MAX_RANK)
        OQ_OP_FAIL(r, OQ_UNSUPPORTED, "the result has %d dimensions; at most %d are possible", n,
                   OQ_MAX_RANK);
    result->rank = 0;
    for (int k = n_dots; k > 0; k--)
        result->labels[result->rank++] = 52 + k - 1;
    for (int label = 0; label < 52; label++) {
        if (counts[label] == 1)
            result->labels[result->rank++] = label;
    }
    return OQ_OK;
}

oq_status oq_einsum_read(const oq_node *node, const int *ranks, int n, oq_einsum *out, oq_diag *diag)
{
    reader r = {node, diag, oq_node_string(node, "equation", "")};
    int counts[OQ_EINSUM_LABELS] = {0}, most_dots = 0, n_dots = 0;

    if (n > OQ_EINSUM_MAX_TERMS)
        OQ_OP_FAIL(&r, OQ_UNSUPPORTED, "%d operands; at most %d are possible", n, OQ_EINSUM_MAX_TERMS);
    out->n_terms = n;
    for (int i = 0; i < n; i++) {
        if (i > 0 && *r.at++ != ',')
            OQ_OP_FAIL(&r, OQ_SHAPE, "the equation has %d terms for %d operands", i, n);
        OQ_TRY(read_operand(&r, i, ranks[i], &n_dots, &out->terms[i]));
        most_dots = n_dots > most_dots ? n_dots : most_dots;
        for (int k = 0; k < out->terms[i].rank; k++)
            counts[out->terms[i].labels[k]]++;
    }
    if (*r.at == ',')
        OQ_OP_FAIL(&r, OQ_SHAPE, "the equation has more terms than the %d operands", n);
    if (*r.at == '\0')
        return imply_result(&r, counts, most_dots, &out->result);
    r.at += 2;
    return read_result(&r, counts, most_dots, &out->result);
}
