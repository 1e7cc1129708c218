#include "exec/profile.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exec/program.h"

uint64_t oq_nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

oq_status oq_runner_measure(oq_runner *runner, oq_diag *diag)
{
    size_t n = oq_program_n_steps(runner->program);

    if (!runner->times)
        runner->times = calloc(n + 1, sizeof *runner->times);
    if (!runner->times)
        OQ_FAIL(diag, OQ_NOMEM, "out of memory for the times of %zu steps", n);
    memset(runner->times, 0, (n + 1) * sizeof *runner->times);
    return OQ_OK;
}

const oq_step_time *oq_runner_times(const oq_runner *runner)
{
    return runner->times;
}
