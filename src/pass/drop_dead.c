/* drop_dead: remove what nobody reads.
 *
 *     x -> A -> y (unread)          => gone, and then what only A read
 *     x -> LSTM -> Y, Y_h (unread)  => x -> LSTM -> Y, -         an optional output is left out
 *     initializer W (unread)        => gone
 *
 * Must not remove a graph input or output, nor an initializer that the caller may override. Must not leave
 * out an output of Split, If, Loop, Scan: their number means something (a negative max_out in the operator's
 * row). A node without any output is kept: somebody wants its effect. Flags: EXACT.
 */
#include "pass/edit.h"

static bool is_dead(const oq_node *node)
{
    for (int i = 0; i < node->n_outputs; i++) {
        if (oq_node_output_is_read(node, i))
            return false;
    }
    return node->n_outputs > 0;
}

static void leave_out_outputs(oq_node *node, oq_pass_ctx *ctx)
{
    if (!node->op || node->op->max_out < 0)
        return;
    for (int i = 0; i < node->n_outputs; i++) {
        if (i < node->op->min_out || !node->outputs[i] || oq_node_output_is_read(node, i))
            continue;
        oq_node_set_output(node, i, NULL);
        ctx->changed++;
    }
}

static void drop_nodes(oq_graph *graph, oq_pass_ctx *ctx);

/* Subgraphs first: what they no longer capture may die in this graph, further up. */
static void drop_in_subgraphs(oq_node *node, oq_pass_ctx *ctx)
{
    for (int i = 0; i < node->n_attrs; i++) {
        if (node->attrs[i].graph)
            drop_nodes(node->attrs[i].graph, ctx);
        for (size_t k = 0; node->attrs[i].graphs && k < node->attrs[i].n; k++)
            drop_nodes(node->attrs[i].graphs[k], ctx);
    }
}

/* From the end, so that one walk follows chains: a reader goes before its producer is looked at. */
static void drop_nodes(oq_graph *graph, oq_pass_ctx *ctx)
{
    for (oq_node *node = graph->last, *before; node; node = before) {
        before = node->prev;
        if (is_dead(node)) {
            oq_node_remove(node);
            ctx->changed++;
            continue;
        }
        drop_in_subgraphs(node, ctx);
        leave_out_outputs(node, ctx);
    }
}

static oq_status drop_initializers(oq_graph *graph, void *arg)
{
    oq_pass_ctx *ctx = arg;
    int n = graph->n_initializers;
    oq_value **all = oq_arena_copy(ctx->arena, graph->initializers, (size_t)n * sizeof(oq_value *));

    if (!all)
        return OQ_NOMEM;
    for (int i = 0; i < n; i++) {
        if (oq_value_n_readers(all[i]) == 0 && !all[i]->is_input) {
            oq_graph_remove_initializer(graph, all[i]);
            ctx->changed++;
        }
    }
    return OQ_OK;
}

oq_status oq_drop_dead(oq_graph *graph, oq_pass_ctx *ctx)
{
    drop_nodes(graph, ctx);
    return oq_graph_walk(graph, drop_initializers, ctx);
}
