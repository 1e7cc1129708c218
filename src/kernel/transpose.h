/* transpose: matrices of 1, 2, 4 or 8 byte elements, by blocks that stay in cache and registers.
 *
 * NCHW -> NHWC of one image is the transpose of a (channels, pixels) matrix; NHWC -> NCHW that of (pixels,
 * channels).
 */
#ifndef OQ_KERNEL_TRANSPOSE_H
#define OQ_KERNEL_TRANSPOSE_H

#include <stddef.h>

#include "base/pool.h"

/* to[j * to_stride + i] = from[i * from_stride + j] for i < rows, j < columns. Strides in elements.
 * element_size: 1, 2, 4 or 8 bytes. from and to must not overlap; any alignment. */
void oq_transpose(size_t element_size, size_t rows, size_t columns, const void *from, size_t from_stride,
                  void *to, size_t to_stride);

/* `batch` dense matrices one after another, spread over the pool (NULL: this thread). */
void oq_transpose_batch(oq_pool *pool, size_t element_size, size_t batch, size_t rows, size_t columns,
                        const void *from, void *to);

#endif
