/* dataset: files of samples -> feeds for a graph's inputs. Names, types and shapes are checked before the
 * first run. */
#ifndef OQ_DATA_DATASET_H
#define OQ_DATA_DATASET_H

#include "op/op.h" /* oq_array */

typedef struct oq_dataset oq_dataset;

typedef enum oq_image_layout { OQ_LAYOUT_AUTO, OQ_LAYOUT_NCHW, OQ_LAYOUT_NHWC } oq_image_layout;
typedef enum oq_image_color { OQ_COLOR_RGB, OQ_COLOR_BGR, OQ_COLOR_GRAY } oq_image_color;
typedef enum oq_image_resize { OQ_RESIZE_STRETCH, OQ_RESIZE_CROP, OQ_RESIZE_PAD } oq_image_resize;

typedef struct oq_dataset_options {
    size_t max_samples;         /* 0: all; else the first N evenly spread ones */
    const char *const *renames; /* "INPUT=ARRAY" strings (--input) */
    size_t n_renames;
    /* images only */
    int image_width, image_height; /* 0: from the model's input shape */
    float mean[3], std[3];         /* x = (pixel - mean) / std, pixel in 0..255; std 0 means 1 */
    oq_image_layout layout;        /* AUTO: from the model's input shape */
    oq_image_color color;
    oq_image_resize resize;
} oq_dataset_options;

/* path: .npz, .npy, directory of .npz/.npy/.pb, of test_data_set_N folders, or of JPEG/PNG images.
 * The graph is asked for input names, types and shapes only. Errors say which input wants what and what to
 * do. OQ_IO, OQ_FORMAT (damaged file), OQ_SHAPE / OQ_ARG (does not fit the inputs). */
oq_status oq_dataset_open(const oq_graph *graph, const char *path, const oq_dataset_options *options,
                          oq_dataset **out, oq_diag *diag);
/* Samples a program supplies (onnxq.h): count of them, each asked for through fetch. */
typedef oq_status oq_dataset_fetch(void *arg, size_t sample, oq_arena *arena, oq_array *feeds, oq_diag *diag);
oq_status oq_dataset_from_callback(const oq_graph *graph, size_t count, oq_dataset_fetch *fetch, void *arg,
                                   oq_dataset **out, oq_diag *diag);
void oq_dataset_close(oq_dataset *dataset);

size_t oq_dataset_count(const oq_dataset *dataset);
/* One array per graph->inputs[i], in arena or pointing into the mapped file. Thread-safe. */
oq_status oq_dataset_sample(const oq_dataset *dataset, size_t index, oq_arena *arena, oq_array *feeds,
                            oq_diag *diag);
/* SHA-256 (hex, 64 characters and NUL) over all samples in order: names, dtypes, shapes, bytes. */
oq_status oq_dataset_digest(const oq_dataset *dataset, char hex[65], oq_diag *diag);
/* What the samples are, in words for the first report line: "64 samples of samples.npz". */
const char *oq_dataset_describe(const oq_dataset *dataset);

#endif
