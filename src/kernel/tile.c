#include "kernel/tile.h"

#include <string.h>

#define EIGHT -0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f
const float oq_tile_no_addend[OQ_TILE_MAX_COLUMNS] = {EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT};

static void copy_rows(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows,
                      size_t n_columns)
{
    for (size_t r = 0; r < rows; r++)
        memcpy(to + r * to_stride, from + r * from_stride, n_columns * sizeof *to);
}

/* The tile goes through a buffer with whole vectors: the micro-kernel has no partial columns, which would
 * cost it registers and a second epilogue. */
static void run_partial(oq_tile_f32_fn *run, const oq_tile_f32 *tile, int rows, size_t width,
                        size_t n_columns)
{
    float out[OQ_TILE_MAX_ROWS * OQ_TILE_MAX_COLUMNS] = {0};
    float first[OQ_TILE_MAX_COLUMNS] = {0}, addend[OQ_TILE_MAX_ROWS * OQ_TILE_MAX_COLUMNS];
    oq_tile_f32 t = *tile;

    if (tile->start_stride == 0) {
        memcpy(first, tile->start, n_columns * sizeof *first);
        t.start = first;
    } else {
        copy_rows(out, width, tile->start, tile->start_stride, (size_t)rows, n_columns);
        t.start = out;
        t.start_stride = width;
    }
    if (tile->addend != oq_tile_no_addend) {
        memset(addend, 0, sizeof addend);
        copy_rows(addend, width, tile->addend, tile->addend_stride, (size_t)rows, n_columns);
        t.addend = addend;
        t.addend_stride = width;
    }
    t.c = out;
    t.c_stride = width;
    run(&t);
    copy_rows(tile->c, tile->c_stride, out, width, (size_t)rows, n_columns);
}

void oq_tile_f32_run(const oq_tiles_f32 *tiles, const oq_tile_f32 *tile, int rows, int vectors,
                     size_t n_columns)
{
    oq_tile_f32_fn *run = tiles->tile[vectors][rows];
    size_t width = (size_t)vectors * (size_t)tiles->vector;

    if (n_columns >= width)
        run(tile);
    else
        run_partial(run, tile, rows, width, n_columns);
}
