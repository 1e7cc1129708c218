#include "kernel/tile.h"

#include <string.h>

/* The tile goes through a buffer with whole vectors: the micro-kernel has no partial columns, which would
 * cost it registers and a second epilogue. */
static void run_partial(oq_tile_f32_fn *run, const oq_tile_f32 *tile, int rows, size_t width,
                        size_t n_columns)
{
    float out[OQ_TILE_MAX_ROWS * OQ_TILE_MAX_COLUMNS] = {0};
    float first[OQ_TILE_MAX_COLUMNS] = {0};
    oq_tile_f32 t = *tile;

    if (tile->start_stride == 0) {
        memcpy(first, tile->start, n_columns * sizeof *first);
        t.start = first;
    } else {
        for (size_t r = 0; r < (size_t)rows; r++)
            memcpy(out + r * width, tile->start + r * tile->start_stride, n_columns * sizeof *out);
        t.start = out;
        t.start_stride = width;
    }
    t.c = out;
    t.c_stride = width;
    run(&t);
    for (size_t r = 0; r < (size_t)rows; r++)
        memcpy(tile->c + r * tile->c_stride, out + r * width, n_columns * sizeof *out);
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
