#include <string.h>

#include "host.h"
#include "tap/tap.h"

/* Pool: 1 2 (single), then the pairs 1-2 and 2-1. */
static host *vectorizer(const char *mode, int64_t least, int64_t most, int64_t skips)
{
    host *h = host_new("TfIdfVectorizer", 9, 1, 1);

    oq_node_set_string(h->node, "mode", mode);
    oq_node_set_int(h->node, "min_gram_length", least);
    oq_node_set_int(h->node, "max_gram_length", most);
    oq_node_set_int(h->node, "max_skip_count", skips);
    oq_node_set_ints(h->node, "ngram_counts", (int64_t[]){0, 2}, 2);
    oq_node_set_ints(h->node, "ngram_indexes", (int64_t[]){0, 1, 3, 2}, 4);
    oq_node_set_ints(h->node, "pool_int64s", (int64_t[]){1, 2, 1, 2, 2, 1}, 6);
    host_array(h, 0, OQ_INT64, (int64_t[]){1, 2, 2, 1}, DIMS(4));
    return h;
}

static void set_weights(host *h, float *weights, size_t n)
{
    oq_node_set_string(h->node, "weights", "");
    for (int i = 0; i < h->node->n_attrs; i++) {
        if (strcmp(h->node->attrs[i].name, "weights") == 0) {
            h->node->attrs[i].kind = OQ_ATTR_FLOATS;
            h->node->attrs[i].n = n;
            h->node->attrs[i].floats = weights;
        }
    }
}

static void counts(void)
{
    static float weights[] = {1, 10, 100, 1000};
    host *h = vectorizer("TF", 1, 2, 0);

    is_int(host_run(h), OQ_OK, "it runs");
    is_mem(h->out[0].data, ((float[]){2, 2, 1, 1}), 16, "singles twice, 2-1 and 1-2 once, at their places");
    host_free(h);
    h = vectorizer("TF", 2, 2, 1);
    host_run(h);
    is_mem(h->out[0].data, ((float[]){0, 0, 2, 2}), 16, "pairs alone, also over one item");
    host_array(h, 0, OQ_INT32, (int32_t[]){1, 1, 2, 1}, DIMS(2, 2));
    is_int(host_run(h), OQ_OK, "rows of int32 run");
    is_mem(h->out[0].data, ((float[]){0, 0, 0, 0, 0, 0, 1, 0}), 32, "each by itself");
    host_free(h);
    h = vectorizer("IDF", 1, 1, 0);
    set_weights(h, weights, 4);
    host_run(h);
    is_mem(h->out[0].data, ((float[]){1, 10, 0, 0}), 16, "weights of what occurs");
    oq_node_set_string(h->node, "mode", "TFIDF");
    host_run(h);
    is_mem(h->out[0].data, ((float[]){2, 20, 0, 0}), 16, "weights times counts");
    set_weights(h, weights, 3);
    is_int(host_run(h), OQ_SHAPE, "three weights for four n-grams are refused");
    host_free(h);
}

static void refuses(void)
{
    const oq_string words[] = {{"a", 1}};
    host *h = vectorizer("BM25", 1, 1, 0);

    is_int(host_run(h), OQ_UNSUPPORTED, "an unknown mode");
    oq_node_set_string(h->node, "mode", "TF");
    host_array(h, 0, OQ_STRING, words, DIMS(1));
    is_int(host_run(h), OQ_SHAPE, "strings for a pool of numbers");
    oq_node_set_int(h->node, "max_gram_length", 3);
    is_int(host_run(h), OQ_SHAPE, "n-grams that the pool has not");
    oq_node_set_int(h->node, "max_gram_length", 0);
    is_int(host_run(h), OQ_RANGE, "n-grams of nothing");
    oq_node_set_int(h->node, "max_gram_length", 2);
    oq_node_set_ints(h->node, "ngram_counts", (int64_t[]){0, 3}, 2);
    is_int(host_run(h), OQ_SHAPE, "half a pair");
    host_type(h, 0, OQ_INT64, DIMS(-1, 9));
    is_int(host_infer(h), OQ_OK, "it infers");
    is_str(host_out_type(h, 0), "float[?,4]", "four places");
    oq_node_set_ints(h->node, "ngram_indexes", (int64_t[]){0, -1}, 2);
    is_int(host_run(h), OQ_SHAPE, "a negative place");
    host_free(h);
}

int main(void)
{
    counts();
    refuses();
    return tap_done();
}
