/* filling: seeded numbers for tests. */
#ifndef OQ_TESTS_OP_FILLING_H
#define OQ_TESTS_OP_FILLING_H

#include <stdlib.h>

#include "base/rng.h"

/* n floats in [-1, 1); free() them. */
static inline float *some_floats(size_t n, uint64_t seed)
{
    oq_rng rng = {seed};
    float *x = malloc((n + 1) * sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = oq_rng_float(&rng) * 2 - 1;
    return x;
}

#endif
