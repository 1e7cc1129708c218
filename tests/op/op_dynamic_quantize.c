#include "host.h"
#include "tap/tap.h"

static host *run(const float *x, int64_t n)
{
    host *h = host_new("DynamicQuantizeLinear", 11, 1, 3);

    host_floats(h, 0, x, DIMS(n));
    is_int(host_infer(h), OQ_OK, "inferred");
    is_str(host_out_type(h, 1), "float[]", "the scale is a scalar");
    is_str(host_out_type(h, 2), "uint8[]", "and the zero point");
    is_int(host_run(h), OQ_OK, "runs");
    return h;
}

int main(void)
{
    host *h = run((float[]){-1, 0, 0.5f, 4.1f}, 4);

    is_float((double)host_float(h, 1, 0), 5.1 / 255, 1e-8, "range over 255");
    is_int(host_int(h, 2, 0), 50, "zero point");
    is_mem(h->out[0].data, ((uint8_t[]){0, 50, 75, 255}), 4, "codes");
    host_free(h);
    h = run((float[]){2, 4}, 2);
    is_int(host_int(h, 2, 0), 0, "the range always holds 0");
    is_int(host_int(h, 0, 1), 255, "and reaches to the largest value");
    host_free(h);
    h = run((float[]){0, 0}, 2);
    is_float((double)host_float(h, 1, 0), 1, 0, "all zero: scale 1");
    is_int(host_int(h, 0, 1), 0, "and code 0");
    host_free(h);
    return tap_done();
}
