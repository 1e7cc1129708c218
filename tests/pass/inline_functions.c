#include <string.h>

#include "pass/bench.h"

/* An empty function, added to the model; nodes go into its body until the test leaves it. */
static oq_function *start_function(bench *b, const char *name)
{
    oq_model *model = b->model;
    oq_function *f;

    if (!model->functions)
        model->functions = OQ_NEW_ARRAY(model->arena, oq_function, 4);
    f = &model->functions[model->n_functions++];
    *f = (oq_function){.name = name, .domain = "local", .overload = "", .first_value = model->n_values};
    f->body = oq_graph_new(model, NULL);
    f->defaults = OQ_NEW(model->arena, oq_node);
    f->defaults->graph = f->body;
    b->graph = f->body;
    return f;
}

static void finish_function(bench *b, oq_function *f, oq_value *result)
{
    oq_graph_add_output(f->body, result);
    f->n_values = b->model->n_values - f->first_value;
    b->graph = b->model->graph;
}

static void refer(oq_node *node, const char *name, const char *ref)
{
    oq_node_add_attr(node, name, OQ_ATTR_FLOAT)->ref_name = ref;
}

static oq_node *call(bench *b, const char *function, const char *output, oq_value *x)
{
    oq_node *node = bench_node(b, function, output, 1, x);

    oq_node_set_type(node, function, "local");
    return node;
}

/* leaky(x) {slope = 0.5} = LeakyRelu(x) {alpha = @slope} */
static oq_function *leaky(bench *b)
{
    oq_function *f = start_function(b, "leaky");
    oq_value *x = bench_input(b, "x_of_leaky", OQ_UNDEFINED, NULL, -1);
    oq_node *node = bench_node(b, "LeakyRelu", "r", 1, x);

    refer(node, "alpha", "slope");
    oq_node_set_float(f->defaults, "slope", 0.5f);
    finish_function(b, f, node->outputs[0]);
    return f;
}

static void test_attributes(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3));
    oq_node *first, *second;

    leaky(b);
    first = call(b, "leaky", "y", x);
    second = call(b, "leaky", "z", x);
    oq_node_set_float(second, "slope", 0.25f);
    bench_output(b, first->outputs[0]);
    bench_output(b, second->outputs[0]);
    is_int(bench_run(b, oq_inline_functions), 2, "two calls are inlined");
    is_int(bench_count(b, "leaky"), 0, "no call is left");
    ok(oq_node_float(b->model->graph->outputs[0]->producer, "alpha", 0) == 0.5f, "the default value holds");
    ok(oq_node_float(b->model->graph->outputs[1]->producer, "alpha", 0) == 0.25f,
       "the call's value goes before");
    is_str(b->model->graph->outputs[0]->name, "y", "outputs keep their names");
    is_int(b->model->n_functions, 0, "the model has no functions any more");
    bench_free(b);
}

static void test_nested_and_twice(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 3)), *in;
    oq_function *outer;
    oq_node *inner;

    leaky(b);
    outer = start_function(b, "outer");
    in = bench_input(b, "x_of_outer", OQ_UNDEFINED, NULL, -1);
    inner = call(b, "leaky", "t", in);
    refer(inner, "slope", "slope_of_outer");
    finish_function(b, outer, bench_node(b, "Add", "s", 2, inner->outputs[0], in)->outputs[0]);
    inner = call(b, "outer", "y", x);
    oq_node_set_float(inner, "slope_of_outer", 0.125f);
    bench_output(b, call(b, "outer", "z", inner->outputs[0])->outputs[0]);
    is_int(bench_run(b, oq_inline_functions), 4, "calls inside functions are inlined as well");
    is_int(bench_count(b, "LeakyRelu"), 3, "each call has its own copy, beside the one of the function");
    ok(oq_node_float(bench_find(b, "LeakyRelu"), "alpha", 0) == 0.125f,
       "an attribute goes through two functions");
    ok(oq_node_float(b->model->graph->outputs[0]->producer->inputs[0]->producer, "alpha", 0) == 0.5f,
       "an attribute nobody gives is left out: the inner default holds");
    bench_free(b);
}

static void test_output_is_input(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2));
    oq_function *f = start_function(b, "same");

    finish_function(b, f, bench_input(b, "x_of_same", OQ_UNDEFINED, NULL, -1));
    bench_output(b, call(b, "same", "y", x)->outputs[0]);
    bench_run(b, oq_inline_functions);
    is_int(bench_count(b, "Identity"), 1, "an output that is an input is carried by an Identity");
    bench_free(b);
}

static void test_subgraph(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2)), *c = bench_input(b, "c", OQ_BOOL, DIMS(1)), *in;
    oq_function *f = start_function(b, "choose");
    oq_value *condition = bench_input(b, "c_of_choose", OQ_UNDEFINED, NULL, -1);
    oq_node *branch, *node;
    const oq_graph *copy;

    in = bench_input(b, "x_of_choose", OQ_UNDEFINED, NULL, -1);
    branch = bench_node(b, "If", "r", 1, condition);
    bench_enter(b, branch, "then_branch");
    bench_output(b, bench_node(b, "Neg", "n", 1, in)->outputs[0]);
    bench_leave(b);
    bench_enter(b, branch, "else_branch");
    bench_output(b, bench_node(b, "Abs", "a", 1, in)->outputs[0]);
    bench_leave(b);
    finish_function(b, f, branch->outputs[0]);
    node = bench_node(b, "choose", "y", 2, c, x);
    oq_node_set_type(node, "choose", "local");
    bench_output(b, node->outputs[0]);
    bench_run(b, oq_inline_functions);
    node = bench_find(b, "If");
    copy = oq_node_attr(node, "then_branch")->graph;
    ok(copy->parent == b->model->graph && copy->parent_node == node,
       "a subgraph is copied into its new place");
    ok(copy->first->inputs[0] == x, "what it captures is the argument of the call");
    bench_free(b);
}

static void refuses(bench *b, const char *what, const char *name)
{
    oq_status status = oq_inline_functions(b->model->graph, &b->ctx);

    ok(status != OQ_OK && strstr(b->diag.message, what), "%s", name);
    if (status == OQ_OK || !strstr(b->diag.message, what))
        tap_diag("status %d, '%s'", (int)status, b->diag.message);
    bench_free(b);
}

static void test_recursion(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2));
    oq_function *f = start_function(b, "loop");

    finish_function(b, f, call(b, "loop", "r", bench_input(b, "i", OQ_UNDEFINED, NULL, -1))->outputs[0]);
    bench_output(b, call(b, "loop", "y", x)->outputs[0]);
    refuses(b, "calls itself", "recursion is refused by name");
}

static void test_bad_calls(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2));
    oq_node *node;

    leaky(b);
    node = bench_node(b, "leaky", "y", 2, x, x);
    oq_node_set_type(node, "leaky", "local");
    bench_output(b, node->outputs[0]);
    refuses(b, "2 inputs", "a call with too many inputs");

    b = bench_new(13);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(2));
    leaky(b);
    node = call(b, "leaky", "y", x);
    oq_node_set_int(node, "slope", 1);
    bench_output(b, node->outputs[0]);
    refuses(b, "another type", "an attribute of another type");

    b = bench_new(11);
    x = bench_input(b, "x", OQ_FLOAT, DIMS(2));
    leaky(b)->opsets = (oq_opset[]){{"", 5}};
    b->model->functions[0].n_opsets = 1;
    bench_output(b, call(b, "leaky", "y", x)->outputs[0]);
    refuses(b, "written for ai.onnx 5", "an operator that changed between the two opsets");
}

static void test_unused(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2));

    leaky(b);
    bench_output(b, bench_node(b, "Relu", "y", 1, x)->outputs[0]);
    is_int(bench_run(b, oq_inline_functions), 0, "a model that calls none is not changed");
    is_int(b->model->n_functions, 1, "and keeps its functions");
    bench_free(b);
}

int main(void)
{
    test_attributes();
    test_nested_and_twice();
    test_output_is_input();
    test_subgraph();
    test_recursion();
    test_bad_calls();
    test_unused();
    return tap_done();
}
