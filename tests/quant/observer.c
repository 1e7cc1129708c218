/* What holds for every method: the table, merging, numbers that are not finite, nothing seen, starting again.
 */
#include "observer_bench.h"

static oq_arena *arena;
static float x[BENCH_N];

static bool same_range(const oq_observer *a, const oq_observer *b, const oq_range_goal *goal)
{
    float lo_a, hi_a, lo_b, hi_b;

    a->kind->range(a, goal, &lo_a, &hi_a);
    b->kind->range(b, goal, &lo_b, &hi_b);
    return lo_a == lo_b && hi_a == hi_b;
}

/* Ten samples, one of them a hundred times larger, seen in order by one observer, and backwards by three. */
static void test_order(const oq_observer_kind *kind)
{
    enum { N = BENCH_N / 10 };
    oq_observer one = fresh(kind, arena), parts[3];

    for (int w = 0; w < 3; w++)
        parts[w] = fresh(kind, arena);
    for (int i = 0; i < 10; i++)
        kind->observe(&one, x + i * N, N);
    for (int i = 9; i >= 0; i--)
        kind->observe(&parts[i % 3], x + i * N, N);
    kind->merge(&parts[2], &parts[0]);
    kind->merge(&parts[2], &parts[1]);
    ok(same_range(&one, &parts[2], &asymmetric) && same_range(&one, &parts[2], &symmetric),
       "three observers, merged, give the range of one");
    is_int((long long)parts[2].n_seen, BENCH_N, "and count the same");
}

static void test_not_finite(const oq_observer_kind *kind)
{
    oq_observer o = fresh(kind, arena), clean = fresh(kind, arena);
    float y[2040];
    float finite[2037];
    size_t m = 0;

    fill_normal(y, 2040, 8);
    y[3] = NAN;
    y[1700] = INFINITY;
    y[2039] = -INFINITY;
    for (size_t i = 0; i < 2040; i++) {
        if (isfinite(y[i]))
            finite[m++] = y[i];
    }
    kind->observe(&o, y, 2040);
    kind->observe(&clean, finite, m);
    ok(o.n_not_finite == 3 && o.n_seen == 2037, "NaN and infinities are counted apart");
    ok(same_range(&o, &clean, &asymmetric), "and change nothing");
}

static void test_nothing(const oq_observer_kind *kind)
{
    const float nans[] = {NAN, NAN}, zeros[] = {0, -0.0f, 0}, one[] = {2.5f};
    oq_observer o = fresh(kind, arena);
    float lo, hi;

    kind->observe(&o, x, 0);
    kind->observe(&o, nans, 2);
    kind->range(&o, &asymmetric, &lo, &hi);
    ok(lo > hi, "nothing finite: no range");
    oq_observer_start(&o, arena);
    kind->observe(&o, zeros, 3);
    kind->range(&o, &asymmetric, &lo, &hi);
    ok(lo == 0 && hi == 0 && o.n_not_finite == 0, "started again, zeros: the range is zero");
    oq_observer_start(&o, arena);
    kind->observe(&o, one, 1);
    kind->range(&o, &asymmetric, &lo, &hi);
    ok(lo <= hi && hi > 2.4f && hi <= 2.5f, "a single value: a range that ends at it");
}

/* Largest and smallest floats: no step overflows or ends in a NaN. */
static void test_extremes(const oq_observer_kind *kind)
{
    const float huge[] = {3.4e38f, -3.4e38f, 1e30f, 1e-45f, 0}, tiny[] = {1e-45f, -3e-45f, 1e-40f, 0};
    oq_observer o = fresh(kind, arena);
    float lo, hi;

    kind->observe(&o, huge, 5);
    kind->range(&o, &asymmetric, &lo, &hi);
    ok(isfinite(lo) && isfinite(hi) && lo <= hi, "the largest floats");
    oq_observer_start(&o, arena);
    kind->observe(&o, tiny, 4);
    kind->range(&o, &asymmetric, &lo, &hi);
    ok(isfinite(lo) && isfinite(hi) && lo <= hi, "the smallest ones");
}

int main(void)
{
    const oq_observer_kind *kind;

    arena = oq_arena_new(0);
    fill_normal(x, BENCH_N, 5);
    for (int i = 0; i < 2000; i++)
        x[14000 + i] *= 100;
    for (int i = 0; i < BENCH_N; i += 3)
        x[i] = 0;
    for (size_t k = 0; (kind = oq_observer_at(k)); k++) {
        tap_diag("%s", kind->name);
        ok(oq_observer_find(kind->name) == kind && kind->summary[0], "found by name");
        ok(kind->is_order_free == (kind->merge != NULL), "can be merged if order does not matter");
        if (kind->is_order_free)
            test_order(kind);
        test_not_finite(kind);
        test_nothing(kind);
        test_extremes(kind);
    }
    ok(oq_observer_find("nonsense") == NULL, "an unknown name is not found");
    oq_arena_free(arena);
    return tap_done();
}
