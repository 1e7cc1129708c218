/* observer_percentile: the range that holds all but one in 100,000 values, half of these cut at either end.
 * When codes are symmetric, all of them are cut from the magnitudes.
 */
#include <math.h>

#include "quant/histogram.h"

#define CUT 1e-5 /* share of values left outside, both ends together */

/* Where n values lie further from zero, in bins; evenly spread within a bin. */
static double limit_of(const uint64_t *a, const uint64_t *b, double n)
{
    for (size_t bin = OQ_HISTOGRAM_SIDE; bin-- > 0;) {
        double count = (double)(a[bin] + (b ? b[bin] : 0));

        if (count > n)
            return (double)(bin + 1) - n / count;
        n -= count;
    }
    return 0;
}

static void range(const oq_observer *observer, const oq_range_goal *goal, float *lo, float *hi)
{
    const oq_histogram *h = observer->extra;
    const uint64_t *positive = h->counts, *negative = h->counts + OQ_HISTOGRAM_SIDE;
    double width = oq_histogram_width(h), total = (double)oq_histogram_total(h), below, above;

    *lo = observer->lo;
    *hi = observer->hi;
    if (observer->n_seen == 0)
        return;
    if (goal->is_symmetric) {
        below = above = limit_of(positive, negative, total * CUT) * width;
    } else {
        below = limit_of(negative, NULL, total * CUT / 2) * width;
        above = limit_of(positive, NULL, total * CUT / 2) * width;
    }
    *lo = fmaxf(*lo, (float)-below);
    *hi = fminf(*hi, (float)above);
}

const oq_observer_kind oq_observer_percentile = {
    .name = "percentile",
    .summary = "the range of 99.999 % of the values, cut at both ends alike",
    .is_order_free = true,
    .start = oq_histogram_start,
    .observe = oq_histogram_observe,
    .merge = oq_histogram_merge_observers,
    .range = range,
    .share_outside = oq_histogram_share_outside,
};
