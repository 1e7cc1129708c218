#include <string.h>

#include "onnx/importer.h"

/* A node with more attributes than this is an attack on the search for duplicate names. */
#define MAX_ATTRS 4096

/* Field numbers of AttributeProto that hold messages with tensors below them. */
enum { FIELD_T = 5, FIELD_G = 6, FIELD_TENSORS = 10, FIELD_GRAPHS = 11 };

static const char *const kind_names[] = {
    [OQ_ATTR_UNDEFINED] = "no type",
    [OQ_ATTR_FLOAT] = "FLOAT",
    [OQ_ATTR_INT] = "INT",
    [OQ_ATTR_STRING] = "STRING",
    [OQ_ATTR_TENSOR] = "TENSOR",
    [OQ_ATTR_GRAPH] = "GRAPH",
    [OQ_ATTR_FLOATS] = "FLOATS",
    [OQ_ATTR_INTS] = "INTS",
    [OQ_ATTR_STRINGS] = "STRINGS",
    [OQ_ATTR_TENSORS] = "TENSORS",
    [OQ_ATTR_GRAPHS] = "GRAPHS",
    [OQ_ATTR_SPARSE_TENSOR] = "SPARSE_TENSOR",
    [OQ_ATTR_SPARSE_TENSORS] = "SPARSE_TENSORS",
    [OQ_ATTR_TYPE_PROTO] = "TYPE_PROTO",
    [OQ_ATTR_TYPE_PROTOS] = "TYPE_PROTOS",
};

/* Kind of the value field that is set. n: how many are. */
static oq_attr_kind kind_of_value(const Onnx__AttributeProto *a, int *n)
{
    const bool is_set[] = {
        [OQ_ATTR_FLOAT] = a->has_f,
        [OQ_ATTR_INT] = a->has_i,
        [OQ_ATTR_STRING] = a->has_s,
        [OQ_ATTR_TENSOR] = a->t != NULL,
        [OQ_ATTR_GRAPH] = a->g != NULL,
        [OQ_ATTR_FLOATS] = a->n_floats > 0,
        [OQ_ATTR_INTS] = a->n_ints > 0,
        [OQ_ATTR_STRINGS] = a->n_strings > 0,
        [OQ_ATTR_TENSORS] = a->n_tensors > 0,
        [OQ_ATTR_GRAPHS] = a->n_graphs > 0,
        [OQ_ATTR_SPARSE_TENSOR] = a->sparse_tensor != NULL,
        [OQ_ATTR_SPARSE_TENSORS] = a->n_sparse_tensors > 0,
        [OQ_ATTR_TYPE_PROTO] = a->tp != NULL,
        [OQ_ATTR_TYPE_PROTOS] = a->n_type_protos > 0,
    };
    oq_attr_kind kind = OQ_ATTR_UNDEFINED;

    *n = 0;
    for (int i = OQ_ATTR_FLOAT; i <= OQ_ATTR_TYPE_PROTOS; i++) {
        if (is_set[i]) {
            kind = (oq_attr_kind)i;
            ++*n;
        }
    }
    return kind;
}

/* The declared kind, checked against what is there. IR 1 declared none; encoders that leave out zeros write a
 * FLOAT without f. */
static oq_status find_kind(oq_importer *im, const oq_node *node, const Onnx__AttributeProto *a,
                           oq_attr_kind *kind)
{
    char text[256];
    int n_set;
    oq_attr_kind present = kind_of_value(a, &n_set);
    int declared = a->has_type ? (int)a->type : OQ_ATTR_UNDEFINED;
    bool needs_value = declared == OQ_ATTR_TENSOR || declared == OQ_ATTR_GRAPH ||
                       declared == OQ_ATTR_SPARSE_TENSOR || declared == OQ_ATTR_TYPE_PROTO;

    oq_node_text(node, text, sizeof text);
    if (declared < 0 || declared > OQ_ATTR_TYPE_PROTOS)
        OQ_FAIL(im->diag, OQ_FORMAT, "attribute '%s' of %s has the unknown type %d", a->name, text, declared);
    if (n_set > 1)
        OQ_FAIL(im->diag, OQ_FORMAT, "attribute '%s' of %s holds %d values of different types", a->name, text,
                n_set);
    if (!n_set && needs_value && !a->ref_attr_name)
        OQ_FAIL(im->diag, OQ_FORMAT, "attribute '%s' of %s has type %s but no value", a->name, text,
                kind_names[declared]);
    if (n_set && declared && declared != (int)present)
        OQ_FAIL(im->diag, OQ_FORMAT, "attribute '%s' of %s has type %s but holds %s", a->name, text,
                kind_names[declared], kind_names[present]);
    if (!n_set && !declared && !a->ref_attr_name)
        OQ_FAIL(im->diag, OQ_FORMAT, "attribute '%s' of %s has neither type nor value", a->name, text);
    *kind = declared ? (oq_attr_kind)declared : present;
    return OQ_OK;
}

/* The bytes with a NUL behind them, so that text can be compared as text. */
static bool copy_string(oq_arena *arena, const ProtobufCBinaryData *from, oq_string *to)
{
    char *copy = oq_arena_alloc(arena, from->len + 1);

    if (!copy)
        return false;
    if (from->len)
        memcpy(copy, from->data, from->len);
    copy[from->len] = '\0';
    *to = (oq_string){copy, from->len};
    return true;
}

static bool copy_strings(oq_arena *arena, const Onnx__AttributeProto *a, oq_attr *attr)
{
    oq_string *strings = OQ_NEW_ARRAY(arena, oq_string, a->n_strings);

    for (size_t i = 0; strings && i < a->n_strings; i++) {
        if (!copy_string(arena, &a->strings[i], &strings[i]))
            return false;
    }
    attr->strings = strings;
    attr->n = a->n_strings;
    return strings != NULL;
}

static oq_status import_tensors(oq_importer *im, const Onnx__AttributeProto *a, const oq_span *span,
                                oq_attr *attr)
{
    const oq_span *child = NULL;

    attr->n = a->n_tensors;
    attr->tensors = OQ_NEW_ARRAY(im->arena, oq_tensor *, a->n_tensors);
    if (!attr->tensors)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory");
    for (size_t i = 0; i < a->n_tensors; i++) {
        child = oq_span_child(span, FIELD_TENSORS, child);
        OQ_TRY(oq_import_tensor(im, a->tensors[i], child, &attr->tensors[i]));
    }
    return OQ_OK;
}

static oq_status import_subgraph(oq_importer *im, oq_node *node, const Onnx__GraphProto *proto,
                                 const oq_span *span, oq_graph **out)
{
    oq_graph *graph = oq_graph_new(im->model, node->graph);
    oq_status status;

    if (!graph)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory");
    graph->parent_node = node;
    *out = graph;
    status = oq_import_graph(im, graph, proto, span);
    if (status != OQ_OK) {
        char text[256];

        oq_diag_note(im->diag, "in a subgraph of %s", oq_node_text(node, text, sizeof text));
    }
    return status;
}

static oq_status import_subgraphs(oq_importer *im, oq_node *node, const Onnx__AttributeProto *a,
                                  const oq_span *span, oq_graph ***out)
{
    oq_graph **graphs = OQ_NEW_ARRAY(im->arena, oq_graph *, a->n_graphs);
    const oq_span *child = NULL;

    if (!graphs)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory");
    for (size_t i = 0; i < a->n_graphs; i++) {
        child = oq_span_child(span, FIELD_GRAPHS, child);
        OQ_TRY(import_subgraph(im, node, a->graphs[i], child, &graphs[i]));
    }
    *out = graphs;
    return OQ_OK;
}

/* Values without names below them. */
static bool copy_plain(oq_arena *arena, const Onnx__AttributeProto *a, oq_attr *attr)
{
    switch (attr->kind) {
    case OQ_ATTR_FLOAT: attr->f = a->f; return true;
    case OQ_ATTR_INT: attr->i = a->i; return true;
    case OQ_ATTR_STRING: return copy_string(arena, &a->s, &attr->s);
    case OQ_ATTR_STRINGS: return copy_strings(arena, a, attr);
    case OQ_ATTR_FLOATS:
        attr->n = a->n_floats;
        attr->floats = oq_arena_copy(arena, a->floats, a->n_floats * sizeof *a->floats);
        return attr->floats != NULL;
    case OQ_ATTR_INTS:
        attr->n = a->n_ints;
        attr->ints = oq_arena_copy(arena, a->ints, a->n_ints * sizeof *a->ints);
        return attr->ints != NULL;
    default: return true;
    }
}

static oq_status import_value(oq_importer *im, oq_node *node, const Onnx__AttributeProto *a,
                              const oq_span *span, oq_attr *attr)
{
    if (attr->kind == OQ_ATTR_TENSOR && a->t)
        return oq_import_tensor(im, a->t, oq_span_child(span, FIELD_T, NULL), &attr->tensor);
    if (attr->kind == OQ_ATTR_TENSORS)
        return import_tensors(im, a, span, attr);
    if (attr->kind == OQ_ATTR_GRAPH && a->g)
        return import_subgraph(im, node, a->g, oq_span_child(span, FIELD_G, NULL), &attr->graph);
    if (attr->kind == OQ_ATTR_GRAPHS) {
        attr->n = a->n_graphs;
        return import_subgraphs(im, node, a, span, &attr->graphs);
    }
    if (attr->kind == OQ_ATTR_SPARSE_TENSOR || attr->kind == OQ_ATTR_SPARSE_TENSORS)
        OQ_TRY(oq_import_refuse_external(im, span, "a sparse attribute"));
    if (attr->kind == OQ_ATTR_SPARSE_TENSORS)
        attr->n = a->n_sparse_tensors;
    if (attr->kind == OQ_ATTR_TYPE_PROTOS)
        attr->n = a->n_type_protos;
    if (!copy_plain(im->arena, a, attr))
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory");
    return OQ_OK;
}

oq_status oq_import_attr(oq_importer *im, oq_node *node, const Onnx__AttributeProto *a, const oq_span *span)
{
    oq_attr_kind kind = OQ_ATTR_UNDEFINED;
    char text[256];
    oq_attr *attr;
    oq_status status;

    oq_node_text(node, text, sizeof text);
    if (!a->name || !*a->name)
        OQ_FAIL(im->diag, OQ_FORMAT, "%s has an attribute without a name", text);
    if (oq_node_attr(node, a->name))
        OQ_FAIL(im->diag, OQ_FORMAT, "%s has two attributes '%s'", text, a->name);
    OQ_TRY(find_kind(im, node, a, &kind));
    attr = oq_node_add_attr(node, a->name, kind);
    if (!attr)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory");
    attr->origin = oq_origin_of(span);
    if (a->ref_attr_name) {
        attr->ref_name = oq_arena_strdup(im->arena, a->ref_attr_name);
        if (!attr->ref_name)
            OQ_FAIL(im->diag, OQ_NOMEM, "out of memory");
    }
    status = import_value(im, node, a, span, attr);
    if (status != OQ_OK)
        oq_diag_note(im->diag, "attribute '%s' of %s", a->name, text);
    return status;
}

oq_status oq_import_attrs(oq_importer *im, oq_node *node, const Onnx__NodeProto *proto, const oq_span *span)
{
    const oq_span *child = NULL;

    if (proto->n_attribute > MAX_ATTRS)
        OQ_FAIL(im->diag, OQ_LIMIT, "node '%s' has %zu attributes", node->name, proto->n_attribute);
    for (size_t i = 0; i < proto->n_attribute; i++) {
        child = oq_span_child(span, 5, child);
        OQ_TRY(oq_import_attr(im, node, proto->attribute[i], child));
    }
    return OQ_OK;
}
