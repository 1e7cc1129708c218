/* rng: SplitMix64 (Steele, Lea, Flood 2014): a seed gives the same sequence everywhere. */
#ifndef OQ_BASE_RNG_H
#define OQ_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct oq_rng {
    uint64_t state; /* any seed is fine */
} oq_rng;

static inline uint64_t oq_rng_next(oq_rng *rng)
{
    uint64_t z = rng->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Uniform in 0..n-1 (n > 0); the bias of the multiply-shift form is below 2^-32 for n < 2^32. */
static inline uint64_t oq_rng_below(oq_rng *rng, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)oq_rng_next(rng) * n) >> 64);
}

/* The i-th of n positions below total (n <= total): one from each of n equal parts, so all differ and ascend.
 */
static inline size_t oq_rng_spread(oq_rng *rng, size_t i, size_t n, size_t total)
{
    size_t from = i * total / n, to = (i + 1) * total / n;

    return to - from > 1 ? from + (size_t)oq_rng_below(rng, to - from) : from;
}

/* Uniform in [0, 1). */
static inline float oq_rng_float(oq_rng *rng)
{
    return (float)(oq_rng_next(rng) >> 40) * 0x1p-24f;
}

#endif
