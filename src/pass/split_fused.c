/* split_fused: operators that ONNX Runtime's optimizer fused become those they were made of.
 *
 *     FusedConv(x, W, b, z) {activation}            =>  Conv -> Add z -> activation
 *     FusedGemm(a, b, c) {activation}               =>  Gemm -> activation
 *     FusedMatMul(a, b) {transA, transB, alpha}     =>  Transpose, Transpose -> MatMul -> Mul alpha
 *
 * So they are run and quantized like any other. ONNX Runtime fuses them again when it loads the result.
 *
 * Must not guess: an activation that is not known here, batch dimensions that are transposed, or a matrix of
 * unknown rank that is to be turned, leave the node as it is. Flags: CLOSE.
 */
#include <string.h>

#include "pass/edit.h"

static const char contrib[] = "com.microsoft";

/* What is put behind a node. */
typedef struct activation {
    const char *name;     /* NULL: none */
    const char *attrs[3]; /* that take the parameters, in order; NULL: no more */
} activation;

static const activation activations[] = {
    {"Relu", {NULL}},
    {"Tanh", {NULL}},
    {"Sigmoid", {NULL}},
    {"LeakyRelu", {"alpha", NULL}},
    {"HardSigmoid", {"alpha", "beta", NULL}},
    {"Clip", {NULL}}, /* its parameters are inputs */
    {NULL, {NULL}},
};

static const activation *find_activation(const oq_node *node)
{
    const char *name = oq_node_string(node, "activation", "");
    const activation *a = activations;

    while (a->name && strcmp(a->name, name) != 0)
        a++;
    return a;
}

static oq_status no_memory(oq_pass_ctx *ctx)
{
    OQ_FAIL(ctx->diag, OQ_NOMEM, "out of memory while splitting fused operators");
}

static oq_value *add_scalar(oq_graph *graph, const char *name, float number)
{
    oq_tensor *tensor = oq_tensor_from_floats(graph->model->arena, &number, NULL, 0);

    return tensor ? oq_graph_add_initializer(graph, name, tensor) : NULL;
}

/* A new node between node and the readers of its output: it takes over the public name. */
static oq_node *put_behind(oq_node *node, const char *op_type, oq_value *second, oq_value *third)
{
    oq_graph *graph = node->graph;
    oq_value *out = node->outputs[0], *inner = oq_value_new(graph, out->name, out->dtype, &out->shape);
    int n = third ? 3 : second ? 2 : 1;
    oq_node *after = inner ? oq_node_append(graph, op_type, "", node->name, n, 1) : NULL;

    if (!after)
        return NULL;
    oq_node_move_before(after, node->next);
    oq_node_set_output(node, 0, inner);
    oq_node_set_output(after, 0, out);
    if (oq_node_set_input(after, 0, inner) != OQ_OK ||
        (second && oq_node_set_input(after, 1, second) != OQ_OK) ||
        (third && oq_node_set_input(after, 2, third) != OQ_OK))
        return NULL;
    return after;
}

static oq_status activate(oq_node *node, const activation *a, const float *parameters, size_t n,
                          oq_pass_ctx *ctx)
{
    bool is_clip = strcmp(a->name, "Clip") == 0;
    oq_value *lo = is_clip ? add_scalar(node->graph, "min", parameters[0]) : NULL,
             *hi = is_clip ? add_scalar(node->graph, "max", parameters[1]) : NULL;
    oq_node *after = is_clip && (!lo || !hi) ? NULL : put_behind(node, a->name, lo, hi);

    if (!after)
        return no_memory(ctx);
    for (size_t i = 0; i < n && a->attrs[i]; i++)
        OQ_TRY(oq_node_set_float(after, a->attrs[i], parameters[i]));
    return OQ_OK;
}

/* The node alone, as the operator of ai.onnx. */
static void unfuse(oq_node *node, const char *op_type)
{
    static const char *const ours[] = {
        "activation",       "activation_params", "activation_alpha", "activation_beta",
        "activation_gamma", "transBatchA",       "transBatchB",      NULL};

    for (int i = 0; ours[i]; i++)
        oq_node_remove_attr(node, ours[i]);
    oq_node_set_type(node, op_type, "");
}

static bool has_known_activation(const oq_node *node, const activation *a, size_t n_parameters)
{
    if (!oq_node_attr(node, "activation"))
        return true;
    return a->name && (strcmp(a->name, "Clip") != 0 ||
                       (n_parameters == 2 && oq_model_opset(node->graph->model, "") >= 11));
}

static oq_status split_conv(oq_node *node, oq_pass_ctx *ctx)
{
    const activation *a = find_activation(node);
    oq_value *z = oq_node_input(node, 3);
    size_t n;
    const float *parameters = oq_node_floats(node, "activation_params", &n);

    if (!has_known_activation(node, a, n))
        return OQ_OK;
    unfuse(node, "Conv");
    oq_node_truncate_inputs(node, 3);
    ctx->changed++;
    if (z && !(node = put_behind(node, "Add", z, NULL)))
        return no_memory(ctx);
    return a->name ? activate(node, a, parameters, n, ctx) : OQ_OK;
}

static oq_status split_gemm(oq_node *node, oq_pass_ctx *ctx)
{
    static const char *const names[] = {"activation_alpha", "activation_beta", "activation_gamma"};
    const activation *a = find_activation(node);
    float parameters[3];
    size_t n = 0;

    while (n < 3 && oq_node_attr(node, names[n])) {
        parameters[n] = oq_node_float(node, names[n], 0);
        n++;
    }
    if (!has_known_activation(node, a, n))
        return OQ_OK;
    unfuse(node, "Gemm");
    ctx->changed++;
    return a->name ? activate(node, a, parameters, n, ctx) : OQ_OK;
}

/* Input i with its last two dimensions exchanged, before node. */
static oq_status turn_input(oq_node *node, int i, oq_pass_ctx *ctx)
{
    oq_value *in = node->inputs[i];
    int64_t perm[OQ_MAX_RANK];
    int rank = in->shape.rank;
    oq_node *turn;

    for (int d = 0; d < rank; d++)
        perm[d] = d;
    perm[rank - 1] = rank - 2;
    perm[rank - 2] = rank - 1;
    turn = oq_node_new(node->graph, node, "Transpose", "", node->name, &in, 1, 1, NULL);
    if (!turn)
        return no_memory(ctx);
    OQ_TRY(oq_node_set_ints(turn, "perm", perm, (size_t)rank));
    return oq_node_set_input(node, i, turn->outputs[0]);
}

static oq_status split_matmul(oq_node *node, oq_pass_ctx *ctx)
{
    static const char *const names[] = {"transA", "transB"};
    float alpha = oq_node_float(node, "alpha", 1);
    bool turns[2];

    if (oq_node_int(node, "transBatchA", 0) || oq_node_int(node, "transBatchB", 0))
        return OQ_OK;
    for (int i = 0; i < 2; i++) {
        turns[i] =
            oq_node_int(node, names[i], 0) != 0 && node->inputs[i]->shape.rank != 1; /* a vector stays */
        if (turns[i] && node->inputs[i]->shape.rank < 2)
            return OQ_OK;
    }
    for (int i = 0; i < 2; i++) {
        oq_node_remove_attr(node, names[i]);
        if (turns[i])
            OQ_TRY(turn_input(node, i, ctx));
    }
    oq_node_remove_attr(node, "alpha");
    unfuse(node, "MatMul");
    ctx->changed++;
    if (alpha != 1) {
        oq_value *factor = add_scalar(node->graph, "alpha", alpha);

        if (!factor || !put_behind(node, "Mul", factor, NULL))
            return no_memory(ctx);
    }
    return OQ_OK;
}

static bool is_fused(const oq_node *node, const char *op_type, int n_needed)
{
    if (strcmp(node->domain, contrib) != 0 || strcmp(node->op_type, op_type) != 0 ||
        node->n_inputs < n_needed || node->n_outputs != 1 || !node->outputs[0])
        return false;
    for (int i = 0; i < n_needed; i++) {
        if (!node->inputs[i])
            return false;
    }
    return true;
}

static oq_status split_graph(oq_graph *graph, void *arg)
{
    oq_pass_ctx *ctx = arg;
    oq_node *node, *next;

    OQ_FOR_EACH_NODE_SAFE (graph, node, next) {
        if (is_fused(node, "FusedConv", 2))
            OQ_TRY(split_conv(node, ctx));
        else if (is_fused(node, "FusedGemm", 2))
            OQ_TRY(split_gemm(node, ctx));
        else if (is_fused(node, "FusedMatMul", 2) || is_fused(node, "TransposeMatMul", 2))
            OQ_TRY(split_matmul(node, ctx));
    }
    return OQ_OK;
}

oq_status oq_split_fused(oq_graph *graph, oq_pass_ctx *ctx)
{
    return oq_graph_walk(graph, split_graph, ctx);
}
