#include "kernel/tile.h"

#include <stdbool.h>

#define EIGHT -0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f

/* Adding -0 changes no bit. */
static const float nothing[OQ_TILE_MAX_COLUMNS] = {EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT};

void oq_tile_f32_run(const oq_tiles_f32 *tiles, const oq_tile_f32 *tile, int rows, int vectors,
                     size_t n_columns)
{
    size_t others = (size_t)(vectors - 1) * (size_t)tiles->vector;
    oq_tile_f32 partial;
    bool is_half;

    if (n_columns >= others + (size_t)tiles->vector) {
        tiles->tile[tile->addend ? OQ_TILE_ADD : OQ_TILE_PLAIN][vectors][rows](tile);
        return;
    }
    partial = *tile;
    partial.n_last = n_columns - others;
    if (!tile->addend) {
        partial.addend = nothing;
        partial.addend_stride = 0;
    }
    is_half = partial.n_last <= (size_t)tiles->vector / 2;
    tiles->tile[is_half ? OQ_TILE_HALF : OQ_TILE_PARTIAL][vectors][rows](&partial);
}
