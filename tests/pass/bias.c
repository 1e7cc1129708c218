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

int main(void)
{
    test_scale();
    test_weights_only();
    test_shared_bias();
    test_gemm_with_beta();
    return tap_done();
}
