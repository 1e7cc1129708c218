/* raise_opset: lift a model of opset 7 .. 12 to 13, where per-channel QuantizeLinear begins.
 *
 *     Squeeze(x) axes=[1]             =>  Squeeze(x, axes)         attributes that became inputs
 *     Softmax-11(x) axis=1, rank 4    =>  Shape, Flatten(1), Softmax(-1), Reshape     meaning that changed
 *     Upsample(x, scales)             =>  Resize(x, -, scales) asymmetric, floor      operators that went
 *
 * Every operator that the ONNX changelog lists between 7 and 13 is either in a table of rewrites
 * (raise_opset_shape.c, raise_opset_math.c) or among the names below, where an old node means the same in 13
 * (wider types, negative axes, new attributes whose default is the old rule). Subgraphs are lifted too, other
 * domains are left alone. IR below 7 becomes 7; initializers that IR < 4 lists among the inputs are
 * constants, and leave the inputs with it.
 *
 * Must not lift half a model: all nodes are asked for obstacles before the first is touched, and a node that
 * cannot be lifted is refused by name. Must not raise a model that has opset 13 already. Flags: EXACT.
 */
#include "pass/raise_opset.h"

#include <inttypes.h>
#include <string.h>

#define OLDEST_OPSET 7
#define RAISED_OPSET 13
#define RAISED_IR    7 /* of the ONNX release that brought opset 13 */

static const char *const equal[] = {
    "Abs",
    "Add",
    "ArgMax",
    "ArgMin",
    "AveragePool",
    "Cast",
    "Ceil",
    "Compress",
    "Concat",
    "Constant",
    "Conv",
    /* ConvTranspose-11 corrects the formula of SAME_UPPER, which contradicted its own description */
    "ConvTranspose",
    "DepthToSpace",
    "DequantizeLinear",
    "Div",
    "Equal",
    "Erf",
    "Exp",
    "Expand",
    "Flatten",
    "Floor",
    "Gather",
    "GatherElements",
    "GatherND",
    "Gemm",
    "Greater",
    "Identity",
    "If",
    "IsNaN",
    "LRN",
    "Less",
    "Log",
    "Loop",
    "LpPool",
    "MatMul",
    "Max",
    "MaxPool",
    "MaxUnpool",
    "Mean",
    "MeanVarianceNormalization",
    "Min",
    "Mod",
    "Mul",
    "Neg",
    "NegativeLogLikelihoodLoss",
    "NonMaxSuppression",
    /* OneHot-9 asks for indices that are not negative: only those changed */
    "NonZero",
    "OneHot",
    "PRelu",
    "Pow",
    "QuantizeLinear",
    "Reciprocal",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSumSquare",
    "Relu",
    "Reshape",
    "ScatterElements",
    "ScatterND",
    "Shape",
    "Sigmoid",
    "Sign",
    "Size",
    "SoftmaxCrossEntropyLoss",
    "SpaceToDepth",
    "Sqrt",
    "Sub",
    "Sum",
    "Tanh",
    "Tile",
    "Transpose",
    NULL,
};

const char *oq_raise_equal_at(size_t i)
{
    return i < sizeof equal / sizeof *equal ? equal[i] : NULL;
}

const oq_raise_row *oq_raise_row_at(size_t i)
{
    static const oq_raise_row *const tables[] = {oq_raise_shape, oq_raise_math};

    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        for (const oq_raise_row *row = tables[t]; row->op_type; row++) {
            if (i-- == 0)
                return row;
        }
    }
    return NULL;
}

oq_status oq_raise_set_ints(oq_node *node, int i, const char *what, const int64_t *ints, size_t n)
{
    oq_arena *arena = node->graph->model->arena;
    const char *stem = node->n_outputs && node->outputs[0] ? node->outputs[0]->name : node->op_type;
    char *name = oq_arena_printf(arena, "%s_%s", stem, what);
    oq_value *value =
        name ? oq_graph_add_initializer(node->graph, name, oq_tensor_from_ints(arena, ints, n)) : NULL;

    return value ? oq_node_set_input(node, i, value) : OQ_NOMEM;
}

oq_status oq_raise_set_scalar(oq_node *node, int i, const char *what, float value)
{
    oq_arena *arena = node->graph->model->arena;
    char *name = oq_arena_printf(arena, "%s_%s", node->outputs[0]->name, what);
    void *data;
    oq_tensor *tensor = oq_tensor_new(arena, node->inputs[0]->dtype, NULL, 0, &data);
    oq_value *scalar;

    if (!name || !tensor || !oq_from_floats(&value, tensor->dtype, data, 1))
        return OQ_NOMEM;
    scalar = oq_graph_add_initializer(node->graph, name, tensor);
    return scalar ? oq_node_set_input(node, i, scalar) : OQ_NOMEM;
}

oq_status oq_raise_move_ints(oq_node *node, const char *attr, int i)
{
    size_t n;
    const int64_t *ints = oq_node_ints(node, attr, &n);

    if (ints && n)
        OQ_TRY(oq_raise_set_ints(node, i, attr, ints, n));
    oq_node_remove_attr(node, attr);
    return OQ_OK;
}

/* ---- the driver */

static const oq_raise_row *row_of(const oq_node *node)
{
    const oq_raise_row *row;

    if (node->domain[0])
        return NULL;
    for (size_t i = 0; (row = oq_raise_row_at(i)); i++) {
        if (node->opset < row->since && strcmp(row->op_type, node->op_type) == 0)
            return row;
    }
    return NULL;
}

static const char *obstacle_of(const oq_raise_row *row, const oq_node *node)
{
    if (row->lift && (node->n_inputs < 1 || !node->inputs[0] || node->n_outputs < 1 || !node->outputs[0]))
        return "its first input or output is missing";
    return row->obstacle ? row->obstacle(node) : NULL;
}

static oq_status check_nodes(oq_graph *graph, void *arg)
{
    const oq_pass_ctx *ctx = arg;

    OQ_FOR_EACH_NODE (graph, node) {
        const oq_raise_row *row = row_of(node);
        const char *reason = row ? obstacle_of(row, node) : NULL;

        if (reason)
            return oq_op_fail(ctx->diag, node, OQ_UNSUPPORTED, __FILE__, __LINE__,
                              "cannot be raised to opset %d: %s", RAISED_OPSET, reason);
    }
    return OQ_OK;
}

static oq_status lift_nodes(oq_graph *graph, void *arg)
{
    oq_pass_ctx *ctx = arg;
    oq_node *node, *next;

    graph->is_changed = true;
    OQ_FOR_EACH_NODE_SAFE (graph, node, next) {
        const oq_raise_row *row = row_of(node);

        if (!row)
            continue;
        OQ_TRY(row->lift(node));
        ctx->changed++;
    }
    return OQ_OK;
}

oq_status oq_raise_opset(oq_graph *graph, oq_pass_ctx *ctx)
{
    oq_model *model = graph->model;
    int64_t opset = oq_model_opset(model, "");
    int64_t target = ctx->target_opset ? ctx->target_opset : RAISED_OPSET;

    if (opset == 0 || opset >= target)
        return OQ_OK;
    if (opset < OLDEST_OPSET || target > RAISED_OPSET)
        OQ_FAIL(ctx->diag, OQ_UNSUPPORTED,
                "the model has opset %" PRId64 " and should have %" PRId64
                ", but only models of opset %d and later are raised, and not above %d; use another converter "
                "first",
                opset, target, OLDEST_OPSET, RAISED_OPSET);
    if (opset >= RAISED_OPSET)
        return OQ_OK;
    OQ_TRY(oq_graph_walk(model->graph, check_nodes, ctx));
    OQ_TRY(oq_graph_walk(model->graph, lift_nodes, ctx));
    if (model->ir_version < RAISED_IR)
        model->ir_version = RAISED_IR;
    ctx->changed++;
    return oq_model_set_opset(model, "", RAISED_OPSET);
}
