/* fit_bench: a model of a test fitted layer by layer, beside the same one rounded to nearest. */
#ifndef OQ_TESTS_FIT_BENCH_H
#define OQ_TESTS_FIT_BENCH_H

#include "quant/layerwise.h"
#include "quant/quant_bench.h"

#define FIT_SAMPLES 24

typedef struct fit_bench {
    bench *b;          /* the float model: its one input is fed with seeded values, most of them above 0 */
    oq_model *rounded; /* its clone with FakeQuant, fitted */
    oq_plan *plan;     /* of the clone */
    oq_layerwise_options options;
    size_t samples[FIT_SAMPLES];
    size_t bad_at; /* sample with an infinity and a NaN in it; SIZE_MAX: none */
    size_t n_fetched;
    bool per_tensor;
} fit_bench;

/* b: with its shapes inferred; freed by fit_close. Options: the whole recipe, all samples. */
fit_bench *fit_open(bench *b);
void fit_close(fit_bench *f);
/* Calibrate, round the activations, fit. Again: from the start. */
oq_status fit_run(fit_bench *f, int threads);
/* The dataset, and the rounded clone alone, for tests of what is below layerwise. */
oq_dataset *fit_dataset(fit_bench *f);
void fit_round_activations(fit_bench *f, oq_dataset *dataset, oq_pool *pool);
/* The fit of the node of the float model that gives `output`; NULL: none. */
const oq_unit_fit *fit_of(const fit_bench *f, const char *output);
/* SQNR in dB of output 0 of the rounded model with its fits, over all samples. */
double fit_sqnr(fit_bench *f);
/* Is every weight a whole number of -127..127 times its scale? */
bool fit_on_grid(const oq_unit_fit *fit);

#endif
