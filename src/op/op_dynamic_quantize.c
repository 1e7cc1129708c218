/* DynamicQuantizeLinear: uint8 codes with parameters from the tensor itself.
 *
 *     lo = min(0, min x)   hi = max(0, max x)   scale = (hi - lo) / 255, or 1 when x is all zero
 *     zero_point = round_half_even(saturate(0 - lo / scale))
 */
#include <math.h>

#include "kernel/kernel.h"
#include "op/families.h"
#include "op/floats.h"
#include "op/parts.h"

static oq_status infer(oq_infer *ctx)
{
    ctx->out[0] = (oq_type){OQ_UINT8, ctx->in[0].shape};
    if (ctx->n_out > 1)
        ctx->out[1] = (oq_type){OQ_FLOAT, oq_shape_scalar()};
    if (ctx->n_out > 2)
        ctx->out[2] = (oq_type){OQ_UINT8, oq_shape_scalar()};
    return OQ_OK;
}

typedef struct {
    const float *x;
    uint8_t *y;
    float scale;
    int32_t zero_point;
} job;

static void quantize_part(void *arg, size_t first, size_t n)
{
    const job *j = arg;

    oq_kernels_best()->quantize->quantize_u8(j->x + first, j->y + first, n, j->scale, j->zero_point);
}

static oq_status run(oq_run *ctx)
{
    const oq_kernels *kernels = oq_kernels_best();
    const oq_array *in = ctx->in[0];
    const float *x = in->data;
    float lo = fminf(0, kernels->reduce->row[OQ_REDUCE_MIN](x, in->n));
    float hi = fmaxf(0, kernels->reduce->row[OQ_REDUCE_MAX](x, in->n));
    float scale = hi == lo ? 1 : (hi - lo) / 255, zero = rintf(fminf(fmaxf(-lo / scale, 0), 255));
    uint8_t *y = oq_out(ctx, 0, OQ_UINT8, in->dims, in->rank), *zero_out;
    float *scale_out;

    if (!y)
        return ctx->status;
    oq_in_parts(ctx->pool, in->n, quantize_part, &(job){x, y, scale, (int32_t)zero});
    if (ctx->n_out > 1) {
        if (!(scale_out = oq_out(ctx, 1, OQ_FLOAT, NULL, 0)))
            return ctx->status;
        *scale_out = scale;
    }
    if (ctx->n_out > 2) {
        if (!(zero_out = oq_out(ctx, 2, OQ_UINT8, NULL, 0)))
            return ctx->status;
        *zero_out = (uint8_t)zero;
    }
    return OQ_OK;
}

const oq_op oq_ops_dynamic_quantize[] = {
    {.name = "DynamicQuantizeLinear",
     .domain = "",
     .since = 11,
     .min_in = 1,
     .max_in = 1,
     .min_out = 3,
     .max_out = 3,
     .types = OQ_T_F32,
     .infer = infer,
     .run = run,
     .rule = OQ_RULE_QUANT,
     .weight = -1,
     .bias = -1},
    {0},
};
