#include <math.h>
#include <string.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

static host *attention(const float *x, int opset)
{
    host *h = host_new("Attention", opset, 7, 4);

    for (int i = 0; i < 3; i++)
        host_floats(h, i, x, DIMS(2, 3, 8));
    oq_node_set_int(h->node, "q_num_heads", 2);
    oq_node_set_int(h->node, "kv_num_heads", 2);
    return h;
}

static void test_rank_3(void)
{
    float *x = some_floats(2 * 3 * 8, 1), turned[2 * 3 * 8];
    host *h = attention(x, 23), *four = host_new("Attention", 23, 3, 1);
    double worst = 0;

    is_int(host_infer(h), OQ_OK, "rank 3");
    is_str(host_out_type(h, 0), "float[2,3,8]", "its output");
    is_str(host_out_type(h, 1), "float[2,2,3,4]", "its keys");
    is_str(host_out_type(h, 3), "float[2,2,3,3]", "its scores");
    is_int(host_run(h), OQ_OK, "runs");
    is_str(host_out_shape(h, 3), "float[2,2,3,3]", "as inferred");
    for (size_t i = 0; i < 48; i++) /* [b, t, h, d] to [b, h, t, d] */
        turned[i / 24 * 24 + i / 4 % 2 * 12 + i / 8 % 3 * 4 + i % 4] = x[i];
    for (int i = 0; i < 3; i++)
        host_floats(four, i, turned, DIMS(2, 2, 3, 4));
    is_int(host_run(four), OQ_OK, "the same in rank 4");
    for (size_t i = 0; i < 48; i++)
        worst = fmax(worst,
                     fabs((double)host_float(h, 0, i) -
                          (double)host_float(four, 0, i / 24 * 24 + i / 4 % 2 * 12 + i / 8 % 3 * 4 + i % 4)));
    ok(worst == 0, "gives the same numbers");
    is_mem(h->out[1].data, turned, sizeof turned, "present keys are the keys, head by head");
    host_free(h);
    host_free(four);
    free(x);
}

static void test_past(void)
{
    float *x = some_floats(2 * 3 * 8, 1), *past = some_floats(2 * 2 * 5 * 4, 2);
    host *h = attention(x, 23);

    host_floats(h, 4, past, DIMS(2, 2, 5, 4));
    is_int(host_run(h), OQ_FORMAT, "a past of keys alone is refused");
    host_floats(h, 5, past, DIMS(2, 2, 5, 4));
    is_int(host_infer(h), OQ_OK, "with a past");
    is_str(host_out_type(h, 1), "float[2,2,8,4]", "keys grow");
    is_int(host_run(h), OQ_OK, "runs");
    is_str(host_out_shape(h, 3), "float[2,2,3,8]", "scores of all keys");
    is_mem(h->out[1].data, past, 20 * sizeof(float), "the past stands in front");
    host_floats(h, 5, past, DIMS(2, 2, 4, 5));
    is_int(host_run(h), OQ_SHAPE, "a past of another size is refused");
    host_free(h);
    free(x);
    free(past);
}

static void test_mask(void)
{
    float *x = some_floats(2 * 3 * 8, 1);
    host *h = attention(x, 23);

    host_array(h, 3, OQ_BOOL, (uint8_t[]){1, 0, 0, 0, 1, 0, 0, 0, 0}, DIMS(3, 3));
    is_int(host_run(h), OQ_OK, "a mask of bools");
    is_mem(h->out[0].data, x, 16 * sizeof(float), "a query that sees one key gives its value");
    ok(host_float(h, 0, 16) == 0, "one that sees none gives zero");
    host_floats(h, 3, x, DIMS(1, 4));
    is_int(host_run(h), OQ_SHAPE, "a mask of too many keys is refused");
    oq_node_set_int(h->node, "q_num_heads", 3);
    is_int(host_run(h), OQ_SHAPE, "heads that do not divide are refused");
    host_free(h);
    free(x);
}

static void test_rotary(void)
{
    float x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, c[2] = {0, 1}, s[2] = {1, 0};
    host *h = host_new("RotaryEmbedding", 23, 4, 1);

    host_floats(h, 0, x, DIMS(1, 2, 1, 4));
    host_floats(h, 1, c, DIMS(1, 2));
    host_floats(h, 2, s, DIMS(1, 2));
    host_array(h, 3, OQ_INT64, (int64_t[]){0}, DIMS(1, 1));
    is_int(host_run(h), OQ_OK, "halves");
    is_mem(h->out[0].data, ((float[]){-3, 2, 1, 4, -7, 6, 5, 8}), sizeof x,
           "x1 cos - x2 sin, x1 sin + x2 cos");
    oq_node_set_int(h->node, "interleaved", 1);
    is_int(host_run(h), OQ_OK, "interleaved");
    is_mem(h->out[0].data, ((float[]){-2, 1, 3, 4, -6, 5, 7, 8}), sizeof x, "pairs are neighbours");
    oq_node_set_int(h->node, "rotary_embedding_dim", 2);
    is_int(host_run(h), OQ_SHAPE, "caches of another size are refused");
    host_floats(h, 1, c, DIMS(1, 1));
    host_floats(h, 2, s, DIMS(1, 1));
    is_int(host_run(h), OQ_OK, "a part");
    is_mem(h->out[0].data, ((float[]){-2, 1, 3, 4, -6, 5, 7, 8}), sizeof x, "the rest is passed on");
    host_array(h, 3, OQ_INT64, (int64_t[]){1}, DIMS(1, 1));
    is_int(host_run(h), OQ_SHAPE, "a position outside the caches is refused");
    host_free(h);
}

int main(void)
{
    test_rank_3();
    test_past();
    test_mask();
    test_rotary();
    return tap_done();
}
