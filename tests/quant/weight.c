/* Scales of a unit's weight, and where its bias is. */
#include "quant/weight.h"

#include <math.h>
#include <string.h>

#include "pass/edit.h"
#include "quant/quant_bench.h"

static void the_bias_of_a_convolution(void)
{
    net n = net_new();
    oq_unit_bias at = oq_find_unit_bias(n.conv1);

    ok(at.holder == n.conv1 && at.input == 2, "a Conv reads its bias itself");
    ok(!oq_find_unit_bias(n.conv2).holder, "or has none");
    n.b1->is_overridable = true;
    ok(!oq_find_unit_bias(n.conv1).holder, "one that a caller may override is none");
    net_free(&n);
}

/* x -> MatMul(w) -> Add(bias) -> out; is_first: Add(bias, product). */
static oq_node *matmul_add(bench *b, oq_value *bias, bool is_first)
{
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 5, 3));
    oq_node *matmul = bench_node(b, "MatMul", "p", 2, x, bench_random(b, "w", DIMS(3, 4)));
    oq_value *p = matmul->outputs[0];

    bench_output(b, bench_node(b, "Add", "out", 2, is_first ? bias : p, is_first ? p : bias)->outputs[0]);
    bench_run(b, oq_infer_shapes);
    return matmul;
}

static void the_bias_of_a_product(void)
{
    bench *b = bench_new(13);
    oq_node *matmul = matmul_add(b, bench_random(b, "bias", DIMS(4)), true);
    oq_unit_bias at = oq_find_unit_bias(matmul);

    ok(at.holder == bench_find(b, "Add") && at.input == 0,
       "a MatMul has the Add's behind it, on either side");
    bench_output(b, matmul->outputs[0]);
    ok(!oq_find_unit_bias(matmul).holder, "unless others see the product");
    bench_free(b);
    b = bench_new(13);
    matmul = matmul_add(b, bench_random(b, "bias", DIMS(1, 4)), false);
    ok(!oq_find_unit_bias(matmul).holder, "a constant that is no vector is no bias");
    bench_free(b);
    b = bench_new(13);
    matmul = matmul_add(b, bench_random(b, "bias", DIMS(1)), false);
    ok(!oq_find_unit_bias(matmul).holder, "nor is one number for all outputs");
    bench_free(b);
}

static int axis_of(const net *n, const char *op_type, int64_t group)
{
    oq_node_set_type(n->conv2, op_type, "");
    oq_node_set_int(n->conv2, "group", group);
    return oq_weight_axis(n->conv2, n->plan, n->w2->constant);
}

static void axes(void)
{
    net n = net_new();

    net_plan(&n, &quant_defaults, -4, 4);
    is_int(axis_of(&n, "Conv", 2), 0, "outputs of a Conv are its weight's axis 0");
    is_int(axis_of(&n, "ConvTranspose", 1), 1, "of a ConvTranspose axis 1");
    is_int(axis_of(&n, "ConvTranspose", 2), -1, "with groups no axis serves it");
    n.plan->options.per_tensor = true;
    is_int(axis_of(&n, "Conv", 1), -1, "one scale for the tensor: no axis");
    net_free(&n);
}

static void scales(void)
{
    net n = net_new();
    oq_qparams params;
    float w[4 * 27], largest = 0;

    net_plan(&n, &quant_defaults, -4, 4);
    is_float((double)oq_unit_activation_scale(n.conv1, n.plan), 8.0 / 255, 1e-7,
             "the activation's scale is that of its pair");
    is_int(oq_weight_params(n.conv1, 1, n.plan, n.b->ctx.arena, &params, &n.b->diag), OQ_OK,
           "a weight's scales");
    oq_tensor_floats(n.w1->constant, w);
    for (int i = 0; i < 27; i++)
        largest = fmaxf(largest, fabsf(w[2 * 27 + i]));
    is_int(params.n, 4, "one for each output");
    is_int(params.axis, 0, "along axis 0");
    is_float((double)params.scale[2], (double)(largest / 127), 1e-9, "the largest weight over 127");
    ok(params.qmin == -127 && params.qmax == 127, "codes from -127 to 127");
    n.plan->nodes[n.conv1->id].quantized_inputs = 0;
    is_float((double)oq_unit_activation_scale(n.conv1, n.plan), 0, 0, "a unit that reads float has none");
    net_free(&n);
}

static void the_guard_of_the_bias(void)
{
    net n = net_new();
    oq_qparams params;
    double code;

    n.b1->constant = oq_tensor_from_floats(n.b->model->arena, (float[]){0, 3e7f, 0, 0}, (int64_t[]){4}, 1);
    net_plan(&n, &quant_defaults, 0, 1e-3f);
    oq_weight_params(n.conv1, 1, n.plan, n.b->ctx.arena, &params, &n.b->diag);
    code = 3e7 / ((double)params.scale[1] * 1e-3 / 255);
    ok(code < 2147483647.0 && code > 2.1e9, "a large bias raises its scale until it fits 32 bits");
    ok(params.scale[0] < 0.1f, "and no other");
    net_free(&n);
}

static void not_a_number(void)
{
    net n = net_new();
    oq_qparams params;
    float w[16] = {1, 2, INFINITY};

    net_plan(&n, &quant_defaults, -4, 4);
    n.w2->constant = oq_tensor_from_floats(n.b->model->arena, w, (int64_t[]){4, 4, 1, 1}, 4);
    is_int(oq_weight_params(n.conv2, 1, n.plan, n.b->ctx.arena, &params, &n.b->diag), OQ_RANGE,
           "a weight with infinities has no scale");
    ok(strstr(n.b->diag.notes, "'w2'") && strstr(n.b->diag.notes, "Conv"), "weight and node are named");
    net_free(&n);
}

int main(void)
{
    the_bias_of_a_convolution();
    the_bias_of_a_product();
    axes();
    scales();
    the_guard_of_the_bias();
    not_a_number();
    return tap_done();
}
