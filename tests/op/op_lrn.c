#include <math.h>
#include <string.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

static void test_lrn(void)
{
    float *x = some_floats(5 * 4, 1);
    host *h = host_new("LRN", 13, 1, 1);
    double worst = 0;

    host_floats(h, 0, x, DIMS(1, 5, 4));
    oq_node_set_int(h->node, "size", 4);
    oq_node_set_float(h->node, "alpha", 0.5f);
    oq_node_set_float(h->node, "bias", 2);
    is_int(host_run(h), OQ_OK, "LRN");
    for (int i = 0; i < 20; i++) {
        int c = i / 4;
        double sum = 0;

        for (int k = c - 1; k <= c + 2; k++)
            sum += k < 0 || k > 4 ? 0 : (double)x[k * 4 + i % 4] * (double)x[k * 4 + i % 4];
        worst = fmax(worst,
                     fabs((double)x[i] / pow(2 + 0.5 / 4 * sum, 0.75) - (double)host_float(h, 0, (size_t)i)));
    }
    ok(worst < 1e-6, "an even window reaches one channel further up (worst %g)", worst);
    oq_node_set_int(h->node, "size", 0);
    is_int(host_run(h), OQ_SHAPE, "size 0 is refused");
    host_free(h);
    free(x);
}

static void test_lp(void)
{
    host *h = host_new("LpNormalization", 13, 1, 1);

    host_floats(h, 0, (float[]){3, 0, -4, 0}, DIMS(2, 2));
    oq_node_set_int(h->node, "axis", 0);
    is_int(host_run(h), OQ_OK, "LpNormalization");
    is_float((double)host_float(h, 0, 2), -0.8, 1e-6, "divides by the norm of the line");
    is_float((double)host_float(h, 0, 1), 0, 0, "a line of zeros stays");
    oq_node_set_int(h->node, "p", 1);
    is_int(host_run(h), OQ_OK, "p = 1");
    is_float((double)host_float(h, 0, 0), 3.0 / 7, 1e-6, "divides by the sum of absolutes");
    oq_node_set_int(h->node, "p", 3);
    is_int(host_run(h), OQ_UNSUPPORTED, "p = 3 is refused");
    ok(strstr(h->diag.message, "p is 3") != NULL, "in words: %s", h->diag.message);
    host_free(h);
}

static void test_mean_variance(void)
{
    host *h = host_new("MeanVarianceNormalization", 13, 1, 1);

    host_floats(h, 0, (float[]){1, 10, 3, 30}, DIMS(2, 2));
    oq_node_set_ints(h->node, "axes", (int64_t[]){0}, 1);
    is_int(host_run(h), OQ_OK, "MeanVarianceNormalization");
    is_float((double)host_float(h, 0, 0), -1, 1e-6, "first column: mean 2, deviation 1");
    is_float((double)host_float(h, 0, 3), 1, 1e-6, "second column: mean 20, deviation 10");
    host_free(h);
}

int main(void)
{
    test_lrn();
    test_lp();
    test_mean_variance();
    return tap_done();
}
