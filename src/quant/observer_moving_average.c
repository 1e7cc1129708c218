/* observer_moving_average: PyTorch's rule: the first call sets, each later one moves by 0.01 of the
 * difference; a call counts once, however many samples it holds (seed-semantics 3.3).
 */
#include <math.h>

#include "quant/observer.h"

static void observe(oq_observer *observer, const float *x, size_t n)
{
    const float constant = 0.01f;
    oq_observer call = {.lo = INFINITY, .hi = -INFINITY};
    bool is_first = observer->n_seen == 0;

    oq_observer_add_extremes(&call, x, n);
    observer->n_not_finite += call.n_not_finite;
    if (call.n_seen == 0)
        return;
    observer->n_seen += call.n_seen;
    observer->lo = is_first ? call.lo : observer->lo + constant * (call.lo - observer->lo);
    observer->hi = is_first ? call.hi : observer->hi + constant * (call.hi - observer->hi);
}

static void range(const oq_observer *observer, const oq_range_goal *goal, float *lo, float *hi)
{
    (void)goal;
    *lo = observer->lo;
    *hi = observer->hi;
}

const oq_observer_kind oq_observer_moving_average = {
    .name = "moving-average",
    .summary =
        "per-sample minimum and maximum, averaged with constant 0.01 (PyTorch's rule; sample order matters)",
    .is_order_free = false,
    .start = NULL,
    .observe = observe,
    .merge = NULL, /* depends on the order of samples */
    .range = range,
    .share_outside = NULL,
};
