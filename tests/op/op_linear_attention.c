#include <math.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

/* Linear rule: output t is the sum over s <= t of (q_t . k_s) v_s * scale. */
static void test_linear(void)
{
    float *q = some_floats(2 * 5 * 8, 1), *k = some_floats(2 * 5 * 4, 2), *v = some_floats(2 * 5 * 6, 3);
    host *h = host_new("LinearAttention", 27, 6, 2);
    double worst = 0;

    host_floats(h, 0, q, DIMS(2, 5, 8));
    host_floats(h, 1, k, DIMS(2, 5, 4));
    host_floats(h, 2, v, DIMS(2, 5, 6));
    oq_node_set_int(h->node, "q_num_heads", 4);
    oq_node_set_int(h->node, "kv_num_heads", 2);
    oq_node_set_string(h->node, "update_rule", "linear");
    oq_node_set_float(h->node, "scale", 0.5f);
    is_int(host_infer(h), OQ_OK, "LinearAttention");
    is_str(host_out_type(h, 0), "float[2,5,12]", "a value for each query head");
    is_str(host_out_type(h, 1), "float[2,2,2,3]", "a state for each key head");
    is_int(host_run(h), OQ_OK, "runs");
    is_str(host_out_shape(h, 1), "float[2,2,2,3]", "as inferred");
    for (size_t i = 0; i < 2 * 5 * 4 * 3; i++) {
        size_t b = i / 60, t = i / 12 % 5, head = i / 3 % 4, m = i % 3;
        double sum = 0;

        for (size_t s = 0; s <= t; s++) {
            const float *key = k + (b * 5 + s) * 4 + head / 2 * 2, *query = q + (b * 5 + t) * 8 + head * 2;

            sum += ((double)query[0] * (double)key[0] + (double)query[1] * (double)key[1]) *
                   (double)v[(b * 5 + s) * 6 + head / 2 * 3 + m];
        }
        worst = fmax(worst, fabs(sum * 0.5 - (double)host_float(h, 0, i)));
    }
    ok(worst < 1e-6, "sums over the past (%g)", worst);
    oq_node_set_string(h->node, "update_rule", "delta");
    is_int(host_run(h), OQ_FORMAT, "a rule without its gate is refused");
    oq_node_set_string(h->node, "update_rule", "cubic");
    is_int(host_run(h), OQ_UNSUPPORTED, "a rule that is not known is refused");
    oq_node_set_int(h->node, "q_num_heads", 3);
    is_int(host_run(h), OQ_SHAPE, "heads that do not divide are refused");
    host_free(h);
    free(q);
    free(k);
    free(v);
}

static void test_gates(void)
{
    host *h = host_new("LinearAttention", 27, 6, 2);
    const float two[2] = {1, 1}, decay[2] = {0, -INFINITY}, beta[2] = {1, 1};

    for (int i = 0; i < 3; i++)
        host_floats(h, i, two, DIMS(1, 2, 1));
    host_floats(h, 3, (float[]){3}, DIMS(1, 1, 1, 1));
    host_floats(h, 4, decay, DIMS(1, 2, 1));
    host_floats(h, 5, beta, DIMS(1, 2, 1));
    oq_node_set_int(h->node, "q_num_heads", 1);
    oq_node_set_int(h->node, "kv_num_heads", 1);
    is_int(host_run(h), OQ_OK, "gated_delta with a past");
    is_float((double)host_float(h, 0, 0), 1, 1e-6, "delta replaces what the state knew of the key");
    is_float((double)host_float(h, 1, 0), 1, 1e-6, "decay forgets");
    host_free(h);
}

static void test_causal(void)
{
    host *h = host_new("CausalConvWithState", 27, 4, 2);

    host_floats(h, 0, (float[]){1, 2, 3, 4, 5, 6}, DIMS(1, 2, 3));
    host_floats(h, 1, (float[]){1, 10, 1, 100}, DIMS(2, 1, 2));
    host_floats(h, 2, (float[]){0, 0.5f}, DIMS(2));
    is_int(host_infer(h), OQ_OK, "CausalConvWithState");
    is_str(host_out_type(h, 1), "float[1,2,1]", "keeps k - 1 numbers");
    is_int(host_run(h), OQ_OK, "runs");
    is_mem(h->out[0].data, ((float[]){10, 21, 32, 400.5f, 504.5f, 605.5f}), 24,
           "looks back only, channel by channel");
    is_mem(h->out[1].data, ((float[]){3, 6}), 8, "the last numbers are the state");
    host_floats(h, 3, (float[]){7, 8}, DIMS(1, 2, 1));
    is_int(host_run(h), OQ_OK, "with a past");
    is_float((double)host_float(h, 0, 0), 17, 0, "which stands in front");
    oq_node_set_string(h->node, "activation", "tanh");
    is_int(host_run(h), OQ_UNSUPPORTED, "another activation is refused");
    host_floats(h, 3, (float[]){7, 8}, DIMS(1, 1, 2));
    is_int(host_run(h), OQ_SHAPE, "a past of another shape is refused");
    host_free(h);
}

int main(void)
{
    test_linear();
    test_gates();
    test_causal();
    return tap_done();
}
