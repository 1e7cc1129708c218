#include <math.h>
#include <string.h>

#include "pass/bench.h"

/* x -> op(x, ...) -> Neg -> y: does the op go? The numbers keep their bits either way. */
static bool goes(bench *b, oq_node *node)
{
    oq_node *last = bench_node(b, "Neg", "y", 1, node->outputs[0]);
    bench_numbers *before;
    bool is_gone;

    bench_output(b, last->outputs[0]);
    before = bench_compute(b);
    bench_run(b, oq_remove_noops);
    is_gone = node->is_removed;
    bench_same(b, before, 0, "the bits stay");
    bench_free(b);
    return is_gone;
}

static void typed(oq_node *node, oq_dtype dtype, const int64_t *dims, int rank)
{
    oq_shape shape = oq_shape_of(dims, rank);

    oq_value_set_type(node->outputs[0], dtype, &shape);
}

static void test_identity(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3)), *w = bench_random(b, "w", DIMS(2, 3));
    oq_node *a = bench_node(b, "Identity", "a", 1, x), *c = bench_node(b, "Identity", "c", 1, w);
    oq_node *sum = bench_node(b, "Add", "sum", 2, a->outputs[0], c->outputs[0]);
    oq_node *last = bench_node(b, "Identity", "y", 1, sum->outputs[0]);

    bench_output(b, last->outputs[0]);
    is_int(bench_run(b, oq_remove_noops), 3,
           "Identity of an input, an initializer, and in front of an output");
    is_int(bench_count(b, "Identity"), 0, "none is left");
    ok(sum->inputs[0] == x && sum->inputs[1] == w, "readers read the source");
    is_str(b->model->graph->outputs[0]->name, "y", "the output keeps its public name");
    ok(b->model->graph->outputs[0]->producer == sum, "and comes from the node before");
    bench_free(b);
}

static void test_public_identity_stays(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2)), *w = bench_random(b, "w", DIMS(2));
    oq_node *relu = bench_node(b, "Relu", "r", 1, x);

    bench_output(b, relu->outputs[0]);
    bench_output(b, bench_node(b, "Identity", "same_as_input", 1, x)->outputs[0]);
    bench_output(b, bench_node(b, "Identity", "same_as_w", 1, w)->outputs[0]);
    bench_output(b, bench_node(b, "Identity", "same_as_r", 1, relu->outputs[0])->outputs[0]);
    is_int(bench_run(b, oq_remove_noops), 0, "an output that equals an input, a constant or an output stays");
    bench_free(b);
}

static void test_subgraph(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(4)), *cond = bench_input(b, "cond", OQ_BOOL, NULL, 0);
    oq_node *outer = bench_node(b, "Relu", "outer", 1, x), *node = bench_node(b, "If", "y", 1, cond);
    oq_node *captured, *inner;

    bench_output(b, node->outputs[0]);
    bench_enter(b, node, "then_branch");
    captured = bench_node(b, "Identity", "t", 1, outer->outputs[0]);
    bench_output(b, captured->outputs[0]);
    bench_leave(b);
    bench_enter(b, node, "else_branch");
    inner = bench_node(b, "Identity", "i", 1, x);
    bench_output(b, bench_node(b, "Neg", "e", 1, inner->outputs[0])->outputs[0]);
    bench_leave(b);
    bench_run(b, oq_remove_noops);
    ok(!captured->is_removed, "a branch returns a captured value through its Identity: it stays");
    ok(inner->is_removed, "an Identity inside a branch goes");
    bench_free(b);
}

static oq_node *arithmetic(bench *b, const char *op_type, float constant, bool on_left)
{
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3)), *c = bench_scalar(b, "c", constant);

    return bench_node(b, op_type, "t", 2, on_left ? c : x, on_left ? x : c);
}

static void test_arithmetic(void)
{
    bench *b = bench_new(13);

    ok(goes(b, arithmetic(b, "Mul", 1, false)), "x * 1 goes");
    b = bench_new(13);
    ok(goes(b, arithmetic(b, "Mul", 1, true)), "1 * x goes");
    b = bench_new(13);
    ok(goes(b, arithmetic(b, "Div", 1, false)), "x / 1 goes");
    b = bench_new(13);
    ok(goes(b, arithmetic(b, "Sub", 0, false)), "x - 0 goes");
    b = bench_new(13);
    ok(goes(b, arithmetic(b, "Add", -0.0f, false)), "x + -0.0 goes");
    b = bench_new(13);
    ok(!goes(b, arithmetic(b, "Add", 0, false)), "x + 0.0 stays: it turns -0.0 into 0.0");
    b = bench_new(13);
    ok(!goes(b, arithmetic(b, "Sub", -0.0f, false)), "x - -0.0 stays: the same");
    b = bench_new(13);
    ok(!goes(b, arithmetic(b, "Div", 1, true)), "1 / x stays");
    b = bench_new(13);
    ok(!goes(b, arithmetic(b, "Sub", 0, true)), "0 - x stays");
    b = bench_new(13);
    ok(!goes(b, arithmetic(b, "Mul", nextafterf(1, 2), false)), "x times nearly 1 stays");
}

static void test_broadcast_stays(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(3));
    oq_node *mul = bench_node(b, "Mul", "t", 2, x, bench_floats(b, "c", (float[]){1, 1}, DIMS(2, 1)));

    typed(mul, OQ_FLOAT, DIMS(2, 3));
    ok(!goes(b, mul), "a product with ones that widens x stays");
}

static void test_shapes(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3));
    oq_node *node = bench_node(b, "Reshape", "t", 2, x, bench_ints(b, "shape", (int64_t[]){2, 3}, 2));

    typed(node, OQ_FLOAT, DIMS(2, 3));
    ok(goes(b, node), "a Reshape to the shape it has goes");
    b = bench_new(13);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3));
    node = bench_node(b, "Reshape", "t", 2, x, bench_ints(b, "shape", (int64_t[]){3, 2}, 2));
    typed(node, OQ_FLOAT, DIMS(3, 2));
    ok(!goes(b, node), "a Reshape to another shape stays");
    b = bench_new(13);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(-1, 3));
    node = bench_node(b, "Reshape", "t", 2, x, bench_ints(b, "shape", (int64_t[]){-1, 3}, 2));
    typed(node, OQ_FLOAT, DIMS(-1, 3));
    ok(!goes(b, node), "two unknown sizes are not the same size");
}

static oq_node *slice(bench *b, int64_t start, int64_t end, int64_t step)
{
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(4));
    oq_node *node = bench_node(b, "Slice", "t", 5, x, bench_ints(b, "s", &start, 1),
                               bench_ints(b, "e", &end, 1), NULL, bench_ints(b, "st", &step, 1));

    typed(node, OQ_FLOAT, DIMS(4));
    return node;
}

static void test_slice(void)
{
    bench *b = bench_new(13);

    ok(goes(b, slice(b, 0, 4, 1)), "a Slice of everything goes");
    b = bench_new(13);
    ok(!goes(b, slice(b, -1, -5, -1)), "a Slice that turns x around stays");
}

static void test_pad_and_cast(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3));
    oq_node *node = bench_node(b, "Pad", "t", 2, x, bench_ints(b, "p", (int64_t[]){0, 0, 0, 0}, 4));

    ok(goes(b, node), "a Pad by nothing goes");
    b = bench_new(13);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3));
    ok(!goes(b, bench_node(b, "Pad", "t", 2, x, bench_ints(b, "p", (int64_t[]){0, 1, 0, 0}, 4))),
       "a Pad by one stays");
    b = bench_new(13);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3));
    node = bench_node(b, "Cast", "t", 1, x);
    oq_node_set_int(node, "to", OQ_FLOAT);
    ok(goes(b, node), "a Cast to the type it has goes");
    b = bench_new(13);
    x = bench_input(b, "x", OQ_DOUBLE, DIMS(2, 3));
    node = bench_node(b, "Cast", "t", 1, x);
    oq_node_set_int(node, "to", OQ_FLOAT);
    ok(!goes(b, node), "a Cast from double to float stays");
}

static void test_dropout(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2));
    oq_node *node;

    ok(goes(b, bench_node_outputs(b, "Dropout", 2, 1, x)), "a Dropout whose mask nobody reads goes");
    b = bench_new(13);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(2));
    node = bench_node_outputs(b, "Dropout", 2, 1, x);
    bench_output(b, node->outputs[1]);
    ok(!goes(b, node), "a Dropout whose mask is an output stays");
    b = bench_new(13);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(2));
    node = bench_node(b, "Dropout", "t", 3, x, NULL, bench_input(b, "training", OQ_BOOL, NULL, 0));
    ok(!goes(b, node), "a Dropout that may be training stays");
}

static oq_node *transposes(bench *b, const int64_t *p, const int64_t *q, int rank)
{
    oq_value *x = bench_input(b, "x", OQ_FLOAT, (int64_t[]){2, 3, 4, 5}, rank);
    oq_node *first = bench_node(b, "Transpose", "t", 1, x), *second;

    oq_node_set_ints(first, "perm", p, (size_t)rank);
    second = bench_node(b, "Transpose", "u", 1, first->outputs[0]);
    oq_node_set_ints(second, "perm", q, (size_t)rank);
    bench_output(b, bench_node(b, "Relu", "y", 1, second->outputs[0])->outputs[0]);
    bench_run(b, oq_remove_noops);
    bench_run(b, oq_drop_dead);
    return bench_find(b, "Transpose");
}

static void test_transposes(void)
{
    bench *b = bench_new(13);
    oq_node *left = transposes(b, (int64_t[]){0, 2, 3, 1}, (int64_t[]){0, 3, 1, 2}, 4);
    size_t n;

    ok(left == NULL, "NCHW to NHWC and back cancels");
    bench_free(b);
    b = bench_new(13);
    left = transposes(b, (int64_t[]){1, 2, 0}, (int64_t[]){1, 2, 0}, 3);
    ok(left && bench_count(b, "Transpose") == 1, "two turns become one Transpose");
    is_mem(oq_node_ints(left, "perm", &n), ((int64_t[]){2, 0, 1}), 3 * sizeof(int64_t), "with p[q[i]]");
    bench_free(b);
}

static oq_node *concat(bench *b, int n)
{
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2));
    oq_node *node = bench_node(b, "Concat", "t", n, x, x);

    oq_node_set_int(node, "axis", 0);
    return node;
}

static void test_single_inputs(void)
{
    bench *b = bench_new(13);

    ok(goes(b, concat(b, 1)), "a Concat of one goes");
    b = bench_new(13);
    ok(!goes(b, concat(b, 2)), "a Concat of two stays");
}

int main(void)
{
    test_identity();
    test_public_identity_stays();
    test_subgraph();
    test_arithmetic();
    test_broadcast_stays();
    test_shapes();
    test_slice();
    test_pad_and_cast();
    test_dropout();
    test_transposes();
    test_single_inputs();
    return tap_done();
}
