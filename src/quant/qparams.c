#include "quant/qparams.h"

#include <math.h>
#include <string.h>

#include "ir/tensor.h"

/* Smallest scale ever written: below it products of two scales leave the normal float range. */
#define SCALE_FLOOR 1e-12f
/* Channel floor relative to the tensor's largest channel: a nearly dead channel needs no resolution of its
 * own, and 1e-30 scales break every reader. 1e-2 gives the same accuracy (accuracy-recipe, step 4a); 1e-4
 * loses nothing by being lower. */
#define CHANNEL_FLOOR 1e-4f
#define CHUNK         ((size_t)1024) /* elements of a tensor looked at in one go */
#define TORCH_EPS     0x1p-23f       /* observer eps of PyTorch */

/* Code range of an activation or weight type; symmetric signed ONNX codes leave out the lowest. */
static void code_range(oq_dtype dtype, bool symmetric, bool reduce_range, oq_qmode mode, int32_t *qmin,
                       int32_t *qmax)
{
    int64_t lo, hi;

    oq_dtype_limits(dtype, &lo, &hi);
    if (reduce_range) { /* floor division, as PyTorch's observers: 0..127, -64..63 */
        lo = lo < 0 ? -((-lo + 1) / 2) : lo / 2;
        hi = hi / 2;
    }
    if (symmetric && lo < 0 && mode == OQ_QMODE_ONNX)
        lo = -hi;
    *qmin = (int32_t)lo;
    *qmax = (int32_t)hi;
}

static oq_status make(oq_arena *arena, oq_dtype dtype, int axis, size_t n, float **scale,
                      int32_t **zero_point, oq_qparams *out)
{
    *scale = OQ_NEW_ARRAY(arena, float, n);
    *zero_point = OQ_NEW_ARRAY(arena, int32_t, n);
    if (!*scale || !*zero_point)
        return OQ_NOMEM;
    out->dtype = dtype;
    out->axis = axis;
    out->n = n;
    out->scale = *scale;
    out->zero_point = *zero_point;
    return OQ_OK;
}

/* PyTorch computes in float32 and clamps the scale before the zero point (seed-semantics 3.1). */
static void torch_affine(float lo, float hi, const oq_qparams *q, float *scale, int32_t *zero_point)
{
    float s = (hi - lo) / (float)(q->qmax - q->qmin), z;

    if (s < TORCH_EPS)
        s = TORCH_EPS;
    z = (float)q->qmin - rintf(lo / s);
    *scale = s;
    *zero_point = (int32_t)fminf(fmaxf(z, (float)q->qmin), (float)q->qmax);
}

static void onnx_affine(float lo, float hi, const oq_qparams *q, float *scale, int32_t *zero_point)
{
    double z;
    float s = (float)(((double)hi - (double)lo) / (double)(q->qmax - q->qmin));

    if (hi == lo)
        s = 1.0f; /* only zeros were seen: any scale represents them */
    else if (s < SCALE_FLOOR)
        s = SCALE_FLOOR;
    z = rint((double)q->qmin -
             (double)lo / (double)s); /* from the stored scale: a reader recomputes the same */
    *scale = s;
    *zero_point = (int32_t)fmin(fmax(z, q->qmin), q->qmax);
}

static void symmetric_params(float lo, float hi, const oq_qparams *q, oq_qmode mode, float *scale,
                             int32_t *zero_point)
{
    float a = fmaxf(-lo, hi);
    float half =
        (float)(q->qmax - q->qmin) / 2.0f; /* 127 for -127..127, 127.5 for 0..255 and torch's -128..127 */
    float floor_scale = mode == OQ_QMODE_TORCH ? TORCH_EPS : SCALE_FLOOR;
    float s = a / half;

    if (a == 0.0f && mode == OQ_QMODE_ONNX)
        s = 1.0f;
    *scale = s < floor_scale ? floor_scale : s;
    *zero_point = q->qmin < 0 ? 0 : (q->qmin + q->qmax + 1) / 2;
}

oq_status oq_qparams_from_range(float lo, float hi, oq_dtype dtype, bool symmetric, bool reduce_range,
                                oq_qmode mode, oq_arena *arena, oq_qparams *out, oq_diag *diag)
{
    float *scale;
    int32_t *zero_point;
    oq_qparams q;

    if (!isfinite(lo) || !isfinite(hi) || lo > hi)
        OQ_FAIL(diag, OQ_RANGE, "range %g .. %g cannot be quantized", (double)lo, (double)hi);
    lo = fminf(lo, 0.0f); /* zero is always representable */
    hi = fmaxf(hi, 0.0f);
    if (!isfinite(hi - lo))
        OQ_FAIL(diag, OQ_RANGE, "range %g .. %g is too wide for float32", (double)lo, (double)hi);
    OQ_TRY(make(arena, dtype, -1, 1, &scale, &zero_point, &q));
    code_range(dtype, symmetric, reduce_range, mode, &q.qmin, &q.qmax);
    if (symmetric)
        symmetric_params(lo, hi, &q, mode, scale, zero_point);
    else if (mode == OQ_QMODE_TORCH)
        torch_affine(lo, hi, &q, scale, zero_point);
    else
        onnx_affine(lo, hi, &q, scale, zero_point);
    *out = q;
    return OQ_OK;
}

/* ---- weights */

static size_t inner_size(const oq_tensor *weight, int axis)
{
    size_t inner = 1;

    if (axis < 0)
        return weight->n_elements;
    for (int i = axis + 1; i < weight->rank; i++)
        inner *= (size_t)weight->dims[i];
    return inner;
}

/* Largest magnitude per channel; false when a value is not finite. In chunks: a weight may be larger than
 * memory likes. */
static bool channel_maxima(const oq_tensor *weight, int axis, size_t n, float *largest)
{
    size_t inner = inner_size(weight, axis), count;
    float x[CHUNK];

    for (size_t at = 0; at < weight->n_elements; at += count) {
        count = weight->n_elements - at < CHUNK ? weight->n_elements - at : CHUNK;
        if (!oq_tensor_floats_at(weight, at, count, x))
            return false;
        for (size_t i = 0; i < count; i++) {
            float *a = &largest[(at + i) / inner % n];

            if (!isfinite(x[i]))
                return false;
            *a = fmaxf(*a, fabsf(x[i]));
        }
    }
    return true;
}

/* scale: the largest magnitude of each channel, replaced by its scale. */
static void weight_scales(float *scale, size_t n, const oq_qparams *q, oq_qmode mode,
                          const float *scale_floor)
{
    float torch_half = (float)(q->qmax - q->qmin) / 2.0f; /* 127.5 for -128..127 */
    float largest = 0.0f;

    for (size_t c = 0; c < n; c++)
        largest = fmaxf(largest, scale[c]);
    for (size_t c = 0; c < n; c++) {
        if (mode == OQ_QMODE_TORCH) {
            scale[c] = fmaxf(scale[c] / torch_half, TORCH_EPS);
            continue;
        }
        scale[c] = fmaxf(fmaxf(scale[c], largest * CHANNEL_FLOOR) / 127.0f, SCALE_FLOOR);
        if (largest == 0.0f)
            scale[c] = 1.0f;
        if (scale_floor && scale[c] < scale_floor[c])
            scale[c] = scale_floor[c];
    }
}

oq_status oq_qparams_from_weight(const oq_tensor *weight, int axis, oq_dtype dtype, bool reduce_range,
                                 oq_qmode mode, const float *scale_floor, oq_arena *arena, oq_qparams *out,
                                 oq_diag *diag)
{
    size_t n = axis < 0 ? 1 : (size_t)weight->dims[axis];
    float *scale;
    int32_t *zero_point;
    oq_qparams q;

    OQ_TRY(make(arena, dtype, axis, n, &scale, &zero_point, &q));
    code_range(dtype, true, reduce_range, mode, &q.qmin, &q.qmax);
    if (!channel_maxima(weight, axis, n, scale))
        OQ_FAIL(diag, OQ_RANGE, "the weight holds NaN or infinity");
    weight_scales(scale, n, &q, mode, scale_floor);
    if (reduce_range && mode == OQ_QMODE_ONNX) {
        for (size_t c = 0; c < n; c++)
            scale[c] *= 127.0f / (float)q.qmax;
    }
    *out = q;
    return OQ_OK;
}

float oq_bias_scale_floor(float bias, float activation_scale)
{
    return (float)(1.0001 * 2.0 * fabs((double)bias) / (4294967296.0 - 2.0) / (double)activation_scale);
}

/* ---- arithmetic */

int32_t oq_quantize_value(float x, float scale, int32_t zero_point, int32_t qmin, int32_t qmax)
{
    float y = x / scale;
    double q;

    if (isnan(y))
        return qmin;
    q = (double)rintf(y) + zero_point;
    return q < qmin ? qmin : q > qmax ? qmax : (int32_t)q;
}

/* A bias code can exceed 2^24, where float32 division would round it again: divide in double. */
static int32_t quantize_bias(float x, float scale)
{
    double q = rint((double)x / (double)scale);

    return isnan(q) ? 0 : q < INT32_MIN ? INT32_MIN : q > INT32_MAX ? INT32_MAX : (int32_t)q;
}

static void store_code(void *out, oq_dtype dtype, size_t i, int32_t code)
{
    switch (dtype) {
    case OQ_INT8: ((int8_t *)out)[i] = (int8_t)code; break;
    case OQ_UINT8: ((uint8_t *)out)[i] = (uint8_t)code; break;
    case OQ_INT16: ((int16_t *)out)[i] = (int16_t)code; break;
    case OQ_UINT16: ((uint16_t *)out)[i] = (uint16_t)code; break;
    default: ((int32_t *)out)[i] = code; break;
    }
}

static int32_t load_code(const void *codes, oq_dtype dtype, size_t i)
{
    switch (dtype) {
    case OQ_INT8: return ((const int8_t *)codes)[i];
    case OQ_UINT8: return ((const uint8_t *)codes)[i];
    case OQ_INT16: return ((const int16_t *)codes)[i];
    case OQ_UINT16: return ((const uint16_t *)codes)[i];
    default: return ((const int32_t *)codes)[i];
    }
}

/* Element counts: all, and those that share one channel in a row. */
static void extents(const int64_t *dims, int rank, const oq_qparams *q, size_t *n, size_t *inner)
{
    *n = 1;
    *inner = 1;
    for (int i = 0; i < rank; i++) {
        *n *= (size_t)dims[i];
        if (i > q->axis)
            *inner *= (size_t)dims[i];
    }
    if (q->n == 1)
        *inner = *n ? *n : 1;
}

static int32_t code_of(float x, size_t c, const oq_qparams *q, oq_qmode mode)
{
    if (q->dtype == OQ_INT32)
        return quantize_bias(x, q->scale[c]);
    if (mode == OQ_QMODE_TORCH)
        return oq_quantize_value(x * (1.0f / q->scale[c]), 1.0f, q->zero_point[c], q->qmin, q->qmax);
    return oq_quantize_value(x, q->scale[c], q->zero_point[c], q->qmin, q->qmax);
}

static bool has_storage(oq_dtype dtype)
{
    return dtype == OQ_INT8 || dtype == OQ_UINT8 || dtype == OQ_INT16 || dtype == OQ_UINT16 ||
           dtype == OQ_INT32;
}

oq_status oq_quantize_array(const float *x, const int64_t *dims, int rank, const oq_qparams *q, void *out)
{
    size_t n, inner;

    if (!has_storage(q->dtype))
        return OQ_UNSUPPORTED;
    extents(dims, rank, q, &n, &inner);
    for (size_t i = 0; i < n; i++)
        store_code(out, q->dtype, i, code_of(x[i], i / inner % q->n, q, OQ_QMODE_ONNX));
    return OQ_OK;
}

oq_status oq_quantize_tensor(const oq_tensor *tensor, const oq_qparams *q, oq_qmode mode, void *out)
{
    size_t n, inner, count;
    float x[CHUNK];

    if (!has_storage(q->dtype))
        return OQ_UNSUPPORTED;
    extents(tensor->dims, tensor->rank, q, &n, &inner);
    for (size_t at = 0; at < n; at += count) {
        count = n - at < CHUNK ? n - at : CHUNK;
        if (!oq_tensor_floats_at(tensor, at, count, x))
            return OQ_UNSUPPORTED;
        for (size_t i = 0; i < count; i++)
            store_code(out, q->dtype, at + i, code_of(x[i], (at + i) / inner % q->n, q, mode));
    }
    return OQ_OK;
}

void oq_dequantize_array(const void *codes, const int64_t *dims, int rank, const oq_qparams *q, float *out)
{
    size_t n, inner;

    extents(dims, rank, q, &n, &inner);
    for (size_t i = 0; i < n; i++) {
        size_t c = i / inner % q->n;

        out[i] = (float)(load_code(codes, q->dtype, i) - q->zero_point[c]) * q->scale[c];
    }
}

void oq_fake_quant_array(const float *x, const int64_t *dims, int rank, const oq_qparams *q, oq_qmode mode,
                         float *out)
{
    size_t n, inner;

    extents(dims, rank, q, &n, &inner);
    for (size_t i = 0; i < n; i++) {
        size_t c = i / inner % q->n;
        int32_t code = code_of(x[i], c, q, mode);

        out[i] = (float)(code - q->zero_point[c]) * q->scale[c];
    }
}
