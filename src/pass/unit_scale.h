/* unit_scale: scaling the channels of a unit's input or output inside its weight and bias. Exact up to float
 * rounding. Used by equalize and correct.
 */
#ifndef OQ_PASS_UNIT_SCALE_H
#define OQ_PASS_UNIT_SCALE_H

#include "pass/pass.h"
#include "quant/equalizer.h"

/* Input channels of a Conv, Gemm (without transA) or MatMul with a constant weight of rank 2; 0: none that
 * can be scaled. *axis: where they lie in the data, counted from the front (1) or the end (-1). */
size_t oq_unit_input_channels(const oq_node *unit, int *axis);
/* Square sums and largest weights per input channel, in arena. */
oq_status oq_unit_reader(const oq_node *unit, oq_arena *arena, oq_equalize_reader *out);
/* n values become the bias: the Add's of a MatMul, the unit's own; a unit without one gets one unless all are
 * 0.
 */
oq_status oq_unit_set_bias(oq_node *unit, const float *bias, size_t n);
/* W[:, c] *= factor[c]. */
oq_status oq_unit_scale_input(oq_node *unit, const float *factor, oq_arena *scratch);
/* Can W m go into the unit's bias: no padding, and a bias that is constant, missing, or an Add behind? */
bool oq_unit_can_shift_input(oq_node *unit);
/* bias += W m. Before the weight is scaled. */
oq_status oq_unit_shift_input(oq_node *unit, const float *shift, oq_arena *scratch);
/* Rows of the weight and bias times factor[o], then bias += add[o] (NULL: nothing). n: must be the number of
 * output channels. */
oq_status oq_unit_scale_output(oq_node *unit, const float *factor, const float *add, oq_arena *scratch);
/* Has the unit what oq_unit_scale_output needs: constant float weight and bias, alpha and beta 1? */
bool oq_unit_can_scale_output(const oq_node *unit, size_t n);

#endif
