#include <string.h>

#include "host.h"
#include "tap/tap.h"

#define STRING(text)          \
    {                         \
        text, sizeof text - 1 \
    }

/* All strings of an output, each in brackets. */
static const char *strings_of(const host *h, int i)
{
    static char text[400];
    const oq_string *strings = h->out[i].data;
    size_t at = 0;

    text[0] = '\0';
    for (size_t k = 0; k < h->out[i].n && at + strings[k].size + 3 < sizeof text; k++) {
        text[at++] = '[';
        if (strings[k].size)
            memcpy(text + at, strings[k].data, strings[k].size);
        at += strings[k].size;
        text[at++] = ']';
        text[at] = '\0';
    }
    return text;
}

static void concatenates(void)
{
    const oq_string a[] = {STRING("x"), STRING("yy")}, b[] = {STRING("1"), STRING("")};
    host *h = host_new("StringConcat", 20, 2, 1);

    host_array(h, 0, OQ_STRING, a, DIMS(2, 1));
    host_array(h, 1, OQ_STRING, b, DIMS(2));
    is_int(host_run(h), OQ_OK, "StringConcat runs");
    is_str(host_out_shape(h, 0), "string[2,2]", "broadcast");
    is_str(strings_of(h, 0), "[x1][x][yy1][yy]", "each with each");
    host_floats(h, 1, (float[]){1, 2}, DIMS(2));
    is_int(host_run(h), OQ_SHAPE, "numbers are refused");
    host_free(h);
}

static void normalizes(void)
{
    const oq_string days[] = {STRING("Monday"), STRING("tuesday"), STRING("MONDAY")},
                    accents[] = {STRING("\303\251t\303\251")};
    oq_string *stop;
    host *h = host_new("StringNormalizer", 10, 1, 1);

    host_array(h, 0, OQ_STRING, days, DIMS(1, 3));
    oq_node_set_string(h->node, "case_change_action", "UPPER");
    is_int(host_run(h), OQ_OK, "StringNormalizer runs");
    is_str(strings_of(h, 0), "[MONDAY][TUESDAY][MONDAY]", "in capitals");
    stop = oq_arena_alloc(h->model->arena, sizeof *stop);
    *stop = days[0];
    oq_node_set_string(h->node, "stopwords", "");
    for (int i = 0; i < h->node->n_attrs; i++) {
        if (strcmp(h->node->attrs[i].name, "stopwords") == 0) {
            h->node->attrs[i].kind = OQ_ATTR_STRINGS;
            h->node->attrs[i].n = 1;
            h->node->attrs[i].strings = stop;
        }
    }
    host_run(h);
    is_str(strings_of(h, 0), "[TUESDAY]", "without stop words in any case");
    is_str(host_out_shape(h, 0), "string[1,1]", "in the input's rank");
    oq_node_set_int(h->node, "is_case_sensitive", 1);
    host_run(h);
    is_str(strings_of(h, 0), "[TUESDAY][MONDAY]", "or in just that");
    host_array(h, 0, OQ_STRING, days, DIMS(1));
    host_run(h);
    is_str(strings_of(h, 0), "[]", "when nothing is left there is one empty string");
    host_array(h, 0, OQ_STRING, accents, DIMS(1));
    is_int(host_run(h), OQ_UNSUPPORTED, "case beyond ASCII is refused");
    oq_node_set_string(h->node, "case_change_action", "NONE");
    is_int(host_run(h), OQ_OK, "where no case matters it is not");
    host_array(h, 0, OQ_STRING, days, DIMS(3, 1));
    is_int(host_run(h), OQ_SHAPE, "three rows are refused");
    oq_node_set_string(h->node, "case_change_action", "TITLE");
    is_int(host_run(h), OQ_UNSUPPORTED, "and an unknown change");
    host_free(h);
}

static void splits(void)
{
    const oq_string words[] = {STRING("  a  b c "), STRING("")}, dashes[] = {STRING("a--b-"), STRING("-")};
    host *h = host_new("StringSplit", 20, 1, 2);

    host_array(h, 0, OQ_STRING, words, DIMS(2));
    is_int(host_run(h), OQ_OK, "StringSplit runs");
    is_str(host_out_shape(h, 0), "string[2,3]", "as many columns as pieces at most");
    is_str(strings_of(h, 0), "[a][b][c][][][]", "split at white space, filled with empty strings");
    is_mem(h->out[1].data, ((int64_t[]){3, 0}), 16, "the numbers of pieces");
    oq_node_set_int(h->node, "maxsplit", 1);
    host_run(h);
    is_str(strings_of(h, 0), "[a][b c ][][]", "the last piece has the rest");
    oq_node_set_string(h->node, "delimiter", "-");
    oq_node_set_int(h->node, "maxsplit", 9);
    host_array(h, 0, OQ_STRING, dashes, DIMS(2));
    host_run(h);
    is_str(strings_of(h, 0), "[a][][b][][][][][]", "empty pieces lie between delimiters");
    is_mem(h->out[1].data, ((int64_t[]){4, 2}), 16, "and count");
    host_type(h, 0, OQ_STRING, DIMS(-1, 2));
    is_int(host_infer(h), OQ_OK, "it infers");
    is_str(host_out_type(h, 0), "string[?,2,?]", "one axis more");
    host_free(h);
}

int main(void)
{
    concatenates();
    normalizes();
    splits();
    return tap_done();
}
