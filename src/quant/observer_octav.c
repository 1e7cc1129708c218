/* observer_octav: the clipping threshold with the smallest expected error, by Newton's iteration (Sakr et
 * al., "Optimal Clipping and Magnitude-aware Differentiation", 2022).
 *
 * The error of a threshold s is  k s^2 P(0 < |x| <= s) + E[(|x| - s)^2; |x| > s],  where k s^2 is the noise
 * of rounding to steps of 2 s / (L - 1), or of s / (L - 1) when all data lie on one side of zero. It is
 * smallest where
 *
 *     s = E[|x|; |x| > s] / (k P(0 < |x| <= s) + P(|x| > s))
 *
 * Zeros do not count: they have no error.
 */
#include <math.h>

#include "quant/histogram.h"

#define MAX_ITERATIONS 60

/* Both sides as one; sums from the largest magnitude down: of what lies at or beyond bin b. */
typedef struct tails {
    double count[OQ_HISTOGRAM_SIDE + 1], sum[OQ_HISTOGRAM_SIDE + 1];
} tails;

static void sum_tails(const oq_histogram *h, tails *t)
{
    double width = oq_histogram_width(h);

    t->count[OQ_HISTOGRAM_SIDE] = t->sum[OQ_HISTOGRAM_SIDE] = 0;
    for (size_t b = OQ_HISTOGRAM_SIDE; b-- > 0;) {
        double n = (double)h->counts[b] + (double)h->counts[OQ_HISTOGRAM_SIDE + b];

        t->count[b] = t->count[b + 1] + n;
        t->sum[b] = t->sum[b + 1] + n * ((double)b + 0.5) * width;
    }
}

static double find_threshold(const tails *t, double width, double top, double k)
{
    double all = t->count[0], s = t->sum[0] / all; /* from the mean magnitude */

    for (int i = 0; i < MAX_ITERATIONS; i++) {
        size_t bin = (size_t)fmin(OQ_HISTOGRAM_SIDE - 1, s / width);
        double inside = fmin(1, s / width - (double)bin); /* share of its bin at or below s */
        double n = t->count[bin] - t->count[bin + 1];
        double beyond = t->count[bin + 1] + n * (1 - inside);
        double sum = t->sum[bin + 1] + n * (1 - inside) * ((double)bin + (1 + inside) / 2) * width;
        double next = sum / (k * (all - beyond) + beyond);

        next = fmin(top, next);
        if (!(fabs(next - s) > 1e-7 * s))
            break;
        s = next;
    }
    return s;
}

static void range(const oq_observer *observer, const oq_range_goal *goal, float *lo, float *hi)
{
    const oq_histogram *h = observer->extra;
    bool one_side = !goal->is_symmetric && (observer->lo >= 0 || observer->hi <= 0);
    double steps = (goal->n_levels - 1) * (one_side ? 2.0 : 1.0), s;
    double top = fmax(fabs((double)observer->lo), fabs((double)observer->hi));
    tails t;

    *lo = observer->lo;
    *hi = observer->hi;
    if (observer->n_seen == 0)
        return;
    sum_tails(h, &t);
    if (t.count[0] == 0)
        return;
    s = find_threshold(&t, oq_histogram_width(h), top, 1 / (3 * steps * steps));
    *lo = fmaxf(*lo, (float)-s);
    *hi = fminf(*hi, (float)s);
}

const oq_observer_kind oq_observer_octav = {
    .name = "octav",
    .summary = "clipping threshold of the smallest expected error, by Newton's iteration",
    .is_order_free = true,
    .start = oq_histogram_start,
    .observe = oq_histogram_observe,
    .merge = oq_histogram_merge_observers,
    .range = range,
    .share_outside = oq_histogram_share_outside,
};
