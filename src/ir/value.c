#include <stdio.h>
#include <string.h>

#include "ir/graph.h"
#include "ir/shape.h"

static oq_value *make(oq_graph *graph, const char *interned)
{
    oq_model *model = graph->model;
    oq_value *value = OQ_NEW(model->arena, oq_value);

    if (!value || !oq_map_put(&graph->names, interned, value) ||
        !oq_map_put(&model->all_names, interned, value))
        return NULL;
    value->id = model->n_values++;
    value->name = interned;
    value->graph = graph;
    value->shape = oq_shape_unknown();
    return value;
}

/* name itself, or name_1, name_2 ... : the first that no graph of the model uses. */
static const char *fresh_name(oq_model *model, const char *name)
{
    const char *base = *name ? name : "value";
    char *candidate;

    if (*name && !oq_map_get(&model->all_names, name))
        return oq_arena_strdup(model->arena, name);
    for (int i = 1;; i++) {
        candidate = oq_arena_printf(model->arena, "%s_%d", base, i);
        if (!candidate || !oq_map_get(&model->all_names, candidate))
            return candidate;
    }
}

oq_value *oq_value_new(oq_graph *graph, const char *name, oq_dtype dtype, const oq_shape *shape)
{
    const char *unique = fresh_name(graph->model, name);
    oq_value *value = unique ? make(graph, unique) : NULL;

    if (!value)
        return NULL;
    value->dtype = dtype;
    if (shape)
        value->shape = *shape;
    return value;
}

oq_value *oq_value_define(oq_graph *graph, const char *name)
{
    char *copy;

    if (oq_map_get(&graph->names, name))
        return NULL;
    copy = oq_arena_strdup(graph->model->arena, name);
    return copy ? make(graph, copy) : NULL;
}

oq_value *oq_value_find(const oq_graph *graph, const char *name)
{
    oq_value *value = NULL;

    for (; graph && !value; graph = graph->parent)
        value = oq_map_get(&graph->names, name);
    return value;
}

void oq_value_set_type(oq_value *value, oq_dtype dtype, const oq_shape *shape)
{
    bool is_same = value->dtype == dtype && value->shape.rank == shape->rank;

    for (int i = 0; is_same && i < shape->rank; i++) {
        is_same = value->shape.dims[i].size == shape->dims[i].size &&
                  value->shape.dims[i].symbol == shape->dims[i].symbol;
    }
    if (is_same)
        return;
    /* A better known shape leaves the declared one in the file; another element type must not. */
    if (value->dtype != OQ_UNDEFINED && value->dtype != dtype)
        value->origin = (oq_origin){0};
    value->dtype = dtype;
    value->shape = *shape;
}

void oq_value_rename(oq_value *value, const char *name)
{
    oq_graph *graph = value->graph;
    oq_model *model = graph->model;
    const char *unique = fresh_name(model, name);

    if (!unique)
        return;
    oq_map_remove(&graph->names, value->name);
    if (oq_map_get(&model->all_names, value->name) == value)
        oq_map_remove(&model->all_names, value->name);
    value->name = unique;
    value->origin = (oq_origin){0};
    oq_map_put(&graph->names, unique, value);
    oq_map_put(&model->all_names, unique, value);
    graph->is_changed = true;
    if (value->producer)
        value->producer->is_changed = true;
    for (int i = 0; i < value->n_uses; i++) {
        value->uses[i].node->is_changed = true;
        value->uses[i].node->graph->is_changed = true;
    }
}

const oq_tensor *oq_value_constant(const oq_value *value)
{
    return value && !value->is_overridable ? value->constant : NULL;
}

int oq_value_n_readers(const oq_value *value)
{
    return value->n_uses + (value->is_output ? 1 : 0);
}

oq_status oq_value_replace_uses(oq_value *old, oq_value *replacement)
{
    if (old == replacement)
        return OQ_OK;
    while (old->n_uses > 0) {
        oq_use use = old->uses[old->n_uses - 1];

        OQ_TRY(oq_node_set_input(use.node, use.index, replacement));
    }
    return OQ_OK;
}

/* Graph outputs are found by name, so the name moves to the replacement. */
static void move_output(oq_value *old, oq_value *replacement)
{
    oq_graph *graph = old->graph;
    const char *public_name = old->name;
    oq_origin origin = old->origin;

    for (int i = 0; i < graph->n_outputs; i++) {
        if (graph->outputs[i] == old)
            graph->outputs[i] = replacement;
    }
    old->is_output = false;
    replacement->is_output = true;
    oq_value_rename(old, public_name); /* gets a suffix: the name is still taken */
    oq_map_remove(&graph->names, public_name);
    oq_map_remove(&graph->model->all_names, public_name);
    oq_value_rename(replacement, public_name);
    replacement->origin = origin;
}

oq_status oq_value_take_over(oq_value *old, oq_value *replacement)
{
    OQ_TRY(oq_value_replace_uses(old, replacement));
    if (old->is_output)
        move_output(old, replacement);
    return OQ_OK;
}
