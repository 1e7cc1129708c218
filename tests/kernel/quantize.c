/* The ONNX rule, code by code: ties to even, saturation, NaN, infinities, every size. */
#include "kernel/quantize.h"

#include "kernel_test.h"

static int32_t plain_code(float x, int32_t zero_point, int32_t qmin, int32_t qmax)
{
    float r = rintf(x), lo = (float)(qmin - zero_point), hi = (float)(qmax - zero_point);

    if (isnan(r) || r < lo)
        r = lo;
    return (int32_t)(r > hi ? hi : r) + zero_point;
}

/* Ties, limits and the values beside them, then random ones. */
static void fill(float *x, size_t n, float scale)
{
    static const float codes[] = {0.5f,    1.5f,   2.5f,     -0.5f,     -1.5f, -2.5f,      127.5f, 128.5f,
                                  -128.5f, -129,   254.5f,   255.5f,    300,   -300,       0,      -0.0f,
                                  1e30f,   -1e30f, INFINITY, -INFINITY, NAN,   0.49999997f};
    oq_rng rng = {9};

    for (size_t i = 0; i < n; i++)
        x[i] =
            i < sizeof codes / sizeof *codes ? codes[i] * scale : (oq_rng_float(&rng) - 0.5f) * 600 * scale;
}

typedef struct {
    float scale;
    int32_t zero_point_u8, zero_point_s8;
} params;

static int count_wrong(const oq_kernels *kernels, const params *p, const float *x, size_t n)
{
    const oq_quantize_kernels *q = kernels->quantize;
    uint8_t u8[70];
    int8_t s8[70];
    int32_t s32[70];
    float back_u8[70], back_s8[70], fake[70];
    int n_wrong = 0;

    q->quantize_u8(x, u8, n, p->scale, p->zero_point_u8);
    q->quantize_s8(x, s8, n, p->scale, p->zero_point_s8);
    q->quantize_s32(x, s32, n, p->scale, p->zero_point_s8, -8, 7 + p->zero_point_s8);
    q->dequantize_u8(u8, back_u8, n, p->scale, p->zero_point_u8);
    q->dequantize_s8(s8, back_s8, n, p->scale, p->zero_point_s8);
    q->fake_quantize(x, fake, n, p->scale, p->zero_point_u8, 0, 255);
    for (size_t i = 0; i < n; i++) {
        int32_t code = plain_code(x[i] / p->scale, p->zero_point_u8, 0, 255);

        n_wrong += u8[i] != code;
        n_wrong += s8[i] != plain_code(x[i] / p->scale, p->zero_point_s8, -128, 127);
        n_wrong += s32[i] != plain_code(x[i] / p->scale, p->zero_point_s8, -8, 7 + p->zero_point_s8);
        n_wrong += !same_float(back_u8[i], (float)(code - p->zero_point_u8) * p->scale);
        n_wrong += !same_float(back_s8[i], (float)(s8[i] - p->zero_point_s8) * p->scale);
        n_wrong += !same_float(fake[i], back_u8[i]);
    }
    return n_wrong;
}

static void test_quantize(const oq_kernels *kernels)
{
    static const params all[] = {
        {1, 0, 0}, {0.1f, 128, -3}, {0.25f, 255, 127}, {3e-5f, 7, -128}, {0x1p-140f, 1, 0}};
    int n_wrong = 0;
    float x[70];

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        fill(x, 70, all[i].scale);
        for (size_t n = 0; n <= 70; n++)
            n_wrong += count_wrong(kernels, &all[i], x, n);
    }
    is_int(n_wrong, 0, "quantize, dequantize and fake quantize, every size");
}

static void test_rules(const oq_kernels *kernels)
{
    const float x[] = {0.5f, 1.5f, 2.5f, -1, 400, NAN, INFINITY, -INFINITY};
    uint8_t y[8];

    kernels->quantize->quantize_u8(x, y, 8, 1, 10);
    ok(y[0] == 10 && y[1] == 12 && y[2] == 12, "halves go to the even code");
    ok(y[3] == 9 && y[4] == 255, "codes saturate");
    ok(y[5] == 0 && y[6] == 255 && y[7] == 0, "NaN is the lowest code, infinities the ends");
}

static void test_requantize(const oq_kernels *kernels)
{
    int32_t acc[70] = {1, 3, 5, -1, -3, INT32_MAX, INT32_MIN, 16777217};
    float multiplier[70] = {0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 1, 1, 1e-5f};
    unsigned char u8[70], s8[70];
    oq_requantize to_u8 = {multiplier, 7, 0, 255}, to_s8 = {multiplier, -7, -100, 90};
    oq_rng rng = {2};
    int n_wrong = 0;

    for (int i = 8; i < 70; i++) {
        acc[i] = (int32_t)oq_rng_below(&rng, 200000) - 100000;
        multiplier[i] = oq_rng_float(&rng) * 0.005f;
    }
    for (size_t n = 0; n <= 70; n++) {
        kernels->quantize->requantize(acc, u8, n, &to_u8);
        kernels->quantize->requantize(acc, s8, n, &to_s8);
        for (size_t i = 0; i < n; i++) {
            n_wrong += u8[i] != plain_code((float)acc[i] * multiplier[i], 7, 0, 255);
            n_wrong += (signed char)s8[i] != plain_code((float)acc[i] * multiplier[i], -7, -100, 90);
        }
    }
    is_int(n_wrong, 0, "requantize with a multiplier per column, ties and the ends of int32");
    ok(u8[0] == 7 && u8[1] == 9 && u8[2] == 9, "halves go to the even code before the zero point is added");
}

static void test_dequantize_s32(const oq_kernels *kernels)
{
    const int32_t x[] = {0, 1, -1, 16777217, INT32_MAX, INT32_MIN, 5, 6, 7};
    float y[9];
    bool good = true;

    kernels->quantize->dequantize_s32(x, y, 9, 0.1f, 0);
    for (int i = 0; i < 9; i++)
        good &= same_float(y[i], (float)x[i] * 0.1f);
    ok(good, "int32 values round to float before the scale");
}

int main(void)
{
    for (int s = 0; s < N_SET_NAMES; s++) {
        const oq_kernels *kernels = oq_kernels_named(set_names[s]);

        if (!kernels) {
            tap_skip(1, "this processor has no %s", set_names[s]);
            continue;
        }
        tap_diag("%s", set_names[s]);
        test_quantize(kernels);
        test_rules(kernels);
        test_requantize(kernels);
        test_dequantize_s32(kernels);
    }
    return tap_done();
}
