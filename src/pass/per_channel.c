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
#include "quant/weight.h"

static bool is_recurrent(const oq_node *node)
{
    return node->op && node->op->rule == OQ_RULE_RECURRENT;
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
    oq_qparams q;

    if (plan->nodes[node->id].fit && input == 1)
        q = plan->nodes[node->id].fit->scale;
    else
        OQ_TRY(oq_weight_params(node, input, plan, ctx->arena, &q, ctx->diag));
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
