/* Fitted weights and biases are put into the units, and only there. */
#include <string.h>

#include "pass/edit.h"
#include "quant/quant_bench.h"

/* A fit of node whose weight is all `weight` and whose bias is 0, 1, 2 ... times `bias`. */
static void give_fit(net *n, const oq_node *node, float weight, float bias, bool has_bias)
{
    oq_arena *arena = n->plan->arena;
    const oq_tensor *old = node->inputs[1]->constant;
    oq_unit_fit *fit = OQ_NEW(arena, oq_unit_fit);
    float *b = OQ_NEW_ARRAY(arena, float, 4);
    void *data;

    fit->weight = oq_tensor_new(arena, OQ_FLOAT, old->dims, old->rank, &data);
    for (size_t i = 0; i < old->n_elements; i++)
        ((float *)data)[i] = weight;
    for (size_t i = 0; i < 4; i++)
        b[i] = bias * (float)i;
    fit->bias = has_bias ? b : NULL;
    fit->n_bias = has_bias ? 4 : 0;
    n->plan->nodes[node->id].fit = fit;
}

static float element(const oq_node *node, int input, size_t i)
{
    float x = -1;

    oq_tensor_floats_at(oq_node_input_constant(node, input), i, 1, &x);
    return x;
}

static void units_with_a_fit(void)
{
    net n = net_new();

    net_plan(&n, &quant_defaults, -4, 4);
    give_fit(&n, n.conv1, 0.5f, 2, true);
    give_fit(&n, n.conv2, 0.25f, 3, true);
    is_int(bench_run(n.b, oq_correct), 2, "two units are corrected");
    is_float((double)element(n.conv1, 1, 100), 0.5, 0, "the weight is the fitted one");
    is_float((double)element(n.conv1, 2, 3), 6, 0, "and so is the bias");
    is_int(n.conv2->n_inputs, 3, "a Conv that had no bias has one");
    is_float((double)element(n.conv2, 2, 1), 3, 0, "the fitted one");
    net_free(&n);
}

static void units_without(void)
{
    net n = net_new();
    bench_numbers *before = bench_compute(n.b);

    net_plan(&n, &quant_defaults, -4, 4);
    is_int(bench_run(n.b, oq_correct), 0, "without a fit nothing is changed");
    bench_same(n.b, before, 0, "not a bit");
    give_fit(&n, n.conv2, 1, 0, true);
    bench_run(n.b, oq_correct);
    is_int(n.conv2->n_inputs, 2, "a bias of zeros is not added");
    give_fit(&n, n.conv1, 1, 0, false);
    bench_run(n.b, oq_correct);
    ok(n.conv1->inputs[2] == n.b1, "no bias in the fit: the old one stays");
    net_free(&n);
}

static void shared_constants(void)
{
    net n = net_new();
    oq_node *twin = bench_node(n.b, "Conv", "twin", 3, n.x, n.w1, n.b1);
    float w = element(twin, 1, 5), b = element(twin, 2, 3);

    bench_output(n.b, twin->outputs[0]);
    bench_run(n.b, oq_infer_shapes);
    net_plan(&n, &quant_defaults, -4, 4);
    give_fit(&n, n.conv1, 0.5f, 2, true);
    bench_run(n.b, oq_correct);
    ok(element(n.conv1, 1, 5) == 0.5f && element(n.conv1, 2, 3) == 6,
       "a unit that shares its weight is corrected");
    ok(element(twin, 1, 5) == w && element(twin, 2, 3) == b, "the other keeps what it had");
    net_free(&n);
}

/* Fitted weights lie on their grid: quantized with the fit's scales they are the chosen codes. */
static void scales_of_the_fit(void)
{
    net n = net_new();
    oq_unit_fit *fit;
    const oq_node *pair;
    float *scale, got[4];

    net_plan(&n, &quant_defaults, -4, 4);
    give_fit(&n, n.conv1, 0.5f, 2, true);
    fit = (oq_unit_fit *)(uintptr_t)n.plan->nodes[n.conv1->id].fit;
    scale = OQ_NEW_ARRAY(n.plan->arena, float, 4);
    for (int i = 0; i < 4; i++)
        scale[i] = 0.5f / (float)(i + 50);
    fit->scale = (oq_qparams){.dtype = OQ_INT8,
                              .axis = 0,
                              .n = 4,
                              .qmin = -127,
                              .qmax = 127,
                              .scale = scale,
                              .zero_point = OQ_NEW_ARRAY(n.plan->arena, int32_t, 4)};
    bench_run(n.b, oq_correct);
    bench_run(n.b, oq_fake_quant);
    bench_run(n.b, oq_per_channel);
    pair = oq_node_producer(n.conv1, 1);
    ok(pair && oq_tensor_floats(oq_value_constant(pair->inputs[1]), got) &&
           memcmp(got, scale, sizeof got) == 0,
       "per_channel takes the scales of the fit");
    net_free(&n);
}

int main(void)
{
    units_with_a_fit();
    units_without();
    shared_constants();
    scales_of_the_fit();
    return tap_done();
}
