#include <math.h>
#include <string.h>

#include "host.h"
#include "tap/tap.h"

static void finds_infinities(void)
{
    host *h = host_new("IsInf", 20, 1, 1);

    host_floats(h, 0, (float[]){1, INFINITY, -INFINITY, NAN}, DIMS(4));
    is_int(host_run(h), OQ_OK, "IsInf runs");
    is_mem(h->out[0].data, ((uint8_t[]){0, 1, 1, 0}), 4, "both infinities, not NaN");
    is_str(host_out_shape(h, 0), "bool[4]", "as bool");
    oq_node_set_int(h->node, "detect_negative", 0);
    host_run(h);
    is_mem(h->out[0].data, ((uint8_t[]){0, 1, 0, 0}), 4, "the positive one alone");
    oq_node_set_int(h->node, "detect_positive", 0);
    host_run(h);
    is_mem(h->out[0].data, ((uint8_t[]){0, 0, 0, 0}), 4, "or none");
    host_type(h, 0, OQ_FLOAT, DIMS(-1, 3));
    is_int(host_infer(h), OQ_OK, "IsInf infers");
    is_str(host_out_type(h, 0), "bool[?,3]", "the shape of its input");
    host_free(h);
}

static void reads_every_format(void)
{
    host *h = host_new("IsNaN", 20, 1, 1);

    host_array(h, 0, OQ_DOUBLE, (double[]){0, (double)NAN, (double)INFINITY}, DIMS(3));
    is_int(host_run(h), OQ_OK, "IsNaN of double runs");
    is_mem(h->out[0].data, ((uint8_t[]){0, 1, 0}), 3, "infinity is a number");
    host_array(h, 0, OQ_FLOAT16, (uint16_t[]){0x7c00, 0x7c01, 0xfe00}, DIMS(3));
    host_run(h);
    is_mem(h->out[0].data, ((uint8_t[]){0, 1, 1}), 3, "float16: a fraction under the highest exponent");
    host_array(h, 0, OQ_BFLOAT16, (uint16_t[]){0x7f80, 0x7fc0, 0x3f80}, DIMS(3));
    host_run(h);
    is_mem(h->out[0].data, ((uint8_t[]){0, 1, 0}), 3, "bfloat16");
    host_array(h, 0, OQ_FLOAT8E4M3FN, (uint8_t[]){0x7f, 0x7e, 0}, DIMS(3));
    host_run(h);
    is_mem(h->out[0].data, ((uint8_t[]){1, 0, 0}), 3, "float8e4m3fn: all ones; the code below is 448");
    host_array(h, 0, OQ_FLOAT8E5M2FNUZ, (uint8_t[]){0x80, 0x7f, 0xff}, DIMS(3));
    host_run(h);
    is_mem(h->out[0].data, ((uint8_t[]){1, 0, 0}), 3, "float8e5m2fnuz: minus zero's code");
    host_array(h, 0, OQ_INT32, (int32_t[]){0}, DIMS(1));
    is_int(host_run(h), OQ_UNSUPPORTED, "whole numbers are not asked");
    host_free(h);
}

int main(void)
{
    finds_infinities();
    reads_every_format();
    return tap_done();
}
