/* exporter: what the files of the exporter share. Nobody else includes this. */
#ifndef OQ_ONNX_EXPORTER_H
#define OQ_ONNX_EXPORTER_H

#include "ir/graph.h"
#include "onnx/rope.h"
#include "onnx/wire.h"

typedef struct oq_exporter {
    const oq_model *model;
    oq_arena *arena;
    bool
        leaves_ir3; /* raised from IR 3: initializers must go from the inputs, or they would be replaceable */
    const char *location; /* of the external data file; NULL: everything goes into the model file */
    oq_rope data;         /* contents of the external data file */
    oq_diag *diag;
} oq_exporter;

static inline oq_rope oq_rope_new(const oq_exporter *x)
{
    return (oq_rope){.arena = x->arena};
}

/* ---- export_merge.c: a message of which we hold some fields */

/* Append our version of field `number` of object. was: its first occurrence in the origin, NULL if there is
 * none. */
typedef oq_status oq_emit(oq_exporter *x, const void *object, uint32_t number, const oq_wire_field *was,
                          oq_rope *out);

/* Encode object: the fields in managed (ascending, n of them) by emit, at the place of their first occurrence
 * in origin; all other fields as they are there. */
oq_status oq_export_merge(oq_exporter *x, oq_origin origin, const uint32_t *managed, size_t n, oq_emit *emit,
                          const void *object, oq_rope *out);
/* A singular text field: as it was when it says the same, else anew; nothing for an empty text that was not
 * there. */
void oq_export_text(oq_rope *out, uint32_t number, const char *text, const oq_wire_field *was);
/* The last string field of that number in a message. Empty when absent. */
oq_string oq_export_find_text(oq_bytes message, uint32_t number);

/* ---- the messages */

/* As it is in its origin? Then it is copied. */
bool oq_tensor_is_plain(const oq_exporter *x, const oq_tensor *tensor);
bool oq_graph_is_plain(const oq_exporter *x, const oq_graph *graph);
/* Content of the messages. */
oq_status oq_export_tensor(oq_exporter *x, const oq_tensor *tensor, const char *name, oq_rope *out);
oq_status oq_export_node(oq_exporter *x, const oq_node *node, oq_rope *out);
oq_status oq_export_graph(oq_exporter *x, const oq_graph *graph, oq_rope *out);
bool oq_node_is_plain(const oq_exporter *x, const oq_node *node);
void oq_export_value_info(oq_exporter *x, const oq_value *value, oq_rope *out);

#endif
