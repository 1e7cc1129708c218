/* FusedConv, FusedGemm, FusedMatMul of com.microsoft: only their types. They are never run: split_fused
 * (pass/split_fused.c) takes them apart into operators of ai.onnx, which are run and quantized. */
#include "op/families.h"
#include "op/matmul_shape.h"

/* As the operator of ai.onnx with the same attributes. */
static oq_status infer_as(oq_infer *ctx, const char *name)
{
    return oq_op_find("", name, 13)->infer(ctx);
}

static oq_status infer_conv(oq_infer *ctx)
{
    return infer_as(ctx, "Conv");
}

static oq_status infer_gemm(oq_infer *ctx)
{
    return infer_as(ctx, "Gemm");
}

static void turn(oq_type *type)
{
    oq_shape *shape = &type->shape;

    if (shape->rank >= 2) {
        oq_dim last = shape->dims[shape->rank - 1];

        shape->dims[shape->rank - 1] = shape->dims[shape->rank - 2];
        shape->dims[shape->rank - 2] = last;
    }
}

static oq_status infer_matmul(oq_infer *ctx)
{
    oq_type in[2] = {ctx->in[0], ctx->in[1]};

    if (oq_node_int(ctx->node, "transBatchA", 0) || oq_node_int(ctx->node, "transBatchB", 0))
        return OQ_OK;
    if (oq_node_int(ctx->node, "transA", 0))
        turn(&in[0]);
    if (oq_node_int(ctx->node, "transB", 0))
        turn(&in[1]);
    return oq_matmul_infer(ctx, &in[0], &in[1], in[0].dtype);
}

#define FUSED(op, least, most, infer_fn)                                                                  \
    {                                                                                                     \
        .name = op, .domain = "com.microsoft", .since = 1, .min_in = least, .max_in = most, .min_out = 1, \
        .max_out = 1, .types = OQ_T_FLOATS, .infer = infer_fn, .weight = -1, .bias = -1                   \
    }

const oq_op oq_ops_contrib_fused[] = {
    FUSED("FusedConv", 2, 4, infer_conv),
    FUSED("FusedGemm", 2, 3, infer_gemm),
    FUSED("FusedMatMul", 2, 2, infer_matmul),
    FUSED("TransposeMatMul", 2, 2, infer_matmul),
    {0},
};
