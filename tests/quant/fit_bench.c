#include "quant/fit_bench.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

fit_bench *fit_open(bench *b)
{
    fit_bench *f = calloc(1, sizeof *f);

    if (!f)
        tap_bail("out of memory");
    f->b = b;
    f->bad_at = SIZE_MAX;
    for (size_t i = 0; i < FIT_SAMPLES; i++)
        f->samples[i] = i;
    f->options = (oq_layerwise_options){.samples = f->samples,
                                        .n_samples = FIT_SAMPLES,
                                        .damping = 0.01,
                                        .second_order = true,
                                        .correct_bias = true,
                                        .refit_gain = true,
                                        .gain_floor = 0.03};
    return f;
}

void fit_close(fit_bench *f)
{
    oq_model_destroy(f->rounded);
    bench_free(f->b);
    free(f);
}

static oq_status fetch(void *arg, size_t sample, oq_arena *arena, oq_array *feeds, oq_diag *diag)
{
    fit_bench *f = arg;
    const oq_shape *shape = &f->b->graph->inputs[0]->shape;
    oq_array *x = &feeds[0];
    oq_rng rng = {sample * 977 + 3};
    float *values;

    (void)diag;
    *x = (oq_array){.dtype = OQ_FLOAT, .rank = shape->rank};
    for (int i = 0; i < shape->rank; i++)
        x->dims[i] = shape->dims[i].size;
    x->n = oq_dims_product(x->dims, 0, x->rank);
    x->size = x->n * sizeof *values;
    x->data = values = oq_arena_alloc(arena, x->size);
    for (size_t i = 0; i < x->n; i++)
        values[i] = 1.5f * oq_rng_float(&rng) - 0.25f;
    if (sample == f->bad_at) {
        values[0] = INFINITY;
        values[x->n / 2] = NAN;
    }
    f->n_fetched++;
    return OQ_OK;
}

oq_dataset *fit_dataset(fit_bench *f)
{
    oq_dataset *dataset;

    if (oq_dataset_from_callback(f->b->graph, FIT_SAMPLES, fetch, f, &dataset, &f->b->diag) != OQ_OK)
        tap_bail("no data set: %s", f->b->diag.message);
    return dataset;
}

void fit_round_activations(fit_bench *f, oq_dataset *dataset, oq_pool *pool)
{
    oq_quant_options quant = quant_defaults;
    oq_diag *diag = &f->b->diag;
    oq_calibrate_options options = {
        .observer = &oq_observer_minmax, .samples = f->samples, .n_samples = FIT_SAMPLES};
    oq_pass_ctx ctx = {.arena = oq_arena_new(0), .diag = diag};

    quant.per_tensor = f->per_tensor;
    oq_model_destroy(f->rounded);
    f->rounded = oq_model_clone(f->b->model);
    if (!f->rounded || oq_plan_new(f->rounded, &quant, f->b->model->arena, &f->plan) != OQ_OK ||
        oq_plan_place(f->plan, f->rounded, diag) != OQ_OK ||
        oq_calibrate(f->plan, f->rounded, dataset, &options, pool, diag) != OQ_OK ||
        oq_plan_resolve(f->plan, f->rounded, diag) != OQ_OK)
        tap_bail("the activations cannot be rounded: %s", diag->message);
    ctx.plan = f->plan;
    if (oq_fake_quant(f->rounded->graph, &ctx) != OQ_OK)
        tap_bail("no FakeQuant: %s", diag->message);
    oq_arena_free(ctx.arena);
}

oq_status fit_run(fit_bench *f, int threads)
{
    oq_pool *pool = oq_pool_new(threads);
    oq_dataset *dataset = fit_dataset(f);
    oq_status status;

    oq_diag_clear(&f->b->diag);
    fit_round_activations(f, dataset, pool);
    f->n_fetched = 0;
    status = oq_layerwise(f->b->model, f->rounded, f->plan, dataset, &f->options, pool, &f->b->diag);
    oq_dataset_close(dataset);
    oq_pool_free(pool);
    return status;
}

const oq_unit_fit *fit_of(const fit_bench *f, const char *output)
{
    const oq_value *value = oq_value_find(f->b->graph, output);

    if (!value || !value->producer)
        tap_bail("no node gives '%s'", output);
    return f->plan->nodes[value->producer->id].fit;
}

/* Output 0 of each sample; free each. */
static void run_all(oq_model *model, const oq_dataset *dataset, float **outputs, size_t *n)
{
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    oq_arena *arena = oq_arena_new(0);
    oq_array feed;
    oq_diag diag = {.status = OQ_OK};

    if (oq_program_compile(model->graph, NULL, &program, &diag) != OQ_OK ||
        oq_runner_new(program, NULL, &runner, &diag) != OQ_OK)
        tap_bail("it cannot run: %s", diag.message);
    for (size_t i = 0; i < FIT_SAMPLES; i++) {
        const oq_array *out;

        if (oq_dataset_sample(dataset, i, arena, &feed, &diag) != OQ_OK ||
            oq_runner_run(runner, &feed, NULL, NULL, &diag) != OQ_OK)
            tap_bail("it does not run: %s", diag.message);
        out = oq_runner_output(runner, 0);
        *n = out->n;
        outputs[i] = malloc(out->size);
        memcpy(outputs[i], out->data, out->size);
    }
    oq_runner_free(runner);
    oq_program_free(program);
    oq_arena_free(arena);
}

double fit_sqnr(fit_bench *f)
{
    oq_pass_ctx ctx = {.arena = oq_arena_new(0), .diag = &f->b->diag, .plan = f->plan};
    oq_dataset *dataset = fit_dataset(f);
    float *want[FIT_SAMPLES], *got[FIT_SAMPLES];
    double signal = 0, noise = 0;
    size_t n;

    if (oq_correct(f->rounded->graph, &ctx) != OQ_OK ||
        oq_graph_check(f->rounded->graph, &f->b->diag) != OQ_OK)
        tap_bail("the fits cannot be applied: %s", f->b->diag.message);
    run_all(f->b->model, dataset, want, &n);
    run_all(f->rounded, dataset, got, &n);
    for (size_t s = 0; s < FIT_SAMPLES; s++) {
        for (size_t i = 0; i < n; i++) {
            double w = (double)want[s][i], d = w - (double)got[s][i];

            signal += w * w;
            noise += d * d;
        }
        free(want[s]);
        free(got[s]);
    }
    oq_dataset_close(dataset);
    oq_arena_free(ctx.arena);
    return 10 * log10(signal / noise);
}

bool fit_on_grid(const oq_unit_fit *fit)
{
    const oq_tensor *w = fit->weight;
    int axis = fit->scale.axis;
    size_t inner = axis < 0 ? 1 : oq_dims_product(w->dims, axis + 1, w->rank);

    for (size_t i = 0; i < w->n_elements; i++) {
        double scale = (double)fit->scale.scale[fit->scale.n == 1 ? 0 : i / inner % fit->scale.n], code;
        float x;

        if (!oq_tensor_floats_at(w, i, 1, &x))
            return false;
        code = (double)x / scale;
        if (!(fabs(code - rint(code)) < 1e-4) || fabs(code) > 127.001)
            return false;
    }
    return w->n_elements > 0;
}
