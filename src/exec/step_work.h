/* step_work: how much a step does, by the shapes it just ran on. */
#ifndef OQ_EXEC_STEP_WORK_H
#define OQ_EXEC_STEP_WORK_H

#include "exec/program.h"

typedef struct oq_step_work {
    double operations; /* arithmetic by the definition of the operator, a multiply-add is two; 0: none, or not
                          known */
    double bytes;      /* of the inputs read and the outputs written, constants included */
} oq_step_work;

/* Of a step whose inputs and outputs are still in their slots. */
oq_step_work oq_step_work_of(const oq_runner *runner, const oq_step *step);
/* Add that of a step just run to the runner's times; steps of bodies count for nothing. */
void oq_count_work(oq_runner *runner, const oq_step *step);

#endif
