#include <math.h>

#include "pass/bench.h"

static oq_value *input(bench *b)
{
    return bench_input(b, "x", OQ_FLOAT, DIMS(2, 8));
}

static oq_node *clip(bench *b, oq_value *x, float low, float high)
{
    return bench_node(b, "Clip", "c", 3, x, isfinite(low) ? bench_scalar(b, "lo", low) : NULL,
                      isfinite(high) ? bench_scalar(b, "hi", high) : NULL);
}

static oq_node *relu(bench *b, oq_value *x)
{
    return bench_node(b, "Relu", "r", 1, x);
}

static oq_node *extremum(bench *b, const char *op_type, oq_value *x, float bound)
{
    return bench_node(b, op_type, "m", 2, x, bench_scalar(b, "bound", bound));
}

/* After the pass: that many nodes in all, the last of that type; the numbers keep their bits. */
static void expect(bench *b, oq_node *last, int n, const char *op_type, const char *name)
{
    bench_numbers *before;

    bench_output(b, last->outputs[0]);
    bench_run(b, oq_infer_shapes);
    before = bench_compute(b);
    bench_run(b, oq_fuse_activation);
    ok(bench_count(b, NULL) == n && bench_count(b, op_type) >= 1, "%s", name);
    bench_same(b, before, 1e-30, "the numbers stay");
    bench_free(b);
}

static void test_becomes_relu(void)
{
    bench *b = bench_new(13);

    expect(b, extremum(b, "Max", input(b), 0), 1, "Relu", "Max(x, 0) is Relu");
    b = bench_new(13);
    expect(b, clip(b, input(b), 0, INFINITY), 1, "Relu", "Clip from 0 up is Relu");
    b = bench_new(13);
    expect(b, relu(b, relu(b, input(b))->outputs[0]), 1, "Relu", "two Relus are one");
}

static void test_becomes_clip(void)
{
    bench *b = bench_new(13);

    expect(b, extremum(b, "Min", extremum(b, "Max", input(b), 0)->outputs[0], 1), 1, "Clip",
           "Min(Max(x, 0), 1) is Clip");
    b = bench_new(13);
    expect(b, extremum(b, "Max", extremum(b, "Min", input(b), 1)->outputs[0], -1), 1, "Clip",
           "Max(Min(x, 1), -1) is Clip");
    b = bench_new(13);
    expect(b, clip(b, relu(b, input(b))->outputs[0], -1, 1), 1, "Clip",
           "Clip(Relu(x), -1, 1) is Clip(x, 0, 1)");
    b = bench_new(13);
    expect(b, relu(b, clip(b, input(b), -1, 1)->outputs[0]), 1, "Clip",
           "Relu(Clip(x, -1, 1)) is Clip(x, 0, 1)");
    b = bench_new(13);
    expect(b, clip(b, clip(b, input(b), -2, -1)->outputs[0], 0, 1), 1, "Clip",
           "clamps without common ground leave one number");
}

static void test_bounds(void)
{
    bench *b = bench_new(13);
    oq_node *last = clip(b, relu(b, input(b))->outputs[0], -1, 6);
    float low = NAN, high = NAN;

    bench_output(b, last->outputs[0]);
    bench_run(b, oq_infer_shapes);
    bench_run(b, oq_fuse_activation);
    oq_tensor_floats(last->inputs[1]->constant, &low);
    oq_tensor_floats(last->inputs[2]->constant, &high);
    is_float(low, 0, 0, "the lower bound is the Relu's");
    is_float(high, 6, 0, "the upper one is the Clip's");
    is_int(last->inputs[1]->constant->rank, 0, "bounds are scalars");
    is_int(bench_run(b, oq_fuse_activation), 0, "a second run finds nothing");
    bench_free(b);
}

static void test_must_not_fire(void)
{
    bench *b = bench_new(13);
    oq_node *first = relu(b, input(b));

    bench_output(b, bench_node(b, "Neg", "n", 1, first->outputs[0])->outputs[0]);
    expect(b, clip(b, first->outputs[0], 0, 1), 3, "Relu", "a Relu with another reader stays");
    b = bench_new(13);
    expect(b, extremum(b, "Max", input(b), 0.5f), 1, "Max", "a Max alone stays");
    b = bench_new(13);
    expect(b, clip(b, input(b), 0, 6), 1, "Clip", "a Clip alone stays");
    b = bench_new(13);
    expect(b, relu(b, clip(b, input(b), 1, -1)->outputs[0]), 2, "Clip", "bounds in the wrong order stay");
    b = bench_new(13);
    expect(b, bench_node(b, "Max", "m", 2, input(b), bench_floats(b, "z", (float[]){0}, DIMS(1, 1, 1))), 1,
           "Max", "a zero of higher rank stays: the result has that rank");
    b = bench_new(13);
    expect(b, bench_node(b, "Max", "m", 2, input(b), bench_random(b, "z", DIMS(8))), 1, "Max",
           "a bound per element stays");
    b = bench_new(13);
    expect(b, bench_node(b, "Clip", "m", 2, input(b), bench_input(b, "low", OQ_FLOAT, NULL, 0)), 1, "Clip",
           "a bound that is computed stays");
}

static void test_low_opset(void)
{
    bench *b = bench_new(9);
    oq_node *last = bench_node(b, "Clip", "c", 1, relu(b, input(b))->outputs[0]);

    oq_node_set_float(last, "min", 0);
    bench_output(b, last->outputs[0]);
    is_int(bench_run(b, oq_fuse_activation), 0, "below opset 11 Clip has no inputs: nothing fires");
    bench_free(b);
}

int main(void)
{
    test_becomes_relu();
    test_becomes_clip();
    test_bounds();
    test_must_not_fire();
    test_low_opset();
    return tap_done();
}
