#include <math.h>

#include "host.h"
#include "tap/tap.h"

static void floats_and_doubles_agree(void)
{
    static const struct {
        const char *name;
        float x;
        double y;
    } points[] = {
        {"Acos", 0.5f, 1.0471975512}, {"Acosh", 2, 1.3169578969},  {"Asin", 0.5f, 0.5235987756},
        {"Asinh", -1, -0.8813735870}, {"Atan", 1, 0.7853981634},   {"Atanh", 0.5f, 0.5493061443},
        {"Cosh", 1, 1.5430806348},    {"Sinh", -1, -1.1752011936}, {"Tan", 1, 1.5574077247},
    };

    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        host *h = host_new(points[i].name, 22, 1, 1);
        double x = (double)points[i].x;

        host_floats(h, 0, &points[i].x, DIMS(1));
        is_int(host_run(h), OQ_OK, points[i].name);
        is_float((double)host_float(h, 0, 0), points[i].y, 3e-7 * fabs(points[i].y), "in float");
        host_array(h, 0, OQ_DOUBLE, &x, DIMS(1));
        is_int(host_run(h), OQ_OK, points[i].name);
        is_float(*(double *)h->out[0].data, points[i].y, 1e-9, "in double");
        host_free(h);
    }
}

static void domains_and_types(void)
{
    host *h = host_new("Acos", 7, 1, 1);

    host_floats(h, 0, (float[]){1.5f}, DIMS(1));
    is_int(host_run(h), OQ_OK, "Acos beyond 1 runs");
    ok(isnan(host_float(h, 0, 0)), "and is no number");
    host_array(h, 0, OQ_FLOAT16, (uint16_t[]){0x3c00}, DIMS(1));
    is_int(host_run(h), OQ_OK, "Acos of float16 runs");
    is_str(host_out_shape(h, 0), "float16[1]", "and stays float16");
    is_float((double)host_float(h, 0, 0), 0, 0, "acos 1 = 0");
    host_array(h, 0, OQ_INT32, (int32_t[]){1}, DIMS(1));
    is_int(host_run(h), OQ_UNSUPPORTED, "whole numbers are refused");
    host_free(h);
}

int main(void)
{
    floats_and_doubles_agree();
    domains_and_types();
    return tap_done();
}
