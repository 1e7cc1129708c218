#include <string.h>

#include "pass/bench.h"

static bench *identity_model(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(4));
    oq_node *first = bench_node(b, "Identity", "a", 1, x);

    bench_output(b, bench_node(b, "Relu", "y", 1, first->outputs[0])->outputs[0]);
    return b;
}

static oq_status run(bench *b, const oq_pipeline_options *options, bool *stopped)
{
    return oq_pipeline_run(b->model->graph, OQ_PASS_EXACT | OQ_PASS_CLOSE, &b->ctx, options, NULL, stopped);
}

static void test_table(void)
{
    ok(oq_pass_at(0) != NULL, "the table has a first pass");
    ok(oq_pass_find("drop_dead") != NULL, "a pass is found by name");
    ok(oq_pass_find("drop_undead") == NULL, "another name finds nothing");
    for (size_t i = 0; oq_pass_at(i); i++) {
        const oq_pass *pass = oq_pass_at(i);

        ok(pass->run && pass->summary && pass->flags, "%s is complete", pass->name);
    }
}

static void test_run(void)
{
    bench *b = identity_model();
    oq_pipeline_options options = {.verify_each = true};
    bool stopped;

    ok(run(b, &options, &stopped) == OQ_OK, "the pipeline runs");
    ok(!stopped, "to its end");
    is_int(bench_count(b, "Identity"), 0, "and cleans");
    ok(b->ctx.changed >= 1, "and counts changes");
    bench_free(b);
}

static void test_skip_and_stop(void)
{
    bench *b = identity_model();
    const char *skip[] = {"remove_noops"};
    oq_pipeline_options options = {.skip = skip, .n_skip = 1};
    bool stopped;

    ok(run(b, &options, &stopped) == OQ_OK && bench_count(b, "Identity") == 1, "a skipped pass does not run");
    options = (oq_pipeline_options){.stop_after = "infer_shapes"};
    ok(run(b, &options, &stopped) == OQ_OK && stopped && bench_count(b, "Identity") == 1,
       "nothing runs after the pass to stop after");
    bench_free(b);
}

static void test_unknown_names(void)
{
    bench *b = identity_model();
    const char *skip[] = {"remove_noop"};
    oq_pipeline_options options = {.skip = skip, .n_skip = 1};
    bool stopped;

    ok(run(b, &options, &stopped) == OQ_ARG, "skipping a pass that does not exist is refused");
    ok(strstr(b->diag.message, "remove_noop") != NULL, "by name");
    oq_diag_clear(&b->diag);
    options = (oq_pipeline_options){.stop_after = "nowhere"};
    ok(run(b, &options, &stopped) == OQ_ARG, "so is stopping after one");
    oq_diag_clear(&b->diag);
    options = (oq_pipeline_options){.print_after = "nowhere"};
    ok(run(b, &options, &stopped) == OQ_ARG, "and printing after one");
    bench_free(b);
}

static void count_print(void *arg, const char *pass, const char *text)
{
    int *n = arg;

    if (strstr(text, "graph") && *pass)
        ++*n;
}

static void test_print(void)
{
    bench *b = identity_model();
    int n = 0, n_passes = 0;
    oq_pipeline_options options = {.print_after = "all", .print = count_print, .print_arg = &n};
    bool stopped;

    while (oq_pass_at((size_t)n_passes) &&
           oq_pass_at((size_t)n_passes)->flags & (OQ_PASS_EXACT | OQ_PASS_CLOSE))
        n_passes++;
    ok(run(b, &options, &stopped) == OQ_OK, "the pipeline runs with dumps");
    ok(n >= n_passes && n_passes > 0, "one dump after each pass");
    bench_free(b);
}

static oq_status spoil(oq_graph *graph, oq_pass_ctx *ctx)
{
    (void)ctx;
    graph->n_nodes++;
    return OQ_OK;
}

static void test_validator_is_used(void)
{
    bench *b = identity_model();
    oq_pipeline_options options = {.verify_each = true};
    bool stopped;

    spoil(b->graph, &b->ctx);
    ok(run(b, &options, &stopped) == OQ_INTERNAL, "a graph that is inconsistent after a pass is a fault");
    ok(strstr(b->diag.notes, "in pass") != NULL, "and the pass is named");
    bench_free(b);
}

int main(void)
{
    test_table();
    test_run();
    test_skip_and_stop();
    test_unknown_names();
    test_print();
    test_validator_is_used();
    return tap_done();
}
