/* The data set: every form of sample files gives the same feeds; what does not fit is told before the first
 * run. */
#include "config.h"

#include "data/dataset.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fixture.h"
#include "tap/tap.h"

#define F4(shape) "{'descr': '<f4', 'fortran_order': False, 'shape': (" shape "), }"
#define I8(shape) "{'descr': '<i8', 'fortran_order': False, 'shape': (" shape "), }"

static oq_diag diag;

/* A model with these inputs; text as "x:float[N,3] y:int64[N,-]", "-" for an unknown size. */
static oq_model *model_of(const char *inputs)
{
    oq_model *model = oq_model_new(0);
    char text[512], *at = text;

    snprintf(text, sizeof text, "%s", inputs);
    for (char *spec; (spec = strsep(&at, " ")) != NULL;) {
        char *name = strsep(&spec, ":"), *type = strsep(&spec, "[");
        oq_shape shape = oq_shape_scalar();
        oq_dtype dtype = OQ_UNDEFINED;

        for (int d = 1; d < OQ_N_DTYPES; d++) {
            if (strcmp(type, oq_dtype_name((oq_dtype)d)) == 0)
                dtype = (oq_dtype)d;
        }
        spec[strlen(spec) - 1] = '\0';
        for (char *dim; *spec && (dim = strsep(&spec, ",")) != NULL;) {
            oq_dim *d = &shape.dims[shape.rank++];

            *d = oq_dim_unknown();
            if (*dim >= '0' && *dim <= '9')
                d->size = atoll(dim);
            else if (*dim == 'N')
                d->symbol = "N"; /* one object in this file, as an interned symbol is */
            else if (*dim == 'T')
                d->symbol = "T";
            if (!spec)
                break;
        }
        oq_graph_add_input(model->graph, oq_value_new(model->graph, name, dtype, &shape));
    }
    return model;
}

static oq_dataset *opened(const oq_model *model, const char *path, const oq_dataset_options *options)
{
    oq_dataset *dataset = NULL;

    oq_diag_clear(&diag);
    if (!ok(oq_dataset_open(model->graph, path, options, &dataset, &diag) == OQ_OK, "%s opens",
            strrchr(path, '/') + 1))
        tap_bail("%s", diag.message);
    return dataset;
}

/* Opening fails with this status and a line that holds this text. */
static void refused(const char *inputs, const char *path, oq_status want, const char *text)
{
    oq_model *model = model_of(inputs);
    oq_dataset *dataset = NULL;

    oq_diag_clear(&diag);
    is_int(oq_dataset_open(model->graph, path, NULL, &dataset, &diag), want, oq_status_name(want));
    if (!ok(strstr(diag.message, text) && !strchr(diag.message, '\n'), "says: %s", text))
        tap_diag("got: %s", diag.message);
    ok(dataset == NULL, "nothing is returned");
    oq_model_destroy(model);
}

/* ---- npz */

static void fill(float *values, size_t n, float first)
{
    for (size_t i = 0; i < n; i++)
        values[i] = first + (float)i;
}

static const char *write_npz(const char *name, bool is_deflated)
{
    const char *path = fixture_path(name);
    fixture_zip zip = fixture_zip_open(path);
    float x[4 * 6];
    int64_t y[4 * 2] = {0, 1, 2, 3, 4, 5, 6, 7};

    fill(x, 24, 0);
    fixture_zip_array(&zip, "y", is_deflated, I8("4, 2"), y, sizeof y);
    fixture_zip_array(&zip, "x", is_deflated, F4("4, 2, 3"), x, sizeof x);
    fixture_zip_array(&zip, "label", is_deflated, I8("5,"), y, 5 * sizeof *y);
    fixture_zip_close(&zip);
    return path;
}

static void npz_gives_samples(bool is_deflated)
{
    oq_model *model = model_of("x:float[2,3] y:int64[N,2]");
    oq_dataset *dataset = opened(model, write_npz("two.npz", is_deflated), NULL);
    oq_arena *arena = oq_arena_new(0);
    oq_array feeds[2];
    float want[6];
    const int64_t want_y[2] = {6, 7};

    is_int(oq_dataset_count(dataset), 4, "as many samples as the first axis has");
    ok(strncmp(oq_dataset_describe(dataset), "4 samples of ", 13) == 0, "described so");
    is_int(oq_dataset_sample(dataset, 3, arena, feeds, &diag), OQ_OK, "the last sample is there");
    fill(want, 6, 18);
    is_int(feeds[0].rank, 2, "an array with one axis more gives a[i]");
    is_int(feeds[0].dims[0] * 10 + feeds[0].dims[1], 23, "of the input's shape");
    is_int(feeds[0].n * 100 + feeds[0].size, 624, "its elements and bytes");
    is_mem(feeds[0].data, want, sizeof want, "its values");
    is_int(feeds[1].rank, 2, "an array of the input's rank gives a[i:i+1]");
    is_int(feeds[1].dims[0] * 10 + feeds[1].dims[1], 12, "of batch 1");
    is_mem(feeds[1].data, want_y, sizeof want_y, "its values");
    ok((uintptr_t)feeds[0].data % 16 == 0, "elements are aligned");
    is_int(oq_dataset_sample(dataset, 4, arena, feeds, &diag), OQ_ARG, "there is no sample after the last");
    oq_arena_free(arena);
    oq_dataset_close(dataset);
    oq_model_destroy(model);
}

int main(void)
{
    npz_gives_samples(false);
    npz_gives_samples(true);
    refused("x:float[N,2,3] z:float[N]", write_npz("two.npz", false), OQ_SHAPE, "no array for input 'z'");
    return tap_done();
}
