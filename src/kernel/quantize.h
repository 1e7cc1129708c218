/* quantize: float32 to integers and back, by the ONNX rule.
 *
 *     q = saturate(round_half_even(x / scale) + zero_point)       float32 division, correctly rounded
 *     x = (q - zero_point) * scale
 *
 * A NaN becomes the lowest code, an infinity the code at its end. scale must be positive and finite,
 * zero_point within the type. y may be x only where the element types are the same.
 */
#ifndef OQ_KERNEL_QUANTIZE_H
#define OQ_KERNEL_QUANTIZE_H

#include <stddef.h>
#include <stdint.h>

/* How int32 sums become codes:
 *
 *     saturate(round_half_even((float)sum * multiplier[column]) + zero_point) to lo..hi
 */
typedef struct oq_requantize {
    const float *multiplier; /* one per column */
    int32_t zero_point;
    int32_t lo, hi; /* within 0..255 or within -128..127 */
} oq_requantize;

typedef struct oq_quantize_kernels {
    void (*quantize_u8)(const float *x, uint8_t *y, size_t n, float scale, int32_t zero_point);
    void (*quantize_s8)(const float *x, int8_t *y, size_t n, float scale, int32_t zero_point);
    /* Any range within 24 bits: 16 and 4 bit types, reduced ranges. */
    void (*quantize_s32)(const float *x, int32_t *y, size_t n, float scale, int32_t zero_point, int32_t qmin,
                         int32_t qmax);
    void (*dequantize_u8)(const uint8_t *x, float *y, size_t n, float scale, int32_t zero_point);
    void (*dequantize_s8)(const int8_t *x, float *y, size_t n, float scale, int32_t zero_point);
    /* x - zero_point wraps around as int32, then rounds to float. */
    void (*dequantize_s32)(const int32_t *x, float *y, size_t n, float scale, int32_t zero_point);
    /* Quantize and dequantize in one go, same numbers. */
    void (*fake_quantize)(const float *x, float *y, size_t n, float scale, int32_t zero_point, int32_t qmin,
                          int32_t qmax);
    /* n sums, one per column. */
    void (*requantize)(const int32_t *acc, unsigned char *y, size_t n, const oq_requantize *how);
} oq_quantize_kernels;

extern const oq_quantize_kernels oq_k_quantize_base, oq_k_quantize_avx2, oq_k_quantize_avx512;

#endif
