#include "observer_bench.h"

enum { N = 1000000 };
static float x[N];

int main(void)
{
    oq_arena *arena = oq_arena_new(0);
    oq_observer o = fresh(&oq_observer_percentile, arena);
    float lo, hi;

    for (int i = 0; i < N; i++)
        x[i] = (float)i / N - 0.25f;
    x[0] = -900;
    x[1] = 1000;
    o.kind->observe(&o, x, N);
    o.kind->range(&o, &asymmetric, &lo, &hi);
    ok(lo > -0.6f && lo < -0.2f && hi > 0.7f && hi < 1.1f, "single outliers are cut at either end");
    ok(o.kind->share_outside(&o, lo, hi) <= 1.01e-5, "one in 100,000 is outside");
    is_float(o.kind->share_outside(&o, -1000, 1000), 0, 0, "and none of the full range");
    is_float(o.kind->share_outside(&o, 0, 1000), 0.25, 0.003, "a quarter lies below zero");
    o.kind->range(&o, &symmetric, &lo, &hi);
    ok(hi < 1.1f && lo >= -1.1f, "symmetric: cut from the magnitudes");

    oq_observer_start(&o, arena);
    for (int i = 0; i < N; i++)
        x[i] = i < 1000 ? 3 : 0;
    o.kind->observe(&o, x, N);
    o.kind->range(&o, &asymmetric, &lo, &hi);
    ok(lo == 0 && hi > 2.99f && hi <= 3, "mostly zeros: they count, and the few others stay inside");
    oq_arena_free(arena);
    return tap_done();
}
