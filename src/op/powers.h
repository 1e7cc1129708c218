/* powers: |x|^p and its root, for the Lp operators; p is a positive integer. */
#ifndef OQ_OP_POWERS_H
#define OQ_OP_POWERS_H

#include <math.h>
#include <stdint.h>

static inline float oq_abs_power(float x, int64_t p)
{
    float a = fabsf(x);

    return p == 1 ? a : p == 2 ? a * a : powf(a, (float)p);
}

static inline float oq_power_root(float sum, int64_t p)
{
    return p == 1 ? sum : p == 2 ? sqrtf(sum) : powf(sum, 1 / (float)p);
}

#endif
