/* layout_convert: from one layout to the other, which is a transpose of (channels, pixels) for each image. */
#include <string.h>

#include "exec/layout.h"
#include "kernel/transpose.h"

/* Elements of sizes the kernel does not know (complex numbers, strings). */
static void transpose_any(size_t element, size_t rows, size_t columns, const char *from, char *to)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++)
            memcpy(to + (j * rows + i) * element, from + (i * columns + j) * element, element);
    }
}

static bool transpose(oq_pool *pool, const oq_array *from, size_t rows, size_t columns, char *to)
{
    size_t element = oq_elem_size(from->dtype), batch = (size_t)from->dims[0];
    const char *source = from->data;

    if (element == 0)
        return false;
    if (from->n == 0)
        return true;
    if (rows == 1 || columns == 1) {
        memcpy(to, source, from->size);
        return true;
    }
    if (element <= 8) {
        oq_transpose_batch(pool, element, batch, rows, columns, source, to);
        return true;
    }
    for (size_t b = 0; b < batch; b++)
        transpose_any(element, rows, columns, source + b * rows * columns * element,
                      to + b * rows * columns * element);
    return true;
}

bool oq_convert_to_plain(oq_pool *pool, const oq_array *from, void *to)
{
    return transpose(pool, from, oq_dims_product(from->dims, 1, from->rank - 1),
                     (size_t)from->dims[from->rank - 1], to);
}

bool oq_convert_to_last(oq_pool *pool, const oq_array *from, void *to)
{
    return transpose(pool, from, (size_t)from->dims[1], oq_dims_product(from->dims, 2, from->rank), to);
}

/* ---- as steps */

/* One channel or one pixel: the same bytes. */
static bool same_bytes(size_t channels, size_t pixels)
{
    return channels <= 1 || pixels <= 1;
}

static oq_status run_conversion(oq_run *ctx, bool to_last)
{
    const oq_array *in = ctx->in[0];
    int rank = in->rank;
    int64_t dims[OQ_MAX_RANK];
    const int64_t *plain = to_last ? in->dims : dims;
    void *out;

    if (rank < 3)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "an array of rank %d has no channels to move", rank);
    if (to_last)
        oq_dims_to_last(in->dims, rank, dims);
    else
        oq_dims_to_plain(in->dims, rank, dims);
    if (same_bytes((size_t)plain[1], oq_dims_product(plain, 2, rank)))
        return oq_out_alias(ctx, 0, 0, dims, rank) ? OQ_OK : oq_run_failure(ctx);
    out = oq_out(ctx, 0, in->dtype, dims, rank);
    if (!out)
        return oq_run_failure(ctx);
    if (!(to_last ? oq_convert_to_last : oq_convert_to_plain)(ctx->pool, in, out))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "elements of type %s cannot be moved", oq_dtype_name(in->dtype));
    return OQ_OK;
}

static oq_status run_to_last(oq_run *ctx)
{
    return run_conversion(ctx, true);
}

static oq_status run_to_plain(oq_run *ctx)
{
    return run_conversion(ctx, false);
}

const oq_op oq_op_to_last = {.name = "ToChannelsLast",
                             .domain = "onnxq.layout",
                             .since = 1,
                             .min_in = 1,
                             .max_in = 1,
                             .min_out = 1,
                             .max_out = 1,
                             .run = run_to_last,
                             .weight = -1,
                             .bias = -1};
const oq_op oq_op_to_plain = {.name = "ToPlain",
                              .domain = "onnxq.layout",
                              .since = 1,
                              .min_in = 1,
                              .max_in = 1,
                              .min_out = 1,
                              .max_out = 1,
                              .run = run_to_plain,
                              .weight = -1,
                              .bias = -1};
