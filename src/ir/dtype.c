#include "ir/dtype.h"

#include <math.h>
#include <string.h>

typedef enum { KIND_NONE, KIND_FLOAT, KIND_SIGNED, KIND_UNSIGNED, KIND_OTHER } kind;

static const struct {
    const char *name;
    int bits;
    kind kind;
} rows[OQ_N_DTYPES] = {
    [OQ_UNDEFINED] = {"undefined", 0, KIND_NONE},
    [OQ_FLOAT] = {"float", 32, KIND_FLOAT},
    [OQ_UINT8] = {"uint8", 8, KIND_UNSIGNED},
    [OQ_INT8] = {"int8", 8, KIND_SIGNED},
    [OQ_UINT16] = {"uint16", 16, KIND_UNSIGNED},
    [OQ_INT16] = {"int16", 16, KIND_SIGNED},
    [OQ_INT32] = {"int32", 32, KIND_SIGNED},
    [OQ_INT64] = {"int64", 64, KIND_SIGNED},
    [OQ_STRING] = {"string", 8 * (int)sizeof(oq_string), KIND_OTHER},
    [OQ_BOOL] = {"bool", 8, KIND_OTHER},
    [OQ_FLOAT16] = {"float16", 16, KIND_FLOAT},
    [OQ_DOUBLE] = {"double", 64, KIND_FLOAT},
    [OQ_UINT32] = {"uint32", 32, KIND_UNSIGNED},
    [OQ_UINT64] = {"uint64", 64, KIND_UNSIGNED},
    [OQ_COMPLEX64] = {"complex64", 64, KIND_OTHER},
    [OQ_COMPLEX128] = {"complex128", 128, KIND_OTHER},
    [OQ_BFLOAT16] = {"bfloat16", 16, KIND_FLOAT},
    [OQ_FLOAT8E4M3FN] = {"float8e4m3fn", 8, KIND_FLOAT},
    [OQ_FLOAT8E4M3FNUZ] = {"float8e4m3fnuz", 8, KIND_FLOAT},
    [OQ_FLOAT8E5M2] = {"float8e5m2", 8, KIND_FLOAT},
    [OQ_FLOAT8E5M2FNUZ] = {"float8e5m2fnuz", 8, KIND_FLOAT},
    [OQ_UINT4] = {"uint4", 4, KIND_UNSIGNED},
    [OQ_INT4] = {"int4", 4, KIND_SIGNED},
    [OQ_FLOAT4E2M1] = {"float4e2m1", 4, KIND_FLOAT},
    [OQ_FLOAT8E8M0] = {"float8e8m0", 8, KIND_FLOAT},
    [OQ_UINT2] = {"uint2", 2, KIND_UNSIGNED},
    [OQ_INT2] = {"int2", 2, KIND_SIGNED},
};

static bool is_known(oq_dtype dtype)
{
    return (unsigned)dtype < OQ_N_DTYPES;
}

const char *oq_dtype_name(oq_dtype dtype)
{
    return rows[is_known(dtype) ? dtype : OQ_UNDEFINED].name;
}

int oq_dtype_bits(oq_dtype dtype)
{
    return is_known(dtype) ? rows[dtype].bits : 0;
}

bool oq_dtype_is_float(oq_dtype dtype)
{
    return is_known(dtype) && rows[dtype].kind == KIND_FLOAT;
}

bool oq_dtype_is_integer(oq_dtype dtype)
{
    return is_known(dtype) && (rows[dtype].kind == KIND_SIGNED || rows[dtype].kind == KIND_UNSIGNED);
}

void oq_dtype_limits(oq_dtype dtype, int64_t *qmin, int64_t *qmax)
{
    int bits = oq_dtype_bits(dtype);

    *qmin = *qmax = 0;
    if (!oq_dtype_is_integer(dtype))
        return;
    if (rows[dtype].kind == KIND_SIGNED) {
        *qmax = bits == 64 ? INT64_MAX : ((int64_t)1 << (bits - 1)) - 1;
        *qmin = -*qmax - 1;
    } else {
        *qmax = bits == 64 ? INT64_MAX : (int64_t)(((uint64_t)1 << bits) - 1);
    }
}

bool oq_dtype_bytes(oq_dtype dtype, size_t n, size_t *bytes)
{
    size_t bits = (size_t)oq_dtype_bits(dtype);

    if (!bits)
        return false;
    if (bits < 8) {
        size_t per_byte = 8 / bits;

        *bytes = n / per_byte + (n % per_byte != 0);
        return true;
    }
    return !__builtin_mul_overflow(n, bits / 8, bytes);
}

static float float_of_bits(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof f);
    return f;
}

static uint32_t bits_of_float(float f)
{
    uint32_t bits;

    memcpy(&bits, &f, sizeof bits);
    return bits;
}

float oq_f16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16;
    uint32_t exponent = (h >> 10) & 31, mantissa = h & 0x3ff;

    if (exponent == 31)
        return float_of_bits(sign | 0x7f800000 | mantissa << 13);
    if (exponent == 0)
        return float_of_bits(sign | bits_of_float((float)mantissa * 0x1p-24f));
    return float_of_bits(sign | (exponent + 112) << 23 | mantissa << 13);
}

uint16_t oq_f32_to_f16(float f)
{
    uint32_t bits = bits_of_float(f);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    uint32_t magnitude = bits & 0x7fffffff;

    if (magnitude > 0x7f800000) /* NaN stays a NaN, its upper payload kept */
        return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
    if (magnitude >= 0x47800000) /* 65536 and above, infinity */
        return sign | 0x7c00;
    if (magnitude <
        0x38800000) { /* below 2^-14: subnormal; adding 0.5 lets the FPU round to a multiple of 2^-24 */
        float shifted = float_of_bits(magnitude) + 0.5f;

        return (uint16_t)(sign | (bits_of_float(shifted) - bits_of_float(0.5f)));
    }
    magnitude += 0xfff + (magnitude >> 13 & 1); /* ties to even */
    return (uint16_t)(sign | ((magnitude - 0x38000000) >> 13));
}

float oq_bf16_to_f32(uint16_t h)
{
    return float_of_bits((uint32_t)h << 16);
}

uint16_t oq_f32_to_bf16(float f)
{
    uint32_t bits = bits_of_float(f);

    if ((bits & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* Small floats: exponent and mantissa widths, bias, and what the top codes mean. */
typedef struct {
    int exponent_bits, mantissa_bits, bias;
    bool has_infinity;    /* IEEE-like: all-ones exponent is infinity or NaN */
    bool is_unsigned_nan; /* "FNUZ": 0x80 is the only NaN, no negative zero, no infinity */
    float largest;
    uint8_t nan_code;
} small_format;

static const small_format *small_format_of(oq_dtype dtype)
{
    static const small_format e4m3fn = {4, 3, 7, false, false, 448.0f, 0x7f};
    static const small_format e4m3fnuz = {4, 3, 8, false, true, 240.0f, 0x80};
    static const small_format e5m2 = {5, 2, 15, true, false, 57344.0f, 0x7f};
    static const small_format e5m2fnuz = {5, 2, 16, false, true, 57344.0f, 0x80};
    static const small_format e2m1 = {2, 1, 1, false, false, 6.0f, 0};

    switch (dtype) {
    case OQ_FLOAT8E4M3FN: return &e4m3fn;
    case OQ_FLOAT8E4M3FNUZ: return &e4m3fnuz;
    case OQ_FLOAT8E5M2: return &e5m2;
    case OQ_FLOAT8E5M2FNUZ: return &e5m2fnuz;
    case OQ_FLOAT4E2M1: return &e2m1;
    default: return NULL;
    }
}

float oq_f8_to_f32(oq_dtype dtype, uint8_t code)
{
    const small_format *format = small_format_of(dtype);
    int total, exponent, mantissa;
    float magnitude;

    if (dtype == OQ_FLOAT8E8M0)
        return code == 255 ? NAN : ldexpf(1.0f, code - 127);
    if (!format)
        return NAN;
    total = format->exponent_bits + format->mantissa_bits;
    exponent = code >> format->mantissa_bits & ((1 << format->exponent_bits) - 1);
    mantissa = code & ((1 << format->mantissa_bits) - 1);
    if (format->is_unsigned_nan && code == format->nan_code)
        return NAN;
    if (dtype == OQ_FLOAT8E4M3FN && (code & 0x7f) == 0x7f)
        return NAN;
    if (format->has_infinity && exponent == (1 << format->exponent_bits) - 1)
        magnitude = mantissa ? NAN : INFINITY;
    else if (exponent == 0)
        magnitude = ldexpf((float)mantissa, 1 - format->bias - format->mantissa_bits);
    else
        magnitude = ldexpf((float)(mantissa | 1 << format->mantissa_bits),
                           exponent - format->bias - format->mantissa_bits);
    return code >> total & 1 ? -magnitude : magnitude;
}

/* Code of a finite magnitude, rounded half to even; may exceed the largest finite code. */
static uint32_t encode_magnitude(const small_format *format, float magnitude)
{
    int exponent;
    float scaled;

    if (magnitude == 0.0f)
        return 0;
    frexpf(magnitude, &exponent); /* magnitude = m * 2^exponent, 0.5 <= m < 1 */
    exponent -= 1;
    if (exponent < 1 - format->bias)
        exponent = 1 - format->bias;
    scaled = nearbyintf(ldexpf(magnitude, format->mantissa_bits - exponent));
    /* A carry out of the mantissa moves into the exponent by itself. */
    return (uint32_t)(((exponent + format->bias - 1) << format->mantissa_bits) + (int)scaled);
}

static uint8_t overflow_code(oq_dtype dtype, const small_format *format, uint8_t sign, bool saturate)
{
    if (saturate || dtype == OQ_FLOAT4E2M1)
        return (uint8_t)(sign | encode_magnitude(format, format->largest));
    return format->has_infinity
               ? (uint8_t)(sign | 0x7c)
               : (uint8_t)(format->is_unsigned_nan ? format->nan_code : sign | format->nan_code);
}

/* Power of two, rounded to nearest, ties up (float8e8m0 has no mantissa; the Cast operator's default "up" is
 * not it). */
static uint8_t encode_e8m0(float f)
{
    uint32_t bits = bits_of_float(f) & 0x7fffffff;
    uint32_t exponent = bits >> 23;

    if (bits > 0x7f800000)
        return 255;
    if (exponent == 255)
        return 254;
    if (bits & 0x400000)
        exponent++;
    return (uint8_t)(exponent > 254 ? 254 : exponent);
}

uint8_t oq_f32_to_f8(oq_dtype dtype, float f, bool saturate)
{
    const small_format *format = small_format_of(dtype);
    uint8_t sign;
    uint32_t code;

    if (dtype == OQ_FLOAT8E8M0)
        return encode_e8m0(f);
    if (!format)
        return 0;
    sign = (uint8_t)((signbit(f) ? 1u : 0u) << (format->exponent_bits + format->mantissa_bits));
    if (isnan(f))
        return (uint8_t)(format->is_unsigned_nan ? format->nan_code : sign | format->nan_code);
    if (isinf(f))
        return overflow_code(dtype, format, sign, saturate);
    code = encode_magnitude(format, fabsf(f));
    if (code > encode_magnitude(format, format->largest))
        return overflow_code(dtype, format, sign, saturate);
    if (format->is_unsigned_nan && code == 0)
        return 0; /* no negative zero */
    return (uint8_t)(sign | code);
}
