#include <stdio.h>

#include "ir/graph.h"
#include "ir/shape.h"
#include "ir/tensor.h"
#include "tap/tap.h"

static oq_model *relu_chain(int n, oq_value **in, oq_node **nodes)
{
    oq_model *model = oq_model_new(0);
    oq_shape shape = oq_shape_of((int64_t[]){1, 4}, 2);
    oq_value *value;

    oq_model_set_opset(model, "", 13);
    value = *in = oq_value_new(model->graph, "x", OQ_FLOAT, &shape);
    oq_graph_add_input(model->graph, value);
    for (int i = 0; i < n; i++) {
        nodes[i] = oq_node_new(model->graph, NULL, "Relu", "", "relu", &value, 1, 1, NULL);
        value = nodes[i]->outputs[0];
    }
    oq_graph_add_output(model->graph, value);
    return model;
}

static void test_links(void)
{
    oq_value *x;
    oq_node *n[3];
    oq_model *model = relu_chain(3, &x, n);
    oq_value *fresh;

    ok(oq_graph_check(model->graph, NULL) == OQ_OK, "a fresh graph is consistent");
    is_int(x->n_uses, 1, "the input has one use");
    ok(oq_node_producer(n[1], 0) == n[0], "producers are found through inputs");
    ok(oq_node_single_reader(n[0]) == n[1], "a single reader is found");
    ok(oq_node_single_reader(n[2]) == NULL, "a graph output has no single reader");
    fresh = oq_value_new(model->graph, "x", OQ_FLOAT, NULL);
    is_str(fresh->name, "x_1", "a name in use gets a suffix");
    oq_value_replace_uses(n[1]->outputs[0], n[0]->outputs[0]);
    oq_node_remove(n[1]);
    ok(oq_graph_check(model->graph, NULL) == OQ_OK, "removing a bypassed node leaves a consistent graph");
    is_int(model->graph->n_nodes, 2, "the node count follows");
    oq_model_destroy(model);
}

static void test_take_over(void)
{
    oq_value *x;
    oq_node *n[2];
    oq_model *model = relu_chain(2, &x, n);
    oq_value *out = n[1]->outputs[0];
    char name[64];

    snprintf(name, sizeof name, "%s", out->name);
    oq_value_take_over(out, n[0]->outputs[0]);
    is_str(model->graph->outputs[0]->name, name, "the public output name stays");
    ok(model->graph->outputs[0] == n[0]->outputs[0], "the replacement is the output now");
    oq_node_remove(n[1]);
    ok(oq_graph_check(model->graph, NULL) == OQ_OK, "the graph is consistent after a take-over");
    oq_model_destroy(model);
}

static void test_sort(void)
{
    oq_value *x;
    oq_node *n[3];
    oq_model *model = relu_chain(3, &x, n);

    oq_node_move_before(n[2], n[0]);
    ok(oq_graph_check(model->graph, NULL) == OQ_INTERNAL, "the validator sees a reader before its producer");
    ok(oq_graph_sort(model->graph, NULL) == OQ_OK, "sorting succeeds");
    ok(oq_graph_check(model->graph, NULL) == OQ_OK, "and repairs the order");
    oq_node_set_input(n[0], 0, n[2]->outputs[0]);
    ok(oq_graph_sort(model->graph, NULL) == OQ_FORMAT, "a cycle is refused");
    oq_model_destroy(model);
}

static void test_attributes(void)
{
    oq_value *x;
    oq_node *n[1];
    oq_model *model = relu_chain(1, &x, n);
    size_t count;

    oq_node_set_int(n[0], "axis", -1);
    oq_node_set_ints(n[0], "pads", (int64_t[]){1, 2}, 2);
    is_int(oq_node_int(n[0], "axis", 7), -1, "an integer attribute is read back");
    is_int(oq_node_int(n[0], "group", 7), 7, "an absent one gives the default");
    is_int(oq_node_ints(n[0], "pads", &count)[1], 2, "a list is read back");
    oq_node_remove_attr(n[0], "axis");
    is_int(oq_node_int(n[0], "axis", 7), 7, "a removed one is gone");
    is_int(n[0]->n_attrs, 1, "the others stay");
    oq_model_destroy(model);
}

int main(void)
{
    test_links();
    test_take_over();
    test_sort();
    test_attributes();
    return tap_done();
}
