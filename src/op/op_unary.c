#include "op/op_unary.h"

#include "op/floats.h"
#include "op/op_broadcast.h"

typedef struct {
    const oq_unary_fn *fn;
    const oq_unary_args *args;
    const oq_math_f32 *math;
    const void *x;
    void *y;
} job;

static void floats_part(void *arg, size_t first, size_t n)
{
    const job *j = arg;
    const float *x = (const float *)j->x + first;
    float *y = (float *)j->y + first;

    for (size_t at = 0; at < n; at += OQ_UNARY_BLOCK)
        j->fn->floats(j->math, j->args, x + at, y + at, n - at < OQ_UNARY_BLOCK ? n - at : OQ_UNARY_BLOCK);
}

static void doubles_part(void *arg, size_t first, size_t n)
{
    const job *j = arg;
    const double *x = (const double *)j->x + first;
    double *y = (double *)j->y + first;

    for (size_t i = 0; i < n; i++)
        y[i] = j->fn->of_double(x[i], j->args);
}

oq_status oq_run_unary(oq_run *ctx, const oq_unary_fn *fn, const oq_unary_args *args)
{
    const oq_array *in = ctx->in[0];
    job j = {.fn = fn, .args = args, .math = oq_kernels_best()->math, .x = in->data};

    if (!oq_dtype_is_float(in->dtype) || oq_elem_size(in->dtype) < 2 ||
        (in->dtype == OQ_DOUBLE && !fn->of_double))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "not computed for elements of type %s", oq_dtype_name(in->dtype));
    if (in->dtype == OQ_FLOAT || in->dtype == OQ_DOUBLE) {
        j.y = oq_out_in_place(ctx, 0, 0);
        if (!j.y)
            return ctx->status;
        oq_split_range(ctx->pool, in->n, in->dtype == OQ_FLOAT ? floats_part : doubles_part, &j);
        return OQ_OK;
    }
    j.x = oq_floats_in(ctx, 0);
    j.y = oq_floats_out(ctx, 0, in->dtype, in->dims, in->rank);
    if (!j.x || !j.y)
        return ctx->status;
    oq_split_range(ctx->pool, in->n, floats_part, &j);
    oq_floats_done(ctx, 0, j.y);
    return OQ_OK;
}
