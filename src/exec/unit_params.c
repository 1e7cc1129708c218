/* unit_params: scales, zero points and weights of a unit, read off the graph. */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "exec/unit.h"
#include "exec/units.h"

/* A bias at another scale than s_x * s_w cannot be added to the sums; backends allow this much. */
#define BIAS_TOLERANCE 0.01f

static bool read_scale(const oq_value *value, float *out)
{
    const oq_tensor *tensor = oq_value_constant(value);

    return tensor && tensor->dtype == OQ_FLOAT && tensor->n_elements == 1 &&
           oq_tensor_floats_at(tensor, 0, 1, out) && isfinite(*out) && *out > 0;
}

/* Zero point and the type it gives; an omitted one is 0 of the type `otherwise`. */
static bool read_zero_point(const oq_node *node, oq_dtype otherwise, oq_codes *out)
{
    const oq_value *value = node->n_inputs > 2 ? node->inputs[2] : NULL;
    const oq_tensor *tensor = oq_value_constant(value);
    int64_t zero_point = 0;

    out->dtype = otherwise;
    if (value) {
        if (!tensor || tensor->n_elements != 1 || !oq_tensor_int(tensor, 0, &zero_point))
            return false;
        out->dtype = tensor->dtype;
    }
    out->zero_point = (int32_t)zero_point;
    return out->dtype == OQ_UINT8 || out->dtype == OQ_INT8;
}

static bool is_quantization(const oq_node *node, const char *op_type)
{
    return node && oq_node_is(node, op_type) && node->n_inputs >= 2 && node->inputs[0] &&
           node->n_outputs == 1 && node->outputs[0] && oq_node_int(node, "block_size", 0) == 0;
}

/* Type of the codes a Q without zero point gives: an attribute may say. */
static oq_dtype quantized_type(const oq_node *node)
{
    return (oq_dtype)oq_node_int(node, "output_dtype", OQ_UINT8);
}

/* Element type of codes as far as the graph tells. */
static oq_dtype type_of(const oq_value *value)
{
    oq_codes q;

    if (value->dtype != OQ_UNDEFINED)
        return value->dtype;
    if (value->producer && is_quantization(value->producer, "QuantizeLinear") &&
        read_zero_point(value->producer, quantized_type(value->producer), &q))
        return q.dtype;
    return OQ_UNDEFINED;
}

bool oq_read_dequantize(const oq_value *value, oq_codes *out)
{
    const oq_node *node = value ? value->producer : NULL;

    if (!is_quantization(node, "DequantizeLinear") || value->graph != node->graph)
        return false;
    out->value = node->inputs[0];
    return read_scale(node->inputs[1], &out->scale) && read_zero_point(node, type_of(out->value), out);
}

float oq_decode(const oq_codes *q, int32_t code)
{
    return (float)(code - q->zero_point) * q->scale;
}

int32_t oq_encode(const oq_codes *q, float x)
{
    int64_t lo, hi;
    float code = nearbyintf(x / q->scale);

    oq_dtype_limits(q->dtype, &lo, &hi);
    if (!(code > (float)(lo - q->zero_point)))
        return (int32_t)lo;
    return code >= (float)(hi - q->zero_point) ? (int32_t)hi : (int32_t)code + q->zero_point;
}

/* ---- what stands behind */

static bool read_bound(const oq_node *clip, int input, const char *name, float otherwise, float *out)
{
    const oq_tensor *tensor;

    *out = otherwise;
    if (clip->opset < 11) {
        *out = oq_node_float(clip, name, otherwise);
        return true;
    }
    if (input >= clip->n_inputs || !clip->inputs[input])
        return true;
    tensor = oq_value_constant(clip->inputs[input]);
    return tensor && tensor->dtype == OQ_FLOAT && tensor->n_elements == 1 &&
           oq_tensor_floats_at(tensor, 0, 1, out);
}

/* Is this an activation that clamps to [lo, hi]? */
static bool read_activation(const oq_node *node, float *lo, float *hi)
{
    *lo = 0;
    *hi = INFINITY;
    if (oq_node_is(node, "Relu"))
        return true;
    return oq_node_is(node, "Clip") && read_bound(node, 1, "min", -INFINITY, lo) &&
           read_bound(node, 2, "max", INFINITY, hi) && !isnan(*lo) && !isnan(*hi) && *lo <= *hi;
}

bool oq_read_quantize_node(const oq_node *node, oq_codes *out)
{
    if (!is_quantization(node, "QuantizeLinear") || !read_scale(node->inputs[1], &out->scale) ||
        !read_zero_point(node, quantized_type(node), out))
        return false;
    out->value = node->outputs[0];
    return true;
}

bool oq_read_quantize(oq_unit_finder *f, const oq_node *node, oq_unit *unit)
{
    const oq_node *activation = oq_node_single_reader(node), *quantize = activation;
    float lo = -INFINITY, hi = INFINITY;

    if (read_activation(activation, &lo, &hi) && activation->inputs[0] == node->outputs[0]) {
        quantize = oq_node_single_reader(activation);
    } else {
        activation = NULL;
        lo = -INFINITY;
        hi = INFINITY;
    }
    if (!oq_read_quantize_node(quantize, &unit->y) ||
        quantize->inputs[0] != (activation ? activation : node)->outputs[0])
        return false;
    unit->has_y = true;
    unit->out[0] = quantize->outputs[0];
    /* Rounding is monotone: clamping before it or after it is the same. */
    unit->lo = oq_encode(&unit->y, lo);
    unit->hi = oq_encode(&unit->y, hi);
    oq_units_absorb(f->units, activation);
    oq_units_absorb(f->units, quantize);
    return true;
}

/* ---- weights */

/* Per-channel (or single) scales and zero points of a constant's DQ, spread to n of each. */
static bool read_channels(const oq_node *node, int axis, int rank, size_t n, float *scale,
                          int32_t *zero_point)
{
    const oq_tensor *s = oq_value_constant(node->inputs[1]);
    const oq_value *zero = node->n_inputs > 2 ? node->inputs[2] : NULL;
    const oq_tensor *z = oq_value_constant(zero);
    int given;

    if (!s || s->dtype != OQ_FLOAT || (s->n_elements != 1 && s->n_elements != n) || (zero && !z) ||
        (z && z->n_elements != s->n_elements))
        return false;
    if (s->n_elements != 1 &&
        (!oq_axis_normalize(oq_node_int(node, "axis", 1), rank, &given) || given != axis))
        return false;
    for (size_t i = 0; i < n; i++) {
        size_t at = s->n_elements == 1 ? 0 : i;
        int64_t zp = 0;

        if (!oq_tensor_floats_at(s, at, 1, &scale[i]) || !isfinite(scale[i]) || scale[i] <= 0 ||
            (z && !oq_tensor_int(z, at, &zp)))
            return false;
        zero_point[i] = (int32_t)zp;
    }
    return true;
}

static bool read_bias(oq_unit_finder *f, const oq_value *value, oq_unit *unit)
{
    size_t n = unit->weight.n;
    const oq_node *node = value->producer;
    const oq_tensor *bias =
        is_quantization(node, "DequantizeLinear") ? oq_value_constant(node->inputs[0]) : NULL;
    float *scale = OQ_NEW_ARRAY(f->arena, float, n);
    int32_t *zero_point = OQ_NEW_ARRAY(f->arena, int32_t, n), *out = OQ_NEW_ARRAY(f->arena, int32_t, n);

    if (!bias || bias->dtype != OQ_INT32 || bias->n_elements != n || !scale || !zero_point || !out ||
        !read_channels(node, bias->rank - 1, bias->rank, n, scale, zero_point))
        return false;
    for (size_t i = 0; i < n; i++) {
        float want = unit->x[0].scale * unit->weight.scale[i];
        int64_t code;

        if (zero_point[i] != 0 || !(fabsf(scale[i] - want) <= BIAS_TOLERANCE * want) ||
            !oq_tensor_int(bias, i, &code))
            return false;
        out[i] = (int32_t)code;
    }
    unit->weight.bias = out;
    return true;
}

bool oq_read_weight(oq_unit_finder *f, const oq_node *node, int axis, size_t groups, oq_unit *unit)
{
    const oq_node *dequantize = node->inputs[1]->producer;
    const oq_tensor *codes =
        is_quantization(dequantize, "DequantizeLinear") ? oq_value_constant(dequantize->inputs[0]) : NULL;
    float *scale;
    int32_t *zero_point;
    size_t n, all;

    if (!codes || (codes->dtype != OQ_INT8 && codes->dtype != OQ_UINT8) || codes->n_elements == 0 ||
        axis >= codes->rank || codes->rank > OQ_MAX_RANK)
        return false;
    n = (size_t)codes->dims[axis];
    if (oq_mul_overflow(n, groups, &all))
        return false;
    scale = OQ_NEW_ARRAY(f->arena, float, all);
    zero_point = OQ_NEW_ARRAY(f->arena, int32_t, all);
    unit->weight =
        (oq_int_weight){.codes = codes, .axis = axis, .n = all, .scale = scale, .zero_point = zero_point};
    if (!scale || !zero_point || !read_channels(dequantize, axis, codes->rank, n, scale, zero_point))
        return false;
    for (size_t i = n; i < all; i++) {
        scale[i] = scale[i - n];
        zero_point[i] = zero_point[i - n];
    }
    return node->n_inputs < 3 || !node->inputs[2] || read_bias(f, node->inputs[2], unit);
}

bool oq_make_multiplier(oq_unit_finder *f, oq_unit *unit)
{
    float *multiplier = OQ_NEW_ARRAY(f->arena, float, unit->weight.n);

    if (!multiplier)
        return false;
    for (size_t i = 0; i < unit->weight.n; i++) {
        float product = unit->x[0].scale * unit->weight.scale[i];

        multiplier[i] = unit->has_y ? product / unit->y.scale : product;
    }
    unit->weight.multiplier = multiplier;
    return true;
}

/* ---- for run functions */

oq_status oq_check_codes(oq_run *ctx, int n)
{
    const oq_unit *unit = ctx->state;

    for (int i = 0; i < n; i++) {
        if (ctx->in[i]->dtype != unit->x[i].dtype)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d holds %s, its DequantizeLinear says %s", i,
                       oq_dtype_name(ctx->in[i]->dtype), oq_dtype_name(unit->x[i].dtype));
    }
    return OQ_OK;
}

oq_byte oq_byte_of(oq_dtype dtype)
{
    return dtype == OQ_INT8 ? OQ_BYTE_S8 : OQ_BYTE_U8;
}
