#include <math.h>

#include "host.h"
#include "tap/tap.h"

static void float_bases(void)
{
    host *h = host_new("Pow", 15, 2, 1);

    host_floats(h, 0, (float[]){2, -3, 0.5f}, DIMS(3));
    host_array(h, 1, OQ_INT64, (int64_t[]){3}, DIMS(1));
    is_int(host_run(h), OQ_OK, "Pow with an integer exponent runs");
    is_str(host_out_shape(h, 0), "float[3]", "the base gives the type");
    is_float(host_float(h, 0, 1), -27, 0, "(-3)^3");
    host_floats(h, 1, (float[]){2, 0.5f, -1}, DIMS(3));
    is_int(host_run(h), OQ_OK, "an exponent per element");
    is_float(host_float(h, 0, 0), 4, 0, "2^2");
    ok(isnan(host_float(h, 0, 1)), "the root of -3 is NaN");
    is_float(host_float(h, 0, 2), 2, 0, "0.5^-1");
    host_array(h, 0, OQ_FLOAT16, (uint16_t[]){oq_f32_to_f16(3)}, SCALAR);
    host_array(h, 1, OQ_DOUBLE, (double[]){2}, SCALAR);
    is_int(host_run(h), OQ_OK, "float16 to a double");
    is_str(host_out_shape(h, 0), "float16[]", "stays float16");
    is_float(host_float(h, 0, 0), 9, 0, "3^2");
    host_free(h);
}

static void integer_bases(void)
{
    host *h = host_new("Pow", 15, 2, 1);

    host_array(h, 0, OQ_INT32, (int32_t[]){3, -2, 2, -1}, DIMS(4));
    host_array(h, 1, OQ_INT32, (int32_t[]){4, 31, -1, -3}, DIMS(4));
    is_int(host_run(h), OQ_OK, "Pow of integers runs");
    is_int(host_int(h, 0, 0), 81, "3^4");
    is_int(host_int(h, 0, 1), INT32_MIN, "(-2)^31 is exact");
    is_int(host_int(h, 0, 2), 0, "2^-1 is cut to 0");
    is_int(host_int(h, 0, 3), -1, "(-1)^-3");
    host_floats(h, 1, (float[]){0.5f}, SCALAR);
    host_array(h, 0, OQ_INT32, (int32_t[]){9, 10}, DIMS(2));
    is_int(host_run(h), OQ_OK, "an integer to a fraction");
    is_int(host_int(h, 0, 0) * 10 + host_int(h, 0, 1), 33, "roots are cut to integers");
    host_array(h, 1, OQ_BOOL, (uint8_t[]){1}, SCALAR);
    is_int(host_run(h), OQ_UNSUPPORTED, "a bool is no exponent");
    host_free(h);
}

static void roots(void)
{
    host *h = host_new("Pow", 13, 2, 1);

    host_floats(h, 0, (float[]){4, -0.0f, -INFINITY, INFINITY, 2, -1}, DIMS(6));
    host_floats(h, 1, (float[]){0.5f}, SCALAR);
    is_int(host_run(h), OQ_OK, "exponent 1/2");
    is_float(host_float(h, 0, 0), 2, 0, "root of 4");
    ok(host_float(h, 0, 1) == 0 && !signbit(host_float(h, 0, 1)), "(-0)^0.5 is +0");
    ok(host_float(h, 0, 2) == INFINITY, "(-inf)^0.5 is inf");
    ok(host_float(h, 0, 3) == INFINITY, "inf^0.5 is inf");
    ok(host_float(h, 0, 4) == sqrtf(2), "root of 2");
    ok(isnan(host_float(h, 0, 5)), "(-1)^0.5 is NaN");
    host_free(h);
}

int main(void)
{
    roots();
    float_bases();
    integer_bases();
    return tap_done();
}
