#include <string.h>

#include "host.h"
#include "tap/tap.h"

static void finds_extremes(void)
{
    host *h = host_new("ArgMax", 13, 1, 1);

    host_floats(h, 0, (float[]){1, 5, 5, 9, 2, 9}, DIMS(2, 3));
    oq_node_set_int(h->node, "axis", -1);
    is_int(host_run(h), OQ_OK, "ArgMax runs");
    is_str(host_out_shape(h, 0), "int64[2,1]", "the axis stays");
    is_int(host_int(h, 0, 0), 1, "the first of equals");
    oq_node_set_int(h->node, "select_last_index", 1);
    oq_node_set_int(h->node, "keepdims", 0);
    is_int(host_run(h), OQ_OK, "ArgMax of the last runs");
    is_str(host_out_shape(h, 0), "int64[2]", "the axis went");
    is_int(host_int(h, 0, 1), 2, "the last of equals");
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 3));
    host_symbol(h, 0, 0, "N");
    is_int(host_infer(h), OQ_OK, "ArgMax infers");
    is_str(host_out_type(h, 0), "int64[N]", "the batch remains");
    host_floats(h, 0, NULL, DIMS(2, 0));
    is_int(host_run(h), OQ_RANGE, "an empty axis has no extreme");
    host_free(h);

    h = host_new("ArgMin", 13, 1, 1);
    host_array(h, 0, OQ_INT8, (int8_t[]){3, -4, 7, -9}, DIMS(2, 2));
    is_int(host_run(h), OQ_OK, "ArgMin of int8 along axis 0 runs");
    is_int(host_int(h, 0, 0) * 10 + host_int(h, 0, 1), 1, "3 is in row 0, -9 in row 1");
    host_free(h);
}

static void accumulates(void)
{
    host *h = host_new("CumSum", 14, 2, 1);

    host_floats(h, 0, (float[]){1, 2, 3, 4, 5, 6}, DIMS(2, 3));
    host_array(h, 1, OQ_INT32, (int32_t[]){1}, SCALAR);
    is_int(host_run(h), OQ_OK, "CumSum runs");
    is_mem(h->out[0].data, ((float[]){1, 3, 6, 4, 9, 15}), 24, "along rows");
    oq_node_set_int(h->node, "exclusive", 1);
    host_run(h);
    is_mem(h->out[0].data, ((float[]){0, 1, 3, 0, 4, 9}), 24, "without the element itself");
    oq_node_set_int(h->node, "reverse", 1);
    host_run(h);
    is_mem(h->out[0].data, ((float[]){5, 3, 0, 11, 6, 0}), 24, "from the end");
    host_array(h, 1, OQ_INT32, (int32_t[]){-2}, SCALAR);
    host_array(h, 0, OQ_INT64, (int64_t[]){1, 2, 3, 4}, DIMS(2, 2));
    oq_node_set_int(h->node, "exclusive", 0);
    host_run(h);
    is_mem(h->out[0].data, ((int64_t[]){4, 6, 3, 4}), 32, "integers along axis 0");
    host_array(h, 1, OQ_INT32, (int32_t[]){2}, SCALAR);
    is_int(host_run(h), OQ_SHAPE, "axis 2 of 2 is outside");
    host_free(h);
}

static void multiplies(void)
{
    host *h = host_new("CumProd", 26, 2, 1);

    host_floats(h, 0, (float[]){1, 2, 3, 4}, DIMS(4));
    host_array(h, 1, OQ_INT32, (int32_t[]){0}, SCALAR);
    is_int(host_run(h), OQ_OK, "CumProd runs");
    is_mem(h->out[0].data, ((float[]){1, 2, 6, 24}), 16, "products so far");
    oq_node_set_int(h->node, "exclusive", 1);
    oq_node_set_int(h->node, "reverse", 1);
    host_run(h);
    is_mem(h->out[0].data, ((float[]){24, 12, 4, 1}), 16, "of those behind; the last is 1");
    host_array(h, 0, OQ_FLOAT16, (uint16_t[]){0x4000, 0x4200}, DIMS(2)); /* 2, 3 */
    is_int(host_run(h), OQ_OK, "CumProd of float16 runs");
    is_mem(h->out[0].data, ((uint16_t[]){0x4200, 0x3c00}), 4, "3 and 1");
    host_array(h, 0, OQ_INT64, (int64_t[]){5, 7}, DIMS(2));
    host_run(h);
    is_mem(h->out[0].data, ((int64_t[]){7, 1}), 16, "whole numbers start at 1 too");
    host_array(h, 0, OQ_DOUBLE, (double[]){5, 7}, DIMS(2));
    host_run(h);
    is_mem(h->out[0].data, ((double[]){7, 1}), 16, "and doubles");
    host_floats(h, 0, NULL, DIMS(0));
    is_int(host_run(h), OQ_OK, "nothing has no products");
    host_free(h);
}

int main(void)
{
    multiplies();
    finds_extremes();
    accumulates();
    return tap_done();
}
