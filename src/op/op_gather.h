/* op_gather: reading indices, shared by Gather and Scatter. */
#ifndef OQ_OP_GATHER_H
#define OQ_OP_GATHER_H

#include "op/op.h"

/* Indices along an axis of size dim, made non-negative, in scratch; OQ_RANGE names the one outside. */
oq_status oq_read_indices(oq_run *ctx, const oq_array *in, int64_t dim, int64_t **out);

/* GatherElements and ScatterElements: the shapes of inputs 0 (data) and 1 (indices) fit. */
oq_status oq_check_elements(oq_run *ctx, int axis);
/* visit(element of data, element of indices) for every index, in order. */
void oq_elements_walk(const oq_array *data, const oq_array *indices, int axis, const int64_t *at,
                      void (*visit)(void *arg, size_t data_at, size_t index_at), void *arg);

/* GatherND and ScatterND: the last axis of the indices is a place in the data. */
typedef struct oq_tuples {
    size_t n;        /* tuples */
    int depth;       /* numbers per tuple */
    size_t block;    /* elements that a tuple points at */
    size_t *offsets; /* n of them: first element in the data; scratch */
} oq_tuples;
/* From inputs 0 (data) and 1 (indices). */
oq_status oq_read_tuples(oq_run *ctx, int batch, oq_tuples *out);

#endif
