#include <math.h>
#include <string.h>

#include "quant/quant_bench.h"

static const oq_tensor *weight_scale(const oq_node *unit)
{
    const oq_node *pair = oq_node_producer(unit, 1);

    return pair && strcmp(pair->op_type, "FakeQuant") == 0 ? oq_value_constant(pair->inputs[1]) : NULL;
}

static void test_channels(void)
{
    net n = net_new();
    const oq_tensor *scale;
    float w[4 * 27], s[4], largest = 0;

    net_plan(&n, &quant_defaults, -4, 4);
    net_quantize(&n, oq_per_channel);
    scale = weight_scale(n.conv1);
    ok(scale && scale->rank == 1 && scale->n_elements == 4, "one scale per output channel");
    oq_tensor_floats(n.w1->constant, w);
    oq_tensor_floats(scale, s);
    for (int i = 0; i < 27; i++)
        largest = fmaxf(largest, fabsf(w[27 + i]));
    is_float((double)s[1], (double)(largest / 127), 1e-9, "the largest weight of the channel over 127");
    is_int(oq_node_int(oq_node_producer(n.conv1, 1), "axis", -1), 0, "on axis 0");
    net_free(&n);
}

static void test_per_tensor(void)
{
    net n = net_new();
    oq_quant_options options = quant_defaults;

    options.per_tensor = true;
    net_plan(&n, &options, -4, 4);
    net_quantize(&n, oq_per_channel);
    is_int(weight_scale(n.conv1)->rank, 0, "--per-tensor: one scale, rank 0");
    net_free(&n);
}

static void test_guard(void)
{
    net n = net_new();
    float s[4];
    double code;

    n.b1->constant = oq_tensor_from_floats(n.b->model->arena, (float[]){3e7f, 0, 0, 0}, (int64_t[]){4}, 1);
    net_plan(&n, &quant_defaults, 0, 1e-3f);
    net_quantize(&n, oq_bias);
    oq_tensor_floats(weight_scale(n.conv1), s);
    code = 3e7 / ((double)s[0] * 1e-3 / 255);
    ok(code < 2147483647.0 && code > 2.1e9,
       "the int32 guard raises the scale just so far that the bias fits");
    ok(s[1] < 0.1f, "other channels are left alone");
    net_free(&n);
}

static void test_shared_weight(void)
{
    net n = net_new();
    oq_node *twin;

    twin = bench_node(n.b, "Conv", "twin", 3, n.x, n.w1, n.b1);
    bench_output(n.b, twin->outputs[0]);
    bench_run(n.b, oq_infer_shapes);
    net_plan(&n, &quant_defaults, -4, 4);
    net_quantize(&n, oq_per_channel);
    ok(n.conv1->inputs[1] == twin->inputs[1], "two units with the same scales share one quantized weight");
    net_free(&n);
}

static void test_grouped_transpose(void)
{
    net n = net_new();

    oq_node_set_type(n.conv2, "ConvTranspose", "");
    oq_node_set_int(n.conv2, "group", 2);
    net_plan(&n, &quant_defaults, -4, 4);
    net_quantize(&n, oq_per_channel);
    is_int(weight_scale(n.conv2)->rank, 0, "a grouped ConvTranspose gets one scale");
    net_free(&n);
}

static void test_not_finite(void)
{
    net n = net_new();

    n.w2->constant =
        oq_tensor_from_floats(n.b->model->arena, (float[]){NAN, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
                              (int64_t[]){4, 4, 1, 1}, 4);
    net_plan(&n, &quant_defaults, -4, 4);
    is_int(oq_per_channel(n.b->graph, &n.b->ctx), OQ_RANGE, "a weight with NaN is refused");
    ok(strstr(n.b->diag.notes, "w2"), "by name");
    net_free(&n);
}

int main(void)
{
    test_channels();
    test_per_tensor();
    test_guard();
    test_shared_weight();
    test_grouped_transpose();
    test_not_finite();
    return tap_done();
}
