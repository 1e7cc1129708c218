/* bench_model: a model compiled once and run whenever asked, for scripts/bench.
 *
 *     bench_model [--integer] [--threads N] MODEL DATA
 *
 * DATA is anything `onnx-q run --input` takes; its first sample is run. Standard output: "ready NANOSECONDS"
 * (to load and compile), then one line for each line of standard input:
 *
 *     run N         N runs: "FASTEST MEDIAN CHECKSUM", nanoseconds and a hash over the bytes of all outputs
 *     write PATH    "ok"; the outputs of the last run in PATH, each a line "NAME DTYPE RANK DIM ... SIZE" and
 *                   SIZE bytes, as scripts/compare_ort.py reads them
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "data/dataset.h"
#include "exec/outputs.h"
#include "exec/profile.h"
#include "onnx/import.h"
#include "pass/pass.h"

#define MAX_RUNS 100000

typedef struct bench {
    const char *model_path, *data_path;
    bool is_integer;
    int n_threads;
    oq_model *model;
    oq_pool *pool;
    oq_program *program;
    oq_runner *runner;
    oq_dataset *dataset;
    oq_arena *arena; /* the feeds */
    oq_array *feeds;
} bench;

static bool parse(bench *b, int argc, char **argv)
{
    const char **paths[] = {&b->model_path, &b->data_path};
    int n = 0;

    b->n_threads = 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--integer") == 0)
            b->is_integer = true;
        else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            b->n_threads = atoi(argv[++i]);
        else if (n < 2)
            *paths[n++] = argv[i];
        else
            return false;
    }
    return n == 2 && b->n_threads > 0;
}

/* As a session does (api/session.c). */
static oq_status simplify(bench *b, oq_diag *diag)
{
    oq_pass_ctx ctx = {.arena = oq_arena_new(0), .diag = diag};
    oq_status status = ctx.arena ? oq_inline_functions(b->model->graph, &ctx) : OQ_NOMEM;

    if (status == OQ_OK)
        status = b->is_integer ? oq_infer_shapes(b->model->graph, &ctx) : oq_simplify(b->model->graph, &ctx);
    oq_arena_free(ctx.arena);
    return status;
}

static oq_status set_up(bench *b, oq_diag *diag)
{
    oq_exec_options options = {.mode = b->is_integer ? OQ_EXEC_INTEGER : OQ_EXEC_FLOAT,
                               .watch = OQ_WATCH_NONE};
    oq_dataset_options data = {.max_samples = 0};

    b->arena = oq_arena_new(0);
    b->pool = oq_pool_new(b->n_threads);
    if (!b->arena || !b->pool)
        return OQ_NOMEM;
    OQ_TRY(oq_import_file(b->model_path, NULL, &b->model, diag));
    OQ_TRY(simplify(b, diag));
    OQ_TRY(oq_program_compile(b->model->graph, &options, &b->program, diag));
    OQ_TRY(oq_runner_new(b->program, b->pool, &b->runner, diag));
    OQ_TRY(oq_dataset_open(b->model->graph, b->data_path, &data, &b->dataset, diag));
    b->feeds = OQ_NEW_ARRAY(b->arena, oq_array, b->model->graph->n_inputs + 1);
    if (!b->feeds)
        return OQ_NOMEM;
    return oq_dataset_sample(b->dataset, 0, b->arena, b->feeds, diag);
}

/* FNV-1a over words: a difference in one bit anywhere shows. */
static uint64_t checksum(const bench *b)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (int i = 0; i < b->model->graph->n_outputs; i++) {
        const oq_array *array = oq_runner_output(b->runner, i);
        const unsigned char *bytes = array->data;

        for (size_t at = 0; array->dtype != OQ_STRING && at < array->size; at += 8) {
            uint64_t word = 0;

            memcpy(&word, bytes + at, array->size - at < 8 ? array->size - at : 8);
            hash = (hash ^ word) * 0x100000001b3u;
        }
    }
    return hash;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static oq_status run(bench *b, size_t n, oq_diag *diag)
{
    uint64_t *took = calloc(n, sizeof *took);
    oq_status status = took ? OQ_OK : OQ_NOMEM;

    for (size_t i = 0; status == OQ_OK && i < n; i++) {
        uint64_t start = oq_nanoseconds();

        status = oq_runner_run(b->runner, b->feeds, NULL, NULL, diag);
        took[i] = oq_nanoseconds() - start;
    }
    if (status == OQ_OK) {
        qsort(took, n, sizeof *took, by_size);
        printf("%llu %llu %016llx\n", (unsigned long long)took[0], (unsigned long long)took[n / 2],
               (unsigned long long)checksum(b));
    }
    free(took);
    return status;
}

static oq_status serve(bench *b, oq_diag *diag)
{
    char line[4200];

    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "write ", 6) == 0) {
            OQ_TRY(outputs_write(line + 6, b->runner, b->model->graph, diag));
            printf("ok\n");
        } else {
            size_t n = strncmp(line, "run ", 4) == 0 ? strtoul(line + 4, NULL, 10) : 0;

            if (n == 0 || n > MAX_RUNS)
                OQ_FAIL(diag, OQ_ARG, "'%s' is neither 'run N' nor 'write PATH'", line);
            OQ_TRY(run(b, n, diag));
        }
        fflush(stdout);
    }
    return OQ_OK;
}

int main(int argc, char **argv)
{
    bench b = {.n_threads = 1};
    oq_diag diag = {0};
    uint64_t start = oq_nanoseconds();
    oq_status status;

    if (!parse(&b, argc, argv)) {
        fprintf(stderr, "bench_model [--integer] [--threads N] MODEL DATA\n");
        return 2;
    }
    status = set_up(&b, &diag);
    if (status == OQ_OK) {
        printf("ready %llu\n", (unsigned long long)(oq_nanoseconds() - start));
        fflush(stdout);
        status = serve(&b, &diag);
    }
    if (status != OQ_OK)
        fprintf(stderr, "%s: %s: %s\n", b.model_path, oq_status_name(status), diag.message);
    oq_dataset_close(b.dataset);
    oq_runner_free(b.runner);
    oq_program_free(b.program);
    oq_pool_free(b.pool);
    oq_arena_free(b.arena);
    oq_model_destroy(b.model);
    return status == OQ_OK ? 0 : 1;
}
