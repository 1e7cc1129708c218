#include "op/einsum.h"

#include <stdio.h>
#include <string.h>

#include "host.h"
#include "tap/tap.h"

/* Labels as text: letters, and digits for the dimensions of "...". */
static const char *text_of(const oq_einsum_term *term)
{
    static char text[OQ_MAX_RANK + 1];

    for (int i = 0; i < term->rank; i++) {
        int label = term->labels[i];

        text[i] = (char)(label < 26 ? 'A' + label : label < 52 ? 'a' + label - 26 : '0' + label - 52);
    }
    text[term->rank] = '\0';
    return text;
}

static oq_status read(host *h, const char *equation, const int *ranks, int n, oq_einsum *out)
{
    oq_node_set_string(h->node, "equation", equation);
    return oq_einsum_read(h->node, ranks, n, out, &h->diag);
}

static void reads(host *h)
{
    oq_einsum e;

    is_int(read(h, "bij, bjk -> bik", (int[]){3, 3}, 2, &e), OQ_OK, "a product is read");
    is_str(text_of(&e.terms[1]), "bjk", "spaces do not count");
    is_str(text_of(&e.result), "bik", "the result is as written");
    is_int(read(h, "ba,ac", (int[]){2, 2}, 2, &e), OQ_OK, "a result may be left out");
    is_str(text_of(&e.result), "bc", "it has the letters that occur once");
    is_int(read(h, "bA", (int[]){2}, 1, &e), OQ_OK, "capitals are letters");
    is_str(text_of(&e.result), "Ab", "and come first");
    is_int(read(h, "ii", (int[]){2}, 1, &e), OQ_OK, "a trace is read");
    is_int(e.result.rank, 0, "nothing is left");
    is_int(read(h, "a...b,...->...ab", (int[]){4, 1}, 2, &e), OQ_OK, "dots stand for dimensions");
    is_str(text_of(&e.terms[0]), "a10b", "numbered from the right");
    is_str(text_of(&e.terms[1]), "0", "so that the last ones meet");
    is_str(text_of(&e.result), "10ab", "and the result has the most of them");
    is_int(read(h, "...a", (int[]){3}, 1, &e), OQ_OK, "without a result");
    is_str(text_of(&e.result), "10a", "they come before the letters");
}

static void refuses(host *h)
{
    oq_einsum e;

    is_int(read(h, "ij,jk", (int[]){2}, 1, &e), OQ_SHAPE, "two terms for one operand");
    is_int(read(h, "ij", (int[]){2, 2}, 2, &e), OQ_SHAPE, "one term for two operands");
    is_int(read(h, "ij", (int[]){3}, 1, &e), OQ_SHAPE, "two letters for rank 3");
    is_int(read(h, "i...j", (int[]){1}, 1, &e), OQ_SHAPE, "two letters and dots for rank 1");
    is_int(read(h, "i1", (int[]){2}, 1, &e), OQ_SHAPE, "a digit");
    is_int(read(h, "......", (int[]){2}, 1, &e), OQ_SHAPE, "dots twice");
    is_int(read(h, "ij->ijk", (int[]){2}, 1, &e), OQ_SHAPE, "a letter from nowhere");
    is_int(read(h, "ij->ii", (int[]){2}, 1, &e), OQ_SHAPE, "a letter twice in the result");
    is_int(read(h, "ij->i,j", (int[]){2}, 1, &e), OQ_SHAPE, "two results");
    is_int(read(h, "ij->i->j", (int[]){2}, 1, &e), OQ_SHAPE, "a result of a result");
    is_int(read(h, "abcdefghi", (int[]){8}, 1, &e), OQ_UNSUPPORTED, "nine letters");
    is_int(read(h, "abcdefgh,ijklmnop", (int[]){8, 8}, 2, &e), OQ_UNSUPPORTED, "sixteen dimensions");
}

int main(void)
{
    host *h = host_new("Einsum", 12, 1, 1);

    reads(h);
    refuses(h);
    host_free(h);
    return tap_done();
}
