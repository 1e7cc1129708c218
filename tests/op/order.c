#include "op/order.h"

#include <math.h>

#include "tap/tap.h"

static uint64_t key(oq_dtype dtype, const void *data, size_t i)
{
    const oq_array in = {.dtype = dtype, .n = 8, .data = (void *)(uintptr_t)data};

    return oq_order_key(&in, i);
}

/* n elements in ascending order have ascending keys. */
static void ascends(oq_dtype dtype, const void *data, size_t n)
{
    for (size_t i = 1; i < n; i++)
        ok(key(dtype, data, i - 1) < key(dtype, data, i), "%s: element %zu is above the one before",
           oq_dtype_name(dtype), i);
}

int main(void)
{
    static const float zeros[] = {0.0f, -0.0f};
    const float nans[] = {NAN, -NAN};

    ascends(OQ_FLOAT, (const float[]){-INFINITY, -1, -1e-40f, 0, 1e-40f, 2, INFINITY, NAN}, 8);
    ascends(OQ_DOUBLE, (const double[]){-1e300, -1, 0, 1e-300, 5}, 5);
    ascends(OQ_FLOAT16, (const uint16_t[]){0xbc00, 0x0001, 0x3c00}, 3); /* -1, the least, 1 */
    ascends(OQ_INT8, (const int8_t[]){-128, -1, 0, 127}, 4);
    ascends(OQ_INT64, (const int64_t[]){INT64_MIN, -1, 0, INT64_MAX}, 4);
    ascends(OQ_UINT64, (const uint64_t[]){0, INT64_MAX, UINT64_MAX}, 3);
    ascends(OQ_BOOL, (const uint8_t[]){0, 1}, 2);
    ok(key(OQ_FLOAT, zeros, 0) == key(OQ_FLOAT, zeros, 1), "the two zeros are one");
    ok(key(OQ_FLOAT, nans, 0) == key(OQ_FLOAT, nans, 1), "so are all NaN");
    return tap_done();
}
