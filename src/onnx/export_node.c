#include <string.h>

#include "ir/print.h"
#include "onnx/exporter.h"

/* Field numbers of NodeProto and AttributeProto. */
enum {
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_NAME = 3,
    NODE_OP_TYPE = 4,
    NODE_ATTRIBUTE = 5,
    NODE_DOMAIN = 7,
    NODE_OVERLOAD = 8
};
enum {
    ATTR_NAME = 1,
    ATTR_F = 2,
    ATTR_I = 3,
    ATTR_S = 4,
    ATTR_T = 5,
    ATTR_G = 6,
    ATTR_FLOATS = 7,
    ATTR_INTS = 8,
    ATTR_STRINGS = 9,
    ATTR_TENSORS = 10,
    ATTR_GRAPHS = 11,
    ATTR_TYPE = 20,
    ATTR_REF_NAME = 21
};

/* ------------------------------------------------------------------ attributes */

static bool is_attr_plain(const oq_exporter *x, const oq_attr *attr)
{
    bool is_plain = attr->origin.data != NULL;

    if (is_plain && attr->tensor)
        is_plain = oq_tensor_is_plain(x, attr->tensor);
    if (is_plain && attr->graph)
        is_plain = oq_graph_is_plain(x, attr->graph);
    for (size_t i = 0; is_plain && attr->tensors && i < attr->n; i++)
        is_plain = oq_tensor_is_plain(x, attr->tensors[i]);
    for (size_t i = 0; is_plain && attr->graphs && i < attr->n; i++)
        is_plain = oq_graph_is_plain(x, attr->graphs[i]);
    return is_plain;
}

static oq_status emit_tensor(oq_exporter *x, uint32_t number, const oq_tensor *tensor, oq_rope *out)
{
    oq_rope message = oq_rope_new(x);

    OQ_TRY(oq_export_tensor(x, tensor, tensor->name, &message));
    oq_rope_message(out, number, &message);
    return OQ_OK;
}

static oq_status emit_graph(oq_exporter *x, uint32_t number, const oq_graph *graph, oq_rope *out)
{
    oq_rope message = oq_rope_new(x);

    OQ_TRY(oq_export_graph(x, graph, &message));
    oq_rope_message(out, number, &message);
    return OQ_OK;
}

static void emit_float(uint32_t number, float f, oq_rope *out)
{
    uint32_t bits;

    memcpy(&bits, &f, sizeof bits);
    oq_rope_fixed32(out, number, bits);
}

static void emit_numbers(const oq_attr *attr, oq_rope *out)
{
    for (size_t i = 0; i < attr->n && attr->kind == OQ_ATTR_FLOATS; i++)
        emit_float(ATTR_FLOATS, attr->floats[i], out);
    for (size_t i = 0; i < attr->n && attr->kind == OQ_ATTR_INTS; i++)
        oq_rope_varint(out, ATTR_INTS, (uint64_t)attr->ints[i]);
    for (size_t i = 0; i < attr->n && attr->kind == OQ_ATTR_STRINGS; i++)
        oq_rope_bytes(out, ATTR_STRINGS, attr->strings[i].data, attr->strings[i].size);
}

/* The value fields in the order of their numbers; only the one of the attribute's kind holds something. */
static oq_status emit_attr_field(oq_exporter *x, const void *object, uint32_t number,
                                 const oq_wire_field *was, oq_rope *out)
{
    const oq_attr *attr = object;
    bool has_value = !attr->ref_name;

    switch (number) {
    case ATTR_NAME: oq_export_text(out, number, attr->name, was); break;
    case ATTR_F:
        if (attr->kind == OQ_ATTR_FLOAT && has_value)
            emit_float(number, attr->f, out);
        break;
    case ATTR_I:
        if (attr->kind == OQ_ATTR_INT && has_value)
            oq_rope_varint(out, number, (uint64_t)attr->i);
        break;
    case ATTR_S:
        if (attr->kind == OQ_ATTR_STRING && has_value)
            oq_rope_bytes(out, number, attr->s.data, attr->s.size);
        break;
    case ATTR_T: return attr->tensor ? emit_tensor(x, number, attr->tensor, out) : OQ_OK;
    case ATTR_G: return attr->graph ? emit_graph(x, number, attr->graph, out) : OQ_OK;
    case ATTR_FLOATS: emit_numbers(attr, out); break;
    case ATTR_TENSORS:
        for (size_t i = 0; attr->tensors && i < attr->n; i++)
            OQ_TRY(emit_tensor(x, number, attr->tensors[i], out));
        break;
    case ATTR_GRAPHS:
        for (size_t i = 0; attr->graphs && i < attr->n; i++)
            OQ_TRY(emit_graph(x, number, attr->graphs[i], out));
        break;
    case ATTR_TYPE: oq_rope_varint(out, number, (uint64_t)attr->kind); break;
    case ATTR_REF_NAME:
        if (attr->ref_name)
            oq_rope_text(out, number, attr->ref_name);
        break;
    default: break;
    }
    return OQ_OK;
}

static oq_status export_attr(oq_exporter *x, const oq_attr *attr, oq_rope *out)
{
    static const uint32_t nested[] = {ATTR_T, ATTR_G, ATTR_TENSORS, ATTR_GRAPHS};
    static const uint32_t all[] = {ATTR_NAME,   ATTR_F,       ATTR_I,      ATTR_S,    ATTR_T,       ATTR_G,
                                   ATTR_FLOATS, ATTR_TENSORS, ATTR_GRAPHS, ATTR_TYPE, ATTR_REF_NAME};

    if (is_attr_plain(x, attr)) {
        oq_rope_borrow(out, attr->origin.data, attr->origin.size);
        return OQ_OK;
    }
    if (attr->origin.data)
        return oq_export_merge(x, attr->origin, nested, sizeof nested / sizeof *nested, emit_attr_field, attr,
                               out);
    if (attr->kind > OQ_ATTR_GRAPHS || attr->kind == OQ_ATTR_UNDEFINED)
        OQ_FAIL(x->diag, OQ_INTERNAL, "attribute '%s' is of a kind that can only be copied", attr->name);
    return oq_export_merge(x, attr->origin, all, sizeof all / sizeof *all, emit_attr_field, attr, out);
}

/* ------------------------------------------------------------------ nodes */

bool oq_node_is_plain(const oq_exporter *x, const oq_node *node)
{
    bool is_plain = node->origin.data && !node->is_changed;

    for (int i = 0; is_plain && i < node->n_attrs; i++)
        is_plain = is_attr_plain(x, &node->attrs[i]);
    return is_plain;
}

static int count_fields(oq_origin origin, uint32_t number)
{
    oq_wire_cursor cursor = {origin.data, origin.data + origin.size};
    oq_wire_field f;
    int n = 0;

    while (origin.data && oq_wire_next(&cursor, &f) == OQ_WIRE_OK)
        n += f.number == number;
    return n;
}

/* Omitted values in front of others are empty names. Behind the last one they are left out, unless the file
 * had them: for some operators the number of inputs says something. */
static void emit_names(const oq_node *node, uint32_t number, oq_value *const *values, int n, oq_rope *out)
{
    int n_before = count_fields(node->origin, number);

    while (n > n_before && !values[n - 1])
        n--;
    for (int i = 0; i < n; i++)
        oq_rope_text(out, number, values[i] ? values[i]->name : "");
}

static oq_status emit_attrs(oq_exporter *x, const oq_node *node, oq_rope *out)
{
    for (int i = 0; i < node->n_attrs; i++) {
        oq_rope message = oq_rope_new(x);

        OQ_TRY(export_attr(x, &node->attrs[i], &message));
        oq_rope_message(out, NODE_ATTRIBUTE, &message);
    }
    return OQ_OK;
}

static oq_status emit_node_field(oq_exporter *x, const void *object, uint32_t number,
                                 const oq_wire_field *was, oq_rope *out)
{
    const oq_node *node = object;
    bool was_alias = was && was->size == 7 && memcmp(was->data, "ai.onnx", 7) == 0;

    switch (number) {
    case NODE_INPUT: emit_names(node, number, node->inputs, node->n_inputs, out); break;
    case NODE_OUTPUT: emit_names(node, number, node->outputs, node->n_outputs, out); break;
    case NODE_NAME: oq_export_text(out, number, node->name, was); break;
    case NODE_OP_TYPE: oq_export_text(out, number, node->op_type, was); break;
    case NODE_ATTRIBUTE: return emit_attrs(x, node, out);
    case NODE_DOMAIN:
        oq_export_text(out, number, was_alias && !*node->domain ? "ai.onnx" : node->domain, was);
        break;
    case NODE_OVERLOAD: oq_export_text(out, number, node->overload, was); break;
    default: break;
    }
    return OQ_OK;
}

oq_status oq_export_node(oq_exporter *x, const oq_node *node, oq_rope *out)
{
    static const uint32_t managed[] = {NODE_INPUT,     NODE_OUTPUT, NODE_NAME,    NODE_OP_TYPE,
                                       NODE_ATTRIBUTE, NODE_DOMAIN, NODE_OVERLOAD};
    oq_status status;

    if (oq_node_is_plain(x, node)) {
        oq_rope_borrow(out, node->origin.data, node->origin.size);
        return OQ_OK;
    }
    status = oq_export_merge(x, node->origin, managed, sizeof managed / sizeof *managed, emit_node_field,
                             node, out);
    if (status != OQ_OK) {
        char text[256];

        oq_diag_note(x->diag, "%s", oq_node_text(node, text, sizeof text));
    }
    return status;
}
