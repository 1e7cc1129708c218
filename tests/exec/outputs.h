/* outputs: what a run gave, written as scripts/compare_ort.py reads it: per output a line "NAME DTYPE RANK
 * DIM ... SIZE" and SIZE bytes.
 */
#ifndef OQ_TESTS_EXEC_OUTPUTS_H
#define OQ_TESTS_EXEC_OUTPUTS_H

#include <stdio.h>

#include "exec/exec.h"

void outputs_append(FILE *out, const oq_runner *runner, const oq_graph *graph);
/* A file with the outputs of one run. OQ_IO. */
oq_status outputs_write(const char *path, const oq_runner *runner, const oq_graph *graph, oq_diag *diag);

#endif
