#include "pass/bench.h"

static void is_shape(const oq_value *value, const char *shape, const char *name)
{
    char text[256];

    is_str(oq_shape_text(&value->shape, text, sizeof text), shape, name);
}

static void test_if(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3)), *z = bench_input(b, "z", OQ_FLOAT, DIMS(4, 3));
    oq_node *node = bench_node_outputs(b, "If", 2, 1, bench_input(b, "cond", OQ_BOOL, NULL, 0));

    bench_output(b, node->outputs[0]);
    bench_output(b, node->outputs[1]);
    bench_enter(b, node, "then_branch");
    bench_output(b, bench_node(b, "Neg", "a", 1, x)->outputs[0]);
    bench_output(b, bench_node(b, "Neg", "b", 1, x)->outputs[0]);
    bench_leave(b);
    bench_enter(b, node, "else_branch");
    bench_output(b, bench_node(b, "Exp", "c", 1, x)->outputs[0]);
    bench_output(b, bench_node(b, "Exp", "d", 1, z)->outputs[0]);
    bench_leave(b);
    bench_run(b, oq_infer_shapes);
    is_shape(node->outputs[0], "[2,3]", "branches that agree give the shape");
    is_shape(node->outputs[1], "[?,3]", "what they do not share stays unknown");
    is_int(node->outputs[1]->dtype, OQ_FLOAT, "the element type is shared");
    bench_free(b);
}

static void test_loop(void)
{
    bench *b = bench_new(13);
    oq_value *trips = bench_input(b, "trips", OQ_INT64, NULL, 0),
             *go = bench_input(b, "go", OQ_BOOL, NULL, 0);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3)), *i, *keep, *carried;
    oq_node *node = bench_node_outputs(b, "Loop", 2, 3, trips, go, x), *sum;

    bench_output(b, node->outputs[0]);
    bench_output(b, node->outputs[1]);
    bench_enter(b, node, "body");
    i = bench_input(b, "i", OQ_UNDEFINED, NULL, -1);
    keep = bench_input(b, "keep", OQ_UNDEFINED, NULL, -1);
    carried = bench_input(b, "carried", OQ_UNDEFINED, NULL, -1);
    bench_output(b, bench_node(b, "Identity", "go_on", 1, keep)->outputs[0]);
    sum = bench_node(b, "Concat", "longer", 2, carried, x);
    oq_node_set_int(sum, "axis", 0);
    bench_output(b, sum->outputs[0]);
    bench_output(b, bench_node(b, "Neg", "scanned", 1, x)->outputs[0]);
    bench_leave(b);
    bench_run(b, oq_infer_shapes);
    is_int(i->dtype, OQ_INT64, "the iteration number is an int64");
    is_int(keep->dtype, OQ_BOOL, "the condition a bool");
    is_int(carried->dtype, OQ_FLOAT, "a carried value keeps its element type");
    is_int(carried->shape.rank, -1, "but not its shape: the body may change it");
    ok(node->outputs[0]->shape.rank != 2 || node->outputs[0]->shape.dims[0].size < 0,
       "so the first size of the result is not taken from the first value");
    is_shape(node->outputs[1], "[?,2,3]", "a scan output gains a leading size");
    bench_free(b);
}

static void test_scan(void)
{
    bench *b = bench_new(13);
    oq_value *state = bench_input(b, "state", OQ_FLOAT, DIMS(3)),
             *x = bench_input(b, "x", OQ_FLOAT, DIMS(5, 3));
    oq_node *node = bench_node_outputs(b, "Scan", 2, 2, state, x), *sum;
    oq_value *s, *row;

    oq_node_set_int(node, "num_scan_inputs", 1);
    bench_output(b, node->outputs[0]);
    bench_output(b, node->outputs[1]);
    bench_enter(b, node, "body");
    s = bench_input(b, "s", OQ_UNDEFINED, NULL, -1);
    row = bench_input(b, "row", OQ_UNDEFINED, NULL, -1);
    sum = bench_node(b, "Add", "sum", 2, s, row);
    bench_output(b, sum->outputs[0]);
    bench_output(b, bench_node(b, "Neg", "out", 1, sum->outputs[0])->outputs[0]);
    bench_leave(b);
    bench_run(b, oq_infer_shapes);
    is_shape(row, "[3]", "a scan input loses its scan axis");
    is_shape(node->outputs[0], "[3]", "the state keeps its shape");
    is_shape(node->outputs[1], "[5,3]", "a scan output gains the axis back");
    bench_free(b);
}

int main(void)
{
    test_if();
    test_loop();
    test_scan();
    return tap_done();
}
