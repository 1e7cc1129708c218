/* observer: the kinds, and min-max in its plain and moving-average form. */
#include "quant/observer.h"

#include <math.h>
#include <string.h>

/* Minimum and maximum of the finite elements; returns how many there are. Sixteen lanes let the compiler
 * vectorise; the result does not depend on them (min and max have no rounding). */
static size_t finite_range(const float *x, size_t n, float *lo, float *hi)
{
    float low[16], high[16];
    size_t n_finite = 0, i = 0;

    for (int k = 0; k < 16; k++) {
        low[k] = INFINITY;
        high[k] = -INFINITY;
    }
    for (; i + 16 <= n; i += 16) {
        for (int k = 0; k < 16; k++) {
            float v = x[i + (size_t)k];
            int is_finite = fabsf(v) <= 3.402823466e38f;

            n_finite += (size_t)is_finite;
            low[k] = is_finite && v < low[k] ? v : low[k];
            high[k] = is_finite && v > high[k] ? v : high[k];
        }
    }
    for (; i < n; i++) {
        if (!isfinite(x[i]))
            continue;
        n_finite++;
        low[0] = fminf(low[0], x[i]);
        high[0] = fmaxf(high[0], x[i]);
    }
    *lo = INFINITY;
    *hi = -INFINITY;
    for (int k = 0; k < 16; k++) {
        *lo = fminf(*lo, low[k]);
        *hi = fmaxf(*hi, high[k]);
    }
    return n_finite;
}

static oq_status start(oq_observer *observer, oq_arena *arena)
{
    (void)arena;
    observer->lo = INFINITY;
    observer->hi = -INFINITY;
    observer->n_seen = observer->n_not_finite = 0;
    observer->extra = NULL;
    return OQ_OK;
}

static void minmax_observe(oq_observer *observer, const float *x, size_t n)
{
    float lo, hi;
    size_t n_finite = finite_range(x, n, &lo, &hi);

    observer->n_seen += n_finite;
    observer->n_not_finite += n - n_finite;
    observer->lo = fminf(observer->lo, lo);
    observer->hi = fmaxf(observer->hi, hi);
}

static oq_status minmax_merge(oq_observer *into, const oq_observer *from)
{
    into->n_seen += from->n_seen;
    into->n_not_finite += from->n_not_finite;
    into->lo = fminf(into->lo, from->lo);
    into->hi = fmaxf(into->hi, from->hi);
    return OQ_OK;
}

static void range(const oq_observer *observer, float *lo, float *hi)
{
    *lo = observer->lo;
    *hi = observer->hi;
}

/* PyTorch's rule: the first call sets, each later one moves by 0.01 of the difference; a call counts once,
 * however many samples it holds (seed-semantics 3.3). */
static void moving_average_observe(oq_observer *observer, const float *x, size_t n)
{
    const float constant = 0.01f;
    bool is_first = observer->n_seen == 0;
    float lo, hi;
    size_t n_finite = finite_range(x, n, &lo, &hi);

    observer->n_not_finite += n - n_finite;
    if (n_finite == 0)
        return;
    observer->n_seen += n_finite;
    observer->lo = is_first ? lo : observer->lo + constant * (lo - observer->lo);
    observer->hi = is_first ? hi : observer->hi + constant * (hi - observer->hi);
}

const oq_observer_kind oq_observer_minmax = {
    .name = "minmax",
    .summary = "smallest and largest value over all samples",
    .is_order_free = true,
    .start = start,
    .observe = minmax_observe,
    .merge = minmax_merge,
    .range = range,
};

const oq_observer_kind oq_observer_moving_average = {
    .name = "moving-average",
    .summary =
        "per-sample minimum and maximum, averaged with constant 0.01 (PyTorch's rule; sample order matters)",
    .is_order_free = false,
    .start = start,
    .observe = moving_average_observe,
    .merge = NULL, /* depends on the order of samples */
    .range = range,
};

static const oq_observer_kind *const kinds[] = {&oq_observer_minmax, &oq_observer_moving_average, NULL};

const oq_observer_kind *oq_observer_at(size_t i)
{
    return i < sizeof kinds / sizeof *kinds ? kinds[i] : NULL;
}

const oq_observer_kind *oq_observer_find(const char *name)
{
    for (size_t i = 0; kinds[i]; i++) {
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    }
    return NULL;
}
