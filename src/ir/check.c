/* check: the validator. It looks at both directions of every link and collects faults rather than stopping at
 * one. */
#include <stdio.h>
#include <string.h>

#include "ir/graph.h"
#include "ir/print.h"

#define MAX_FAULTS 8

typedef struct {
    char text[OQ_DIAG_TEXT];
    size_t used;
    int n_faults;
} faults;

static void fault(faults *f, const char *what, const oq_node *node, const char *value)
{
    char name[256];

    if (f->n_faults++ >= MAX_FAULTS)
        return;
    f->used +=
        (size_t)snprintf(f->text + f->used, sizeof f->text - f->used, "%s%s%s%s%s%s", f->used ? "; " : "",
                         what, node ? " at " : "", node ? oq_node_text(node, name, sizeof name) : "",
                         value ? ", value " : "", value ? value : "");
    if (f->used >= sizeof f->text)
        f->used = sizeof f->text - 1;
}

static bool has_use(const oq_value *value, const oq_node *node, int index)
{
    for (int i = 0; i < value->n_uses; i++) {
        if (value->uses[i].node == node && value->uses[i].index == index)
            return true;
    }
    return false;
}

static bool is_visible(const oq_graph *from, const oq_graph *defined_in)
{
    for (; from; from = from->parent) {
        if (from == defined_in)
            return true;
    }
    return false;
}

static void check_inputs(const oq_node *node, const unsigned char *done, faults *f)
{
    for (int i = 0; i < node->n_inputs; i++) {
        const oq_value *value = node->inputs[i];

        if (!value)
            continue;
        if (!has_use(value, node, i))
            fault(f, "input without its use", node, value->name);
        if (!is_visible(node->graph, value->graph))
            fault(f, "input from a graph that is not around it", node, value->name);
        if (value->producer && value->graph == node->graph && !done[value->producer->id])
            fault(f, "input that is computed later", node, value->name);
        if (!value->producer && !value->is_input && !value->constant)
            fault(f, "input that nobody computes", node, value->name);
    }
}

static void check_outputs(const oq_node *node, faults *f)
{
    for (int i = 0; i < node->n_outputs; i++) {
        const oq_value *value = node->outputs[i];

        if (!value)
            continue;
        if (value->producer != node || value->output_index != i)
            fault(f, "output with another producer", node, value->name);
        if (value->constant)
            fault(f, "output that is also an initializer", node, value->name);
        if (oq_value_find(node->graph, value->name) != value)
            fault(f, "output whose name finds another value", node, value->name);
        for (int u = 0; u < value->n_uses; u++) {
            const oq_use *use = &value->uses[u];

            if (use->node->is_removed || use->index >= use->node->n_inputs ||
                use->node->inputs[use->index] != value)
                fault(f, "use that does not read it", node, value->name);
        }
    }
}

static void check_nodes(const oq_graph *graph, unsigned char *done, faults *f)
{
    int n = 0;

    OQ_FOR_EACH_NODE (graph, node) {
        if (node->graph != graph || node->is_removed)
            fault(f, "node of another graph, or removed", node, NULL);
        if (node->next ? node->next->prev != node : graph->last != node)
            fault(f, "broken node list", node, NULL);
        check_inputs(node, done, f);
        check_outputs(node, f);
        done[node->id] = 1;
        n++;
        for (int i = 0; i < node->n_attrs; i++) {
            if (node->attrs[i].graph)
                check_nodes(node->attrs[i].graph, done, f);
        }
    }
    if (n != graph->n_nodes)
        fault(f, "node count is off", NULL, NULL);
    for (int i = 0; i < graph->n_outputs; i++) {
        const oq_value *value = graph->outputs[i];

        if (!value->is_output)
            fault(f, "graph output without its flag", NULL, value->name);
        if (!value->producer && !value->is_input && !value->constant && value->graph == graph)
            fault(f, "graph output that nobody computes", NULL, value->name);
    }
    for (int i = 0; i < graph->n_initializers; i++) {
        if (!graph->initializers[i]->constant)
            fault(f, "initializer without data", NULL, graph->initializers[i]->name);
    }
}

oq_status oq_graph_check(const oq_graph *graph, oq_diag *diag)
{
    oq_arena *arena = oq_arena_new(0);
    unsigned char *done = arena ? OQ_NEW_ARRAY(arena, unsigned char, graph->model->n_nodes + 1) : NULL;
    faults f = {.used = 0};

    if (!done) {
        oq_arena_free(arena);
        return OQ_NOMEM;
    }
    check_nodes(graph, done, &f);
    oq_arena_free(arena);
    if (f.n_faults)
        OQ_FAIL(diag, OQ_INTERNAL, "the graph is inconsistent: %s", f.text);
    return OQ_OK;
}
