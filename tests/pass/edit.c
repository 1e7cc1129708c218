#include "pass/edit.h"

#include <string.h>

#include "pass/bench.h"

static void test_constants(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2)), *ints = bench_ints(b, "i", (int64_t[]){4, -5}, 2);
    oq_node *node = bench_node(b, "Reshape", "y", 2, x, ints);
    size_t n = 0;
    const int64_t *values = oq_node_input_ints(node, 1, b->ctx.arena, &n);

    ok(values && n == 2 && values[0] == 4 && values[1] == -5, "a constant integer input is read");
    ok(!oq_node_input_ints(node, 0, b->ctx.arena, &n), "an input of the graph is no constant");
    ok(!oq_node_input(node, 2) && !oq_node_input_constant(node, 7), "beyond the list everything is omitted");
    ints->is_overridable = true;
    ok(!oq_node_input_constant(node, 1), "what may be overridden is no constant");
    bench_free(b);
}

static void test_constant_nodes(void)
{
    bench *b = bench_new(13);
    oq_node *node = bench_node(b, "Constant", "c", 0);
    const oq_tensor *tensor;

    ok(!oq_constant_node_tensor(node), "a Constant without value has no tensor");
    oq_node_set_int(node, "value_int", 9);
    tensor = oq_constant_node_tensor(node);
    ok(tensor && tensor->dtype == OQ_INT64 && tensor->rank == 0, "value_int is an int64 scalar");
    oq_node_remove_attr(node, "value_int");
    oq_node_set_string(node, "value_string", "text");
    tensor = oq_constant_node_tensor(node);
    ok(tensor && tensor->dtype == OQ_STRING && tensor->n_elements == 1, "value_string is a string scalar");
    bench_free(b);
}

static void test_replace_constant(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2)), *w = bench_random(b, "w", DIMS(2));
    oq_node *one = bench_node(b, "Add", "a", 2, x, w), *two = bench_node(b, "Add", "c", 2, x, w);
    oq_tensor *fresh = oq_tensor_from_floats(b->model->arena, (float[]){1, 2}, DIMS(2));

    oq_node_replace_constant(one, 1, fresh);
    ok(one->inputs[1] != w && one->inputs[1]->constant == fresh, "a shared constant is copied");
    ok(two->inputs[1] == w && w->constant != fresh, "its other reader keeps it");
    oq_node_replace_constant(two, 1, fresh);
    ok(two->inputs[1] == w && w->constant == fresh, "one that nobody else reads changes in place");
    bench_free(b);
}

static void test_bypass(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2));
    oq_node *first = bench_node(b, "Relu", "a", 1, x),
            *last = bench_node(b, "Identity", "y", 1, first->outputs[0]);

    bench_output(b, last->outputs[0]);
    ok(oq_node_bypass(last, first->outputs[0]), "a node in front of an output is bypassed");
    is_str(first->outputs[0]->name, "y", "the public name moves");
    ok(!oq_node_bypass(first, x), "an input cannot carry it");
    ok(!first->is_removed, "so nothing changes");
    ok(oq_graph_check(b->graph, &b->diag) == OQ_OK, "the graph is consistent");
    bench_free(b);
}

static void test_captured_output(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2));
    oq_node *first = bench_node(b, "Relu", "a", 1, x),
            *copy = bench_node(b, "Identity", "c", 1, first->outputs[0]);
    oq_node *node = bench_node(b, "If", "y", 1, bench_input(b, "cond", OQ_BOOL, NULL, 0));

    bench_enter(b, node, "then_branch");
    bench_output(b, copy->outputs[0]);
    bench_leave(b);
    ok(!oq_value_is_movable(copy->outputs[0]), "what a branch returns as its own cannot be renamed");
    ok(!oq_node_bypass(copy, first->outputs[0]), "so its producer stays");
    ok(oq_value_is_movable(first->outputs[0]), "an inner value can");
    bench_free(b);
}

static void test_notes(void)
{
    bench *b = bench_new(13);

    oq_pass_note(&b->ctx, "%d things", 3);
    ok(b->notes.size == 9 && memcmp(b->notes.data, "3 things\n", 9) == 0, "a note is one line");
    b->ctx.notes = NULL;
    oq_pass_note(&b->ctx, "nobody listens");
    bench_free(b);
}

int main(void)
{
    test_constants();
    test_constant_nodes();
    test_replace_constant();
    test_bypass();
    test_captured_output();
    test_notes();
    return tap_done();
}
