#include <string.h>

#include "ir/tensor.h"
#include "tap/tap.h"

static void test_unaligned(oq_arena *arena)
{
    unsigned char *bytes = oq_arena_alloc(arena, 64);
    float values[2] = {1.5f, -2.0f}, got[2];
    oq_tensor *t;

    memcpy(bytes + 1, values, sizeof values);
    t = oq_tensor_wrap(arena, OQ_FLOAT, (int64_t[]){2}, 1, bytes + 1);
    ok(oq_tensor_floats(t, got) && got[0] == 1.5f && got[1] == -2.0f, "unaligned floats are read");
    ok(oq_tensor_aligned(t, arena) != t->data, "an aligned copy is another place");
}

static void test_integers(oq_arena *arena)
{
    const unsigned char packed[2] = {0x8f, 0x07};
    oq_tensor *t = oq_tensor_wrap(arena, OQ_INT4, (int64_t[]){3}, 1, packed);
    int64_t v;
    float f[3];

    ok(oq_tensor_int(t, 0, &v) && v == -1, "element 0 is the low nibble");
    ok(oq_tensor_int(t, 1, &v) && v == -8, "element 1 is the high nibble");
    ok(!oq_tensor_int(t, 3, &v), "beyond the end is refused");
    ok(oq_tensor_floats(t, f) && f[2] == 7.0f, "as floats");
    t = oq_tensor_scalar_int(arena, OQ_INT32, -5);
    ok(oq_tensor_int(t, 0, &v) && v == -5, "a negative int32 scalar");
}

static void test_counts(void)
{
    size_t n;

    ok(oq_dims_count((int64_t[]){2, 3, 4}, 3, &n) && n == 24, "a product");
    ok(oq_dims_count(NULL, 0, &n) && n == 1, "a scalar has one element");
    ok(oq_dims_count((int64_t[]){INT64_MAX, 0, INT64_MAX}, 3, &n) && n == 0,
       "a zero dimension empties anything");
    ok(!oq_dims_count((int64_t[]){INT64_MAX, INT64_MAX}, 2, &n), "an overflow is refused");
    ok(!oq_dims_count((int64_t[]){-1}, 1, &n), "a negative dimension is refused");
}

int main(void)
{
    oq_arena *arena = oq_arena_new(0);

    test_unaligned(arena);
    test_integers(arena);
    test_counts();
    oq_arena_free(arena);
    return tap_done();
}
