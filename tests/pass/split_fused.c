#include "pass/bench.h"

static oq_node *contrib(bench *b, const char *op_type, int n, oq_value *x, oq_value *y)
{
    oq_node *node = n == 1 ? bench_node(b, op_type, "out", 1, x) : bench_node(b, op_type, "out", 2, x, y);

    oq_model_set_opset(b->model, "com.microsoft", 1);
    oq_node_set_type(node, op_type, "com.microsoft");
    bench_output(b, node->outputs[0]);
    return node;
}

static void test_conv(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 2, 4, 4)),
             *z = bench_input(b, "z", OQ_FLOAT, DIMS(1, 3, 4, 4));
    oq_node *node = contrib(b, "FusedConv", 2, x, bench_random(b, "w", DIMS(3, 2, 1, 1)));

    oq_node_set_string(node, "activation", "LeakyRelu");
    oq_node_add_attr(node, "activation_params", OQ_ATTR_FLOATS)->floats = (float[]){0.25f};
    oq_node_set_input(node, 3, z);
    is_int(bench_run(b, oq_split_fused), 1, "a FusedConv is taken apart");
    ok(bench_find(b, "Conv") && bench_find(b, "Add")->inputs[1] == z, "the sum is an Add behind the Conv");
    node = b->graph->outputs[0]->producer;
    is_str(node->op_type, "LeakyRelu", "the activation gives the output");
    ok(oq_node_float(node, "alpha", 0) == 0.25f, "with its parameter");
    is_str(b->graph->outputs[0]->name, "out", "whose name stays");
    is_int(bench_find(b, "Conv")->n_attrs, 0, "the Conv keeps nothing of it");
    bench_free(b);
}

static void test_matmul(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 5, 3)),
             *y = bench_input(b, "y", OQ_FLOAT, DIMS(2, 5, 4));
    oq_node *node = contrib(b, "FusedMatMul", 2, x, y);
    size_t n;

    oq_node_set_int(node, "transA", 1);
    oq_node_set_float(node, "alpha", 0.5f);
    is_int(bench_run(b, oq_split_fused), 1, "a FusedMatMul is taken apart");
    is_int(bench_count(b, "Transpose"), 1, "one input is turned");
    is_int(oq_node_ints(bench_find(b, "Transpose"), "perm", &n)[1], 2, "its last two dimensions");
    is_str(b->graph->outputs[0]->producer->op_type, "Mul", "the factor comes last");
    bench_free(b);
}

static void test_stays(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, NULL, -1), *y = bench_input(b, "y", OQ_FLOAT, DIMS(5, 4));
    oq_node *node = contrib(b, "FusedMatMul", 2, x, y);

    oq_node_set_int(node, "transA", 1);
    is_int(bench_run(b, oq_split_fused), 0, "a matrix of unknown rank is not turned");
    oq_node_set_int(node, "transA", 0);
    oq_node_set_int(node, "transBatchA", 1);
    is_int(bench_run(b, oq_split_fused), 0, "nor are batches");
    bench_free(b);
    b = bench_new(13);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(5, 5));
    node = contrib(b, "FusedGemm", 2, x, x);
    oq_node_set_string(node, "activation", "Sin");
    is_int(bench_run(b, oq_split_fused), 0, "an activation that is not known here stays inside");
    oq_node_set_string(node, "activation", "Relu");
    is_int(bench_run(b, oq_split_fused), 1, "a Relu does not");
    bench_free(b);
}

int main(void)
{
    test_conv();
    test_matmul();
    test_stays();
    return tap_done();
}
