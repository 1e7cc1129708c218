/* clone: a second graph over the same bytes. Nodes, values and lists are copied with their ids; tensors,
 * names and origins are immutable and shared.
 */
#include <string.h>

#include "ir/graph.h"

typedef struct {
    oq_model *to;
    oq_value **values; /* by id */
    bool failed;       /* an allocation did */
} cloner;

static void *copy(cloner *c, const void *data, size_t n, size_t size)
{
    void *p = oq_arena_array(c->to->arena, n ? n : 1, size);

    if (!p)
        c->failed = true;
    else if (n)
        memcpy(p, data, n * size);
    return p;
}

static oq_value *value_of(cloner *c, const oq_value *from)
{
    oq_value *to;

    if (!from)
        return NULL;
    if (!c->values[from->id]) {
        to = copy(c, from, 1, sizeof *from);
        if (!to)
            return NULL;
        to->uses = NULL;
        to->n_uses = to->cap_uses = 0;
        to->producer = NULL;
        to->graph = NULL;
        c->values[from->id] = to;
    }
    return c->values[from->id];
}

static oq_value **values_of(cloner *c, oq_value *const *from, int n)
{
    oq_value **to = copy(c, from, (size_t)n, sizeof *from);

    for (int i = 0; to && i < n; i++)
        to[i] = value_of(c, from[i]);
    return to;
}

static oq_graph *clone_graph(cloner *c, const oq_graph *from, oq_graph *to, oq_graph *parent);

static void clone_subgraphs(cloner *c, oq_attr *attr, oq_graph *around, oq_node *node)
{
    if (attr->graph) {
        attr->graph = clone_graph(c, attr->graph, oq_graph_new(c->to, around), around);
        if (attr->graph)
            attr->graph->parent_node = node;
    }
    if (!attr->graphs)
        return;
    attr->graphs = copy(c, attr->graphs, attr->n, sizeof(oq_graph *));
    for (size_t k = 0; attr->graphs && k < attr->n; k++) {
        attr->graphs[k] = clone_graph(c, attr->graphs[k], oq_graph_new(c->to, around), around);
        if (attr->graphs[k])
            attr->graphs[k]->parent_node = node;
    }
}

/* Inputs are linked through oq_node_set_input, which records the uses; what it marks as changed is put back.
 */
static void link_inputs(cloner *c, oq_node *to, const oq_node *from)
{
    memset(to->inputs, 0, (size_t)to->cap_inputs * sizeof(oq_value *));
    for (int i = 0; i < from->n_inputs; i++) {
        if (from->inputs[i] && oq_node_set_input(to, i, value_of(c, from->inputs[i])) != OQ_OK)
            c->failed = true;
    }
    to->is_changed = from->is_changed;
}

static oq_node *clone_node(cloner *c, const oq_node *from, oq_graph *graph)
{
    oq_node *to = copy(c, from, 1, sizeof *from);

    if (!to)
        return NULL;
    to->graph = graph;
    to->cap_inputs = from->n_inputs > 2 ? from->n_inputs : 2;
    to->inputs = oq_arena_array(c->to->arena, (size_t)to->cap_inputs, sizeof(oq_value *));
    to->outputs = values_of(c, from->outputs, from->n_outputs);
    to->attrs = copy(c, from->attrs, (size_t)from->n_attrs, sizeof *from->attrs);
    to->cap_attrs = from->n_attrs;
    if (c->failed || !to->inputs) {
        c->failed = true;
        return NULL;
    }
    for (int i = 0; i < to->n_outputs; i++) {
        if (to->outputs[i])
            to->outputs[i]->producer = to;
    }
    link_inputs(c, to, from);
    for (int i = 0; i < to->n_attrs && !c->failed; i++)
        clone_subgraphs(c, &to->attrs[i], graph, to);
    return c->failed ? NULL : to;
}

static void append(oq_graph *graph, oq_node *node)
{
    node->prev = graph->last;
    node->next = NULL;
    if (graph->last)
        graph->last->next = node;
    else
        graph->first = node;
    graph->last = node;
}

/* Claim the value for this graph: its name is found here. */
static void adopt(cloner *c, oq_graph *graph, oq_value *value)
{
    if (!value || value->graph)
        return;
    value->graph = graph;
    if (!oq_map_put(&graph->names, value->name, value) || !oq_map_put(&c->to->all_names, value->name, value))
        c->failed = true;
}

static void adopt_all(cloner *c, oq_graph *graph, oq_value *const *values, int n)
{
    for (int i = 0; values && i < n; i++)
        adopt(c, graph, values[i]);
}

static oq_graph *clone_graph(cloner *c, const oq_graph *from, oq_graph *to, oq_graph *parent)
{
    oq_graph *next;
    oq_model *model = c->to;

    if (!to || c->failed) {
        c->failed = true;
        return NULL;
    }
    next = to->next_graph;
    *to = *from;
    to->model = model;
    to->parent = parent;
    to->next_graph = next;
    to->first = to->last = NULL;
    to->names = (oq_map){0};
    to->inputs = values_of(c, from->inputs, from->n_inputs);
    to->cap_inputs = from->n_inputs;
    to->initializers = values_of(c, from->initializers, from->n_initializers);
    to->cap_initializers = from->n_initializers;
    to->outputs = values_of(c, from->outputs, from->n_outputs);
    adopt_all(c, to, to->inputs, to->n_inputs);
    adopt_all(c, to, to->initializers, to->n_initializers);
    for (const oq_node *node = from->first; node && !c->failed; node = node->next) {
        oq_node *twin = clone_node(c, node, to);

        if (!twin)
            return NULL;
        append(to, twin);
        adopt_all(c, to, twin->outputs, twin->n_outputs);
    }
    to->is_changed = from->is_changed;
    return to;
}

static void copy_model(cloner *c, const oq_model *from)
{
    oq_model *to = c->to;
    oq_arena *arena = to->arena;
    oq_graph *graph = to->graph, *graphs = to->graphs;

    *to = *from;
    to->arena = arena;
    to->graph = graph;
    to->graphs = graphs;
    to->all_names = (oq_map){0};
    to->free_backing = NULL; /* the bytes are the other model's, their pages may be given back by either */
    to->opsets = copy(c, from->opsets, (size_t)from->n_opsets, sizeof *from->opsets);
    to->cap_opsets = from->n_opsets;
    to->properties = copy(c, from->properties, (size_t)from->n_properties, sizeof *from->properties);
    to->cap_properties = from->n_properties;
}

oq_model *oq_model_clone(const oq_model *from)
{
    cloner c = {.to = oq_model_new(0)};
    oq_arena *scratch = oq_arena_new(0);

    c.values = scratch ? OQ_NEW_ARRAY(scratch, oq_value *, from->n_values + 1) : NULL;
    if (c.to && c.values) {
        copy_model(&c, from);
        clone_graph(&c, from->graph, c.to->graph, NULL);
    }
    if (c.to && (c.failed || !c.values)) {
        oq_model_destroy(c.to);
        c.to = NULL;
    }
    oq_arena_free(scratch);
    return c.to;
}
