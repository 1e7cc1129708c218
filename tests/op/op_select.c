#include <math.h>

#include "host.h"
#include "tap/tap.h"

static void finds_what_is_not_zero(void)
{
    host *h = host_new("NonZero", 13, 1, 1);

    host_floats(h, 0, (float[]){0, 1, -0.0f, NAN}, DIMS(2, 2));
    is_int(host_run(h), OQ_OK, "NonZero runs");
    is_str(host_out_shape(h, 0), "int64[2,2]", "two of them");
    is_mem(h->out[0].data, ((int64_t[]){0, 1, 1, 1}), 32, "rows, then columns; -0 is zero, NaN is not");
    is_int(host_infer(h), OQ_OK, "NonZero infers");
    is_str(host_out_type(h, 0), "int64[2,?]", "how many is open");
    host_free(h);
}

static void keeps_a_triangle(void)
{
    host *h = host_new("Trilu", 14, 2, 1);

    host_ints(h, 1, (int64_t[]){1}, 1);
    host_array(h, 0, OQ_INT32, (int32_t[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 1, 1}, DIMS(4, 3));
    is_int(host_run(h), OQ_OK, "Trilu runs");
    is_mem(h->out[0].data, ((int32_t[]){0, 2, 3, 0, 0, 6, 0, 0, 0, 0, 0, 0}), 48, "above the first diagonal");
    oq_node_set_int(h->node, "upper", 0);
    host_ints(h, 1, (int64_t[]){-1}, 1);
    is_int(host_run(h), OQ_OK, "the lower one");
    is_mem(h->out[0].data, ((int32_t[]){0, 0, 0, 4, 0, 0, 7, 8, 0, 1, 1, 1}), 48, "below the diagonal");
    host_free(h);
}

static void takes_the_first(void)
{
    host *h = host_new("TopK", 11, 2, 2);

    host_floats(h, 0, (float[]){3, 1, 3, 2}, DIMS(1, 4));
    host_ints(h, 1, (int64_t[]){3}, 1);
    is_int(host_run(h), OQ_OK, "TopK runs");
    is_mem(h->out[0].data, ((float[]){3, 3, 2}), 12, "the largest first");
    is_mem(h->out[1].data, ((int64_t[]){0, 2, 3}), 24, "of equals the lower index");
    oq_node_set_int(h->node, "largest", 0);
    is_int(host_run(h), OQ_OK, "the smallest");
    is_mem(h->out[1].data, ((int64_t[]){1, 3, 0}), 24, "in order");
    is_int(host_infer(h), OQ_OK, "TopK infers");
    is_str(host_out_type(h, 1), "int64[1,3]", "k of them");
    host_ints(h, 1, (int64_t[]){5}, 1);
    is_int(host_run(h), OQ_RANGE, "5 of 4 is refused");
    host_free(h);
}

static void takes_many_in_order(void)
{
    static int32_t x[1000];
    host *h = host_new("TopK", 11, 2, 2);
    int wrong = 0;

    for (int i = 0; i < 1000; i++)
        x[i] = (int32_t)((i * 7919) % 1000) - 500;
    host_array(h, 0, OQ_INT32, x, DIMS(1000));
    host_ints(h, 1, (int64_t[]){100}, 1);
    is_int(host_run(h), OQ_OK, "100 of 1000");
    for (size_t i = 0; i < 100; i++)
        wrong += host_int(h, 0, i) != 499 - (int64_t)i || x[host_int(h, 1, i)] != host_int(h, 0, i);
    is_int(wrong, 0, "all in order");
    host_free(h);
}

static void compresses(void)
{
    host *h = host_new("Compress", 11, 2, 1);

    host_floats(h, 0, (float[]){1, 2, 3, 4, 5, 6}, DIMS(3, 2));
    host_array(h, 1, OQ_BOOL, (uint8_t[]){0, 1, 1}, DIMS(3));
    is_int(host_run(h), OQ_OK, "Compress without an axis runs");
    is_mem(h->out[0].data, ((float[]){2, 3}), 8, "elements; behind the condition none is taken");
    oq_node_set_int(h->node, "axis", 0);
    is_int(host_run(h), OQ_OK, "along axis 0 it runs");
    is_str(host_out_shape(h, 0), "float[2,2]", "two rows");
    is_mem(h->out[0].data, ((float[]){3, 4, 5, 6}), 16, "the last two");
    oq_node_set_int(h->node, "axis", -1);
    is_int(host_run(h), OQ_SHAPE, "three conditions for two columns are refused");
    host_array(h, 1, OQ_BOOL, (uint8_t[]){1}, DIMS(1));
    is_int(host_run(h), OQ_OK, "one for two is enough");
    is_mem(h->out[0].data, ((float[]){1, 3, 5}), 12, "the first column");
    host_type(h, 0, OQ_FLOAT, DIMS(3, 2));
    is_int(host_infer(h), OQ_OK, "it infers");
    is_str(host_out_type(h, 0), "float[3,?]", "how many are taken is open");
    host_free(h);
}

int main(void)
{
    compresses();
    finds_what_is_not_zero();
    keeps_a_triangle();
    takes_the_first();
    takes_many_in_order();
    return tap_done();
}
