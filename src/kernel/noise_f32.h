/* noise_f32: how much error rounding to 8 bits leaves in each channel, for choosing scales. */
#ifndef OQ_KERNEL_NOISE_F32_H
#define OQ_KERNEL_NOISE_F32_H

#include <stddef.h>

/* n_rows rows of n channels; x = (row[c] - shift[c]) * inverse[c] is rounded to (code - zero_point) * scale
 * with codes 0..levels. */
typedef struct oq_noise_f32 {
    const float *rows;
    size_t n_rows, n;
    const float *inverse; /* n */
    const float *shift;   /* n; NULL: none */
    float scale, zero_point, levels;
    double *square; /* out: n sums of (rounded - x)^2, in row order: floats over 64 rows, then doubles */
} oq_noise_f32;

typedef struct oq_noise_kernels {
    void (*squares)(const oq_noise_f32 *job);
} oq_noise_kernels;

extern const oq_noise_kernels oq_k_noise_f32_base, oq_k_noise_f32_avx2, oq_k_noise_f32_avx512;

#endif
