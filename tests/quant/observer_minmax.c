#include "observer_bench.h"

int main(void)
{
    oq_arena *arena = oq_arena_new(0);
    oq_observer o = fresh(&oq_observer_minmax, arena);
    float x[100], lo, hi;

    for (int i = 0; i < 100; i++)
        x[i] = (float)((i * 37) % 101) - 50;
    o.kind->observe(&o, x, 33);
    o.kind->observe(&o, x + 33, 67);
    o.kind->range(&o, &asymmetric, &lo, &hi);
    ok(lo == -50 && hi == 50, "smallest and largest");
    ok(o.kind->share_outside(&o, lo, hi) == 0, "nothing is outside");
    oq_arena_free(arena);
    return tap_done();
}
