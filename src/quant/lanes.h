/* lanes: many samples advanced together through two programs, step by step, with their live values held.
 *
 * Sample i belongs to lane i mod L; a lane is one thread's work at a time and has one heap for all its
 * runners, so memory is that of the live values plus one sample's scratch per lane.
 */
#ifndef OQ_QUANT_LANES_H
#define OQ_QUANT_LANES_H

#include "data/dataset.h"
#include "exec/exec.h"

typedef struct oq_lanes oq_lanes;

/* Begin every sample in both programs. Programs, graph (of the first) and dataset must outlive the lanes. */
oq_status oq_lanes_open(const oq_program *reference, const oq_program *rounded, const oq_graph *graph,
                        const oq_dataset *dataset, const size_t *samples, size_t n, oq_pool *pool,
                        oq_lanes **out, oq_diag *diag);
void oq_lanes_close(oq_lanes *lanes); /* NULL is fine */
size_t oq_lanes_count(const oq_lanes *lanes);

/* Run that step of the rounded program for every sample. */
oq_status oq_lanes_step(oq_lanes *lanes, size_t step);
/* Run the reference of sample i until value is live; it stays so until released. */
oq_status oq_lanes_reference(oq_lanes *lanes, size_t i, const oq_value *value, oq_diag *diag);
oq_runner *oq_lanes_float_runner(oq_lanes *lanes, size_t i);
oq_runner *oq_lanes_rounded_runner(oq_lanes *lanes, size_t i);
/* Call fn for samples first .. first + n - 1, lanes in parallel, within a lane in order. The status of the
 * first sample that failed. */
typedef oq_status oq_lanes_fn(void *arg, size_t sample, oq_diag *diag);
oq_status oq_lanes_each(oq_lanes *lanes, size_t first, size_t n, oq_lanes_fn *fn, void *arg);

#endif
