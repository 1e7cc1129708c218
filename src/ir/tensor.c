#include "ir/tensor.h"

#include <string.h>

bool oq_dims_count(const int64_t *dims, int rank, size_t *n_elements)
{
    size_t n = 1;
    bool overflow = false, is_empty = false;

    for (int i = 0; i < rank; i++) {
        if (dims[i] < 0)
            return false;
        if (dims[i] == 0)
            is_empty = true;
        else
            overflow |= __builtin_mul_overflow(n, (size_t)dims[i], &n);
    }
    if (overflow && !is_empty)
        return false;
    *n_elements = is_empty ? 0 : n;
    return true;
}

oq_tensor *oq_tensor_wrap(oq_arena *arena, oq_dtype dtype, const int64_t *dims, int rank, const void *data)
{
    oq_tensor *tensor = OQ_NEW(arena, oq_tensor);

    if (!tensor || !oq_dims_count(dims, rank, &tensor->n_elements) ||
        !oq_dtype_bytes(dtype, tensor->n_elements, &tensor->size))
        return NULL;
    tensor->dtype = dtype;
    tensor->rank = rank;
    tensor->dims = oq_arena_copy(arena, dims, (size_t)rank * sizeof *dims);
    tensor->data = data;
    tensor->name = "";
    return tensor->dims ? tensor : NULL;
}

oq_tensor *oq_tensor_new(oq_arena *arena, oq_dtype dtype, const int64_t *dims, int rank, void **data)
{
    oq_tensor *tensor = oq_tensor_wrap(arena, dtype, dims, rank, NULL);

    if (!tensor)
        return NULL;
    *data = oq_arena_zalloc(arena, tensor->size);
    tensor->data = *data;
    return *data ? tensor : NULL;
}

oq_tensor *oq_tensor_from_floats(oq_arena *arena, const float *values, const int64_t *dims, int rank)
{
    void *data;
    oq_tensor *tensor = oq_tensor_new(arena, OQ_FLOAT, dims, rank, &data);

    if (tensor && tensor->size)
        memcpy(data, values, tensor->size);
    return tensor;
}

oq_tensor *oq_tensor_from_ints(oq_arena *arena, const int64_t *values, size_t n)
{
    void *data;
    int64_t dim = (int64_t)n;
    oq_tensor *tensor = oq_tensor_new(arena, OQ_INT64, &dim, 1, &data);

    if (tensor && tensor->size)
        memcpy(data, values, tensor->size);
    return tensor;
}

oq_tensor *oq_tensor_scalar_float(oq_arena *arena, float value)
{
    return oq_tensor_from_floats(arena, &value, NULL, 0);
}

oq_tensor *oq_tensor_scalar_int(oq_arena *arena, oq_dtype dtype, int64_t value)
{
    void *data;
    oq_tensor *tensor = oq_tensor_new(arena, dtype, NULL, 0, &data);

    if (tensor) /* little-endian: the low bytes come first, and sub-byte types use the low bits */
        memcpy(data, &value, tensor->size);
    if (tensor && oq_dtype_bits(dtype) < 8)
        *(unsigned char *)data &= (unsigned char)((1u << oq_dtype_bits(dtype)) - 1);
    return tensor;
}

static size_t natural_alignment(oq_dtype dtype)
{
    switch (oq_dtype_bits(dtype)) {
    case 16: return 2;
    case 32: return 4;
    case 64: return 8;
    case 128: return 8;
    default: return 1;
    }
}

const void *oq_tensor_aligned(const oq_tensor *tensor, oq_arena *arena)
{
    if (((uintptr_t)tensor->data & (natural_alignment(tensor->dtype) - 1)) == 0)
        return tensor->data;
    return oq_arena_copy(arena, tensor->data, tensor->size);
}

/* Element as two's complement integer; the caller knows the type is an integer or bool. */
static int64_t int_at(const oq_tensor *tensor, size_t i)
{
    const unsigned char *p = tensor->data;
    int bits = oq_dtype_bits(tensor->dtype);
    int64_t qmin, qmax;
    uint64_t u = 0;

    if (bits >= 8) {
        memcpy(&u, p + i * (size_t)(bits / 8), (size_t)(bits / 8));
    } else {
        size_t per_byte = 8 / (size_t)bits;

        u = (unsigned)p[i / per_byte] >> (i % per_byte * (size_t)bits) & ((1u << bits) - 1);
    }
    oq_dtype_limits(tensor->dtype, &qmin, &qmax);
    if (qmin < 0 && bits < 64 && u >> (bits - 1) & 1)
        u |= ~(uint64_t)0 << bits;
    return (int64_t)u;
}

static float float_at(const oq_tensor *tensor, size_t i)
{
    const unsigned char *p = tensor->data;
    uint16_t half;
    double d;

    switch (tensor->dtype) {
    case OQ_DOUBLE: memcpy(&d, p + i * 8, 8); return (float)d;
    case OQ_FLOAT16: memcpy(&half, p + i * 2, 2); return oq_f16_to_f32(half);
    case OQ_BFLOAT16: memcpy(&half, p + i * 2, 2); return oq_bf16_to_f32(half);
    case OQ_FLOAT4E2M1: return oq_f8_to_f32(OQ_FLOAT4E2M1, (uint8_t)(p[i / 2] >> (i % 2 * 4) & 15));
    case OQ_UINT64: return (float)(uint64_t)int_at(tensor, i);
    default: break;
    }
    return oq_dtype_is_float(tensor->dtype) ? oq_f8_to_f32(tensor->dtype, p[i]) : (float)int_at(tensor, i);
}

bool oq_tensor_floats_at(const oq_tensor *tensor, size_t first, size_t n, float *out)
{
    if (first > tensor->n_elements || n > tensor->n_elements - first)
        return false;
    if (!oq_dtype_is_float(tensor->dtype) && !oq_dtype_is_integer(tensor->dtype) && tensor->dtype != OQ_BOOL)
        return false;
    if (n && tensor->dtype == OQ_FLOAT) {
        memcpy(out, (const unsigned char *)tensor->data + first * sizeof(float), n * sizeof(float));
        return true;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = float_at(tensor, first + i);
    return true;
}

bool oq_tensor_floats(const oq_tensor *tensor, float *out)
{
    return oq_tensor_floats_at(tensor, 0, tensor->n_elements, out);
}

bool oq_tensor_int(const oq_tensor *tensor, size_t index, int64_t *out)
{
    if (index >= tensor->n_elements || (!oq_dtype_is_integer(tensor->dtype) && tensor->dtype != OQ_BOOL))
        return false;
    *out = int_at(tensor, index);
    return true;
}

bool oq_tensor_shape(const oq_tensor *tensor, oq_shape *out)
{
    if (tensor->rank > OQ_MAX_RANK)
        return false;
    out->rank = tensor->rank;
    for (int i = 0; i < tensor->rank; i++)
        out->dims[i] = (oq_dim){tensor->dims[i], NULL};
    return true;
}

static bool strings_equal(const oq_tensor *a, const oq_tensor *b)
{
    const oq_string *sa = a->data, *sb = b->data;

    for (size_t i = 0; i < a->n_elements; i++) {
        if (sa[i].size != sb[i].size || (sa[i].size && memcmp(sa[i].data, sb[i].data, sa[i].size) != 0))
            return false;
    }
    return true;
}

bool oq_tensor_equal(const oq_tensor *a, const oq_tensor *b)
{
    if (a == b)
        return true;
    if (a->dtype != b->dtype || a->rank != b->rank || a->size != b->size)
        return false;
    if (a->rank && memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) != 0)
        return false;
    if (a->dtype == OQ_STRING)
        return strings_equal(a, b);
    return a->size == 0 || memcmp(a->data, b->data, a->size) == 0;
}
