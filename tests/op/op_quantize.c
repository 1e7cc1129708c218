#include <math.h>
#include <string.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

static host *quantize(oq_dtype dtype, float scale, int64_t zero, const float *x, int64_t n)
{
    host *h = host_new("QuantizeLinear", 21, 3, 1);
    uint8_t code[2] = {(uint8_t)zero, (uint8_t)(zero >> 8)};

    host_floats(h, 0, x, DIMS(n));
    host_floats(h, 1, &scale, SCALAR);
    host_array(h, 2, dtype, code, SCALAR);
    is_int(host_infer(h), OQ_OK, oq_dtype_name(dtype));
    is_int(host_run(h), OQ_OK, "runs");
    is_str(host_out_type(h, 0), host_out_shape(h, 0), "with the type of the zero point");
    return h;
}

/* Ties go to the even code before the zero point is added; the ends saturate. */
static void test_rounding(void)
{
    static const float x[] = {0.5f, 1.5f, -0.5f, -1.5f, 1e9f, -1e9f, INFINITY, -INFINITY, 2.49f, 0, 1, 2};
    host *h = quantize(OQ_UINT8, 1, 3, x, 12);

    is_mem(h->out[0].data, ((uint8_t[]){3, 5, 3, 1, 255, 0, 255, 0, 5, 3, 4, 5}), 12, "u8 codes");
    host_free(h);
    h = quantize(OQ_INT8, 1, -3, x, 12);
    is_mem(h->out[0].data, ((int8_t[]){-3, -1, -3, -5, 127, -128, 127, -128, -1, -3, -2, -1}), 12,
           "s8 codes");
    host_free(h);
    h = quantize(OQ_INT16, 1, -3, x, 12);
    is_int(host_int(h, 0, 4), 32767, "s16 saturates at its own end");
    is_int(host_int(h, 0, 3), -5, "s16 code");
    host_free(h);
    h = quantize(OQ_INT4, 1, 0, x, 11);
    is_int(host_int(h, 0, 1), 2, "s4 code in a high nibble");
    is_int(host_int(h, 0, 5), -8, "s4 saturates");
    is_int(host_int(h, 0, 10), 1, "the last nibble of an odd number");
    host_free(h);
}

static void test_division(void)
{
    /* Short runs are scalar code, long ones the vector kernel. */
    float *x = some_floats(40, 1);
    host *h = quantize(OQ_UINT8, 0.013f, 100, x, 40);

    for (int64_t n = 1; n < 40; n += 6) {
        host *part = quantize(OQ_UINT8, 0.013f, 100, x, n);

        is_mem(part->out[0].data, h->out[0].data, (size_t)n, "any length gives the same codes");
        host_free(part);
    }
    for (size_t i = 0; i < 40; i++)
        if ((float)host_int(h, 0, i) != fminf(fmaxf(rintf(x[i] / 0.013f), -100), 155) + 100)
            ok(false, "element %zu follows the formula", i);
    host_free(h);
    free(x);
}

static void test_axes(void)
{
    host *h = host_new("DequantizeLinear", 21, 3, 1);
    int8_t q[24];
    double worst = 0;

    for (int i = 0; i < 24; i++)
        q[i] = (int8_t)(i - 12);
    host_array(h, 0, OQ_INT8, q, DIMS(2, 3, 4));
    host_floats(h, 1, (float[]){0.5f, 2, 3}, DIMS(3));
    host_array(h, 2, OQ_INT8, (int8_t[]){0, 1, -1}, DIMS(3));
    is_int(host_run(h), OQ_OK, "one scale for each index of axis 1");
    for (int i = 0; i < 24; i++) {
        int c = i / 4 % 3;
        double want = (q[i] - (c == 1) + (c == 2)) * (c == 0 ? 0.5 : c + 1.0);

        worst = fmax(worst, fabs(want - (double)host_float(h, 0, (size_t)i)));
    }
    ok(worst == 0, "follows the formula");
    host_floats(h, 1, (float[]){0.5f, 2, 3, 4}, DIMS(4));
    is_int(host_run(h), OQ_SHAPE, "4 scales for an axis of 3 are refused");
    ok(strstr(h->diag.message, "4 scales for 3") != NULL, "in words: %s", h->diag.message);
    host_free(h);

    h = host_new("DequantizeLinear", 21, 2, 1);
    host_array(h, 0, OQ_INT8, q, DIMS(4, 6));
    host_floats(h, 1, (float[]){1, 2, 3, 4, 5, 6, 7, 8}, DIMS(4, 2));
    oq_node_set_int(h->node, "block_size", 4);
    is_int(host_run(h), OQ_OK, "blocks along axis 1");
    is_float((double)host_float(h, 0, 5), (5 - 12) * 2, 0, "the second block is shorter");
    is_float((double)host_float(h, 0, 18), (18 - 12) * 7, 0, "each row has its own scales");
    host_free(h);
}

static void test_dequantize_types(void)
{
    host *h = host_new("DequantizeLinear", 13, 2, 1);

    host_array(h, 0, OQ_INT32, (int32_t[]){-7, 1 << 24}, DIMS(2));
    host_floats(h, 1, (float[]){0.5f}, SCALAR);
    is_int(host_run(h), OQ_OK, "int32");
    is_float((double)host_float(h, 0, 0), -3.5, 0, "a bias");
    host_free(h);
    h = host_new("DequantizeLinear", 21, 3, 1);
    host_array(h, 0, OQ_UINT4, (uint8_t[]){0x73, 0x0f}, DIMS(3));
    host_floats(h, 1, (float[]){2}, SCALAR);
    host_array(h, 2, OQ_UINT4, (uint8_t[]){3}, SCALAR);
    is_int(host_run(h), OQ_OK, "uint4");
    is_float((double)host_float(h, 0, 0), 0, 0, "low nibble first");
    is_float((double)host_float(h, 0, 1), 8, 0, "then the high one");
    is_float((double)host_float(h, 0, 2), 24, 0, "next byte");
    host_free(h);
}

static void test_float_codes(void)
{
    host *h = quantize(OQ_FLOAT8E4M3FN, 2, 0, (float[]){0, 1, -3, 1e6f}, 4), *back;

    back = host_new("DequantizeLinear", 21, 2, 1);
    host_array(back, 0, OQ_FLOAT8E4M3FN, h->out[0].data, DIMS(4));
    host_floats(back, 1, (float[]){2}, SCALAR);
    is_int(host_run(back), OQ_OK, "8-bit floats come back");
    is_float((double)host_float(back, 0, 2), -3, 0, "exactly where they can");
    is_float((double)host_float(back, 0, 3), 896, 0, "saturated at 448 elsewhere");
    host_free(h);
    host_free(back);
}

static host *fake(const float *x, int64_t n, float scale, int32_t zero, int64_t qmin, int64_t qmax,
                  int64_t torch)
{
    host *h = host_new_in("onnxq", "FakeQuant", 1, 3, 1);

    host_floats(h, 0, x, DIMS(n));
    host_floats(h, 1, &scale, SCALAR);
    host_array(h, 2, OQ_INT32, &zero, SCALAR);
    oq_node_set_int(h->node, "axis", -1);
    oq_node_set_int(h->node, "qmin", qmin);
    oq_node_set_int(h->node, "qmax", qmax);
    oq_node_set_int(h->node, "torch", torch);
    is_int(host_run(h), OQ_OK, "FakeQuant");
    return h;
}

static void test_fake(void)
{
    float *x = some_floats(1000, 1), scale = 0.0047f;

    for (int64_t torch = 0; torch < 2; torch++)
        for (int64_t n = 5; n <= 1000; n += 995) {
            host *h = fake(x, n, scale, 60, 0, 127, torch);
            int n_wrong = 0;

            for (size_t i = 0; i < (size_t)n; i++) {
                float code = rintf(torch ? x[i] * (1 / scale) : x[i] / scale) + 60;
                float want = (fminf(fmaxf(code, 0), 127) - 60) * scale;

                n_wrong += host_float(h, 0, i) != want;
            }
            is_int(n_wrong, 0, torch ? "PyTorch's rule, every bit" : "ONNX's rule, every bit");
            host_free(h);
        }
    free(x);
}

static void test_fake_bias(void)
{
    host *h = fake((float[]){1, -1e9f, 1e9f}, 3, 1e-3f, 0, INT32_MIN, INT32_MAX, 0);

    is_float((double)host_float(h, 0, 0), 1, 1e-6, "an int32 range");
    is_float((double)host_float(h, 0, 1), -2147483.648, 1, "saturates at its ends");
    is_float((double)host_float(h, 0, 2), 2147483.647, 1, "both");
    host_free(h);
}

int main(void)
{
    test_rounding();
    test_division();
    test_axes();
    test_dequantize_types();
    test_float_codes();
    test_fake();
    test_fake_bias();
    return tap_done();
}
