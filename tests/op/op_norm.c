#include <math.h>
#include <string.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

/* Mean and 1 / deviation of n numbers in double. */
static void statistics(const float *x, size_t n, double *mean, double *inverse)
{
    double sum = 0, squares = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    *mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += ((double)x[i] - *mean) * ((double)x[i] - *mean);
    *inverse = 1 / sqrt(squares / (double)n + 1e-5);
}

static void test_layer(void)
{
    float *x = some_floats(2 * 3 * 35, 1), *scale = some_floats(35, 2), *bias = some_floats(35, 3);
    host *h = host_new("LayerNormalization", 17, 3, 3);
    double worst = 0, mean, inverse;

    host_floats(h, 0, x, DIMS(2, 3, 5, 7));
    host_floats(h, 1, scale, DIMS(5, 7));
    host_floats(h, 2, bias, DIMS(5, 7));
    oq_node_set_int(h->node, "axis", -2);
    is_int(host_infer(h), OQ_OK, "LayerNormalization");
    is_str(host_out_type(h, 1), "float[2,3,1,1]", "normalized axes of Mean have size 1");
    is_int(host_run(h), OQ_OK, "runs");
    is_str(host_out_shape(h, 2), "float[2,3,1,1]", "as inferred");
    for (size_t r = 0; r < 6; r++) {
        statistics(x + r * 35, 35, &mean, &inverse);
        worst = fmax(worst, fabs(mean - (double)host_float(h, 1, r)));
        worst = fmax(worst, fabs(inverse - (double)host_float(h, 2, r)) / inverse);
        for (size_t i = 0; i < 35; i++)
            worst = fmax(worst, fabs(((double)x[r * 35 + i] - mean) * inverse * (double)scale[i] +
                                     (double)bias[i] - (double)host_float(h, 0, r * 35 + i)));
    }
    ok(worst < 1e-5, "equals the formula in double (worst %g)", worst);
    host_floats(h, 1, scale, DIMS(7));
    host_floats(h, 2, bias, DIMS(5, 1));
    is_int(host_run(h), OQ_OK, "scale and bias broadcast");
    statistics(x, 35, &mean, &inverse);
    is_float((double)host_float(h, 0, 34),
             ((double)x[34] - mean) * inverse * (double)scale[6] + (double)bias[4], 1e-5,
             "to the normalized axes");
    host_floats(h, 1, scale, DIMS(3, 5, 7 - 6));
    is_int(host_run(h), OQ_SHAPE, "beyond them is refused");
    free(x);
    free(scale);
    free(bias);
    host_free(h);
}

static void test_rms(void)
{
    host *h = host_new("RMSNormalization", 23, 2, 1);

    host_floats(h, 0, (float[]){3, 4}, DIMS(1, 2));
    host_floats(h, 1, (float[]){1, 10}, DIMS(2));
    is_int(host_run(h), OQ_OK, "RMSNormalization");
    is_float((double)host_float(h, 0, 1), 40 / sqrt(12.5), 1e-4, "divides by the root of the mean square");
    host_free(h);
}

static host *planes(const char *op, int opset, const float *x, const float *scale, const float *bias,
                    int64_t n)
{
    host *h = host_new(op, opset, 3, 1);

    host_floats(h, 0, x, DIMS(2, 4, 9));
    host_floats(h, 1, scale, DIMS(n));
    host_floats(h, 2, bias, DIMS(n));
    oq_node_set_int(h->node, "num_groups", 2);
    return h;
}

/* Rows of `channels` planes; scale of element i of row r: scale[at(r, i)]. */
static double worst_planes(host *h, const float *x, const float *scale, const float *bias, size_t channels,
                           bool by_row)
{
    size_t n = channels * 9, rows = 72 / n;
    double worst = 0;

    for (size_t r = 0; r < rows; r++) {
        double mean, inverse;

        statistics(x + r * n, n, &mean, &inverse);
        for (size_t i = 0; i < n; i++) {
            size_t in_batch = r % (rows / 2), at = by_row ? in_batch : in_batch * channels + i / 9;
            double want = ((double)x[r * n + i] - mean) * inverse * (double)scale[at] + (double)bias[at];

            worst = fmax(worst, fabs(want - (double)host_float(h, 0, r * n + i)));
        }
    }
    return worst;
}

static void test_planes(void)
{
    float *x = some_floats(72, 1), *scale = some_floats(4, 2), *bias = some_floats(4, 3);
    host *h = planes("InstanceNormalization", 13, x, scale, bias, 4);

    is_int(host_run(h), OQ_OK, "InstanceNormalization");
    ok(worst_planes(h, x, scale, bias, 1, false) < 1e-5, "normalizes each plane");
    host_free(h);
    h = planes("GroupNormalization", 21, x, scale, bias, 4);
    is_int(host_run(h), OQ_OK, "GroupNormalization 21");
    ok(worst_planes(h, x, scale, bias, 2, false) < 1e-5, "normalizes each group, scales each channel");
    host_free(h);
    h = planes("GroupNormalization", 18, x, scale, bias, 2);
    is_int(host_run(h), OQ_OK, "GroupNormalization 18");
    ok(worst_planes(h, x, scale, bias, 2, true) < 1e-5, "scales each group");
    oq_node_set_int(h->node, "num_groups", 3);
    is_int(host_run(h), OQ_SHAPE, "groups that do not divide the channels are refused");
    ok(strstr(h->diag.message, "3 groups") != NULL, "in words: %s", h->diag.message);
    host_free(h);
    free(x);
    free(scale);
    free(bias);
}

int main(void)
{
    test_layer();
    test_rms();
    test_planes();
    return tap_done();
}
