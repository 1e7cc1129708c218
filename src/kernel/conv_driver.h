/* conv_driver: the part of a convolution that does not depend on the element type: which input pixel lies
 * under which tap, blocks and tiles of output pixels, parts for threads, layouts. Used by conv_f32 and
 * conv_int8 only.
 *
 * The output of one group is seen as a matrix: a row per output pixel (image, depth, height, width), a column
 * per channel. A tile of rows gets a table of row pointers (tile.h): where the kernel lies inside the image
 * and its taps are neighbours in memory, one segment per kernel line; elsewhere one per tap, with a pixel of
 * padding where the tap is outside; patches are copied where taps are too short to run over.
 */
#ifndef OQ_KERNEL_CONV_DRIVER_H
#define OQ_KERNEL_CONV_DRIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"
#include "kernel/conv.h"
#include "kernel/tile.h"

enum {
    OQ_CONV_BLOCK_ROWS = 480, /* most output pixels of a block */
    OQ_CONV_SHORT_LINE = 128  /* bytes: kernel lines up to this are copied by whole vectors */
};

typedef struct oq_conv_tile {
    size_t first_row, n_rows; /* output pixels */
    size_t n_segments, length;
    const void *const *table; /* n_segments groups of n_rows pointers */
} oq_conv_tile;

typedef struct oq_conv_driver oq_conv_driver;

/* Compute a tile's columns of one panel. */
typedef void oq_conv_tile_fn(const oq_conv_driver *driver, const oq_conv_tile *tile, size_t group,
                             size_t panel);
/* Depthwise: compute output line `index` (image, depth, height) from its input lines; NULL: in the padding.
 * scratch: line_bytes, the worker's own. */
typedef void oq_conv_line_fn(const oq_conv_driver *driver, size_t index, const void *const *lines,
                             void *scratch);

struct oq_conv_driver {
    const void *self; /* the typed run, for the callbacks */
    oq_conv_tile_fn *run_tile;
    oq_conv_line_fn *run_line;
    const oq_conv_spec *spec;                                      /* of rank 3 */
    size_t in[OQ_CONV_RANK], out[OQ_CONV_RANK], pad[OQ_CONV_RANK]; /* of rank 3 */
    size_t batch, n_taps;
    size_t x_size, y_size; /* bytes of an element */
    const unsigned char *x;
    unsigned char *y;
    const unsigned char *residual; /* like y: moves with it from layout to layout; NULL: none */
    oq_layout x_layout, y_layout;
    const void *padding; /* a pixel of in_channels / groups elements */
    bool is_depthwise;
    bool copies_patches; /* copy where taps are not neighbours in memory */
    bool copies_all;     /* copy everywhere */
    bool splits_patches; /* a patch has one segment per kernel line, as in place; else one in all */
    bool spaces_rows;    /* one tap: copy the rows, which would fall into the same sets of L1 */
    bool is_tiny; /* packed weights stay in cache: walk rows outside, so each output line is written once */
    size_t tile_rows;  /* most rows of a tile */
    size_t n_panels;   /* per group */
    size_t line_bytes; /* depthwise: scratch of run_line */
    unsigned char *scratch;

    /* Set by the driver. */
    size_t in_pixels, out_pixels; /* of one image */
    bool is_flat;                 /* output pixel i lies over input pixel i: one tap, stride 1, no padding */
    size_t n_rows;                /* output pixels in all */
    const unsigned char *x_end;   /* behind the input */
    size_t block_rows;
    size_t worker_scratch; /* bytes */
    size_t n_pieces;       /* tiles of rows, or lines: what a row part is made of */
    size_t row_parts, panel_parts;
};

oq_conv_spec oq_conv_widen(const oq_conv_spec *spec);
void oq_conv_widen_sizes(size_t to[OQ_CONV_RANK], const size_t *from, int rank, size_t fill);
/* False: overflow. spec of rank 3. */
bool oq_conv_count_taps(const oq_conv_spec *spec, size_t *n_taps);
bool oq_conv_is_depthwise(const oq_conv_spec *spec);

/* Bytes of scratch; SIZE_MAX: too large. */
size_t oq_conv_driver_scratch(oq_conv_driver *driver, int n_workers);
void oq_conv_driver_run(oq_pool *pool, oq_conv_driver *driver);

#endif
