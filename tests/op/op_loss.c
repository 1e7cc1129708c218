#include <math.h>

#include "host.h"
#include "tap/tap.h"

static void likelihood(void)
{
    host *h = host_new("NegativeLogLikelihoodLoss", 13, 3, 1);

    /* two samples, three classes */
    host_floats(h, 0, (float[]){-1, -2, -3, -4, -5, -6}, DIMS(2, 3));
    host_array(h, 1, OQ_INT64, (int64_t[]){0, 2}, DIMS(2));
    is_int(host_run(h), OQ_OK, "the loss runs");
    is_str(host_out_shape(h, 0), "float[]", "the mean is a scalar");
    is_float((double)host_float(h, 0, 0), 3.5, 0, "(1 + 6) / 2");
    host_floats(h, 2, (float[]){1, 1, 3}, DIMS(3));
    host_run(h);
    is_float((double)host_float(h, 0, 0), 4.75, 0, "weighted: (1 + 18) / (1 + 3)");
    oq_node_set_string(h->node, "reduction", "sum");
    host_run(h);
    is_float((double)host_float(h, 0, 0), 19, 0, "sum: 1 + 18");
    oq_node_set_string(h->node, "reduction", "none");
    oq_node_set_int(h->node, "ignore_index", 0);
    host_run(h);
    is_mem(h->out[0].data, ((float[]){0, 18}), 8, "each on its own; class 0 is ignored");
    oq_node_set_string(h->node, "reduction", "mean");
    host_run(h);
    is_float((double)host_float(h, 0, 0), 6, 0, "what is ignored does not count: 18 / 3");
    host_array(h, 1, OQ_INT64, (int64_t[]){1, 3}, DIMS(2));
    is_int(host_run(h), OQ_RANGE, "class 3 of 3 is refused");
    host_array(h, 1, OQ_INT64, (int64_t[]){1, 1, 1}, DIMS(3));
    is_int(host_run(h), OQ_SHAPE, "and a target of another shape");
    host_array(h, 1, OQ_INT64, (int64_t[]){1, 1}, DIMS(2));
    host_floats(h, 2, (float[]){1, 1}, DIMS(2));
    is_int(host_run(h), OQ_SHAPE, "and two weights for three classes");
    oq_node_set_string(h->node, "reduction", "median");
    is_int(host_infer(h), OQ_UNSUPPORTED, "and an unknown reduction");
    host_free(h);
}

static void planes(void)
{
    host *h = host_new("NegativeLogLikelihoodLoss", 13, 2, 1);

    /* one sample, two classes, two places */
    oq_node_set_string(h->node, "reduction", "none");
    host_floats(h, 0, (float[]){1, 2, 3, 4}, DIMS(1, 2, 2));
    host_array(h, 1, OQ_INT32, (int32_t[]){1, 0}, DIMS(1, 2));
    is_int(host_run(h), OQ_OK, "a loss for each place runs");
    is_mem(h->out[0].data, ((float[]){-3, -2}), 8, "class 1 at place 0, class 0 at place 1");
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 2, 7));
    host_type(h, 1, OQ_INT32, DIMS(-1, 7));
    host_symbol(h, 1, 0, "N");
    is_int(host_infer(h), OQ_OK, "it infers");
    is_str(host_out_type(h, 0), "float[N,7]", "the shape of the target");
    host_free(h);
}

static void cross_entropy(void)
{
    host *h = host_new("SoftmaxCrossEntropyLoss", 13, 2, 2);

    host_floats(h, 0, (float[]){0, 0, 1000, 1000 + logf(3)}, DIMS(2, 2));
    host_array(h, 1, OQ_INT64, (int64_t[]){0, 1}, DIMS(2));
    is_int(host_run(h), OQ_OK, "cross entropy runs");
    is_float((double)host_float(h, 0, 0), 0.5 * (log(2.0) + log(4.0 / 3.0)), 1e-5, "of 1/2 and 3/4");
    is_float((double)host_float(h, 1, 0), -log(2.0), 1e-7, "log probability of the first class");
    is_float((double)host_float(h, 1, 2), -log(4.0), 1e-4, "large scores do not overflow");
    host_free(h);
}

int main(void)
{
    likelihood();
    planes();
    cross_entropy();
    return tap_done();
}
