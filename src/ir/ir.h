/* ir: the graph in memory. Every struct is here; graph.h has the functions that edit them.
 *
 * Ownership: everything lives in the model arena and dies with the model. Nothing here is freed one by one,
 * so removed nodes and values stay readable until the model goes. Ids: values and nodes have dense ids that
 * are unique over the whole model, subgraphs included; side tables are arrays by id (size model->n_values,
 * model->n_nodes). Names: NUL-terminated UTF-8 in the model arena. "" is never a value's name: an omitted
 * input or output is a NULL pointer in node->inputs / node->outputs.
 */
#ifndef OQ_IR_IR_H
#define OQ_IR_IR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/map.h"
#include "ir/dtype.h"

#define OQ_MAX_RANK 8

typedef struct oq_model oq_model;
typedef struct oq_graph oq_graph;
typedef struct oq_node oq_node;
typedef struct oq_value oq_value;
typedef struct oq_attr oq_attr;
typedef struct oq_tensor oq_tensor;

/* A piece of somebody's bytes: of the mapped file, or of the model arena. */
typedef struct oq_bytes {
    const unsigned char *data; /* NULL: none */
    size_t size;
} oq_bytes;

/* Where a piece of the graph came from: the encoded protobuf message (without tag and length). The exporter
 * copies it while the piece is unchanged, so everything we do not understand survives. NULL data: made by us.
 */
typedef oq_bytes oq_origin;

/* One dimension. */
typedef struct oq_dim {
    int64_t size; /* >= 0, or -1: unknown */
    const char
        *symbol; /* dim_param when size is -1 and it has a name; else NULL. Same pointer = same symbol */
} oq_dim;

/* Type of a value as far as known. */
typedef struct oq_shape {
    int rank; /* -1: unknown; up to OQ_MAX_RANK */
    oq_dim dims[OQ_MAX_RANK];
} oq_shape;

/* A constant. Immutable once made: share it freely; to change it, make another. */
struct oq_tensor {
    oq_dtype dtype;
    int rank;            /* may exceed OQ_MAX_RANK in a file; then nothing but export works on it */
    const int64_t *dims; /* rank of them, each >= 0 */
    size_t n_elements;   /* product of dims, checked */
    const void *data;    /* raw_data form (little-endian, packed 4- and 2-bit); oq_string[] for strings.
                          * May be UNALIGNED (points into the file): read it with oq_tensor_aligned(),
                          * oq_tensor_floats(), oq_tensor_int() or memcpy, never by casting the pointer */
    size_t size;         /* bytes of data; equals the size the shape asks for */
    const char *name;    /* name in its TensorProto, "" if none */
    oq_origin origin;    /* of the TensorProto, NULL data when made by us */
    bool is_external;    /* data comes from another file */
};

/* Kinds of attribute, numbered as AttributeProto.AttributeType. */
typedef enum oq_attr_kind {
    OQ_ATTR_UNDEFINED = 0,
    OQ_ATTR_FLOAT = 1,
    OQ_ATTR_INT = 2,
    OQ_ATTR_STRING = 3,
    OQ_ATTR_TENSOR = 4,
    OQ_ATTR_GRAPH = 5,
    OQ_ATTR_FLOATS = 6,
    OQ_ATTR_INTS = 7,
    OQ_ATTR_STRINGS = 8,
    OQ_ATTR_TENSORS = 9,
    OQ_ATTR_GRAPHS = 10,
    OQ_ATTR_SPARSE_TENSOR = 11, /* kept as origin only */
    OQ_ATTR_SPARSE_TENSORS = 12,
    OQ_ATTR_TYPE_PROTO = 13, /* kept as origin only */
    OQ_ATTR_TYPE_PROTOS = 14,
} oq_attr_kind;

struct oq_attr {
    const char *name;
    oq_attr_kind kind;
    size_t n;            /* elements of the list kinds; 1 for the scalar kinds */
    float f;             /* FLOAT */
    int64_t i;           /* INT */
    oq_string s;         /* STRING */
    oq_tensor *tensor;   /* TENSOR */
    oq_graph *graph;     /* GRAPH */
    const float *floats; /* n of them, and so on */
    const int64_t *ints;
    const oq_string *strings;
    oq_tensor **tensors;
    oq_graph **graphs;
    const char *ref_name; /* ref_attr_name inside a function body; NULL elsewhere */
    oq_origin origin;     /* of the AttributeProto; NULL data once changed */
};

/* One reading of a value. */
typedef struct oq_use {
    oq_node *node; /* the reader; may sit in a subgraph of the value's graph */
    int index;     /* node->inputs[index] == the value */
} oq_use;

struct oq_value {
    int id;
    const char *name;
    oq_graph *graph; /* the graph that defines it */
    oq_dtype dtype;  /* OQ_UNDEFINED: unknown */
    oq_shape shape;
    oq_node *producer; /* NULL for graph inputs and initializers */
    int output_index;  /* producer->outputs[output_index] == this */
    oq_tensor
        *constant; /* initializer; NULL otherwise. A Constant node's output becomes one in fold_constants */
    oq_use *uses;  /* exact, in no order */
    int n_uses, cap_uses;
    bool is_input;       /* listed in graph->inputs */
    bool is_output;      /* listed in graph->outputs (once or more) */
    bool is_overridable; /* initializer that is also a graph input and IR >= 4: the caller may replace it, so
                          * it is not a constant for folding or quantizing */
    bool is_opaque_type; /* sequence, map, optional, sparse: dtype stays OQ_UNDEFINED, nothing computes with
                            it */
    oq_origin origin; /* of its ValueInfoProto (input, output or value_info); NULL data: none, or changed */
};

struct oq_node {
    int id;
    const char *name; /* "" if none; not unique */
    const char *op_type;
    const char *domain;     /* "" for ai.onnx */
    const char *overload;   /* "" mostly */
    int opset;              /* version of its domain that the model imports; 0 if it imports none */
    const struct oq_op *op; /* operator row, set by oq_op_resolve(); NULL if unknown here */
    oq_value **inputs;      /* NULL entries: omitted */
    int n_inputs, cap_inputs;
    oq_value **outputs;
    int n_outputs;
    oq_attr *attrs; /* names are unique */
    int n_attrs, cap_attrs;
    oq_graph *graph;      /* the graph it sits in */
    oq_node *prev, *next; /* topological order */
    oq_origin origin;     /* of the NodeProto: fields we do not hold are copied from it even when changed */
    bool is_changed;      /* inputs, outputs, attributes, op_type or name differ from origin */
    bool is_removed;
};

struct oq_graph {
    oq_model *model;
    oq_graph *parent;     /* NULL for the main graph */
    oq_node *parent_node; /* the If, Loop, Scan ... it belongs to */
    const char *name;
    oq_node *first, *last; /* nodes in topological order */
    int n_nodes;
    oq_value **inputs; /* in file order, without the initializers an IR < 4 file lists among them */
    int n_inputs, cap_inputs;
    oq_value **outputs; /* in file order */
    int n_outputs;
    oq_value **initializers; /* values with a constant, in file order, then ours */
    int n_initializers, cap_initializers;
    oq_map names;     /* name -> oq_value of this graph alone */
    oq_origin origin; /* of the GraphProto; fields we do not hold are copied from it */
    oq_bytes
        *value_info; /* ValueInfoProto messages as found, copied on export when their value still exists */
    int n_value_info;
    bool is_changed;      /* a node, value or initializer was added, removed or changed */
    oq_graph *next_graph; /* all graphs of the model, for the whole-model walks */
};

typedef struct oq_opset {
    const char *domain; /* "" for ai.onnx */
    int64_t version;
} oq_opset;

/* A metadata_props entry that we add on export; those of the file stay in its origin. */
typedef struct oq_property {
    const char *key, *value;
} oq_property;

/* A model-local function: operators under a name of their own. inline_functions puts them in its place. */
typedef struct oq_function {
    const char *name, *domain, *overload;
    oq_opset *opsets; /* what its body imports */
    int n_opsets;
    oq_node *defaults; /* holder of the attributes that have a default value; in no graph */
    oq_graph *body;    /* inputs, nodes, outputs; no part of the main graph. Attributes may have a ref_name */
    int first_value;   /* ids of the values of the body, those of its subgraphs included, start here ... */
    int n_values;      /* ... and are so many */
} oq_function;

struct oq_model {
    oq_arena *arena; /* the model arena */
    oq_graph *graph; /* main graph */
    int64_t ir_version;
    oq_opset *opsets;
    int n_opsets, cap_opsets;
    const char *producer_name, *producer_version;
    oq_function *functions;  /* as the file has them; nobody runs them by themselves */
    int n_functions;         /* 0 again once they are inlined: the exporter then leaves them out */
    int n_values, n_nodes;   /* next free ids */
    oq_graph *graphs;        /* every graph, in no order, linked by next_graph */
    oq_map all_names;        /* every value name of every graph: fresh names must not shadow one */
    oq_property *properties; /* new metadata, in order */
    int n_properties, cap_properties;
    oq_origin origin; /* of the whole ModelProto */
    const char *path; /* as given by the caller, for messages; external data is looked up beside it */
    size_t file_size; /* bytes of the model file (and of its external data files) */
    bool is_changed;  /* opsets, ir_version or properties changed */
    void *backing;    /* what keeps the mapped bytes alive; freed by free_backing */
    void (*free_backing)(void *backing);
    /* Give the memory of mapped bytes back until they are read again; NULL: nothing is mapped. */
    void (*release_pages)(void *backing, const void *data, size_t size);
};

#endif
