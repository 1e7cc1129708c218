/* integer_ref: plain exact sums, the reference for any faster kernel. All arithmetic is modulo 2^32, as in
 * every integer unit of a processor; with the bias guard of NUMERICS 2 nothing wraps. */
#ifndef OQ_EXEC_INTEGER_REF_H
#define OQ_EXEC_INTEGER_REF_H

#include <stddef.h>
#include <stdint.h>

/* acc[i][j] = bias[j] + sum over k of a[i][k] * b[j][k]. a: [m][k], b: [n][k], acc: [m][n]; bias may be NULL.
 */
void oq_ref_gemm_s16(size_t m, size_t n, size_t k, const int16_t *a, const int16_t *b, const int32_t *bias,
                     int32_t *acc);

#endif
