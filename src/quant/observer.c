/* observer: the table of methods, and what all of them count. */
#include "quant/observer.h"

#include <math.h>
#include <string.h>

#include "kernel/kernel.h"

oq_status oq_observer_start(oq_observer *observer, oq_arena *arena)
{
    observer->lo = INFINITY;
    observer->hi = -INFINITY;
    observer->n_seen = observer->n_not_finite = 0;
    return observer->kind->start ? observer->kind->start(observer, arena) : OQ_OK;
}

void oq_observer_add_extremes(oq_observer *observer, const float *x, size_t n)
{
    oq_minmax seen = {observer->lo, observer->hi, 0, 0};

    oq_kernels_best()->reduce->minmax(x, n, &seen);
    observer->lo = seen.min;
    observer->hi = seen.max;
    observer->n_seen += n - seen.n_nan - seen.n_infinite;
    observer->n_not_finite += seen.n_nan + seen.n_infinite;
}

void oq_observer_merge_extremes(oq_observer *into, const oq_observer *from)
{
    into->n_seen += from->n_seen;
    into->n_not_finite += from->n_not_finite;
    into->lo = fminf(into->lo, from->lo);
    into->hi = fmaxf(into->hi, from->hi);
}

static const oq_observer_kind *const kinds[] = {
    &oq_observer_minmax,       &oq_observer_mean,    &oq_observer_moving_average,
    &oq_observer_percentile,   &oq_observer_entropy, &oq_observer_mse,
    &oq_observer_histogram_l2, &oq_observer_octav,   NULL,
};

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
