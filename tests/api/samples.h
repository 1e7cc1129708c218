/* samples: the bundled models and their data, conversions of them in memory, and small models made by a test.
 */
#ifndef OQ_TESTS_API_SAMPLES_H
#define OQ_TESTS_API_SAMPLES_H

#include "api/api.h"
#include "pass/bench.h"

typedef struct bundled {
    const char *name, *model, *calib, *eval; /* model and data: paths inside the source tree */
} bundled;
extern const bundled bundled_models[]; /* ends with a row without name */

/* Load a file of the source tree, or bail out. */
oq_model *load_source(const char *relative);
/* Defaults with the samples of that file of the source tree. */
oq_options options_with(const char *calib);
/* Encoded bytes of a model; free with oq_buf_free. */
oq_buf bytes_of(const oq_model *model);
/* Bytes of a file; empty when it is not there. */
oq_buf bytes_of_file(const char *path);
/* Convert a file of the source tree in memory: the encoded result; empty when it fails, with a failed check.
 */
oq_buf converted(const char *model, const oq_options *options);
bool same_bytes(const oq_buf *a, const oq_buf *b);
/* An empty folder, removed at exit; the name lasts for eight of them. */
const char *fresh_folder(void);
/* Number of entries in a folder. */
int files_in(const char *folder);
/* Does haystack hold needle? */
bool says(const char *haystack, const char *needle);
/* The model of a bench written to bytes and read again, as a user's file would be; frees the bench. The bytes
 * belong to out and must outlive the model. */
oq_model *reload(bench *b, oq_buf *out);

/* A sample source: seeded numbers for inputs of float32 with unknown sizes 1. Zeroed fields: all is well. */
typedef struct source {
    int64_t dims[8];
    int rank;
    size_t nan_at;                 /* element that is NaN, + 1 */
    size_t fail_at;                /* sample that fails, + 1 */
    bool says_other_type, no_data; /* mistakes of a program */
    size_t n_calls;
    int n_inside; /* calls under way: never above 1 */
    bool was_entered_twice;
    float data[4096];
} source;
oq_status supply(void *arg, size_t sample, size_t n_inputs, oq_input *inputs);

#endif
