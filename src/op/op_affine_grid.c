/* op_affine_grid: AffineGrid: for GridSample the places of an output that is moved by a matrix.
 *
 *     theta [N, r, r + 1], size [N, C, out_1 .. out_r] -> grid [N, out_1 .. out_r, r]
 *     grid = theta * (x, y, .., 1)       x along the last axis; each runs from -1 to 1 over its axis: between
 * the outermost centres (align_corners) or edges
 */
#include <inttypes.h>
#include <string.h>

#include "op/families.h"
#include "op/floats.h"
#include "op/op_elems.h"

static oq_status infer(oq_infer *ctx)
{
    const oq_elems *size = oq_in_elems(ctx, 1);
    const oq_shape *theta = &ctx->in[0].shape;

    ctx->out[0].dtype = ctx->in[0].dtype;
    if (theta->rank >= 0 && theta->rank != 3)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "theta has rank %d, it must be 3", theta->rank);
    if (!size || (size->n != 4 && size->n != 5))
        return OQ_OK;
    ctx->out[0].shape = oq_shape_ranked(size->n);
    ctx->out[0].shape.dims[0] = oq_dim_of_elem(size->e[0]);
    for (int i = 2; i < size->n; i++)
        ctx->out[0].shape.dims[i - 1] = oq_dim_of_elem(size->e[i]);
    ctx->out[0].shape.dims[size->n - 1] = oq_dim_of(size->n - 2);
    return OQ_OK;
}

/* Where place i of n lies between -1 and 1. */
static double place(int64_t i, int64_t n, bool aligns)
{
    if (aligns)
        return n > 1 ? -1.0 + 2.0 * (double)i / (double)(n - 1) : -1.0;
    return (2.0 * (double)i + 1.0) / (double)n - 1.0;
}

static oq_status read_size(oq_run *ctx, int64_t *dims, int *rank)
{
    const oq_array *theta = ctx->in[0], *size = ctx->in[1];

    *rank = (int)size->n - 2;
    if (size->n < 4 || size->n > 5)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "size holds %zu numbers; 4 (images) or 5 (volumes) are meant", size->n);
    for (int i = 0; i < *rank + 2; i++) {
        int64_t d = oq_array_int(size, (size_t)i);

        if (d < 0)
            OQ_OP_FAIL(ctx, OQ_RANGE, "size %" PRId64 " is negative", d);
        if (i != 1)
            dims[i ? i - 1 : 0] = d;
    }
    dims[*rank + 1] = *rank;
    if (theta->rank != 3 || theta->dims[0] != dims[0] || theta->dims[1] != *rank ||
        theta->dims[2] != *rank + 1)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "theta must be [%" PRId64 ",%d,%d]", dims[0], *rank, *rank + 1);
    return OQ_OK;
}

static oq_status run(oq_run *ctx)
{
    bool aligns = oq_node_int(ctx->node, "align_corners", 0) != 0;
    int64_t dims[OQ_MAX_RANK], at[OQ_MAX_RANK] = {0};
    const double *theta;
    double *out;
    int rank = 0;

    OQ_TRY(read_size(ctx, dims, &rank));
    theta = oq_doubles_in(ctx, 0);
    out = theta ? oq_doubles_out(ctx, 0, ctx->in[0]->dtype, dims, rank + 2) : NULL;
    if (!out)
        return oq_run_failure(ctx);
    for (size_t i = 0; i < ctx->out[0].n; i += (size_t)rank) {
        const double *matrix = theta + at[0] * rank * (rank + 1);

        for (int r = 0; r < rank; r++, matrix += rank + 1) {
            double sum = matrix[rank];

            for (int k = 0; k < rank; k++)
                sum += matrix[k] * place(at[rank - k], dims[rank - k], aligns);
            out[i + (size_t)r] = sum;
        }
        for (int k = rank; k >= 0 && ++at[k] == dims[k]; k--)
            at[k] = 0;
    }
    oq_doubles_done(ctx, 0, out);
    return OQ_OK;
}

const oq_op oq_ops_affine_grid[] = {
    {.name = "AffineGrid",
     .domain = "",
     .since = 20,
     .min_in = 2,
     .max_in = 2,
     .min_out = 1,
     .max_out = 1,
     .types = OQ_T_FLOATS,
     .infer = infer,
     .run = run,
     .rule = OQ_RULE_NONE,
     .weight = -1,
     .bias = -1},
    {.name = NULL},
};
