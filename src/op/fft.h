/* fft: discrete Fourier transform of n complex numbers in double, mixed radix: n is cut into its prime
 * factors (4 in place of 2 * 2), a factor p costs n * p steps. So powers of two are fast, and a large prime
 * is the plain sum. Error of a result: below 1e-15 * (1 + number of factors) * sum of |x| for factors up
 * to 7.
 */
#ifndef OQ_OP_FFT_H
#define OQ_OP_FFT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct oq_complex {
    double re, im;
} oq_complex;

typedef struct oq_fft {
    size_t n;
    size_t factors[64]; /* ends with a 1 */
    size_t largest;     /* factor: elements of work that a run needs */
    oq_complex *turns;  /* exp(-2 pi i k / n), n of them */
} oq_fft;

/* turns: room for n numbers; n at least 1. */
void oq_fft_plan(oq_fft *plan, size_t n, oq_complex *turns);
/* y = transform of x, not scaled; inverse: with the other sign. x, y: n numbers each, apart from each other.
 * work: plan->largest numbers. */
void oq_fft_run(const oq_fft *plan, const oq_complex *x, bool inverse, oq_complex *y, oq_complex *work);

#endif
