#include <string.h>

#include "onnx/exporter.h"

/* Field numbers of GraphProto. */
enum {
    GRAPH_NODE = 1,
    GRAPH_NAME = 2,
    GRAPH_INITIALIZER = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    GRAPH_VALUE_INFO = 13,
    GRAPH_ANNOTATION = 14,
    GRAPH_SPARSE_INITIALIZER = 15
};

/* ------------------------------------------------------------------ value infos */

static void emit_shape(oq_exporter *x, const oq_shape *shape, oq_rope *out)
{
    oq_rope message = oq_rope_new(x);

    for (int i = 0; i < shape->rank; i++) {
        oq_rope dim = oq_rope_new(x);

        if (shape->dims[i].size >= 0)
            oq_rope_varint(&dim, 1, (uint64_t)shape->dims[i].size);
        else if (shape->dims[i].symbol)
            oq_rope_text(&dim, 2, shape->dims[i].symbol);
        oq_rope_message(&message, 1, &dim);
    }
    oq_rope_message(out, 2, &message);
}

void oq_export_value_info(oq_exporter *x, const oq_value *value, oq_rope *out)
{
    oq_rope tensor = oq_rope_new(x), type = oq_rope_new(x);

    if (value->origin.data) {
        oq_rope_borrow(out, value->origin.data, value->origin.size);
        return;
    }
    oq_rope_text(out, 1, value->name);
    if (value->dtype == OQ_UNDEFINED)
        return;
    oq_rope_varint(&tensor, 1, (uint64_t)value->dtype);
    if (value->shape.rank >= 0)
        emit_shape(x, &value->shape, &tensor);
    oq_rope_message(&type, 1, &tensor);
    oq_rope_message(out, 2, &type);
}

static void emit_value_info(oq_exporter *x, uint32_t number, const oq_value *value, oq_rope *out)
{
    oq_rope message = oq_rope_new(x);

    oq_export_value_info(x, value, &message);
    oq_rope_message(out, number, &message);
}

/* The value that a message names in field 1. */
static const oq_value *named_value(const oq_graph *graph, oq_bytes message, oq_arena *arena)
{
    oq_string name = oq_export_find_text(message, 1);
    char *text = oq_arena_alloc(arena, name.size + 1);

    if (!text)
        return NULL;
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    return oq_map_get(&graph->names, text);
}

static bool is_alive(const oq_value *value)
{
    return value && (value->producer || value->is_input || value->is_output || value->constant);
}

/* Does what the file said of a value still hold? Its origin is forgotten when it is retyped or renamed. */
static bool still_holds(const oq_value *value, oq_bytes info)
{
    if (!is_alive(value))
        return false;
    if (value->origin.data == info.data)
        return true;
    return value->origin.data && (value->is_input || value->is_output || value->constant);
}

/* An entry for a name that the graph never had is none of our business, and stays. */
static bool keeps_value_info(const oq_exporter *x, const oq_graph *graph, oq_bytes info)
{
    const oq_value *value = named_value(graph, info, x->arena);

    if (!value)
        return !graph->is_changed;
    return still_holds(value, info);
}

/* ------------------------------------------------------------------ unchanged? */

static bool has_plain_interface(const oq_graph *graph)
{
    for (int i = 0; i < graph->n_inputs; i++) {
        if (!graph->inputs[i]->origin.data)
            return false;
    }
    for (int i = 0; i < graph->n_outputs; i++) {
        if (!graph->outputs[i]->origin.data)
            return false;
    }
    return true;
}

bool oq_graph_is_plain(const oq_exporter *x, const oq_graph *graph)
{
    if (!graph->origin.data || graph->is_changed || !has_plain_interface(graph))
        return false;
    if (x->leaves_ir3 && graph->n_initializers)
        return false;
    for (int i = 0; i < graph->n_initializers; i++) {
        const oq_tensor *tensor = graph->initializers[i]->constant;

        /* A sparse initializer was expanded and has no origin of its own; it is copied with the graph. */
        if (tensor->origin.data && !oq_tensor_is_plain(x, tensor))
            return false;
    }
    OQ_FOR_EACH_NODE (graph, node) {
        if (!oq_node_is_plain(x, node))
            return false;
    }
    for (int i = 0; i < graph->n_value_info; i++) {
        if (!keeps_value_info(x, graph, graph->value_info[i]))
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------ fields */

static oq_status emit_nodes(oq_exporter *x, const oq_graph *graph, oq_rope *out)
{
    OQ_FOR_EACH_NODE (graph, node) {
        oq_rope message = oq_rope_new(x);

        OQ_TRY(oq_export_node(x, node, &message));
        oq_rope_message(out, GRAPH_NODE, &message);
    }
    return OQ_OK;
}

static oq_status emit_initializers(oq_exporter *x, const oq_graph *graph, oq_rope *out)
{
    for (int i = 0; i < graph->n_initializers; i++) {
        const oq_value *value = graph->initializers[i];
        oq_rope message = oq_rope_new(x);

        OQ_TRY(oq_export_tensor(x, value->constant, value->name, &message));
        oq_rope_message(out, GRAPH_INITIALIZER, &message);
    }
    return OQ_OK;
}

/* Before IR 4 every initializer is listed as an input too, among the others. In the file's order where it has
 * one, then what is new. */
static oq_status emit_inputs_before_ir4(oq_exporter *x, const oq_graph *graph, oq_rope *out)
{
    oq_wire_cursor cursor = {graph->origin.data, graph->origin.data + graph->origin.size};
    bool *done = OQ_NEW_ARRAY(x->arena, bool, x->model->n_values);
    int next_input = 0;
    oq_wire_field f;

    if (!done)
        OQ_FAIL(x->diag, OQ_NOMEM, "out of memory while encoding a graph");
    while (graph->origin.data && oq_wire_next(&cursor, &f) == OQ_WIRE_OK) {
        const oq_value *value = NULL;

        if (f.number == GRAPH_INPUT)
            value = named_value(graph, (oq_bytes){f.data, f.size}, x->arena);
        /* Real inputs come in the order of graph->inputs, whatever stood in their places. */
        if (value && value->is_input)
            value = next_input < graph->n_inputs ? graph->inputs[next_input++] : NULL;
        else if (value && !value->constant)
            value = NULL;
        if (value && !done[value->id])
            emit_value_info(x, GRAPH_INPUT, value, out);
        if (value)
            done[value->id] = true;
    }
    for (; next_input < graph->n_inputs; next_input++)
        emit_value_info(x, GRAPH_INPUT, graph->inputs[next_input], out);
    for (int i = 0; i < graph->n_initializers; i++) {
        if (!done[graph->initializers[i]->id] && !graph->initializers[i]->is_input)
            emit_value_info(x, GRAPH_INPUT, graph->initializers[i], out);
    }
    return OQ_OK;
}

static oq_status emit_inputs(oq_exporter *x, const oq_graph *graph, oq_rope *out)
{
    if (x->model->ir_version < 4)
        return emit_inputs_before_ir4(x, graph, out);
    for (int i = 0; i < graph->n_inputs; i++)
        emit_value_info(x, GRAPH_INPUT, graph->inputs[i], out);
    return OQ_OK;
}

/* Annotations of tensors that are gone say nothing any more. */
static void emit_annotations(oq_exporter *x, const oq_graph *graph, oq_rope *out)
{
    oq_wire_cursor cursor = {graph->origin.data, graph->origin.data + graph->origin.size};
    oq_wire_field f;

    while (graph->origin.data && oq_wire_next(&cursor, &f) == OQ_WIRE_OK) {
        if (f.number == GRAPH_ANNOTATION &&
            is_alive(named_value(graph, (oq_bytes){f.data, f.size}, x->arena)))
            oq_rope_borrow(out, f.start, (size_t)(f.data + f.size - f.start));
    }
}

static oq_status emit_graph_field(oq_exporter *x, const void *object, uint32_t number,
                                  const oq_wire_field *was, oq_rope *out)
{
    const oq_graph *graph = object;

    switch (number) {
    case GRAPH_NODE: return emit_nodes(x, graph, out);
    case GRAPH_NAME: oq_export_text(out, number, graph->name, was); break;
    case GRAPH_INITIALIZER: return emit_initializers(x, graph, out);
    case GRAPH_INPUT: return emit_inputs(x, graph, out);
    case GRAPH_OUTPUT:
        for (int i = 0; i < graph->n_outputs; i++)
            emit_value_info(x, number, graph->outputs[i], out);
        break;
    case GRAPH_VALUE_INFO:
        for (int i = 0; i < graph->n_value_info; i++) {
            if (keeps_value_info(x, graph, graph->value_info[i]))
                oq_rope_bytes(out, number, graph->value_info[i].data, graph->value_info[i].size);
        }
        break;
    case GRAPH_ANNOTATION: emit_annotations(x, graph, out); break;
    default: break; /* sparse initializers come out among the others */
    }
    return OQ_OK;
}

oq_status oq_export_graph(oq_exporter *x, const oq_graph *graph, oq_rope *out)
{
    static const uint32_t managed[] = {
        GRAPH_NODE,   GRAPH_NAME,       GRAPH_INITIALIZER, GRAPH_INPUT,
        GRAPH_OUTPUT, GRAPH_VALUE_INFO, GRAPH_ANNOTATION,  GRAPH_SPARSE_INITIALIZER};

    if (oq_graph_is_plain(x, graph)) {
        oq_rope_borrow(out, graph->origin.data, graph->origin.size);
        return OQ_OK;
    }
    return oq_export_merge(x, graph->origin, managed, sizeof managed / sizeof *managed, emit_graph_field,
                           graph, out);
}
