/* source_file: one sample per file, or per folder of files. A folder of npz, npy or pb files; ONNX's
 * test_data_set_N folders of input_K.pb.
 *
 * Files are opened when their sample is asked for, and copied out. Their headers are all read when the data
 * set is opened, so that the last file's wrong shape is not found at the end of a long run.
 */
#include "config.h"

#include "data/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/feed.h"
#include "data/folder.h"
#include "data/npz.h"
#include "data/tensor_pb.h"

typedef struct file_list {
    const char **paths;         /* of files, or of test_data_set folders; n_found of them */
    oq_dataset_options options; /* the renames, copied */
    int *fed;                   /* graph inputs that input_0.pb, input_1.pb ... feed */
    int n_fed;
} file_list;

/* ---- one array of one file */

/* Check the sample of an input; read it, too, when feed is given. An array may leave off a leading axis of 1.
 */
static oq_status use(const oq_value *input, oq_view *view, const char *what, oq_arena *arena, oq_array *feed,
                     oq_diag *diag)
{
    char shape[256];
    const oq_shape *want = &input->shape;

    oq_dims_text(view->dims, view->rank, shape, sizeof shape);
    if (want->rank == view->rank + 1 && want->rank <= OQ_MAX_RANK && want->dims[0].size <= 1) {
        memmove(view->dims + 1, view->dims, (size_t)view->rank * sizeof *view->dims);
        memmove(view->strides + 1, view->strides, (size_t)view->rank * sizeof *view->strides);
        view->dims[0] = 1;
        view->strides[0] = 0;
        view->rank++;
    }
    OQ_TRY(oq_feed_check(input, view, shape, what, diag));
    return feed ? oq_feed_copy(view, input->dtype, what, arena, feed, diag) : OQ_OK;
}

static oq_status use_npy(const oq_value *input, const oq_npy *npy, const unsigned char *bytes,
                         const char *what, oq_arena *arena, oq_array *feed, oq_diag *diag)
{
    oq_view view;

    if (npy->rank > OQ_MAX_RANK)
        OQ_FAIL(diag, OQ_UNSUPPORTED, "%s has more than %d axes", what, OQ_MAX_RANK);
    view = oq_view_of_npy(npy, bytes ? bytes + npy->offset : NULL, OQ_AXIS_NONE, 0);
    return use(input, &view, what, arena, feed, diag);
}

static oq_status use_pb(const oq_value *input, const oq_mapping *file, const char *what, oq_arena *arena,
                        oq_array *feed, oq_diag *diag)
{
    oq_tensor_pb pb;
    oq_view view;

    OQ_TRY(oq_tensor_pb_parse(file->data, file->size, what, &pb, diag));
    OQ_TRY(oq_tensor_pb_view(&pb, what, arena, &view, diag));
    return use(input, &view, what, arena, feed, diag);
}

/* A file of one array for the input. */
static oq_status use_single(const oq_value *input, const char *path, oq_arena *arena, oq_array *feed,
                            oq_diag *diag)
{
    oq_mapping file;
    oq_npy npy;
    oq_status status;

    OQ_TRY(oq_mapping_open(path, &file, diag));
    if (oq_has_extension(path, ".pb"))
        status = use_pb(input, &file, "the tensor", arena, feed, diag);
    else if ((status = oq_npy_parse(file.data, file.size, file.size, "the array", &npy, diag)) == OQ_OK)
        status = use_npy(input, &npy, file.data, "the array", arena, feed, diag);
    oq_mapping_close(&file);
    if (status != OQ_OK)
        oq_diag_about(diag, path, false);
    return status;
}

/* ---- one sample: every input, or with feeds NULL only checked */

static oq_status use_defaults(const oq_graph *graph, oq_arena *arena, oq_array *feeds, oq_diag *diag)
{
    for (int k = 0; k < graph->n_inputs && feeds; k++) {
        if (graph->inputs[k]->constant)
            OQ_TRY(oq_feed_default(graph->inputs[k], arena, &feeds[k], diag));
    }
    return OQ_OK;
}

static oq_status use_matched(const oq_dataset *dataset, oq_npz *npz, const oq_array_names *arrays,
                             oq_arena *arena, oq_array *feeds, oq_diag *diag)
{
    const file_list *list = dataset->state;
    const oq_graph *graph = dataset->graph;
    size_t *match = OQ_NEW_ARRAY(arena, size_t, graph->n_inputs);
    const char *note;

    if (!match)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to read it");
    OQ_TRY(oq_match_inputs(graph, arrays, &list->options, match, &note, arena, diag));
    for (int k = 0; k < graph->n_inputs; k++) {
        oq_mapping bytes = {0};
        oq_npy npy;
        char what[512];

        if (match[k] == arrays->n)
            continue;
        snprintf(what, sizeof what, "array '%s'", arrays->names[match[k]]);
        OQ_TRY(oq_npz_header(npz, match[k], &npy, diag));
        if (feeds)
            OQ_TRY(oq_npz_load(npz, match[k], &bytes, diag));
        OQ_TRY(use_npy(graph->inputs[k], &npy, bytes.data, what, arena, feeds ? &feeds[k] : NULL, diag));
    }
    return OQ_OK;
}

static oq_status use_npz(const oq_dataset *dataset, const char *path, oq_arena *arena, oq_array *feeds,
                         oq_diag *diag)
{
    oq_array_names arrays = {0};
    const char **names;
    oq_npz *npz;
    oq_status status;

    OQ_TRY(oq_npz_open(path, &npz, diag));
    arrays.n = oq_npz_count(npz);
    names = OQ_NEW_ARRAY(arena, const char *, arrays.n);
    for (size_t i = 0; names && i < arrays.n; i++)
        names[i] = oq_npz_name(npz, i);
    arrays.names = names;
    if (names)
        status = use_matched(dataset, npz, &arrays, arena, feeds, diag);
    else
        status = oq_diag_set(diag, OQ_NOMEM, __FILE__, __LINE__, "no memory to read it");
    oq_npz_close(npz);
    if (status != OQ_OK)
        oq_diag_about(diag, path, false);
    return status;
}

static oq_status use_file(const oq_dataset *dataset, size_t index, oq_arena *arena, oq_array *feeds,
                          oq_diag *diag)
{
    const file_list *list = dataset->state;
    const oq_graph *graph = dataset->graph;
    const char *path = list->paths[index];

    OQ_TRY(use_defaults(graph, arena, feeds, diag));
    if (oq_has_extension(path, ".npz"))
        return use_npz(dataset, path, arena, feeds, diag);
    if (list->n_fed != 1)
        OQ_FAIL(diag, OQ_SHAPE,
                "one array, but the model has %d inputs; save npz files with one array per input",
                list->n_fed);
    return use_single(graph->inputs[list->fed[0]], path, arena, feeds ? &feeds[list->fed[0]] : NULL, diag);
}

static oq_status use_folder(const oq_dataset *dataset, size_t index, oq_arena *arena, oq_array *feeds,
                            oq_diag *diag)
{
    const file_list *list = dataset->state;
    const oq_graph *graph = dataset->graph;

    OQ_TRY(use_defaults(graph, arena, feeds, diag));
    for (int i = 0; i < list->n_fed; i++) {
        const char *path = oq_arena_printf(arena, "%s/input_%d.pb", list->paths[index], i);

        if (!path)
            OQ_FAIL(diag, OQ_NOMEM, "no memory to read it");
        OQ_TRY(
            use_single(graph->inputs[list->fed[i]], path, arena, feeds ? &feeds[list->fed[i]] : NULL, diag));
    }
    return OQ_OK;
}

/* ---- open */

typedef oq_status use_sample(const oq_dataset *dataset, size_t index, oq_arena *arena, oq_array *feeds,
                             oq_diag *diag);

/* Check each sample without reading its elements. */
static oq_status check_all(const oq_dataset *dataset, use_sample *use_one, oq_diag *diag)
{
    oq_arena *arena = oq_arena_new(0);
    oq_status status = OQ_OK;

    if (!arena)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to check it");
    for (size_t i = 0; i < dataset->n_found && status == OQ_OK; i++) {
        oq_arena_reset(arena);
        status = use_one(dataset, i, arena, NULL, diag);
    }
    oq_arena_free(arena);
    return status;
}

static bool copy_renames(oq_dataset *dataset, file_list *list, const oq_dataset_options *options)
{
    size_t n = options ? options->n_renames : 0;
    const char **renames = OQ_NEW_ARRAY(dataset->arena, const char *, n);

    for (size_t i = 0; renames && i < n; i++) {
        renames[i] = oq_arena_strdup(dataset->arena, options->renames[i]);
        if (!renames[i])
            renames = NULL;
    }
    list->options.renames = renames;
    list->options.n_renames = n;
    return renames != NULL;
}

/* NULL: out of memory. */
static file_list *new_list(oq_dataset *dataset, const oq_dataset_options *options)
{
    const oq_graph *graph = dataset->graph;
    file_list *list = OQ_NEW(dataset->arena, file_list);

    if (list)
        list->fed = OQ_NEW_ARRAY(dataset->arena, int, graph->n_inputs);
    if (!list || !list->fed || !copy_renames(dataset, list, options))
        return NULL;
    for (int k = 0; k < graph->n_inputs; k++) {
        if (!graph->inputs[k]->constant)
            list->fed[list->n_fed++] = k;
    }
    dataset->state = list;
    return list;
}

/* The entries of the folder with its path before them; the path alone when it is a file. */
static oq_status list_paths(oq_dataset *dataset, oq_folder_keep *keep, file_list *list, oq_diag *diag)
{
    struct stat st;

    if (stat(dataset->path, &st) == 0 && !S_ISDIR(st.st_mode)) {
        list->paths = oq_arena_copy(dataset->arena, &dataset->path, sizeof dataset->path);
        dataset->n_found = 1;
    } else {
        OQ_TRY(oq_folder_list(dataset->path, keep, dataset->arena, &list->paths, &dataset->n_found, diag));
        for (size_t i = 0; i < dataset->n_found; i++) {
            list->paths[i] = oq_arena_printf(dataset->arena, "%s/%s", dataset->path, list->paths[i]);
            if (!list->paths[i])
                list->paths = NULL, dataset->n_found = 0;
        }
    }
    if (!list->paths)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to open it");
    return OQ_OK;
}

static oq_status open_files(oq_dataset *dataset, const oq_dataset_options *options, oq_diag *diag)
{
    file_list *list = new_list(dataset, options);

    if (!list)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to open it");
    OQ_TRY(list_paths(dataset, oq_is_array_name, list, diag));
    return check_all(dataset, use_file, diag);
}

static int by_number(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    long m = oq_name_number(strrchr(*x, '/') + 1, "test_data_set_", "");
    long n = oq_name_number(strrchr(*y, '/') + 1, "test_data_set_", "");

    return (m > n) - (m < n);
}

/* Every input may have a file, also those with a default: then input_K.pb counts all of them. */
static oq_status count_files(const oq_dataset *dataset, file_list *list, oq_diag *diag)
{
    oq_arena *arena = oq_arena_new(0);
    const char **names;
    size_t n = 0;
    oq_status status;

    if (!arena)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to open it");
    status = oq_folder_list(list->paths[0], oq_is_input_name, arena, &names, &n, diag);
    oq_arena_free(arena);
    OQ_TRY(status);
    if (n == (size_t)list->n_fed)
        return OQ_OK;
    if (n != (size_t)dataset->graph->n_inputs)
        OQ_FAIL(diag, OQ_SHAPE, "%zu files input_K.pb, the model has %d inputs", n, list->n_fed);
    for (list->n_fed = 0; list->n_fed < dataset->graph->n_inputs; list->n_fed++)
        list->fed[list->n_fed] = list->n_fed;
    return OQ_OK;
}

static oq_status open_folders(oq_dataset *dataset, const oq_dataset_options *options, oq_diag *diag)
{
    file_list *list = new_list(dataset, options);

    if (!list)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to open it");
    OQ_TRY(list_paths(dataset, oq_is_set_name, list, diag));
    if (dataset->n_found) {
        qsort(list->paths, dataset->n_found, sizeof *list->paths, by_number);
    } else { /* the folder itself is one */
        list->paths = oq_arena_copy(dataset->arena, &dataset->path, sizeof dataset->path);
        dataset->n_found = 1;
    }
    if (!list->paths)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to open it");
    OQ_TRY(count_files(dataset, list, diag));
    return check_all(dataset, use_folder, diag);
}

static void close_list(oq_dataset *dataset)
{
    (void)dataset; /* the list lies in the arena */
}

const oq_source oq_source_files = {"samples", open_files, use_file, close_list};
const oq_source oq_source_folders = {"samples", open_folders, use_folder, close_list};
