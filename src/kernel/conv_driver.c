#include "kernel/conv_driver.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "kernel/transpose.h"

enum {
    BLOCK_BYTES = 384 * 1024, /* input of a block: stays in a 1 MiB L2 beside a panel */
    COPIED_ROWS = 96,         /* output pixels of a block whose patches are copied */
    TABLE_POINTERS = 4096,    /* row pointers of a block: 32 KiB */
    LINE = 64,                /* bytes of a cache line; gap between rows that are copied apart */
    PARALLEL_FLOPS = 4000000, /* below this, waking a thread costs more than it saves */
    PARTS_PER_WORKER = 3
};

/* A block of output pixels of one group: the row pointers of its tiles are made once and used by every panel.
 */
typedef struct {
    const oq_conv_driver *driver;
    size_t group, m0, m1;
    bool copies_rows;
    const void **next;    /* free part of the pointer table */
    unsigned char *patch; /* free part of the patch memory */
    size_t n_tiles;
    oq_conv_tile tiles[OQ_CONV_BLOCK_ROWS];
} conv_block;

/* Where the kernel's first tap lies for one output pixel: may be outside. */
typedef struct {
    const unsigned char *image; /* first channel of the group */
    ptrdiff_t at[OQ_CONV_RANK];
} origin;

static size_t divide_up(size_t a, size_t b)
{
    return a / b + (a % b != 0);
}

static size_t round_up_line(size_t bytes)
{
    return divide_up(bytes, LINE) * LINE;
}

/* ------------------------------------------------------------------ sizes */

size_t oq_conv_out_size(size_t in, size_t kernel, size_t stride, size_t dilation, size_t pad_begin,
                        size_t pad_end)
{
    size_t padded, span;

    if (oq_add_overflow(in, pad_begin, &padded) || oq_add_overflow(padded, pad_end, &padded) ||
        oq_mul_overflow(dilation, kernel - 1, &span) || span >= padded)
        return 0;
    return (padded - span - 1) / stride + 1;
}

void oq_conv_widen_sizes(size_t to[OQ_CONV_RANK], const size_t *from, int rank, size_t fill)
{
    for (int i = 0; i < OQ_CONV_RANK; i++) {
        int j = i - (OQ_CONV_RANK - rank);

        to[i] = j < 0 ? fill : from[j];
    }
}

oq_conv_spec oq_conv_widen(const oq_conv_spec *spec)
{
    oq_conv_spec wide = *spec;

    oq_conv_widen_sizes(wide.kernel, spec->kernel, spec->rank, 1);
    oq_conv_widen_sizes(wide.stride, spec->stride, spec->rank, 1);
    oq_conv_widen_sizes(wide.dilation, spec->dilation, spec->rank, 1);
    wide.rank = OQ_CONV_RANK;
    return wide;
}

bool oq_conv_count_taps(const oq_conv_spec *spec, size_t *n_taps)
{
    size_t n;

    return !oq_mul_overflow(spec->kernel[0], spec->kernel[1], &n) &&
           !oq_mul_overflow(n, spec->kernel[2], n_taps);
}

bool oq_conv_is_depthwise(const oq_conv_spec *spec)
{
    return spec->groups > 1 && spec->groups == spec->in_channels && spec->groups == spec->out_channels;
}

static size_t group_inputs(const oq_conv_driver *d)
{
    return d->spec->in_channels / d->spec->groups;
}

static size_t rows_per_block(const oq_conv_driver *d)
{
    const oq_conv_spec *spec = d->spec;
    size_t reuse = d->n_taps > 1 ? spec->stride[0] * spec->stride[1] * spec->stride[2] : 1;
    size_t rows = BLOCK_BYTES / d->x_size / group_inputs(d) / reuse;

    if (rows > OQ_CONV_BLOCK_ROWS)
        rows = OQ_CONV_BLOCK_ROWS;
    if (d->copies_patches && rows > COPIED_ROWS)
        rows = COPIED_ROWS;
    if (rows > TABLE_POINTERS / d->n_taps)
        rows = TABLE_POINTERS / d->n_taps;
    rows = rows / d->tile_rows * d->tile_rows;
    return rows < d->tile_rows ? d->tile_rows : rows;
}

static size_t table_bytes(const oq_conv_driver *d)
{
    return round_up_line(d->block_rows * d->n_taps * sizeof(void *));
}

static size_t patch_bytes(const oq_conv_driver *d)
{
    size_t row = group_inputs(d) * d->n_taps * d->x_size;

    if (d->copies_patches)
        return round_up_line(d->block_rows * row);
    return d->spaces_rows ? round_up_line(d->block_rows * (row + LINE)) : 0;
}

static size_t lines_bytes(const oq_conv_driver *d)
{
    return round_up_line(d->spec->kernel[0] * d->spec->kernel[1] * sizeof(void *));
}

static void complete(oq_conv_driver *d)
{
    d->in_pixels = d->in[0] * d->in[1] * d->in[2];
    d->out_pixels = d->out[0] * d->out[1] * d->out[2];
    d->n_rows = d->batch * d->out_pixels;
    d->row_parts = d->panel_parts = 1;
    if (d->is_depthwise) {
        d->worker_scratch = lines_bytes(d) + round_up_line(d->line_bytes);
    } else {
        d->block_rows = rows_per_block(d);
        d->worker_scratch = table_bytes(d) + patch_bytes(d);
    }
}

/* ------------------------------------------------------------------ row pointers of a tile */

/* Origins of n output pixels from `row`; true when all their taps lie inside the image. */
static bool find_origins(const conv_block *block, size_t row, size_t n, origin *origins)
{
    const oq_conv_driver *d = block->driver;
    const oq_conv_spec *spec = d->spec;
    size_t image = row / d->out_pixels, pixel = row % d->out_pixels;
    size_t o[OQ_CONV_RANK] = {pixel / d->out[2] / d->out[1], pixel / d->out[2] % d->out[1],
                              pixel % d->out[2]};
    bool is_inside = true;

    for (size_t r = 0; r < n; r++) {
        origins[r].image =
            d->x + (image * d->in_pixels * spec->in_channels + block->group * group_inputs(d)) * d->x_size;
        for (int i = 0; i < OQ_CONV_RANK; i++) {
            ptrdiff_t at = (ptrdiff_t)(o[i] * spec->stride[i]) - (ptrdiff_t)d->pad[i];
            size_t span = spec->dilation[i] * (spec->kernel[i] - 1) + 1;

            origins[r].at[i] = at;
            is_inside &= at >= 0 && (size_t)at + span <= d->in[i];
        }
        for (int i = OQ_CONV_RANK - 1; i >= 0; i--) { /* the next output pixel */
            if (++o[i] < d->out[i])
                break;
            o[i] = 0;
            image += i == 0;
        }
    }
    return is_inside;
}

/* The input pixel under tap (kz, ky, kx), or `outside` when it lies in the padding. */
static const void *tap_pixel(const oq_conv_driver *d, const origin *from, size_t kz, size_t ky, size_t kx,
                             const void *outside)
{
    const oq_conv_spec *spec = d->spec;
    ptrdiff_t z = from->at[0] + (ptrdiff_t)(kz * spec->dilation[0]);
    ptrdiff_t y = from->at[1] + (ptrdiff_t)(ky * spec->dilation[1]);
    ptrdiff_t x = from->at[2] + (ptrdiff_t)(kx * spec->dilation[2]);

    if (z < 0 || y < 0 || x < 0 || (size_t)z >= d->in[0] || (size_t)y >= d->in[1] || (size_t)x >= d->in[2])
        return outside;
    return from->image +
           (((size_t)z * d->in[1] + (size_t)y) * d->in[2] + (size_t)x) * spec->in_channels * d->x_size;
}

/* All taps inside: the taps of one kernel line are neighbours in memory, one segment. */
static void point_at_lines(conv_block *block, oq_conv_tile *tile, const origin *origins)
{
    const oq_conv_driver *d = block->driver;
    const oq_conv_spec *spec = d->spec;

    tile->n_segments = spec->kernel[0] * spec->kernel[1];
    tile->length = spec->kernel[2] * group_inputs(d);
    for (size_t kz = 0; kz < spec->kernel[0]; kz++)
        for (size_t ky = 0; ky < spec->kernel[1]; ky++)
            for (size_t r = 0; r < tile->n_rows; r++)
                *block->next++ = tap_pixel(d, &origins[r], kz, ky, 0, d->padding);
}

static void point_at_taps(conv_block *block, oq_conv_tile *tile, const origin *origins)
{
    const oq_conv_driver *d = block->driver;
    const oq_conv_spec *spec = d->spec;

    tile->n_segments = d->n_taps;
    tile->length = group_inputs(d);
    for (size_t kz = 0; kz < spec->kernel[0]; kz++)
        for (size_t ky = 0; ky < spec->kernel[1]; ky++)
            for (size_t kx = 0; kx < spec->kernel[2]; kx++)
                for (size_t r = 0; r < tile->n_rows; r++)
                    *block->next++ = tap_pixel(d, &origins[r], kz, ky, kx, d->padding);
}

/* Copy the taps of one kernel line: those inside the image are neighbours in memory when nothing is skipped
 * between them (dilation 1, one group): one copy then, with padding on both sides. */
static unsigned char *copy_line(const oq_conv_driver *d, const origin *from, size_t kz, size_t ky,
                                unsigned char *to)
{
    size_t kernel = d->spec->kernel[2], pixel = group_inputs(d) * d->x_size, kx = 0;
    bool is_dense = d->spec->dilation[2] == 1 && d->spec->groups == 1;

    while (kx < kernel) {
        const void *source = tap_pixel(d, from, kz, ky, kx, NULL);
        size_t run = 1;

        if (source && is_dense) {
            size_t x = (size_t)(from->at[2] + (ptrdiff_t)kx), left = d->in[2] - x;

            run = kernel - kx < left ? kernel - kx : left;
        }
        memcpy(to, source ? source : d->padding, run * pixel);
        to += run * pixel;
        kx += run;
    }
    return to;
}

static void copy_patches(conv_block *block, oq_conv_tile *tile, const origin *origins)
{
    const oq_conv_driver *d = block->driver;
    const oq_conv_spec *spec = d->spec;

    tile->n_segments = 1;
    tile->length = group_inputs(d) * d->n_taps;
    for (size_t r = 0; r < tile->n_rows; r++) {
        *block->next++ = block->patch;
        for (size_t kz = 0; kz < spec->kernel[0]; kz++)
            for (size_t ky = 0; ky < spec->kernel[1]; ky++)
                block->patch = copy_line(d, &origins[r], kz, ky, block->patch);
    }
}

static void copy_rows(conv_block *block, oq_conv_tile *tile)
{
    size_t size = tile->length * block->driver->x_size;

    for (size_t r = 0; r < tile->n_rows; r++) {
        const void **row = block->next - tile->n_rows + r;

        memcpy(block->patch, *row, size);
        *row = block->patch;
        block->patch += size + LINE;
    }
}

static void make_tile(conv_block *block, oq_conv_tile *tile)
{
    const oq_conv_driver *d = block->driver;
    const oq_conv_spec *spec = d->spec;
    origin origins[OQ_TILE_MAX_ROWS];
    bool is_inside = find_origins(block, tile->first_row, tile->n_rows, origins);
    bool has_lines = spec->kernel[2] == 1 || (spec->dilation[2] == 1 && spec->groups == 1);

    tile->table = block->next;
    if (is_inside && has_lines && !d->copies_all)
        point_at_lines(block, tile, origins);
    else if (d->copies_patches)
        copy_patches(block, tile, origins);
    else
        point_at_taps(block, tile, origins);
    if (block->copies_rows)
        copy_rows(block, tile);
}

/* ------------------------------------------------------------------ blocks and parts */

static void run_block(conv_block *block, size_t p0, size_t p1)
{
    const oq_conv_driver *d = block->driver;
    size_t m = block->m1 - block->m0;

    block->n_tiles = divide_up(m, d->tile_rows);
    for (size_t t = 0; t < block->n_tiles; t++) {
        oq_conv_tile *tile = &block->tiles[t];

        tile->first_row = block->m0 + m * t / block->n_tiles;
        tile->n_rows = block->m0 + m * (t + 1) / block->n_tiles - tile->first_row;
        make_tile(block, tile);
    }
    if (d->is_tiny) {
        for (size_t t = 0; t < block->n_tiles; t++)
            for (size_t p = p0; p < p1; p++)
                d->run_tile(d, &block->tiles[t], block->group, p);
    } else {
        for (size_t p = p0; p < p1; p++)
            for (size_t t = 0; t < block->n_tiles; t++)
                d->run_tile(d, &block->tiles[t], block->group, p);
    }
}

static void run_rows(const oq_conv_driver *d, int worker, size_t group, size_t m0, size_t m1, size_t p0,
                     size_t p1)
{
    unsigned char *scratch = d->scratch + (size_t)worker * d->worker_scratch;
    size_t m = m1 - m0, n_blocks = divide_up(m, d->block_rows);
    conv_block block;

    block.driver = d;
    block.group = group;
    block.copies_rows = d->spaces_rows && p1 - p0 >= 4; /* fewer panels do not repay the copy */
    for (size_t i = 0; i < n_blocks; i++) {
        block.m0 = m0 + m * i / n_blocks;
        block.m1 = m0 + m * (i + 1) / n_blocks;
        block.next = (const void **)(void *)scratch;
        block.patch = scratch + table_bytes(d);
        run_block(&block, p0, p1);
    }
}

static void run_part(void *arg, size_t index, int worker)
{
    const oq_conv_driver *d = arg;
    size_t j = index % d->panel_parts, i = index / d->panel_parts % d->row_parts;
    size_t group = index / d->panel_parts / d->row_parts;

    run_rows(d, worker, group, d->n_rows * i / d->row_parts, d->n_rows * (i + 1) / d->row_parts,
             d->n_panels * j / d->panel_parts, d->n_panels * (j + 1) / d->panel_parts);
}

static void run_depthwise_line(const oq_conv_driver *d, size_t index, const void **lines)
{
    const oq_conv_spec *spec = d->spec;
    size_t per_image = d->out[0] * d->out[1], oz = index % per_image / d->out[1], oy = index % d->out[1];
    origin from = {d->x + index / per_image * d->in_pixels * spec->in_channels * d->x_size,
                   {(ptrdiff_t)(oz * spec->stride[0]) - (ptrdiff_t)d->pad[0],
                    (ptrdiff_t)(oy * spec->stride[1]) - (ptrdiff_t)d->pad[1], 0}};

    for (size_t kz = 0; kz < spec->kernel[0]; kz++)
        for (size_t ky = 0; ky < spec->kernel[1]; ky++)
            lines[kz * spec->kernel[1] + ky] = tap_pixel(d, &from, kz, ky, 0, NULL);
    d->run_line(d, index, lines, (unsigned char *)(void *)lines + lines_bytes(d));
}

static void run_depthwise_part(void *arg, size_t index, int worker)
{
    const oq_conv_driver *d = arg;
    size_t n_lines = d->n_rows / d->out[2];
    size_t l0 = n_lines * index / d->row_parts, l1 = n_lines * (index + 1) / d->row_parts;
    const void **lines = (const void **)(void *)(d->scratch + (size_t)worker * d->worker_scratch);

    for (size_t line = l0; line < l1; line++)
        run_depthwise_line(d, line, lines);
}

/* How many parts along rows and panels: panels when the weights outweigh the activations. */
static void choose_parts(oq_conv_driver *d, size_t n_workers)
{
    size_t wanted = n_workers * PARTS_PER_WORKER, k = group_inputs(d) * d->n_taps, co = d->spec->out_channels;
    size_t limit = d->is_depthwise ? d->n_rows / d->out[2] : divide_up(d->n_rows, OQ_TILE_MAX_ROWS);

    d->row_parts = d->panel_parts = 1;
    if (n_workers == 1 || 2.0 * (double)d->n_rows * (double)k * (double)co < PARALLEL_FLOPS)
        return;
    if (!d->is_depthwise && k * co > d->in_pixels * d->spec->in_channels && d->n_panels >= n_workers)
        d->panel_parts = d->n_panels < wanted ? d->n_panels : wanted;
    else
        d->row_parts = limit < wanted ? limit : wanted;
}

static void run_nhwc(oq_pool *pool, oq_conv_driver *d)
{
    if (d->n_rows == 0)
        return;
    choose_parts(d, (size_t)oq_pool_size(pool));
    if (d->is_depthwise)
        oq_pool_run(pool, d->row_parts, run_depthwise_part, d);
    else
        oq_pool_run(pool, d->spec->groups * d->row_parts * d->panel_parts, run_part, d);
}

/* ------------------------------------------------------------------ layouts */

/* Bytes of a transposed image; 0: memory is the same in both layouts. */
static size_t image_bytes(oq_layout layout, size_t channels, size_t pixels, size_t element)
{
    size_t n;

    if (layout == OQ_NHWC || channels == 1 || pixels <= 1)
        return 0;
    if (oq_mul_overflow(channels, pixels, &n) || oq_mul_overflow(n, element, &n) || n > SIZE_MAX / 4)
        return SIZE_MAX / 4;
    return round_up_line(n);
}

static size_t x_image_bytes(const oq_conv_driver *d)
{
    return image_bytes(d->x_layout, d->spec->in_channels, d->in_pixels, d->x_size);
}

static size_t y_image_bytes(const oq_conv_driver *d)
{
    return image_bytes(d->y_layout, d->spec->out_channels, d->out_pixels, d->y_size);
}

size_t oq_conv_driver_scratch(oq_conv_driver *d, int n_workers)
{
    size_t size, x, y;

    complete(d);
    x = x_image_bytes(d);
    y = y_image_bytes(d);
    if (x == SIZE_MAX / 4 || y == SIZE_MAX / 4 ||
        oq_mul_overflow(d->worker_scratch, (size_t)n_workers, &size) || oq_add_overflow(size, x + y, &size))
        return SIZE_MAX;
    return size;
}

/* One image as the caller has it. */
typedef struct {
    const unsigned char *x, *residual;
    unsigned char *y;
} image;

/* One image at a time, so that scratch holds one. x_image, y_image: where the transposed image lies, or NULL.
 */
static void run_image(oq_pool *pool, oq_conv_driver *d, const image *at, unsigned char *x_image,
                      unsigned char *y_image)
{
    d->x = x_image ? x_image : at->x;
    d->y = y_image ? y_image : at->y;
    d->residual = y_image && at->residual ? y_image : at->residual;
    if (x_image)
        oq_transpose_batch(pool, d->x_size, 1, d->spec->in_channels, d->in_pixels, at->x, x_image);
    if (y_image && at->residual)
        oq_transpose_batch(pool, d->y_size, 1, d->spec->out_channels, d->out_pixels, at->residual, y_image);
    run_nhwc(pool, d);
    if (y_image)
        oq_transpose_batch(pool, d->y_size, 1, d->out_pixels, d->spec->out_channels, y_image, at->y);
}

void oq_conv_driver_run(oq_pool *pool, oq_conv_driver *d)
{
    image at = {d->x, d->residual, d->y};
    unsigned char *images;
    size_t x_bytes, y_bytes, x_step, y_step;

    complete(d);
    x_bytes = x_image_bytes(d);
    y_bytes = y_image_bytes(d);
    if (x_bytes == 0 && y_bytes == 0) {
        run_nhwc(pool, d);
        return;
    }
    images = d->scratch + d->worker_scratch * (size_t)oq_pool_size(pool);
    x_step = d->in_pixels * d->spec->in_channels * d->x_size;
    y_step = d->out_pixels * d->spec->out_channels * d->y_size;
    d->n_rows = d->out_pixels;
    for (size_t i = 0; i < d->batch; i++) {
        run_image(pool, d, &at, x_bytes ? images : NULL, y_bytes ? images + x_bytes : NULL);
        at.x += x_step;
        at.y += y_step;
        at.residual = at.residual ? at.residual + y_step : NULL;
    }
}
