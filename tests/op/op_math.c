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
        {"Abs", -2.5f, 2.5},      {"Ceil", -1.5f, -1},
        {"Cos", 1, 0.5403023059}, {"Erf", 0.5f, 0.5204998778},
        {"Exp", 1, 2.7182818285}, {"Floor", -1.5f, -2},
        {"Log", 2, 0.6931471806}, {"Neg", 3, -3},
        {"Reciprocal", 4, 0.25},  {"Round", 2.5f, 2},
        {"Round", -1.5f, -2},     {"Sign", -7, -1},
        {"Sin", 1, 0.8414709848}, {"Sqrt", 2, 1.4142135624},
    };

    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        host *h = host_new(points[i].name, 13, 1, 1);
        double x = points[i].x;

        host_floats(h, 0, &points[i].x, DIMS(1));
        is_int(host_run(h), OQ_OK, points[i].name);
        is_float(host_float(h, 0, 0), points[i].y, 3e-7 * fabs(points[i].y), "in float");
        host_array(h, 0, OQ_DOUBLE, &x, DIMS(1));
        is_int(host_run(h), OQ_OK, points[i].name);
        is_float(*(double *)h->out[0].data, points[i].y, 1e-9, "in double");
        host_free(h);
    }
}

static void integers_keep_their_least_number(void)
{
    host *h = host_new("Abs", 13, 1, 1);

    host_array(h, 0, OQ_INT8, (int8_t[]){-128, -3}, DIMS(2));
    is_int(host_run(h), OQ_OK, "Abs of int8 runs");
    is_int(host_int(h, 0, 0), -128, "the least number has no positive counterpart");
    is_int(host_int(h, 0, 1), 3, "-3 has");
    host_array(h, 0, OQ_UINT64, (uint64_t[]){UINT64_MAX}, DIMS(1));
    is_int(host_run(h), OQ_OK, "Abs of uint64 runs");
    is_int(host_int(h, 0, 0), -1, "its bits are untouched");
    host_free(h);

    h = host_new("Sign", 13, 1, 1);
    host_array(h, 0, OQ_UINT64, (uint64_t[]){UINT64_MAX, 0}, DIMS(2));
    is_int(host_run(h), OQ_OK, "Sign of uint64 runs");
    is_int(host_int(h, 0, 0) * 10 + host_int(h, 0, 1), 10, "1 and 0");
    host_free(h);
}

int main(void)
{
    floats_and_doubles_agree();
    integers_keep_their_least_number();
    return tap_done();
}
