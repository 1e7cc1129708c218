/* expected: what PyTorch computed, and how a run of ours compares with it. */
#ifndef EXPECTED_H
#define EXPECTED_H

#include <jansson.h>

#include "data/npz.h"
#include "seed/seed_mode.h"

typedef struct expected {
    json_t *json;
    oq_npz *npz;
} expected;

json_t *expected_json(const char *name);  /* of tests/data/seed; bails out */
expected expected_open(const char *name); /* expected/NAME.json and .npz */
void expected_close(expected *e);
/* Elements of an array of floats or bytes; NULL when there is none of that name. */
const void *expected_array(const expected *e, const char *name, size_t *n);

/* Largest relative difference of scales, and number of zero points that differ, over the modules of `fake`
 * (observers) or of `converted` (true quant); modules that have no pair here count as a difference. */
typedef struct params_diff {
    double scale;
    size_t n_scales, n_zero_points;
} params_diff;
params_diff expected_fake_params(const expected *e, const seed_run *run);
params_diff expected_true_params(const expected *e, const seed_run *run);
/* Integer weights that differ from `converted`. */
size_t expected_weights(const expected *e, const seed_run *run, size_t *n);
/* Integers of the steps that differ; SIZE_MAX when the steps do not correspond. */
size_t expected_steps(const expected *e, const seed_run *run, size_t *n);

#endif
