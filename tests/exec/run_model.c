/* run_model: run samples of a file through a model and write what comes out, for scripts/compare_ort.py.
 *
 *     run_model [--integer] [--profile] [--samples N] [--repeat N] MODEL DATA OUT
 *
 * OUT has, per sample and output, a line "NAME DTYPE RANK DIM ... SIZE" and SIZE bytes. Standard output:
 * seconds of the fastest run of a sample, and peak bytes; with --profile also the slowest steps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "exec/outputs.h"
#include "exec/profile.h"
#include "ir/print.h"
#include "onnx/import.h"

typedef struct job {
    const char *model_path, *data_path, *out_path;
    size_t max_samples, repeat;
    bool is_integer, with_profile;
    oq_model *model;
    oq_program *program;
    oq_runner *runner;
    oq_dataset *dataset;
    FILE *out;
} job;

static bool parse(job *j, int argc, char **argv)
{
    const char **paths[] = {&j->model_path, &j->data_path, &j->out_path};
    int n = 0;

    j->repeat = 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--integer") == 0)
            j->is_integer = true;
        else if (strcmp(argv[i], "--profile") == 0)
            j->with_profile = true;
        else if (strcmp(argv[i], "--samples") == 0 && i + 1 < argc)
            j->max_samples = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--repeat") == 0 && i + 1 < argc)
            j->repeat = strtoul(argv[++i], NULL, 10);
        else if (n < 3)
            *paths[n++] = argv[i];
    }
    return n == 3;
}

static oq_status set_up(job *j, oq_diag *diag)
{
    oq_exec_options options = {.mode = j->is_integer ? OQ_EXEC_INTEGER : OQ_EXEC_FLOAT};
    oq_dataset_options data = {.max_samples = j->max_samples};

    OQ_TRY(oq_import_file(j->model_path, NULL, &j->model, diag));
    OQ_TRY(oq_program_compile(j->model->graph, &options, &j->program, diag));
    OQ_TRY(oq_runner_new(j->program, NULL, &j->runner, diag));
    OQ_TRY(oq_dataset_open(j->model->graph, j->data_path, &data, &j->dataset, diag));
    if (j->with_profile)
        OQ_TRY(oq_runner_measure(j->runner, diag));
    j->out = fopen(j->out_path, "wb");
    if (!j->out)
        OQ_FAIL(diag, OQ_IO, "%s: cannot be written", j->out_path);
    return OQ_OK;
}

static oq_status run_sample(job *j, size_t sample, uint64_t *best, oq_arena *arena, oq_diag *diag)
{
    const oq_graph *graph = j->model->graph;
    oq_array *feeds = OQ_NEW_ARRAY(arena, oq_array, graph->n_inputs);

    OQ_TRY(oq_dataset_sample(j->dataset, sample, arena, feeds, diag));
    for (size_t r = 0; r < j->repeat; r++) {
        uint64_t start = oq_nanoseconds(), took;

        OQ_TRY(oq_runner_run(j->runner, feeds, NULL, NULL, diag));
        took = oq_nanoseconds() - start;
        if (took < *best)
            *best = took;
    }
    outputs_append(j->out, j->runner, graph);
    return OQ_OK;
}

static oq_status run_all(job *j, oq_diag *diag)
{
    size_t n = oq_dataset_count(j->dataset);
    uint64_t best = UINT64_MAX;

    for (size_t s = 0; s < n; s++) {
        oq_arena *arena = oq_arena_new(0);
        oq_status status = arena ? run_sample(j, s, &best, arena, diag) : OQ_NOMEM;

        oq_arena_free(arena);
        OQ_TRY(status);
    }
    printf("samples %zu seconds %.6f peak %zu\n", n, (double)best * 1e-9, oq_runner_peak(j->runner));
    return OQ_OK;
}

static const oq_step_time *sort_times;

static int by_time(const void *a, const void *b)
{
    uint64_t ta = sort_times[*(const size_t *)a].nanoseconds, tb = sort_times[*(const size_t *)b].nanoseconds;

    return ta < tb ? 1 : ta > tb ? -1 : 0;
}

static void print_profile(const job *j)
{
    size_t n = oq_program_n_steps(j->program), *order = calloc(n + 1, sizeof *order);
    char where[256];

    for (size_t i = 0; order && i < n; i++)
        order[i] = i;
    sort_times = oq_runner_times(j->runner);
    if (order)
        qsort(order, n, sizeof *order, by_time);
    for (size_t i = 0; order && i < n && i < 15; i++)
        printf("%10.3f ms %s %s\n",
               (double)sort_times[order[i]].nanoseconds * 1e-6 / (double)sort_times[order[i]].calls,
               oq_program_is_integer(j->program, order[i]) ? "integer" : "float  ",
               oq_node_text(oq_program_node(j->program, order[i]), where, sizeof where));
    free(order);
}

int main(int argc, char **argv)
{
    job j = {.max_samples = 0};
    oq_diag diag = {0};
    oq_status status;

    if (!parse(&j, argc, argv)) {
        fprintf(stderr, "run_model [--integer] [--profile] [--samples N] [--repeat N] MODEL DATA OUT\n");
        return 2;
    }
    status = set_up(&j, &diag);
    if (status == OQ_OK)
        status = run_all(&j, &diag);
    if (status == OQ_OK && j.with_profile)
        print_profile(&j);
    if (status != OQ_OK)
        fprintf(stderr, "%s: %s\n", j.model_path, diag.message);
    if (j.out)
        fclose(j.out);
    oq_dataset_close(j.dataset);
    oq_runner_free(j.runner);
    oq_program_free(j.program);
    oq_model_destroy(j.model);
    return status == OQ_OK ? 0 : 1;
}
