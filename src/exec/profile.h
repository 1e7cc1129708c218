/* profile: how long each step of a program takes. Off unless asked for. */
#ifndef OQ_EXEC_PROFILE_H
#define OQ_EXEC_PROFILE_H

#include "exec/exec.h"

typedef struct oq_step_time {
    uint64_t nanoseconds; /* over all calls, hook included */
    uint64_t calls;
    double operations; /* over all calls; see step_work.h */
    double bytes;
} oq_step_time;

/* Measure every step of this runner from now on (from zero when it was measured before). OQ_NOMEM. */
oq_status oq_runner_measure(oq_runner *runner, oq_diag *diag);
/* One entry per step of the program; NULL when not measured. */
const oq_step_time *oq_runner_times(const oq_runner *runner);
/* Monotonic clock. */
uint64_t oq_nanoseconds(void);

#endif
