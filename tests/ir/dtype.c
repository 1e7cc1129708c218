#include <math.h>

#include "ir/dtype.h"
#include "tap/tap.h"

static void test_half(void)
{
    int differ = 0;

    for (uint32_t h = 0; h < 65536; h++) {
        float f = oq_f16_to_f32((uint16_t)h);

        if (!isnan(f) && oq_f32_to_f16(f) != h)
            differ++;
    }
    is_int(differ, 0, "every float16 that is a number survives float32 and back");
    is_int(oq_f32_to_f16(65504.0f), 0x7bff, "the largest float16");
    is_int(oq_f32_to_f16(65520.0f), 0x7c00, "half way to the next rounds to infinity");
    is_int(oq_f32_to_f16(1.0f + 0x1p-11f), 0x3c00, "a tie rounds to even, down");
    is_int(oq_f32_to_f16(1.0f + 3 * 0x1p-11f), 0x3c02, "a tie rounds to even, up");
    is_int(oq_f32_to_f16(0x1p-25f), 0, "half of the smallest subnormal rounds to zero");
    is_int(oq_f32_to_bf16(1.0f + 0x1p-8f), 0x3f80, "bfloat16 ties to even");
    ok(isnan(oq_bf16_to_f32(oq_f32_to_bf16(NAN))), "a NaN stays one in bfloat16");
}

static void test_small_floats(void)
{
    static const oq_dtype types[] = {OQ_FLOAT8E4M3FN, OQ_FLOAT8E4M3FNUZ, OQ_FLOAT8E5M2, OQ_FLOAT8E5M2FNUZ};

    for (int t = 0; t < 4; t++) {
        int differ = 0;

        for (int c = 0; c < 256; c++) {
            float f = oq_f8_to_f32(types[t], (uint8_t)c);

            if (!isnan(f) && oq_f32_to_f8(types[t], f, false) != c)
                differ++;
        }
        is_int(differ, 0, oq_dtype_name(types[t]));
    }
    is_float(oq_f8_to_f32(OQ_FLOAT8E4M3FN, oq_f32_to_f8(OQ_FLOAT8E4M3FN, 1e9f, true)), 448, 0, "saturation");
    ok(isnan(oq_f8_to_f32(OQ_FLOAT8E4M3FN, oq_f32_to_f8(OQ_FLOAT8E4M3FN, 1e9f, false))), "without it: NaN");
    is_float(oq_f8_to_f32(OQ_FLOAT4E2M1, 7), 6, 0, "largest float4e2m1");
    is_float(oq_f8_to_f32(OQ_FLOAT8E8M0, 127), 1, 0, "float8e8m0 of code 127");
}

static void test_limits(void)
{
    int64_t lo, hi;
    size_t bytes;

    oq_dtype_limits(OQ_INT4, &lo, &hi);
    ok(lo == -8 && hi == 7, "int4 limits");
    oq_dtype_limits(OQ_UINT8, &lo, &hi);
    ok(lo == 0 && hi == 255, "uint8 limits");
    oq_dtype_limits(OQ_INT64, &lo, &hi);
    ok(lo == INT64_MIN && hi == INT64_MAX, "int64 limits");
    ok(oq_dtype_bytes(OQ_INT4, 5, &bytes) && bytes == 3, "five int4 take three bytes");
    ok(!oq_dtype_bytes(OQ_DOUBLE, SIZE_MAX / 4, &bytes), "an overflow is refused");
    ok(!oq_dtype_bytes((oq_dtype)99, 1, &bytes), "an unknown type has no size");
}

int main(void)
{
    test_half();
    test_small_floats();
    test_limits();
    return tap_done();
}
