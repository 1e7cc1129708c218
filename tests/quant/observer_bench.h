/* observer_bench: seeded data of known shape, and what a range does to it. */
#ifndef OBSERVER_BENCH_H
#define OBSERVER_BENCH_H

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "quant/observer.h"
#include "tap/tap.h"

enum { BENCH_N = 20000 };

static const oq_range_goal asymmetric = {false, 256}, symmetric = {true, 256};

static inline oq_observer fresh(const oq_observer_kind *kind, oq_arena *arena)
{
    oq_observer o = {.kind = kind};

    if (oq_observer_start(&o, arena) != OQ_OK)
        tap_bail("out of memory");
    return o;
}

/* Sums of twelve: close to a normal distribution of deviation 1. */
static inline void fill_normal(float *x, size_t n, uint64_t seed)
{
    oq_rng rng = {seed};

    for (size_t i = 0; i < n; i++) {
        x[i] = -6;
        for (int k = 0; k < 12; k++)
            x[i] += oq_rng_float(&rng);
    }
}

/* Mean squared error of 256 codes over lo..hi, value by value. */
static inline double error_of_range(const float *x, size_t n, float lo, float hi)
{
    double step = ((double)fmaxf(hi, 0) - (double)fminf(lo, 0)) / 255, sum = 0;
    double first = rint((double)fminf(lo, 0) / step);

    for (size_t i = 0; i < n; i++) {
        double code = fmax(first, fmin(first + 255, rint((double)x[i] / step)));

        sum += pow((double)x[i] - code * step, 2);
    }
    return sum / (double)n;
}

/* The range a method gives for x. */
static inline void range_of(const oq_observer_kind *kind, const oq_range_goal *goal, const float *x, size_t n,
                            oq_arena *arena, float *lo, float *hi)
{
    oq_observer o = fresh(kind, arena);

    kind->observe(&o, x, n);
    kind->range(&o, goal, lo, hi);
}

#endif
