/* op_broadcast: NumPy broadcasting as loops over rows.
 *
 * A plan merges neighbouring dimensions wherever every operand steps through both alike, so that the last
 * one, the row, is as long as can be. In a row each operand either advances by one element or stands still:
 * two equal shapes are one row, a scalar operand is one row with a still operand, a per-channel operand of an
 * NCHW tensor gives rows of H*W with a still operand.
 */
#ifndef OQ_OP_BROADCAST_H
#define OQ_OP_BROADCAST_H

#include "op/op.h"

#define OQ_MAX_OPERANDS 8

typedef struct oq_broadcast {
    int rank;                  /* of the result */
    int64_t dims[OQ_MAX_RANK]; /* of the result */
    int n_operands;
    int n_outer;                                /* merged dimensions outside the row */
    int64_t outer[OQ_MAX_RANK];                 /* their sizes, outermost first */
    int64_t step[OQ_MAX_OPERANDS][OQ_MAX_RANK]; /* elements an operand moves per step of each */
    size_t row;                                 /* elements of a row; 0 when the result is empty */
    int row_step[OQ_MAX_OPERANDS];              /* 0 or 1 */
    size_t n;                                   /* elements of the result */
} oq_broadcast;

/* One stretch of a row: out starts at result element `at`; operand k at element first[k]. */
typedef void oq_row_fn(void *arg, size_t at, const size_t *first, const int *row_step, size_t n);

/* False when the shapes do not broadcast, or the result has too many elements. */
bool oq_broadcast_plan(oq_broadcast *plan, const oq_array *const *operands, int n_operands);
/* The same with the last dimension of the result left alone: it is the row, also when it is 1. */
bool oq_broadcast_plan_rows(oq_broadcast *plan, const oq_array *const *operands, int n_operands);
/* The same, recorded as the operator's fault. */
oq_status oq_broadcast_inputs(oq_run *ctx, oq_broadcast *plan, int n_operands);
/* Call fn for every row, in parallel over the pool when the result is large. fn may be called for a part of a
 * row. */
void oq_broadcast_rows(const oq_broadcast *plan, oq_pool *pool, oq_row_fn *fn, void *arg);
/* The part of it for result elements first .. first + n - 1. */
void oq_broadcast_part(const oq_broadcast *plan, size_t first, size_t n, oq_row_fn *fn, void *arg);
/* Parts of n elements for oq_pool_run: fn(arg, first, n). Results of fn must not depend on the cuts. */
typedef void oq_range_fn(void *arg, size_t first, size_t n);
void oq_split_range(oq_pool *pool, size_t n, oq_range_fn *fn, void *arg);

#endif
