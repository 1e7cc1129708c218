#include "observer_bench.h"

static float x[BENCH_N];
static const oq_range_goal few_codes = {false, 16};

int main(void)
{
    oq_arena *arena = oq_arena_new(0);
    float lo, hi;

    fill_normal(x, BENCH_N, 3);
    x[100] = 7;
    range_of(&oq_observer_histogram_l2, &few_codes, x, BENCH_N, arena, &lo, &hi);
    tap_diag("%.3f..%.3f", (double)lo, (double)hi);
    ok(hi < 4 && hi > 2 && lo > -4 && lo < -2, "16 codes: the tails of a normal distribution are cut off");
    for (int i = 0; i < BENCH_N; i++)
        x[i] = (float)(i % 1000) / 999;
    range_of(&oq_observer_histogram_l2, &asymmetric, x, BENCH_N, arena, &lo, &hi);
    ok(lo <= 0.01f && hi > 0.98f, "even data keep their range");
    oq_arena_free(arena);
    return tap_done();
}
