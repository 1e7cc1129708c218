#include "onnx/import.h"

#include <string.h>

#include "ir/graph.h"
#include "pb.h"
#include "tap/tap.h"

static const float three[] = {1, 2, 3};
static char noted[512];

static void take_note(void *arg, const char *text)
{
    (void)arg;
    strncpy(noted, text, sizeof noted - 1);
}

static const oq_import_options noting = {.note = take_note};

/* Import a model around graph (which is emptied). NULL on failure, with diag filled. */
static oq_model *import_graph(oq_buf *graph, int ir_version, int opset, oq_buf *bytes, oq_diag *diag)
{
    oq_model *model = NULL;

    oq_buf_free(bytes);
    oq_diag_clear(diag);
    pb_model(bytes, ir_version, opset, graph);
    return oq_import_memory(bytes->data, bytes->size, "-", &noting, &model, diag) == OQ_OK ? model : NULL;
}

static void is_refused(oq_buf *graph, oq_status status, const char *says, const char *name)
{
    oq_buf bytes = {0};
    oq_diag diag = {0};
    oq_model *model = import_graph(graph, 8, 13, &bytes, &diag);

    ok(!model && diag.status == status, "%s", name);
    ok(strstr(diag.message, says) != NULL, "and says: %s", diag.message);
    oq_model_destroy(model);
    oq_buf_free(&bytes);
}

static void a_plain_graph(void)
{
    oq_buf graph = {0}, bytes = {0};
    oq_diag diag = {0};
    oq_model *model;
    const oq_node *add;

    pb_node(&graph, "Add", "x", "w", "y", NULL);
    pb_node(&graph, "Relu", "y", NULL, "z", NULL);
    pb_text(&graph, 2, "g");
    pb_floats(&graph, 5, "w", three, 3);
    pb_value_info(&graph, 11, "x", 0);
    pb_value_info(&graph, 12, "z", -1);
    pb_value_info(&graph, 13, "y", 3);
    model = import_graph(&graph, 8, 13, &bytes, &diag);
    ok(model != NULL, "a graph of two nodes is imported: %s", diag.message);
    if (!model)
        return;
    add = model->graph->first;
    is_int(model->graph->n_nodes, 2, "it has two nodes");
    is_int(add->opset, 13, "nodes know their opset");
    ok(add->inputs[1]->constant && add->inputs[1]->constant->n_elements == 3, "Add reads the initializer");
    ok(oq_value_constant(add->inputs[1]) != NULL, "which is a constant");
    is_str(add->inputs[0]->shape.dims[0].symbol, "N", "the input has a symbolic size");
    is_int(add->outputs[0]->shape.dims[0].size, 3, "value_info gives the size of y");
    is_int(model->graph->outputs[0]->shape.rank, -1, "an output without a shape has unknown rank");
    ok(add->outputs[0]->n_uses == 1 && add->outputs[0]->uses[0].node == add->next, "uses are tracked");
    ok(!model->is_changed && !model->graph->is_changed && !add->is_changed, "nothing counts as changed");
    ok(add->origin.data > bytes.data && add->origin.data < bytes.data + bytes.size,
       "origins point into the file");
    is_int(oq_graph_check(model->graph, &diag), OQ_OK, "the graph is valid");
    oq_model_destroy(model);
    oq_buf_free(&bytes);
}

/* Up to IR 3 initializers are inputs too but constant; since IR 4 being an input means replaceable. */
static void initializers_among_the_inputs(void)
{
    for (int ir_version = 3; ir_version <= 4; ir_version++) {
        oq_buf graph = {0}, bytes = {0};
        oq_diag diag = {0};
        oq_model *model;

        pb_node(&graph, "Add", "x", "w", "y", NULL);
        pb_text(&graph, 2, "g");
        pb_floats(&graph, 5, "w", three, 3);
        pb_value_info(&graph, 11, "w", 3);
        pb_value_info(&graph, 11, "x", 3);
        pb_value_info(&graph, 12, "y", 3);
        model = import_graph(&graph, ir_version, 8, &bytes, &diag);
        is_int(model->graph->n_inputs, ir_version < 4 ? 1 : 2, "inputs of IR 3 and 4");
        is_str(model->graph->inputs[ir_version < 4 ? 0 : 1]->name, "x", "the real input stays");
        ok((oq_value_constant(model->graph->initializers[0]) != NULL) == (ir_version < 4),
           "IR %d: the listed initializer is %s", ir_version, ir_version < 4 ? "a constant" : "replaceable");
        oq_model_destroy(model);
        oq_buf_free(&bytes);
    }
}

/* If with a branch that reads x and y of the graph around it. */
static void add_if(oq_buf *graph)
{
    oq_buf attrs = {0};

    for (int i = 0; i < 2; i++) {
        oq_buf branch = {0}, attr = {0};

        pb_node(&branch, "Mul", "x", i ? "y" : "x", "r", NULL);
        pb_text(&branch, 2, i ? "else" : "then");
        pb_value_info(&branch, 12, "r", 3);
        pb_text(&attr, 1, i ? "else_branch" : "then_branch");
        pb_message(&attr, 6, &branch);
        pb_varint(&attr, 20, OQ_ATTR_GRAPH);
        pb_message(&attrs, 5, &attr);
    }
    pb_node(graph, "If", "c", NULL, "z", &attrs);
    oq_buf_free(&attrs);
}

static void a_subgraph_captures_outer_values(void)
{
    oq_buf graph = {0}, bytes = {0};
    oq_diag diag = {0};
    oq_model *model;
    const oq_node *relu, *branch_if;
    const oq_graph *branches[2];

    pb_node(&graph, "Relu", "x", NULL, "y", NULL);
    add_if(&graph);
    pb_text(&graph, 2, "g");
    pb_value_info(&graph, 11, "x", 3);
    pb_value_info(&graph, 11, "c", 1);
    pb_value_info(&graph, 12, "z", 3);
    model = import_graph(&graph, 8, 13, &bytes, &diag);
    ok(model != NULL, "a graph with If is imported: %s", diag.message);
    if (!model)
        return;
    relu = model->graph->first;
    branch_if = relu->next;
    if (branch_if->n_attrs != 2 || !branch_if->attrs[0].graph || !branch_if->attrs[1].graph)
        tap_bail("the branches are no graphs");
    branches[0] = branch_if->attrs[0].graph;
    branches[1] = branch_if->attrs[1].graph;
    is_int(relu->outputs[0]->n_uses, 1, "the captured value knows its reader");
    ok(relu->outputs[0]->uses[0].node->graph == branches[1], "which sits in the else branch");
    is_int(relu->inputs[0]->n_uses, 4, "x is read by Relu and three times from the branches");
    ok(branches[0]->parent == model->graph && branches[0]->parent_node == branch_if,
       "branches know where they belong");
    oq_model_destroy(model);
    oq_buf_free(&bytes);
}

/* The If stands in front of the node whose result its branch captures: no direct input tells. */
static void nodes_out_of_order_are_sorted(void)
{
    oq_buf graph = {0}, bytes = {0};
    oq_diag diag = {0};
    oq_model *model;

    noted[0] = '\0';
    pb_node(&graph, "Neg", "z", NULL, "out", NULL);
    add_if(&graph);
    pb_node(&graph, "Relu", "x", NULL, "y", NULL);
    pb_text(&graph, 2, "g");
    pb_value_info(&graph, 11, "x", 3);
    pb_value_info(&graph, 11, "c", 1);
    pb_value_info(&graph, 12, "out", 3);
    model = import_graph(&graph, 8, 13, &bytes, &diag);
    ok(model != NULL, "nodes out of order are accepted: %s", diag.message);
    if (!model)
        return;
    is_str(model->graph->first->op_type, "Relu", "what a branch captures comes first");
    is_str(model->graph->last->op_type, "Neg", "what reads the If comes last");
    ok(strstr(noted, "not in order") != NULL, "and the caller is told: %s", noted);
    ok(model->graph->is_changed, "the new order counts as a change");
    is_int(oq_graph_check(model->graph, &diag), OQ_OK, "the graph is valid");
    oq_model_destroy(model);
    oq_buf_free(&bytes);
}

static void wrong_names_are_refused(void)
{
    oq_buf graph = {0};

    pb_node(&graph, "Relu", "a", NULL, "b", NULL);
    pb_node(&graph, "Relu", "b", NULL, "a", NULL);
    is_refused(&graph, OQ_FORMAT, "cycle", "a cycle is refused");
    pb_node(&graph, "Relu", "nowhere", NULL, "y", NULL);
    is_refused(&graph, OQ_FORMAT, "'nowhere', which nothing produces",
               "an input that nothing produces is refused");
    pb_node(&graph, "Relu", "x", NULL, "y", NULL);
    pb_node(&graph, "Neg", "x", NULL, "y", NULL);
    pb_value_info(&graph, 11, "x", 3);
    is_refused(&graph, OQ_FORMAT, "produced twice", "two producers of one name are refused");
    pb_node(&graph, "Relu", "x", NULL, "x", NULL);
    pb_value_info(&graph, 11, "x", 3);
    is_refused(&graph, OQ_FORMAT, "graph input", "a node that produces a graph input is refused");
    pb_value_info(&graph, 12, "y", 3);
    is_refused(&graph, OQ_FORMAT, "returns 'y'", "an output that nothing produces is refused");
    pb_value_info(&graph, 11, "x", 3);
    pb_value_info(&graph, 11, "x", 3);
    is_refused(&graph, OQ_FORMAT, "two inputs 'x'", "two inputs of one name are refused");
    pb_value_info(&graph, 11, "", 3);
    is_refused(&graph, OQ_FORMAT, "without a name", "an input without a name is refused");
    pb_floats(&graph, 5, "w", three, 3);
    pb_floats(&graph, 5, "w", three, 3);
    is_refused(&graph, OQ_FORMAT, "two initializers 'w'", "two initializers of one name are refused");
    pb_node(&graph, "", "x", NULL, "y", NULL);
    is_refused(&graph, OQ_FORMAT, "no operator", "a node without an operator is refused");
    pb_node(&graph, "Relu", NULL, NULL, NULL, NULL);
    is_refused(&graph, OQ_FORMAT, "neither inputs nor outputs",
               "a node without inputs and outputs is refused");
}

static void attribute(oq_buf *attrs, const char *name, int type, unsigned field, int64_t value)
{
    oq_buf attr = {0};

    pb_text(&attr, 1, name);
    if (field)
        pb_varint(&attr, field, value);
    if (type >= 0)
        pb_varint(&attr, 20, type);
    pb_message(attrs, 5, &attr);
}

static void node_with(oq_buf *graph, oq_buf *attrs)
{
    pb_value_info(graph, 11, "x", 3);
    pb_node(graph, "Op", "x", NULL, "y", attrs);
    oq_buf_free(attrs);
}

static void wrong_attributes_are_refused(void)
{
    oq_buf graph = {0}, attrs = {0}, bytes = {0};
    oq_diag diag = {0};
    oq_model *model;

    attribute(&attrs, "axis", OQ_ATTR_INT, 3, 1);
    attribute(&attrs, "axis", OQ_ATTR_INT, 3, 2);
    node_with(&graph, &attrs);
    is_refused(&graph, OQ_FORMAT, "two attributes 'axis'", "an attribute twice is refused");
    attribute(&attrs, "axis", OQ_ATTR_FLOAT, 3, 1);
    node_with(&graph, &attrs);
    is_refused(&graph, OQ_FORMAT, "type FLOAT but holds INT", "a value of another type is refused");
    attribute(&attrs, "t", OQ_ATTR_TENSOR, 0, 0);
    node_with(&graph, &attrs);
    is_refused(&graph, OQ_FORMAT, "no value", "a tensor attribute without a tensor is refused");
    attribute(&attrs, "t", 77, 3, 0);
    node_with(&graph, &attrs);
    is_refused(&graph, OQ_FORMAT, "unknown type 77", "an unknown attribute type is refused");
    attribute(&attrs, "", OQ_ATTR_INT, 3, 0);
    node_with(&graph, &attrs);
    is_refused(&graph, OQ_FORMAT, "without a name", "an attribute without a name is refused");
    attribute(&attrs, "old", -1, 3, 5);
    attribute(&attrs, "zero", OQ_ATTR_INT, 0, 0);
    node_with(&graph, &attrs);
    model = import_graph(&graph, 8, 13, &bytes, &diag);
    ok(model && oq_node_int(model->graph->first, "old", 0) == 5,
       "an attribute without a type has that of its value");
    ok(model && oq_node_int(model->graph->first, "zero", 9) == 0,
       "an INT without a value is 0, as proto3 writers do");
    oq_model_destroy(model);
    oq_buf_free(&bytes);
}

static void opsets_have_limits(void)
{
    static const struct {
        int opset;
        oq_status status;
    } cases[] = {{6, OQ_UNSUPPORTED}, {7, OQ_OK},           {13, OQ_OK},
                 {27, OQ_OK},         {28, OQ_UNSUPPORTED}, {0, OQ_FORMAT}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        oq_buf graph = {0}, bytes = {0};
        oq_diag diag = {0};
        oq_model *model;

        pb_value_info(&graph, 11, "x", 3);
        model = import_graph(&graph, 8, cases[i].opset, &bytes, &diag);
        is_int(diag.status, cases[i].status, "opset 6, 7, 13, 27, 28 and 0");
        oq_model_destroy(model);
        oq_buf_free(&bytes);
    }
}

static void odd_dimensions(void)
{
    oq_buf graph = {0}, bytes = {0}, shape = {0}, tensor = {0}, type = {0}, info = {0}, dim = {0};
    oq_diag diag = {0};
    oq_model *model;
    const oq_shape *s;

    pb_varint(&dim, 1, -1);
    pb_message(&shape, 1, &dim);
    pb_varint(&dim, 1, 0);
    pb_message(&shape, 1, &dim);
    pb_message(&shape, 1, &dim);
    pb_text(&dim, 2, "");
    pb_message(&shape, 1, &dim);
    pb_varint(&tensor, 1, OQ_INT64);
    pb_message(&tensor, 2, &shape);
    pb_message(&type, 1, &tensor);
    pb_text(&info, 1, "x");
    pb_message(&info, 2, &type);
    pb_message(&graph, 11, &info);
    pb_value_info(&graph, 11, "a", 0);
    pb_value_info(&graph, 11, "b", 0);
    model = import_graph(&graph, 8, 13, &bytes, &diag);
    s = &model->graph->inputs[0]->shape;
    is_int(s->rank, 4, "four dimensions");
    is_int(s->dims[0].size, -1, "a negative size is unknown");
    is_int(s->dims[1].size, 0, "a size of 0 is 0");
    ok(s->dims[2].size == -1 && !s->dims[2].symbol, "an empty dimension is unknown");
    ok(s->dims[3].size == -1 && !s->dims[3].symbol, "an empty symbol is none");
    ok(model->graph->inputs[1]->shape.dims[0].symbol == model->graph->inputs[2]->shape.dims[0].symbol,
       "equal symbols are one pointer");
    oq_model_destroy(model);
    oq_buf_free(&bytes);
}

static void sequences_are_opaque(void)
{
    oq_buf graph = {0}, bytes = {0}, inner = {0}, sequence = {0}, type = {0}, info = {0};
    oq_diag diag = {0};
    oq_model *model;

    pb_message(&sequence, 1, &inner);
    pb_message(&type, 4, &sequence);
    pb_text(&info, 1, "s");
    pb_message(&info, 2, &type);
    pb_message(&graph, 11, &info);
    model = import_graph(&graph, 8, 13, &bytes, &diag);
    ok(model && model->graph->inputs[0]->is_opaque_type && model->graph->inputs[0]->dtype == OQ_UNDEFINED,
       "a sequence is opaque");
    oq_model_destroy(model);
    oq_buf_free(&bytes);
}

/* f(a) = Relu(reads); returned: what it returns. */
static oq_model *import_function(const char *reads, const char *returned, oq_buf *bytes, oq_diag *diag)
{
    oq_buf graph = {0}, function = {0}, node = {0};
    oq_model *model = NULL;

    pb_value_info(&graph, 11, "x", 3);
    pb_model(bytes, 8, 13, &graph);
    pb_text(&function, 1, "f");
    pb_text(&function, 4, "a");
    pb_text(&function, 5, returned);
    pb_text(&node, 1, reads);
    pb_text(&node, 2, "b");
    pb_text(&node, 4, "Relu");
    pb_message(&function, 7, &node);
    pb_message(bytes, 25, &function);
    oq_import_memory(bytes->data, bytes->size, "-", NULL, &model, diag);
    return model;
}

static void functions_are_read(void)
{
    oq_buf bytes = {0};
    oq_diag diag = {0};
    oq_model *model = import_function("a", "b", &bytes, &diag);
    const oq_function *f;

    ok(model && model->n_functions == 1, "a model with a function is imported");
    f = model ? &model->functions[0] : NULL;
    is_str(f ? f->name : "", "f", "the function has its name");
    is_int(f ? f->body->n_nodes : 0, 1, "and its nodes");
    is_int(f ? f->n_values : 0, 2, "two values belong to it");
    oq_model_destroy(model);
    oq_buf_free(&bytes);
}

static void bad_functions_are_refused(void)
{
    oq_buf bytes = {0};
    oq_diag diag = {0};

    ok(!import_function("nowhere", "b", &bytes, &diag) && strstr(diag.message, "reads 'nowhere'"),
       "a function that reads what nothing produces is refused");
    ok(strstr(diag.notes, "in function 'f'") != NULL, "and named");
    oq_buf_free(&bytes);
    diag = (oq_diag){0};
    ok(!import_function("a", "nothing", &bytes, &diag) && strstr(diag.message, "returns 'nothing'"),
       "a function that returns what nothing produces is refused");
    oq_buf_free(&bytes);
}

static void what_is_no_model_is_refused(void)
{
    static const char *const texts[] = {"", "hello world, this is no model", "\x08\x08"};
    oq_model *model = NULL;
    oq_diag diag = {0};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        is_int(oq_import_memory(texts[i], strlen(texts[i]), "-", NULL, &model, &diag), OQ_FORMAT,
               "nothing, text and a lone IR version are refused");
        ok(strncmp(diag.message, "not an ONNX model: ", 19) == 0, "and called by name: %s", diag.message);
    }
    is_int(oq_import_file("/nonexistent/m.onnx", NULL, &model, &diag), OQ_IO, "a file that is not there");
}

static void the_digest_is_of_the_bytes(void)
{
    oq_buf graph = {0}, bytes = {0};
    oq_diag diag = {0};
    oq_model *a, *b;
    char hex_a[65], hex_b[65];

    pb_value_info(&graph, 11, "x", 3);
    a = import_graph(&graph, 8, 13, &bytes, &diag);
    is_int(oq_model_digest(a, hex_a, &diag), OQ_OK, "a model has a digest");
    is_int(strlen(hex_a), 64, "of 64 digits");
    bytes.data[1] = 9; /* another IR version */
    oq_import_memory(bytes.data, bytes.size, "-", NULL, &b, &diag);
    oq_model_digest(b, hex_b, &diag);
    ok(strcmp(hex_a, hex_b) != 0, "another file has another digest");
    oq_model_destroy(a);
    oq_model_destroy(b);
    oq_buf_free(&bytes);
}

int main(void)
{
    a_plain_graph();
    initializers_among_the_inputs();
    a_subgraph_captures_outer_values();
    nodes_out_of_order_are_sorted();
    wrong_names_are_refused();
    wrong_attributes_are_refused();
    opsets_have_limits();
    odd_dimensions();
    sequences_are_opaque();
    functions_are_read();
    bad_functions_are_refused();
    what_is_no_model_is_refused();
    the_digest_is_of_the_bytes();
    return tap_done();
}
