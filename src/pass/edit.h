/* edit: small questions and edits that several passes share. */
#ifndef OQ_PASS_EDIT_H
#define OQ_PASS_EDIT_H

#include "pass/pass.h"

/* One line for -v and the report; nothing when ctx->notes is NULL. */
void oq_pass_note(oq_pass_ctx *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Input i of node, NULL when omitted or beyond the list. */
oq_value *oq_node_input(const oq_node *node, int i);
/* Its constant, NULL when it is none or may be overridden by the caller of the model. */
const oq_tensor *oq_node_input_constant(const oq_node *node, int i);
/* All elements of constant integer input i in arena; NULL when it is no such constant. *n: their number. */
const int64_t *oq_node_input_ints(const oq_node *node, int i, oq_arena *arena, size_t *n);
/* All elements of a constant as float32 in arena; NULL when it is NULL or no number, or memory ran out. */
float *oq_tensor_as_floats(const oq_tensor *tensor, oq_arena *arena);
/* The tensor a Constant node stands for, in the model arena, from any value_* form; NULL for a sparse one. */
oq_tensor *oq_constant_node_tensor(const oq_node *node);
/* Is output i of node read by anybody, or a graph output? */
bool oq_node_output_is_read(const oq_node *node, int i);

/* Let source take the place of output 0 of node and remove node. False, with nothing changed, when node has
 * to stay: its output is public and source cannot carry that name (a graph input, an initializer, another
 * output, a value of an outer graph). Other outputs of node must be unread. */
bool oq_node_bypass(oq_node *node, oq_value *source);
/* Let output 0 of `by`, in the same graph, take the place of output 0 of node, public name included, and
 * remove node. */
oq_status oq_node_replace(oq_node *node, oq_node *by);
/* Could oq_node_replace / oq_node_bypass rename this output? False when a subgraph returns it as its own. */
bool oq_value_is_movable(const oq_value *value);
/* Make the constant of input i another tensor: in place when nobody else reads it, else as a new
 * initializer. */
oq_status oq_node_replace_constant(oq_node *node, int i, oq_tensor *tensor);
/* The same with float values in the shape of what is there. */
oq_status oq_node_replace_floats(oq_node *node, int i, const float *values);

#endif
