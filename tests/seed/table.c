/* The six figures of PyTorch's test: upstream's threshold, PyTorch, ours by PyTorch's rules, ours by default.
 * What `make check-seed` prints; the test passes when our figures hold. */
#include <math.h>
#include <stdio.h>

#include "seed/default_mode.h"
#include "seed/recipes.h"
#include "tap/tap.h"

enum { N_ROWS = 8 };

typedef struct row {
    const char *scenario;
    double threshold, pytorch; /* dB; pytorch: as its test means it, 1.13.1 */
    double seed_mode, by_default;
    double per_channel; /* weights only: the same with one scale per channel, which PyTorch has not; 0
                           elsewhere */
} row;

static row rows[N_ROWS] = {
    {"1  per tensor, true against float", 30, 41.50, 0, 0, 0},
    {"2  per channel, true against float", 35, 39.98, 0, 0, 0},
    {"3a fake quant against float", 35, 36.36, 0, 0, 0},
    {"3b true quant against fake quant", 60, 205.24, 0, 0, 0},
    {"4  activations only, model 0", 35, 39.93, 0, 0, 0},
    {"4  activations only, model 1", 35, 41.42, 0, 0, 0},
    /* PyTorch's recipe has one scale per tensor here, as in scenario 1. */
    {"4  weights only, model 0", 45, 48.80, 0, 0, 0},
    {"4  weights only, model 1", 45, 45.88, 0, 0, 0},
};

static void with_per_tensor(oq_options *options)
{
    options->per_tensor = 1;
}

static void with_float_weights(oq_options *options)
{
    options->weights = "none";
}

static void with_float_activations(oq_options *options)
{
    options->activations = "none";
}

static void with_float_activations_per_tensor(oq_options *options)
{
    options->activations = "none";
    options->per_tensor = 1;
}

/* Scenarios 1 and 2. */
static void measure_ptq(row *r, const char *model, const seed_samples *samples, const seed_recipe *recipe,
                        change_options *change)
{
    seed_run run;

    seed_fake(&run, model, NULL, samples, recipe);
    seed_true(&run, samples);
    r->seed_mode = seed_db(run.ref, run.truth, run.n_out);
    seed_end(&run);
    r->by_default = default_convert(model, samples, change).integer_db;
}

static void measure_3(row *fake, row *between, const char *model, const seed_samples *samples)
{
    default_figures figures = default_convert(model, samples, NULL);
    seed_run run;

    seed_fake(&run, model, NULL, samples, &seed_qat);
    seed_true(&run, samples);
    fake->seed_mode = seed_db(run.ref, run.fake, run.n_out);
    between->seed_mode = seed_db(run.fake, run.truth, run.n_out);
    seed_end(&run);
    fake->by_default = figures.fake_db;
    between->by_default = figures.between_db;
}

static void measure_4(row *r, const char *model, const seed_samples *samples, const seed_recipe *recipe,
                      change_options *change)
{
    seed_run run;

    seed_fake(&run, model, NULL, samples, recipe);
    r->seed_mode = seed_db(run.ref, run.fake, run.n_out);
    seed_end(&run);
    r->by_default = default_convert(model, samples, change).fake_db;
}

static void measure(void)
{
    static const char *const models[] = {"models/s4_noavgpool_seed67_model0.bn-op13.onnx",
                                         "models/s4_noavgpool_seed67_model1.bn-op13.onnx"};
    torch_weights weights[2];
    seed_samples samples = seed_draw_model_first(42, 1024, 1, weights);

    measure_ptq(&rows[0], "models/s1_multiple_ops_seed42.bn-op13.onnx", &samples, &seed_per_tensor,
                with_per_tensor);
    seed_free_samples(&samples);
    samples = seed_draw_model_first(67, 2048, 10, weights);
    measure_ptq(&rows[1], "models/s2_multiple_ops_seed67.bn-op13.onnx", &samples, &seed_per_channel, NULL);
    measure_3(&rows[2], &rows[3], "models/s3_noavgpool_seed67.bn-op13.onnx", &samples);
    seed_free_samples(&samples);
    samples = seed_draw_data_first(67, weights);
    for (int i = 0; i < 2; i++) {
        measure_4(&rows[4 + i], models[i], &samples, &seed_activation_only, with_float_weights);
        measure_4(&rows[6 + i], models[i], &samples, &seed_weight_only, with_float_activations_per_tensor);
        rows[6 + i].per_channel = default_convert(models[i], &samples, with_float_activations).fake_db;
    }
    seed_free_samples(&samples);
}

/* PyTorch's 205 dB is its way to say "no bit differs"; ours is 200. */
static double at_most_200(double db)
{
    return fmin(db, 200);
}

int main(void)
{
    measure();
    tap_diag("%-36s %8s %8s %10s %8s", "SQNR in dB", "upstream", "PyTorch", "seed mode", "default");
    for (int i = 0; i < N_ROWS; i++)
        tap_diag("%-36s %8.0f %8.2f %10.2f %8.2f", rows[i].scenario, rows[i].threshold, rows[i].pytorch,
                 rows[i].seed_mode, rows[i].by_default);
    tap_diag("weights only, one scale per channel: model 0 %.2f, model 1 %.2f", rows[6].per_channel,
             rows[7].per_channel);
    for (int i = 0; i < N_ROWS; i++) {
        const row *r = &rows[i];
        double want = at_most_200(r->pytorch);

        ok(fabs(r->seed_mode - want) <= 0.1, "%s: seed mode %.2f dB is PyTorch's", r->scenario, r->seed_mode);
        ok(r->by_default >= r->threshold, "%s: by default %.2f dB, upstream wants %.0f", r->scenario,
           r->by_default, r->threshold);
        ok(i == 3 || r->by_default >= r->pytorch - 0.005, "%s: by default %.2f dB, PyTorch has %.2f",
           r->scenario, r->by_default, r->pytorch);
    }
    return tap_done();
}
