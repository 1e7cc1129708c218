#include <stdlib.h>
#include <string.h>

#include "exec/program.h"
#include "exec/toy.h"
#include "tap/tap.h"

static void test_order_and_dead_nodes(void)
{
    oq_model *model = toy_model();
    oq_value *x = toy_input(model->graph, "x", 4);
    oq_value *y = toy_node(model->graph, &toy_twice, x, NULL);
    oq_program *program = NULL;
    oq_diag diag = {0};

    toy_node(model->graph, &toy_refused, x, NULL);
    oq_graph_add_output(model->graph, y);
    ok(oq_program_compile(model->graph, NULL, &program, &diag) == OQ_OK, "a dead node may be unsupported");
    is_int(oq_program_n_steps(program), 1, "and is no step");
    ok(oq_program_node(program, 0) == y->producer, "a step knows its node");
    ok(!oq_program_is_integer(program, 0), "a float program computes in float");
    oq_program_free(program);
    oq_model_destroy(model);
}

static void test_unsupported(void)
{
    oq_model *model = toy_model();
    oq_value *x = toy_input(model->graph, "x", 4);
    oq_node *node = oq_node_new(model->graph, NULL, "Magic", "far.away", "trick", &x, 1, 1, NULL);
    oq_program *program = NULL;
    oq_diag diag = {0};

    oq_graph_add_output(model->graph, node->outputs[0]);
    ok(oq_program_compile(model->graph, NULL, &program, &diag) == OQ_UNSUPPORTED,
       "an unknown operator is refused");
    ok(strstr(diag.message, "far.away.Magic") && strstr(diag.message, "trick"), "by name: %s", diag.message);
    ok(strstr(oq_exec_obstacle(node), "not known") != NULL, "the obstacle says why");
    node->op = &toy_twice;
    ok(oq_exec_obstacle(node) == NULL, "no obstacle when it can run");
    x->dtype = OQ_INT64;
    memset(&diag, 0, sizeof diag);
    ok(oq_program_compile(model->graph, NULL, &program, &diag) == OQ_UNSUPPORTED &&
           strstr(diag.message, "int64"),
       "an element type without code is refused by name: %s", diag.message);
    x->dtype = OQ_FLOAT;
    node->op = &toy_refused;
    memset(&diag, 0, sizeof diag);
    ok(oq_program_compile(model->graph, NULL, &program, &diag) == OQ_UNSUPPORTED &&
           strstr(diag.message, "mode"),
       "prepare's reason is passed on: %s", diag.message);
    node->op = &toy_sum;
    memset(&diag, 0, sizeof diag);
    ok(oq_program_compile(model->graph, NULL, &program, &diag) == OQ_FORMAT,
       "a missing input is a damaged model");
    oq_model_destroy(model);
}

static void test_lifetimes(void)
{
    oq_model *model = toy_model();
    oq_value *x = toy_input(model->graph, "x", 4);
    oq_value *a = toy_node(model->graph, &toy_twice, x, NULL);
    oq_value *b = toy_node(model->graph, &toy_sum, a, x);
    oq_value *c = toy_node(model->graph, &toy_sum, b, b);
    oq_program *program = NULL;
    oq_step *steps;

    oq_graph_add_output(model->graph, c);
    ok(oq_program_compile(model->graph, NULL, &program, NULL) == OQ_OK, "compiles");
    steps = program->main->steps;
    is_int(steps[0].n_release, 0, "a value with a later reader lives on");
    is_int(steps[1].n_release, 2, "both die with their last reader");
    is_int(steps[1].dying, 3, "which may overwrite them");
    is_int(steps[2].dying, 0, "a value read twice by one node is not overwritten");
    is_int(steps[2].n_release, 1, "but dies; the graph output does not");
    oq_program_free(program);
    oq_model_destroy(model);
}

static void test_unread_output(void)
{
    oq_model *model = toy_model();
    oq_value *x = toy_input(model->graph, "x", 4);
    oq_value *a = toy_node(model->graph, &toy_pair, x, NULL);
    oq_program *program = NULL;

    oq_graph_add_output(model->graph, a);
    oq_program_compile(model->graph, NULL, &program, NULL);
    ok(program->main->steps[0].wanted[0] && !program->main->steps[0].wanted[1],
       "an unread output is not wanted");
    oq_program_free(program);
    oq_model_destroy(model);
}

static void test_constants(void)
{
    oq_model *model = toy_model();
    oq_value *x = toy_input(model->graph, "x", 4);
    oq_value *w = toy_constant(model->graph, "w", (float[]){3}, 1);
    oq_value *b = toy_constant(model->graph, "b", (float[]){1, 2, 3, 4}, 4);
    oq_value *y = toy_node(model->graph, &toy_sum, toy_node(model->graph, &toy_scale, x, w), b);
    oq_program *program = NULL;

    oq_graph_add_output(model->graph, y);
    oq_program_compile(model->graph, NULL, &program, NULL);
    is_int(program->n_constants, 2, "constants are bound once");
    for (size_t i = 0; i < program->n_constants; i++) {
        if (program->constants[i].value == b)
            ok((uintptr_t)program->constants[i].array.data % 64 == 0, "a constant that is read is aligned");
    }
    oq_program_free(program);
    oq_model_destroy(model);
}

/* x -> Scale(w) -> out, where Scale waits for its w. */
static void test_deferred(void)
{
    oq_model *model = toy_model();
    oq_value *x = toy_input(model->graph, "x", 4);
    oq_value *w = toy_constant(model->graph, "w", (float[]){3}, 1);
    oq_value *first = toy_node(model->graph, &toy_scale, x, toy_constant(model->graph, "v", (float[]){2}, 1));
    oq_value *second = toy_node(model->graph, &toy_scale, first, w);
    bool *deferred = calloc((size_t)model->n_nodes, sizeof *deferred);
    oq_exec_options options = {.deferred = deferred};
    _Alignas(64) float values[4] = {1, 2, 3, 4};
    oq_array feed = toy_array(values, 4);
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    int64_t one = 1;

    oq_graph_add_output(model->graph, second);
    deferred[second->producer->id] = true;
    is_int(oq_program_compile(model->graph, &options, &program, NULL), OQ_OK, "a node can be left for later");
    free(deferred);
    ok(!oq_program_is_deferred(program, 0) && oq_program_is_deferred(program, 1), "that one alone");
    is_int(oq_program_n_steps(program), 2, "and is a step like others");
    oq_value_set_constant(w, oq_tensor_from_floats(model->arena, (float[]){10}, &one, 1));
    is_int(oq_program_prepare_step(program, 1, NULL), OQ_OK, "it is prepared when its constant is known");
    ok(!oq_program_is_deferred(program, 1), "and waits no longer");
    oq_runner_new(program, NULL, &runner, NULL);
    oq_runner_run(runner, &feed, NULL, NULL, NULL);
    is_float((double)((const float *)oq_runner_output(runner, 0)->data)[3], 80, 0,
             "the new constant is computed with, the other as before");
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(model);
}

static void test_deferred_fault(void)
{
    oq_model *model = toy_model();
    oq_value *x = toy_input(model->graph, "x", 4), *y = toy_node(model->graph, &toy_refused, x, NULL);
    bool deferred[8] = {false};
    oq_exec_options options = {.deferred = deferred};
    oq_program *program = NULL;
    oq_diag diag = {.status = OQ_OK};

    oq_graph_add_output(model->graph, y);
    deferred[y->producer->id] = true;
    is_int(oq_program_compile(model->graph, &options, &program, NULL), OQ_OK,
           "what will not do is not seen yet");
    is_int(oq_program_prepare_step(program, 0, &diag), OQ_UNSUPPORTED, "but when it is prepared");
    ok(strstr(diag.message, "has a mode that does not exist"), "with the operator's reason");
    oq_program_free(program);
    oq_model_destroy(model);
}

int main(void)
{
    test_order_and_dead_nodes();
    test_unsupported();
    test_lifetimes();
    test_unread_output();
    test_constants();
    test_deferred();
    test_deferred_fault();
    return tap_done();
}
