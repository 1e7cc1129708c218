/* observe: what calibration wants to know of a tensor beside its minimum and maximum (reduce_f32.h).
 *
 * Histogram bins are powers of two wide and counted from zero, one side for each sign: the bin of x is
 * |x| / width, truncated. A division by a power of two is exact, so a value has the same bin on every
 * instruction set, and doubling the width merges two bins into one without moving a single count.
 */
#ifndef OQ_KERNEL_OBSERVE_H
#define OQ_KERNEL_OBSERVE_H

#include <stddef.h>
#include <stdint.h>

/* Bins of one sign. Four tables of 16-bit counts of both signs fill 32 KiB: they stay in the first cache. */
enum { OQ_HISTOGRAM_SIDE = 2048, OQ_HISTOGRAM_BINS = 2 * OQ_HISTOGRAM_SIDE };

typedef struct oq_observe {
    /* counts[bin] += 1 for each x[i] that is not zero; bin = trunc(|x| * inverse_width), OQ_HISTOGRAM_SIDE
     * more for a negative x. Every x[i] is finite with |x| * inverse_width < OQ_HISTOGRAM_SIDE; inverse_width
     * is a power of two. Returns the number of zeros (of either sign). */
    size_t (*histogram)(const float *x, size_t n, float inverse_width, uint64_t *counts);
    /* x seen as [outer][channels][inner]: lo[c] and hi[c] become the extremes of what they are and of all
     * x[.][c][.]. A NaN is left out; an infinity counts. inner is 1 when channels come last. */
    void (*channel_minmax)(const float *x, size_t outer, size_t channels, size_t inner, float *lo, float *hi);
    /* The same for top[c], the largest |x|. */
    void (*channel_absmax)(const float *x, size_t outer, size_t channels, size_t inner, float *top);
} oq_observe;

extern const oq_observe oq_k_observe_base, oq_k_observe_avx2, oq_k_observe_avx512;

#endif
