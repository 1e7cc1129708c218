/* dtype: element types, numbered as TensorProto.DataType (onnx.proto). */
#ifndef OQ_IR_DTYPE_H
#define OQ_IR_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum oq_dtype {
    OQ_UNDEFINED = 0,
    OQ_FLOAT = 1,
    OQ_UINT8 = 2,
    OQ_INT8 = 3,
    OQ_UINT16 = 4,
    OQ_INT16 = 5,
    OQ_INT32 = 6,
    OQ_INT64 = 7,
    OQ_STRING = 8, /* elements in memory are oq_string */
    OQ_BOOL = 9,   /* one byte, 0 or 1 */
    OQ_FLOAT16 = 10,
    OQ_DOUBLE = 11,
    OQ_UINT32 = 12,
    OQ_UINT64 = 13,
    OQ_COMPLEX64 = 14,
    OQ_COMPLEX128 = 15,
    OQ_BFLOAT16 = 16,
    OQ_FLOAT8E4M3FN = 17,
    OQ_FLOAT8E4M3FNUZ = 18,
    OQ_FLOAT8E5M2 = 19,
    OQ_FLOAT8E5M2FNUZ = 20,
    OQ_UINT4 = 21, /* in memory packed two to a byte, element 0 in the low nibble, as in raw_data */
    OQ_INT4 = 22,
    OQ_FLOAT4E2M1 = 23,
    OQ_FLOAT8E8M0 = 24,
    OQ_UINT2 = 25, /* four to a byte */
    OQ_INT2 = 26,
    OQ_N_DTYPES
} oq_dtype;

/* Element of a string tensor. Bytes, not text: may hold NUL. */
typedef struct oq_string {
    const char *data;
    size_t size;
} oq_string;

const char *
oq_dtype_name(oq_dtype dtype);     /* "float", "uint8", ... as ONNX writes them; "undefined" when unknown */
int oq_dtype_bits(oq_dtype dtype); /* 0 for unknown; sizeof(oq_string) * 8 for strings */
bool oq_dtype_is_float(oq_dtype dtype);   /* any float format, not complex */
bool oq_dtype_is_integer(oq_dtype dtype); /* signed or unsigned, any width; not bool */
/* Limits of an integer type: both 0 when not an integer of at most 64 bits (UINT64 gives INT64_MAX as qmax).
 */
void oq_dtype_limits(oq_dtype dtype, int64_t *qmin, int64_t *qmax);
/* Bytes of n elements (rounded up for packed types); false on overflow or unknown type. */
bool oq_dtype_bytes(oq_dtype dtype, size_t n, size_t *bytes);

/* Scalar conversions, IEEE round to nearest even. */
float oq_f16_to_f32(uint16_t h);
uint16_t oq_f32_to_f16(float f);
float oq_bf16_to_f32(uint16_t h);
uint16_t oq_f32_to_bf16(float f);
/* 8-bit and 4-bit floats (types 17-20, 23, 24). saturate as in the ONNX Cast operator. */
float oq_f8_to_f32(oq_dtype dtype, uint8_t code);
uint8_t oq_f32_to_f8(oq_dtype dtype, float f, bool saturate);

#endif
