/* observer_mean: the smallest and the largest value of each sample, averaged over samples.
 *
 * A sum of floats depends on their order, and workers finish in any. So the sums are exact: mantissas are
 * added as integers, one sum for each exponent, and meet only when the mean is asked for.
 */
#include <math.h>
#include <string.h>

#include "quant/observer.h"

#define MANTISSA_BITS 24
#define LEAST         -160 /* below the exponent of any float */
#define N_EXPONENTS   300

typedef struct exact_sum {
    int64_t part[N_EXPONENTS]; /* part[e]: sum of mantissas, in units of 2^(e + LEAST - MANTISSA_BITS) */
} exact_sum;

typedef struct means {
    exact_sum lo, hi;
    size_t n_calls;
} means;

static void add(exact_sum *sum, float x)
{
    int exponent;
    float fraction = frexpf(x, &exponent);

    sum->part[exponent - LEAST] += (int64_t)ldexpf(fraction, MANTISSA_BITS);
}

static double total(const exact_sum *sum)
{
    double x = 0;

    for (int e = N_EXPONENTS - 1; e >= 0; e--)
        x += ldexp((double)sum->part[e], e + LEAST - MANTISSA_BITS);
    return x;
}

static oq_status start(oq_observer *observer, oq_arena *arena)
{
    if (!observer->extra)
        observer->extra = oq_arena_alloc(arena, sizeof(means));
    if (!observer->extra)
        return OQ_NOMEM;
    memset(observer->extra, 0, sizeof(means));
    return OQ_OK;
}

static void observe(oq_observer *observer, const float *x, size_t n)
{
    means *m = observer->extra;
    oq_observer call = {.lo = INFINITY, .hi = -INFINITY};

    oq_observer_add_extremes(&call, x, n);
    oq_observer_merge_extremes(observer, &call);
    if (call.n_seen == 0)
        return;
    add(&m->lo, call.lo);
    add(&m->hi, call.hi);
    m->n_calls++;
}

static oq_status merge(oq_observer *into, const oq_observer *from)
{
    means *a = into->extra;
    const means *b = from->extra;

    oq_observer_merge_extremes(into, from);
    for (int e = 0; e < N_EXPONENTS; e++) {
        a->lo.part[e] += b->lo.part[e];
        a->hi.part[e] += b->hi.part[e];
    }
    a->n_calls += b->n_calls;
    return OQ_OK;
}

static void range(const oq_observer *observer, const oq_range_goal *goal, float *lo, float *hi)
{
    const means *m = observer->extra;

    (void)goal;
    *lo = m->n_calls ? (float)(total(&m->lo) / (double)m->n_calls) : observer->lo;
    *hi = m->n_calls ? (float)(total(&m->hi) / (double)m->n_calls) : observer->hi;
}

const oq_observer_kind oq_observer_mean = {
    .name = "mean",
    .summary = "smallest and largest value of each sample, averaged over samples",
    .is_order_free = true,
    .start = start,
    .observe = observe,
    .merge = merge,
    .range = range,
    .share_outside = NULL,
};
