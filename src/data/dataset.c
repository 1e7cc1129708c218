/* dataset: which form a path is, which of its samples are offered, and their digest. The forms are in
 * source_*.c. */
#include "config.h"

#include "data/dataset.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/sha256.h"
#include "data/feed.h"
#include "data/folder.h"
#include "data/source.h"

/* ---- the form of a path */

static const struct form {
    const char *extension;
    const oq_source *source;
} file_forms[] = {
    {".npz", &oq_source_npz},    {".npy", &oq_source_npy},     {".pb", &oq_source_files},
    {".jpg", &oq_source_images}, {".jpeg", &oq_source_images}, {".png", &oq_source_images},
};

static oq_status find_source(const char *path, const oq_source **out, oq_diag *diag)
{
    struct stat st;

    if (stat(path, &st) != 0)
        OQ_FAIL(diag, OQ_IO, "%s", strerror(errno));
    if (S_ISDIR(st.st_mode))
        return oq_folder_form(path, out, diag);
    for (size_t i = 0; i < sizeof file_forms / sizeof *file_forms; i++) {
        if (oq_has_extension(path, file_forms[i].extension)) {
            *out = file_forms[i].source;
            return OQ_OK;
        }
    }
    OQ_FAIL(diag, OQ_ARG,
            "not a form of samples; give an .npz, .npy, .pb, .jpg or .png file or a folder of them");
}

/* ---- open */

static oq_status describe(oq_dataset *dataset, oq_diag *diag)
{
    const char *unit = dataset->source->unit;
    char of[40] = "";
    int length = (int)strlen(unit) - (dataset->n_found == 1); /* "1 sample" */

    if (dataset->n < dataset->n_found)
        snprintf(of, sizeof of, " of %zu", dataset->n_found);
    dataset->description = oq_arena_printf(dataset->arena, "%zu%s %.*s%s%s%s%s%s", dataset->n, of, length,
                                           unit, dataset->path ? " of " : "",
                                           dataset->path ? dataset->path : "", dataset->note ? " (" : "",
                                           dataset->note ? dataset->note : "", dataset->note ? ")" : "");
    if (!dataset->description)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to open the samples");
    return OQ_OK;
}

static oq_dataset *new_dataset(const oq_graph *graph)
{
    oq_dataset *dataset = calloc(1, sizeof *dataset);

    if (!dataset)
        return NULL;
    dataset->graph = graph;
    dataset->arena = oq_arena_new(0);
    if (!dataset->arena) {
        free(dataset);
        return NULL;
    }
    return dataset;
}

static oq_status open_source(oq_dataset *dataset, const char *path, const oq_dataset_options *options,
                             oq_diag *diag)
{
    dataset->path = oq_arena_strdup(dataset->arena, path);
    if (!dataset->path)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to open it");
    OQ_TRY(find_source(path, &dataset->source, diag));
    assert(dataset->source);
    OQ_TRY(dataset->source->open(dataset, options, diag));
    if (!dataset->n_found)
        OQ_FAIL(diag, OQ_SHAPE, "no samples for the inputs of the model in it");
    dataset->n = dataset->n_found;
    if (options && options->max_samples && options->max_samples < dataset->n)
        dataset->n = options->max_samples;
    return describe(dataset, diag);
}

/* The first sample as a run would get it: what a header cannot tell shows here, not half way through a run.
 */
static oq_status try_first(const oq_dataset *dataset, oq_diag *diag)
{
    oq_arena *arena = oq_arena_new(0);
    oq_array *feeds = arena ? OQ_NEW_ARRAY(arena, oq_array, dataset->graph->n_inputs) : NULL;
    oq_status status;

    if (!feeds)
        status = oq_diag_set(diag, OQ_NOMEM, __FILE__, __LINE__, "no memory for a sample");
    else
        status = oq_dataset_sample(dataset, 0, arena, feeds, diag);
    oq_arena_free(arena);
    return status;
}

oq_status oq_dataset_open(const oq_graph *graph, const char *path, const oq_dataset_options *options,
                          oq_dataset **out, oq_diag *diag)
{
    oq_dataset *dataset = new_dataset(graph);
    oq_status status;

    if (!dataset)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to open it");
    status = open_source(dataset, path, options, diag);
    if (status == OQ_OK)
        status = try_first(dataset, diag);
    if (status != OQ_OK) {
        oq_diag_about(diag, path, false);
        oq_dataset_close(dataset);
        return status;
    }
    *out = dataset;
    return OQ_OK;
}

void oq_dataset_close(oq_dataset *dataset)
{
    if (!dataset)
        return;
    if (dataset->source)
        dataset->source->close(dataset);
    oq_arena_free(dataset->arena);
    free(dataset);
}

/* ---- samples of a program */

typedef struct callback {
    oq_dataset_fetch *fetch;
    void *arg;
} callback;

static oq_status fetch_sample(const oq_dataset *dataset, size_t index, oq_arena *arena, oq_array *feeds,
                              oq_diag *diag)
{
    const callback *c = dataset->state;
    const oq_graph *graph = dataset->graph;
    char what[64], shape[256];

    OQ_TRY(c->fetch(c->arg, index, arena, feeds, diag));
    snprintf(what, sizeof what, "sample %zu of the program", index);
    for (int k = 0; k < graph->n_inputs; k++) {
        oq_view view = {.dtype = feeds[k].dtype, .rank = feeds[k].rank};

        if (view.rank < 0 || view.rank > OQ_MAX_RANK || (feeds[k].n && !feeds[k].data))
            OQ_FAIL(diag, OQ_ARG, "%s: input '%s' was not supplied", what, graph->inputs[k]->name);
        memcpy(view.dims, feeds[k].dims, sizeof view.dims);
        oq_dims_text(view.dims, view.rank, shape, sizeof shape);
        OQ_TRY(oq_feed_check(graph->inputs[k], &view, shape, what, diag));
        if (graph->inputs[k]->dtype && view.dtype != graph->inputs[k]->dtype)
            OQ_FAIL(diag, OQ_SHAPE, "%s is %s, input '%s' wants %s", what, oq_dtype_name(view.dtype),
                    graph->inputs[k]->name, oq_dtype_name(graph->inputs[k]->dtype));
    }
    return OQ_OK;
}

static void close_callback(oq_dataset *dataset)
{
    (void)dataset; /* its state lies in the arena */
}

static const oq_source source_callback = {"samples", NULL, fetch_sample, close_callback};

oq_status oq_dataset_from_callback(const oq_graph *graph, size_t count, oq_dataset_fetch *fetch, void *arg,
                                   oq_dataset **out, oq_diag *diag)
{
    oq_dataset *dataset;
    callback *c;

    if (!count)
        OQ_FAIL(diag, OQ_ARG, "no samples: at least one is needed");
    dataset = new_dataset(graph);
    c = dataset ? OQ_NEW(dataset->arena, callback) : NULL;
    if (!c) {
        oq_dataset_close(dataset);
        OQ_FAIL(diag, OQ_NOMEM, "no memory for the samples");
    }
    *c = (callback){fetch, arg};
    dataset->source = &source_callback;
    dataset->state = c;
    dataset->n = dataset->n_found = count;
    if (describe(dataset, diag) != OQ_OK) {
        oq_dataset_close(dataset);
        return OQ_NOMEM;
    }
    *out = dataset;
    return OQ_OK;
}

/* ---- use */

size_t oq_dataset_count(const oq_dataset *dataset)
{
    return dataset->n;
}

const char *oq_dataset_describe(const oq_dataset *dataset)
{
    return dataset->description;
}

/* Sample k of n evenly spread over n_found: floor(k * n_found / n). */
static size_t position(const oq_dataset *dataset, size_t index)
{
    return (size_t)((unsigned __int128)index * dataset->n_found / dataset->n);
}

oq_status oq_dataset_sample(const oq_dataset *dataset, size_t index, oq_arena *arena, oq_array *feeds,
                            oq_diag *diag)
{
    oq_status status;

    if (index >= dataset->n)
        OQ_FAIL(diag, OQ_ARG, "sample %zu of %zu was asked for", index, dataset->n);
    status = dataset->source->sample(dataset, position(dataset, index), arena, feeds, diag);
    if (status == OQ_OK)
        status = oq_feed_check_symbols(dataset->graph, feeds, diag);
    if (status != OQ_OK) {
        oq_diag_about(diag, dataset->path, false);
        oq_diag_note(diag, "in sample %zu", position(dataset, index));
    }
    return status;
}

/* ---- digest */

static void add_number(oq_sha256 *sha, uint64_t value)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    oq_sha256_add(sha, bytes, sizeof bytes);
}

static void add_array(oq_sha256 *sha, const char *name, const oq_array *array)
{
    const oq_string *strings = array->data;

    oq_sha256_add(sha, name, strlen(name) + 1);
    add_number(sha, (uint64_t)array->dtype);
    add_number(sha, (uint64_t)array->rank);
    for (int i = 0; i < array->rank; i++)
        add_number(sha, (uint64_t)array->dims[i]);
    if (array->dtype != OQ_STRING) {
        oq_sha256_add(sha, array->data, array->size);
        return;
    }
    for (size_t i = 0; i < array->n; i++) {
        add_number(sha, strings[i].size);
        oq_sha256_add(sha, strings[i].data, strings[i].size);
    }
}

static oq_status add_samples(oq_sha256 *sha, const oq_dataset *dataset, oq_arena *arena, oq_diag *diag)
{
    for (size_t i = 0; i < dataset->n; i++) {
        oq_array *feeds;

        oq_arena_reset(arena);
        feeds = OQ_NEW_ARRAY(arena, oq_array, dataset->graph->n_inputs);
        if (!feeds)
            OQ_FAIL(diag, OQ_NOMEM, "no memory for a sample");
        OQ_TRY(oq_dataset_sample(dataset, i, arena, feeds, diag));
        for (int k = 0; k < dataset->graph->n_inputs; k++)
            add_array(sha, dataset->graph->inputs[k]->name, &feeds[k]);
    }
    return OQ_OK;
}

oq_status oq_dataset_digest(const oq_dataset *dataset, char hex[65], oq_diag *diag)
{
    oq_arena *arena = oq_arena_new(0);
    oq_sha256 sha;
    oq_status status;

    if (!arena)
        OQ_FAIL(diag, OQ_NOMEM, "no memory for a sample");
    oq_sha256_begin(&sha);
    status = add_samples(&sha, dataset, arena, diag);
    oq_arena_free(arena);
    if (status != OQ_OK)
        return status;
    oq_sha256_end(&sha, hex);
    return OQ_OK;
}
