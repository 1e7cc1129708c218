/* source_array: an npz file with one array per input (or an npy file for a model of one input). The first
 * axis counts samples: an array of the input's rank gives a[i:i+1], one with an axis more gives a[i].
 *
 * Elements stay in the mapped file until a sample is asked for. Pages of copied samples are given back at
 * once; a sample that is used in place keeps its pages until a few later ones have been asked for.
 */
#include "data/source.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "data/feed.h"
#include "data/npz.h"

/* Samples in use at once: as many as KEPT_BYTES hold, within limits. Too few cost page faults, nothing else.
 */
#define KEPT_BYTES ((size_t)2 << 20)
#define KEPT_LEAST (size_t)4
#define KEPT_MOST  (size_t)16

/* What feeds one input. */
typedef struct column {
    bool is_default;  /* the input's own constant */
    const char *what; /* "array 'x'" */
    oq_npy npy;
    oq_mapping bytes;
    oq_sample_axis axis;
} column;

typedef struct table {
    oq_npz *npz;     /* NULL for an npy file */
    oq_mapping npy;  /* the whole npy file */
    column *columns; /* one per graph input */
} table;

/* Type, shape and number of samples of one column. */
static oq_status check_column(oq_dataset *dataset, const oq_value *input, column *c, oq_diag *diag)
{
    char shape[256];
    oq_view sample;

    oq_dims_text(c->npy.dims, c->npy.rank, shape, sizeof shape);
    if (c->npy.rank == 0)
        OQ_FAIL(diag, OQ_SHAPE, "%s is a single number; samples go along a first axis (for input '%s')",
                c->what, input->name);
    c->axis = input->shape.rank >= 0 && c->npy.rank == input->shape.rank + 1 ? OQ_AXIS_DROP : OQ_AXIS_KEEP;
    if (c->axis == OQ_AXIS_KEEP && c->npy.rank > OQ_MAX_RANK)
        OQ_FAIL(diag, OQ_UNSUPPORTED, "%s has %d axes; samples have at most %d", c->what, c->npy.rank,
                OQ_MAX_RANK);
    if (c->npy.dims[0] == 0)
        OQ_FAIL(diag, OQ_SHAPE, "%s has shape %s: no samples in it", c->what, shape);
    sample = oq_view_of_npy(&c->npy, NULL, c->axis, 0);
    OQ_TRY(oq_feed_check(input, &sample, shape, c->what, diag));
    if (dataset->n_found && dataset->n_found != (size_t)c->npy.dims[0])
        OQ_FAIL(diag, OQ_SHAPE,
                "%s has %" PRId64 " samples, the arrays of the inputs before it have %zu; save as many",
                c->what, c->npy.dims[0], dataset->n_found);
    dataset->n_found = (size_t)c->npy.dims[0];
    return OQ_OK;
}

/* NULL: out of memory. */
static table *new_table(oq_dataset *dataset)
{
    table *t = OQ_NEW(dataset->arena, table);

    if (t)
        t->columns = OQ_NEW_ARRAY(dataset->arena, column, dataset->graph->n_inputs);
    if (!t || !t->columns)
        return NULL;
    dataset->state = t;
    return t;
}

/* Headers first, so that a misfit is told before anything large is expanded. */
static oq_status open_columns(oq_dataset *dataset, table *t, const size_t *match, oq_diag *diag)
{
    size_t n = oq_npz_count(t->npz);

    for (int k = 0; k < dataset->graph->n_inputs; k++) {
        column *c = &t->columns[k];

        c->is_default = match[k] == n;
        if (c->is_default)
            continue;
        c->what = oq_arena_printf(dataset->arena, "array '%s'", oq_npz_name(t->npz, match[k]));
        if (!c->what)
            OQ_FAIL(diag, OQ_NOMEM, "no memory to open it");
        OQ_TRY(oq_npz_header(t->npz, match[k], &c->npy, diag));
        OQ_TRY(check_column(dataset, dataset->graph->inputs[k], c, diag));
    }
    for (int k = 0; k < dataset->graph->n_inputs; k++) {
        if (!t->columns[k].is_default)
            OQ_TRY(oq_npz_load(t->npz, match[k], &t->columns[k].bytes, diag));
    }
    return OQ_OK;
}

static oq_status open_npz(oq_dataset *dataset, const oq_dataset_options *options, oq_diag *diag)
{
    oq_array_names arrays = {0};
    const char **names;
    size_t *match;
    table *t = new_table(dataset);

    if (!t)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to open it");
    OQ_TRY(oq_npz_open(dataset->path, &t->npz, diag));
    arrays.n = oq_npz_count(t->npz);
    names = OQ_NEW_ARRAY(dataset->arena, const char *, arrays.n);
    match = OQ_NEW_ARRAY(dataset->arena, size_t, dataset->graph->n_inputs);
    if (!names || !match)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to open it");
    for (size_t i = 0; i < arrays.n; i++)
        names[i] = oq_npz_name(t->npz, i);
    arrays.names = names;
    OQ_TRY(oq_match_inputs(dataset->graph, &arrays, options, match, &dataset->note, dataset->arena, diag));
    return open_columns(dataset, t, match, diag);
}

static oq_status open_npy(oq_dataset *dataset, const oq_dataset_options *options, oq_diag *diag)
{
    const oq_graph *graph = dataset->graph;
    int n_required = oq_n_required_inputs(graph);
    table *t = new_table(dataset);

    (void)options;
    if (!t)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to open it");
    OQ_TRY(oq_mapping_open(dataset->path, &t->npy, diag));
    if (n_required != 1)
        OQ_FAIL(diag, OQ_SHAPE,
                "one array, but the model has %d inputs; save an npz with one array per input", n_required);
    for (int k = 0; k < graph->n_inputs; k++) {
        column *c = &t->columns[k];

        c->is_default = graph->inputs[k]->constant;
        if (c->is_default)
            continue;
        c->what = "the array";
        c->bytes = t->npy;
        OQ_TRY(oq_npy_parse(t->npy.data, t->npy.size, t->npy.size, c->what, &c->npy, diag));
        OQ_TRY(check_column(dataset, graph->inputs[k], c, diag));
    }
    return OQ_OK;
}

/* Give back the pages of samples first .. end - 1; all there are in Fortran order, where samples interleave.
 */
static void release(const column *c, size_t first, size_t end)
{
    size_t size = c->npy.size / (size_t)c->npy.dims[0];

    if (c->npy.is_fortran)
        oq_mapping_release(&c->bytes, c->npy.offset, c->npy.size);
    else
        oq_mapping_release(&c->bytes, c->npy.offset + first * size, (end - first) * size);
}

static size_t n_kept(const column *c)
{
    size_t n = KEPT_BYTES / (c->npy.size / (size_t)c->npy.dims[0] + 1);

    return n < KEPT_LEAST ? KEPT_LEAST : n > KEPT_MOST ? KEPT_MOST : n;
}

static oq_status sample(const oq_dataset *dataset, size_t index, oq_arena *arena, oq_array *feeds,
                        oq_diag *diag)
{
    const table *t = dataset->state;
    const oq_graph *graph = dataset->graph;

    for (int k = 0; k < graph->n_inputs; k++) {
        const column *c = &t->columns[k];
        oq_view view;

        if (c->is_default) {
            OQ_TRY(oq_feed_default(graph->inputs[k], arena, &feeds[k], diag));
            continue;
        }
        view = oq_view_of_npy(&c->npy, c->bytes.data + c->npy.offset, c->axis, index);
        OQ_TRY(oq_feed_read(&view, graph->inputs[k]->dtype, c->what, arena, &feeds[k], diag));
        if (feeds[k].data != view.data)
            release(c, index, index + 1);
        else if (index > n_kept(c))
            release(c, 0, index - n_kept(c));
    }
    return OQ_OK;
}

static void close_table(oq_dataset *dataset)
{
    table *t = dataset->state;

    if (!t)
        return;
    oq_npz_close(t->npz);
    oq_mapping_close(&t->npy);
}

const oq_source oq_source_npz = {"samples", open_npz, sample, close_table};
const oq_source oq_source_npy = {"samples", open_npy, sample, close_table};
