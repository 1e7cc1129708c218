#include <math.h>
#include <string.h>

#include "pass/bench.h"

#define CLOSE 1e-5

static oq_node *batchnorm(bench *b, oq_value *y, int64_t n)
{
    oq_value *scale = bench_random(b, "scale", &n, 1), *shift = bench_random(b, "shift", &n, 1),
             *mean = bench_random(b, "mean", &n, 1), *var = bench_random_in(b, "var", 0.5f, 2, &n, 1);

    return bench_node(b, "BatchNormalization", "z", 5, y, scale, shift, mean, var);
}

static void finish(bench *b, oq_node *last)
{
    bench_output(b, bench_node(b, "Relu", "out", 1, last->outputs[0])->outputs[0]);
    bench_run(b, oq_infer_shapes);
}

/* Run the pass: so many nodes of op_type remain, and the numbers stay. */
static void expect(bench *b, const char *op_type, int left, const char *name)
{
    bench_numbers *before = bench_compute(b);

    bench_run(b, oq_fuse_batchnorm);
    is_int(bench_count(b, op_type), left, name);
    bench_same(b, before, CLOSE, "the numbers stay");
    bench_free(b);
}

static void test_conv(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 5, 5)),
             *w = bench_random(b, "w", DIMS(4, 3, 3, 3));
    oq_node *conv = bench_node(b, "Conv", "y", 3, x, w, bench_random(b, "b", DIMS(4)));

    finish(b, batchnorm(b, conv->outputs[0], 4));
    expect(b, "BatchNormalization", 0, "BatchNormalization goes into Conv with a bias");

    b = bench_new(13);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 4, 5, 5));
    conv = bench_node(b, "Conv", "y", 2, x, bench_random(b, "w", DIMS(4, 1, 3, 3)));
    oq_node_set_int(conv, "group", 4);
    finish(b, batchnorm(b, conv->outputs[0], 4));
    expect(b, "BatchNormalization", 0, "and into a depthwise Conv without one");
}

static void test_folded_values(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 1, 2, 2));
    oq_node *conv = bench_node(b, "Conv", "y", 2, x, bench_floats(b, "w", (float[]){2, 3}, DIMS(2, 1, 1, 1)));
    oq_node *bn = bench_node(
        b, "BatchNormalization", "z", 5, conv->outputs[0], bench_floats(b, "s", (float[]){4, -6}, DIMS(2)),
        bench_floats(b, "B", (float[]){1, 2}, DIMS(2)), bench_floats(b, "m", (float[]){3, 5}, DIMS(2)),
        bench_floats(b, "v", (float[]){4, 9}, DIMS(2)));

    oq_node_set_float(bn, "epsilon", 0);
    bench_output(b, bn->outputs[0]);
    bench_run(b, oq_fuse_batchnorm);
    is_mem(conv->inputs[1]->constant->data, ((float[]){4, -6}), 8, "W' = W scale / sqrt(var)");
    is_mem(conv->inputs[2]->constant->data, ((float[]){-5, 12}), 8, "b' = (0 - mean) r + B");
    is_str(b->graph->outputs[0]->name, "z", "the output keeps its name");
    is_str(conv->inputs[1]->name, "w", "and the weight, which nobody else reads, its own");
    bench_free(b);
}

static void test_transposed(void)
{
    for (int64_t groups = 1; groups <= 2; groups++) {
        bench *b = bench_new(13);
        oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 4, 3, 3));
        oq_node *conv = bench_node(b, "ConvTranspose", "y", 2, x, bench_random(b, "w", DIMS(4, 3, 2, 2)));

        oq_node_set_int(conv, "group", groups);
        finish(b, batchnorm(b, conv->outputs[0], 3 * groups));
        expect(b, "BatchNormalization", 0, groups == 1 ? "ConvTranspose takes it" : "also with two groups");
    }
}

static void test_gemm(void)
{
    for (int trans = 0; trans < 2; trans++) {
        bench *b = bench_new(13);
        oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 6));
        oq_value *w = bench_random(b, "w", (int64_t[]){trans ? 4 : 6, trans ? 6 : 4}, 2);
        oq_node *gemm = bench_node(b, "Gemm", "y", 3, x, w, bench_random(b, "c", DIMS(1, 4)));

        oq_node_set_int(gemm, "transB", trans);
        oq_node_set_float(gemm, "alpha", 0.5f);
        oq_node_set_float(gemm, "beta", 0.25f);
        finish(b, batchnorm(b, gemm->outputs[0], 4));
        expect(b, "BatchNormalization", 0,
               trans ? "Gemm with transB takes it" : "Gemm takes it, beta and all");
    }
}

static void test_matmul(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 6));
    oq_node *matmul = bench_node(b, "MatMul", "y", 2, x, bench_random(b, "w", DIMS(6, 4)));

    matmul->outputs[0]->dtype = OQ_FLOAT;
    finish(b, batchnorm(b, matmul->outputs[0], 4));
    expect(b, "BatchNormalization", 0, "MatMul takes the scale");

    b = bench_new(13);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 4, 6));
    matmul = bench_node(b, "MatMul", "y", 2, x, bench_random(b, "w", DIMS(6, 4)));
    finish(b, batchnorm(b, matmul->outputs[0], 4));
    expect(b, "BatchNormalization", 1, "a MatMul of rank 3 does not: its channel is not axis 1");
}

static void test_written_out(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 5, 5)),
             *w = bench_random(b, "w", DIMS(4, 3, 3, 3));
    oq_node *conv = bench_node(b, "Conv", "y", 2, x, w);
    oq_node *mul = bench_node(b, "Mul", "m", 2, bench_random(b, "r", DIMS(4, 1, 1)), conv->outputs[0]);
    oq_node *add = bench_node(b, "Add", "a", 2, mul->outputs[0], bench_random(b, "t", DIMS(1, 4, 1, 1)));
    oq_node *sub = bench_node(b, "Sub", "s", 2, add->outputs[0], bench_scalar(b, "u", 0.5f));
    oq_node *div = bench_node(b, "Div", "d", 2, sub->outputs[0], bench_scalar(b, "v", -3));

    finish(b, div);
    expect(b, NULL, 2, "Mul, Add, Sub and Div by channel go into Conv");
}

static void test_shared_result(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 5, 5)),
             *w = bench_random(b, "w", DIMS(4, 3, 3, 3));
    oq_node *conv = bench_node(b, "Conv", "y", 2, x, w);

    bench_output(b, bench_node(b, "Tanh", "other", 1, conv->outputs[0])->outputs[0]);
    finish(b, batchnorm(b, conv->outputs[0], 4));
    expect(b, "BatchNormalization", 1, "nothing is folded when somebody else reads y");

    b = bench_new(13);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 5, 5));
    conv = bench_node(b, "Conv", "y", 2, x, bench_random(b, "w", DIMS(4, 3, 3, 3)));
    bench_output(b, conv->outputs[0]);
    finish(b, batchnorm(b, conv->outputs[0], 4));
    expect(b, "BatchNormalization", 1, "nor when y is an output");
}

static void test_shared_weight(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 5, 5)),
             *w = bench_random(b, "w", DIMS(4, 3, 3, 3));
    oq_node *one = bench_node(b, "Conv", "y1", 2, x, w), *two = bench_node(b, "Conv", "y2", 2, x, w);
    const oq_tensor *original = w->constant;

    bench_output(b, two->outputs[0]);
    finish(b, batchnorm(b, one->outputs[0], 4));
    expect(b, "BatchNormalization", 0, "a shared W does not prevent the fold");
    (void)original;
    b = bench_new(13);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 5, 5));
    w = bench_random(b, "w", DIMS(4, 3, 3, 3));
    one = bench_node(b, "Conv", "y1", 2, x, w);
    two = bench_node(b, "Conv", "y2", 2, x, w);
    original = w->constant;
    bench_output(b, two->outputs[0]);
    bench_output(b, batchnorm(b, one->outputs[0], 4)->outputs[0]);
    bench_run(b, oq_fuse_batchnorm);
    ok(two->inputs[1]->constant == original && one->inputs[1] != w, "the other reader keeps the old W");
    bench_free(b);
}

static void test_must_not_fire(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 5, 5)),
             *w = bench_random(b, "w", DIMS(4, 3, 3, 3));
    oq_node *conv = bench_node(b, "Conv", "y", 2, x, w), *bn;

    finish(b, bench_node(b, "Mul", "z", 2, conv->outputs[0], bench_random(b, "c", DIMS(1, 1, 3, 3))));
    expect(b, "Mul", 1, "a Mul that differs by place stays");

    b = bench_new(13);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 5, 5));
    conv = bench_node(b, "Conv", "y", 2, x, bench_random(b, "w", DIMS(1, 3, 3, 3)));
    finish(b, bench_node(b, "Mul", "z", 2, conv->outputs[0], bench_random(b, "c", DIMS(4, 1, 1))));
    expect(b, "Mul", 1, "a Mul that makes four channels out of one stays");

    b = bench_new(13);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 5, 5));
    conv = bench_node(b, "Conv", "y", 2, x, bench_random(b, "w", DIMS(4, 3, 3, 3)));
    finish(b, bench_node(b, "Div", "z", 2, bench_scalar(b, "c", 1), conv->outputs[0]));
    expect(b, "Div", 1, "c / y stays");

    b = bench_new(15);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 5, 5));
    conv = bench_node(b, "Conv", "y", 2, x, bench_random(b, "w", DIMS(4, 3, 3, 3)));
    bn = batchnorm(b, conv->outputs[0], 4);
    oq_node_set_int(bn, "training_mode", 1);
    bench_output(b, bn->outputs[0]);
    is_int(bench_run(b, oq_fuse_batchnorm), 0, "a BatchNormalization in training stays");
    bench_free(b);

    b = bench_new(13);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 6));
    conv = bench_node(b, "MatMul", "y", 2, x, bench_random(b, "w", DIMS(6, 4)));
    finish(b, bench_node(b, "Add", "z", 2, conv->outputs[0], bench_random(b, "c", DIMS(4))));
    expect(b, "Add", 1, "an Add behind MatMul stays: there is no bias to take it");
}

static void test_not_finite(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 5, 5)),
             *w = bench_random(b, "w", DIMS(4, 3, 3, 3));
    oq_node *conv = bench_node(b, "Conv", "y", 2, x, w);

    bench_output(b, bench_node(b, "Div", "z", 2, conv->outputs[0], bench_scalar(b, "c", 0))->outputs[0]);
    is_int(bench_run(b, oq_fuse_batchnorm), 0, "a division by zero stays where it is");
    bench_free(b);
}

int main(void)
{
    test_conv();
    test_folded_values();
    test_transposed();
    test_gemm();
    test_matmul();
    test_written_out();
    test_shared_result();
    test_shared_weight();
    test_must_not_fire();
    test_not_finite();
    return tap_done();
}
