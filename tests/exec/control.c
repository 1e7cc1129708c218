#include <string.h>

#include "exec/toy.h"
#include "ir/shape.h"
#include "tap/tap.h"

static _Alignas(64) float samples[4] = {1, 2, 3, 4};

static void set_body(oq_node *node, const char *name, oq_graph *body)
{
    oq_node_add_attr(node, name, OQ_ATTR_GRAPH)->graph = body;
    body->parent_node = node;
}

static oq_status run(oq_model *model, float *values, int64_t n, oq_runner **runner, oq_program **program,
                     oq_diag *diag)
{
    oq_array feed = toy_array(values, n);
    oq_status status = oq_program_compile(model->graph, NULL, program, diag);

    if (status == OQ_OK)
        status = oq_runner_new(*program, NULL, runner, diag);
    return status == OQ_OK ? oq_runner_run(*runner, &feed, NULL, NULL, diag) : status;
}

static float first_of(const oq_runner *runner, int output)
{
    return ((const float *)oq_runner_output(runner, output)->data)[0];
}

/* if x[0] < limit then 2 x else x + a; a = 2 x is captured by the second branch alone. */
static void test_if(float limit, float want)
{
    oq_model *model = toy_model();
    oq_value *x = toy_input(model->graph, "x", 4);
    oq_value *a = toy_node(model->graph, &toy_twice, x, NULL);
    oq_value *less = toy_node(model->graph, &toy_less, x, toy_constant(model->graph, "limit", &limit, 1));
    oq_node *node = oq_node_new(model->graph, NULL, "If", "", "choice", &less, 1, 1, NULL);
    oq_graph *yes = oq_graph_new(model, model->graph), *no = oq_graph_new(model, model->graph);
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    oq_diag diag = {0};

    oq_graph_add_output(yes, toy_node(yes, &toy_twice, x, NULL));
    oq_graph_add_output(no, toy_node(no, &toy_sum, x, a));
    set_body(node, "then_branch", yes);
    set_body(node, "else_branch", no);
    oq_graph_add_output(model->graph, toy_node(model->graph, &toy_twice, node->outputs[0], NULL));
    ok(run(model, samples, 4, &runner, &program, &diag) == OQ_OK, "an If runs %s", diag.message);
    is_float(first_of(runner, 0), want, 0, "the branch of the condition was taken");
    ok(oq_runner_value(runner, a) == NULL, "captured values die after the If");
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(model);
}

static oq_value *body_input(oq_graph *graph, const char *name, oq_dtype dtype)
{
    oq_value *value = oq_value_new(graph, name, dtype, NULL);

    oq_graph_add_input(graph, value);
    return value;
}

/* Fibonacci: (p, q) -> (q, p + q) until q >= limit; the sums are gathered. */
static void test_loop(void)
{
    oq_model *model = toy_model();
    oq_value *one = toy_input(model->graph, "one", 1);
    oq_value *limit = toy_constant(model->graph, "limit", (float[]){20}, 1);
    oq_value *inputs[4] = {NULL, NULL, one, one};
    oq_node *node = oq_node_new(model->graph, NULL, "Loop", "", "fibonacci", inputs, 4, 3, NULL);
    oq_graph *body = oq_graph_new(model, model->graph);
    oq_value *p, *q, *sum;
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    oq_diag diag = {0};

    body_input(body, "t", OQ_INT64);
    body_input(body, "go", OQ_BOOL);
    p = body_input(body, "p", OQ_FLOAT);
    q = body_input(body, "q", OQ_FLOAT);
    sum = toy_node(body, &toy_sum, p, q);
    oq_graph_add_output(body, toy_node(body, &toy_less, sum, limit));
    oq_graph_add_output(body, q);
    oq_graph_add_output(body, sum);
    oq_graph_add_output(body, sum);
    set_body(node, "body", body);
    for (int i = 0; i < 3; i++)
        oq_graph_add_output(model->graph, node->outputs[i]);
    ok(run(model, samples, 1, &runner, &program, &diag) == OQ_OK,
       "a Loop runs until its condition is false %s", diag.message);
    is_float(first_of(runner, 0), 13, 0, "carried values come out, passed on in another order");
    is_float(first_of(runner, 1), 21, 0, "with the last sum");
    is_int(oq_runner_output(runner, 2)->dims[0], 6, "the scan output has a row per iteration");
    is_float(((const float *)oq_runner_output(runner, 2)->data)[3], 8, 0, "in order");
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(model);
}

/* A loop that gathers forever meets the memory limit. */
static void test_endless_loop(void)
{
    oq_model *model = toy_model();
    oq_value *one = toy_input(model->graph, "one", 1);
    oq_value *inputs[3] = {NULL, NULL, one};
    oq_node *node = oq_node_new(model->graph, NULL, "Loop", "", "endless", inputs, 3, 2, NULL);
    oq_graph *body = oq_graph_new(model, model->graph);
    oq_exec_options options = {.memory_limit = 1 << 20};
    oq_array feed = toy_array(samples, 1);
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    oq_diag diag = {0};
    oq_value *go, *p;

    body_input(body, "t", OQ_INT64);
    go = body_input(body, "go", OQ_BOOL);
    p = body_input(body, "p", OQ_FLOAT);
    oq_graph_add_output(body, go);
    oq_graph_add_output(body, p);
    oq_graph_add_output(body, toy_node(body, &toy_twice, p, NULL));
    set_body(node, "body", body);
    oq_graph_add_output(model->graph, node->outputs[1]);
    ok(oq_program_compile(model->graph, &options, &program, &diag) == OQ_OK, "compiles %s", diag.message);
    oq_runner_new(program, NULL, &runner, &diag);
    ok(oq_runner_run(runner, &feed, NULL, NULL, &diag) == OQ_LIMIT, "an endless Loop stops at the limit: %s",
       diag.message);
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(model);
}

/* Running sum over rows, gathered from the end. */
static void test_scan(void)
{
    oq_model *model = toy_model();
    oq_value *rows = toy_input(model->graph, "rows", 4);
    oq_value *zero = toy_constant(model->graph, "zero", (float[]){0}, 1);
    oq_value *inputs[2] = {zero, rows};
    oq_node *node = oq_node_new(model->graph, NULL, "Scan", "", "running", inputs, 2, 2, NULL);
    oq_graph *body = oq_graph_new(model, model->graph);
    oq_value *sum, *row;
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    oq_diag diag = {0};

    sum = body_input(body, "sum", OQ_FLOAT);
    row = body_input(body, "row", OQ_FLOAT);
    sum = toy_node(body, &toy_sum, sum, row);
    oq_graph_add_output(body, sum);
    oq_graph_add_output(body, sum);
    set_body(node, "body", body);
    oq_node_set_int(node, "num_scan_inputs", 1);
    oq_node_set_ints(node, "scan_output_directions", (int64_t[]){1}, 1);
    oq_graph_add_output(model->graph, node->outputs[0]);
    oq_graph_add_output(model->graph, node->outputs[1]);
    ok(run(model, samples, 4, &runner, &program, &diag) == OQ_OK, "a Scan runs over its input %s",
       diag.message);
    is_float(first_of(runner, 0), 10, 0, "its state is the sum");
    is_float(first_of(runner, 1), 10, 0, "a reversed scan output begins with the last iteration");
    is_int(oq_runner_output(runner, 1)->dims[0], 4, "and has all of them");
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(model);
}

static void test_refusal(void)
{
    oq_model *model = toy_model();
    oq_value *x = toy_input(model->graph, "x", 4);
    oq_node *node = oq_node_new(model->graph, NULL, "If", "", "choice", &x, 1, 1, NULL);
    oq_graph *yes = oq_graph_new(model, model->graph);
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    oq_diag diag = {0};

    set_body(node, "then_branch", yes);
    oq_graph_add_output(model->graph, node->outputs[0]);
    ok(oq_exec_obstacle(node) != NULL, "a branch without outputs is refused");
    oq_graph_add_output(yes, x);
    ok(oq_exec_obstacle(node) != NULL, "an If without else branch is refused");
    set_body(node, "else_branch", yes);
    ok(run(model, samples, 4, &runner, &program, &diag) == OQ_SHAPE, "a condition must be one bool: %s",
       diag.message);
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(model);
}

/* Opset 8: for each of two samples a running sum over its three numbers. */
static void test_scan_8(void)
{
    static _Alignas(64) float numbers[6] = {1, 2, 3, 10, 20, 30};
    oq_model *model = toy_model();
    oq_graph *body;
    oq_value *x, *zero, *state, *slice, *sum;
    oq_node *node;
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    oq_diag diag = {0};
    oq_array feed = toy_array(numbers, 6);

    oq_model_set_opset(model, "", 8);
    x = toy_input(model->graph, "x", 6);
    x->shape = (oq_shape){2, {oq_dim_of(2), oq_dim_of(3)}};
    feed.rank = 2;
    feed.dims[0] = 2;
    feed.dims[1] = 3;
    zero = toy_constant(model->graph, "zero", (float[]){0, 100}, 2);
    node = oq_node_new(model->graph, NULL, "Scan", "", "scan", (oq_value *[]){NULL, zero, x}, 3, 2, NULL);
    oq_node_set_int(node, "num_scan_inputs", 1);
    body = oq_graph_new(model, model->graph);
    state = body_input(body, "state", OQ_FLOAT);
    slice = body_input(body, "slice", OQ_FLOAT);
    sum = toy_node(body, &toy_sum, state, slice);
    oq_graph_add_output(body, sum);
    oq_graph_add_output(body, toy_node(body, &toy_twice, sum, NULL));
    set_body(node, "body", body);
    oq_graph_add_output(model->graph, node->outputs[0]);
    oq_graph_add_output(model->graph, node->outputs[1]);
    ok(oq_program_compile(model->graph, NULL, &program, &diag) == OQ_OK, "a Scan of opset 8 compiles %s",
       diag.message);
    ok(oq_runner_new(program, NULL, &runner, &diag) == OQ_OK, "has a runner");
    ok(oq_runner_run(runner, &feed, NULL, NULL, &diag) == OQ_OK, "runs %s", diag.message);
    is_mem(oq_runner_output(runner, 0)->data, ((float[]){6, 160}), 8, "a state for each sample");
    is_mem(oq_runner_output(runner, 1)->data, ((float[]){2, 6, 12, 220, 260, 320}), 24,
           "scan outputs sample by sample");
    is_int(oq_runner_output(runner, 1)->dims[1], 3, "with the length behind the batch");
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(model);
}

int main(void)
{
    test_scan_8();
    test_if(5, 4);
    test_if(0, 6);
    test_loop();
    test_endless_loop();
    test_scan();
    test_refusal();
    return tap_done();
}
