/* The last panel of a matrix is wider than what is left of it: only the wanted columns are read and written.
 */
#include "kernel/tile.h"

#include "kernel_test.h"

static void partial(const oq_kernels *kernels, size_t start_stride, size_t missing)
{
    const oq_tiles_f32 *tiles = kernels->tiles_f32;
    size_t width = (size_t)tiles->vector, n = width - missing;
    float a0[2] = {1, 2}, a1[2] = {3, 4}, b[32], start[64], c[64];
    const void *rows[2] = {a0, a1};
    oq_tile_f32 tile = {.rows = rows,
                        .row_step = 2,
                        .n_segments = 1,
                        .length = 2,
                        .b = b,
                        .start = start,
                        .start_stride = start_stride,
                        .c = c,
                        .c_stride = width,
                        .lo = -INFINITY,
                        .hi = INFINITY};

    for (size_t i = 0; i < 64; i++)
        c[i] = -1, start[i] = (float)i;
    for (size_t i = 0; i < 2 * width; i++)
        b[i] = 1;
    oq_tile_f32_run(tiles, &tile, 2, 1, n);
    is_float(c[n - 1], 3 + start[n - 1], 0, "last wanted column of row 0");
    is_float(c[width + n - 1], 7 + start[start_stride + n - 1], 0, "last wanted column of row 1");
    is_float(c[n], -1, 0, "the column beside it is untouched");
}

int main(void)
{
    for (int i = 0; i < N_SET_NAMES; i++) {
        const oq_kernels *kernels = oq_kernels_named(set_names[i]);

        if (!kernels) {
            tap_skip(9, "this processor has no %s", set_names[i]);
            continue;
        }
        partial(kernels, 0, 1);
        partial(kernels, 20, 1);
        partial(kernels, 20, (size_t)kernels->tiles_f32->vector / 2);
    }
    return tap_done();
}
