/* graph: the functions that make and edit graphs. They keep producers, uses, names and flags exact; no other
 * code writes those fields. All allocate from the model arena: OQ_NOMEM is returned (or NULL) when it is
 * exhausted.
 */
#ifndef OQ_IR_GRAPH_H
#define OQ_IR_GRAPH_H

#include "ir/ir.h"

#define OQ_FOR_EACH_NODE(graph, node) for (oq_node *node = (graph)->first; node; node = node->next)
/* Safe against removal of `node` itself, and against insertions before it. node and next are declared by the
 * caller. */
#define OQ_FOR_EACH_NODE_SAFE(graph, node, next) \
    for ((node) = (graph)->first; (node) && ((next) = (node)->next, 1); (node) = (next))

/* ---- model */
oq_model *oq_model_new(size_t arena_limit); /* with an empty main graph; NULL when out of memory */
/* The same graph again, ids included. Tensors, names and origins are shared: the original must outlive it.
 * NULL when out of memory. */
oq_model *oq_model_clone(const oq_model *model);
/* The bytes of tensor will hardly be read again: where they lie in the mapped file, give their memory back.
 */
void oq_model_release_pages(const oq_model *model, const oq_tensor *tensor);
void oq_model_destroy(oq_model *model); /* NULL is fine */
int64_t oq_model_opset(const oq_model *model,
                       const char *domain); /* 0: not imported. "" and "ai.onnx" are the same */
oq_status oq_model_set_opset(oq_model *model, const char *domain, int64_t version); /* add or change */
oq_status oq_model_set_property(oq_model *model, const char *key,
                                const char *value); /* replaces ours of that key */

/* Set node->opset and node->op from the model's opsets. Implemented by op/table.c: the one call from here to
 * a later folder, so that rows stay right whenever an edit changes a type or an opset. */
void oq_op_resolve(oq_node *node);

/* ---- graphs and values */
oq_graph *oq_graph_new(oq_model *model, oq_graph *parent);
/* A value without producer. name is copied; "" or one in use in this graph or an outer one gets a suffix _1,
 * _2 ... */
oq_value *oq_value_new(oq_graph *graph, const char *name, oq_dtype dtype, const oq_shape *shape);
/* Exact name, no suffix: NULL with OQ_FORMAT semantics when the name is taken in this graph (for the
 * importer). */
oq_value *oq_value_define(oq_graph *graph, const char *name);
/* By name in this graph, else in the graphs around it; NULL when absent. */
oq_value *oq_value_find(const oq_graph *graph, const char *name);
oq_status oq_graph_add_input(oq_graph *graph, oq_value *value);
/* Take a value off the inputs; it must be an initializer, or unread. */
void oq_graph_remove_input(oq_graph *graph, oq_value *value);
oq_status oq_graph_add_output(oq_graph *graph, oq_value *value);
/* Make value an initializer (or replace its constant). */
oq_status oq_value_set_constant(oq_value *value, oq_tensor *tensor);
/* New initializer of a tensor: name made unique. */
oq_value *oq_graph_add_initializer(oq_graph *graph, const char *name, oq_tensor *tensor);
/* Drop an initializer that nobody reads and that is no output. */
void oq_graph_remove_initializer(oq_graph *graph, oq_value *value);
/* Type as known now. A better known shape leaves the declared ValueInfoProto alone; another dtype drops it.
 */
void oq_value_set_type(oq_value *value, oq_dtype dtype, const oq_shape *shape);
void oq_value_rename(oq_value *value, const char *name); /* made unique; every user is marked changed */
/* Constant to fold and quantize with: an initializer nobody may override. NULL otherwise (also for NULL
 * value). */
const oq_tensor *oq_value_constant(const oq_value *value);
/* Readers, plus one if it is a graph output. */
int oq_value_n_readers(const oq_value *value);
/* Let every reader of old read replacement (graph outputs excepted). */
oq_status oq_value_replace_uses(oq_value *old, oq_value *replacement);
/* Let replacement take old's place entirely, graph output included: the public name stays (replacement is
 * renamed). */
oq_status oq_value_take_over(oq_value *old, oq_value *replacement);

/* ---- nodes */
/* New node before `before` (NULL: at the end), with n_out fresh output values named after out_names (or made
 * up when NULL). inputs may hold NULLs. domain "" is ai.onnx. */
oq_node *oq_node_new(oq_graph *graph, oq_node *before, const char *op_type, const char *domain,
                     const char *name, oq_value *const *inputs, int n_inputs, int n_outputs,
                     const char *const *out_names);
/* The importer's form: no outputs yet; attach them with oq_node_set_output. */
oq_node *oq_node_append(oq_graph *graph, const char *op_type, const char *domain, const char *name,
                        int n_inputs, int n_outputs);
oq_status oq_node_set_input(oq_node *node, int index, oq_value *value); /* grows the list; NULL = omitted */
void oq_node_set_output(oq_node *node, int index, oq_value *value);     /* value must have no producer */
void oq_node_truncate_inputs(oq_node *node, int n_inputs);
/* Unlink: its inputs lose their uses, its outputs their producer. Outputs must be unread (replace uses
 * first). */
void oq_node_remove(oq_node *node);
void oq_node_move_before(oq_node *node, oq_node *before); /* NULL: to the end */
void oq_node_set_type(oq_node *node, const char *op_type,
                      const char *domain); /* re-resolves the operator row */
/* Producer of input i; NULL if omitted, graph input or constant. */
oq_node *oq_node_producer(const oq_node *node, int input);
/* The only reader of output 0 when it has exactly one use, is no graph output and the reader is in the same
 * graph. */
oq_node *oq_node_single_reader(const oq_node *node);
bool oq_node_is(const oq_node *node, const char *op_type); /* in ai.onnx; false for NULL */

/* ---- attributes */
const oq_attr *oq_node_attr(const oq_node *node, const char *name); /* NULL when absent */
int64_t oq_node_int(const oq_node *node, const char *name, int64_t otherwise);
float oq_node_float(const oq_node *node, const char *name, float otherwise);
const char *oq_node_string(const oq_node *node, const char *name,
                           const char *otherwise); /* in the model arena */
/* Pointer to ints and their number; NULL and 0 when absent. */
const int64_t *oq_node_ints(const oq_node *node, const char *name, size_t *n);
const float *oq_node_floats(const oq_node *node, const char *name, size_t *n);
oq_status oq_node_set_int(oq_node *node, const char *name, int64_t i);
oq_status oq_node_set_float(oq_node *node, const char *name, float f);
oq_status oq_node_set_string(oq_node *node, const char *name, const char *s);
oq_status oq_node_set_ints(oq_node *node, const char *name, const int64_t *ints, size_t n);
oq_status oq_node_set_tensor(oq_node *node, const char *name, oq_tensor *tensor);
oq_attr *oq_node_add_attr(oq_node *node, const char *name, oq_attr_kind kind); /* for the importer; zeroed */
void oq_node_remove_attr(oq_node *node, const char *name);
/* Copy all attributes of from (same model). */
oq_status oq_node_copy_attrs(oq_node *to, const oq_node *from);

/* ---- whole-graph queries */
/* Call fn for graph and every subgraph below it, outermost first; stops at the first status that is not OK.
 */
oq_status oq_graph_walk(oq_graph *graph, oq_status (*fn)(oq_graph *graph, void *arg), void *arg);
/* Validator: both directions of each link, order, names, flags. Collects up to 8 faults into diag;
 * OQ_INTERNAL. */
oq_status oq_graph_check(const oq_graph *graph, oq_diag *diag);
/* Topological order by depth-first search, stable for a graph already in order. OQ_FORMAT on a cycle. */
oq_status oq_graph_sort(oq_graph *graph, oq_diag *diag);

#endif
