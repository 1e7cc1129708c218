/* gptq: second-order rounding of weights (Frantar et al. 2022; accuracy-recipe.md, step 4 b).
 *
 * Rounding to nearest minimizes each weight's own error; what counts is the error of the output, e^T H e with
 * H from hessian.h. Weights are rounded one after another, each carrying the errors of those before it that
 * it can still cancel. With H = U U^T, U upper triangular,
 *
 *     e^T H e = sum_i (U_ii e_i + sum_{j<i} U_ji e_j)^2      so  q_i = round(w_i - sum_{j<i} U_ji e_j / U_ii)
 *
 * which is the published algorithm (it factors H^-1 and pushes errors forward) with one factorization instead
 * of an inverse and two. Columns go in order of falling H_ii: where inputs are large, errors are corrected
 * by those that follow.
 */
#ifndef OQ_QUANT_GPTQ_H
#define OQ_QUANT_GPTQ_H

#include "base/pool.h"
#include "quant/hessian.h"

typedef struct oq_gptq {
    size_t n_out, k;
    const float *weights; /* n_out x k */
    const float *scale;   /* n_out, > 0 */
    int qmin, qmax;
    double damping; /* of the mean of H's diagonal, added to it: 0.01 */
} oq_gptq;

/* codes: n_out x k. Outputs are shared out to the pool; the bits do not
 * depend on it. OQ_NOMEM. */
oq_status oq_gptq_round(const oq_gptq *job, const oq_hessian *hessian, oq_pool *pool, int8_t *codes);

#endif
