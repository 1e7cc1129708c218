/* tensor: making and reading constants. */
#ifndef OQ_IR_TENSOR_H
#define OQ_IR_TENSOR_H

#include "ir/ir.h"

/* Shape product with overflow check; dims < 0 is an error. */
bool oq_dims_count(const int64_t *dims, int rank, size_t *n_elements);

/* New tensor over data that the arena (or the file) already holds; dims are copied. NULL: out of memory or
 * overflow. */
oq_tensor *oq_tensor_wrap(oq_arena *arena, oq_dtype dtype, const int64_t *dims, int rank, const void *data);
/* New tensor with its own zeroed storage, handed out writable through *data until it is shared. */
oq_tensor *oq_tensor_new(oq_arena *arena, oq_dtype dtype, const int64_t *dims, int rank, void **data);
oq_tensor *oq_tensor_from_floats(oq_arena *arena, const float *values, const int64_t *dims, int rank);
oq_tensor *oq_tensor_from_ints(oq_arena *arena, const int64_t *values, size_t n); /* int64, rank 1 */
oq_tensor *oq_tensor_scalar_float(oq_arena *arena, float value);                  /* rank 0 */
oq_tensor *oq_tensor_scalar_int(oq_arena *arena, oq_dtype dtype,
                                int64_t value); /* rank 0, any integer or bool type */

/* Aligned bytes: tensor->data itself when aligned for its type, else a copy in arena. NULL: out of memory. */
const void *oq_tensor_aligned(const oq_tensor *tensor, oq_arena *arena);
/* All elements as float32 (any float, integer or bool type; wide integers round). False for other types. */
bool oq_tensor_floats(const oq_tensor *tensor, float *out);
/* Elements first .. first + n - 1 as float32. */
bool oq_tensor_floats_at(const oq_tensor *tensor, size_t first, size_t n, float *out);
/* One element of an integer or bool tensor; false for other types or out of range. */
bool oq_tensor_int(const oq_tensor *tensor, size_t index, int64_t *out);
/* Shape as oq_shape; false when the rank exceeds OQ_MAX_RANK. */
bool oq_tensor_shape(const oq_tensor *tensor, oq_shape *out);
bool oq_tensor_equal(const oq_tensor *a, const oq_tensor *b); /* dtype, shape and bytes */

#endif
