#include "quant/histogram.h"

#include <math.h>
#include <string.h>

#include "kernel/kernel.h"

#define SIDE_BITS    11   /* OQ_HISTOGRAM_SIDE is 2^11 */
#define LEAST        -100 /* smallest exponent: 2^(11 - exponent) must be a float */
#define FILTER_BLOCK 1024

_Static_assert(OQ_HISTOGRAM_SIDE == 1 << SIDE_BITS, "the exponent of the bin width follows from it");

void oq_histogram_clear(oq_histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
    histogram->exponent = LEAST;
}

static void widen_side(uint64_t *counts, int steps)
{
    for (size_t b = 0; b < OQ_HISTOGRAM_SIDE; b++) {
        uint64_t count = counts[b];

        counts[b] = 0;
        counts[b >> steps] += count;
    }
}

static void widen(oq_histogram *histogram, int exponent)
{
    int steps = exponent - histogram->exponent;

    if (steps <= 0)
        return;
    steps = steps > SIDE_BITS ? SIDE_BITS : steps;
    widen_side(histogram->counts, steps);
    widen_side(histogram->counts + OQ_HISTOGRAM_SIDE, steps);
    histogram->exponent = exponent;
}

/* Block by block without what is not finite. */
static void add_finite(oq_histogram *histogram, const float *x, size_t n, float inverse_width)
{
    const oq_observe *kernels = oq_kernels_best()->observe;
    float finite[FILTER_BLOCK];
    size_t m = 0;

    for (size_t i = 0; i < n; i++) {
        if (isfinite(x[i]))
            finite[m++] = x[i];
        if (m == FILTER_BLOCK || i + 1 == n) {
            histogram->n_zeros += kernels->histogram(finite, m, inverse_width, histogram->counts);
            m = 0;
        }
    }
}

void oq_histogram_add(oq_histogram *histogram, const float *x, size_t n, float top, size_t n_not_finite)
{
    float inverse_width;
    int exponent;

    frexpf(top, &exponent); /* top < 2^exponent */
    widen(histogram, exponent);
    inverse_width = ldexpf(1, SIDE_BITS - histogram->exponent);
    if (n_not_finite)
        add_finite(histogram, x, n, inverse_width);
    else
        histogram->n_zeros += oq_kernels_best()->observe->histogram(x, n, inverse_width, histogram->counts);
}

void oq_histogram_merge(oq_histogram *into, const oq_histogram *from)
{
    int steps;

    widen(into, from->exponent);
    steps = into->exponent - from->exponent;
    steps = steps > SIDE_BITS ? SIDE_BITS : steps;
    for (size_t b = 0; b < OQ_HISTOGRAM_SIDE; b++) {
        into->counts[b >> steps] += from->counts[b];
        into->counts[OQ_HISTOGRAM_SIDE + (b >> steps)] += from->counts[OQ_HISTOGRAM_SIDE + b];
    }
    into->n_zeros += from->n_zeros;
}

double oq_histogram_width(const oq_histogram *histogram)
{
    return ldexp(1, histogram->exponent - SIDE_BITS);
}

uint64_t oq_histogram_total(const oq_histogram *histogram)
{
    uint64_t total = histogram->n_zeros;

    for (size_t b = 0; b < OQ_HISTOGRAM_BINS; b++)
        total += histogram->counts[b];
    return total;
}

/* Number of values of one side beyond `limit` bins from zero. */
static double beyond(const uint64_t *counts, double limit)
{
    double n = 0;

    for (size_t b = 0; b < OQ_HISTOGRAM_SIDE; b++)
        n += (double)counts[b] * fmin(1, fmax(0, (double)(b + 1) - limit));
    return n;
}

double oq_histogram_outside(const oq_histogram *histogram, float lo, float hi)
{
    double width = oq_histogram_width(histogram), total = (double)oq_histogram_total(histogram);
    double n = beyond(histogram->counts, fmax(0, (double)hi) / width) +
               beyond(histogram->counts + OQ_HISTOGRAM_SIDE, fmax(0, -(double)lo) / width);

    return total > 0 ? n / total : 0;
}

/* Bins of one side up to the last one that holds something. */
static size_t reach(const uint64_t *counts)
{
    size_t n = OQ_HISTOGRAM_SIDE;

    while (n > 0 && counts[n - 1] == 0)
        n--;
    return n;
}

void oq_histogram_row(const oq_histogram *histogram, oq_histogram_line *out)
{
    const uint64_t *negative = histogram->counts + OQ_HISTOGRAM_SIDE;
    size_t below = reach(negative), above = reach(histogram->counts);

    if (above == 0 && below > 0 && histogram->n_zeros > 0)
        above = 1; /* a place for the zeros */
    out->width = oq_histogram_width(histogram);
    out->from = -(double)below * out->width;
    out->zero = below;
    out->n = below + above;
    for (size_t b = 0; b < below; b++)
        out->counts[below - 1 - b] = (double)negative[b];
    for (size_t b = 0; b < above; b++)
        out->counts[below + b] = (double)histogram->counts[b];
    if (above > 0)
        out->counts[below] += (double)histogram->n_zeros;
}

/* ---- observers */

oq_status oq_histogram_start(oq_observer *observer, oq_arena *arena)
{
    if (!observer->extra)
        observer->extra = oq_arena_alloc(arena, sizeof(oq_histogram));
    if (!observer->extra)
        return OQ_NOMEM;
    oq_histogram_clear(observer->extra);
    return OQ_OK;
}

void oq_histogram_observe(oq_observer *observer, const float *x, size_t n)
{
    oq_minmax seen = {INFINITY, -INFINITY, 0, 0};
    size_t n_not_finite;

    oq_kernels_best()->reduce->minmax(x, n, &seen);
    n_not_finite = seen.n_nan + seen.n_infinite;
    observer->n_seen += n - n_not_finite;
    observer->n_not_finite += n_not_finite;
    if (seen.min > seen.max)
        return;
    observer->lo = fminf(observer->lo, seen.min);
    observer->hi = fmaxf(observer->hi, seen.max);
    oq_histogram_add(observer->extra, x, n, fmaxf(fabsf(seen.min), fabsf(seen.max)), n_not_finite);
}

oq_status oq_histogram_merge_observers(oq_observer *into, const oq_observer *from)
{
    oq_observer_merge_extremes(into, from);
    oq_histogram_merge(into->extra, from->extra);
    return OQ_OK;
}

double oq_histogram_share_outside(const oq_observer *observer, float lo, float hi)
{
    /* An end at or beyond the extreme leaves nothing outside, wherever in its bin the extreme lies. */
    return oq_histogram_outside(observer->extra, lo <= observer->lo ? -INFINITY : lo,
                                hi >= observer->hi ? INFINITY : hi);
}
