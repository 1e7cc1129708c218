#include "observer_bench.h"

int main(void)
{
    oq_arena *arena = oq_arena_new(0);
    oq_observer o = fresh(&oq_observer_mean, arena);
    const float samples[3][2] = {{-1, 10}, {-2, 20}, {-6, 60}}, far[3][2] = {{0, 1e30f}, {0, 1}, {0, -0.0f}};
    float lo, hi;

    for (int i = 0; i < 3; i++)
        o.kind->observe(&o, samples[i], 2);
    o.kind->range(&o, &asymmetric, &lo, &hi);
    ok(lo == -3 && hi == 30, "the mean of the smallest, the mean of the largest");
    ok(o.lo == -6 && o.hi == 60, "the extremes are known, too");
    oq_observer_start(&o, arena);
    for (int i = 0; i < 3; i++)
        o.kind->observe(&o, far[i], 2);
    o.kind->range(&o, &asymmetric, &lo, &hi);
    is_float((double)hi, 1e30 / 3, 1e24, "numbers of very different size");
    oq_arena_free(arena);
    return tap_done();
}
