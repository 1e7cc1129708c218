#include "pass/bench.h"

static oq_node *product(bench *b, const int64_t *dims, int rank, const char *name)
{
    oq_value *a = bench_input(b, "a", OQ_FLOAT, dims, rank);

    return bench_node(b, "MatMul", name, 2, a, bench_random(b, "w", DIMS(6, 4)));
}

static void check(bench *b, oq_node *add, int n_gemm, const char *name)
{
    bench_numbers *before;

    bench_output(b, add->outputs[0]);
    bench_run(b, oq_infer_shapes);
    before = bench_compute(b);
    bench_run(b, oq_fuse_matmul_add);
    is_int(bench_count(b, "Gemm"), n_gemm, name);
    is_int(bench_count(b, "Add"), 1 - n_gemm, "and the Add accordingly");
    bench_same(b, before, 1e-6, "the numbers stay");
    bench_free(b);
}

static void test_fires(void)
{
    bench *b = bench_new(13);
    oq_node *y = product(b, DIMS(2, 6), "y");

    check(b, bench_node(b, "Add", "z", 2, y->outputs[0], bench_random(b, "c", DIMS(4))), 1,
          "a bias of rank 1 makes a Gemm");
    b = bench_new(13);
    y = product(b, DIMS(2, 6), "y");
    check(b, bench_node(b, "Add", "z", 2, bench_random(b, "c", DIMS(1, 4)), y->outputs[0]), 1,
          "so does one row, on the left");
    b = bench_new(13);
    y = product(b, DIMS(-1, 6), "y");
    check(b, bench_node(b, "Add", "z", 2, y->outputs[0], bench_scalar(b, "c", 0.5f)), 1,
          "so does one number, for any batch");
}

static void test_bias_form(void)
{
    bench *b = bench_new(13);
    oq_node *y = product(b, DIMS(2, 6), "y");
    const oq_tensor *bias;

    bench_output(b, bench_node(b, "Add", "z", 2, y->outputs[0], bench_scalar(b, "c", 0.5f))->outputs[0]);
    bench_run(b, oq_fuse_matmul_add);
    bias = oq_value_constant(y->inputs[2]);
    ok(bias && bias->rank == 1 && bias->dims[0] == 4, "the bias has one number per column");
    is_str(b->graph->outputs[0]->name, "z", "the output keeps its name");
    bench_free(b);
}

static void test_must_not_fire(void)
{
    bench *b = bench_new(13);
    oq_node *y = product(b, DIMS(2, 3, 6), "y");

    check(b, bench_node(b, "Add", "z", 2, y->outputs[0], bench_random(b, "c", DIMS(4))), 0,
          "a product of rank 3 stays");
    b = bench_new(13);
    y = product(b, DIMS(2, 6), "y");
    check(b, bench_node(b, "Add", "z", 2, y->outputs[0], bench_random(b, "c", DIMS(2, 1))), 0,
          "a constant per row is no bias");
    b = bench_new(13);
    y = product(b, DIMS(1, 6), "y");
    check(b, bench_node(b, "Add", "z", 2, y->outputs[0], bench_random(b, "c", DIMS(3, 4))), 0,
          "a constant that widens the product stays");
    b = bench_new(13);
    y = product(b, DIMS(2, 6), "y");
    check(b, bench_node(b, "Add", "z", 2, y->outputs[0], bench_random(b, "c", DIMS(1, 1, 4))), 0,
          "a constant of rank 3 makes a result of rank 3: it stays");
    b = bench_new(13);
    y = product(b, DIMS(2, 6), "y");
    check(b, bench_node(b, "Add", "z", 2, y->outputs[0], bench_input(b, "r", OQ_FLOAT, DIMS(2, 4))), 0,
          "a residual is no bias");
    b = bench_new(13);
    y = product(b, DIMS(2, 6), "y");
    bench_output(b, y->outputs[0]);
    check(b, bench_node(b, "Add", "z", 2, y->outputs[0], bench_random(b, "c", DIMS(4))), 0,
          "a product that is an output stays");
}

int main(void)
{
    test_fires();
    test_bias_form();
    test_must_not_fire();
    return tap_done();
}
