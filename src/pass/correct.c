/* correct: units get the weights and biases that were fitted to the samples (quant/layerwise.h).
 *
 *     x, W, b -> Conv    =>    x, W', b' -> Conv       W' lies on the grid of its scales: per_channel keeps
 * it
 *
 * A weight or bias that others read stays for them. Must not fire on a unit without a fit. Flags: QUANT.
 */
#include "pass/edit.h"
#include "pass/unit_scale.h"

oq_status oq_correct(oq_graph *graph, oq_pass_ctx *ctx)
{
    OQ_FOR_EACH_NODE (graph, node) {
        const oq_unit_fit *fit = node->id < ctx->plan->n_nodes ? ctx->plan->nodes[node->id].fit : NULL;

        if (!fit)
            continue;
        OQ_TRY(oq_node_replace_floats(node, 1, fit->weight->data));
        if (fit->bias)
            OQ_TRY(oq_unit_set_bias(node, fit->bias, fit->n_bias));
        ctx->changed++;
    }
    return oq_plan_fit(ctx->plan, graph->model);
}
