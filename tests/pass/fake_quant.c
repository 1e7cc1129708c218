#include <string.h>

#include "quant/quant_bench.h"

static void test_pairs(void)
{
    net n = net_new();
    oq_node *pair;

    net_plan(&n, &quant_defaults, -4, 4);
    bench_run(n.b, oq_fake_quant);
    pair = oq_node_producer(n.conv1, 0);
    ok(pair && strcmp(pair->op_type, "FakeQuant") == 0, "a unit reads through FakeQuant");
    ok(pair->inputs[0] == n.x && oq_node_int(pair, "axis", 0) == -1, "per tensor, on its input");
    is_int(oq_value_constant(pair->inputs[1])->rank, 0, "the scale is a scalar");
    is_int(oq_value_constant(pair->inputs[2])->dtype, OQ_UINT8, "the zero point has the code's type");
    is_int(bench_count(n.b, "FakeQuant"), 4, "one for each value: x, r1, p, c2");
    ok(oq_node_producer(n.sigmoid, 0) == n.add, "float readers keep the float value");
    ok(n.b->graph->outputs[0] == n.sigmoid->outputs[0], "the graph output is untouched");
    net_free(&n);
}

static void test_published_output(void)
{
    net n = net_new();
    oq_plan_value *out;

    net_plan(&n, &quant_defaults, 0, 1);
    out = &n.plan->values[n.sigmoid->outputs[0]->id];
    *out = n.plan->values[n.x->id];
    out->quantize_output = true;
    bench_run(n.b, oq_fake_quant);
    is_str(n.b->graph->outputs[0]->name, "out", "a quantized output keeps its public name");
    is_str(n.sigmoid->outputs[0]->name, "out_QuantizeLinear_Input", "the float value gets an internal one");
    net_free(&n);
}

static void test_nothing(void)
{
    net n = net_new();
    oq_quant_options options = quant_defaults;

    options.activations = OQ_UNDEFINED;
    net_plan(&n, &options, -4, 4);
    is_int(bench_run(n.b, oq_fake_quant), 0, "without pairs in the plan nothing changes");
    net_free(&n);
}

int main(void)
{
    test_pairs();
    test_published_output();
    test_nothing();
    return tap_done();
}
