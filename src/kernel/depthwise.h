/* depthwise: convolution of every channel with its own filter, NHWC, one output row per call.
 *
 *     y[ox][c] = clamp(residual[ox][c] + bias[c] + sum over tap rows t, over kx of x[t][ox * stride - pad +
 * kx * dilation][c] * w[t][kx][c])
 *
 * Taps in the padding are left out (they are not multiplied by zero); the rest are added in ascending (t, kx)
 * order with one fused multiply-add each.
 */
#ifndef OQ_KERNEL_DEPTHWISE_H
#define OQ_KERNEL_DEPTHWISE_H

#include <stddef.h>

typedef struct oq_depthwise_row {
    const void *const *rows; /* n_rows input rows of width * channels floats; NULL: in the padding */
    size_t n_rows;           /* kernel depth * height */
    size_t channels;
    ptrdiff_t width, out_width;              /* pixels */
    ptrdiff_t kernel, stride, dilation, pad; /* along the width; pad: before the first pixel */
    const float *weights;                    /* [n_rows][kernel][channels] */
    const float *bias;                       /* channels */
    float *y;                                /* out_width * channels */
    const float *residual;                   /* as many, added to the finished sum; may be y; NULL: none */
    float lo, hi;                            /* clamp as in tile.h */
} oq_depthwise_row;

typedef struct oq_depthwise_f32 {
    void (*row)(const oq_depthwise_row *job);
} oq_depthwise_f32;

extern const oq_depthwise_f32 oq_k_depthwise_f32_base, oq_k_depthwise_f32_avx2, oq_k_depthwise_f32_avx512;

#endif
