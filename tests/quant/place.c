#include <string.h>

#include "quant/quant_bench.h"

static void test_integer_kernels(void)
{
    net n = net_new();

    net_plan(&n, &quant_defaults, -1, 1);
    is_int(n.plan->nodes[n.conv1->id].kind, OQ_NODE_INTEGER, "a Conv with constant weights is a unit");
    ok(net_reads_quantized(&n, n.conv1, 0) && net_reads_quantized(&n, n.conv2, 0), "units read pairs");
    ok(!n.plan->values[n.conv1->outputs[0]->id].has_pair, "no pair between a Conv and its Relu");
    ok(n.plan->values[n.relu->outputs[0]->id].has_pair,
       "but one behind the Relu, so that the Conv runs in integers");
    is_int(n.plan->nodes[n.relu->id].kind, OQ_NODE_FOLLOWS, "the Relu is absorbed");
    is_int(n.plan->nodes[n.add->id].kind, OQ_NODE_FLOAT, "the residual Add stays float");
    ok(net_reads_quantized(&n, n.add, 0), "it reads the Conv's dequantized result");
    ok(!n.plan->values[n.sigmoid->outputs[0]->id].has_pair, "a graph output is never quantized");
    ok(strlen(n.plan->nodes[n.sigmoid->id].reason) > 0, "what stays float says why");
    net_free(&n);
}

static void test_accurate(void)
{
    net n = net_new();
    oq_quant_options options = quant_defaults;

    options.placement = OQ_PLACE_ACCURATE;
    net_plan(&n, &options, -1, 1);
    ok(net_reads_quantized(&n, n.conv1, 0) && net_reads_quantized(&n, n.conv2, 0),
       "accurate: a pair in front of each unit");
    ok(!n.plan->values[n.relu->outputs[0]->id].has_pair && !net_reads_quantized(&n, n.add, 0),
       "and nowhere else");
    net_free(&n);
}

static void test_mover_between_units(void)
{
    net n = net_new();

    net_plan(&n, &quant_defaults, -1, 1);
    ok(net_reads_quantized(&n, n.pool, 0), "MaxPool between two units works on integers");
    is_int(oq_plan_owner(n.plan, n.relu->outputs[0]->id), oq_plan_owner(n.plan, n.pool->outputs[0]->id),
           "its input and output share parameters");
    net_free(&n);
}

static void test_island(void)
{
    net n = net_new();

    oq_node_set_type(n.sigmoid, "Softmax", "");
    oq_node_set_input(n.sigmoid, 0, n.conv2->outputs[0]);
    net_plan(&n, &quant_defaults, -1, 1);
    ok(!n.plan->values[n.conv2->outputs[0]->id].has_pair, "a Conv that feeds Softmax keeps its float result");
    net_free(&n);
}

static void test_choice_of_the_user(void)
{
    net n = net_new();
    const char *patterns[] = {"c2"};
    oq_quant_options options = quant_defaults;

    options.exclude = patterns;
    options.n_exclude = 1;
    net_plan(&n, &options, -1, 1);
    is_int(n.plan->nodes[n.conv2->id].kind, OQ_NODE_FLOAT, "an excluded unit stays float");
    is_str(n.plan->nodes[n.conv2->id].reason, "excluded by --exclude", "and says so");
    is_int(n.plan->nodes[n.conv1->id].kind, OQ_NODE_INTEGER, "the others do not");
    net_free(&n);

    n = net_new();
    patterns[0] = "op:Conv";
    net_plan(&n, &options, -1, 1);
    is_int(n.plan->nodes[n.conv1->id].kind, OQ_NODE_FLOAT, "an operator can be excluded");
    net_free(&n);

    n = net_new();
    patterns[0] = "c1";
    options = quant_defaults;
    options.include = patterns;
    options.n_include = 1;
    net_plan(&n, &options, -1, 1);
    ok(n.plan->nodes[n.conv1->id].kind == OQ_NODE_INTEGER && n.plan->nodes[n.conv2->id].kind == OQ_NODE_FLOAT,
       "--include leaves out the rest");
    net_free(&n);
}

static void test_clip(void)
{
    net n = net_new();

    oq_node_set_type(n.relu, "Clip", "");
    oq_node_set_input(n.relu, 1, bench_scalar(n.b, "lo", 0.5f));
    oq_node_set_input(n.relu, 2, bench_scalar(n.b, "hi", 6));
    net_plan(&n, &quant_defaults, 0, 6);
    ok(n.plan->values[n.conv1->outputs[0]->id].has_pair, "a Clip that starts above zero is not absorbed");
    net_free(&n);
}

static void test_unknown_operator(void)
{
    net n = net_new();

    oq_node_set_type(n.pool, "Mystery", "com.example");
    net_plan(&n, &quant_defaults, -1, 1);
    is_int(n.plan->nodes[n.conv2->id].kind, OQ_NODE_FLOAT,
           "a unit behind an operator that cannot run stays float");
    is_int(n.plan->nodes[n.conv1->id].kind, OQ_NODE_INTEGER, "the one in front does not");
    net_free(&n);
}

static void test_weights_only(void)
{
    net n = net_new();
    oq_quant_options options = quant_defaults;

    options.activations = OQ_UNDEFINED;
    net_plan(&n, &options, -1, 1);
    ok(n.plan->nodes[n.conv1->id].kind == OQ_NODE_INTEGER && !net_reads_quantized(&n, n.conv1, 0),
       "weights only: units, but no pairs");
    net_free(&n);
}

static void test_fixed_range(void)
{
    net n = net_new();
    oq_value *w = bench_random(n.b, "w3", DIMS(2, 4, 1, 1));
    oq_node *conv = bench_node(n.b, "Conv", "c3", 2, n.sigmoid->outputs[0], w);
    const oq_plan_value *pair;

    bench_output(n.b, conv->outputs[0]);
    bench_run(n.b, oq_infer_shapes);
    net_plan(&n, &quant_defaults, -1, 1);
    pair = &n.plan->values[n.sigmoid->outputs[0]->id];
    is_int(pair->source, OQ_RANGE_FIXED, "the result of a Sigmoid has the function's range");
    ok(pair->qparams.scale[0] == 1.0f / 256 && pair->qparams.zero_point[0] == 0, "scale 1/256, zero point 0");
    net_free(&n);
}

int main(void)
{
    test_integer_kernels();
    test_accurate();
    test_mover_between_units();
    test_island();
    test_choice_of_the_user();
    test_clip();
    test_unknown_operator();
    test_weights_only();
    test_fixed_range();
    return tap_done();
}
