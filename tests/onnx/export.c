#include "onnx/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ir/graph.h"
#include "ir/shape.h"
#include "ir/tensor.h"
#include "onnx/import.h"
#include "pb.h"
#include "tap/tap.h"

static const float three[] = {1, 2, 3};

/* x -> Relu -> y -> Neg -> z, with everything that is to survive:
 * unknown fields and metadata in the model, the graph and the node; a function; an annotation; value_info of
 * y. */
static void rich_model(oq_buf *model)
{
    oq_buf graph = {0}, node = {0}, set = {0}, property = {0}, function = {0}, note = {0};

    pb_varint(model, 1, 8);
    pb_text(model, 2, "maker");
    pb_text(&node, 1, "x");
    pb_text(&node, 2, "y");
    pb_text(&node, 3, "first");
    pb_text(&node, 4, "Relu");
    pb_text(&node, 6, "documented");
    pb_text(&node, 7, "ai.onnx");
    pb_text(&node, 77, "node field of the future");
    pb_message(&graph, 1, &node);
    pb_node(&graph, "Neg", "y", NULL, "z", NULL);
    pb_text(&graph, 2, "g");
    pb_floats(&graph, 5, "unused", three, 3);
    pb_value_info(&graph, 11, "x", 3);
    pb_value_info(&graph, 12, "z", 3);
    pb_value_info(&graph, 13, "y", 3);
    pb_text(&note, 1, "y");
    pb_message(&graph, 14, &note);
    pb_text(&graph, 78, "graph field of the future");
    pb_message(model, 7, &graph);
    pb_text(&set, 1, "ai.onnx");
    pb_varint(&set, 2, 12);
    pb_message(model, 8, &set);
    for (int i = 0; i < 2; i++) {
        pb_text(&property, 1, i ? "org.example.names" : "org.example.color");
        pb_text(&property, 2, i ? "cat,dog" : "red");
        pb_message(model, 14, &property);
    }
    pb_text(&function, 1, "body_of_f");
    pb_message(model, 25, &function);
    pb_text(model, 79, "model field of the future");
}

static oq_model *import_bytes(const oq_buf *bytes)
{
    oq_model *model = NULL;
    oq_diag diag = {0};

    if (oq_import_memory(bytes->data, bytes->size, "-", NULL, &model, &diag) != OQ_OK)
        tap_bail("%s (%s)", diag.message, diag.notes);
    return model;
}

static void export_bytes(const oq_model *model, oq_buf *out)
{
    oq_diag diag = {0};

    oq_buf_free(out);
    if (oq_export_memory(model, out, &diag) != OQ_OK)
        tap_bail("%s (%s)", diag.message, diag.notes);
}

static int count(const oq_buf *bytes, const char *text)
{
    size_t n = strlen(text);
    int found = 0;

    for (size_t i = 0; i + n <= bytes->size; i++)
        found += memcmp(bytes->data + i, text, n) == 0;
    return found;
}

static void has(const oq_buf *bytes, const char *text, int times)
{
    ok(count(bytes, text) == times, "'%s' is there %d times (found %d)", text, times, count(bytes, text));
}

static void an_untouched_model_is_copied(void)
{
    oq_buf in = {0}, out = {0};
    oq_model *model;

    rich_model(&in);
    model = import_bytes(&in);
    export_bytes(model, &out);
    ok(out.size == in.size && memcmp(out.data, in.data, in.size) == 0, "unchanged, byte for byte");
    oq_model_destroy(model);
    oq_buf_free(&in);
    oq_buf_free(&out);
}

static void a_changed_node_keeps_its_other_fields(void)
{
    oq_buf in = {0}, out = {0};
    oq_model *model, *again;

    rich_model(&in);
    model = import_bytes(&in);
    oq_node_set_int(model->graph->first, "count", 5);
    export_bytes(model, &out);
    has(&out, "documented", 1);
    has(&out, "node field of the future", 1);
    has(&out, "graph field of the future", 1);
    has(&out, "model field of the future", 1);
    has(&out, "body_of_f", 1);
    has(&out, "org.example.names", 1);
    has(&out, "cat,dog", 1);
    has(&out, "maker", 1);
    has(&out, "ai.onnx", 2); /* of the node and of the opset: an alias stays as it was spelled */
    again = import_bytes(&out);
    is_int(oq_node_int(again->graph->first, "count", 0), 5, "and has the new attribute");
    is_str(again->graph->first->name, "first", "its name");
    oq_model_destroy(again);
    oq_model_destroy(model);
    oq_buf_free(&in);
    oq_buf_free(&out);
}

static void what_is_said_of_removed_values_is_dropped(void)
{
    oq_buf in = {0}, out = {0};
    oq_model *model, *again;
    oq_node *relu;

    rich_model(&in);
    model = import_bytes(&in);
    relu = model->graph->first;
    oq_value_replace_uses(relu->outputs[0], relu->inputs[0]);
    oq_node_remove(relu);
    export_bytes(model, &out);
    again = import_bytes(&out);
    is_int(again->graph->n_nodes, 1, "one node is left");
    is_int(again->graph->n_value_info, 0, "the value_info of its result is gone");
    is_str(again->graph->first->inputs[0]->name, "x", "the other reads the input now");
    is_int(count(&out, "\x72\x03\x0a\x01y"), 0, "and so is the annotation");
    oq_model_destroy(again);
    oq_model_destroy(model);
    oq_buf_free(&in);
    oq_buf_free(&out);
}

static void a_retyped_value_loses_its_value_info(void)
{
    oq_buf in = {0}, out = {0};
    oq_model *model, *again;
    oq_shape shape = oq_shape_of((int64_t[]){3}, 1);

    rich_model(&in);
    model = import_bytes(&in);
    oq_value_set_type(model->graph->first->outputs[0], OQ_FLOAT16, &shape);
    oq_value_set_type(model->graph->outputs[0], OQ_FLOAT16, &shape);
    export_bytes(model, &out);
    again = import_bytes(&out);
    is_int(again->graph->n_value_info, 0, "the value_info of a retyped value is gone");
    is_int(again->graph->outputs[0]->dtype, OQ_FLOAT16, "a retyped output has its new type");
    is_int(again->graph->outputs[0]->shape.dims[0].size, 3, "and its shape");
    oq_model_destroy(again);
    oq_model_destroy(model);
    oq_buf_free(&in);
    oq_buf_free(&out);
}

static void versions_and_metadata_change(void)
{
    oq_buf in = {0}, out = {0};
    oq_model *model, *again;

    rich_model(&in);
    model = import_bytes(&in);
    model->ir_version = 10;
    oq_model_set_opset(model, "", 21);
    oq_model_set_opset(model, "org.example", 1);
    oq_model_set_property(model, "org.example.color", "blue");
    oq_model_set_property(model, "org.onnx-q.version", "1");
    export_bytes(model, &out);
    again = import_bytes(&out);
    is_int(again->ir_version, 10, "the IR version is new");
    is_int(oq_model_opset(again, ""), 21, "the opset is raised");
    is_int(oq_model_opset(again, "org.example"), 1, "a domain is added");
    is_int(again->n_opsets, 2, "and none is there twice");
    has(&out, "red", 0);
    has(&out, "blue", 1);
    has(&out, "cat,dog", 1);
    has(&out, "org.onnx-q.version", 1);
    oq_model_destroy(again);
    oq_model_destroy(model);
    oq_buf_free(&in);
    oq_buf_free(&out);
}

static void new_nodes_and_tensors_are_encoded(void)
{
    static const int64_t ints[] = {1, -2, 3};
    oq_buf in = {0}, out = {0};
    oq_model *model, *again;
    oq_node *node, *back;
    oq_value *inputs[3] = {NULL};
    size_t n;

    rich_model(&in);
    model = import_bytes(&in);
    inputs[0] = model->graph->inputs[0];
    inputs[2] = oq_graph_add_initializer(model->graph, "scale", oq_tensor_scalar_float(model->arena, 0.5f));
    node = oq_node_new(model->graph, NULL, "Op", "org.example", "new", inputs, 3, 2, NULL);
    oq_node_set_float(node, "f", 1.5f);
    oq_node_set_int(node, "i", -7);
    oq_node_set_string(node, "s", "text");
    oq_node_set_ints(node, "ints", ints, 3);
    oq_node_set_tensor(node, "t", oq_tensor_from_ints(model->arena, ints, 3));
    oq_model_set_opset(model, "org.example", 1);
    export_bytes(model, &out);
    again = import_bytes(&out);
    back = again->graph->last;
    is_str(back->op_type, "Op", "a new node is there");
    is_str(back->domain, "org.example", "with its domain");
    ok(back->n_inputs == 3 && !back->inputs[1] && back->n_outputs == 2,
       "its omitted input and its two outputs");
    is_float(oq_node_float(back, "f", 0), 1.5, 0, "a float");
    is_int(oq_node_int(back, "i", 0), -7, "a negative int");
    is_str(oq_node_string(back, "s", ""), "text", "a string");
    ok(oq_node_ints(back, "ints", &n) && n == 3 && oq_node_ints(back, "ints", &n)[1] == -2, "ints");
    ok(oq_tensor_equal(oq_node_attr(back, "t")->tensor, oq_node_attr(node, "t")->tensor), "a tensor");
    is_int(back->inputs[2]->constant->rank, 0, "a new scalar has rank 0");
    oq_model_destroy(again);
    oq_model_destroy(model);
    oq_buf_free(&in);
    oq_buf_free(&out);
}

static void a_renamed_initializer_keeps_its_payload(void)
{
    oq_buf in = {0}, out = {0};
    oq_model *model, *again;

    rich_model(&in);
    model = import_bytes(&in);
    oq_value_rename(model->graph->initializers[0], "renamed");
    export_bytes(model, &out);
    again = import_bytes(&out);
    is_str(again->graph->initializers[0]->name, "renamed", "an initializer has its new name");
    is_mem(again->graph->initializers[0]->constant->data, three, sizeof three, "and its numbers");
    has(&out, "unused", 0);
    oq_model_destroy(again);
    oq_model_destroy(model);
    oq_buf_free(&in);
    oq_buf_free(&out);
}

/* A change deep in a branch of an If: the node around it is encoded anew, though nobody marked it. */
static void a_change_in_a_subgraph_comes_out(void)
{
    oq_buf in = {0}, out = {0}, branch = {0}, attr = {0}, attrs = {0}, graph = {0};
    oq_model *model, *again;
    const oq_attr *back;

    pb_node(&branch, "Mul", "x", "x", "r", NULL);
    pb_text(&branch, 2, "then");
    pb_value_info(&branch, 12, "r", 3);
    pb_text(&attr, 1, "then_branch");
    pb_message(&attr, 6, &branch);
    pb_text(&attr, 13, "documented attribute");
    pb_varint(&attr, 20, OQ_ATTR_GRAPH);
    pb_message(&attrs, 5, &attr);
    pb_node(&graph, "If", "c", NULL, "z", &attrs);
    pb_text(&graph, 2, "g");
    pb_value_info(&graph, 11, "x", 3);
    pb_value_info(&graph, 11, "c", 1);
    pb_value_info(&graph, 12, "z", 3);
    pb_model(&in, 8, 13, &graph);
    model = import_bytes(&in);
    oq_node_set_type(model->graph->first->attrs[0].graph->first, "Add", "");
    export_bytes(model, &out);
    again = import_bytes(&out);
    back = &again->graph->first->attrs[0];
    is_str(back->graph->first->op_type, "Add", "the node in the branch is the new one");
    has(&out, "documented attribute", 1);
    oq_model_destroy(again);
    oq_model_destroy(model);
    oq_buf_free(&attrs);
    oq_buf_free(&in);
    oq_buf_free(&out);
}

/* Before IR 4 new initializers must be listed as inputs. */
static void old_files_list_new_initializers(void)
{
    for (int ir_version = 3; ir_version <= 4; ir_version++) {
        oq_buf in = {0}, out = {0}, graph = {0};
        oq_model *model;

        pb_node(&graph, "Add", "x", "w", "y", NULL);
        pb_text(&graph, 2, "g");
        pb_floats(&graph, 5, "w", three, 3);
        pb_value_info(&graph, 11, "w", 3);
        pb_value_info(&graph, 11, "x", 3);
        pb_value_info(&graph, 12, "y", 3);
        pb_model(&in, 3, 8, &graph);
        model = import_bytes(&in);
        oq_graph_add_initializer(model->graph, "fresh", oq_tensor_scalar_float(model->arena, 1));
        model->ir_version = ir_version;
        model->is_changed = true;
        export_bytes(model, &out);
        is_int(count(&out, "fresh"), ir_version == 3 ? 2 : 1, "the new initializer, and its listing in IR 3");
        oq_model_destroy(model);
        oq_buf_free(&in);
        oq_buf_free(&out);
    }
}

static void raising_ir3_takes_initializers_from_the_inputs(void)
{
    oq_buf in = {0}, out = {0}, graph = {0};
    oq_model *model, *again;

    pb_node(&graph, "Add", "x", "w", "y", NULL);
    pb_text(&graph, 2, "g");
    pb_floats(&graph, 5, "w", three, 3);
    pb_value_info(&graph, 11, "w", 3);
    pb_value_info(&graph, 11, "x", 3);
    pb_value_info(&graph, 12, "y", 3);
    pb_model(&in, 3, 8, &graph);
    model = import_bytes(&in);
    model->ir_version = 8; /* nothing else changes */
    export_bytes(model, &out);
    again = import_bytes(&out);
    is_int(again->ir_version, 8, "the IR version is raised");
    is_int(again->graph->n_inputs, 1, "only the real input is one");
    ok(oq_value_constant(again->graph->initializers[0]) != NULL, "and the initializer is still a constant");
    oq_model_destroy(again);
    oq_model_destroy(model);
    oq_buf_free(&in);
    oq_buf_free(&out);
}

static size_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

static void files_appear_whole(void)
{
    char path[4200], packed[4200], other[4200];
    oq_buf in = {0};
    oq_model *model, *again;
    oq_diag diag = {0};

    rich_model(&in);
    model = import_bytes(&in);
    snprintf(path, sizeof path, "%s/m.onnx", tap_tmpdir());
    snprintf(packed, sizeof packed, "%s/m.onnx.gz", tap_tmpdir());
    snprintf(other, sizeof other, "%s/no/such/folder/m.onnx", tap_tmpdir());
    is_int(oq_export_file(model, path, NULL, &diag), OQ_OK, "a file is written");
    is_int(size_of(path), in.size, "of the right size");
    is_int(oq_export_file(model, packed, NULL, &diag), OQ_OK, "a compressed file is written");
    is_int(oq_import_file(packed, NULL, &again, &diag), OQ_OK, "and read again");
    ok(again->origin.size == in.size && memcmp(again->origin.data, in.data, in.size) == 0,
       "with the same bytes");
    oq_model_destroy(again);
    is_int(oq_import_file(path, NULL, &again, &diag), OQ_OK, "the plain file is read");
    oq_node_set_int(again->graph->first, "i", 1);
    is_int(oq_export_file(again, path, NULL, &diag), OQ_OK, "and may be replaced while it is mapped");
    oq_model_destroy(again);
    is_int(oq_export_file(model, other, NULL, &diag), OQ_IO, "a folder that is not there");
    is_int(oq_export_file(model, tap_tmpdir(), NULL, &diag), OQ_IO, "a folder in place of a file");
    oq_model_destroy(model);
    oq_buf_free(&in);
}

static void training_graphs_go_when_the_graph_changes(void)
{
    for (int change = 0; change < 2; change++) {
        oq_buf in = {0}, out = {0}, training = {0}, binding = {0};
        oq_model *model;

        rich_model(&in);
        pb_text(&binding, 1, "bound");
        pb_message(&training, 4, &binding);
        pb_message(&in, 20, &training);
        model = import_bytes(&in);
        oq_model_set_property(model, "k", "v");
        if (change)
            oq_node_set_int(model->graph->first, "i", 1);
        export_bytes(model, &out);
        is_int(count(&out, "bound"), !change, change ? "they are gone" : "new metadata alone leaves them");
        oq_model_destroy(model);
        oq_buf_free(&in);
        oq_buf_free(&out);
    }
}

/* 2 GiB of zeros that nobody reads: the size alone decides. */
static void two_gib_need_external_data(void)
{
    size_t size = (size_t)1 << 31;
    void *zeros = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    int64_t dim = (int64_t)size;
    oq_model *model = oq_model_new(0);
    oq_buf out = {0};
    oq_diag diag = {0};

    if (zeros == MAP_FAILED) {
        tap_skip(3, "no address space for 2 GiB");
        oq_model_destroy(model);
        return;
    }
    model->ir_version = 8;
    oq_graph_add_initializer(model->graph, "big", oq_tensor_wrap(model->arena, OQ_UINT8, &dim, 1, zeros));
    is_int(oq_export_memory(model, &out, &diag), OQ_LIMIT, "2 GiB do not fit into one message");
    is_int(oq_export_file(model, "-", NULL, &diag), OQ_ARG, "external data is chosen by itself");
    ok(strstr(diag.message, "standard output") != NULL, "and needs a file: %s", diag.message);
    oq_model_destroy(model);
    oq_buf_free(&out);
    munmap(zeros, size);
}

int main(void)
{
    an_untouched_model_is_copied();
    a_changed_node_keeps_its_other_fields();
    what_is_said_of_removed_values_is_dropped();
    a_retyped_value_loses_its_value_info();
    versions_and_metadata_change();
    new_nodes_and_tensors_are_encoded();
    a_renamed_initializer_keeps_its_payload();
    a_change_in_a_subgraph_comes_out();
    old_files_list_new_initializers();
    raising_ir3_takes_initializers_from_the_inputs();
    files_appear_whole();
    training_graphs_go_when_the_graph_changes();
    two_gib_need_external_data();
    return tap_done();
}
