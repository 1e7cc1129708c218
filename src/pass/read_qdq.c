/* read_qdq: take the quantization a model already carries as the plan.
 *
 *     constant W -> QuantizeLinear -> DequantizeLinear    =>    integer initializer -> DequantizeLinear
 *     t -> QuantizeLinear -> DequantizeLinear -> t'             stays; t' enters the plan with its scale
 *
 * Models trained with fake quantization keep their scales: placement leaves such values alone and only gives
 * the units around them what they miss. Must not fold when the constant can be overridden, or when
 * QuantizeLinear has another reader than DequantizeLinear nodes. Flags: EXACT.
 */
#include "pass/pass.h"

static bool is_foldable(const oq_node *node)
{
    const oq_value *out = node->n_outputs ? node->outputs[0] : NULL;

    if (!oq_node_is(node, "QuantizeLinear") || !node->op || node->n_inputs < 2 || !out || out->is_output ||
        !oq_value_constant(node->inputs[0]))
        return false;
    for (int i = 1; i < node->n_inputs; i++) {
        if (node->inputs[i] && !oq_value_constant(node->inputs[i]))
            return false;
    }
    for (int i = 0; i < out->n_uses; i++) {
        if (!oq_node_is(out->uses[i].node, "DequantizeLinear"))
            return false;
    }
    return true;
}

static oq_status fold(oq_node *node, oq_pass_ctx *ctx)
{
    const oq_array *inputs[3] = {NULL, NULL, NULL};
    oq_array arrays[3];
    oq_tensor *codes;
    oq_value *out = node->outputs[0], *constant;

    if (!out)
        return OQ_OK; /* nobody asked for its codes */
    for (int i = 0; i < node->n_inputs && i < 3; i++) {
        if (!node->inputs[i])
            continue;
        if (!oq_array_of_tensor(node->inputs[i]->constant, ctx->arena, &arrays[i]))
            return OQ_NOMEM;
        inputs[i] = &arrays[i];
    }
    OQ_TRY(oq_exec_node(node, inputs, node->graph->model->arena, SIZE_MAX, &codes, ctx->diag));
    constant = oq_graph_add_initializer(node->graph, out->name, codes);
    if (!constant)
        return OQ_NOMEM;
    OQ_TRY(oq_value_replace_uses(out, constant));
    oq_node_remove(node);
    ctx->changed++;
    return OQ_OK;
}

static oq_status record(const oq_node *node, oq_pass_ctx *ctx)
{
    const oq_tensor *scale = oq_value_constant(node->inputs[1]);
    oq_plan_value *planned;

    ctx->plan->from_model = true;
    OQ_TRY(oq_plan_fit(ctx->plan, node->graph->model));
    planned = &ctx->plan->values[node->outputs[0]->id];
    planned->source = OQ_RANGE_MODEL;
    planned->reason = scale ? "the model's own scale" : "the model computes its scale";
    return OQ_OK;
}

oq_status oq_read_qdq(oq_graph *graph, oq_pass_ctx *ctx)
{
    oq_node *node, *next;

    OQ_FOR_EACH_NODE_SAFE (graph, node, next) {
        if (ctx->plan && oq_node_is(node, "DequantizeLinear") && node->n_inputs > 1 && node->n_outputs &&
            node->outputs[0])
            OQ_TRY(record(node, ctx));
        if (is_foldable(node))
            OQ_TRY(fold(node, ctx));
    }
    return OQ_OK;
}
