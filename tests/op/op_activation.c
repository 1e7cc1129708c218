#include <math.h>
#include <string.h>

#include "host.h"
#include "tap/tap.h"

/* The operator's value at x. */
static float at(host *h, float x)
{
    host_floats(h, 0, &x, SCALAR);
    if (host_run(h) != OQ_OK)
        tap_bail("%s", h->diag.message);
    return host_float(h, 0, 0);
}

static void have_their_default_numbers(void)
{
    static const struct {
        const char *name;
        int opset;
        float x, y;
    } points[] = {
        {"Relu", 14, -2, 0},
        {"Relu", 14, 2, 2},
        {"LeakyRelu", 16, -2, -0.02f},
        {"Sigmoid", 13, 1, 0.7310585786f},
        {"Sigmoid", 13, -200, 0},
        {"Tanh", 13, 0.5f, 0.4621171573f},
        {"HardSigmoid", 6, 1, 0.7f},
        {"HardSigmoid", 6, 9, 1},
        {"HardSwish", 14, 1, 0.6666666667f},
        {"HardSwish", 14, -4, 0},
        {"Elu", 6, -1, -0.6321205588f},
        {"Elu", 6, 3, 3},
        {"Selu", 6, -1, -1.1113307378f},
        {"Selu", 6, 1, 1.0507009873f},
        {"Celu", 12, -1, -0.6321205588f},
        {"Softplus", 1, 1, 1.3132616875f},
        {"Softplus", 1, 200, 200},
        {"Softplus", 1, -200, 0},
        {"Softsign", 1, -3, -0.75f},
        {"ThresholdedRelu", 10, 1, 0},
        {"ThresholdedRelu", 10, 1.5f, 1.5f},
        {"Gelu", 20, 1, 0.8413447461f},
        {"Mish", 18, 1, 0.8650983882f},
        {"Swish", 24, 1, 0.7310585786f},
    };

    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        host *h = host_new(points[i].name, points[i].opset, 1, 1);

        is_float(at(h, points[i].x), points[i].y, 3e-7 * fmax(1, fabs(points[i].y)), points[i].name);
        if (strcmp(points[i].name, "HardSigmoid") && strcmp(points[i].name, "HardSwish"))
            ok(isnan(at(h, NAN)), "%s lets NaN through", points[i].name);
        host_free(h);
    }
}

static void attributes_change_them(void)
{
    host *h = host_new("LeakyRelu", 16, 1, 1);

    oq_node_set_float(h->node, "alpha", 0.5f);
    is_float(at(h, -2), -1, 0, "alpha of LeakyRelu");
    host_free(h);
    h = host_new("HardSigmoid", 6, 1, 1);
    oq_node_set_float(h->node, "beta", 0.25f);
    is_float(at(h, 0), 0.25f, 0, "beta of HardSigmoid");
    host_free(h);
    h = host_new("Gelu", 20, 1, 1);
    oq_node_set_string(h->node, "approximate", "tanh");
    is_float(at(h, 1), 0.8411919906, 3e-7, "Gelu by tanh");
    host_free(h);
}

static void clip_by_version(void)
{
    host *h = host_new("Clip", 10, 1, 1);

    oq_node_set_float(h->node, "max", 6.0f);
    is_float(at(h, 7), 6, 0, "Clip-6 takes bounds from attributes");
    is_float(at(h, -7), -7, 0, "one alone is fine");
    host_free(h);

    h = host_new("Clip", 13, 3, 1);
    host_floats(h, 1, (float[]){0}, SCALAR);
    host_floats(h, 2, (float[]){6}, DIMS(1));
    is_float(at(h, 7), 6, 0, "Clip-11 takes bounds from inputs");
    host_array(h, 0, OQ_INT8, (int8_t[]){-5, 5}, DIMS(2));
    host_array(h, 1, OQ_INT8, (int8_t[]){-3}, SCALAR);
    h->in_list[2] = NULL;
    h->lends_input = true;
    is_int(host_run(h), OQ_OK, "Clip of int8 runs in place");
    is_int(host_int(h, 0, 0), -3, "min without max");
    host_floats(h, 1, (float[]){0}, SCALAR);
    is_int(host_run(h), OQ_SHAPE, "a float bound of int8 data is refused");
    host_free(h);
}

static void integers_and_halves(void)
{
    host *h = host_new("Relu", 14, 1, 1);

    host_array(h, 0, OQ_INT32, (int32_t[]){-5, 5}, DIMS(2));
    is_int(host_run(h), OQ_OK, "Relu of int32 runs");
    is_int(host_int(h, 0, 0) * 10 + host_int(h, 0, 1), 5, "-5 becomes 0");
    host_array(h, 0, OQ_BFLOAT16, (uint16_t[]){oq_f32_to_bf16(-1), oq_f32_to_bf16(2)}, DIMS(2));
    is_int(host_run(h), OQ_OK, "Relu of bfloat16 runs");
    is_str(host_out_shape(h, 0), "bfloat16[2]", "and keeps its type");
    is_float(host_float(h, 0, 1), 2, 0, "2 stays");
    host_array(h, 0, OQ_BOOL, (uint8_t[]){1}, DIMS(1));
    is_int(host_run(h), OQ_UNSUPPORTED, "bool is refused");
    host_free(h);

    h = host_new("PRelu", 16, 2, 1);
    host_floats(h, 0, (float[]){-1, -1, 3, -2}, DIMS(1, 2, 2));
    host_floats(h, 1, (float[]){0.5f, 2}, DIMS(2, 1));
    is_int(host_run(h), OQ_OK, "PRelu runs");
    is_float(host_float(h, 0, 0), -0.5f, 0, "channel 0 has slope 0.5");
    is_float(host_float(h, 0, 3), -4, 0, "channel 1 has slope 2");
    is_float(host_float(h, 0, 2), 3, 0, "above zero nothing changes");
    host_free(h);
}

/* More than a block and more than a task, with and without threads. */
static void long_rows_are_the_same_with_threads(void)
{
    enum { N = 200003 };
    static float x[N], serial[N];
    host *h = host_new("Elu", 6, 1, 1);

    for (int i = 0; i < N; i++)
        x[i] = (float)(i % 1000) * 0.01f - 5;
    host_floats(h, 0, x, DIMS(N));
    is_int(host_run(h), OQ_OK, "Elu of 200003 elements runs");
    memcpy(serial, h->out[0].data, sizeof serial);
    h->pool = oq_pool_new(2);
    is_int(host_run(h), OQ_OK, "with two threads too");
    is_mem(h->out[0].data, serial, sizeof serial, "the bits are the same");
    is_float(serial[N - 1], x[N - 1] < 0 ? expm1(x[N - 1]) : x[N - 1], 1e-6, "the last element is right");
    oq_pool_free(h->pool);
    host_free(h);
}

static void shrinks(void)
{
    host *h = host_new("Shrink", 9, 1, 1);

    oq_node_set_float(h->node, "lambd", 1.5f);
    oq_node_set_float(h->node, "bias", 0.5f);
    host_floats(h, 0, (float[]){-2, -1.5f, 0, 1, 3}, DIMS(5));
    is_int(host_run(h), OQ_OK, "Shrink runs");
    is_mem(h->out[0].data, ((float[]){-1.5f, 0, 0, 0, 2.5f}), 20, "what lies within the limits is 0");
    host_array(h, 0, OQ_INT8, (int8_t[]){-128, -2, 1, 2}, DIMS(4));
    is_int(host_run(h), OQ_OK, "Shrink of int8 runs");
    is_mem(h->out[0].data, ((int8_t[]){-127, -1, 0, 1}), 4, "the fraction goes");
    host_array(h, 0, OQ_DOUBLE, (double[]){-2, 0}, DIMS(2));
    host_run(h);
    is_mem(h->out[0].data, ((double[]){-1.5, 0}), 16, "doubles");
    host_free(h);
}

static void test_swiglu(void)
{
    host *h = host_new("SwiGLU", 28, 2, 1);

    host_floats(h, 0, (float[]){0, 1}, DIMS(2));
    host_floats(h, 1, (float[]){5, 2}, DIMS(2));
    is_int(host_run(h), OQ_OK, "SwiGLU");
    is_float((double)host_float(h, 0, 1), 2 / (1 + exp(-1)), 1e-6, "a sigmoid(a) b");
    host_floats(h, 1, (float[]){5}, DIMS(1));
    is_int(host_run(h), OQ_SHAPE, "does not broadcast");
    host_free(h);
}

int main(void)
{
    test_swiglu();
    shrinks();
    have_their_default_numbers();
    attributes_change_them();
    clip_by_version();
    integers_and_halves();
    long_rows_are_the_same_with_threads();
    return tap_done();
}
