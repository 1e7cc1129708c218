#include "ir/shape.h"
#include "tap/tap.h"

int main(void)
{
    const char *n = "N", *m = "M";
    oq_shape a = oq_shape_of((int64_t[]){-1, 3, 1}, 3), b = oq_shape_of((int64_t[]){3, 5}, 2), out;
    char text[64];

    a.dims[0].symbol = n;
    ok(oq_shape_broadcast(&a, &b, &out), "shapes broadcast");
    is_str(oq_shape_text(&out, text, sizeof text), "[N,3,5]", "a symbol survives broadcasting with nothing");
    b.dims[0].size = 4;
    ok(!oq_shape_broadcast(&a, &b, &out), "3 and 4 do not broadcast");
    b = a;
    ok(oq_shape_equal(&a, &b), "the same symbol is equal");
    b.dims[0].symbol = m;
    ok(!oq_shape_equal(&a, &b), "another symbol is not surely equal");
    ok(oq_shape_merge(&a, &b, &out), "but does not contradict");
    b.dims[0] = oq_dim_of(7);
    ok(oq_shape_merge(&a, &b, &out) && out.dims[0].size == 7, "a size wins over a symbol");
    b.dims[1].size = 4;
    ok(!oq_shape_merge(&a, &b, &out), "two sizes contradict");
    a = oq_shape_unknown();
    ok(oq_shape_broadcast(&a, &b, &out) && out.rank < 0, "unknown rank stays unknown");
    is_str(oq_shape_text(&a, text, sizeof text), "[?]", "and prints as such");
    a = oq_shape_scalar();
    ok(oq_shape_is_static(&a), "a scalar is static");
    is_str(oq_shape_text(&a, text, sizeof text), "[]", "and prints as such");
    return tap_done();
}
