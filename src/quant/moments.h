/* moments: means of a unit's float and quantized results per channel and sample, and what they say about its
 * bias and the gain of its weights (accuracy-recipe.md, steps 4 c and 4 c').
 */
#ifndef OQ_QUANT_MOMENTS_H
#define OQ_QUANT_MOMENTS_H

#include "ir/ir.h"

/* Of one channel of one sample, over all positions. f: float result, q: quantized one. */
typedef struct oq_moments {
    double f, q, ff, fq, qq;
} oq_moments;

/* out: dims[axis] of them. Sums run in ascending order of the elements. */
void oq_moments_of(const float *f, const float *q, const int64_t *dims, int rank, int axis, oq_moments *out);

/* Per channel the least-squares factor of q - mean towards f - mean, once on each half of the samples (even
 * and odd), within 0.8 .. 1.25. Both on the same side of 1: the one nearer to 1 where it differs by more than
 * floor; else 1. m: [sample][channel]. */
void oq_gain_refit(const oq_moments *m, size_t n_samples, size_t n_channels, double floor, double *gain);

/* The moments after q became gain * (q - bias) + bias. */
void oq_moments_apply_gain(oq_moments *m, size_t n_samples, size_t n_channels, const double *gain,
                           const double *bias);

/* Per channel the mean over samples of f - q, shrunk by how surely it differs from zero: times
 * max(0, 1 - v / m^2), v the variance of the mean. */
void oq_bias_shift(const oq_moments *m, size_t n_samples, size_t n_channels, double *shift);

#endif
