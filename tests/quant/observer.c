#include <math.h>

#include "quant/observer.h"
#include "tap/tap.h"

static oq_arena *arena;

static oq_observer fresh(const oq_observer_kind *kind)
{
    oq_observer o = {.kind = kind};

    kind->start(&o, arena);
    return o;
}

static void test_minmax(void)
{
    oq_observer a = fresh(&oq_observer_minmax), b = fresh(&oq_observer_minmax),
                all = fresh(&oq_observer_minmax);
    float x[100];
    float lo, hi;

    for (int i = 0; i < 100; i++)
        x[i] = (float)((i * 37) % 101) - 50;
    all.kind->observe(&all, x, 100);
    a.kind->observe(&a, x, 33);
    b.kind->observe(&b, x + 33, 67);
    b.kind->merge(&b, &a);
    ok(all.lo == b.lo && all.hi == b.hi && b.n_seen == 100, "merged parts equal the whole");
    b.kind->range(&b, &lo, &hi);
    ok(lo == -50 && hi == 50, "smallest and largest");
}

static void test_not_finite(void)
{
    oq_observer o = fresh(&oq_observer_minmax);
    float x[40];

    for (int i = 0; i < 40; i++)
        x[i] = 1;
    x[3] = NAN;
    x[17] = INFINITY;
    x[39] = -INFINITY;
    o.kind->observe(&o, x, 40);
    is_int(o.n_not_finite, 3, "NaN and infinities are counted");
    ok(o.lo == 1 && o.hi == 1, "and left out of the range");
    o = fresh(&oq_observer_minmax);
    o.kind->observe(&o, x, 0);
    ok(o.lo > o.hi, "nothing seen stays recognisable");
}

static void test_moving_average(void)
{
    oq_observer o = fresh(&oq_observer_moving_average);
    const float first[] = {0, 10}, second[] = {-100, 20};

    o.kind->observe(&o, first, 2);
    ok(o.lo == 0 && o.hi == 10, "the first call sets the range");
    o.kind->observe(&o, second, 2);
    is_float((double)o.lo, -1, 1e-6, "later calls move it by one hundredth");
    is_float((double)o.hi, 10.1, 1e-5, "at both ends");
    ok(o.kind->merge == NULL && !o.kind->is_order_free, "it depends on order, so it cannot be merged");
}

int main(void)
{
    arena = oq_arena_new(0);
    test_minmax();
    test_not_finite();
    test_moving_average();
    ok(oq_observer_find("minmax") == &oq_observer_minmax, "found by name");
    ok(oq_observer_find("nonsense") == NULL, "an unknown name is not");
    oq_arena_free(arena);
    return tap_done();
}
