/* floats: for operators that compute in float32, or in double, whatever float type their tensors have. */
#ifndef OQ_OP_FLOATS_H
#define OQ_OP_FLOATS_H

#include "op/op.h"

/* Input i as float32: its own data, or a converted copy in scratch. NULL: ctx->status is set. */
const float *oq_floats_in(oq_run *ctx, int i);
/* Memory for output i in float32: the output itself, or scratch when dtype is another float type; then
 * oq_floats_done() rounds it to the output. NULL: ctx->status is set. */
float *oq_floats_out(oq_run *ctx, int i, oq_dtype dtype, const int64_t *dims, int rank);
void oq_floats_done(oq_run *ctx, int i, const float *data);

/* The same for operators that compute in double. */
const double *oq_doubles_in(oq_run *ctx, int i);
double *oq_doubles_out(oq_run *ctx, int i, oq_dtype dtype, const int64_t *dims, int rank);
void oq_doubles_done(oq_run *ctx, int i, const double *data);

/* The constant behind input i; NULL when it is omitted or not constant. */
const oq_tensor *oq_prepare_constant(const oq_prepare *ctx, int i);
/* Its elements as float32: the tensor's own bytes (may be unaligned), or a converted copy in the arena.
 * NULL: out of memory, or not numbers. */
const void *oq_prepare_floats(const oq_prepare *ctx, const oq_tensor *tensor);
/* The same, always aligned. */
const float *oq_prepare_aligned_floats(const oq_prepare *ctx, const oq_tensor *tensor);

#endif
