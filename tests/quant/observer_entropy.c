#include "observer_bench.h"

static float x[BENCH_N];

int main(void)
{
    oq_arena *arena = oq_arena_new(0);
    oq_observer o = fresh(&oq_observer_entropy, arena);
    float lo, hi;

    fill_normal(x, BENCH_N, 3);
    x[100] = 60;
    o.kind->observe(&o, x, BENCH_N);
    o.kind->range(&o, &asymmetric, &lo, &hi);
    ok(hi < 20 && hi > 2, "a lone outlier is cut off");
    ok(o.kind->share_outside(&o, lo, hi) <= 0.001, "99.9 %% of the values stay inside");
    o.kind->range(&o, &symmetric, &lo, &hi);
    ok(hi < 20 && hi > 2 && o.kind->share_outside(&o, -hi, hi) <= 0.001, "symmetric: the same");

    for (int i = 0; i < BENCH_N; i++)
        x[i] = (float)(i % 1000) / 999;
    range_of(&oq_observer_entropy, &asymmetric, x, BENCH_N, arena, &lo, &hi);
    ok(lo == 0 && hi > 0.97f, "even data lose nothing worth cutting");

    for (int i = 0; i < BENCH_N; i++)
        x[i] = i % 50 ? 0 : (float)(i % 1000) / 100;
    range_of(&oq_observer_entropy, &asymmetric, x, BENCH_N, arena, &lo, &hi);
    ok(lo == 0 && hi > 5, "mostly zeros: the floor keeps what carries the signal");
    oq_arena_free(arena);
    return tap_done();
}
