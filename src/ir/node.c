#include <string.h>

#include "ir/graph.h"

static void touch(oq_node *node)
{
    node->is_changed = true;
    node->graph->is_changed = true;
}

/* ---- uses */

static bool add_use(oq_value *value, oq_node *node, int index)
{
    if (value->n_uses == value->cap_uses) {
        int capacity = value->cap_uses ? value->cap_uses * 2 : 2;
        oq_use *grown = OQ_NEW_ARRAY(node->graph->model->arena, oq_use, capacity);

        if (!grown)
            return false;
        if (value->n_uses)
            memcpy(grown, value->uses, (size_t)value->n_uses * sizeof *grown);
        value->uses = grown;
        value->cap_uses = capacity;
    }
    value->uses[value->n_uses++] = (oq_use){node, index};
    return true;
}

static void remove_use(oq_value *value, const oq_node *node, int index)
{
    for (int i = 0; i < value->n_uses; i++) {
        if (value->uses[i].node == node && value->uses[i].index == index) {
            value->uses[i] = value->uses[--value->n_uses];
            return;
        }
    }
}

/* ---- making and linking */

static void link_before(oq_graph *graph, oq_node *node, oq_node *before)
{
    node->next = before;
    node->prev = before ? before->prev : graph->last;
    if (node->prev)
        node->prev->next = node;
    else
        graph->first = node;
    if (before)
        before->prev = node;
    else
        graph->last = node;
}

static void unlink_node(oq_node *node)
{
    oq_graph *graph = node->graph;

    if (node->prev)
        node->prev->next = node->next;
    else
        graph->first = node->next;
    if (node->next)
        node->next->prev = node->prev;
    else
        graph->last = node->prev;
    node->prev = node->next = NULL;
}

static oq_node *make(oq_graph *graph, oq_node *before, const char *op_type, const char *domain,
                     const char *name, int n_inputs, int n_outputs)
{
    oq_arena *arena = graph->model->arena;
    oq_node *node = OQ_NEW(arena, oq_node);

    if (!node)
        return NULL;
    node->graph = graph;
    node->overload = "";
    node->op_type = oq_arena_strdup(arena, op_type);
    node->domain = strcmp(domain, "ai.onnx") == 0 ? "" : oq_arena_strdup(arena, domain);
    node->name = oq_arena_strdup(arena, name);
    node->cap_inputs = n_inputs > 2 ? n_inputs : 2;
    node->inputs = OQ_NEW_ARRAY(arena, oq_value *, node->cap_inputs);
    node->outputs = OQ_NEW_ARRAY(arena, oq_value *, n_outputs);
    if (!node->op_type || !node->domain || !node->name || !node->inputs || !node->outputs)
        return NULL;
    node->n_inputs = n_inputs;
    node->n_outputs = n_outputs;
    node->id = graph->model->n_nodes++;
    link_before(graph, node, before);
    graph->n_nodes++;
    oq_op_resolve(node);
    return node;
}

oq_node *oq_node_append(oq_graph *graph, const char *op_type, const char *domain, const char *name,
                        int n_inputs, int n_outputs)
{
    return make(graph, NULL, op_type, domain, name, n_inputs, n_outputs);
}

oq_node *oq_node_new(oq_graph *graph, oq_node *before, const char *op_type, const char *domain,
                     const char *name, oq_value *const *inputs, int n_inputs, int n_outputs,
                     const char *const *out_names)
{
    oq_node *node = make(graph, before, op_type, domain, name, n_inputs, n_outputs);

    if (!node)
        return NULL;
    for (int i = 0; i < n_inputs; i++) {
        if (inputs[i] && oq_node_set_input(node, i, inputs[i]) != OQ_OK)
            return NULL;
    }
    for (int i = 0; i < n_outputs; i++) {
        const char *made_up = *name ? name : op_type;
        oq_value *value = oq_value_new(graph, out_names ? out_names[i] : made_up, OQ_UNDEFINED, NULL);

        if (!value)
            return NULL;
        oq_node_set_output(node, i, value);
    }
    touch(node);
    return node;
}

oq_status oq_node_set_input(oq_node *node, int index, oq_value *value)
{
    if (index >= node->cap_inputs) {
        int capacity = index + 4;
        oq_value **grown = OQ_NEW_ARRAY(node->graph->model->arena, oq_value *, capacity);

        if (!grown)
            return OQ_NOMEM;
        memcpy(grown, node->inputs, (size_t)node->n_inputs * sizeof(oq_value *));
        node->inputs = grown;
        node->cap_inputs = capacity;
    }
    for (; node->n_inputs <= index; node->n_inputs++)
        node->inputs[node->n_inputs] = NULL;
    if (value && !add_use(value, node, index))
        return OQ_NOMEM;
    if (node->inputs[index])
        remove_use(node->inputs[index], node, index);
    node->inputs[index] = value;
    touch(node);
    return OQ_OK;
}

void oq_node_set_output(oq_node *node, int index, oq_value *value)
{
    if (node->outputs[index])
        node->outputs[index]->producer = NULL;
    node->outputs[index] = value;
    if (value) {
        value->producer = node;
        value->output_index = index;
    }
    touch(node);
}

void oq_node_truncate_inputs(oq_node *node, int n_inputs)
{
    for (int i = n_inputs; i < node->n_inputs; i++) {
        if (node->inputs[i])
            remove_use(node->inputs[i], node, i);
        node->inputs[i] = NULL;
    }
    if (n_inputs < node->n_inputs)
        node->n_inputs = n_inputs;
    touch(node);
}

/* The nodes of subgraphs go too: what they capture from outside loses those uses. */
static oq_status drop_subgraph_uses(oq_graph *graph, void *unused)
{
    (void)unused;
    OQ_FOR_EACH_NODE (graph, node) {
        for (int i = 0; i < node->n_inputs; i++) {
            if (node->inputs[i])
                remove_use(node->inputs[i], node, i);
        }
        node->is_removed = true;
    }
    return OQ_OK;
}

void oq_node_remove(oq_node *node)
{
    touch(node);
    for (int i = 0; i < node->n_attrs; i++) {
        const oq_attr *attr = &node->attrs[i];

        if (attr->graph)
            oq_graph_walk(attr->graph, drop_subgraph_uses, NULL);
        for (size_t k = 0; attr->graphs && k < attr->n; k++)
            oq_graph_walk(attr->graphs[k], drop_subgraph_uses, NULL);
    }
    oq_node_truncate_inputs(node, 0);
    for (int i = 0; i < node->n_outputs; i++) {
        oq_value *value = node->outputs[i];

        if (!value)
            continue;
        value->producer = NULL;
        if (!value->is_output && !value->constant)
            oq_map_remove(&node->graph->names, value->name);
    }
    unlink_node(node);
    node->graph->n_nodes--;
    node->is_removed = true;
}

void oq_node_move_before(oq_node *node, oq_node *before)
{
    if (node == before)
        return;
    unlink_node(node);
    link_before(node->graph, node, before);
    node->graph->is_changed = true;
}

void oq_node_set_type(oq_node *node, const char *op_type, const char *domain)
{
    node->op_type = op_type;
    node->domain = strcmp(domain, "ai.onnx") == 0 ? "" : domain;
    touch(node);
    oq_op_resolve(node);
}

oq_node *oq_node_producer(const oq_node *node, int input)
{
    return input < node->n_inputs && node->inputs[input] ? node->inputs[input]->producer : NULL;
}

oq_node *oq_node_single_reader(const oq_node *node)
{
    const oq_value *value = node->n_outputs ? node->outputs[0] : NULL;

    if (!value || value->n_uses != 1 || value->is_output || value->uses[0].node->graph != node->graph)
        return NULL;
    return value->uses[0].node;
}

bool oq_node_is(const oq_node *node, const char *op_type)
{
    return node && node->domain[0] == '\0' && strcmp(node->op_type, op_type) == 0;
}
