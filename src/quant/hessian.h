/* hessian: what the inputs of a unit say about errors of its weights: H = sum over rows r of r r^T / rows.
 * A row is what one output reads: a patch of a convolution, a row of a matrix. The error e of one output's
 * weights costs e^T H e, so H tells which rounding errors cancel (accuracy-recipe.md, step 4 b).
 */
#ifndef OQ_QUANT_HESSIAN_H
#define OQ_QUANT_HESSIAN_H

#include "base/arena.h"
#include "base/pool.h"
#include "ir/ir.h"

typedef struct oq_hessian {
    size_t k;      /* length of a row */
    size_t n_rows; /* added so far */
    double *sum;   /* k x k, row-major; only i >= j is kept up */
} oq_hessian;

/* Memory of k * k doubles in arena. OQ_LIMIT: k * k does not fit in memory. */
oq_status oq_hessian_start(oq_hessian *hessian, size_t k, oq_arena *arena);
/* Add n rows of k floats. Products are summed in float over at most 256 rows, then in double; the bits
 * depend on the rows and their order only. OQ_NOMEM. */
oq_status oq_hessian_add(oq_hessian *hessian, const float *rows, size_t n, oq_pool *pool);

#endif
