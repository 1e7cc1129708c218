/* lower_qdq: write fake quantization as the QuantizeLinear / DequantizeLinear pairs that runtimes read.
 *
 *     t -> FakeQuant(s, z) -> t'        =>    t -> QuantizeLinear(s, z) -> DequantizeLinear(s, z) -> t'
 *     constant W -> FakeQuant(s, z)     =>    W_quantized (integer initializer) -> DequantizeLinear(s, z)
 *
 * Names follow ONNX Runtime's quantizer: T_QuantizeLinear, T_QuantizeLinear_Output, T_DequantizeLinear ...,
 * W_quantized. Must not write an axis for one scale per tensor, nor round a weight by another rule than
 * FakeQuant did: the codes here are the codes that were measured. Flags: QUANT.
 */
#include <string.h>

#include "pass/pass.h"
#include "quant/weight.h"

/* Name of the value before it was published as a graph output: T of T_QuantizeLinear_Input. */
static const char *base_name(oq_arena *arena, const oq_value *value)
{
    static const char suffix[] = "_QuantizeLinear_Input";
    size_t n = strlen(value->name), k = sizeof suffix - 1;
    char *name;

    if (n <= k || strcmp(value->name + n - k, suffix) != 0)
        return value->name;
    name = oq_arena_strdup(arena, value->name);
    if (name)
        name[n - k] = '\0';
    return name ? name : value->name;
}

static oq_node *add(oq_node *before, const char *op_type, const char *base, oq_value *const *inputs, int axis)
{
    oq_graph *graph = before->graph;
    oq_arena *arena = graph->model->arena;
    const char *out_name = oq_arena_printf(arena, "%s_%s_Output", base, op_type);
    const char *name = oq_arena_printf(arena, "%s_%s", base, op_type);
    oq_node *node;

    if (!out_name || !name)
        return NULL;
    node = oq_node_new(graph, before, op_type, "", name, inputs, 3, 1, &out_name);
    if (node && axis >= 0 && oq_node_set_int(node, "axis", axis) != OQ_OK)
        return NULL;
    return node;
}

/* Parameters as FakeQuant holds them; arrays in arena. */
static oq_status read_params(const oq_node *node, oq_arena *arena, oq_qparams *q)
{
    const oq_tensor *s = oq_value_constant(node->inputs[1]), *z = oq_value_constant(node->inputs[2]);
    float *scale = s ? OQ_NEW_ARRAY(arena, float, s->n_elements) : NULL;
    int32_t *zero_point = z ? OQ_NEW_ARRAY(arena, int32_t, z->n_elements) : NULL;

    if (!scale || !zero_point)
        return OQ_NOMEM;
    oq_tensor_floats(s, scale);
    for (size_t c = 0; c < z->n_elements; c++) {
        int64_t v = 0;

        oq_tensor_int(z, c, &v);
        zero_point[c] = (int32_t)v;
    }
    *q = (oq_qparams){.dtype = z->dtype,
                      .axis = (int)oq_node_int(node, "axis", -1),
                      .n = s->n_elements,
                      .scale = scale,
                      .zero_point = zero_point,
                      .qmin = (int32_t)oq_node_int(node, "qmin", 0),
                      .qmax = (int32_t)oq_node_int(node, "qmax", 255)};
    return OQ_OK;
}

static oq_status weight_codes(const oq_node *node, const oq_tensor *weight, oq_arena *scratch,
                              oq_tensor **out)
{
    oq_arena *arena = node->graph->model->arena;
    oq_qmode mode = oq_node_int(node, "torch", 0) ? OQ_QMODE_TORCH : OQ_QMODE_ONNX;
    oq_qparams q;
    void *codes;

    OQ_TRY(read_params(node, scratch, &q));
    *out = oq_tensor_new(arena, q.dtype, weight->dims, weight->rank, &codes);
    if (!*out)
        return OQ_NOMEM;
    OQ_TRY(oq_quantize_tensor(weight, &q, mode, codes));
    oq_model_release_pages(node->graph->model, weight);
    return OQ_OK;
}

static oq_status lower_constant(oq_node *node, oq_pass_ctx *ctx)
{
    oq_value *weight = node->inputs[0];
    oq_arena *arena = node->graph->model->arena;
    oq_tensor *codes;
    oq_value *inputs[3] = {NULL, node->inputs[1], node->inputs[2]};
    oq_node *dequantize;

    OQ_TRY(weight_codes(node, weight->constant, ctx->arena, &codes));
    inputs[0] =
        oq_graph_add_initializer(node->graph, oq_arena_printf(arena, "%s_quantized", weight->name), codes);
    if (!inputs[0])
        return OQ_NOMEM;
    dequantize = add(node, "DequantizeLinear", weight->name, inputs, (int)oq_node_int(node, "axis", -1));
    if (!dequantize)
        return OQ_NOMEM;
    oq_value_set_type(dequantize->outputs[0], OQ_FLOAT, &weight->shape);
    OQ_TRY(oq_value_take_over(node->outputs[0], dequantize->outputs[0]));
    oq_node_remove(node);
    if (oq_value_n_readers(weight) == 0)
        oq_graph_remove_initializer(weight->graph, weight);
    return OQ_OK;
}

static oq_status lower_activation(oq_node *node, oq_pass_ctx *ctx)
{
    oq_value *t = node->inputs[0];
    const char *base = base_name(ctx->arena, t);
    int axis = (int)oq_node_int(node, "axis", -1);
    oq_value *inputs[3] = {t, node->inputs[1], node->inputs[2]};
    oq_node *quantize = add(node, "QuantizeLinear", base, inputs, axis), *dequantize;

    if (!quantize)
        return OQ_NOMEM;
    oq_value_set_type(quantize->outputs[0], node->inputs[2]->dtype, &t->shape);
    inputs[0] = quantize->outputs[0];
    dequantize = add(node, "DequantizeLinear", base, inputs, axis);
    if (!dequantize)
        return OQ_NOMEM;
    oq_value_set_type(dequantize->outputs[0], OQ_FLOAT, &t->shape);
    OQ_TRY(oq_value_take_over(node->outputs[0], dequantize->outputs[0]));
    oq_node_remove(node);
    return OQ_OK;
}

oq_status oq_lower_qdq(oq_graph *graph, oq_pass_ctx *ctx)
{
    oq_node *node, *next;

    OQ_FOR_EACH_NODE_SAFE (graph, node, next) {
        if (!oq_is_fake_quant(node))
            continue;
        if (oq_value_constant(node->inputs[0]))
            OQ_TRY(lower_constant(node, ctx));
        else
            OQ_TRY(lower_activation(node, ctx));
        ctx->changed++;
    }
    return OQ_OK;
}
