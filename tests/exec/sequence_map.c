#include <string.h>

#include "exec/toy.h"
#include "op/sequence.h"
#include "tap/tap.h"

static _Alignas(64) float samples[4] = {1, 2, 3, 4};

static oq_value *node(oq_graph *graph, const char *op_type, oq_value *a, oq_value *b)
{
    oq_node *n = oq_node_new(graph, NULL, op_type, "", op_type, (oq_value *[]){a, b},
                             b   ? 2
                             : a ? 1
                                 : 0,
                             1, NULL);

    return n->outputs[0];
}

/* Each element e of [x, 2 x] (or of nothing) becomes e + x, in the body, and x is what the body captures. */
static oq_model *map_model(bool is_empty)
{
    oq_model *model = toy_model();
    oq_value *x, *pair, *given, *mapped;
    oq_graph *body = oq_graph_new(model, model->graph);

    oq_model_set_opset(model, "", 17);
    x = toy_input(model->graph, "x", 4);
    pair = is_empty ? node(model->graph, "SequenceEmpty", NULL, NULL)
                    : node(model->graph, "SequenceConstruct", x, toy_node(model->graph, &toy_twice, x, NULL));
    mapped = node(model->graph, "SequenceMap", pair, x);
    given = oq_value_new(body, "element", OQ_FLOAT, NULL);
    oq_graph_add_input(body, given);
    oq_graph_add_input(body, oq_value_new(body, "tensor", OQ_FLOAT, NULL));
    oq_graph_add_output(body, toy_node(body, &toy_sum, given, body->inputs[1]));
    oq_node_add_attr(mapped->producer, "body", OQ_ATTR_GRAPH)->graph = body;
    body->parent_node = mapped->producer;
    oq_graph_add_output(model->graph, mapped);
    return model;
}

static void test_map(bool is_empty)
{
    oq_model *model = map_model(is_empty);
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    oq_diag diag = {0};
    oq_array feed = toy_array(samples, 4);
    const oq_array *out;

    ok(oq_program_compile(model->graph, NULL, &program, &diag) == OQ_OK, "SequenceMap compiles %s",
       diag.message);
    ok(oq_runner_new(program, NULL, &runner, &diag) == OQ_OK, "has a runner");
    for (int again = 0; again < 2; again++)
        ok(oq_runner_run(runner, &feed, NULL, NULL, &diag) == OQ_OK, "runs %s", diag.message);
    out = oq_runner_output(runner, 0);
    ok(oq_is_sequence(out), "and gives a sequence");
    is_int(oq_sequence_count(out), is_empty ? 0 : 2, "as long as its input");
    if (!is_empty) {
        oq_array second = oq_sequence_at(out, 1);

        is_float(((const float *)second.data)[3], 12, 0, "the body ran on the second element");
    }
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(model);
}

/* An operator that knows nothing of sequences refuses one, even where no type was declared. */
static void test_stranger(void)
{
    oq_model *model = toy_model();
    oq_value *x = toy_input(model->graph, "x", 4);
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    oq_diag diag = {0};
    oq_array feed = toy_array(samples, 4);

    oq_model_set_opset(model, "", 17);
    oq_graph_add_output(model->graph, toy_node(model->graph, &toy_flat,
                                               node(model->graph, "SequenceConstruct", x, NULL), NULL));
    ok(oq_program_compile(model->graph, NULL, &program, &diag) == OQ_OK, "compiles");
    ok(oq_runner_new(program, NULL, &runner, &diag) == OQ_OK, "has a runner");
    is_int(oq_runner_run(runner, &feed, NULL, NULL, &diag), OQ_UNSUPPORTED, "but does not run");
    ok(strstr(diag.message, "sequence") != NULL, "and says why: %s", diag.message);
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(model);
}

int main(void)
{
    test_map(false);
    test_map(true);
    test_stranger();
    return tap_done();
}
