/* correct: units get the weights and biases that were fitted to the samples (quant/layerwise.h).
 *
 *     x, W, b -> Conv    =>    x, W', b' -> Conv       W' lies on the grid of its scales: per_channel keeps
 * it
 *
 * A weight or bias that others read stays for them. Must not fire on a unit without a fit. Flags: QUANT.
 */
#include "pass/edit.h"
#include "quant/weight.h"

static oq_status set_bias(oq_node *node, const oq_unit_fit *fit)
{
    oq_unit_bias at = oq_find_unit_bias(node);
    oq_arena *arena = node->graph->model->arena;
    int64_t n = (int64_t)fit->n_bias;
    oq_tensor *tensor = oq_tensor_from_floats(arena, fit->bias, &n, 1);
    bool is_zero = true;
    oq_value *value;

    if (at.holder)
        return oq_node_replace_constant(at.holder, at.input, tensor);
    for (size_t i = 0; i < fit->n_bias; i++)
        is_zero &= fit->bias[i] == 0.0f;
    if (is_zero)
        return OQ_OK;
    value = oq_graph_add_initializer(node->graph, oq_arena_printf(arena, "%s_bias", node->outputs[0]->name),
                                     tensor);
    return value ? oq_node_set_input(node, 2, value) : OQ_NOMEM;
}

static oq_status set_weight(oq_node *node, const oq_unit_fit *fit)
{
    void *data;
    oq_tensor *tensor =
        oq_tensor_new(node->graph->model->arena, OQ_FLOAT, fit->weight->dims, fit->weight->rank, &data);

    if (!tensor || !oq_tensor_floats(fit->weight, data))
        return OQ_NOMEM;
    return oq_node_replace_constant(node, 1, tensor);
}

oq_status oq_correct(oq_graph *graph, oq_pass_ctx *ctx)
{
    OQ_FOR_EACH_NODE (graph, node) {
        const oq_unit_fit *fit = node->id < ctx->plan->n_nodes ? ctx->plan->nodes[node->id].fit : NULL;

        if (!fit)
            continue;
        OQ_TRY(set_weight(node, fit));
        if (fit->bias)
            OQ_TRY(set_bias(node, fit));
        ctx->changed++;
    }
    return oq_plan_fit(ctx->plan, graph->model);
}
