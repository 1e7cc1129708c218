/* observer: the kinds, and min-max in its plain and moving-average form. */
#include "quant/observer.h"

#include <math.h>
#include <string.h>

#include "kernel/kernel.h"

/* Minimum and maximum of the finite elements; returns how many there are. */
static size_t finite_range(const float *x, size_t n, float *lo, float *hi)
{
    oq_minmax seen = {INFINITY, -INFINITY, 0, 0};

    oq_kernels_best()->reduce->minmax(x, n, &seen);
    *lo = seen.min;
    *hi = seen.max;
    return n - seen.n_nan - seen.n_infinite;
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
