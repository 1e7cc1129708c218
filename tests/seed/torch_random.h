/* torch_random: PyTorch's CPU random numbers, so that the seed's weights and samples are made again from a
 * seed instead of being kept.
 *
 * Generator: mt19937, seeded with the seed. uniform: (next32 & (2^24 - 1)) * 2^-24 * (to - from) + from in
 * float32, one draw per element.
 */
#ifndef TORCH_RANDOM_H
#define TORCH_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct torch_random {
    uint32_t state[624];
    size_t at; /* next word of state; 624: make new ones first */
} torch_random;

/* Weights of the seed's two networks: the same numbers in both. */
typedef struct torch_weights {
    float conv1[9], conv2[9]; /* [3,3,1,1] */
    float fc[72], fc_bias[6]; /* [6,12] */
} torch_weights;

void torch_seed(torch_random *random, uint32_t seed);
uint32_t torch_next(torch_random *random);
void torch_uniform(torch_random *random, float *x, size_t n, double from, double to);
/* What constructing a network draws: Kaiming uniform with a = sqrt(5), that is +-1 / sqrt(fan in). */
void torch_construct(torch_random *random, torch_weights *weights);
/* What prepare_qat draws and throws away: it builds the quantized modules before it copies the weights. */
void torch_prepare_qat(torch_random *random);

#endif
