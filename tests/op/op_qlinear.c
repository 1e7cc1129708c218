#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "host.h"
#include "tap/tap.h"

static uint8_t *some_bytes(size_t n, uint64_t seed)
{
    oq_rng rng = {seed};
    uint8_t *x = malloc(n);

    for (size_t i = 0; i < n; i++)
        x[i] = (uint8_t)oq_rng_below(&rng, 256);
    return x;
}

/* Element of u8 or s8. */
static int32_t at(const uint8_t *x, size_t i, bool is_signed)
{
    return is_signed ? (int8_t)x[i] : x[i];
}

enum { M = 7, K = 13, N = 9 };

static int32_t product_at(const uint8_t *a, const uint8_t *b, size_t i, int32_t a_zero, int32_t b_zero)
{
    int32_t sum = 0;

    for (size_t k = 0; k < K; k++)
        sum += (at(a, i / N * K + k, false) - a_zero) * (at(b, k * N + i % N, true) - b_zero);
    return sum;
}

/* Input i is known when the program is made, and is packed then. */
static void freeze(host *h, int i)
{
    const oq_array *in = &h->in[i];
    void *data;
    oq_tensor *tensor = oq_tensor_new(h->model->arena, in->dtype, in->dims, in->rank, &data);

    memcpy(data, in->data, in->size);
    oq_value_set_constant(h->node->inputs[i], tensor);
}

static void test_matmul_integer(void)
{
    uint8_t *a = some_bytes(2 * M * K, 1), *b = some_bytes(K * N, 2);
    host *h = host_new("MatMulInteger", 10, 4, 1);
    int n_wrong = 0;

    host_array(h, 0, OQ_UINT8, a, DIMS(2, M, K));
    host_array(h, 1, OQ_INT8, b, DIMS(K, N));
    host_array(h, 2, OQ_UINT8, (uint8_t[]){100}, SCALAR);
    host_array(h, 3, OQ_INT8, (int8_t[]){-3}, SCALAR);
    is_int(host_infer(h), OQ_OK, "MatMulInteger");
    is_str(host_out_type(h, 0), "int32[2,7,9]", "gives int32");
    is_int(host_run(h), OQ_OK, "runs");
    for (size_t i = 0; i < 2 * M * N; i++)
        n_wrong += host_int(h, 0, i) != product_at(a, b, i, 100, -3);
    is_int(n_wrong, 0, "every sum is exact");
    freeze(h, 1);
    freeze(h, 3);
    is_int(host_run(h), OQ_OK, "runs with a constant weight");
    for (size_t i = 0; i < 2 * M * N; i++)
        n_wrong += host_int(h, 0, i) != product_at(a, b, i, 100, -3);
    is_int(n_wrong, 0, "and every sum is exact");
    host_array(h, 2, OQ_UINT8, (uint8_t[]){1, 2, 3, 4, 5, 6, 7}, DIMS(M));
    is_int(host_run(h), OQ_UNSUPPORTED, "a zero point for each row is refused");
    ok(strstr(h->diag.message, "each row") != NULL, "in words: %s", h->diag.message);
    free(a);
    free(b);
    host_free(h);
}

static void test_qlinear_matmul(void)
{
    uint8_t *a = some_bytes(M * K, 1), *b = some_bytes(K * N, 2);
    host *h = host_new("QLinearMatMul", 10, 8, 1);
    int n_wrong = 0;

    host_array(h, 0, OQ_UINT8, a, DIMS(M, K));
    host_floats(h, 1, (float[]){0.02f}, SCALAR);
    host_array(h, 2, OQ_UINT8, (uint8_t[]){128}, SCALAR);
    host_array(h, 3, OQ_INT8, b, DIMS(K, N));
    host_floats(h, 4, (float[]){0.01f}, SCALAR);
    host_array(h, 5, OQ_INT8, (int8_t[]){0}, SCALAR);
    host_floats(h, 6, (float[]){0.5f}, SCALAR);
    host_array(h, 7, OQ_UINT8, (uint8_t[]){77}, SCALAR);
    is_int(host_infer(h), OQ_OK, "QLinearMatMul");
    is_str(host_out_type(h, 0), "uint8[7,9]", "gives the type of y_zero_point");
    is_int(host_run(h), OQ_OK, "runs");
    for (size_t i = 0; i < M * N; i++) {
        float code = rintf((float)product_at(a, b, i, 128, 0) * (0.02f * 0.01f / 0.5f)) + 77;

        n_wrong += (float)host_int(h, 0, i) != fminf(fmaxf(code, 0), 255);
    }
    is_int(n_wrong, 0, "every code follows the formula");
    free(a);
    free(b);
    host_free(h);
}

/* 3x3 convolution of [1,C,6,5], padding 1, one output. */
static int32_t conv_at(const uint8_t *x, const uint8_t *w, size_t i, int32_t x_zero, int32_t w_zero)
{
    int m = (int)i / 30, oy = (int)i / 5 % 6, ox = (int)i % 5;
    int32_t sum = 0;

    for (int t = 0; t < 3 * 9; t++) {
        int c = t / 9, y = oy + t / 3 % 3 - 1, z = ox + t % 3 - 1;

        if (y >= 0 && y < 6 && z >= 0 && z < 5)
            sum += (at(x, (size_t)(c * 30 + y * 5 + z), false) - x_zero) *
                   (at(w, (size_t)(m * 27 + t), true) - w_zero);
    }
    return sum;
}

static void test_conv_integer(void)
{
    uint8_t *x = some_bytes(90, 1), *w = some_bytes(4 * 27, 2);
    host *h = host_new("ConvInteger", 10, 4, 1);
    int n_wrong = 0;

    host_array(h, 0, OQ_UINT8, x, DIMS(1, 3, 6, 5));
    host_array(h, 1, OQ_INT8, w, DIMS(4, 3, 3, 3));
    host_array(h, 2, OQ_UINT8, (uint8_t[]){11}, SCALAR);
    host_array(h, 3, OQ_INT8, (int8_t[]){2}, SCALAR);
    oq_node_set_ints(h->node, "pads", (int64_t[]){1, 1, 1, 1}, 4);
    is_int(host_infer(h), OQ_OK, "ConvInteger");
    is_str(host_out_type(h, 0), "int32[1,4,6,5]", "gives int32");
    is_int(host_run(h), OQ_OK, "runs");
    for (size_t i = 0; i < 120; i++)
        n_wrong += host_int(h, 0, i) != conv_at(x, w, i, 11, 2);
    is_int(n_wrong, 0, "every sum is exact: padding is the zero point");
    freeze(h, 1);
    freeze(h, 3);
    is_int(host_run(h), OQ_OK, "runs with a constant weight");
    for (size_t i = 0; i < 120; i++)
        n_wrong += host_int(h, 0, i) != conv_at(x, w, i, 11, 2);
    is_int(n_wrong, 0, "and every sum is exact");
    free(x);
    free(w);
    host_free(h);
}

static void test_qlinear_conv(void)
{
    uint8_t *x = some_bytes(90, 1), *w = some_bytes(4 * 27, 2);
    static const float scales[] = {0.01f, 0.02f, 0.03f, 0.001f};
    static const int32_t bias[] = {1000, -5000, 0, 123456};
    host *h = host_new("QLinearConv", 10, 9, 1);
    int n_wrong = 0;

    host_array(h, 0, OQ_UINT8, x, DIMS(1, 3, 6, 5));
    host_floats(h, 1, (float[]){0.1f}, SCALAR);
    host_array(h, 2, OQ_UINT8, (uint8_t[]){11}, SCALAR);
    host_array(h, 3, OQ_INT8, w, DIMS(4, 3, 3, 3));
    host_floats(h, 4, scales, DIMS(4));
    host_array(h, 5, OQ_INT8, (int8_t[]){0, 0, 0, 0}, DIMS(4));
    host_floats(h, 6, (float[]){0.7f}, SCALAR);
    host_array(h, 7, OQ_INT8, (int8_t[]){-5}, SCALAR);
    host_array(h, 8, OQ_INT32, bias, DIMS(4));
    oq_node_set_string(h->node, "auto_pad", "SAME_UPPER");
    is_int(host_infer(h), OQ_OK, "QLinearConv");
    is_str(host_out_type(h, 0), "int8[1,4,6,5]", "gives the type of y_zero_point");
    is_int(host_run(h), OQ_OK, "runs");
    for (size_t i = 0; i < 120; i++) {
        float acc = (float)(conv_at(x, w, i, 11, 0) + bias[i / 30]);

        n_wrong += (float)host_int(h, 0, i) !=
                   fminf(fmaxf(rintf(acc * (0.1f * scales[i / 30] / 0.7f)) - 5, -128), 127);
    }
    is_int(n_wrong, 0, "every code follows the formula");
    for (int i = 3; i < 9; i++)
        freeze(h, i);
    is_int(host_run(h), OQ_OK, "runs with a constant weight and bias");
    for (size_t i = 0; i < 120; i++) {
        float acc = (float)(conv_at(x, w, i, 11, 0) + bias[i / 30]);

        n_wrong += (float)host_int(h, 0, i) !=
                   fminf(fmaxf(rintf(acc * (0.1f * scales[i / 30] / 0.7f)) - 5, -128), 127);
    }
    is_int(n_wrong, 0, "and every code follows the formula");
    free(x);
    free(w);
    host_free(h);
}

int main(void)
{
    test_matmul_integer();
    test_qlinear_matmul();
    test_conv_integer();
    test_qlinear_conv();
    return tap_done();
}
