#include <math.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

static void test_axes(void)
{
    float *x = some_floats(3 * 4 * 5, 1);
    host *h = host_new("DFT", 17, 1, 1);
    double re = 0, im = 0;

    host_floats(h, 0, x, DIMS(3, 4, 5, 1));
    oq_node_set_int(h->node, "axis", 1);
    is_int(host_infer(h), OQ_OK, "real numbers along axis 1");
    is_str(host_out_type(h, 0), "float[3,4,5,2]", "give complex ones");
    is_int(host_run(h), OQ_OK, "runs");
    is_str(host_out_shape(h, 0), "float[3,4,5,2]", "as inferred");
    for (int i = 0; i < 4; i++) { /* number 1 of line (2, 3): turns by a quarter */
        re += (double)x[2 * 20 + i * 5 + 3] * (i == 0 ? 1 : i == 2 ? -1 : 0);
        im += (double)x[2 * 20 + i * 5 + 3] * (i == 1 ? -1 : i == 3 ? 1 : 0);
    }
    is_float((double)host_float(h, 0, (2 * 20 + 5 + 3) * 2), re, 1e-6, "the real part");
    is_float((double)host_float(h, 0, (2 * 20 + 5 + 3) * 2 + 1), im, 1e-6, "the imaginary part");
    oq_node_set_int(h->node, "axis", -1);
    is_int(host_run(h), OQ_SHAPE, "the last axis is refused");
    host_free(h);
    free(x);
}

/* Half of a transform, and back, is the signal: for even and odd lengths. */
static void test_there_and_back(int64_t n)
{
    float *x = some_floats((size_t)n, 2);
    host *there = host_new("DFT", 17, 1, 1), *back = host_new("DFT", 17, 2, 1);
    double worst = 0;

    host_floats(there, 0, x, DIMS(1, n, 1));
    oq_node_set_int(there->node, "onesided", 1);
    is_int(host_infer(there), OQ_OK, "onesided");
    is_int(there->out_type[0].shape.dims[1].size, n / 2 + 1, "half of the numbers");
    is_int(host_run(there), OQ_OK, "runs");
    host_floats(back, 0, there->out[0].data, DIMS(1, n / 2 + 1, 2));
    host_ints(back, 1, &n, 1);
    oq_node_set_int(back->node, "onesided", 1);
    oq_node_set_int(back->node, "inverse", 1);
    is_int(host_run(back), OQ_OK, "and back");
    is_int(back->out[0].n, n, "as many numbers as before");
    for (size_t i = 0; i < (size_t)n; i++)
        worst = fmax(worst, fabs((double)host_float(back, 0, i) - (double)x[i]));
    ok(worst < 1e-6, "the same ones (%g)", worst);
    n = 0;
    host_ints(back, 1, &n, 1);
    is_int(host_run(back), OQ_SHAPE, "length 0 is refused");
    host_free(there);
    host_free(back);
    free(x);
}

static void test_length(void)
{
    host *h = host_new("DFT", 20, 3, 1);

    host_floats(h, 0, (float[]){1, 2, 3}, DIMS(1, 3, 1));
    host_ints(h, 1, (int64_t[]){2}, 1);
    is_int(host_run(h), OQ_OK, "shorter than the input");
    is_float((double)host_float(h, 0, 0), 3, 0, "it is cut");
    host_ints(h, 1, (int64_t[]){5}, 1);
    is_int(host_run(h), OQ_OK, "longer");
    is_float((double)host_float(h, 0, 0), 6, 0, "zeros follow");
    is_str(host_out_shape(h, 0), "float[1,5,2]", "as many numbers as asked for");
    host_free(h);
}

static void test_stft(void)
{
    float x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, window[4] = {0, 1, 1, 0};
    host *h = host_new("STFT", 17, 4, 1);

    host_floats(h, 0, x, DIMS(1, 8, 1));
    host_array(h, 1, OQ_INT64, (int64_t[]){2}, SCALAR);
    host_elems(h, 1, "2", 0);
    host_floats(h, 2, window, DIMS(4));
    is_int(host_infer(h), OQ_OK, "frames of 4 every 2");
    is_str(host_out_type(h, 0), "float[1,3,3,2]", "three frames, half of each transform");
    is_int(host_run(h), OQ_OK, "runs");
    is_str(host_out_shape(h, 0), "float[1,3,3,2]", "as inferred");
    is_float((double)host_float(h, 0, 6), 9, 1e-6, "frame 1 sums 4 and 5");
    host_array(h, 1, OQ_INT64, (int64_t[]){0}, SCALAR);
    is_int(host_run(h), OQ_SHAPE, "a step of 0 is refused");
    host_free(h);
}

int main(void)
{
    test_axes();
    test_there_and_back(8);
    test_there_and_back(15);
    test_length();
    test_stft();
    return tap_done();
}
