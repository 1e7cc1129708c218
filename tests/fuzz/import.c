/* Broken models: whatever the bytes, import gives a model that is valid and can be exported, or one clear
 * status.
 *
 * LLVMFuzzerTestOneInput() is an ordinary fuzz target: with -DOQ_LIBFUZZER and clang's -fsanitize=fuzzer it
 * is one. In `make check` the driver below feeds it seeded mutations of the models in models/ and of two
 * written here.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "ir/graph.h"
#include "onnx/export.h"
#include "onnx/import.h"
#include "onnx/pb.h"
#include "tap/tap.h"

#define N_MUTATIONS 400
#define MAX_SEEDS   64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const oq_import_options limited = {
    .arena_limit = (size_t)256 << 20, .max_messages = 1000000, .max_unpacked = (size_t)256 << 20};

/* What went wrong in the last call; NULL: nothing. */
static const char *fault;
static oq_status last_status;

static void check_model(oq_model *model)
{
    oq_diag diag = {0};
    oq_buf out = {0};
    oq_model *again = NULL;
    char hex[65];

    if (oq_graph_check(model->graph, &diag) != OQ_OK)
        fault = "an imported graph is not valid";
    else if (oq_model_digest(model, hex, &diag) != OQ_OK)
        fault = "an imported model has no digest";
    else if (oq_export_memory(model, &out, &diag) != OQ_OK)
        fault = "an imported model cannot be exported";
    else if (oq_import_memory(out.data, out.size, "-", &limited, &again, &diag) != OQ_OK)
        fault = "an exported model cannot be imported";
    oq_model_destroy(again);
    oq_buf_free(&out);
}

/* Statuses that a broken file may give. */
static bool is_clear(oq_status status)
{
    return status == OQ_FORMAT || status == OQ_LIMIT || status == OQ_UNSUPPORTED || status == OQ_NOMEM ||
           status == OQ_IO;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    oq_diag diag = {0};
    oq_model *model = NULL;

    fault = NULL;
    last_status = oq_import_memory(data, size, "-", &limited, &model, &diag);
    if (last_status == OQ_OK)
        check_model(model);
    else if (!is_clear(last_status))
        fault = "an unexpected status";
    else if (!diag.message[0] || strchr(diag.message, '\n'))
        fault = "the message is not one line";
    oq_model_destroy(model);
#ifdef OQ_LIBFUZZER
    if (fault)
        abort();
#endif
    return 0;
}

#ifndef OQ_LIBFUZZER

/* ------------------------------------------------------------------ seeds */

static oq_buf seeds[MAX_SEEDS];
static size_t n_seeds;

static void read_seed(const char *path)
{
    FILE *f = fopen(path, "rb");
    char chunk[4096];
    size_t n;

    while (f && n_seeds < MAX_SEEDS && (n = fread(chunk, 1, sizeof chunk, f)) > 0)
        oq_buf_append(&seeds[n_seeds], chunk, n);
    if (f)
        fclose(f);
    n_seeds += n_seeds < MAX_SEEDS && seeds[n_seeds].size > 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of their names: a folder has none of its own, and a seed must mean the same everywhere. */
static void read_models(const char *folder)
{
    char *names[MAX_SEEDS];
    size_t n = 0;
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    while (dir && n < MAX_SEEDS && (entry = readdir(dir)) != NULL) {
        size_t length = strlen(entry->d_name);

        if (length > 5 && strcmp(entry->d_name + length - 5, ".onnx") == 0)
            names[n++] = strdup(entry->d_name);
    }
    if (dir)
        closedir(dir);
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        char path[4096];

        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        read_seed(path);
        free(names[i]);
    }
}

/* Everything the models in models/ do not have: a subgraph, typed data, strings, sparse and external tensors.
 */
static void make_seed(void)
{
    static const float values[] = {1, 2, 3};
    oq_buf graph = {0}, branch = {0}, attr = {0}, attrs = {0}, tensor = {0}, sparse = {0}, entry = {0};

    pb_node(&branch, "Mul", "x", "y", "r", NULL);
    pb_text(&branch, 2, "then");
    pb_value_info(&branch, 12, "r", 3);
    pb_text(&attr, 1, "then_branch");
    pb_message(&attr, 6, &branch);
    pb_varint(&attr, 20, OQ_ATTR_GRAPH);
    pb_message(&attrs, 5, &attr);
    pb_node(&graph, "Relu", "x", NULL, "y", NULL);
    pb_node(&graph, "If", "c", NULL, "z", &attrs);
    oq_buf_free(&attrs);
    pb_text(&graph, 2, "g");
    pb_tensor_head(&tensor, "int4", OQ_INT4, 3);
    pb_varint(&tensor, 5, 0x21);
    pb_varint(&tensor, 5, 0x03);
    pb_message(&graph, 5, &tensor);
    pb_tensor_head(&tensor, "text", OQ_STRING, 2);
    pb_text(&tensor, 6, "one");
    pb_text(&tensor, 6, "two");
    pb_message(&graph, 5, &tensor);
    pb_floats(&sparse, 1, "sparse", values, 1);
    pb_tensor_head(&tensor, "", OQ_INT64, 1);
    pb_varint(&tensor, 7, 2);
    pb_message(&sparse, 2, &tensor);
    pb_varint(&sparse, 3, 3);
    pb_message(&graph, 15, &sparse);
    pb_value_info(&graph, 11, "x", 3);
    pb_value_info(&graph, 11, "c", 0);
    pb_value_info(&graph, 12, "z", -1);
    pb_model(&seeds[n_seeds++], 8, 13, &graph);

    pb_tensor_head(&tensor, "outside", OQ_FLOAT, 3);
    pb_text(&entry, 1, "location");
    pb_text(&entry, 2, "../../../etc/passwd");
    pb_message(&tensor, 13, &entry);
    pb_varint(&tensor, 14, 1);
    pb_message(&graph, 5, &tensor);
    pb_text(&graph, 2, "g");
    pb_model(&seeds[n_seeds++], 8, 13, &graph);
}

/* ------------------------------------------------------------------ mutations */

static void splice(oq_rng *rng, const oq_buf *seed, oq_buf *out)
{
    const oq_buf *other = &seeds[oq_rng_below(rng, n_seeds)];
    size_t at = oq_rng_below(rng, seed->size), from = oq_rng_below(rng, other->size);
    size_t n = oq_rng_below(rng, other->size - from) % 200;

    oq_buf_append(out, seed->data, at);
    oq_buf_append(out, other->data + from, n);
    oq_buf_append(out, seed->data + at, seed->size - at);
}

static void drop_a_piece(oq_rng *rng, const oq_buf *seed, oq_buf *out)
{
    size_t at = oq_rng_below(rng, seed->size), n = 1 + oq_rng_below(rng, 16);

    if (n > seed->size - at)
        n = seed->size - at;
    oq_buf_append(out, seed->data, at);
    oq_buf_append(out, seed->data + at + n, seed->size - at - n);
}

/* Structure sits at the ends of a file more than in the middle, where weights are. */
static size_t place(oq_rng *rng, size_t size)
{
    size_t at = oq_rng_below(rng, size);

    switch (oq_rng_below(rng, 3)) {
    case 0: return at % 512 < size ? at % 512 : at;
    case 1: return size - 1 - at % (size < 2048 ? size : 2048);
    default: return at;
    }
}

static void mutate(oq_rng *rng, oq_buf *out)
{
    const oq_buf *seed = &seeds[oq_rng_below(rng, n_seeds)];
    uint64_t kind = oq_rng_below(rng, 5);
    size_t n_edits = 1 + oq_rng_below(rng, 4);

    oq_buf_free(out);
    if (kind == 0) { /* truncated */
        oq_buf_append(out, seed->data, oq_rng_below(rng, seed->size));
        return;
    }
    if (kind == 1) {
        splice(rng, seed, out);
        return;
    }
    if (kind == 2) {
        drop_a_piece(rng, seed, out);
        return;
    }
    oq_buf_append(out, seed->data, seed->size);
    for (size_t i = 0; i < n_edits && out->size; i++) {
        size_t at = place(rng, out->size);

        if (kind == 3)
            out->data[at] ^= (unsigned char)(1u << oq_rng_below(rng, 8));
        else
            out->data[at] = (unsigned char)oq_rng_next(rng);
    }
}

/* Write n mutations of one file into a folder as 0.EXT, 1.EXT ... (cli.t runs the program on them). */
static int write_mutations(const char *seed, int n, const char *folder)
{
    const char *dot = strrchr(seed, '.');
    oq_rng rng = {20240608};
    oq_buf bytes = {0};

    read_seed(seed);
    for (int i = 0; i < n && n_seeds; i++) {
        char path[4096];
        FILE *f;

        mutate(&rng, &bytes);
        snprintf(path, sizeof path, "%s/%d%s", folder, i, dot ? dot : "");
        f = fopen(path, "wb");
        if (!f || fwrite(bytes.data, 1, bytes.size, f) != bytes.size)
            tap_bail("cannot write %s", path);
        fclose(f);
    }
    oq_buf_free(&bytes);
    oq_buf_free(&seeds[0]);
    return n_seeds == 0;
}

/* Arguments, for longer runs by hand: number of mutations, seed. Or: mutate FILE N FOLDER. */
int main(int argc, char **argv)
{
    oq_rng rng = {argc > 2 ? strtoull(argv[2], NULL, 10) : 20240607};
    int n_mutations = argc > 1 ? atoi(argv[1]) : N_MUTATIONS;
    oq_buf bytes = {0};
    int n_ok = 0, n_faults = 0;

    if (argc == 5 && strcmp(argv[1], "mutate") == 0)
        return write_mutations(argv[2], atoi(argv[3]), argv[4]);
    make_seed();
    read_models(tap_source("models"));
    for (int i = 0; i < n_mutations; i++) {
        mutate(&rng, &bytes);
        LLVMFuzzerTestOneInput(bytes.data, bytes.size);
        n_ok += last_status == OQ_OK;
        if (fault) {
            n_faults++;
            tap_diag("mutation %d: %s (%s)", i, fault, oq_status_name(last_status));
        }
    }
    tap_diag("%zu seeds, %d mutations, %d of them still models", n_seeds, n_mutations, n_ok);
    is_int(n_faults, 0, "every broken model gives a clear status or a valid graph");
    ok(n_ok > 0 && n_ok < n_mutations, "some mutations are harmless and some are not");
    for (size_t i = 0; i < n_seeds; i++)
        oq_buf_free(&seeds[i]);
    oq_buf_free(&bytes);
    return tap_done();
}

#endif
