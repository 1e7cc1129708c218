#include "seed/torch_random.h"

#include <math.h>

enum { WORDS = 624, MIDDLE = 397 };

void torch_seed(torch_random *random, uint32_t seed)
{
    random->state[0] = seed;
    for (uint32_t i = 1; i < WORDS; i++) {
        uint32_t last = random->state[i - 1];

        random->state[i] = 1812433253u * (last ^ last >> 30) + i;
    }
    random->at = WORDS;
}

static void make_words(torch_random *random)
{
    uint32_t *s = random->state;

    for (size_t i = 0; i < WORDS; i++) {
        uint32_t y = (s[i] & 0x80000000u) | (s[(i + 1) % WORDS] & 0x7fffffffu);

        s[i] = s[(i + MIDDLE) % WORDS] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    random->at = 0;
}

uint32_t torch_next(torch_random *random)
{
    uint32_t y;

    if (random->at == WORDS)
        make_words(random);
    y = random->state[random->at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

void torch_uniform(torch_random *random, float *x, size_t n, double from, double to)
{
    float low = (float)from, width = (float)to - (float)from;

    for (size_t i = 0; i < n; i++) {
        float unit = (float)(torch_next(random) & 0xffffffu) * 0x1p-24f;

        x[i] = fmaf(unit, width, low);
    }
}

/* bound = sqrt(3) * sqrt(2 / (1 + 5)) / sqrt(fan in), in double as Python computes it. */
static void kaiming(torch_random *random, float *x, size_t n, double fan_in)
{
    double bound = sqrt(3.0) * (sqrt(2.0 / (1.0 + 5.0)) / sqrt(fan_in));

    torch_uniform(random, x, n, -bound, bound);
}

void torch_construct(torch_random *random, torch_weights *weights)
{
    double bias_bound = 1.0 / sqrt(12.0);

    kaiming(random, weights->conv1, 9, 3);
    kaiming(random, weights->conv2, 9, 3);
    kaiming(random, weights->fc, 72, 12);
    torch_uniform(random, weights->fc_bias, 6, -bias_bound, bias_bound);
}

void torch_prepare_qat(torch_random *random)
{
    torch_weights unused;
    float bn_weight[3]; /* the module that holds Conv and BatchNormalization draws the latter's weight */

    torch_uniform(random, bn_weight, 3, 0, 1);
    torch_construct(random, &unused);
}
