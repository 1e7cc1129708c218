/* per_channel: quantize the weights of units, one scale per output channel.
 *
 *     x, W -> Conv -> y    =>    x, FakeQuant(W; s_w[c], 0) -> Conv -> y      s_w[c] = max |W[c]| / 127
 *
 * int32 guard: the bias becomes int32 at scale s_x * s_w[c]; a channel with tiny weights and a large bias
 * would wrap around there, so s_w[c] is raised until 2|b_c| fits (NUMERICS 2). A weight that two units share
 * keeps one quantized form only if both ask for the same scales; else the second unit gets a copy of its own.
 * Recurrent nodes (W and R) and the table of a Gather come here only when weights alone are quantized: one
 * scale per row of a gate, or per row of the table.
 * Must not use per-channel scales for a grouped ConvTranspose (its output channels repeat over the groups:
 * one scale per tensor), nor for a weight the model already quantized. Flags: QUANT.
 */
#include <string.h>

#include "pass/edit.h"
#include "pass/fake_quant.h"
#include "pass/pass.h"

static bool is_recurrent(const oq_node *node)
{
    return node->op && node->op->rule == OQ_RULE_RECURRENT;
}

static int scale_axis(const oq_node *node, const oq_plan *plan, const oq_tensor *tensor)
{
    if (plan->options.per_tensor)
        return -1;
    if (oq_node_is(node, "ConvTranspose") && oq_node_int(node, "group", 1) != 1)
        return -1;
    if (oq_node_is(node, "Gather"))
        return 0;
    if (is_recurrent(node) && (tensor->rank != 3 || tensor->dims[0] != 1))
        return -1; /* two directions: one axis cannot serve both */
    return oq_op_weight_axis(node, tensor->rank);
}

/* Scale of the activation that the unit reads quantized; 0 when it reads float. */
static float activation_scale(const oq_node *node, const oq_plan *plan)
{
    const oq_value *value = node->inputs[0];
    const oq_node *pair = value->producer;
    const oq_tensor *scale;
    float s;

    if (value->id < plan->n_values && plan->values[value->id].has_qparams &&
        plan->nodes[node->id].quantized_inputs & 1)
        return plan->values[value->id].qparams.scale[0];
    if (!pair || pair->n_inputs < 2 || (!oq_node_is(pair, "DequantizeLinear") && !oq_is_fake_quant(pair)))
        return 0.0f;
    scale = oq_value_constant(pair->inputs[1]);
    return scale && scale->n_elements == 1 && oq_tensor_floats(scale, &s) ? s : 0.0f;
}

/* Bias constant with one entry per channel; NULL when there is none to guard. */
static const oq_tensor *guarded_bias(oq_node *node)
{
    oq_unit_bias at = oq_find_unit_bias(node);

    return at.holder ? oq_value_constant(at.holder->inputs[at.input]) : NULL;
}

static oq_status bias_floors(oq_node *node, const oq_plan *plan, size_t n, oq_arena *arena, const float **out)
{
    const oq_tensor *bias = guarded_bias(node);
    float s_x = activation_scale(node, plan), *floors, *b;

    *out = NULL;
    if (!bias || s_x == 0.0f || plan->options.mode == OQ_QMODE_TORCH || (n != 1 && bias->n_elements != n))
        return OQ_OK;
    floors = OQ_NEW_ARRAY(arena, float, n);
    b = OQ_NEW_ARRAY(arena, float, bias->n_elements);
    if (!floors || !b)
        return OQ_NOMEM;
    if (!oq_tensor_floats(bias, b))
        return OQ_OK;
    for (size_t c = 0; c < bias->n_elements; c++) {
        float least = oq_bias_scale_floor(b[c], s_x), *f = &floors[n == 1 ? 0 : c];

        *f = *f > least ? *f : least;
    }
    *out = floors;
    return OQ_OK;
}

static bool same_scales(const oq_qparams *a, const oq_qparams *b)
{
    return a->axis == b->axis && a->n == b->n && memcmp(a->scale, b->scale, a->n * sizeof *a->scale) == 0;
}

/* An earlier unit's FakeQuant of this weight with the same scales. */
static oq_value *existing_pair(const oq_value *weight, const oq_plan *plan, const oq_qparams *q)
{
    if (!plan->values[weight->id].has_qparams || !same_scales(&plan->values[weight->id].qparams, q))
        return NULL;
    for (int i = 0; i < weight->n_uses; i++) {
        if (oq_is_fake_quant(weight->uses[i].node))
            return weight->uses[i].node->outputs[0];
    }
    return NULL;
}

static oq_status quantize_input(oq_node *node, int input, oq_pass_ctx *ctx)
{
    oq_plan *plan = ctx->plan;
    oq_value *weight = node->inputs[input], *quantized;
    const oq_tensor *tensor = oq_value_constant(weight);
    int axis = scale_axis(node, plan, tensor);
    /* PyTorch's reduce_range halves the codes of activations only. */
    bool reduce_range = plan->options.reduce_range && plan->options.mode == OQ_QMODE_ONNX;
    const float *floors;
    oq_status status;
    oq_qparams q;

    OQ_TRY(bias_floors(node, plan, axis < 0 ? 1 : (size_t)tensor->dims[axis], ctx->arena, &floors));
    status = oq_qparams_from_weight(tensor, axis, plan->options.weights, reduce_range, plan->options.mode,
                                    floors, plan->arena, &q, ctx->diag);
    if (status != OQ_OK) {
        oq_diag_note(ctx->diag, "weight '%s' of node '%s' (%s)", weight->name, node->name, node->op_type);
        return status;
    }
    quantized = existing_pair(weight, plan, &q);
    if (!quantized) {
        oq_node *pair = oq_add_fake_quant(weight, &q, plan->options.mode, node);

        if (!pair)
            return OQ_NOMEM;
        quantized = pair->outputs[0];
        OQ_TRY(oq_plan_fit(plan, node->graph->model));
        plan->values[weight->id] = (oq_plan_value){.has_pair = true,
                                                   .source = OQ_RANGE_WEIGHT,
                                                   .shared_with = -1,
                                                   .qparams = q,
                                                   .has_qparams = true,
                                                   .reason = "weight of a unit"};
        ctx->changed++;
    }
    return oq_node_set_input(node, input, quantized);
}

static bool is_quantizable(const oq_node *node, int input)
{
    const oq_tensor *tensor = input < node->n_inputs ? oq_value_constant(node->inputs[input]) : NULL;

    return tensor && tensor->dtype == OQ_FLOAT && tensor->n_elements > 0 && tensor->rank >= 2;
}

oq_status oq_per_channel(oq_graph *graph, oq_pass_ctx *ctx)
{
    if (ctx->plan->options.weights == OQ_UNDEFINED)
        return OQ_OK;
    OQ_FOR_EACH_NODE (graph, node) {
        int weight = oq_node_is(node, "Gather") ? 0 : 1;

        if (node->id >= ctx->plan->n_nodes || ctx->plan->nodes[node->id].kind != OQ_NODE_INTEGER)
            continue;
        if (is_quantizable(node, weight))
            OQ_TRY(quantize_input(node, weight, ctx));
        if (is_recurrent(node) && is_quantizable(node, 2))
            OQ_TRY(quantize_input(node, 2, ctx));
    }
    return OQ_OK;
}
