#include "op/floats.h"

#include "host.h"
#include "tap/tap.h"

/* Through an operator that computes in float32: GlobalMaxPool changes no value. */
static void test_types(void)
{
    static const double doubles[] = {1.5, -2.5};
    static const uint16_t halves[] = {0x3e00, 0xc100}, brains[] = {0x3fc0, 0xc020}; /* 1.5, -2.5 */
    static const struct {
        oq_dtype dtype;
        const void *data;
        const char *type;
    } cases[] = {{OQ_DOUBLE, doubles, "double[1,2,1]"},
                 {OQ_FLOAT16, halves, "float16[1,2,1]"},
                 {OQ_BFLOAT16, brains, "bfloat16[1,2,1]"}};

    for (int i = 0; i < 3; i++) {
        host *h = host_new("GlobalMaxPool", 22, 1, 1);

        host_array(h, 0, cases[i].dtype, cases[i].data, DIMS(1, 2, 1));
        is_int(host_run(h), OQ_OK, cases[i].type);
        is_str(host_out_shape(h, 0), cases[i].type, "the type comes back");
        is_float((double)host_float(h, 0, 0), 1.5, 0, "and the value");
        is_float((double)host_float(h, 0, 1), -2.5, 0, "of each element");
        host_free(h);
    }
}

static void test_constants(void)
{
    host *h = host_new("Conv", 13, 2, 1);
    oq_prepare ctx = {.node = h->node, .arena = h->arena};
    uint16_t *data;
    oq_tensor *tensor = oq_tensor_new(h->model->arena, OQ_FLOAT16, (int64_t[]){2}, 1, (void **)&data);
    const float *floats;

    data[0] = 0x3e00;
    data[1] = 0xc100;
    oq_value_set_constant(h->node->inputs[1], tensor);
    ok(oq_prepare_constant(&ctx, 0) == NULL, "an activation is no constant");
    ok(oq_prepare_constant(&ctx, 2) == NULL, "nor an input that is not there");
    ok(oq_prepare_constant(&ctx, 1) == tensor, "an initializer is");
    floats = oq_prepare_aligned_floats(&ctx, tensor);
    is_float((double)floats[1], -2.5, 0, "float16 constants are widened");
    host_free(h);
}

int main(void)
{
    test_types();
    test_constants();
    return tap_done();
}
