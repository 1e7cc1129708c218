/* fake_quant: put the plan's pairs into the graph as FakeQuant nodes, so that the rounding can be measured in
 * float.
 *
 *     t -> reader              t -> FakeQuant(scale, zero_point) -> t' -> reader
 *       -> float reader   =>     -> float reader
 *
 * One node per value, shared by the readers that the plan says read the quantized form; the others keep t. A
 * graph output stays t unless the plan quantizes it (seed mode): then t' takes the public name. Must not fire
 * twice on a value, nor on one that the model already dequantizes (its own scales win). Flags: QUANT.
 */
#include <string.h>

#include "pass/fake_quant.h"
#include "pass/pass.h"

/* Scale and zero point as initializers: rank 0 per tensor (rank 1 would keep runtimes from fusing), rank 1
 * per channel. */
static oq_value *add_scale(oq_graph *graph, const char *name, const oq_qparams *q)
{
    oq_arena *arena = graph->model->arena;
    int64_t n = (int64_t)q->n;

    return oq_graph_add_initializer(graph, oq_arena_printf(arena, "%s_scale", name),
                                    oq_tensor_from_floats(arena, q->scale, &n, q->axis < 0 ? 0 : 1));
}

static oq_value *add_zero_point(oq_graph *graph, const char *name, const oq_qparams *q)
{
    oq_arena *arena = graph->model->arena;
    int64_t n = (int64_t)q->n;
    void *data;
    oq_tensor *tensor = oq_tensor_new(arena, q->dtype, &n, q->axis < 0 ? 0 : 1, &data);

    for (size_t c = 0; tensor && c < q->n; c++) {
        switch (q->dtype) {
        case OQ_INT8: ((int8_t *)data)[c] = (int8_t)q->zero_point[c]; break;
        case OQ_UINT8: ((uint8_t *)data)[c] = (uint8_t)q->zero_point[c]; break;
        case OQ_INT16: ((int16_t *)data)[c] = (int16_t)q->zero_point[c]; break;
        case OQ_UINT16: ((uint16_t *)data)[c] = (uint16_t)q->zero_point[c]; break;
        default: ((int32_t *)data)[c] = q->zero_point[c]; break;
        }
    }
    return oq_graph_add_initializer(graph, oq_arena_printf(arena, "%s_zero_point", name), tensor);
}

oq_node *oq_add_fake_quant(oq_value *value, const oq_qparams *q, oq_qmode mode, oq_node *before)
{
    oq_graph *graph = value->graph;
    oq_arena *arena = graph->model->arena;
    const char *name = value->name;
    const char *out_name = oq_arena_printf(arena, "%s_FakeQuant_Output", name);
    oq_value *inputs[3] = {value, add_scale(graph, name, q), add_zero_point(graph, name, q)};
    oq_node *node;

    if (!inputs[1] || !inputs[2] || !out_name)
        return NULL;
    node = oq_node_new(graph, before, "FakeQuant", "onnxq", oq_arena_printf(arena, "%s_FakeQuant", name),
                       inputs, 3, 1, &out_name);
    if (!node)
        return NULL;
    oq_value_set_type(node->outputs[0], OQ_FLOAT, &value->shape);
    if (oq_node_set_int(node, "axis", q->axis) != OQ_OK || oq_node_set_int(node, "qmin", q->qmin) != OQ_OK ||
        oq_node_set_int(node, "qmax", q->qmax) != OQ_OK ||
        oq_node_set_int(node, "torch", mode == OQ_QMODE_TORCH) != OQ_OK)
        return NULL;
    return node;
}

static oq_status redirect_readers(const oq_plan *plan, oq_value *value, oq_value *replacement)
{
    /* Backwards: removing a use moves the last one, already seen, into its place. */
    for (int i = value->n_uses - 1; i >= 0; i--) {
        oq_use use = value->uses[i];

        if (oq_plan_reads_quantized(plan, use))
            OQ_TRY(oq_node_set_input(use.node, use.index, replacement));
    }
    return OQ_OK;
}

/* The quantized form becomes the graph output; the float value keeps an internal name, as ONNX Runtime's
 * tools call it. */
static oq_status publish(oq_value *value, oq_node *pair)
{
    const char *internal =
        oq_arena_printf(value->graph->model->arena, "%s_QuantizeLinear_Input", value->name);

    if (!internal)
        return OQ_NOMEM;
    OQ_TRY(oq_node_set_input(pair, 0, NULL));
    OQ_TRY(oq_value_take_over(value, pair->outputs[0]));
    oq_value_rename(value, internal);
    return oq_node_set_input(pair, 0, value);
}

static oq_status quantize_value(oq_value *value, oq_node *before, oq_pass_ctx *ctx)
{
    const oq_plan_value *planned = &ctx->plan->values[value->id];
    oq_node *node;

    if (!planned->has_pair || !planned->has_qparams || planned->source == OQ_RANGE_MODEL)
        return OQ_OK;
    node = oq_add_fake_quant(value, &planned->qparams, ctx->plan->options.mode, before);
    if (!node)
        return OQ_NOMEM;
    OQ_TRY(redirect_readers(ctx->plan, value, node->outputs[0]));
    if (planned->quantize_output && value->is_output)
        OQ_TRY(publish(value, node));
    ctx->changed++;
    return OQ_OK;
}

oq_status oq_fake_quant(oq_graph *graph, oq_pass_ctx *ctx)
{
    int n_values = ctx->plan->n_values; /* values made here are beyond it */
    oq_node *node, *next;

    for (int i = 0; i < graph->n_inputs; i++)
        OQ_TRY(quantize_value(graph->inputs[i], graph->first, ctx));
    OQ_FOR_EACH_NODE_SAFE (graph, node, next) {
        for (int i = 0; i < node->n_outputs; i++) {
            if (node->outputs[i] && node->outputs[i]->id < n_values)
                OQ_TRY(quantize_value(node->outputs[i], node->next, ctx));
        }
    }
    return oq_plan_fit(ctx->plan, graph->model);
}
