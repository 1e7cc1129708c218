/* Import then export gives the same bytes: for every model we can find.
 *
 * Without arguments: a TAP test over models/, the shared cases and Debian's ONNX test data. With a file that
 * lists models, one path a line: all of them, faults on standard output, exit status 1 if there were any
 * (backend.t uses it).
 *
 * Each model is exported twice: untouched, and with every graph and node marked as changed, so that all is
 * encoded anew. The second result may differ in bytes (a file may use another field order) but must be the
 * same graph.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ir/graph.h"
#include "ir/print.h"
#include "onnx/export.h"
#include "onnx/import.h"
#include "tap/tap.h"

typedef struct {
    int n, n_bad, n_reencoded; /* models, models with a fault, models that differ when all is encoded anew */
} tally;

static const oq_import_options any_opset = {.any_opset = true};

static void mark_all_changed(oq_model *model)
{
    model->is_changed = true;
    for (oq_graph *graph = model->graphs; graph; graph = graph->next_graph) {
        graph->is_changed = true;
        OQ_FOR_EACH_NODE (graph, node)
            node->is_changed = true;
    }
}

static bool is_same(const oq_buf *a, const void *data, size_t size)
{
    return a->size == size && memcmp(a->data, data, size) == 0;
}

/* The graph as text is the same after encoding all of it anew. */
static bool reencodes(oq_model *model, tally *t, oq_diag *diag)
{
    oq_buf encoded = {0}, before = {0}, after = {0};
    oq_model *again = NULL;
    bool is_good;

    oq_graph_print(model->graph, &before);
    mark_all_changed(model);
    is_good = oq_export_memory(model, &encoded, diag) == OQ_OK &&
              oq_import_memory(encoded.data, encoded.size, model->path, &any_opset, &again, diag) == OQ_OK;
    if (is_good) {
        oq_graph_print(again->graph, &after);
        is_good = is_same(&before, after.data, after.size);
        t->n_reencoded += !is_same(&encoded, model->origin.data, model->origin.size);
    }
    oq_model_destroy(again);
    oq_buf_free(&encoded);
    oq_buf_free(&before);
    oq_buf_free(&after);
    return is_good;
}

/* NULL, or what is wrong with the model. */
static const char *fault_of(const char *path, tally *t, oq_diag *diag)
{
    oq_buf out = {0};
    oq_model *model;
    const char *fault = NULL;

    if (oq_import_file(path, &any_opset, &model, diag) != OQ_OK)
        return "cannot be imported";
    if (oq_graph_check(model->graph, diag) != OQ_OK)
        fault = "makes an invalid graph";
    else if (oq_export_memory(model, &out, diag) != OQ_OK)
        fault = "cannot be exported";
    else if (!is_same(&out, model->origin.data, model->origin.size))
        fault = "comes out different";
    else if (!reencodes(model, t, diag))
        fault = "is another graph when encoded anew";
    oq_buf_free(&out);
    oq_model_destroy(model);
    return fault;
}

static bool round_trip(const char *path, tally *t)
{
    oq_diag diag = {0};
    const char *fault = fault_of(path, t, &diag);

    t->n++;
    if (!fault)
        return true;
    t->n_bad++;
    printf("# %s %s: %s (%s)\n", path, fault, diag.message, diag.notes);
    return false;
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n >= m && strcmp(name + n - m, end) == 0;
}

/* Every model below a folder. */
static void walk(const char *folder, tally *t)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)) != NULL) {
        char path[4096];
        struct stat st;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (stat(path, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            walk(path, t);
        else if (ends_with(path, ".onnx"))
            round_trip(path, t);
    }
    if (dir)
        closedir(dir);
}

static void test_folder(const char *folder, const char *what)
{
    tally t = {0};
    struct stat st;

    if (stat(folder, &st) != 0) {
        tap_skip(1, "%s: no folder %s", what, folder);
        return;
    }
    walk(folder, &t);
    tap_diag("%s: %d models, %d of them in another field order than ours", what, t.n, t.n_reencoded);
    ok(t.n > 0 && t.n_bad == 0, "%s: import and export give the same bytes", what);
}

static int round_trip_list(const char *list)
{
    FILE *f = fopen(list, "r");
    char line[4096];
    tally t = {0};

    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        round_trip(line, &t);
    }
    if (f)
        fclose(f);
    printf("# %d models, %d with faults, %d in another field order than ours\n", t.n, t.n_bad, t.n_reencoded);
    return t.n == 0 || t.n_bad > 0;
}

static int encode(const char *in, const char *out)
{
    static const oq_export_options outside = {.external_data = OQ_EXTERNAL_ALWAYS};
    oq_diag diag = {0};
    oq_model *model = NULL;
    oq_status status = oq_import_file(in, &any_opset, &model, &diag);

    if (status == OQ_OK) {
        mark_all_changed(model);
        status = oq_export_file(model, out, &outside, &diag);
    }
    if (status != OQ_OK)
        printf("# %s: %s (%s)\n", in, diag.message, diag.notes);
    oq_model_destroy(model);
    return status != OQ_OK;
}

int main(int argc, char **argv)
{
    const char *shared = getenv("ONNXQ_SHARED");
    char folder[4096];

    if (argc == 4 && strcmp(argv[1], "encode") == 0)
        return encode(argv[2], argv[3]);
    if (argc > 1)
        return round_trip_list(argv[1]);
    test_folder(tap_source("models"), "models/");
    snprintf(folder, sizeof folder, "%s", shared ? shared : tap_source("../shared"));
    test_folder(folder, "the shared cases");
    test_folder("/usr/share/libonnx-testdata", "Debian's ONNX test data");
    return tap_done();
}
