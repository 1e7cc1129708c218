#include "seed/seed_mode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/import.h"
#include "pass/pass.h"
#include "tap/tap.h"
#include "verify/verify.h"

/* ---- samples */

static float *draw(torch_random *random, size_t n_samples)
{
    size_t n = n_samples * SEED_SAMPLE, size = (n * sizeof(float) + 63) / 64 * 64;
    float *x = aligned_alloc(64, size);

    if (!x)
        tap_bail("no memory for %zu samples", n_samples);
    torch_uniform(random, x, n, 0, 1);
    return x;
}

seed_samples seed_draw(torch_random *random, size_t n_calib, size_t n_eval)
{
    seed_samples samples = {.n_calib = n_calib, .n_eval = n_eval};

    samples.calib = draw(random, n_calib);
    samples.eval = draw(random, n_eval);
    return samples;
}

void seed_free_samples(seed_samples *samples)
{
    free(samples->calib);
    free(samples->eval);
}

const char *seed_file(const char *name)
{
    static char relative[256];

    snprintf(relative, sizeof relative, "tests/data/seed/%s", name);
    return tap_source(relative);
}

static oq_array batch_of(float *x, size_t n_samples)
{
    size_t n = n_samples * SEED_SAMPLE;

    return (oq_array){.dtype = OQ_FLOAT,
                      .rank = 4,
                      .dims = {(int64_t)n_samples, 3, 15, 15},
                      .n = n,
                      .data = x,
                      .size = n * sizeof *x};
}

/* ---- stages */

static void must(seed_run *run, oq_status status, const char *what)
{
    if (status != OQ_OK)
        tap_bail("%s: %s %s", what, run->diag.message, run->diag.notes);
}

static void set_weight(seed_run *run, const char *name, const float *x)
{
    oq_value *value = oq_value_find(run->model->graph, name);
    const oq_tensor *old = oq_value_constant(value);

    if (!old)
        tap_bail("no weight %s", name);
    must(run, oq_value_set_constant(value, oq_tensor_from_floats(run->model->arena, x, old->dims, old->rank)),
         name);
}

static void load(seed_run *run, const char *model, const torch_weights *weights)
{
    *run = (seed_run){.arena = oq_arena_new(0), .pool = oq_pool_new(0)};
    must(run, oq_import_file(seed_file(model), NULL, &run->model, &run->diag), model);
    if (!weights)
        return;
    set_weight(run, "conv1.weight", weights->conv1);
    set_weight(run, "conv2.weight", weights->conv2);
    set_weight(run, "fc.weight", weights->fc);
    set_weight(run, "fc.bias", weights->fc_bias);
}

/* Run the graph as it stands on the evaluation batch. */
static void evaluate(seed_run *run, const seed_samples *samples, oq_exec_mode mode, oq_hook *hook, float *out)
{
    oq_exec_options options = {.mode = mode};
    oq_array feed = batch_of(samples->eval, samples->n_eval);
    oq_program *program;
    oq_runner *runner;
    const oq_array *result;

    must(run, oq_program_compile(run->model->graph, &options, &program, &run->diag), "compile");
    must(run, oq_runner_new(program, run->pool, &runner, &run->diag), "runner");
    must(run, oq_runner_run(runner, &feed, hook, run, &run->diag), "run");
    result = oq_runner_output(runner, 0);
    if (result->n > SEED_MOST_OUTPUTS)
        tap_bail("%zu outputs", result->n);
    run->n_out = result->n;
    memcpy(out, result->data, result->n * sizeof *out);
    oq_runner_free(runner);
    oq_program_free(program);
}

static void apply(seed_run *run, unsigned which, const char *const *skip, size_t n_skip)
{
    oq_pass_ctx ctx = {.arena = oq_arena_new(0), .plan = run->plan, .diag = &run->diag};
    oq_pipeline_options options = {.skip = skip, .n_skip = n_skip, .verify_each = true};

    must(run, oq_pipeline_run(run->model->graph, which, &ctx, &options, NULL, NULL), "passes");
    oq_arena_free(ctx.arena);
}

/* The whole calibration set as one call, as the seed does it. */
static oq_status fetch(void *arg, size_t sample, oq_arena *arena, oq_array *feeds, oq_diag *diag)
{
    const seed_samples *samples = arg;

    (void)sample, (void)arena, (void)diag;
    feeds[0] = batch_of(samples->calib, samples->n_calib);
    return OQ_OK;
}

static void calibrate(seed_run *run, const seed_samples *samples, const oq_observer_kind *observer)
{
    size_t first = 0;
    oq_calibrate_options options = {.observer = observer, .samples = &first, .n_samples = 1};
    oq_dataset *dataset;
    seed_samples copy = *samples;

    must(run, oq_dataset_from_callback(run->model->graph, 1, fetch, &copy, &dataset, &run->diag), "samples");
    must(run, oq_calibrate(run->plan, run->model, dataset, &options, run->pool, &run->diag), "calibrate");
    must(run, oq_plan_resolve(run->plan, run->model, &run->diag), "resolve");
    oq_dataset_close(dataset);
}

void seed_fake(seed_run *run, const char *model, const torch_weights *weights, const seed_samples *samples,
               const seed_recipe *recipe)
{
    static const char *const not_yet[] = {"bias", "lower_qdq",
                                          "clean_qdq"}; /* fake quant keeps a float bias */
    oq_quant_options options = {.placement = OQ_PLACE_TORCH,
                                .mode = OQ_QMODE_TORCH,
                                .activations = recipe->float_activations ? OQ_UNDEFINED : OQ_UINT8,
                                .weights = recipe->float_weights ? OQ_UNDEFINED : OQ_INT8,
                                .per_tensor = recipe->per_tensor,
                                .reduce_range = true};

    load(run, model, weights);
    evaluate(run, samples, OQ_EXEC_FLOAT, NULL, run->ref);
    must(run, oq_plan_new(run->model, &options, run->arena, &run->plan), "plan");
    apply(run, OQ_PASS_EXACT | OQ_PASS_CLOSE, NULL, 0);
    must(run, oq_plan_place(run->plan, run->model, &run->diag), "place");
    calibrate(run, samples, recipe->observer);
    apply(run, OQ_PASS_QUANT, not_yet, 3);
    evaluate(run, samples, OQ_EXEC_FLOAT, NULL, run->fake);
}

/* MaxPool of PyTorch's functional form and Reshape are no modules: the expected files do not list them. */
static bool is_module(const seed_run *run, const oq_node *node)
{
    bool is_behind_conv = run->n_steps > 0 && oq_node_is(run->steps[run->n_steps - 1].node, "Conv");

    return !oq_node_is(node, "Reshape") && !(oq_node_is(node, "MaxPool") && is_behind_conv);
}

static oq_status take_step(void *arg, const oq_node *node, const oq_value *value, const oq_array *array)
{
    seed_run *run = arg;

    if (array->dtype != OQ_UINT8 || !node || !is_module(run, node))
        return OQ_OK;
    if (run->n_steps == SEED_MOST_STEPS)
        return OQ_LIMIT;
    run->steps[run->n_steps++] =
        (seed_step){node, value, oq_arena_copy(run->arena, array->data, array->n), array->n};
    return OQ_OK;
}

void seed_true(seed_run *run, const seed_samples *samples)
{
    static const char *const done[] = {"fake_quant", "per_channel"};

    apply(run, OQ_PASS_QUANT, done, 2);
    evaluate(run, samples, OQ_EXEC_INTEGER, take_step, run->truth);
}

void seed_end(seed_run *run)
{
    oq_model_destroy(run->model);
    oq_pool_free(run->pool);
    oq_arena_free(run->arena);
}

double seed_db(const float *ref, const float *got, size_t n)
{
    return oq_sqnr_db(ref, got, n);
}

/* ---- looking at the graph */

const oq_node *seed_node(const seed_run *run, const char *op_type, int nth)
{
    OQ_FOR_EACH_NODE (run->model->graph, node) {
        if (oq_node_is(node, op_type) && nth-- == 0)
            return node;
    }
    return NULL;
}

static bool is_pair(const oq_node *node)
{
    return strcmp(node->op_type, "FakeQuant") == 0 || strcmp(node->op_type, "QuantizeLinear") == 0;
}

const oq_node *seed_pair(const oq_value *value)
{
    for (int i = 0; i < value->n_uses; i++) {
        if (is_pair(value->uses[i].node))
            return value->uses[i].node;
    }
    return value->n_uses == 1 && oq_node_is(value->uses[0].node, "Relu")
               ? seed_pair(value->uses[0].node->outputs[0])
               : NULL;
}
