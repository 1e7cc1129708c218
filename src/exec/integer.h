/* integer: the units of a QDQ graph that a backend runs as one integer kernel.
 *
 *     DQ(x), DQ(w) [, DQ(b)] -> Conv, ConvTranspose, Gemm, MatMul [-> Relu, Clip] -> Q
 *     DQ(x), DQ(w) [, DQ(b)] -> Gemm, MatMul                 int32 sums, then float
 *     DQ(x) -> mover, MaxPool -> Q     same parameters on both sides: the node's own code, on codes
 *     DQ(x) -> Relu, AveragePool, GlobalAveragePool -> Q
 *     DQ(a), DQ(b) -> Add, Mul, Concat [-> Relu] -> Q
 *
 * A unit takes the place of its compute node's step; the Q (and the Relu) behind it are absorbed, the DQs in
 * front run only if somebody else reads them. Parameters must be constant and per tensor (weights: per output
 * channel), codes 8 bits wide; where any of this does not hold, the nodes run in float as they stand.
 *
 * Arithmetic: NUMERICS 5. Sums of (q_x - z_x) * q_w in int32; y = saturate(round_half_even(sum * m) + z_y)
 * with m = (s_x * s_w) / s_y in float32.
 */
#ifndef OQ_EXEC_INTEGER_H
#define OQ_EXEC_INTEGER_H

#include "op/op.h"

typedef struct oq_unit oq_unit;
typedef struct oq_units oq_units;

/* Units of graph and of the graphs in its nodes. OQ_NOMEM. */
oq_status oq_find_units(oq_graph *graph, oq_arena *arena, oq_arena *scratch, oq_units **out, oq_diag *diag);
/* The unit whose compute node this is; NULL: none. */
const oq_unit *oq_unit_of(const oq_units *units, const oq_node *node);
/* Is this node (a Q, Relu or Clip) part of a unit and so no step of its own? */
bool oq_unit_absorbs(const oq_units *units, const oq_node *node);

#endif
