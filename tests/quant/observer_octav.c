#include "observer_bench.h"

static float x[BENCH_N];

static double symmetric_error(float s)
{
    return error_of_range(x, BENCH_N, -s, s);
}

int main(void)
{
    oq_arena *arena = oq_arena_new(0);
    float lo, hi;
    double best = INFINITY;

    fill_normal(x, BENCH_N, 3);
    for (int i = 0; i < 40; i++)
        x[i * 100] *= 3;
    for (float s = 1; s < 12; s += 0.05f)
        best = fmin(best, symmetric_error(s));
    range_of(&oq_observer_octav, &symmetric, x, BENCH_N, arena, &lo, &hi);
    tap_diag("%.3f: %.3g, best %.3g", (double)hi, symmetric_error(hi), best);
    ok(symmetric_error(hi) < 1.1 * best, "within 10 %% of the best threshold of a fine grid");
    ok(lo >= -hi, "the same on both sides, or the data's own end");
    for (int i = 0; i < BENCH_N; i++)
        x[i] = fmaxf(x[i], 0);
    range_of(&oq_observer_octav, &asymmetric, x, BENCH_N, arena, &lo, &hi);
    ok(lo == 0 && error_of_range(x, BENCH_N, 0, hi) < error_of_range(x, BENCH_N, 0, 1.5f * hi),
       "one-sided data: a threshold beyond which it gets worse");
    oq_arena_free(arena);
    return tap_done();
}
