#include "host.h"
#include "tap/tap.h"

static void test(const char *op, const float *bias, float want, const char *name)
{
    host *h = host_new_in("com.microsoft", op, 1, bias ? 2 : 1, 1);

    host_floats(h, 0, (float[]){0, 1, 0, 1}, DIMS(2, 2));
    if (bias)
        host_floats(h, 1, bias, DIMS(2));
    is_int(host_infer(h), OQ_OK, op);
    is_str(host_out_type(h, 0), "float[2,2]", "has the shape of its input");
    is_int(host_run(h), OQ_OK, "runs");
    is_float((double)host_float(h, 0, 3), (double)want, 1e-6, name);
    if (bias) {
        host_floats(h, 1, bias, DIMS(1));
        is_int(host_run(h), OQ_SHAPE, "a bias of another size is refused");
    }
    host_free(h);
}

int main(void)
{
    test("Gelu", NULL, 0.8413447f, "x P(x)");
    test("BiasGelu", (float[]){0, -1}, 0, "the bias is added first");
    test("BiasGelu", (float[]){0, 1}, 1.9544997f, "the bias of its column");
    test("FastGelu", NULL, 0.8411920f, "by tanh");
    test("FastGelu", (float[]){0, 1}, 1.9545977f, "by tanh, with a bias");
    test("QuickGelu", NULL, 0.8457958f, "x / (1 + exp(-1.702 x))");
    return tap_done();
}
