/* split_qlinear: the integer operators of com.microsoft become operators of ai.onnx.
 *
 *     QLinearAdd(a, sa, za, b, sb, zb, sy, zy)   =>  DequantizeLinear, DequantizeLinear -> Add ->
 * QuantizeLinear QLinearMul, QLinearSigmoid, QLinearLeakyRelu, QLinearConcat, QLinearAveragePool,
 *     QLinearGlobalAveragePool                        likewise
 *     MatMulIntegerToFloat(a, b, sa, sb, ...)    =>  MatMulInteger -> Cast -> Mul (sa sb) -> Add bias
 *     DynamicQuantizeMatMul(a, b, sb, ...)       =>  DynamicQuantizeLinear -> the same
 *
 * A real number computed in float32 and rounded once: at most one step from ONNX Runtime's integer kernels.
 *
 * Must not guess a type: without a zero point the result has the type of the input, so where that is not
 * known the node stays. Channels-last pooling stays too, and everything in a model below opset 10. Flags:
 * CLOSE.
 */
#include <string.h>

#include "pass/edit.h"

static const char contrib[] = "com.microsoft";

typedef struct splitter {
    oq_node *node; /* at work */
    oq_pass_ctx *ctx;
    bool failed; /* no memory */
} splitter;

static oq_value *build(splitter *s, const char *op_type, oq_value *const *inputs, int n)
{
    oq_node *made;

    for (int i = 0; i < n && !s->failed; i++)
        s->failed = !inputs[i] && i == 0;
    while (n > 0 && !inputs[n - 1])
        n--;
    made = s->failed ? NULL
                     : oq_node_new(s->node->graph, s->node, op_type, "", s->node->name, inputs, n, 1, NULL);
    s->failed |= !made;
    return made ? made->outputs[0] : NULL;
}

static oq_value *build_two(splitter *s, const char *op_type, oq_value *a, oq_value *b)
{
    return build(s, op_type, (oq_value *[]){a, b}, 2);
}

/* Input i with the scale and zero point behind it, as real numbers. */
static oq_value *real(splitter *s, int i)
{
    const oq_node *n = s->node;

    return build(s, "DequantizeLinear",
                 (oq_value *[]){oq_node_input(n, i), oq_node_input(n, i + 1), oq_node_input(n, i + 2)}, 3);
}

/* The zero point at place i, or a zero of the type of the first input. */
static oq_value *zero_point(splitter *s, int i)
{
    oq_value *given = oq_node_input(s->node, i);
    oq_arena *arena = s->node->graph->model->arena;
    oq_tensor *zero;

    if (given)
        return given;
    zero =
        oq_tensor_wrap(arena, s->node->inputs[0]->dtype, NULL, 0, oq_arena_copy(arena, "\0\0\0\0\0\0\0", 8));
    return zero ? oq_graph_add_initializer(s->node->graph, "zero_point", zero) : NULL;
}

/* result takes the node's place. */
static oq_status replace(splitter *s, oq_value *result)
{
    if (s->failed || !result)
        OQ_FAIL(s->ctx->diag, OQ_NOMEM, "out of memory while splitting integer operators");
    OQ_TRY(oq_node_replace(s->node, result->producer));
    s->ctx->changed++;
    return OQ_OK;
}

/* result, quantized with the scale at place i, takes the node's place. */
static oq_status replace_quantized(splitter *s, oq_value *result, int i)
{
    oq_value *zero = zero_point(s, i + 1);

    s->failed |= !zero;
    return replace(s, build(s, "QuantizeLinear", (oq_value *[]){result, oq_node_input(s->node, i), zero}, 3));
}

/* ---- one function per kind */

static oq_status split_binary(splitter *s)
{
    const char *op_type = strcmp(s->node->op_type, "QLinearAdd") == 0 ? "Add" : "Mul";

    return replace_quantized(s, build_two(s, op_type, real(s, 0), real(s, 3)), 6);
}

static oq_status split_unary(splitter *s)
{
    bool is_leaky = strcmp(s->node->op_type, "QLinearLeakyRelu") == 0;
    oq_value *result = build_two(s, is_leaky ? "LeakyRelu" : "Sigmoid", real(s, 0), NULL);

    if (is_leaky && result)
        OQ_TRY(oq_node_set_float(result->producer, "alpha", oq_node_float(s->node, "alpha", 0.01f)));
    return replace_quantized(s, result, 3);
}

static oq_status split_pool(splitter *s)
{
    bool is_global = strcmp(s->node->op_type, "QLinearGlobalAveragePool") == 0;
    oq_value *result;

    if (oq_node_int(s->node, "channels_last", 0))
        return OQ_OK;
    result = build_two(s, is_global ? "GlobalAveragePool" : "AveragePool", real(s, 0), NULL);
    if (result) {
        OQ_TRY(oq_node_copy_attrs(result->producer, s->node));
        oq_node_remove_attr(result->producer, "channels_last");
    }
    return replace_quantized(s, result, 3);
}

static oq_status split_concat(splitter *s)
{
    int n = (s->node->n_inputs - 2) / 3;
    oq_value **parts = OQ_NEW_ARRAY(s->ctx->arena, oq_value *, n), *result;

    if (s->node->n_inputs != 2 + 3 * n || !parts)
        return parts ? OQ_OK : OQ_NOMEM;
    for (int i = 0; i < n; i++)
        parts[i] = real(s, 2 + 3 * i);
    result = build(s, "Concat", parts, n);
    if (result)
        OQ_TRY(oq_node_set_int(result->producer, "axis", oq_node_int(s->node, "axis", 0)));
    return replace(s, build(s, "QuantizeLinear",
                            (oq_value *[]){result, oq_node_input(s->node, 0), oq_node_input(s->node, 1)}, 3));
}

/* a, b: codes; zero points may be NULL. */
static oq_status split_product(splitter *s, oq_value *a, oq_value *a_zero, oq_value *a_scale, int b_scale,
                               int b_zero, int bias)
{
    oq_value *scale = build_two(s, "Mul", a_scale, oq_node_input(s->node, b_scale));
    oq_value *in[] = {a, oq_node_input(s->node, 1), a_zero, oq_node_input(s->node, b_zero)};
    oq_value *sum = build(s, "MatMulInteger", in, 4), *result = build_two(s, "Cast", sum, NULL);

    if (result)
        OQ_TRY(oq_node_set_int(result->producer, "to", OQ_FLOAT));
    result = build_two(s, "Mul", result, scale);
    if (oq_node_input(s->node, bias))
        result = build_two(s, "Add", result, oq_node_input(s->node, bias));
    return replace(s, result);
}

static oq_status split_to_float(splitter *s)
{
    return split_product(s, oq_node_input(s->node, 0), oq_node_input(s->node, 4), oq_node_input(s->node, 2),
                         3, 5, 6);
}

static oq_status split_dynamic(splitter *s)
{
    oq_value *x = oq_node_input(s->node, 0);
    oq_node *codes =
        oq_node_new(s->node->graph, s->node, "DynamicQuantizeLinear", "", s->node->name, &x, 1, 3, NULL);

    if (!codes)
        OQ_FAIL(s->ctx->diag, OQ_NOMEM, "out of memory while splitting integer operators");
    return split_product(s, codes->outputs[0], codes->outputs[2], codes->outputs[1], 2, 3, 4);
}

/* ---- which nodes */

typedef struct kind {
    const char *op_type;
    oq_status (*split)(splitter *s);
    int n_needed; /* inputs that must be there, zero points excepted */
    int y_zero;   /* place of the result's zero point; -1: it need not be known */
} kind;

static const kind kinds[] = {
    {"DynamicQuantizeMatMul", split_dynamic, 3, -1},
    {"MatMulIntegerToFloat", split_to_float, 4, -1},
    {"QLinearAdd", split_binary, 7, 7},
    {"QLinearAveragePool", split_pool, 4, 4},
    {"QLinearConcat", split_concat, 5, 1},
    {"QLinearGlobalAveragePool", split_pool, 4, 4},
    {"QLinearLeakyRelu", split_unary, 4, 4},
    {"QLinearMul", split_binary, 7, 7},
    {"QLinearSigmoid", split_unary, 4, 4},
    {NULL, NULL, 0, 0},
};

static bool can_split(const oq_node *node, const kind *k)
{
    oq_dtype dtype = node->n_inputs ? node->inputs[0] ? node->inputs[0]->dtype : OQ_UNDEFINED : OQ_UNDEFINED;

    if (strcmp(node->op_type, k->op_type) != 0 || node->n_inputs < k->n_needed || node->n_outputs != 1 ||
        !node->outputs[0] || !node->inputs[0] || !node->inputs[1])
        return false;
    /* Places 2 and 5 are zero points in every kind that has two; the products have scales there. */
    for (int i = 0; i < k->n_needed; i++) {
        if (!node->inputs[i] &&
            (k->y_zero < 0 || (i != 2 && i != 5) || strcmp(k->op_type, "QLinearConcat") == 0))
            return false;
    }
    return k->y_zero < 0 || oq_node_input(node, k->y_zero) || dtype == OQ_INT8 || dtype == OQ_UINT8;
}

static oq_status split_graph(oq_graph *graph, void *arg)
{
    oq_pass_ctx *ctx = arg;
    oq_node *node, *next;

    OQ_FOR_EACH_NODE_SAFE (graph, node, next) {
        splitter s = {.node = node, .ctx = ctx};

        if (strcmp(node->domain, contrib) != 0)
            continue;
        for (const kind *k = kinds; k->op_type; k++) {
            if (can_split(node, k)) {
                OQ_TRY(k->split(&s));
                break;
            }
        }
    }
    return OQ_OK;
}

oq_status oq_split_qlinear(oq_graph *graph, oq_pass_ctx *ctx)
{
    if (oq_model_opset(graph->model, "") < 10) /* the first with QuantizeLinear */
        return OQ_OK;
    return oq_graph_walk(graph, split_graph, ctx);
}
