/* op_det: Det: determinants of a batch of square matrices, by Gaussian elimination with the largest pivot of
 * each column, in double. */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "op/families.h"
#include "op/floats.h"
#include "op/op_elems.h"

static oq_status infer(oq_infer *ctx)
{
    const oq_shape *in = &ctx->in[0].shape;

    ctx->out[0].dtype = ctx->in[0].dtype;
    if (in->rank < 0)
        return OQ_OK;
    if (in->rank < 2 || (in->dims[in->rank - 2].size >= 0 && in->dims[in->rank - 1].size >= 0 &&
                         in->dims[in->rank - 2].size != in->dims[in->rank - 1].size))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the input is no batch of square matrices");
    ctx->out[0].shape = *in;
    ctx->out[0].shape.rank = in->rank - 2;
    return OQ_OK;
}

/* a is n x n and is destroyed. */
static double determinant(double *a, size_t n)
{
    double det = 1;

    for (size_t k = 0; k < n; k++) {
        size_t pivot = k;

        for (size_t i = k + 1; i < n; i++) {
            if (fabs(a[i * n + k]) > fabs(a[pivot * n + k]))
                pivot = i;
        }
        if (a[pivot * n + k] == 0)
            return 0;
        if (pivot != k) {
            for (size_t j = k; j < n; j++) {
                double t = a[k * n + j];

                a[k * n + j] = a[pivot * n + j];
                a[pivot * n + j] = t;
            }
            det = -det;
        }
        det *= a[k * n + k];
        for (size_t i = k + 1; i < n; i++) {
            double factor = a[i * n + k] / a[k * n + k];

            for (size_t j = k + 1; j < n; j++)
                a[i * n + j] -= factor * a[k * n + j];
        }
    }
    return det;
}

static oq_status run(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    const double *x;
    double *copy, *out;
    size_t n;

    if (in->rank < 2 || in->dims[in->rank - 2] != in->dims[in->rank - 1])
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the input is no batch of square matrices");
    n = (size_t)in->dims[in->rank - 1];
    x = oq_doubles_in(ctx, 0);
    out = x ? oq_doubles_out(ctx, 0, in->dtype, in->dims, in->rank - 2) : NULL;
    copy = out ? oq_scratch(ctx, n * n * sizeof *copy) : NULL;
    if (!copy)
        return oq_run_failure(ctx);
    for (size_t i = 0; i < ctx->out[0].n; i++) {
        if (n)
            memcpy(copy, x + i * n * n, n * n * sizeof *copy);
        out[i] = determinant(copy, n);
    }
    oq_doubles_done(ctx, 0, out);
    return OQ_OK;
}

const oq_op oq_ops_det[] = {
    {.name = "Det",
     .domain = "",
     .since = 11,
     .min_in = 1,
     .max_in = 1,
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
