#include <string.h>

#include "ir/graph.h"
#include "ir/print.h"
#include "ir/shape.h"
#include "ir/tensor.h"
#include "tap/tap.h"

/* x -> Relu -> Add(w) -> out, and an If whose branch reads the Relu's result from outside. */
static oq_model *net(void)
{
    oq_model *model = oq_model_new(0);
    oq_graph *graph = model->graph, *branch;
    oq_shape shape = oq_shape_of((int64_t[]){2, 3}, 2);
    oq_value *x = oq_value_new(graph, "x", OQ_FLOAT, &shape), *c = oq_value_new(graph, "c", OQ_BOOL, NULL),
             *in[2];
    oq_node *relu, *add, *choice, *inner;
    oq_attr *attr;

    oq_model_set_opset(model, "", 13);
    oq_graph_add_input(graph, x);
    oq_graph_add_input(graph, c);
    relu = oq_node_new(graph, NULL, "Relu", "", "relu", &x, 1, 1, NULL);
    in[0] = relu->outputs[0];
    in[1] = oq_graph_add_initializer(graph, "w", oq_tensor_scalar_float(model->arena, 2));
    add = oq_node_new(graph, NULL, "Add", "", "add", in, 2, 1, NULL);
    oq_graph_add_output(graph, add->outputs[0]);
    choice = oq_node_new(graph, NULL, "If", "", "choice", &c, 1, 1, NULL);
    oq_graph_add_output(graph, choice->outputs[0]);
    branch = oq_graph_new(model, graph);
    inner = oq_node_new(branch, NULL, "Neg", "", "inner", &relu->outputs[0], 1, 1, NULL);
    oq_graph_add_output(branch, inner->outputs[0]);
    attr = oq_node_add_attr(choice, "then_branch", OQ_ATTR_GRAPH);
    attr->graph = branch;
    branch->parent_node = choice;
    return model;
}

static char *text_of(const oq_model *model, oq_buf *out)
{
    oq_graph_print(model->graph, out);
    oq_buf_byte(out, '\0');
    return (char *)out->data;
}

int main(void)
{
    oq_model *model = net(), *twin = oq_model_clone(model);
    oq_buf a = {0}, b = {0}, again = {0};
    const oq_value *w = oq_value_find(twin->graph, "w");

    ok(oq_graph_check(twin->graph, NULL) == OQ_OK, "a clone is consistent");
    is_str(text_of(twin, &b), text_of(model, &a), "and prints like the original");
    ok(w && w != oq_value_find(model->graph, "w"), "its values are its own");
    ok(w && w->constant == oq_value_find(model->graph, "w")->constant, "its tensors are shared");
    is_int(w->id, oq_value_find(model->graph, "w")->id, "ids are the same");
    oq_value_replace_uses(twin->graph->first->outputs[0], twin->graph->inputs[0]);
    oq_node_remove(twin->graph->first);
    ok(oq_graph_check(twin->graph, NULL) == OQ_OK,
       "a clone can be edited, what its subgraph captures included");
    is_str(text_of(model, &again), (const char *)a.data, "the original does not notice");
    ok(oq_graph_check(model->graph, NULL) == OQ_OK, "and stays consistent");
    oq_buf_free(&a);
    oq_buf_free(&b);
    oq_buf_free(&again);
    oq_model_destroy(twin);
    oq_model_destroy(model);
    return tap_done();
}
