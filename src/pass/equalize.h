/* equalize: which values may get a factor per channel. Shared by the pass and by calibration, which must
 * watch their channels.
 */
#ifndef OQ_PASS_EQUALIZE_H
#define OQ_PASS_EQUALIZE_H

#include "pass/pass.h"

/* Channels of value that may be scaled; 0: none. *axis: 1, or -1 for the last. */
size_t oq_equalize_candidate(const oq_plan *plan, const oq_value *value, int *axis);

#endif
