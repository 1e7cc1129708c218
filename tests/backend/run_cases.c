/* run_cases: models run one after another in one process, for scripts/differential.py.
 *
 * Each line of standard input is MODEL TAB DATA TAB OUT: the first sample of DATA goes through MODEL, the
 * outputs into OUT, each a line "NAME DTYPE RANK DIM ... SIZE" and SIZE bytes. The answer is one line: "ok",
 * or the status and why.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "exec/exec.h"
#include "exec/outputs.h"
#include "onnx/import.h"

typedef struct running {
    oq_model *model;
    oq_program *program;
    oq_runner *runner;
    oq_dataset *dataset;
    oq_arena *arena;
} running;

static oq_status run(running *r, const char *model, const char *data, const char *out, oq_diag *diag)
{
    oq_exec_options options = {.watch = OQ_WATCH_NONE, .memory_limit = (size_t)1 << 30};
    oq_dataset_options all = {.max_samples = 0};
    oq_array *feeds;

    r->arena = oq_arena_new(0);
    if (!r->arena)
        return OQ_NOMEM;
    OQ_TRY(oq_import_file(model, NULL, &r->model, diag));
    OQ_TRY(oq_program_compile(r->model->graph, &options, &r->program, diag));
    OQ_TRY(oq_runner_new(r->program, NULL, &r->runner, diag));
    feeds = OQ_NEW_ARRAY(r->arena, oq_array, r->model->graph->n_inputs + 1);
    if (!feeds)
        return OQ_NOMEM;
    if (r->model->graph->n_inputs > 0) {
        OQ_TRY(oq_dataset_open(r->model->graph, data, &all, &r->dataset, diag));
        OQ_TRY(oq_dataset_sample(r->dataset, 0, r->arena, feeds, diag));
    }
    OQ_TRY(oq_runner_run(r->runner, feeds, NULL, NULL, diag));
    return outputs_write(out, r->runner, r->model->graph, diag);
}

static void answer(char *model, char *data, char *out)
{
    running r = {.model = NULL};
    oq_diag diag = {0};
    oq_status status = run(&r, model, data, out, &diag);

    for (char *c = diag.message; *c; c++) {
        if (*c == '\n')
            *c = ' ';
    }
    if (status == OQ_OK)
        printf("ok\n");
    else
        printf("%s: %s\n", oq_status_name(status), diag.message);
    fflush(stdout);
    oq_dataset_close(r.dataset);
    oq_runner_free(r.runner);
    oq_program_free(r.program);
    oq_model_destroy(r.model);
    oq_arena_free(r.arena);
}

int main(void)
{
    char line[3 * 4200];

    while (fgets(line, sizeof line, stdin)) {
        char *model = strtok(line, "\t\n"), *data = strtok(NULL, "\t\n"), *out = strtok(NULL, "\t\n");

        if (!model || !data || !out)
            return 2;
        answer(model, data, out);
    }
    return 0;
}
