/* reduce_f32: sums, extremes and the row functions made of them.
 *
 * Element i of a reduction goes to partial result i mod 16; the 16 are then folded 16 -> 8 -> 4 -> 2 -> 1
 * (lane l takes lane l + half). So a value is the same for every instruction set, and the same whether its
 * elements are neighbours in memory or lie `inner` apart. Error bound of a sum of n: (n / 16 + 4) * 2^-24 *
 * sum of |x|.
 */
#ifndef OQ_KERNEL_REDUCE_F32_H
#define OQ_KERNEL_REDUCE_F32_H

#include <stddef.h>

typedef enum oq_reduce {
    OQ_REDUCE_SUM,         /* 0 when empty */
    OQ_REDUCE_SUM_SQUARES, /* 0 when empty; one fused multiply-add each */
    OQ_REDUCE_SUM_ABS,     /* 0 when empty */
    OQ_REDUCE_MAX,         /* -inf when empty; NaN when there is a NaN */
    OQ_REDUCE_MIN,         /* inf when empty; NaN when there is a NaN */
    OQ_N_REDUCE
} oq_reduce;

/* What a min-max observer wants to know. Start with {INFINITY, -INFINITY, 0, 0}; calls accumulate. */
typedef struct oq_minmax {
    float min, max; /* of the finite values; min > max: none yet. A zero extreme is +0 */
    size_t n_nan;
    size_t n_infinite;
} oq_minmax;

typedef struct oq_reduce_f32 {
    float (*row[OQ_N_REDUCE])(const float *x, size_t n);
    /* x seen as [outer][n][inner], reduced over n: y[outer][inner]; y does not overlap x. */
    void (*strided[OQ_N_REDUCE])(const float *x, size_t outer, size_t n, size_t inner, float *y);
    float (*dot)(const float *a, const float *b, size_t n);             /* sum of a * b */
    float (*sum_squares_about)(const float *x, float center, size_t n); /* sum of (x - center)^2 */
    /* y may be x in the functions below. */
    void (*softmax)(const float *x, float *y,
                    size_t n); /* exp(x - max) / sum; divided, not multiplied by 1 / sum */
    void (*log_softmax)(const float *x, float *y, size_t n); /* (x - max) - log(sum of exp(x - max)) */
    /* (x - mean) / sqrt(variance + epsilon) * scale + bias; scale, bias: n values each, or NULL. mean_out,
     * inverse_out: NULL, or the mean and 1 / sqrt(variance + epsilon). */
    void (*layer_norm)(const float *x, const float *scale, const float *bias, float epsilon, float *y,
                       size_t n, float *mean_out, float *inverse_out);
    void (*minmax)(const float *x, size_t n, oq_minmax *seen);
} oq_reduce_f32;

extern const oq_reduce_f32 oq_k_reduce_f32_base, oq_k_reduce_f32_avx2, oq_k_reduce_f32_avx512;

#endif
