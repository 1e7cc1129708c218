/* channels_last: dims of a channels-last array, [N, spatial..., C], and what the graph calls them, [N, C,
 * spatial...]. rank is 3 at least.
 */
#ifndef OQ_OP_CHANNELS_LAST_H
#define OQ_OP_CHANNELS_LAST_H

#include "op/op.h"

static inline void oq_dims_to_plain(const int64_t *last, int rank, int64_t *plain)
{
    plain[0] = last[0];
    plain[1] = last[rank - 1];
    for (int i = 2; i < rank; i++)
        plain[i] = last[i - 1];
}

static inline void oq_dims_to_last(const int64_t *plain, int rank, int64_t *last)
{
    // cppcheck-suppress uninitvar
    last[0] = plain[0]; // NOLINT(clang-analyzer-core.uninitialized.Assign)
    for (int i = 2; i < rank; i++)
        last[i - 1] = plain[i]; // NOLINT(clang-analyzer-core.uninitialized.Assign): rank of them are set
    last[rank - 1] = plain[1];  // NOLINT(clang-analyzer-core.uninitialized.Assign)
}

/* Dims of input i as the graph calls them, whatever its layout. */
static inline void oq_plain_dims_in(const oq_run *ctx, int i, int64_t *plain)
{
    const oq_array *in = ctx->in[i];

    if (ctx->last_in >> i & 1)
        oq_dims_to_plain(in->dims, in->rank, plain);
    else
        for (int d = 0; d < in->rank; d++)
            plain[d] = in->dims[d];
}

#endif
