/* importer: what the files of the importer share. Nobody else includes this. */
#ifndef OQ_ONNX_IMPORTER_H
#define OQ_ONNX_IMPORTER_H

#include "base/file.h"
#include "ir/graph.h"
#include "ir/print.h"
#include "ir/shape.h"
#include "ir/tensor.h"
#include "onnx/external.h"
#include "onnx/import.h"
#include "onnx/wire.h"

typedef struct oq_importer {
    const oq_import_options *options;
    oq_model *model;
    oq_arena *arena;       /* of the model */
    oq_arena *scratch;     /* spans and unpacked protobuf, until the import ends */
    oq_map symbols;        /* dim_param -> the one copy of it */
    oq_external *external; /* in the model's backing */
    int *position;         /* by node id, for oq_import_order() */
    int n_sorted;          /* graphs whose nodes were out of order */
    oq_diag *diag;
} oq_importer;

static inline oq_origin oq_origin_of(const oq_span *span)
{
    return (oq_origin){span->data, span->size};
}

void oq_import_note(const oq_importer *im, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Refuse tensors below span that keep their data outside: what is only copied cannot follow its data. what:
 * where they are, for the message. */
oq_status oq_import_refuse_external(const oq_importer *im, const oq_span *span, const char *what);

/* import_graph.c: fill graph from proto; span is its span. Subgraphs come in through oq_import_attr(). */
oq_status oq_import_graph(oq_importer *im, oq_graph *graph, const Onnx__GraphProto *proto,
                          const oq_span *span);

/* import_graph.c: nodes at the end of graph, then what they read and their attributes. field: of the nodes in
 * the message of span. */
oq_status oq_import_nodes(oq_importer *im, oq_graph *graph, Onnx__NodeProto *const *nodes, size_t n,
                          const oq_span *span, uint32_t field);

/* import_function.c: one FunctionProto. */
oq_status oq_import_function(oq_importer *im, const Onnx__FunctionProto *proto, const oq_span *span,
                             oq_function *out);

/* import_attr.c: attributes of a node, subgraphs included. */
oq_status oq_import_attr(oq_importer *im, oq_node *node, const Onnx__AttributeProto *proto,
                         const oq_span *span);
oq_status oq_import_attrs(oq_importer *im, oq_node *node, const Onnx__NodeProto *proto, const oq_span *span);

/* import_type.c: apply a ValueInfoProto to a value and remember it as the origin. */
oq_status oq_import_value_info(oq_importer *im, oq_value *value, const Onnx__ValueInfoProto *proto,
                               const oq_span *span);

/* import_order.c: bring the nodes of a graph into topological order, captured values included. */
oq_status oq_import_order(oq_importer *im, oq_graph *graph);

/* tensor_data.c */
oq_status oq_import_tensor(oq_importer *im, const Onnx__TensorProto *proto, const oq_span *span,
                           oq_tensor **out);
/* Expand a sparse tensor (its name is that of its values) into an ordinary one without origin. */
oq_status oq_import_sparse(oq_importer *im, const Onnx__SparseTensorProto *proto, const oq_span *span,
                           oq_tensor **out);

#endif
