#include <math.h>
#include <string.h>

#include "quant/quant_bench.h"
#include "verify/verify.h"

static oq_status fetch(void *arg, size_t sample, oq_arena *arena, oq_array *feeds, oq_diag *diag)
{
    float *x = OQ_NEW_ARRAY(arena, float, 192);

    (void)arg, (void)diag;
    for (int i = 0; x && i < 192; i++)
        x[i] = sinf((float)(i + 1) * (float)(sample + 1));
    feeds[0] =
        (oq_array){.dtype = OQ_FLOAT, .rank = 4, .dims = {1, 3, 8, 8}, .n = 192, .data = x, .size = 768};
    return x ? OQ_OK : OQ_NOMEM;
}

typedef struct {
    oq_verify_result result;
    oq_arena *arena;
    oq_diag diag;
    oq_status status;
} judged;

static bool stop_second(void *arg, const char *stage, size_t done, size_t total)
{
    (void)arg, (void)total;
    return strcmp(stage, "verify") != 0 || done < 2;
}

/* Five samples. */
static judged judge(oq_model *reference, oq_model *quantized, oq_verify_options options, int threads)
{
    static const size_t samples[] = {0, 1, 2, 3, 4};
    judged j = {.arena = oq_arena_new(0)};
    oq_pool *pool = oq_pool_new(threads);
    oq_dataset *dataset = NULL;

    options.samples = samples;
    options.n_samples = 5;
    if (oq_dataset_from_callback(reference->graph, 5, fetch, NULL, &dataset, &j.diag) != OQ_OK)
        tap_bail("no samples: %s", j.diag.message);
    j.status = oq_verify(reference, quantized, dataset, &options, pool, j.arena, &j.result, &j.diag);
    oq_dataset_close(dataset);
    oq_pool_free(pool);
    return j;
}

static net quantized_net(void)
{
    net n = net_new();

    net_plan(&n, &quant_defaults, -4, 4);
    net_quantize(&n, oq_clean_qdq);
    return n;
}

static void test_same(void)
{
    net a = net_new(), b = net_new();
    judged j =
        judge(a.b->model, b.b->model, (oq_verify_options){.with_outputs = true, .with_layers = true}, 1);

    is_int(j.status, OQ_OK, "a model is compared with itself");
    is_float(j.result.mean_db, 200, 0, "no noise");
    is_int(j.result.n_layers, 2, "two units");
    ok(!j.result.has_agreement, "an image is no row of scores");
    oq_arena_free(j.arena);
    net_free(&a);
    net_free(&b);
}

static void test_quantized(void)
{
    const oq_verify_options all = {.with_outputs = true, .with_layers = true, .with_integer = true};
    net a = net_new(), b = quantized_net();
    judged one = judge(a.b->model, b.b->model, all, 1), four = judge(a.b->model, b.b->model, all, 4);

    is_int(one.status, OQ_OK, "a quantized model is compared with the float one");
    ok(one.result.mean_db > 20 && one.result.mean_db < 100, "with some noise: %.1f dB", one.result.mean_db);
    ok(one.result.outputs[0].worst_db <= one.result.outputs[0].fake_db, "the worst sample is below the mean");
    ok(one.result.outputs[0].integer_db > one.result.outputs[0].fake_db, "integers are closer to fake quant");
    is_mem(&one.result.mean_db, &four.result.mean_db, sizeof(double), "four threads give the same bits");
    is_str(one.result.layers[0].name, "c1", "layers come in the order of the graph");
    oq_arena_free(one.arena);
    oq_arena_free(four.arena);
    net_free(&a);
    net_free(&b);
}

static void test_codes(void)
{
    net a = net_new(), b = quantized_net();
    judged j = judge(a.b->model, b.b->model, (oq_verify_options){.with_codes = true}, 2);

    is_int(j.status, OQ_OK, "integer units are held against the simulation");
    ok(j.result.n_codes > 0, "%zu codes are compared", j.result.n_codes);
    ok(j.result.n_codes_differ == j.result.n_ties, "where they differ there was a tie");
    oq_arena_free(j.arena);
    net_free(&a);
    net_free(&b);
}

/* The reference's outputs given beforehand, as a run would find them. */
static void test_known_reference(void)
{
    oq_verify_options options = {.with_outputs = true, .integer_only = true};
    net a = net_new(), b = quantized_net();
    judged run = judge(a.b->model, b.b->model, options, 2), known;
    oq_arena *arena = oq_arena_new(0);
    oq_array *outputs = OQ_NEW_ARRAY(arena, oq_array, 5), feed;
    oq_exec_options exec = {.mode = OQ_EXEC_FLOAT};
    oq_program *program = NULL;
    oq_runner *runner = NULL;

    if (oq_program_compile(a.b->graph, &exec, &program, NULL) != OQ_OK ||
        oq_runner_new(program, NULL, &runner, NULL) != OQ_OK)
        tap_bail("the reference does not compile");
    for (size_t i = 0; i < 5; i++) {
        fetch(NULL, i, arena, &feed, NULL);
        oq_runner_run(runner, &feed, NULL, NULL, NULL);
        outputs[i] = *oq_runner_output(runner, 0);
        outputs[i].data = oq_arena_copy(arena, outputs[i].data, outputs[i].size);
    }
    options.reference_outputs = outputs;
    known = judge(a.b->model, b.b->model, options, 2);
    is_int(known.status, OQ_OK, "the reference need not run when its outputs are known");
    is_mem(&run.result.mean_db, &known.result.mean_db, sizeof(double), "the figure is the same");
    ok(known.result.mean_db > 20 && known.result.mean_db < 100, "that of the integer run: %.1f dB",
       known.result.mean_db);
    oq_runner_free(runner);
    oq_program_free(program);
    oq_arena_free(arena);
    oq_arena_free(run.arena);
    oq_arena_free(known.arena);
    net_free(&a);
    net_free(&b);
}

static void test_faults(void)
{
    net a = net_new(), b = net_new();
    judged j =
        judge(a.b->model, b.b->model, (oq_verify_options){.with_outputs = true, .progress = stop_second}, 1);

    is_int(j.status, OQ_CANCELLED, "progress can stop it");
    oq_arena_free(j.arena);
    bench_output(b.b, b.conv1->outputs[0]);
    j = judge(a.b->model, b.b->model, (oq_verify_options){.with_outputs = true}, 1);
    is_int(j.status, OQ_ARG, "models with other outputs do not correspond");
    ok(strstr(j.diag.message, "1 and 2 outputs"), "the message counts them");
    oq_arena_free(j.arena);
    net_free(&a);
    net_free(&b);
}

int main(void)
{
    test_same();
    test_quantized();
    test_codes();
    test_known_reference();
    test_faults();
    return tap_done();
}
