/* bind_constants: an initializer that is also a graph input becomes a plain constant.
 *
 *     inputs x, w = 0.3 (a default the caller may replace)    =>    inputs x; w is a constant
 *
 * Exporters of IR 3 had to list initializers as inputs, and many never stopped; runtimes then treat every
 * weight as replaceable and fold or quantize nothing. The model's interface changes only for a caller who
 * overrides weights by name. Must not touch an input without a default: that one is data. Flags: EXACT.
 */
#include "pass/edit.h"

oq_status oq_bind_constants(oq_graph *graph, oq_pass_ctx *ctx)
{
    for (int i = graph->n_inputs - 1; i >= 0; i--) {
        oq_value *value = graph->inputs[i];

        if (!value->is_overridable)
            continue;
        oq_graph_remove_input(graph, value);
        ctx->changed++;
    }
    if (ctx->changed)
        oq_pass_note(ctx, "%zu initializers were graph inputs too; they are constants now", ctx->changed);
    return OQ_OK;
}
