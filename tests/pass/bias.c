#include <string.h>

#include "quant/quant_bench.h"

static void test_scale(void)
{
    net n = net_new();
    const oq_tensor *s_x, *s_w, *s_b;
    float x, w[4], b[4];
    int wrong = 0;

    net_plan(&n, &quant_defaults, -4, 4);
    net_quantize(&n, oq_bias);
    s_x = oq_value_constant(oq_node_producer(n.conv1, 0)->inputs[1]);
    s_w = oq_value_constant(oq_node_producer(n.conv1, 1)->inputs[1]);
    s_b = oq_value_constant(oq_node_producer(n.conv1, 2)->inputs[1]);
    oq_tensor_floats(s_x, &x);
    oq_tensor_floats(s_w, w);
    oq_tensor_floats(s_b, b);
    for (int c = 0; c < 4; c++)
        wrong += b[c] != x * w[c];
    is_int(wrong, 0, "the bias scale is the float32 product of both scales");
    is_int(oq_value_constant(oq_node_producer(n.conv1, 2)->inputs[2])->dtype, OQ_INT32,
           "its codes are int32");
    net_free(&n);
}

static void test_weights_only(void)
{
    net n = net_new();
    oq_quant_options options = quant_defaults;

    options.activations = OQ_UNDEFINED;
    net_plan(&n, &options, -4, 4);
    net_quantize(&n, oq_bias);
    ok(n.conv1->inputs[2] == n.b1, "with a float activation the bias stays float");
    net_free(&n);
}

static void test_shared_bias(void)
{
    net n = net_new();

    oq_node_set_input(n.conv2, 2, n.b1);
    net_plan(&n, &quant_defaults, -4, 4);
    net_quantize(&n, oq_bias);
    ok(n.conv1->inputs[2] != n.conv2->inputs[2],
       "a shared bias gets a form for each unit: their scales differ");
    net_free(&n);
}

static void test_gemm_with_beta(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3));
    oq_node *gemm =
        bench_node(b, "Gemm", "y", 3, x, bench_random(b, "w", DIMS(3, 4)), bench_random(b, "c", DIMS(4)));
    net n = {.b = b};

    oq_node_set_float(gemm, "beta", 0.5f);
    bench_output(b, gemm->outputs[0]);
    bench_run(b, oq_infer_shapes);
    net_plan(&n, &quant_defaults, -1, 1);
    net_quantize(&n, oq_bias);
    is_str(gemm->inputs[2]->name, "c", "a Gemm whose beta is not 1 keeps its bias");
    bench_free(b);
}

/* x [1,2,3] -> MatMul(w) -> Add(b [n]) -> out */
static net product(int64_t n, bool with_second_reader, oq_node **add)
{
    bench *b = bench_new(13);
    net p = {.b = b};

    p.x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 2, 3));
    p.conv1 = bench_node(b, "MatMul", "y", 2, p.x, bench_random(b, "w", DIMS(3, 4)));
    *add = bench_node(b, "Add", "z", 2, bench_random(b, "b", DIMS(n)), p.conv1->outputs[0]);
    bench_output(b, (*add)->outputs[0]);
    if (with_second_reader)
        bench_output(b, p.conv1->outputs[0]);
    bench_run(b, oq_infer_shapes);
    net_plan(&p, &quant_defaults, -1, 1);
    return p;
}

static void test_bias_behind_matmul(void)
{
    oq_node *add, *pair;
    net n = product(4, false, &add);

    net_quantize(&n, oq_bias);
    pair = oq_node_producer(add, 0);
    ok(pair && oq_value_constant(pair->inputs[2])->dtype == OQ_INT32,
       "the vector added to a product is its bias");
    net_free(&n);
    n = product(1, false, &add);
    net_quantize(&n, oq_bias);
    ok(oq_node_producer(add, 0) == NULL, "one number for all channels is not");
    net_free(&n);
    n = product(4, true, &add);
    net_quantize(&n, oq_bias);
    ok(oq_node_producer(add, 0) == NULL, "nor one whose product has another reader");
    net_free(&n);
}

int main(void)
{
    test_scale();
    test_weights_only();
    test_shared_bias();
    test_gemm_with_beta();
    test_bias_behind_matmul();
    return tap_done();
}
