/* op_refused: operators whose types and shapes are known, and which are not run for a reason that their user
 * should read: random numbers have no defined value to calibrate or verify with, pictures and regular
 * expressions need a library of their own, and training is another program.
 */
#include <inttypes.h>
#include <string.h>

#include "op/families.h"
#include "op/op_elems.h"

static const char *reason_for(const oq_node *node)
{
    if (strcmp(node->domain, "ai.onnx.preview.training") == 0)
        return "it trains a model; only inference is run here";
    if (strcmp(node->op_type, "FlexAttention") == 0)
        return "its score and probability graphs are not run here; export Attention instead";
    if (oq_node_is(node, "ImageDecoder"))
        return "it decodes a picture file; give the model decoded pictures instead";
    if (oq_node_is(node, "RegexFullMatch"))
        return "regular expressions are not computed here";
    return "it draws random numbers, which have no defined result; make them an input of the model";
}

static oq_status prepare(oq_prepare *ctx)
{
    OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "%s", reason_for(ctx->node));
}

static oq_status run(oq_run *ctx)
{
    OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "%s", reason_for(ctx->node));
}

/* The attribute `dtype`, or another type when it is absent. */
static oq_status read_dtype(oq_infer *ctx, oq_dtype otherwise, oq_dtype *out)
{
    int64_t given = oq_node_int(ctx->node, "dtype", otherwise);

    if (given < OQ_UNDEFINED || given >= OQ_N_DTYPES)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "dtype = %" PRId64 " is no element type", given);
    *out = (oq_dtype)given;
    return OQ_OK;
}

/* RandomNormal, RandomUniform: the attribute `shape`. */
static oq_status infer_by_attribute(oq_infer *ctx)
{
    size_t n;
    const int64_t *dims = oq_node_ints(ctx->node, "shape", &n);

    if (n > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "rank %zu; at most %d is possible", n, OQ_MAX_RANK);
    for (size_t i = 0; i < n; i++) {
        if (dims[i] < 0)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "size %" PRId64 " of axis %zu is negative", dims[i], i);
    }
    ctx->out[0].shape = oq_shape_of(dims, (int)n);
    return read_dtype(ctx, OQ_FLOAT, &ctx->out[0].dtype);
}

/* Bernoulli, RandomNormalLike, RandomUniformLike: as input 0. */
static oq_status infer_like(oq_infer *ctx)
{
    ctx->out[0].shape = ctx->in[0].shape;
    return read_dtype(ctx, ctx->in[0].dtype, &ctx->out[0].dtype);
}

static oq_status infer_multinomial(oq_infer *ctx)
{
    const oq_shape *in = &ctx->in[0].shape;

    if (in->rank >= 0 && in->rank != 2)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the input has rank %d, it must be 2", in->rank);
    ctx->out[0].shape = oq_shape_ranked(2);
    if (in->rank == 2)
        ctx->out[0].shape.dims[0] = in->dims[0];
    ctx->out[0].shape.dims[1] = oq_dim_of(oq_node_int(ctx->node, "sample_size", 1));
    return read_dtype(ctx, OQ_INT32, &ctx->out[0].dtype);
}

static oq_status infer_picture(oq_infer *ctx)
{
    ctx->out[0] = (oq_type){OQ_UINT8, oq_shape_ranked(3)};
    return OQ_OK;
}

static oq_status infer_match(oq_infer *ctx)
{
    ctx->out[0] = (oq_type){OQ_BOOL, ctx->in[0].shape};
    return OQ_OK;
}

#define ROW(op, opset, n_in, mask, infer_fn, its_flags)                                         \
    {                                                                                           \
        .name = op, .domain = "", .since = opset, .min_in = n_in, .max_in = n_in, .min_out = 1, \
        .max_out = 1, .types = mask, .infer = infer_fn, .prepare = prepare, .run = run,         \
        .rule = OQ_RULE_NONE, .weight = -1, .bias = -1, .flags = its_flags                      \
    }

static oq_status infer_nothing(oq_infer *ctx)
{
    (void)ctx;
    return OQ_OK;
}

/* Operators outside ai.onnx: any number of inputs and outputs. */
#define OTHER(where, op, infer_fn)                                                                       \
    {                                                                                                    \
        .name = op, .domain = where, .since = 1, .min_in = 0, .max_in = -1, .min_out = 1, .max_out = -1, \
        .infer = infer_fn, .prepare = prepare, .run = run, .weight = -1, .bias = -1                      \
    }

const oq_op oq_ops_refused[] = {
    ROW("Bernoulli", 15, 1, OQ_T_FLOATS, infer_like, OQ_OP_RANDOM),
    ROW("ImageDecoder", 20, 1, OQ_T(OQ_UINT8), infer_picture, 0),
    ROW("Multinomial", 7, 1, OQ_T_FLOATS, infer_multinomial, OQ_OP_RANDOM),
    ROW("RandomNormal", 1, 0, 0, infer_by_attribute, OQ_OP_RANDOM),
    ROW("RandomNormalLike", 1, 1, 0, infer_like, OQ_OP_RANDOM),
    ROW("RandomUniform", 1, 0, 0, infer_by_attribute, OQ_OP_RANDOM),
    ROW("RandomUniformLike", 1, 1, 0, infer_like, OQ_OP_RANDOM),
    ROW("RegexFullMatch", 20, 1, OQ_T(OQ_STRING), infer_match, 0),
    OTHER("ai.onnx.preview", "FlexAttention", infer_nothing),
    OTHER("ai.onnx.preview.training", "Adagrad", infer_nothing),
    OTHER("ai.onnx.preview.training", "Adam", infer_nothing),
    OTHER("ai.onnx.preview.training", "Gradient", infer_nothing),
    OTHER("ai.onnx.preview.training", "Momentum", infer_nothing),
    {.name = NULL},
};
