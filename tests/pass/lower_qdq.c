#include <string.h>

#include "quant/quant_bench.h"

static void test_names(void)
{
    net n = net_new();
    oq_node *dequantize, *quantize;

    net_plan(&n, &quant_defaults, -4, 4);
    net_quantize(&n, oq_lower_qdq);
    dequantize = oq_node_producer(n.conv1, 0);
    quantize = oq_node_producer(dequantize, 0);
    is_str(dequantize->name, "x_DequantizeLinear", "nodes have the names ONNX Runtime's tools look for");
    is_str(dequantize->outputs[0]->name, "x_DequantizeLinear_Output", "values too");
    is_str(quantize->outputs[0]->name, "x_QuantizeLinear_Output", "on both sides");
    is_str(quantize->inputs[1]->name, "x_scale", "the scale");
    is_str(quantize->inputs[2]->name, "x_zero_point", "the zero point");
    ok(oq_node_attr(quantize, "axis") == NULL, "no axis for one scale");
    is_int(bench_count(n.b, "FakeQuant"), 0, "no FakeQuant is left");
    net_free(&n);
}

static void test_weights(void)
{
    net n = net_new();
    oq_node *dequantize;

    net_plan(&n, &quant_defaults, -4, 4);
    net_quantize(&n, oq_lower_qdq);
    dequantize = oq_node_producer(n.conv1, 1);
    is_str(dequantize->inputs[0]->name, "w1_quantized", "a weight becomes an integer initializer");
    is_int(dequantize->inputs[0]->constant->dtype, OQ_INT8, "of int8");
    is_int(oq_node_int(dequantize, "axis", -1), 0, "with its axis written");
    is_int(oq_node_producer(n.conv1, 2)->inputs[0]->constant->dtype, OQ_INT32, "a bias of int32");
    ok(oq_value_find(n.b->graph, "w1") == NULL, "the float weight is gone");
    net_free(&n);
}

static void test_same_numbers(void)
{
    net n = net_new();
    bench_numbers *fake;

    net_plan(&n, &quant_defaults, -4, 4);
    net_quantize(&n, oq_bias);
    fake = bench_compute(n.b);
    bench_run(n.b, oq_lower_qdq);
    bench_same(n.b, fake, 0, "what is written computes what was measured, bit for bit");
    net_free(&n);
}

int main(void)
{
    test_names();
    test_weights();
    test_same_numbers();
    return tap_done();
}
