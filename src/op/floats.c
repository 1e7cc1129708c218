#include "op/floats.h"

const float *oq_floats_in(oq_run *ctx, int i)
{
    const oq_array *in = ctx->in[i];
    float *copy;

    if (in->dtype == OQ_FLOAT)
        return in->data;
    copy = oq_scratch(ctx, in->n * sizeof *copy);
    if (copy && !oq_to_floats(in, copy)) {
        ctx->status = oq_op_fail(ctx->diag, ctx->node, OQ_UNSUPPORTED, __FILE__, __LINE__,
                                 "input %d of type %s is not computed here", i, oq_dtype_name(in->dtype));
        return NULL;
    }
    return copy;
}

float *oq_floats_out(oq_run *ctx, int i, oq_dtype dtype, const int64_t *dims, int rank)
{
    void *out = oq_out(ctx, i, dtype, dims, rank);

    if (!out || dtype == OQ_FLOAT)
        return out;
    return oq_scratch(ctx, ctx->out[i].n * sizeof(float));
}

void oq_floats_done(oq_run *ctx, int i, const float *data)
{
    oq_array *out = &ctx->out[i];

    if (out->dtype != OQ_FLOAT)
        oq_from_floats(data, out->dtype, out->data, out->n);
}

const double *oq_doubles_in(oq_run *ctx, int i)
{
    const oq_array *in = ctx->in[i];
    size_t size = oq_elem_size(in->dtype);
    double *copy;

    if (in->dtype == OQ_DOUBLE)
        return in->data;
    copy = oq_scratch(ctx, in->n * sizeof *copy);
    for (size_t k = 0; copy && k < in->n; k++) {
        const oq_array one = {.dtype = in->dtype, .n = 1, .data = (char *)in->data + k * size, .size = size};
        float f = 0;

        if (size < 2 || !oq_to_floats(&one, &f)) {
            ctx->status = oq_op_fail(ctx->diag, ctx->node, OQ_UNSUPPORTED, __FILE__, __LINE__,
                                     "input %d of type %s is not computed here", i, oq_dtype_name(in->dtype));
            return NULL;
        }
        copy[k] = (double)f;
    }
    return copy;
}

double *oq_doubles_out(oq_run *ctx, int i, oq_dtype dtype, const int64_t *dims, int rank)
{
    void *out = oq_out(ctx, i, dtype, dims, rank);

    if (!out || dtype == OQ_DOUBLE)
        return out;
    return oq_scratch(ctx, ctx->out[i].n * sizeof(double));
}

void oq_doubles_done(oq_run *ctx, int i, const double *data)
{
    oq_array *out = &ctx->out[i];
    size_t size = oq_elem_size(out->dtype);

    for (size_t k = 0; out->dtype != OQ_DOUBLE && k < out->n; k++)
        oq_from_floats(&(float){(float)data[k]}, out->dtype, (char *)out->data + k * size, 1);
}

const oq_tensor *oq_prepare_constant(const oq_prepare *ctx, int i)
{
    const oq_tensor *tensor;

    if (i >= ctx->node->n_inputs)
        return NULL;
    tensor = oq_value_constant(ctx->node->inputs[i]);
    return tensor || !ctx->known ? tensor : ctx->known[i];
}

const void *oq_prepare_floats(const oq_prepare *ctx, const oq_tensor *tensor)
{
    float *copy;

    if (tensor->dtype == OQ_FLOAT)
        return tensor->data;
    copy = oq_arena_array(ctx->arena, tensor->n_elements, sizeof *copy);
    return copy && oq_tensor_floats(tensor, copy) ? copy : NULL;
}

const float *oq_prepare_aligned_floats(const oq_prepare *ctx, const oq_tensor *tensor)
{
    if (tensor->dtype == OQ_FLOAT)
        return oq_tensor_aligned(tensor, ctx->arena);
    return oq_prepare_floats(ctx, tensor);
}
