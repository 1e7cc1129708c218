#include "pass/bench.h"

static void test_chain(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 4));
    oq_value *w = bench_random(b, "w", DIMS(4));
    oq_node *dead = bench_node(b, "Mul", "dead", 2, x, w);

    bench_node(b, "Relu", "dead_too", 1, dead->outputs[0]);
    bench_output(b, bench_node(b, "Tanh", "y", 1, x)->outputs[0]);
    is_int(bench_run(b, oq_drop_dead), 3, "two nodes and the initializer only they read go");
    is_int(bench_count(b, NULL), 1, "the node behind the output stays");
    is_int(b->graph->n_initializers, 0, "no initializer is left");
    is_int(bench_run(b, oq_drop_dead), 0, "a second run finds nothing");
    bench_free(b);
}

static void test_public_things_stay(void)
{
    bench *b = bench_new(13);
    oq_value *overridable = bench_input(b, "w", OQ_FLOAT, DIMS(4));
    oq_tensor *tensor = oq_tensor_from_floats(b->model->arena, (float[]){1, 2, 3, 4}, DIMS(4));
    oq_value *c = bench_random(b, "c", DIMS(4));

    bench_input(b, "unread", OQ_FLOAT, DIMS(1));
    oq_value_set_constant(overridable, tensor);
    overridable->is_overridable = true;
    bench_output(b, c);
    is_int(bench_run(b, oq_drop_dead), 0, "nothing public goes");
    is_int(b->graph->n_inputs, 2, "unread inputs stay");
    is_int(b->graph->n_initializers, 2, "an initializer that is an input or an output stays");
    bench_free(b);
}

static void test_split_keeps_its_outputs(void)
{
    bench *b = bench_new(11);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(4, 4));
    oq_node *split = bench_node_outputs(b, "Split", 2, 1, x);

    bench_output(b, split->outputs[1]);
    bench_run(b, oq_drop_dead);
    ok(split->outputs[0] != NULL, "the number of outputs of Split means something: none is left out");
    bench_free(b);
}

static void test_optional_output(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 1, 4, 4));
    oq_node *pool = bench_node_outputs(b, "MaxPool", 2, 1, x);

    oq_node_set_ints(pool, "kernel_shape", (int64_t[]){2, 2}, 2);
    bench_output(b, pool->outputs[0]);
    if (!pool->op) {
        tap_skip(1, "no row of MaxPool");
    } else {
        bench_run(b, oq_drop_dead);
        ok(pool->outputs[1] == NULL, "the unread indices of MaxPool are left out");
    }
    bench_free(b);
}

static void test_subgraph(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(4)), *cond = bench_input(b, "cond", OQ_BOOL, NULL, 0);
    oq_node *captured = bench_node(b, "Relu", "captured", 1, x);
    oq_node *node = bench_node(b, "If", "y", 1, cond);

    bench_output(b, node->outputs[0]);
    bench_enter(b, node, "then_branch");
    bench_node(b, "Tanh", "unread", 1, captured->outputs[0]);
    bench_output(b, bench_node(b, "Exp", "a", 1, x)->outputs[0]);
    bench_leave(b);
    bench_enter(b, node, "else_branch");
    bench_output(b, bench_node(b, "Neg", "b", 1, x)->outputs[0]);
    bench_leave(b);
    is_int(bench_run(b, oq_drop_dead), 2, "a dead node in a branch goes, and what only it captured");
    is_int(bench_count(b, NULL), 3, "the branches keep what they return");
    bench_free(b);
}

int main(void)
{
    test_chain();
    test_public_things_stay();
    test_split_keeps_its_outputs();
    test_optional_output();
    test_subgraph();
    return tap_done();
}
