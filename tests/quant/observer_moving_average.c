#include "observer_bench.h"

int main(void)
{
    oq_arena *arena = oq_arena_new(0);
    oq_observer o = fresh(&oq_observer_moving_average, arena);
    const float first[] = {0, 10}, second[] = {-100, 20};
    float lo, hi;

    o.kind->observe(&o, first, 2);
    ok(o.lo == 0 && o.hi == 10, "the first call sets the range");
    o.kind->observe(&o, second, 2);
    o.kind->range(&o, &asymmetric, &lo, &hi);
    is_float((double)lo, -1, 1e-6, "later calls move it by one hundredth");
    is_float((double)hi, 10.1, 1e-5, "at both ends");
    ok(o.kind->merge == NULL && !o.kind->is_order_free, "it depends on order, so it cannot be merged");
    oq_arena_free(arena);
    return tap_done();
}
