#include <math.h>
#include <string.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

/* [I I I]: query, key and value are the input itself. */
static const float weight[4 * 12] = {[0] = 1,  [4] = 1,  [8] = 1,  [13] = 1, [17] = 1, [21] = 1,
                                     [26] = 1, [30] = 1, [34] = 1, [39] = 1, [43] = 1, [47] = 1};

static host *plain(const float *x, int64_t length)
{
    host *h = host_new("Attention", 23, 3, 1);

    for (int i = 0; i < 3; i++)
        host_floats(h, i, x, DIMS(2, length, 4));
    oq_node_set_int(h->node, "q_num_heads", 2);
    oq_node_set_int(h->node, "kv_num_heads", 2);
    is_int(host_run(h), OQ_OK, "the operator of ai.onnx runs");
    return h;
}

static double difference(host *a, host *b)
{
    double worst = 0;

    for (size_t i = 0; i < a->out[0].n; i++)
        worst = fmax(worst, fabs((double)host_float(a, 0, i) - (double)host_float(b, 0, i)));
    return worst;
}

static void test_attention(void)
{
    float *x = some_floats(2 * 3 * 4, 1);
    host *want = plain(x, 3), *h = host_new_in("com.microsoft", "Attention", 1, 6, 2);

    host_floats(h, 0, x, DIMS(2, 3, 4));
    host_floats(h, 1, weight, DIMS(4, 12));
    oq_node_set_int(h->node, "num_heads", 2);
    is_int(host_infer(h), OQ_OK, "Attention of com.microsoft");
    is_str(host_out_type(h, 0), "float[2,3,4]", "its output");
    is_int(host_run(h), OQ_OK, "runs");
    is_str(host_out_shape(h, 0), "float[2,3,4]", "as inferred");
    is_str(host_out_shape(h, 1), "float[2,2,2,3,2]", "keys and values are kept");
    ok(difference(h, want) < 1e-6, "gives what ai.onnx gives");
    host_array(h, 3, OQ_INT32, (int32_t[]){1, 1}, DIMS(2));
    is_int(host_run(h), OQ_OK, "with one key each");
    is_float((double)host_float(h, 0, 8), (double)x[0], 1e-6, "every query gets its value");
    host_array(h, 3, OQ_INT32, (int32_t[]){1, 1, 1}, DIMS(3));
    is_int(host_run(h), OQ_UNSUPPORTED, "a mask of another shape is refused");
    oq_node_set_int(h->node, "num_heads", 3);
    is_int(host_run(h), OQ_SHAPE, "heads that do not divide are refused");
    oq_node_set_int(h->node, "do_rotary", 1);
    is_int(host_run(h), OQ_UNSUPPORTED, "rotary embedding is refused by name");
    host_free(h);
    host_free(want);
    free(x);
}

static void test_multi_head(void)
{
    float *x = some_floats(2 * 3 * 4, 1);
    host *want = plain(x, 3), *h = host_new_in("com.microsoft", "MultiHeadAttention", 1, 8, 3);

    for (int i = 0; i < 3; i++)
        host_floats(h, i, x, DIMS(2, 3, 4));
    oq_node_set_int(h->node, "num_heads", 2);
    is_int(host_infer(h), OQ_OK, "MultiHeadAttention");
    is_str(host_out_type(h, 0), "float[2,3,4]", "its output");
    is_int(host_run(h), OQ_OK, "runs");
    ok(difference(h, want) < 1e-6, "gives what ai.onnx gives");
    host_floats(h, 3, weight, DIMS(11));
    is_int(host_run(h), OQ_SHAPE, "a bias that is too short is refused");
    h->in_list[1] = NULL;
    is_int(host_run(h), OQ_UNSUPPORTED, "packed forms are refused");
    host_free(h);
    host_free(want);
    free(x);
}

int main(void)
{
    test_attention();
    test_multi_head();
    return tap_done();
}
