/* feed: does an array fit a graph input, and the copy (or view) of it that a run takes. */
#ifndef OQ_DATA_FEED_H
#define OQ_DATA_FEED_H

#include "data/npy.h"
#include "op/op.h"

/* Elements as they lie in a file: any alignment, either byte order, any order of axes. */
typedef struct oq_view {
    oq_dtype dtype;
    int rank;
    int64_t dims[OQ_MAX_RANK];
    size_t strides[OQ_MAX_RANK]; /* elements from one index to the next; only when not contiguous */
    size_t n;                    /* elements */
    const void *data;            /* oq_string[] for strings */
    size_t size;                 /* bytes; only when contiguous */
    bool is_contiguous;          /* C order without gaps */
    bool is_big_endian;
} oq_view;

/* How the first axis of a file's array becomes the axes of one sample. */
typedef enum oq_sample_axis {
    OQ_AXIS_NONE, /* the whole array is the sample */
    OQ_AXIS_KEEP, /* sample i is a[i:i+1] */
    OQ_AXIS_DROP, /* sample i is a[i] */
} oq_sample_axis;

/* Sample `index` of an array whose header is npy and whose elements begin at data. */
oq_view oq_view_of_npy(const oq_npy *npy, const void *data, oq_sample_axis axis, size_t index);

/* Would a value of type `from` be taken for an input of type `to`? Only where nothing is lost or meant
 * differently: the same type, double -> float (rounded), narrow -> wide, int64 -> int32 (each value is
 * checked when read). */
bool oq_feed_converts(oq_dtype from, oq_dtype to);
/* Type and shape of one sample against what the input wants. what: "array 'x'". shape: text of the shape
 * as the file has it. OQ_SHAPE with advice; OQ_UNSUPPORTED for an input that is no tensor. */
oq_status oq_feed_check(const oq_value *input, const oq_view *sample, const char *shape, const char *what,
                        oq_diag *diag);
/* Dimensions with the same symbol must have the same size in all feeds of a sample. */
oq_status oq_feed_check_symbols(const oq_graph *graph, const oq_array *feeds, oq_diag *diag);
/* The sample as an array of type `dtype`: in place when it can be used as it lies, else a copy in arena.
 * OQ_RANGE: a value does not fit the type; OQ_NOMEM. */
oq_status oq_feed_read(const oq_view *sample, oq_dtype dtype, const char *what, oq_arena *arena,
                       oq_array *out, oq_diag *diag);
/* The same, always a copy. */
oq_status oq_feed_copy(const oq_view *sample, oq_dtype dtype, const char *what, oq_arena *arena,
                       oq_array *out, oq_diag *diag);
/* The default value of an input that may be left out. */
oq_status oq_feed_default(const oq_value *input, oq_arena *arena, oq_array *out, oq_diag *diag);

#endif
