#include <math.h>
#include <string.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

static host *resize(const char *mode, const float *x, const float *scales, const int64_t *sizes)
{
    host *h = host_new("Resize", 13, sizes ? 4 : 3, 1);

    host_floats(h, 0, x, DIMS(1, 2, 3, 5));
    if (sizes)
        host_ints(h, 3, sizes, 4);
    else
        host_floats(h, 2, scales, DIMS(4));
    oq_node_set_string(h->node, "mode", mode);
    return h;
}

static void test_nearest(void)
{
    float *x = some_floats(30, 1);
    host *h = resize("nearest", x, (float[]){1, 1, 2, 3}, NULL);
    int n_wrong = 0;

    oq_node_set_string(h->node, "coordinate_transformation_mode", "asymmetric");
    oq_node_set_string(h->node, "nearest_mode", "floor");
    is_int(host_run(h), OQ_OK, "nearest");
    is_str(host_out_shape(h, 0), "float[1,2,6,15]", "sizes times scales");
    for (size_t i = 0; i < 180; i++)
        n_wrong += host_float(h, 0, i) != x[i / 90 * 15 + i / 15 % 6 / 2 * 5 + i % 15 / 3];
    is_int(n_wrong, 0, "every element is the right one");
    host_free(h);
    free(x);
}

static void test_bytes(void)
{
    host *h = host_new("Upsample", 9, 2, 1);

    host_array(h, 0, OQ_UINT8, (uint8_t[]){1, 2}, DIMS(1, 2));
    host_floats(h, 1, (float[]){2, 2}, DIMS(2));
    is_int(host_run(h), OQ_OK, "Upsample of bytes");
    is_mem(h->out[0].data, ((uint8_t[]){1, 1, 2, 2, 1, 1, 2, 2}), 8, "repeats them");
    oq_node_set_string(h->node, "mode", "linear");
    is_int(host_run(h), OQ_UNSUPPORTED, "linear on bytes is refused");
    ok(strstr(h->diag.message, "uint8") != NULL, "in words: %s", h->diag.message);
    host_free(h);
}

/* Bilinear, half_pixel, in double. */
static double bilinear(const float *x, double y, double z)
{
    double sum = 0;

    for (int k = 0; k < 4; k++) {
        double fy = floor(y) + k / 2, fz = floor(z) + k % 2;
        int iy = (int)fmin(fmax(fy, 0), 2), iz = (int)fmin(fmax(fz, 0), 4);

        sum += (1 - fabs(fy - y)) * (1 - fabs(fz - z)) * (double)x[iy * 5 + iz];
    }
    return sum;
}

static void test_linear(void)
{
    float *x = some_floats(30, 1);
    host *h = resize("linear", x, NULL, (int64_t[]){1, 2, 7, 4});
    double worst = 0;

    is_int(host_infer(h), OQ_OK, "linear");
    is_str(host_out_type(h, 0), "float[1,2,7,4]", "infer knows constant sizes");
    is_int(host_run(h), OQ_OK, "runs");
    is_str(host_out_shape(h, 0), "float[1,2,7,4]", "the sizes asked for");
    for (int i = 0; i < 56; i++) {
        double y = (i / 4 % 7 + 0.5) * 3 / 7 - 0.5, z = (i % 4 + 0.5) * 5 / 4 - 0.5;

        worst = fmax(worst, fabs(bilinear(x + i / 28 * 15, y, z) - (double)host_float(h, 0, (size_t)i)));
    }
    ok(worst < 1e-5, "equals the formula in double (worst %g)", worst);
    host_free(h);
    free(x);
}

static void test_aspect_and_axes(void)
{
    float *x = some_floats(30, 1);
    host *h = host_new("Resize", 18, 4, 1);

    host_floats(h, 0, x, DIMS(1, 2, 3, 5));
    host_ints(h, 3, (int64_t[]){6, 6}, 2);
    oq_node_set_ints(h->node, "axes", (int64_t[]){2, -1}, 2);
    oq_node_set_string(h->node, "keep_aspect_ratio_policy", "not_larger");
    is_int(host_infer(h), OQ_OK, "axes and keep_aspect_ratio_policy");
    is_str(host_out_type(h, 0), "float[1,2,4,6]", "the smaller scale, 6 / 5, for both: 3.6 rounds to 4");
    is_int(host_run(h), OQ_OK, "runs");
    is_str(host_out_shape(h, 0), "float[1,2,4,6]", "as inferred");
    host_ints(h, 3, (int64_t[]){6}, 1);
    is_int(host_run(h), OQ_SHAPE, "one size for two axes is refused");
    host_free(h);
    free(x);
}

static void test_infer_unknown(void)
{
    host *h = host_new("Resize", 13, 3, 1);

    host_type(h, 0, OQ_FLOAT, DIMS(-1, 3, -1, 8));
    host_symbol(h, 0, 0, "N");
    is_int(host_infer(h), OQ_OK, "unknown scales are no fault");
    is_str(host_out_type(h, 0), "float[?,?,?,?]", "the rank stays");
    oq_value_set_constant(h->node->inputs[2],
                          oq_tensor_from_floats(h->model->arena, (float[]){1, 1, 2, 2}, (int64_t[]){4}, 1));
    is_int(host_infer(h), OQ_OK, "constant scales");
    is_str(host_out_type(h, 0), "float[N,3,?,16]", "scale 1 keeps a symbol");
    host_free(h);
}

int main(void)
{
    test_nearest();
    test_bytes();
    test_linear();
    test_aspect_and_axes();
    test_infer_unknown();
    return tap_done();
}
