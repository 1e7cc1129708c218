/* Integer operators of com.microsoft: only their types. They are never run: split_qlinear
 * (pass/split_qlinear.c) writes them with QuantizeLinear and DequantizeLinear, as the rest of this program
 * knows quantization. */
#include "op/families.h"

static oq_status infer_first(oq_infer *ctx)
{
    ctx->out[0] = ctx->in[0];
    return OQ_OK;
}

static oq_status infer_binary(oq_infer *ctx)
{
    oq_infer both = *ctx;
    oq_type in[2] = {ctx->in[0], ctx->in[3]};

    both.in = in;
    both.n_in = 2;
    return oq_infer_broadcast(&both);
}

/* The shape is told by the operators they become. */
static oq_status infer_type(oq_infer *ctx)
{
    ctx->out[0].dtype = ctx->in[0].dtype;
    return OQ_OK;
}

static oq_status infer_concat(oq_infer *ctx)
{
    ctx->out[0].dtype = ctx->in[1].dtype;
    return OQ_OK;
}

static oq_status infer_float(oq_infer *ctx)
{
    ctx->out[0].dtype = OQ_FLOAT;
    return OQ_OK;
}

#define QLINEAR(op, least, most, infer_fn)                                                                \
    {                                                                                                     \
        .name = op, .domain = "com.microsoft", .since = 1, .min_in = least, .max_in = most, .min_out = 1, \
        .max_out = 1, .infer = infer_fn, .rule = OQ_RULE_QUANT, .weight = -1, .bias = -1                  \
    }

const oq_op oq_ops_contrib_qlinear[] = {
    QLINEAR("DynamicQuantizeMatMul", 3, 5, infer_float),
    QLINEAR("MatMulIntegerToFloat", 4, 7, infer_float),
    QLINEAR("QLinearAdd", 7, 8, infer_binary),
    QLINEAR("QLinearAveragePool", 4, 5, infer_type),
    QLINEAR("QLinearConcat", 5, -1, infer_concat),
    QLINEAR("QLinearGlobalAveragePool", 4, 5, infer_type),
    QLINEAR("QLinearLeakyRelu", 4, 5, infer_first),
    QLINEAR("QLinearMul", 7, 8, infer_binary),
    QLINEAR("QLinearSigmoid", 4, 5, infer_first),
    {0},
};
