/* observer_minmax: the smallest and the largest value over all samples. Nothing is clipped. */
#include "quant/observer.h"

static oq_status merge(oq_observer *into, const oq_observer *from)
{
    oq_observer_merge_extremes(into, from);
    return OQ_OK;
}

static void range(const oq_observer *observer, const oq_range_goal *goal, float *lo, float *hi)
{
    (void)goal;
    *lo = observer->lo;
    *hi = observer->hi;
}

static double share_outside(const oq_observer *observer, float lo, float hi)
{
    (void)observer;
    (void)lo;
    (void)hi;
    return 0; /* by what the range is */
}

const oq_observer_kind oq_observer_minmax = {
    .name = "minmax",
    .summary = "smallest and largest value over all samples",
    .is_order_free = true,
    .start = NULL,
    .observe = oq_observer_add_extremes,
    .merge = merge,
    .range = range,
    .share_outside = share_outside,
};
