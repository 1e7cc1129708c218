/* integer: the units of a QDQ graph that a backend runs as one integer kernel.
 *
 *     DQ(x) [, DQ(w), DQ(b)] -> Conv, ConvTranspose, Gemm, MatMul [-> Relu, Clip] -> Q
 *
 * A unit takes the place of its compute node's step; the Q (and the Relu) behind it are absorbed, the DQs in
 * front run only if somebody else reads them.
 */
#ifndef OQ_EXEC_INTEGER_H
#define OQ_EXEC_INTEGER_H

#include "op/op.h"

typedef struct oq_unit {
    const oq_op *op; /* row whose run() computes the unit; its state is the unit */
    oq_value **in;   /* the quantized values it reads */
    int n_in;
    oq_value *out[1]; /* what it gives: the Q's output, or the compute node's own when there is no Q */
} oq_unit;

typedef struct oq_units oq_units;

/* Units of graph (subgraphs run in float). */
oq_status oq_find_units(oq_graph *graph, oq_arena *arena, oq_arena *scratch, oq_units **out, oq_diag *diag);
/* The unit whose compute node this is; NULL: none. */
const oq_unit *oq_unit_of(const oq_units *units, const oq_node *node);
/* Is this node (a Q, Relu or Clip) part of a unit and so no step of its own? */
bool oq_unit_absorbs(const oq_units *units, const oq_node *node);

#endif
