/* import_graph: one GraphProto, in the order in which names become known: initializers, inputs, what nodes
 * produce; then what nodes read, so that it does not matter in which order the file lists them; then outputs.
 */
#include <string.h>

#include "onnx/importer.h"

/* Field numbers of GraphProto. */
enum {
    FIELD_NODE = 1,
    FIELD_INITIALIZER = 5,
    FIELD_INPUT = 11,
    FIELD_OUTPUT = 12,
    FIELD_VALUE_INFO = 13,
    FIELD_SPARSE_INITIALIZER = 15
};

static oq_status no_memory(oq_importer *im)
{
    OQ_FAIL(im->diag, OQ_NOMEM, "out of memory for the graph");
}

/* ------------------------------------------------------------------ initializers and inputs */

static oq_status add_initializer(oq_importer *im, oq_graph *graph, oq_tensor *tensor, const char *name)
{
    oq_value *value;

    if (!*name)
        OQ_FAIL(im->diag, OQ_FORMAT, "graph '%s' has an initializer without a name", graph->name);
    if (oq_map_get(&graph->names, name))
        OQ_FAIL(im->diag, OQ_FORMAT, "graph '%s' has two initializers '%s'", graph->name, name);
    value = oq_value_define(graph, name);
    if (!value || oq_value_set_constant(value, tensor) != OQ_OK)
        return no_memory(im);
    return OQ_OK;
}

static oq_status import_initializers(oq_importer *im, oq_graph *graph, const Onnx__GraphProto *proto,
                                     const oq_span *span)
{
    const oq_span *child = NULL;
    oq_tensor *tensor;

    for (size_t i = 0; i < proto->n_initializer; i++) {
        child = oq_span_child(span, FIELD_INITIALIZER, child);
        OQ_TRY(oq_import_tensor(im, proto->initializer[i], child, &tensor));
        OQ_TRY(add_initializer(im, graph, tensor, tensor->name));
    }
    child = NULL;
    for (size_t i = 0; i < proto->n_sparse_initializer; i++) {
        child = oq_span_child(span, FIELD_SPARSE_INITIALIZER, child);
        OQ_TRY(oq_import_sparse(im, proto->sparse_initializer[i], child, &tensor));
        OQ_TRY(add_initializer(im, graph, tensor, tensor->name));
    }
    return OQ_OK;
}

/* Up to IR 3 every initializer was listed as an input too, and was a constant all the same. Since IR 4 being
 * listed means that the caller may replace it. */
static oq_status import_input(oq_importer *im, oq_graph *graph, const Onnx__ValueInfoProto *proto,
                              const oq_span *span)
{
    const char *name = proto->name ? proto->name : "";
    oq_value *value = oq_map_get(&graph->names, name);

    if (!*name)
        OQ_FAIL(im->diag, OQ_FORMAT, "graph '%s' has an input without a name", graph->name);
    if (value && (value->is_input || value->origin.data))
        OQ_FAIL(im->diag, OQ_FORMAT, "graph '%s' has two inputs '%s'", graph->name, name);
    if (!value)
        value = oq_value_define(graph, name);
    if (!value)
        return no_memory(im);
    OQ_TRY(oq_import_value_info(im, value, proto, span));
    if (value->constant && im->model->ir_version < 4)
        return OQ_OK;
    value->is_overridable = value->constant != NULL;
    return oq_graph_add_input(graph, value) == OQ_OK ? OQ_OK : no_memory(im);
}

static oq_status import_inputs(oq_importer *im, oq_graph *graph, const Onnx__GraphProto *proto,
                               const oq_span *span)
{
    const oq_span *child = NULL;

    for (size_t i = 0; i < proto->n_input; i++) {
        child = oq_span_child(span, FIELD_INPUT, child);
        OQ_TRY(import_input(im, graph, proto->input[i], child));
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ nodes */

static oq_status define_output(oq_importer *im, oq_node *node, int index, const char *name)
{
    const oq_value *other = oq_map_get(&node->graph->names, name);
    char text[256], text2[256];
    oq_value *value;

    oq_node_text(node, text, sizeof text);
    if (other && other->producer)
        OQ_FAIL(im->diag, OQ_FORMAT, "'%s' is produced twice: by %s and by %s", name,
                oq_node_text(other->producer, text2, sizeof text2), text);
    if (other)
        OQ_FAIL(im->diag, OQ_FORMAT, "'%s' is produced by %s, but it is %s too", name, text,
                other->constant ? "an initializer" : "a graph input");
    value = oq_value_define(node->graph, name);
    if (!value)
        return no_memory(im);
    oq_node_set_output(node, index, value);
    return OQ_OK;
}

static oq_status import_node(oq_importer *im, oq_graph *graph, const Onnx__NodeProto *proto,
                             const oq_span *span)
{
    const char *op_type = proto->op_type ? proto->op_type : "";
    const char *name = proto->name ? proto->name : "";
    oq_node *node;

    if (!*op_type)
        OQ_FAIL(im->diag, OQ_FORMAT, "node '%s' has no operator", name);
    if (!proto->n_input && !proto->n_output)
        OQ_FAIL(im->diag, OQ_FORMAT, "node '%s' (%s) has neither inputs nor outputs", name, op_type);
    node = oq_node_append(graph, op_type, proto->domain ? proto->domain : "", name, (int)proto->n_input,
                          (int)proto->n_output);
    if (!node)
        return no_memory(im);
    node->origin = oq_origin_of(span);
    if (proto->overload && *proto->overload) {
        node->overload = oq_arena_strdup(im->arena, proto->overload);
        if (!node->overload)
            return no_memory(im);
    }
    for (size_t i = 0; i < proto->n_output; i++) {
        if (*proto->output[i])
            OQ_TRY(define_output(im, node, (int)i, proto->output[i]));
    }
    return OQ_OK;
}

static oq_status link_node(oq_importer *im, oq_node *node, const Onnx__NodeProto *proto)
{
    char text[256];

    for (size_t i = 0; i < proto->n_input; i++) {
        oq_value *value;

        if (!*proto->input[i])
            continue;
        value = oq_value_find(node->graph, proto->input[i]);
        if (!value)
            OQ_FAIL(im->diag, OQ_FORMAT, "%s reads '%s', which nothing produces",
                    oq_node_text(node, text, sizeof text), proto->input[i]);
        if (oq_node_set_input(node, (int)i, value) != OQ_OK)
            return no_memory(im);
    }
    return OQ_OK;
}

oq_status oq_import_nodes(oq_importer *im, oq_graph *graph, Onnx__NodeProto *const *nodes, size_t n,
                          const oq_span *span, uint32_t field)
{
    const oq_span *child = NULL;
    oq_node *node;

    for (size_t i = 0; i < n; i++) {
        child = oq_span_child(span, field, child);
        OQ_TRY(import_node(im, graph, nodes[i], child));
    }
    child = NULL;
    node = graph->first;
    for (size_t i = 0; i < n; i++, node = node->next) {
        child = oq_span_child(span, field, child);
        OQ_TRY(link_node(im, node, nodes[i]));
        OQ_TRY(oq_import_attrs(im, node, nodes[i], child));
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ types and outputs */

static oq_status import_value_infos(oq_importer *im, oq_graph *graph, const Onnx__GraphProto *proto,
                                    const oq_span *span)
{
    const oq_span *child = NULL;

    graph->n_value_info = (int)proto->n_value_info;
    graph->value_info = OQ_NEW_ARRAY(im->arena, oq_bytes, proto->n_value_info);
    if (!graph->value_info)
        return no_memory(im);
    for (size_t i = 0; i < proto->n_value_info; i++) {
        const Onnx__ValueInfoProto *info = proto->value_info[i];
        oq_value *value = info->name ? oq_map_get(&graph->names, info->name) : NULL;

        child = oq_span_child(span, FIELD_VALUE_INFO, child);
        graph->value_info[i] = oq_origin_of(child);
        if (value && !value->origin.data)
            OQ_TRY(oq_import_value_info(im, value, info, child));
    }
    return OQ_OK;
}

static oq_status import_outputs(oq_importer *im, oq_graph *graph, const Onnx__GraphProto *proto,
                                const oq_span *span)
{
    const oq_span *child = NULL;

    graph->outputs = OQ_NEW_ARRAY(im->arena, oq_value *, proto->n_output);
    if (!graph->outputs)
        return no_memory(im);
    for (size_t i = 0; i < proto->n_output; i++) {
        const char *name = proto->output[i]->name ? proto->output[i]->name : "";
        oq_value *value = oq_map_get(&graph->names, name);

        child = oq_span_child(span, FIELD_OUTPUT, child);
        if (!value && oq_value_find(graph, name))
            OQ_FAIL(im->diag, OQ_FORMAT,
                    "subgraph '%s' returns '%s' of the graph around it; it needs an Identity node",
                    graph->name, name);
        if (!value)
            OQ_FAIL(im->diag, OQ_FORMAT, "graph '%s' returns '%s', which nothing produces", graph->name,
                    name);
        if (!value->is_input)
            OQ_TRY(oq_import_value_info(im, value, proto->output[i], child));
        value->is_output = true;
        graph->outputs[graph->n_outputs++] = value;
    }
    return OQ_OK;
}

oq_status oq_import_graph(oq_importer *im, oq_graph *graph, const Onnx__GraphProto *proto,
                          const oq_span *span)
{
    graph->origin = oq_origin_of(span);
    graph->name = oq_arena_strdup(im->arena, proto->name ? proto->name : "");
    if (!graph->name)
        return no_memory(im);
    OQ_TRY(import_initializers(im, graph, proto, span));
    OQ_TRY(import_inputs(im, graph, proto, span));
    OQ_TRY(oq_import_nodes(im, graph, proto->node, proto->n_node, span, FIELD_NODE));
    OQ_TRY(import_value_infos(im, graph, proto, span));
    OQ_TRY(import_outputs(im, graph, proto, span));
    return OQ_OK;
}
