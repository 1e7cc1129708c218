#include <math.h>

#include "host.h"
#include "tap/tap.h"

static const float one[4] = {1, 1, 1, 1}, half[4] = {0.5f, 0.5f, 0.5f, 0.5f};

static void test_skip(void)
{
    host *h = host_new_in("com.microsoft", "SkipLayerNormalization", 1, 5, 4);

    host_floats(h, 0, (float[]){1, 2, 3, 4, 0, 0, 0, 8}, DIMS(1, 2, 4));
    host_floats(h, 1, (float[]){1, 0, -1, 0, 0, 0, 0, 0}, DIMS(1, 2, 4));
    host_floats(h, 2, half, DIMS(4));
    h->wanted[1] = h->wanted[2] = false;
    is_int(host_infer(h), OQ_OK, "SkipLayerNormalization");
    is_str(host_out_type(h, 3), "float[1,2,4]", "the sum has the shape of the input");
    h->node->outputs[1] = h->node->outputs[2] = NULL;
    is_int(host_run(h), OQ_OK, "runs without beta and bias");
    is_mem(h->out[3].data, ((float[]){2, 2, 2, 4, 0, 0, 0, 8}), 32, "input and skip are added");
    is_float((double)host_float(h, 0, 3), sqrt(3) / 2, 1e-6, "then normalized and scaled");
    host_floats(h, 4, one, DIMS(4));
    is_int(host_run(h), OQ_OK, "with a bias");
    is_float((double)host_float(h, 3, 0), 3, 0, "which is part of the sum");
    host_floats(h, 1, one, DIMS(3));
    is_int(host_run(h), OQ_SHAPE, "a skip of another size is refused");
    host_free(h);
}

static void test_simplified(void)
{
    host *h = host_new("SimplifiedLayerNormalization", 13, 2, 1);

    host_floats(h, 0, (float[]){3, 3, -3, 3}, DIMS(1, 4));
    host_floats(h, 1, half, DIMS(4));
    is_int(host_run(h), OQ_OK, "SimplifiedLayerNormalization");
    is_float((double)host_float(h, 0, 2), -0.5, 1e-5, "keeps the mean");
    oq_node_set_int(h->node, "axis", 0);
    is_int(host_run(h), OQ_UNSUPPORTED, "another axis is refused by name");
    host_free(h);
}

static void test_embed(void)
{
    host *h = host_new_in("com.microsoft", "EmbedLayerNormalization", 1, 8, 3);
    float table[8] = {0, 0, 0, 0, 1, 2, 3, 4};

    host_array(h, 0, OQ_INT32, (int32_t[]){1, 0}, DIMS(1, 2));
    host_floats(h, 2, table, DIMS(2, 4));
    host_floats(h, 3, table, DIMS(2, 4));
    host_floats(h, 5, one, DIMS(4));
    host_floats(h, 6, half, DIMS(4));
    host_array(h, 7, OQ_INT32, (int32_t[]){1, 0}, DIMS(1, 2));
    is_int(host_infer(h), OQ_OK, "EmbedLayerNormalization");
    is_str(host_out_type(h, 0), "float[1,2,4]", "a row for each token");
    is_int(host_run(h), OQ_OK, "runs");
    is_mem(h->out[2].data, ((float[]){1, 2, 3, 4, 1, 2, 3, 4}), 32, "word and position are added");
    is_int(host_int(h, 1, 0), 1, "the mask keeps one token");
    host_array(h, 0, OQ_INT32, (int32_t[]){2, 0}, DIMS(1, 2));
    is_int(host_run(h), OQ_SHAPE, "a word outside the table is refused");
    host_free(h);
}

int main(void)
{
    test_skip();
    test_simplified();
    test_embed();
    return tap_done();
}
