#include <math.h>

#include "ir/tensor.h"
#include "quant/qparams.h"
#include "tap/tap.h"

static oq_arena *arena;

static void test_asymmetric(void)
{
    oq_qparams q;

    ok(oq_qparams_from_range(-1.0f, 3.0f, OQ_UINT8, false, false, OQ_QMODE_ONNX, arena, &q, NULL) == OQ_OK,
       "a range");
    is_float((double)q.scale[0], 4.0 / 255, 1e-9, "scale is the width over 255");
    is_int(q.zero_point[0], 64, "zero point rounds to even from the stored scale");
    oq_qparams_from_range(2.0f, 3.0f, OQ_UINT8, false, false, OQ_QMODE_ONNX, arena, &q, NULL);
    is_int(q.zero_point[0], 0, "zero is always representable: a positive range starts at 0");
    is_float((double)q.scale[0], 3.0 / 255, 1e-9, "and ends where it ends");
    oq_qparams_from_range(0.0f, 0.0f, OQ_UINT8, false, false, OQ_QMODE_ONNX, arena, &q, NULL);
    is_float((double)q.scale[0], 1, 0, "only zeros: scale 1, never 0");
    oq_qparams_from_range(-1.0f, 1.55f, OQ_INT8, false, false, OQ_QMODE_ONNX, arena, &q, NULL);
    ok(q.qmin == -128 && q.qmax == 127 && q.zero_point[0] == -28, "int8 takes its whole range");
}

static void test_symmetric(void)
{
    oq_qparams q;

    oq_qparams_from_range(-1.0f, 2.54f, OQ_UINT8, true, false, OQ_QMODE_ONNX, arena, &q, NULL);
    is_int(q.zero_point[0], 128, "symmetric uint8 has its zero in the middle");
    oq_qparams_from_range(-2.54f, 1.0f, OQ_INT8, true, false, OQ_QMODE_ONNX, arena, &q, NULL);
    ok(q.zero_point[0] == 0 && q.qmin == -127, "symmetric int8: zero point 0, codes from -127");
    is_float((double)q.scale[0], 0.02, 1e-8, "the larger side over 127");
    oq_qparams_from_range(0, 127, OQ_UINT8, false, true, OQ_QMODE_ONNX, arena, &q, NULL);
    ok(q.qmax == 127 && q.scale[0] == 1.0f, "reduced range: 0..127");
}

static void test_refused(void)
{
    oq_diag *diag = oq_diag_new();
    oq_qparams q;

    is_int(oq_qparams_from_range(NAN, 1, OQ_UINT8, false, false, OQ_QMODE_ONNX, arena, &q, diag), OQ_RANGE,
           "NaN");
    is_int(oq_qparams_from_range(-INFINITY, 1, OQ_UINT8, false, false, OQ_QMODE_ONNX, arena, &q, diag),
           OQ_RANGE, "infinity");
    is_int(oq_qparams_from_range(INFINITY, -INFINITY, OQ_UINT8, false, false, OQ_QMODE_ONNX, arena, &q, diag),
           OQ_RANGE, "never observed");
    is_int(oq_qparams_from_range(-3e38f, 3e38f, OQ_UINT8, false, false, OQ_QMODE_ONNX, arena, &q, diag),
           OQ_RANGE, "wider than float32");
    ok(oq_diag_message(diag)[0], "with a message");
    oq_diag_free(diag);
}

static void test_weights(void)
{
    const float w[] = {1.27f, -0.5f, 0.0f, 0.0f, 1e-9f, -12.7f};
    oq_tensor *t = oq_tensor_from_floats(arena, w, (int64_t[]){3, 2}, 2);
    const float floors[] = {0.1f, 0, 0};
    oq_qparams q;
    int8_t codes[6];

    oq_qparams_from_weight(t, 0, OQ_INT8, false, OQ_QMODE_ONNX, NULL, arena, &q, NULL);
    is_float((double)q.scale[0], 0.01, 1e-8, "each channel has its own scale");
    is_float((double)q.scale[1], 12.7e-4 / 127, 1e-9, "a dead channel takes the floor of the largest one");
    is_float((double)q.scale[2], 0.1, 1e-8, "the largest channel");
    oq_quantize_array(w, t->dims, t->rank, &q, codes);
    ok(codes[0] == 127 && codes[1] == -50 && codes[2] == 0 && codes[5] == -127, "codes");
    oq_qparams_from_weight(t, 0, OQ_INT8, false, OQ_QMODE_ONNX, floors, arena, &q, NULL);
    is_float((double)q.scale[0], (double)floors[0], 0, "the int32 guard raises a scale");
    oq_qparams_from_weight(t, -1, OQ_INT8, false, OQ_QMODE_ONNX, NULL, arena, &q, NULL);
    ok(q.n == 1 && q.axis == -1 && fabsf(q.scale[0] - 0.1f) < 1e-8f, "per tensor");
    oq_qparams_from_weight(t, -1, OQ_INT8, false, OQ_QMODE_TORCH, NULL, arena, &q, NULL);
    is_float((double)q.scale[0], 12.7 / 127.5, 1e-8, "seed mode divides by 127.5");
    is_int(q.qmin, -128, "and reaches -128");
}

static void test_arithmetic(void)
{
    const float x[] = {0.5f, 1.5f, 2.5f, -0.5f, 1e9f, -1e9f, NAN};
    const int32_t want[] = {10, 12, 12, 10, 255, 0, 0};
    int wrong = 0;

    for (int i = 0; i < 7; i++)
        wrong += oq_quantize_value(x[i], 1.0f, 10, 0, 255) != want[i];
    is_int(wrong, 0, "ties go to even before the zero point is added; saturation; NaN gives the lowest code");
}

static void test_bias(void)
{
    const float b[] = {1.0f}, scale[] = {1e-9f};
    const int32_t zero[] = {0};
    oq_qparams q = {.dtype = OQ_INT32,
                    .axis = 0,
                    .n = 1,
                    .scale = scale,
                    .zero_point = zero,
                    .qmin = INT32_MIN,
                    .qmax = INT32_MAX};
    int32_t code;
    float floor_scale = oq_bias_scale_floor(1000.0f, 1e-6f);

    oq_quantize_array(b, (int64_t[]){1}, 1, &q, &code);
    ok(code >= 999999900 && code <= 1000000100, "a bias code beyond 2^24 is not rounded twice");
    ok(1000.0 / ((double)floor_scale * 1e-6) < 2147483647.0, "at the guard's scale a bias fits int32");
    ok(1000.0 / ((double)floor_scale * 1e-6) > 2147000000.0, "and just so");
}

static void test_round_trip(void)
{
    const float scale[] = {0.1f, 0.37f};
    const int32_t zero[] = {3, 250};
    oq_qparams q = {
        .dtype = OQ_UINT8, .axis = 1, .n = 2, .scale = scale, .zero_point = zero, .qmin = 0, .qmax = 255};
    uint8_t codes[512], again[512];
    float x[512];
    int wrong = 0;

    for (int i = 0; i < 512; i++)
        codes[i] = (uint8_t)(i / 2);
    oq_dequantize_array(codes, (int64_t[]){256, 2}, 2, &q, x);
    oq_quantize_array(x, (int64_t[]){256, 2}, 2, &q, again);
    for (int i = 0; i < 512; i++)
        wrong += codes[i] != again[i];
    is_int(wrong, 0, "every code survives dequantize and quantize, per channel");
    oq_fake_quant_array(x, (int64_t[]){256, 2}, 2, &q, OQ_QMODE_ONNX, x);
    oq_quantize_array(x, (int64_t[]){256, 2}, 2, &q, again);
    is_mem(again, codes, sizeof codes, "fake quant changes nothing on the grid");
}

int main(void)
{
    arena = oq_arena_new(0);
    test_asymmetric();
    test_symmetric();
    test_refused();
    test_weights();
    test_arithmetic();
    test_bias();
    test_round_trip();
    oq_arena_free(arena);
    return tap_done();
}
