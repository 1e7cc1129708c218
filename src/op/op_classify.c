/* op_classify: IsInf, IsNaN: what kind of number each element is. The answer is read from its bits, so that
 * every float format, and whatever the compiler assumes of floats, gives the same. */
#include <string.h>

#include "op/families.h"

typedef struct {
    uint64_t exponent, fraction, sign; /* masks */
} float_format;

static bool format_of(oq_dtype dtype, float_format *f)
{
    switch (dtype) {
    case OQ_FLOAT: *f = (float_format){0x7f800000u, 0x7fffffu, 0x80000000u}; return true;
    case OQ_FLOAT16: *f = (float_format){0x7c00, 0x3ff, 0x8000}; return true;
    case OQ_BFLOAT16: *f = (float_format){0x7f80, 0x7f, 0x8000}; return true;
    case OQ_DOUBLE:
        *f = (float_format){0x7ff0000000000000u, 0xfffffffffffffu, 0x8000000000000000u};
        return true;
    default: return false;
    }
}

/* The bits of element i. 8-bit floats have NaN and infinity in places of their own: their float32 value is
 * asked instead. */
static uint64_t bits_at(const oq_array *in, size_t i)
{
    size_t size = oq_elem_size(in->dtype);
    uint64_t bits = 0;
    uint32_t wide;
    float value;

    if (size == 1) {
        value = oq_f8_to_f32(in->dtype, ((const uint8_t *)in->data)[i]);
        memcpy(&wide, &value, sizeof wide);
        return wide;
    }
    memcpy(&bits, (const char *)in->data + i * size, size);
    return bits;
}

static oq_status infer(oq_infer *ctx)
{
    ctx->out[0] = (oq_type){OQ_BOOL, ctx->in[0].shape};
    return OQ_OK;
}

static oq_status open_formats(oq_run *ctx, float_format *f, uint8_t **out)
{
    const oq_array *in = ctx->in[0];

    if (!format_of(oq_elem_size(in->dtype) == 1 ? OQ_FLOAT : in->dtype, f))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "not computed for elements of type %s", oq_dtype_name(in->dtype));
    *out = oq_out(ctx, 0, OQ_BOOL, in->dims, in->rank);
    return *out ? OQ_OK : oq_run_failure(ctx);
}

static oq_status run_is_nan(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    float_format f;
    uint8_t *out = NULL;

    OQ_TRY(open_formats(ctx, &f, &out));
    for (size_t i = 0; i < in->n; i++) {
        uint64_t bits = bits_at(in, i);

        out[i] = (bits & f.exponent) == f.exponent && (bits & f.fraction) != 0;
    }
    return OQ_OK;
}

static oq_status run_is_inf(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    bool takes_negative = oq_node_int(ctx->node, "detect_negative", 1) != 0;
    bool takes_positive = oq_node_int(ctx->node, "detect_positive", 1) != 0;
    float_format f;
    uint8_t *out = NULL;

    OQ_TRY(open_formats(ctx, &f, &out));
    for (size_t i = 0; i < in->n; i++) {
        uint64_t bits = bits_at(in, i);

        out[i] = (bits & ~f.sign) == f.exponent && (bits & f.sign ? takes_negative : takes_positive);
    }
    return OQ_OK;
}

#define OQ_T_SMALL_FLOATS \
    (OQ_T(OQ_FLOAT8E4M3FN) | OQ_T(OQ_FLOAT8E4M3FNUZ) | OQ_T(OQ_FLOAT8E5M2) | OQ_T(OQ_FLOAT8E5M2FNUZ))

#define ROW(op, opset, mask, run_fn)                                                                    \
    {                                                                                                   \
        .name = op, .domain = "", .since = opset, .min_in = 1, .max_in = 1, .min_out = 1, .max_out = 1, \
        .types = mask, .infer = infer, .run = run_fn, .rule = OQ_RULE_NONE, .weight = -1, .bias = -1,   \
        .layout = OQ_LAYOUT_POINT                                                                       \
    }

/* 20 added the halves (IsInf) and the 8-bit floats. */
const oq_op oq_ops_classify[] = {
    ROW("IsInf", 10, OQ_T_FLOATS, run_is_inf),
    ROW("IsInf", 20, OQ_T_FLOATS | OQ_T_SMALL_FLOATS, run_is_inf),
    ROW("IsNaN", 9, OQ_T_FLOATS, run_is_nan),
    ROW("IsNaN", 20, OQ_T_FLOATS | OQ_T_SMALL_FLOATS, run_is_nan),
    {.name = NULL},
};
