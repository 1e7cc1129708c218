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
    /* acc[i] -> saturate(round_half_even((float)acc[i] * multiplier[i]) + zero_point): one multiplier per
     * column. */
    void (*requantize_u8)(const int32_t *acc, uint8_t *y, size_t n, const float *multiplier,
                          int32_t zero_point);
    void (*requantize_s8)(const int32_t *acc, int8_t *y, size_t n, const float *multiplier,
                          int32_t zero_point);
} oq_quantize_kernels;

extern const oq_quantize_kernels oq_k_quantize_base, oq_k_quantize_avx2, oq_k_quantize_avx512;

#endif
