/* raise_opset: what its files share. */
#ifndef OQ_PASS_RAISE_OPSET_H
#define OQ_PASS_RAISE_OPSET_H

#include "pass/edit.h"

/* One operator whose form or meaning changed between opset 7 and 13. */
typedef struct oq_raise_row {
    const char *op_type;
    int since; /* nodes of an opset below this are rewritten, straight to the form of opset 13 */
    const char *(*obstacle)(const oq_node *node); /* why it cannot be (NULL: it can); NULL: always can */
    oq_status (*lift)(oq_node *node);             /* NULL: never, obstacle says why */
} oq_raise_row;

/* Rows of raise_opset_shape.c and raise_opset_math.c, each ended by a NULL op_type. */
extern const oq_raise_row oq_raise_shape[], oq_raise_math[];

/* All rows in order, then NULL: for the driver and its test. */
const oq_raise_row *oq_raise_row_at(size_t i);
/* Operators that the changelog lists between 7 and 13 although an old node means the same there; NULL ends.
 */
const char *oq_raise_equal_at(size_t i);

/* An initializer named after the node's output and `what`, as input i. */
oq_status oq_raise_set_ints(oq_node *node, int i, const char *what, const int64_t *ints, size_t n);
/* A scalar of the element type of input 0. */
oq_status oq_raise_set_scalar(oq_node *node, int i, const char *what, float value);
/* Move a list attribute into input i; without the attribute the input stays omitted. */
oq_status oq_raise_move_ints(oq_node *node, const char *attr, int i);

#endif
