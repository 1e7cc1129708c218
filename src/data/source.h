/* source: what a form of sample files offers to the dataset. One const row per form. */
#ifndef OQ_DATA_SOURCE_H
#define OQ_DATA_SOURCE_H

#include "data/dataset.h"

typedef struct oq_source oq_source;

struct oq_dataset {
    const oq_graph *graph;
    oq_arena *arena;  /* everything below; used while opening only */
    const char *path; /* as given */
    const oq_source *source;
    void *state;      /* of the source */
    size_t n_found;   /* samples the files hold */
    size_t n;         /* samples offered: all of them, or some evenly spread ones */
    const char *note; /* more for the description, NULL: nothing */
    const char *description;
};

struct oq_source {
    const char *unit; /* "samples": what is counted */
    /* Check everything against the inputs; set state, n_found, note. On failure close() is still called. */
    oq_status (*open)(oq_dataset *dataset, const oq_dataset_options *options, oq_diag *diag);
    /* Sample `index` of the n_found. Thread-safe. */
    oq_status (*sample)(const oq_dataset *dataset, size_t index, oq_arena *arena, oq_array *feeds,
                        oq_diag *diag);
    void (*close)(oq_dataset *dataset); /* state may be NULL */
};

extern const oq_source oq_source_npz;     /* one array per input, first axis = sample */
extern const oq_source oq_source_npy;     /* the same for a model of one input */
extern const oq_source oq_source_files;   /* a folder of npz, npy or pb files (or one pb), one sample each */
extern const oq_source oq_source_folders; /* test_data_set_N folders (or one) of input_K.pb */
extern const oq_source oq_source_images;  /* a folder of JPEG and PNG files (or one) */

/* Names of arrays in a file, for matching with inputs. */
typedef struct oq_array_names {
    const char *const *names;
    size_t n;
} oq_array_names;

/* Which array feeds which input: match[k] for graph->inputs[k], n for one that takes its default. *note tells
 * of an array that was taken although it has another name than the only input. OQ_ARG: a rename is wrong,
 * OQ_SHAPE: an input finds no array; the text says what there is and which --input to give. */
oq_status oq_match_inputs(const oq_graph *graph, const oq_array_names *arrays,
                          const oq_dataset_options *options, size_t *match, const char **note,
                          oq_arena *arena, oq_diag *diag);
/* Inputs that have no default. */
int oq_n_required_inputs(const oq_graph *graph);

#endif
