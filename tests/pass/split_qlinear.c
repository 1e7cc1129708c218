#include "pass/bench.h"

static oq_value *code(bench *b, const char *name, oq_dtype dtype)
{
    void *data;
    oq_tensor *tensor = oq_tensor_new(b->model->arena, dtype, NULL, 0, &data);

    return oq_graph_add_initializer(b->graph, name, tensor);
}

static oq_node *contrib(bench *b, const char *op_type, oq_value *const *inputs, int n)
{
    oq_node *node;

    oq_model_set_opset(b->model, "com.microsoft", 1);
    node = oq_node_new(b->graph, NULL, op_type, "com.microsoft", "n", inputs, n, 1, (const char *[]){"out"});
    bench_output(b, node->outputs[0]);
    return node;
}

static void test_add(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_UINT8, DIMS(2, 3)), *s = bench_scalar(b, "s", 0.5f),
             *z = code(b, "z", OQ_UINT8);
    oq_node *add;

    contrib(b, "QLinearAdd", (oq_value *[]){x, s, z, x, s, z, s, z}, 8);
    is_int(bench_run(b, oq_split_qlinear), 1, "a QLinearAdd is taken apart");
    is_int(bench_count(b, "DequantizeLinear"), 2, "both inputs are dequantized");
    add = bench_find(b, "Add");
    ok(add && oq_node_is(oq_node_single_reader(add), "QuantizeLinear"), "the sum is quantized");
    is_str(b->graph->outputs[0]->name, "out", "the output keeps its name");
    ok(b->graph->outputs[0]->producer->inputs[2] == z, "and its zero point");
    bench_free(b);
}

static void test_left_out(oq_dtype dtype, size_t want, const char *name)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", dtype, DIMS(2, 3)), *s = bench_scalar(b, "s", 0.5f);
    const oq_tensor *zero;

    contrib(b, "QLinearLeakyRelu", (oq_value *[]){x, s, NULL, s}, 4);
    is_int(bench_run(b, oq_split_qlinear), want, name);
    if (want) {
        zero = oq_value_constant(b->graph->outputs[0]->producer->inputs[2]);
        ok(zero && zero->dtype == dtype, "the result has the type of the input");
        ok(oq_node_float(bench_find(b, "LeakyRelu"), "alpha", 0) == 0.01f,
           "the slope is that of com.microsoft");
    }
    bench_free(b);
}

static void test_products(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3)), *w = bench_input(b, "w", OQ_INT8, DIMS(3, 4));

    contrib(b, "DynamicQuantizeMatMul",
            (oq_value *[]){x, w, bench_scalar(b, "s", 0.5f), NULL, bench_random(b, "bias", DIMS(4))}, 5);
    is_int(bench_run(b, oq_split_qlinear), 1, "a DynamicQuantizeMatMul is taken apart");
    ok(bench_find(b, "DynamicQuantizeLinear") && bench_find(b, "MatMulInteger"), "codes are multiplied");
    is_str(b->graph->outputs[0]->producer->op_type, "Add", "the bias comes last");
    bench_free(b);
}

static void test_stays(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_UINT8, DIMS(1, 4, 4, 3)), *s = bench_scalar(b, "s", 0.5f),
             *z = code(b, "z", OQ_UINT8);
    oq_node *node = contrib(b, "QLinearGlobalAveragePool", (oq_value *[]){x, s, z, s, z}, 5);

    oq_node_set_int(node, "channels_last", 1);
    is_int(bench_run(b, oq_split_qlinear), 0, "channels-last pooling stays");
    oq_node_set_int(node, "channels_last", 0);
    is_int(bench_run(b, oq_split_qlinear), 1, "channels-first pooling does not");
    bench_free(b);
}

int main(void)
{
    test_add();
    test_left_out(OQ_INT8, 1, "without zero points");
    test_left_out(OQ_UNDEFINED, 0, "without zero points and type it stays");
    test_products();
    test_stays();
    return tap_done();
}
