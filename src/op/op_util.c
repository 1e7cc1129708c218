#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ir/print.h"
#include "op/op.h"

bool oq_axis_normalize(int64_t axis, int rank, int *out)
{
    if (axis < -rank || axis >= rank)
        return false;
    *out = (int)(axis < 0 ? axis + rank : axis);
    return true;
}

bool oq_broadcast_dims(const oq_array *a, const oq_array *b, int64_t *dims, int *rank)
{
    *rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 0; i < *rank; i++) {
        int ia = i - (*rank - a->rank), ib = i - (*rank - b->rank);
        int64_t da = ia < 0 ? 1 : a->dims[ia], db = ib < 0 ? 1 : b->dims[ib];

        if (da != db && da != 1 && db != 1)
            return false;
        dims[i] = da == 1 ? db : da;
    }
    return true;
}

int64_t oq_array_int(const oq_array *array, size_t i)
{
    const void *p = array->data;

    switch (array->dtype) {
    case OQ_INT64: return ((const int64_t *)p)[i];
    case OQ_INT32: return ((const int32_t *)p)[i];
    case OQ_INT16: return ((const int16_t *)p)[i];
    case OQ_INT8: return ((const int8_t *)p)[i];
    case OQ_UINT64: return (int64_t)((const uint64_t *)p)[i];
    case OQ_UINT32: return ((const uint32_t *)p)[i];
    case OQ_UINT16: return ((const uint16_t *)p)[i];
    case OQ_UINT8:
    case OQ_BOOL: return ((const uint8_t *)p)[i];
    case OQ_UINT4: return ((const uint8_t *)p)[i / 2] >> (i % 2 * 4) & 15;
    case OQ_INT4: return (int8_t)(((const uint8_t *)p)[i / 2] >> (i % 2 * 4) << 4) >> 4;
    case OQ_UINT2: return ((const uint8_t *)p)[i / 4] >> (i % 4 * 2) & 3;
    case OQ_INT2: return (int8_t)(((const uint8_t *)p)[i / 4] >> (i % 4 * 2) << 6) >> 6;
    default: return 0;
    }
}

size_t oq_elem_size(oq_dtype dtype)
{
    return (size_t)oq_dtype_bits(dtype) / 8;
}

size_t oq_dims_product(const int64_t *dims, int from, int to)
{
    size_t n = 1;

    for (int i = from; i < to; i++)
        n *= (size_t)dims[i];
    return n;
}

bool oq_array_bytes(oq_dtype dtype, size_t n, size_t *bytes)
{
    return oq_dtype_bytes(dtype == OQ_SEQUENCE || dtype == OQ_NOTHING ? OQ_UINT8 : dtype, n, bytes);
}

bool oq_to_floats(const oq_array *in, float *out)
{
    oq_tensor view = {.dtype = in->dtype, .n_elements = in->n, .data = in->data, .size = in->size};

    return oq_tensor_floats(&view, out);
}

bool oq_from_floats(const float *in, oq_dtype dtype, void *out, size_t n)
{
    switch (dtype) {
    case OQ_FLOAT:
        if (n && out != in)
            memcpy(out, in, n * sizeof(float));
        return true;
    case OQ_DOUBLE:
        for (size_t i = 0; i < n; i++)
            ((double *)out)[i] = in[i];
        return true;
    case OQ_FLOAT16:
        for (size_t i = 0; i < n; i++)
            ((uint16_t *)out)[i] = oq_f32_to_f16(in[i]);
        return true;
    case OQ_BFLOAT16:
        for (size_t i = 0; i < n; i++)
            ((uint16_t *)out)[i] = oq_f32_to_bf16(in[i]);
        return true;
    default: return false;
    }
}

oq_status oq_infer_same(oq_infer *ctx)
{
    for (int i = 0; i < ctx->n_out; i++)
        ctx->out[i] = ctx->in[0];
    return OQ_OK;
}

oq_status oq_infer_broadcast(oq_infer *ctx)
{
    oq_shape shape = ctx->in[0].shape;

    for (int i = 1; i < ctx->n_in; i++) {
        char a[256], b[256];

        if (!oq_shape_broadcast(&shape, &ctx->in[i].shape, &shape))
            OQ_OP_FAIL(ctx, OQ_SHAPE, "inputs of shapes %s and %s do not broadcast",
                       oq_shape_text(&shape, a, sizeof a), oq_shape_text(&ctx->in[i].shape, b, sizeof b));
    }
    ctx->out[0] = (oq_type){ctx->in[0].dtype, shape};
    return OQ_OK;
}

oq_status oq_op_fail(oq_diag *diag, const oq_node *node, oq_status status, const char *file, int line,
                     const char *fmt, ...)
{
    char what[OQ_DIAG_TEXT / 2], where[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return oq_diag_set(diag, status, file, line, "%s: %s", oq_node_text(node, where, sizeof where), what);
}
