#include "pass/edit.h"

#include <stdio.h>
#include <string.h>

void oq_pass_note(oq_pass_ctx *ctx, const char *fmt, ...)
{
    char line[OQ_DIAG_TEXT];
    va_list args;

    if (!ctx->notes)
        return;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    oq_buf_printf(ctx->notes, "%s\n", line);
}

oq_value *oq_node_input(const oq_node *node, int i)
{
    return i < node->n_inputs ? node->inputs[i] : NULL;
}

const oq_tensor *oq_node_input_constant(const oq_node *node, int i)
{
    return oq_value_constant(oq_node_input(node, i));
}

const int64_t *oq_node_input_ints(const oq_node *node, int i, oq_arena *arena, size_t *n)
{
    const oq_tensor *tensor = oq_node_input_constant(node, i);
    int64_t *ints = tensor ? OQ_NEW_ARRAY(arena, int64_t, tensor->n_elements + 1) : NULL;

    if (!ints)
        return NULL;
    for (size_t k = 0; k < tensor->n_elements; k++) {
        if (!oq_tensor_int(tensor, k, &ints[k]))
            return NULL;
    }
    *n = tensor->n_elements;
    return ints;
}

float *oq_tensor_as_floats(const oq_tensor *tensor, oq_arena *arena)
{
    float *values = tensor ? OQ_NEW_ARRAY(arena, float, tensor->n_elements + 1) : NULL;

    return values && oq_tensor_floats(tensor, values) ? values : NULL;
}

static oq_tensor *string_tensor(oq_arena *arena, const oq_string *strings, const int64_t *dims, int rank)
{
    return oq_tensor_wrap(arena, OQ_STRING, dims, rank, strings);
}

oq_tensor *oq_constant_node_tensor(const oq_node *node)
{
    oq_arena *arena = node->graph->model->arena;
    const oq_attr *attr = node->n_attrs ? &node->attrs[0] : NULL;
    int64_t n = attr ? (int64_t)attr->n : 0;

    if (!attr || node->n_attrs != 1)
        return NULL;
    switch (attr->kind) {
    case OQ_ATTR_TENSOR: return attr->tensor;
    case OQ_ATTR_FLOAT: return oq_tensor_scalar_float(arena, attr->f);
    case OQ_ATTR_INT: return oq_tensor_scalar_int(arena, OQ_INT64, attr->i);
    case OQ_ATTR_FLOATS: return oq_tensor_from_floats(arena, attr->floats, &n, 1);
    case OQ_ATTR_INTS: return oq_tensor_from_ints(arena, attr->ints, attr->n);
    case OQ_ATTR_STRING: return string_tensor(arena, &attr->s, NULL, 0);
    case OQ_ATTR_STRINGS: return string_tensor(arena, attr->strings, &n, 1);
    default: return NULL;
    }
}

bool oq_node_output_is_read(const oq_node *node, int i)
{
    return i < node->n_outputs && node->outputs[i] && oq_value_n_readers(node->outputs[i]) > 0;
}

bool oq_value_is_movable(const oq_value *value)
{
    const oq_model *model = value->graph->model;

    if (!value->is_output)
        return true;
    for (const oq_graph *graph = model->graphs; graph; graph = graph->next_graph) {
        for (int i = 0; graph != value->graph && i < graph->n_outputs; i++) {
            if (graph->outputs[i] == value)
                return false;
        }
    }
    return true;
}

bool oq_node_bypass(oq_node *node, oq_value *source)
{
    oq_value *old = node->outputs[0];

    if (!source || !old || old == source)
        return false;
    if (old->is_output) {
        bool can_be_public = source->producer && source->graph == old->graph && !source->is_output &&
                             !source->is_input && !source->constant;

        if (!can_be_public || !oq_value_is_movable(old))
            return false;
    }
    if (oq_value_take_over(old, source) != OQ_OK)
        return false;
    oq_node_remove(node);
    return true;
}

oq_status oq_node_replace(oq_node *node, oq_node *by)
{
    oq_value *old = node->outputs[0], *new = by->outputs[0];

    if (new->dtype == OQ_UNDEFINED)
        oq_value_set_type(new, old->dtype, &old->shape);
    OQ_TRY(oq_value_take_over(old, new));
    oq_node_remove(node);
    return OQ_OK;
}

oq_status oq_node_replace_constant(oq_node *node, int i, oq_tensor *tensor)
{
    oq_value *value = node->inputs[i];

    if (!tensor)
        return OQ_NOMEM;
    oq_model_release_pages(node->graph->model, value->constant);
    if (value->n_uses == 1 && !value->is_output && !value->is_input && value->graph == node->graph)
        return oq_value_set_constant(value, tensor);
    value = oq_graph_add_initializer(node->graph, value->name, tensor);
    return value ? oq_node_set_input(node, i, value) : OQ_NOMEM;
}

oq_status oq_node_replace_floats(oq_node *node, int i, const float *values)
{
    const oq_tensor *old = node->inputs[i]->constant;

    return oq_node_replace_constant(
        node, i, oq_tensor_from_floats(node->graph->model->arena, values, old->dims, old->rank));
}
