/* recipes: the scenarios of PyTorch's test as data, and how each is drawn. */
#ifndef RECIPES_H
#define RECIPES_H

#include "seed/seed_mode.h"

extern const seed_recipe seed_per_tensor, seed_per_channel, seed_qat, seed_weight_only, seed_activation_only;

/* The model first, then its data. */
seed_samples seed_draw_model_first(uint32_t seed, size_t n_calib, size_t n_eval, torch_weights *weights);
/* Scenario 4: data first, then two models, the second behind what the first one's prepare_qat draws. */
seed_samples seed_draw_data_first(uint32_t seed, torch_weights weights[2]);

#endif
