/* qparams: scale and zero point, and the arithmetic of quantize and dequantize. Pure functions; NUMERICS 1
 * and 2. */
#ifndef OQ_QUANT_QPARAMS_H
#define OQ_QUANT_QPARAMS_H

#include "ir/ir.h"

/* One struct for per-tensor, per-channel, symmetric and asymmetric. */
typedef struct oq_qparams {
    oq_dtype dtype;            /* OQ_UINT8, OQ_INT8, OQ_INT32 ... */
    int axis;                  /* channel axis of scale[]; -1: per tensor */
    size_t n;                  /* entries of scale and zero_point: 1 or the channel count */
    const float *scale;        /* > 0, finite */
    const int32_t *zero_point; /* within the limits of dtype */
    int32_t qmin, qmax;        /* limits the quantizer clamps to (seed mode: 0..127) */
} oq_qparams;

/* How parameters are made from ranges. */
typedef enum oq_qmode {
    OQ_QMODE_ONNX, /* ours, NUMERICS 2 */
    OQ_QMODE_TORCH /* seed mode: PyTorch 1.13's rules (a / 127.5, floor 2^-23, reciprocal multiplication) */
} oq_qmode;

/* Asymmetric or symmetric parameters of one range. lo <= hi finite, else OQ_RANGE. symmetric: zero point is
 * the middle of an unsigned type, 0 of a signed one. reduce_range halves the code range (7 bits). */
oq_status oq_qparams_from_range(float lo, float hi, oq_dtype dtype, bool symmetric, bool reduce_range,
                                oq_qmode mode, oq_arena *arena, oq_qparams *out, oq_diag *diag);
/* Symmetric per-channel (axis >= 0) or per-tensor (axis -1) parameters of a weight. bias_scale_floor: per
 * channel (or single) lower bound of the scale from the int32 guard, NULL for none. */
oq_status oq_qparams_from_weight(const oq_tensor *weight, int axis, oq_dtype dtype, bool reduce_range,
                                 oq_qmode mode, const float *scale_floor, oq_arena *arena, oq_qparams *out,
                                 oq_diag *diag);
/* Smallest weight scale with which bias b survives as int32 at activation scale s_x: 1.0001 * 2|b| / (2^32 -
 * 2) / s_x. */
float oq_bias_scale_floor(float bias, float activation_scale);

/* One value, ONNX rule: saturate(round_half_even(x / scale) + zero_point). NaN gives qmin, as
 * kernel/quantize.h does. */
int32_t oq_quantize_value(float x, float scale, int32_t zero_point, int32_t qmin, int32_t qmax);
/* Whole tensors; channel of element i is (i / inner) % n. out: one int32 code per element is never needed, so
 * the target is the dtype's own storage (8 and 16 and 32 bit). */
oq_status oq_quantize_array(const float *x, const int64_t *dims, int rank, const oq_qparams *q, void *out);
/* The same for a constant, piece by piece. OQ_UNSUPPORTED: no numbers, or a code type without storage of its
 * own. */
oq_status oq_quantize_tensor(const oq_tensor *tensor, const oq_qparams *q, oq_qmode mode, void *out);
void oq_dequantize_array(const void *codes, const int64_t *dims, int rank, const oq_qparams *q, float *out);
/* quantize then dequantize in float; mode TORCH multiplies by the reciprocal. In place is fine. */
void oq_fake_quant_array(const float *x, const int64_t *dims, int rank, const oq_qparams *q, oq_qmode mode,
                         float *out);

#endif
