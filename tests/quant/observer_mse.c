#include "observer_bench.h"

static float x[BENCH_N];
static oq_arena *arena;

/* The best error of a fine grid of ranges, found the slow way. */
static double best_error(void)
{
    double best = INFINITY;

    for (float lo = -8; lo < -1; lo += 0.25f) {
        for (float hi = 1; hi < 13; hi += 0.25f)
            best = fmin(best, error_of_range(x, BENCH_N, lo, hi));
    }
    return best;
}

int main(void)
{
    float lo, hi;
    double error;

    arena = oq_arena_new(0);
    fill_normal(x, BENCH_N, 3);
    for (int i = 0; i < BENCH_N; i += 10)
        x[i] = 0;
    x[100] = 12;
    x[200] = -7;
    range_of(&oq_observer_mse, &asymmetric, x, BENCH_N, arena, &lo, &hi);
    error = error_of_range(x, BENCH_N, lo, hi);
    tap_diag("%.3f..%.3f: %.3g, full range %.3g", (double)lo, (double)hi, error,
             error_of_range(x, BENCH_N, -7, 12));
    ok(error < 1.02 * best_error(), "within 2 %% of the best of a grid of ranges");
    ok(error < error_of_range(x, BENCH_N, -7, 12), "and better than the full range");
    for (int i = 0; i < BENCH_N; i++)
        x[i] = fmaxf(x[i], 0);
    range_of(&oq_observer_mse, &asymmetric, x, BENCH_N, arena, &lo, &hi);
    ok(lo == 0 && hi > 3, "one-sided data keep their zero");
    for (int i = 0; i < BENCH_N; i++)
        x[i] = i % 2 ? 1 : -1;
    range_of(&oq_observer_mse, &asymmetric, x, BENCH_N, arena, &lo, &hi);
    ok(error_of_range(x, BENCH_N, lo, hi) < 1e-4, "two values: nothing is cut");
    oq_arena_free(arena);
    return tap_done();
}
