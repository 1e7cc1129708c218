#include <string.h>

#include "pass/bench.h"

static void is_type(const oq_value *value, oq_dtype dtype, const char *shape, const char *name)
{
    char text[256];

    is_int(value->dtype, dtype, name);
    is_str(oq_shape_text(&value->shape, text, sizeof text), shape, name);
}

/* An input whose first size is the symbol N. */
static oq_value *batch_input(bench *b, const char *symbol)
{
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(-1, 3, 8, 8));

    x->shape.dims[0].symbol = symbol;
    return x;
}

static void test_chain(void)
{
    bench *b = bench_new(13);
    oq_value *x = batch_input(b, "N");
    oq_node *conv = bench_node(b, "Conv", "c", 2, x, bench_random(b, "w", DIMS(4, 3, 3, 3)));
    oq_node *relu = bench_node(b, "Relu", "r", 1, conv->outputs[0]);
    oq_node *flatten = bench_node(b, "Flatten", "f", 1, relu->outputs[0]);

    oq_node_set_ints(conv, "strides", (int64_t[]){2, 2}, 2);
    bench_output(b, flatten->outputs[0]);
    ok(bench_run(b, oq_infer_shapes) >= 3, "three values become known");
    is_type(conv->outputs[0], OQ_FLOAT, "[N,4,3,3]", "Conv keeps the batch symbol");
    is_type(relu->outputs[0], OQ_FLOAT, "[N,4,3,3]", "Relu too");
    is_type(flatten->outputs[0], OQ_FLOAT, "[N,36]", "Flatten multiplies what is known");
    is_int(bench_run(b, oq_infer_shapes), 0, "a second run learns nothing");
    bench_free(b);
}

static void test_contents(void)
{
    bench *b = bench_new(13);
    oq_value *x = batch_input(b, "N");
    oq_node *shape = bench_node(b, "Shape", "s", 1, x);
    oq_node *gather =
        bench_node(b, "Gather", "g", 2, shape->outputs[0], bench_ints(b, "i", (int64_t[]){0}, 1));
    oq_node *concat =
        bench_node(b, "Concat", "c", 2, gather->outputs[0], bench_ints(b, "m", (int64_t[]){192}, 1));
    oq_node *reshape = bench_node(b, "Reshape", "y", 2, x, concat->outputs[0]);

    oq_node_set_int(concat, "axis", 0);
    bench_output(b, reshape->outputs[0]);
    bench_run(b, oq_infer_shapes);
    is_type(shape->outputs[0], OQ_INT64, "[4]", "Shape has one element per dimension");
    is_type(reshape->outputs[0], OQ_FLOAT, "[N,192]", "a symbol comes through Shape, Gather and Concat");
    bench_free(b);
}

static oq_node *declared_relu(bench *b, oq_value *x, oq_dtype dtype, const int64_t *dims, int rank)
{
    oq_node *node = bench_node(b, "Relu", "r", 1, x);
    oq_shape shape = oq_shape_of(dims, rank);

    node->outputs[0]->dtype = dtype;
    node->outputs[0]->shape = shape;
    bench_output(b, node->outputs[0]);
    return node;
}

static void test_declared(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(-1, 3));
    oq_node *node = declared_relu(b, x, OQ_FLOAT, DIMS(5, -1));

    bench_run(b, oq_infer_shapes);
    is_type(node->outputs[0], OQ_FLOAT, "[5,3]",
            "what the file declares and what is found complete each other");
    bench_free(b);
    b = bench_new(13);
    node = declared_relu(b, batch_input(b, "N"), OQ_FLOAT, DIMS(1, 3, 8, 8));
    bench_run(b, oq_infer_shapes);
    is_type(node->outputs[0], OQ_FLOAT, "[N,3,8,8]", "a symbol is not made 1 by a declaration behind it");
    bench_free(b);
    b = bench_new(13);
    node = declared_relu(b, bench_input(b, "x", OQ_FLOAT, DIMS(2, 3)), OQ_FLOAT, DIMS(2, 4));
    bench_run(b, oq_infer_shapes);
    is_type(node->outputs[0], OQ_FLOAT, "[2,?]", "where both are numbers and differ, neither is believed");
    ok(strstr((const char *)b->notes.data, "declared") != NULL, "and a note says so");
    bench_free(b);
}

static void test_unknown_operator(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3));
    oq_node *strange = bench_node(b, "NoSuchOperator", "s", 1, x);
    oq_node *relu = bench_node(b, "Relu", "r", 1, strange->outputs[0]);

    strange->outputs[0]->dtype = OQ_FLOAT;
    strange->outputs[0]->shape = oq_shape_of(DIMS(7));
    bench_output(b, relu->outputs[0]);
    bench_run(b, oq_infer_shapes);
    is_type(relu->outputs[0], OQ_FLOAT, "[7]", "work goes on behind an unknown node with its declared type");
    bench_free(b);
}

static void test_contradiction(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3)), *w = bench_random(b, "w", DIMS(4, 5));

    bench_output(b, bench_node(b, "MatMul", "y", 2, x, w)->outputs[0]);
    ok(oq_infer_shapes(b->graph, &b->ctx) == OQ_SHAPE,
       "a node that contradicts its known inputs is an error");
    ok(strstr(b->diag.message, "MatMul") != NULL, "that names it: %s", b->diag.message);
    bench_free(b);
    b = bench_new(13);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(-1, 3));
    w = bench_random(b, "w", DIMS(4, 5));
    bench_output(b, bench_node(b, "MatMul", "y", 2, x, w)->outputs[0]);
    ok(oq_infer_shapes(b->graph, &b->ctx) == OQ_OK, "with an unknown size in its inputs it is only a note");
    bench_free(b);
}

static void test_constant_node(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3));
    oq_node *shape = bench_node(b, "Constant", "s", 0), *reshape;

    oq_node_set_ints(shape, "value_ints", (int64_t[]){3, -1}, 2);
    reshape = bench_node(b, "Reshape", "y", 2, x, shape->outputs[0]);
    bench_output(b, reshape->outputs[0]);
    bench_run(b, oq_infer_shapes);
    is_type(reshape->outputs[0], OQ_FLOAT, "[3,2]", "the contents of a Constant node are known");
    bench_free(b);
}

static void test_short_node(void)
{
    bench *b = bench_new(13);

    bench_output(b, bench_node(b, "Conv", "y", 1, bench_input(b, "x", OQ_FLOAT, DIMS(2, 3)))->outputs[0]);
    ok(oq_infer_shapes(b->graph, &b->ctx) == OQ_OK, "a node with too few inputs is left to the executor");
    bench_free(b);
}

int main(void)
{
    test_chain();
    test_contents();
    test_declared();
    test_unknown_operator();
    test_contradiction();
    test_constant_node();
    test_short_node();
    return tap_done();
}
