#include "seed/recipes.h"

const seed_recipe seed_per_tensor = {.observer = &oq_observer_minmax, .per_tensor = true};
const seed_recipe seed_per_channel = {.observer = &oq_observer_minmax};
const seed_recipe seed_qat = {.observer = &oq_observer_moving_average, .per_tensor = true};
const seed_recipe seed_weight_only = {
    .observer = &oq_observer_moving_average, .per_tensor = true, .float_activations = true};
const seed_recipe seed_activation_only = {
    .observer = &oq_observer_moving_average, .per_tensor = true, .float_weights = true};

seed_samples seed_draw_model_first(uint32_t seed, size_t n_calib, size_t n_eval, torch_weights *weights)
{
    torch_random random;

    torch_seed(&random, seed);
    torch_construct(&random, weights);
    return seed_draw(&random, n_calib, n_eval);
}

seed_samples seed_draw_data_first(uint32_t seed, torch_weights weights[2])
{
    torch_random random;
    seed_samples samples;

    torch_seed(&random, seed);
    samples = seed_draw(&random, 2048, 10);
    torch_construct(&random, &weights[0]);
    torch_prepare_qat(&random);
    torch_construct(&random, &weights[1]);
    return samples;
}
