/* seed_mode: one of the seed's networks through the whole line by PyTorch's rules: float, fake quant, true
 * quant.
 */
#ifndef SEED_MODE_H
#define SEED_MODE_H

#include "quant/calibrate.h"
#include "seed/torch_random.h"

enum { SEED_MOST_OUTPUTS = 256, SEED_MOST_STEPS = 16, SEED_SAMPLE = 3 * 15 * 15 };

/* Calibration and evaluation input, 64-byte aligned, one batch each. */
typedef struct seed_samples {
    float *calib, *eval;
    size_t n_calib, n_eval;
} seed_samples;

typedef struct seed_recipe {
    const oq_observer_kind *observer;
    bool per_tensor;
    bool float_weights, float_activations;
} seed_recipe;

/* An integer tensor of the true-quant run. */
typedef struct seed_step {
    const oq_node *node;   /* the compute node */
    const oq_value *codes; /* made by a QuantizeLinear */
    const uint8_t *data;   /* n of them; freed with the run */
    size_t n;
} seed_step;

typedef struct seed_run {
    oq_model *model; /* as it was left: QDQ, or with FakeQuant when stopped there */
    oq_plan *plan;
    oq_arena *arena;
    oq_pool *pool;
    oq_diag diag;
    size_t n_out;
    float ref[SEED_MOST_OUTPUTS];   /* float model */
    float fake[SEED_MOST_OUTPUTS];  /* with FakeQuant */
    float truth[SEED_MOST_OUTPUTS]; /* integer run, dequantized */
    seed_step steps[SEED_MOST_STEPS];
    size_t n_steps;
} seed_run;

/* The next n_calib and n_eval samples of the generator. */
seed_samples seed_draw(torch_random *random, size_t n_calib, size_t n_eval);
void seed_free_samples(seed_samples *samples);
/* Path of a file of tests/data/seed; static buffer. */
const char *seed_file(const char *name);

/* Float and fake quant: fills ref and fake. weights replace those of the file; NULL: as in the file. Bails
 * out when anything fails. */
void seed_fake(seed_run *run, const char *model, const torch_weights *weights, const seed_samples *samples,
               const seed_recipe *recipe);
/* Goes on to true quant: fills truth and steps. */
void seed_true(seed_run *run, const seed_samples *samples);
void seed_end(seed_run *run);

double seed_db(const float *ref, const float *got, size_t n);

/* The n-th node of a type (from 0) in graph order; NULL: fewer. */
const oq_node *seed_node(const seed_run *run, const char *op_type, int nth);
/* The FakeQuant (or QuantizeLinear) that reads value, or the Relu behind it. */
const oq_node *seed_pair(const oq_value *value);

#endif
