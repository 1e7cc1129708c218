#include <string.h>

#include "pass/bench.h"

static oq_tensor *ints_of(const oq_value *value)
{
    return value->constant;
}

static bool holds(const oq_value *value, const int64_t *wanted, size_t n)
{
    const oq_tensor *tensor = value ? oq_value_constant(value) : NULL;
    int64_t element;

    if (!tensor || tensor->n_elements != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!oq_tensor_int(tensor, i, &element) || element != wanted[i])
            return false;
    }
    return true;
}

static void test_constant_nodes(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2));
    oq_node *by_tensor = bench_node(b, "Constant", "a", 0), *by_ints = bench_node(b, "Constant", "s", 0);
    oq_node *add = bench_node(b, "Add", "y", 2, x, by_tensor->outputs[0]), *reshape;
    bench_numbers *before;

    oq_node_set_tensor(by_tensor, "value", oq_tensor_from_floats(b->model->arena, (float[]){1, 2}, DIMS(2)));
    oq_node_set_ints(by_ints, "value_ints", (int64_t[]){2, 1}, 2);
    reshape = bench_node(b, "Reshape", "z", 2, add->outputs[0], by_ints->outputs[0]);
    bench_output(b, reshape->outputs[0]);
    before = bench_compute(b);
    is_int(bench_run(b, oq_fold_constants), 2, "both Constant nodes go");
    is_int(bench_count(b, "Constant"), 0, "none is left");
    ok(holds(reshape->inputs[1], (int64_t[]){2, 1}, 2), "value_ints is an initializer of int64");
    is_str(add->inputs[1]->name, "a", "the initializer keeps the name");
    ok(ints_of(add->inputs[1])->dtype == OQ_FLOAT, "and the type");
    bench_same(b, before, 0, "the bits stay");
    bench_free(b);
}

static void test_public_constant_stays(void)
{
    bench *b = bench_new(13);
    oq_node *node = bench_node(b, "Constant", "y", 0);

    oq_node_set_float(node, "value_float", 3);
    bench_output(b, node->outputs[0]);
    is_int(bench_run(b, oq_fold_constants), 0, "a Constant that is an output stays a node");
    bench_free(b);
}

static void test_computed(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3)), *w = bench_random(b, "w", DIMS(4, 3));
    oq_node *transpose = bench_node(b, "Transpose", "wt", 1, w);
    oq_node *scaled = bench_node(b, "Mul", "ws", 2, transpose->outputs[0], bench_scalar(b, "two", 2));
    bench_numbers *before;

    bench_output(b, bench_node(b, "MatMul", "y", 2, x, scaled->outputs[0])->outputs[0]);
    before = bench_compute(b);
    is_int(bench_run(b, oq_fold_constants), 2, "a chain over constants is computed");
    is_int(bench_count(b, NULL), 1, "only the product is left");
    bench_same(b, before, 0, "the bits stay");
    bench_free(b);
}

static void test_shape_arithmetic(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3, 4));
    oq_node *shape = bench_node(b, "Shape", "s", 1, bench_node(b, "Relu", "r", 1, x)->outputs[0]);
    oq_node *gather =
        bench_node(b, "Gather", "g", 2, shape->outputs[0], bench_ints(b, "i", (int64_t[]){0}, 1));
    oq_node *concat =
        bench_node(b, "Concat", "c", 2, gather->outputs[0], bench_ints(b, "m", (int64_t[]){-1}, 1));
    oq_node *reshape = bench_node(b, "Reshape", "y", 2, x, concat->outputs[0]);
    bench_numbers *before;

    oq_node_set_int(concat, "axis", 0);
    bench_output(b, reshape->outputs[0]);
    before = bench_compute(b);
    bench_run(b, oq_fold_constants);
    ok(holds(reshape->inputs[1], (int64_t[]){2, -1}, 2), "the shape of x [2,3,4] is known: [2,-1]");
    bench_same(b, before, 0, "the bits stay");
    bench_free(b);
}

static void test_symbolic_shape_stays(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(-1, 3, 4));
    oq_node *shape = bench_node(b, "Shape", "s", 1, x);
    oq_node *gather =
        bench_node(b, "Gather", "g", 2, shape->outputs[0], bench_ints(b, "i", (int64_t[]){0}, 1));
    oq_node *reshape = bench_node(b, "Reshape", "y", 2, x, gather->outputs[0]);

    bench_output(b, reshape->outputs[0]);
    bench_run(b, oq_fold_constants);
    ok(reshape->inputs[1]->producer == gather, "a size that is not known stays computed");
    bench_free(b);
}

static void test_overridable(void)
{
    bench *b = bench_new(13);
    oq_value *w = bench_input(b, "w", OQ_FLOAT, DIMS(2));

    oq_value_set_constant(w, oq_tensor_from_floats(b->model->arena, (float[]){1, 2}, DIMS(2)));
    w->is_overridable = true;
    bench_output(b, bench_node(b, "Neg", "n", 1, bench_node(b, "Neg", "m", 1, w)->outputs[0])->outputs[0]);
    is_int(bench_run(b, oq_fold_constants), 0, "what the caller may override is no constant");
    bench_free(b);
}

static void test_quantization_stays(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2)), *w = bench_random(b, "w", DIMS(2)),
             *s = bench_scalar(b, "s", 0.1f);
    oq_value *zero =
        oq_graph_add_initializer(b->graph, "z", oq_tensor_scalar_int(b->model->arena, OQ_INT8, 0));
    oq_node *q = bench_node(b, "QuantizeLinear", "q", 3, w, s, zero);
    oq_node *dq = bench_node(b, "DequantizeLinear", "d", 3, q->outputs[0], s, zero);

    bench_output(b, bench_node(b, "Add", "y", 2, x, dq->outputs[0])->outputs[0]);
    is_int(bench_run(b, oq_fold_constants), 0, "QuantizeLinear and DequantizeLinear of a weight stay");
    bench_free(b);
}

static void test_random_stays(void)
{
    bench *b = bench_new(13);
    oq_node *random = bench_node(b, "RandomNormalLike", "r", 1, bench_random(b, "w", DIMS(2)));

    bench_output(b, bench_node(b, "Neg", "y", 1, random->outputs[0])->outputs[0]);
    is_int(bench_run(b, oq_fold_constants), 0, "a random operator stays");
    bench_free(b);
}

static void test_budget(void)
{
    bench *b = bench_new(13);
    oq_value *shape = bench_ints(b, "shape", (int64_t[]){1000}, 1);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1000));
    oq_node *expand = bench_node(b, "Expand", "e", 2, bench_scalar(b, "v", 1), shape);

    bench_output(b, bench_node(b, "Add", "y", 2, x, expand->outputs[0])->outputs[0]);
    b->ctx.fold_budget = 3999;
    is_int(bench_run(b, oq_fold_constants), 0, "4000 bytes do not fit a budget of 3999");
    ok(strstr((const char *)b->notes.data, "not folded") != NULL, "and a note says so");
    b->ctx.fold_budget = 4000;
    is_int(bench_run(b, oq_fold_constants), 1, "they fit one of 4000");
    bench_free(b);
}

static void test_budget_of_all(void)
{
    bench *b = bench_new(13);
    oq_value *v = bench_random(b, "v", DIMS(100)), *x = bench_input(b, "x", OQ_FLOAT, DIMS(100));
    oq_node *one = bench_node(b, "Exp", "e1", 1, v), *two = bench_node(b, "Exp", "e2", 1, v);

    bench_output(b, bench_node(b, "Sum", "y", 4, x, v, one->outputs[0], two->outputs[0])->outputs[0]);
    b->ctx.fold_budget = 500;
    is_int(bench_run(b, oq_fold_constants), 1, "the budget is for all growth together");
    bench_free(b);
}

static void test_subgraph(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2)), *cond = bench_input(b, "cond", OQ_BOOL, NULL, 0);
    oq_value *w = bench_random(b, "w", DIMS(2));
    oq_node *node = bench_node(b, "If", "y", 1, cond);
    bench_numbers *before;

    bench_output(b, node->outputs[0]);
    bench_enter(b, node, "then_branch");
    bench_output(b, bench_node(b, "Add", "t", 2, x, bench_node(b, "Neg", "n", 1, w)->outputs[0])->outputs[0]);
    bench_leave(b);
    bench_enter(b, node, "else_branch");
    bench_output(b, bench_node(b, "Mul", "e", 2, x, w)->outputs[0]);
    bench_leave(b);
    before = bench_compute(b);
    is_int(bench_run(b, oq_fold_constants), 1, "a constant of the outer graph is folded inside a branch");
    bench_same(b, before, 0, "the bits stay");
    bench_free(b);
}

int main(void)
{
    test_constant_nodes();
    test_public_constant_stays();
    test_computed();
    test_shape_arithmetic();
    test_symbolic_shape_stays();
    test_overridable();
    test_quantization_stays();
    test_random_stays();
    test_budget();
    test_budget_of_all();
    test_subgraph();
    return tap_done();
}
