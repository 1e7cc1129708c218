/* linear_f64: C -= A * B in double precision, the inner loop of a Cholesky factor and of error feedback.
 *
 * Every element subtracts its terms in ascending order of the inner index, one fused multiply-add each, so
 * all sets give the same bits.
 */
#ifndef OQ_KERNEL_LINEAR_F64_H
#define OQ_KERNEL_LINEAR_F64_H

#include <stddef.h>

/* Row-major matrices; strides in doubles. C may not overlap A or B. */
typedef struct oq_subtract_f64 {
    size_t m, n, k;
    const double *a; /* m x k */
    size_t a_stride;
    const double *b; /* k x n */
    size_t b_stride;
    double *c; /* m x n */
    size_t c_stride;
} oq_subtract_f64;

typedef struct oq_linear_f64 {
    void (*subtract)(const oq_subtract_f64 *job);
} oq_linear_f64;

extern const oq_linear_f64 oq_k_linear_f64_base, oq_k_linear_f64_avx2, oq_k_linear_f64_avx512;

#endif
