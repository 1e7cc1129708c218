/* layout: which values are kept channels-last, [N, spatial..., C] in memory where the graph says [N, C,
 * spatial...].
 *
 * Such a value lives in a twin: a value of the program alone, with a slot of its own and the permuted dims,
 * to which steps are rewritten. Hooks and oq_runner_value see the original, converted on demand.
 */
#ifndef OQ_EXEC_LAYOUT_H
#define OQ_EXEC_LAYOUT_H

#include "exec/compile.h"
#include "op/channels_last.h"

/* Decide and rewrite the steps of sequence (the main graph's); values of bodies stay plain. Conversions are
 * steps of their own: onnxq.layout ToChannelsLast and ToPlain. */
oq_status oq_choose_layouts(oq_compiler *c, oq_sequence *sequence);

/* ---- layout_convert.c: also for values that are looked at */
/* Bytes of array `from` into `to`, whose dims are set; pool NULL: on this thread. False: elements of this
 * type cannot be moved (less than a byte). */
bool oq_convert_to_plain(oq_pool *pool, const oq_array *from, void *to);
bool oq_convert_to_last(oq_pool *pool, const oq_array *from, void *to);
/* Rows and node types of the conversion steps. */
extern const oq_op oq_op_to_last, oq_op_to_plain;

#endif
