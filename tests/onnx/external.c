#include "onnx/external.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ir/graph.h"
#include "onnx/export.h"
#include "onnx/import.h"
#include "pb.h"
#include "tap/tap.h"

static char folder[4000];

static const char *in_folder(const char *name)
{
    static char paths[4][4200];
    static int next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(data, 1, size, f) != size)
        tap_bail("cannot write %s", path);
    fclose(f);
}

/* A key of external_data; a NULL value leaves it out. */
static void entry(oq_buf *tensor, const char *key, const char *value)
{
    oq_buf e = {0};

    if (!value)
        return;
    pb_text(&e, 1, key);
    pb_text(&e, 2, value);
    pb_message(tensor, 13, &e);
}

/* A model with one initializer w of n floats in another file, read by an Add. */
static void write_model(const char *path, const char *location, const char *offset, const char *length,
                        int64_t n)
{
    oq_buf tensor = {0}, graph = {0}, model = {0};

    pb_node(&graph, "Add", "x", "w", "y", NULL);
    pb_text(&graph, 2, "g");
    pb_tensor_head(&tensor, "w", OQ_FLOAT, n);
    entry(&tensor, "location", location);
    entry(&tensor, "offset", offset);
    entry(&tensor, "length", length);
    pb_varint(&tensor, 14, 1);
    pb_message(&graph, 5, &tensor);
    pb_value_info(&graph, 11, "x", (int)n);
    pb_value_info(&graph, 12, "y", (int)n);
    pb_model(&model, 8, 13, &graph);
    write_file(path, model.data, model.size);
    oq_buf_free(&model);
}

static oq_status import_from(const char *location, const char *offset, const char *length, int64_t n,
                             const oq_import_options *options, oq_diag *diag)
{
    oq_model *model = NULL;
    oq_status status;

    write_model(in_folder("m.onnx"), location, offset, length, n);
    oq_diag_clear(diag);
    status = oq_import_file(in_folder("m.onnx"), options, &model, diag);
    oq_model_destroy(model);
    return status;
}

static void data_beside_the_model(void)
{
    float values[512];
    oq_diag diag = {0};
    oq_model *model = NULL;
    const oq_tensor *w;

    for (int i = 0; i < 512; i++)
        values[i] = (float)i;
    write_file(in_folder("data.bin"), values, sizeof values);
    mkdir(in_folder("sub"), 0777);
    write_file(in_folder("sub/data.bin"), values, sizeof values);
    write_model(in_folder("m.onnx"), "data.bin", "8", "400", 100);
    is_int(oq_import_file(in_folder("m.onnx"), NULL, &model, &diag), OQ_OK, "data beside the model is found");
    w = model ? model->graph->initializers[0]->constant : NULL;
    ok(w && w->is_external && w->size == 400, "it has the right size");
    if (w)
        is_mem(w->data, values + 2, 400, "and is read at its offset");
    is_int(model ? model->file_size > sizeof values : 0, 1, "and counts into the size of the model");
    oq_model_destroy(model);
    is_int(import_from("sub/data.bin", NULL, NULL, 512, NULL, &diag), OQ_OK,
           "offset and length may be missing");
    is_int(import_from("./sub//data.bin", NULL, NULL, 512, NULL, &diag), OQ_OK, "'.' and '//' are harmless");
    is_int(import_from("data.bin", "2044", "4", 1, NULL, &diag), OQ_OK, "the last four bytes can be read");
}

typedef struct {
    const char *location, *offset, *length;
    oq_status status;
    const char *says;
} attack;

static void attacks_are_refused(void)
{
    static const attack attacks[] = {
        {"/etc/passwd", NULL, NULL, OQ_FORMAT, "relative"},
        {"../secret.bin", NULL, NULL, OQ_FORMAT, "'..'"},
        {"sub/../../secret.bin", NULL, NULL, OQ_FORMAT, "'..'"},
        {"sub/..", NULL, NULL, OQ_FORMAT, "'..'"},
        {"sub\\..\\..\\secret.bin", NULL, NULL, OQ_FORMAT, "'..'"},
        {"", NULL, NULL, OQ_FORMAT, "empty"},
        {".", NULL, NULL, OQ_FORMAT, "names no file"},
        {"sub", NULL, NULL, OQ_FORMAT, "not a regular file"},
        {"fifo", NULL, NULL, OQ_FORMAT, "not a regular file"},
        {"link.bin", NULL, NULL, OQ_FORMAT, "link"},
        {"linked_sub/data.bin", NULL, NULL, OQ_FORMAT, "link"},
        {"hard.bin", NULL, NULL, OQ_FORMAT, "second name"},
        {"missing.bin", NULL, NULL, OQ_IO, "No such file"},
        {"data.bin/x", NULL, NULL, OQ_FORMAT, "no folder"},
        {"data.bin", "2045", "4", OQ_FORMAT, "only 2048"},
        {"data.bin", "18446744073709551615", "4", OQ_FORMAT, "only 2048"},
        {"data.bin", "18446744073709551616", "4", OQ_FORMAT, "not a number"},
        {"data.bin", "-4", "4", OQ_FORMAT, "not a number"},
        {"data.bin", " 4", "4", OQ_FORMAT, "not a number"},
        {"data.bin", "0x4", "4", OQ_FORMAT, "not a number"},
        {"data.bin", "", "4", OQ_FORMAT, "not a number"},
        {"data.bin", "0", "8", OQ_FORMAT, "8 bytes"},
        {NULL, "0", "4", OQ_FORMAT, "without a location"},
    };
    oq_diag diag = {0};

    write_file(in_folder("../secret.bin"), "secret, really", 14);
    if (symlink("data.bin", in_folder("link.bin")) || symlink("sub", in_folder("linked_sub")) ||
        link(in_folder("sub/data.bin"), in_folder("hard.bin")) || mkfifo(in_folder("fifo"), 0666))
        tap_bail("cannot make links");
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        const attack *a = &attacks[i];

        is_int(import_from(a->location, a->offset, a->length, 1, NULL, &diag), a->status,
               a->location ? a->location : "no location");
        ok(strstr(diag.message, a->says) != NULL, "says so: %s", diag.message);
    }
    remove(in_folder("../secret.bin"));
}

static void links_can_be_allowed(void)
{
    static const oq_import_options follow = {.follow_links = true};
    oq_diag diag = {0};

    is_int(import_from("link.bin", NULL, NULL, 1, &follow, &diag), OQ_OK, "a symbolic link, when asked for");
    is_int(import_from("hard.bin", NULL, NULL, 1, &follow, &diag), OQ_OK, "a hard link, when asked for");
    is_int(import_from("../secret.bin", NULL, NULL, 1, &follow, &diag), OQ_FORMAT, "but never '..'");
    is_int(import_from("fifo", NULL, NULL, 1, &follow, &diag), OQ_FORMAT, "and never a pipe");
}

/* Functions and sparse tensors are only copied, so their data cannot follow the model to another folder. */
static void data_of_what_is_only_copied_is_refused(void)
{
    for (int where = 0; where < 3; where++) {
        oq_buf tensor = {0}, attr = {0}, node = {0}, function = {0}, graph = {0}, bytes = {0}, sparse = {0};
        oq_diag diag = {0};
        oq_model *model = NULL;

        pb_tensor_head(&tensor, "w", OQ_FLOAT, 1);
        entry(&tensor, "location", "data.bin");
        pb_varint(&tensor, 14, 1);
        pb_text(&attr, 1, "value");
        if (where) {
            pb_message(&sparse, 1, &tensor);
            pb_tensor_head(&tensor, "", OQ_INT64, 1);
            pb_varint(&tensor, 7, 0);
            pb_message(&sparse, 2, &tensor);
            pb_varint(&sparse, 3, 1);
        }
        if (where == 2)
            pb_message(&graph, 15, &sparse);
        pb_message(&attr, where ? 22 : 5, where ? &sparse : &tensor);
        pb_varint(&attr, 20, where ? OQ_ATTR_SPARSE_TENSOR : OQ_ATTR_TENSOR);
        pb_text(&node, 2, "c");
        pb_text(&node, 4, "Constant");
        pb_message(&node, 5, &attr);
        if (where == 0)
            pb_message(&function, 7, &node);
        else
            pb_message(&graph, 1, &node);
        pb_text(&graph, 2, "g");
        pb_model(&bytes, 8, 13, &graph);
        if (where == 0)
            pb_message(&bytes, 25, &function);
        write_file(in_folder("m.onnx"), bytes.data, bytes.size);
        is_int(
            oq_import_file(in_folder("m.onnx"), NULL, &model, &diag), OQ_UNSUPPORTED,
            ((const char *[]){"in a function", "in a sparse attribute", "in a sparse initializer"})[where]);
        ok(strstr(diag.message, "in one piece") != NULL, "says what to do: %s", diag.message);
        oq_model_destroy(model);
        oq_buf_free(&bytes);
    }
}

static void entries_are_checked(void)
{
    oq_external_ref ref = {0};
    oq_diag diag = {0};

    is_int(oq_external_entry(&ref, "location", "a", &diag), OQ_OK, "a location");
    is_int(oq_external_entry(&ref, "location", "b", &diag), OQ_FORMAT, "a second location is refused");
    is_int(oq_external_entry(&ref, "__class__", "b", &diag), OQ_FORMAT, "an unknown key is refused");
    is_int(oq_external_entry(&ref, "checksum", "b", &diag), OQ_OK, "a checksum is passed over");
}

/* ------------------------------------------------------------------ writing */

static size_t file_size(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

static oq_model *import_or_bail(const char *path)
{
    oq_diag diag = {0};
    oq_model *model = NULL;

    if (oq_import_file(path, NULL, &model, &diag) != OQ_OK)
        tap_bail("%s: %s (%s)", path, diag.message, diag.notes);
    return model;
}

static void is_same_tensor(const char *path, const void *data, size_t size, bool is_external,
                           const char *name)
{
    oq_model *model = import_or_bail(path);
    const oq_tensor *w = model->graph->initializers[0]->constant;

    ok(w->size == size && memcmp(w->data, data, size) == 0 && w->is_external == is_external, "%s", name);
    oq_model_destroy(model);
}

static void external_data_moves_along(void)
{
    static const oq_export_options never = {.external_data = OQ_EXTERNAL_NEVER};
    float values[512];
    oq_diag diag = {0};
    oq_model *model;

    for (int i = 0; i < 512; i++)
        values[i] = (float)i;
    write_model(in_folder("m.onnx"), "data.bin", NULL, NULL, 512);
    model = import_or_bail(in_folder("m.onnx"));
    mkdir(in_folder("out"), 0777);
    is_int(oq_export_file(model, in_folder("out/n.onnx"), NULL, &diag), OQ_OK,
           "it is exported to another folder");
    is_int(file_size(in_folder("out/n.onnx.data")), 2048, "its data goes to one new file");
    is_same_tensor(in_folder("out/n.onnx"), values, 2048, true, "and is found from there");
    is_int(oq_export_file(model, in_folder("out/one.onnx"), &never, &diag), OQ_OK,
           "or into the file, if asked for");
    is_same_tensor(in_folder("out/one.onnx"), values, 2048, false, "with the same numbers");
    is_int(oq_export_file(model, "-", NULL, &diag), OQ_ARG, "standard output cannot have data beside it");
    is_int(oq_export_file(model, in_folder("a..b.onnx"), NULL, &diag), OQ_ARG,
           "'..' in the name would be refused by readers");
    oq_model_destroy(model);
}

static void the_inputs_data_file_is_never_overwritten(void)
{
    oq_diag diag = {0};
    float values[512] = {42};
    oq_model *model;

    write_file(in_folder("o.onnx.data"), values, sizeof values);
    write_model(in_folder("m.onnx"), "o.onnx.data", NULL, NULL, 512);
    model = import_or_bail(in_folder("m.onnx"));
    is_int(oq_export_file(model, in_folder("o.onnx"), NULL, &diag), OQ_OK,
           "the output wants the input's data file");
    oq_model_destroy(model);
    ok(file_size(in_folder("o.onnx.1.data")) == 2048, "it gets another name");
    is_same_tensor(in_folder("m.onnx"), values, 2048, true, "the input is as it was");
    is_same_tensor(in_folder("o.onnx"), values, 2048, true, "the output is right");
}

static void big_tensors_are_aligned(void)
{
    static const oq_export_options always = {.external_data = OQ_EXTERNAL_ALWAYS};
    static float values[2048];
    static const int sizes[] = {10, 300, 2048, 1500};
    oq_buf graph = {0}, bytes = {0};
    oq_diag diag = {0};
    oq_model *model = NULL;

    for (int i = 0; i < 2048; i++)
        values[i] = (float)i;
    for (int i = 0; i < 4; i++)
        pb_floats(&graph, 5, (const char *[]){"a", "b", "c", "d"}[i], values, sizes[i]);
    pb_text(&graph, 2, "g");
    pb_model(&bytes, 8, 13, &graph);
    oq_import_memory(bytes.data, bytes.size, "-", NULL, &model, &diag);
    is_int(oq_export_file(model, in_folder("big.onnx"), &always, &diag), OQ_OK, "external data on request");
    oq_model_destroy(model);
    model = import_or_bail(in_folder("big.onnx"));
    for (int i = 0; i < 4; i++) {
        const oq_tensor *t = model->graph->initializers[i]->constant;
        bool big = sizes[i] * 4 >= 4096;

        is_int(t->is_external, sizes[i] * 4 >= 1024, "1 KiB and more go outside");
        ok(t->size == (size_t)sizes[i] * 4 && memcmp(t->data, values, t->size) == 0, "tensor %d is the same",
           i);
        ok(!big || ((uintptr_t)t->data & 4095) == 0, "and starts on a page if it is big");
    }
    oq_model_destroy(model);
    oq_buf_free(&bytes);
}

int main(void)
{
    snprintf(folder, sizeof folder, "%s/models", tap_tmpdir());
    mkdir(folder, 0777);
    data_beside_the_model();
    attacks_are_refused();
    links_can_be_allowed();
    data_of_what_is_only_copied_is_refused();
    entries_are_checked();
    external_data_moves_along();
    the_inputs_data_file_is_never_overwritten();
    big_tensors_are_aligned();
    return tap_done();
}
