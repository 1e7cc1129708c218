/* op_axes: the `axes` of Squeeze, Unsqueeze, Slice, the reductions: an attribute in older versions, an input
 * in newer ones. */
#ifndef OQ_OP_AXES_H
#define OQ_OP_AXES_H

#include "op/op.h"

typedef struct oq_axes {
    bool is_given; /* the attribute or input is there (it may hold no axis at all) */
    bool is_known; /* infer: contents are known; run: always */
    int n;
    int64_t values[OQ_MAX_RANK]; /* as given: maybe negative */
} oq_axes;

#define OQ_AXES_ATTRIBUTE (-1)
/* input: number of the axes input, or OQ_AXES_ATTRIBUTE. */
oq_status oq_axes_infer(oq_infer *ctx, int input, oq_axes *axes);
oq_status oq_axes_run(oq_run *ctx, int input, oq_axes *axes);
/* Mark the axes of a tensor of that rank. False when one lies outside; *bad is it. */
bool oq_axes_mark(const oq_axes *axes, int rank, bool *marks, int64_t *bad);

#endif
