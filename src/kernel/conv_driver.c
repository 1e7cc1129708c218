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
    PART_FLOPS = 100000,      /* least work of a part: 1 or 2 us, more than it takes to hand it out */
    DEPTHWISE_COST = 4,       /* a depthwise operation takes as long as so many others: it moves more */
    PARTS_PER_WORKER = 3
};

/* Output pixels of a tile that are neighbours in one line of the output. */
typedef struct {
    size_t n;
    const unsigned char *image; /* first channel of the group */
    ptrdiff_t at[OQ_CONV_RANK]; /* where the kernel's first tap lies for the first of them: may be outside */
} run;

/* A block of output pixels of one group: the row pointers of its tiles are made once and used by every panel.
 */
typedef struct {
    const oq_conv_driver *driver;
    size_t group, m0, m1;
    size_t image, at[OQ_CONV_RANK]; /* the next output pixel */
    bool copies_rows;
    const void **next;    /* free part of the pointer table */
    unsigned char *patch; /* free part of the patch memory */
    size_t n_tiles;
    oq_conv_tile tiles[OQ_CONV_BLOCK_ROWS];
} conv_block;

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
    // NOLINTNEXTLINE(clang-analyzer-core.DivideZero): a kernel has a tap
    if (rows > TABLE_POINTERS / d->n_taps)
        rows = TABLE_POINTERS / d->n_taps;
    rows = rows / d->tile_rows * d->tile_rows;
    return rows < d->tile_rows ? d->tile_rows : rows;
}

static size_t table_bytes(const oq_conv_driver *d)
{
    return round_up_line(d->block_rows * d->n_taps * sizeof(void *));
}

/* Bytes from one copied patch to the next. */
static size_t patch_pitch(const oq_conv_driver *d)
{
    return group_inputs(d) * d->n_taps * d->x_size + OQ_CONV_SHORT_LINE;
}

static size_t patch_bytes(const oq_conv_driver *d)
{
    size_t row = group_inputs(d) * d->n_taps * d->x_size;

    if (d->copies_patches)
        return round_up_line(d->block_rows * patch_pitch(d));
    return d->spaces_rows ? round_up_line(d->block_rows * (row + LINE)) : 0;
}

static size_t lines_bytes(const oq_conv_driver *d)
{
    return round_up_line(d->spec->kernel[0] * d->spec->kernel[1] * sizeof(void *));
}

static bool is_flat(const oq_conv_driver *d)
{
    const oq_conv_spec *spec = d->spec;

    return d->n_taps == 1 && d->in_pixels == d->out_pixels &&
           spec->stride[0] * spec->stride[1] * spec->stride[2] == 1 && d->pad[0] + d->pad[1] + d->pad[2] == 0;
}

static void complete(oq_conv_driver *d)
{
    d->in_pixels = d->in[0] * d->in[1] * d->in[2];
    d->out_pixels = d->out[0] * d->out[1] * d->out[2];
    d->n_rows = d->batch * d->out_pixels;
    d->row_parts = d->panel_parts = 1;
    d->is_flat = is_flat(d);
    if (d->is_depthwise) {
        d->worker_scratch = lines_bytes(d) + round_up_line(d->line_bytes);
    } else {
        d->block_rows = rows_per_block(d);
        d->worker_scratch = table_bytes(d) + patch_bytes(d);
    }
}

/* ------------------------------------------------------------------ row pointers of a tile */

/* Is the whole kernel inside along axis i when its first tap lies at `first`, and at `last`? */
static bool is_inside(const oq_conv_driver *d, int i, ptrdiff_t first, ptrdiff_t last)
{
    size_t span = d->spec->dilation[i] * (d->spec->kernel[i] - 1) + 1;

    return first >= 0 && (size_t)last + span <= d->in[i];
}

/* The next output pixel after n more in the same line. */
static void advance(conv_block *block, size_t n)
{
    const size_t *out = block->driver->out;

    block->at[2] += n;
    for (int i = OQ_CONV_RANK - 1; i >= 0 && block->at[i] == out[i]; i--) {
        block->at[i] = 0;
        if (i > 0)
            block->at[i - 1]++;
        else
            block->image++;
    }
}

/* Cut the next n output pixels into runs; true when all their taps lie inside the image. */
static bool next_runs(conv_block *block, size_t n, run *runs, size_t *n_runs)
{
    const oq_conv_driver *d = block->driver;
    const oq_conv_spec *spec = d->spec;
    bool all_inside = true;

    for (*n_runs = 0; n > 0; ++*n_runs) {
        run *r = &runs[*n_runs];
        size_t left = d->out[2] - block->at[2];

        r->n = n < left ? n : left;
        r->image = d->x + (block->image * d->in_pixels * spec->in_channels + block->group * group_inputs(d)) *
                              d->x_size;
        for (int i = 0; i < OQ_CONV_RANK; i++) {
            ptrdiff_t more = i == 2 ? (ptrdiff_t)((r->n - 1) * spec->stride[i]) : 0;

            r->at[i] = (ptrdiff_t)(block->at[i] * spec->stride[i]) - (ptrdiff_t)d->pad[i];
            all_inside &= is_inside(d, i, r->at[i], r->at[i] + more);
        }
        advance(block, r->n);
        n -= r->n;
    }
    return all_inside;
}

/* The line of the input under taps (kz, ky) of a run, at its column 0; NULL: in the padding. */
static const unsigned char *tap_line(const oq_conv_driver *d, const run *from, size_t kz, size_t ky)
{
    const oq_conv_spec *spec = d->spec;
    ptrdiff_t z = from->at[0] + (ptrdiff_t)(kz * spec->dilation[0]);
    ptrdiff_t y = from->at[1] + (ptrdiff_t)(ky * spec->dilation[1]);

    if (z < 0 || y < 0 || (size_t)z >= d->in[0] || (size_t)y >= d->in[1])
        return NULL;
    return from->image + ((size_t)z * d->in[1] + (size_t)y) * d->in[2] * spec->in_channels * d->x_size;
}

/* All taps inside: the taps of one kernel line are neighbours in memory, one segment. */
static void point_at_lines(conv_block *block, oq_conv_tile *tile, const run *runs, size_t n_runs)
{
    const oq_conv_driver *d = block->driver;
    const oq_conv_spec *spec = d->spec;
    size_t pixel = spec->in_channels * d->x_size, step = spec->stride[2] * pixel;
    const void **next = block->next;

    tile->n_segments = spec->kernel[0] * spec->kernel[1];
    tile->length = spec->kernel[2] * group_inputs(d);
    for (size_t kz = 0; kz < spec->kernel[0]; kz++)
        for (size_t ky = 0; ky < spec->kernel[1]; ky++)
            for (size_t i = 0; i < n_runs; i++) {
                const unsigned char *p = tap_line(d, &runs[i], kz, ky) + (size_t)runs[i].at[2] * pixel;

                for (size_t r = 0; r < runs[i].n; r++, p += step)
                    *next++ = p;
            }
    block->next = next;
}

/* The pixels of a run under tap kx of an input line. */
static void point_at_tap(const oq_conv_driver *d, const run *from, const unsigned char *line, size_t kx,
                         const void **to)
{
    ptrdiff_t x = from->at[2] + (ptrdiff_t)(kx * d->spec->dilation[2]), step = (ptrdiff_t)d->spec->stride[2];
    size_t pixel = d->spec->in_channels * d->x_size;

    for (size_t r = 0; r < from->n; r++, x += step)
        to[r] = line && (size_t)x < d->in[2] ? line + (size_t)x * pixel : d->padding;
}

static void point_at_taps(conv_block *block, oq_conv_tile *tile, const run *runs, size_t n_runs)
{
    const oq_conv_driver *d = block->driver;
    const oq_conv_spec *spec = d->spec;
    size_t first = 0;

    tile->n_segments = d->n_taps;
    tile->length = group_inputs(d);
    for (size_t i = 0; i < n_runs; first += runs[i].n, i++) {
        const void **to = block->next + first;

        for (size_t kz = 0; kz < spec->kernel[0]; kz++)
            for (size_t ky = 0; ky < spec->kernel[1]; ky++) {
                const unsigned char *line = tap_line(d, &runs[i], kz, ky);

                for (size_t kx = 0; kx < spec->kernel[2]; kx++, to += tile->n_rows)
                    point_at_tap(d, &runs[i], line, kx, to);
            }
    }
    block->next += d->n_taps * tile->n_rows;
}

/* Copy n bytes. A short line goes as a few whole vectors: what they write beyond it is the place of the next
 * line, or the gap between two patches. */
static inline void copy_bytes(const oq_conv_driver *d, unsigned char *to, const unsigned char *from, size_t n)
{
    if (n > OQ_CONV_SHORT_LINE || (size_t)(d->x_end - from) < OQ_CONV_SHORT_LINE) {
        memcpy(to, from, n);
        return;
    }
    memcpy(to, from, 32);
    if (n > 32)
        memcpy(to + 32, from + 32, 32);
    if (n > 64)
        memcpy(to + 64, from + 64, OQ_CONV_SHORT_LINE - 64);
}

/* Copy the taps of one kernel line whose first lies at column x: those inside the image are neighbours in
 * memory when nothing is skipped between them (dilation 1, one group): one copy then, with padding on both
 * sides. */
static void copy_line(const oq_conv_driver *d, const unsigned char *line, ptrdiff_t x, unsigned char *to)
{
    size_t kernel = d->spec->kernel[2], pixel = group_inputs(d) * d->x_size, kx = 0;
    bool is_dense = d->spec->dilation[2] == 1 && d->spec->groups == 1;

    while (kx < kernel) {
        size_t at = (size_t)(x + (ptrdiff_t)(kx * d->spec->dilation[2])), n = 1;

        if (line && at < d->in[2]) {
            if (is_dense)
                n = kernel - kx < d->in[2] - at ? kernel - kx : d->in[2] - at;
            copy_bytes(d, to, line + at * d->spec->in_channels * d->x_size, n * pixel);
        } else {
            memcpy(to, d->padding, pixel);
        }
        to += n * pixel;
        kx += n;
    }
}

/* Line by line of the kernel, so that a line of the input is found once for all the patches that it is in. */
static void copy_patches(conv_block *block, oq_conv_tile *tile, const run *runs, size_t n_runs)
{
    const oq_conv_driver *d = block->driver;
    const oq_conv_spec *spec = d->spec;
    size_t pitch = patch_pitch(d), line = spec->kernel[2] * group_inputs(d) * d->x_size;

    tile->n_segments = 1;
    tile->length = group_inputs(d) * d->n_taps;
    for (size_t i = 0; i < n_runs; i++) {
        for (size_t r = 0; r < runs[i].n; r++)
            *block->next++ = block->patch + r * pitch;
        for (size_t k = 0; k < spec->kernel[0] * spec->kernel[1]; k++) {
            const unsigned char *from = tap_line(d, &runs[i], k / spec->kernel[1], k % spec->kernel[1]);
            unsigned char *to = block->patch + k * line;
            ptrdiff_t x = runs[i].at[2];

            for (size_t r = 0; r < runs[i].n; r++, to += pitch, x += (ptrdiff_t)spec->stride[2])
                copy_line(d, from, x, to);
        }
        block->patch += runs[i].n * pitch;
    }
}

/* The patches of a tile, one segment so far, seen as one segment per kernel line. */
static void split_patches(conv_block *block, oq_conv_tile *tile)
{
    const oq_conv_spec *spec = block->driver->spec;
    size_t n_lines = spec->kernel[0] * spec->kernel[1], line;
    const void **first = block->next - tile->n_rows;

    tile->length /= n_lines;
    tile->n_segments = n_lines;
    line = tile->length * block->driver->x_size;
    for (size_t s = 1; s < n_lines; s++)
        for (size_t r = 0; r < tile->n_rows; r++)
            *block->next++ = (const unsigned char *)first[r] + s * line;
}

static void point_at_pixels(conv_block *block, oq_conv_tile *tile)
{
    const oq_conv_driver *d = block->driver;
    size_t step = d->spec->in_channels * d->x_size;
    const unsigned char *p = d->x + tile->first_row * step + block->group * group_inputs(d) * d->x_size;

    tile->n_segments = 1;
    tile->length = group_inputs(d);
    for (size_t r = 0; r < tile->n_rows; r++, p += step)
        *block->next++ = p;
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

static void point_anywhere(conv_block *block, oq_conv_tile *tile)
{
    const oq_conv_driver *d = block->driver;
    const oq_conv_spec *spec = d->spec;
    run runs[OQ_TILE_MAX_ROWS];
    size_t n_runs;
    bool all_inside = next_runs(block, tile->n_rows, runs, &n_runs);
    bool has_lines = spec->kernel[2] == 1 || (spec->dilation[2] == 1 && spec->groups == 1);

    if (all_inside && has_lines && !d->copies_all)
        point_at_lines(block, tile, runs, n_runs);
    else if (d->copies_patches)
        copy_patches(block, tile, runs, n_runs);
    else
        point_at_taps(block, tile, runs, n_runs);
    if (d->splits_patches && tile->n_segments == 1)
        split_patches(block, tile);
}

static void make_tile(conv_block *block, oq_conv_tile *tile)
{
    tile->table = block->next;
    if (block->driver->is_flat)
        point_at_pixels(block, tile);
    else
        point_anywhere(block, tile);
    if (block->copies_rows)
        copy_rows(block, tile);
}

/* ------------------------------------------------------------------ blocks and parts */

static void run_block(conv_block *block, size_t p0, size_t p1)
{
    const oq_conv_driver *d = block->driver;
    size_t m = block->m1 - block->m0, pixel = block->m0 % d->out_pixels, row = block->m0, rest;

    block->image = block->m0 / d->out_pixels;
    block->at[0] = pixel / d->out[2] / d->out[1];
    block->at[1] = pixel / d->out[2] % d->out[1];
    block->at[2] = pixel % d->out[2];
    block->n_tiles = divide_up(m, d->tile_rows);
    rest = m % block->n_tiles;
    m /= block->n_tiles;
    for (size_t t = 0; t < block->n_tiles; t++) {
        oq_conv_tile *tile = &block->tiles[t];

        tile->first_row = row;
        tile->n_rows = m + (t < rest);
        row += tile->n_rows;
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

/* First output pixel of row part i: parts are whole tiles. */
static size_t first_row(const oq_conv_driver *d, size_t i)
{
    return d->n_rows * (d->n_pieces * i / d->row_parts) / d->n_pieces;
}

static void run_part(void *arg, size_t index, int worker)
{
    const oq_conv_driver *d = arg;
    size_t j = index % d->panel_parts, i = index / d->panel_parts % d->row_parts;
    size_t group = index / d->panel_parts / d->row_parts;

    run_rows(d, worker, group, first_row(d, i), first_row(d, i + 1), d->n_panels * j / d->panel_parts,
             d->n_panels * (j + 1) / d->panel_parts);
}

static void run_depthwise_line(const oq_conv_driver *d, size_t index, const void **lines)
{
    const oq_conv_spec *spec = d->spec;
    size_t per_image = d->out[0] * d->out[1], oz = index % per_image / d->out[1], oy = index % d->out[1];
    run from = {1,
                d->x + index / per_image * d->in_pixels * spec->in_channels * d->x_size,
                {(ptrdiff_t)(oz * spec->stride[0]) - (ptrdiff_t)d->pad[0],
                 (ptrdiff_t)(oy * spec->stride[1]) - (ptrdiff_t)d->pad[1], 0}};

    for (size_t kz = 0; kz < spec->kernel[0]; kz++)
        for (size_t ky = 0; ky < spec->kernel[1]; ky++)
            lines[kz * spec->kernel[1] + ky] = tap_line(d, &from, kz, ky);
    d->run_line(d, index, lines, (unsigned char *)(void *)lines + lines_bytes(d));
}

static void run_depthwise_part(void *arg, size_t index, int worker)
{
    const oq_conv_driver *d = arg;
    size_t l0 = d->n_pieces * index / d->row_parts, l1 = d->n_pieces * (index + 1) / d->row_parts;
    const void **lines = (const void **)(void *)(d->scratch + (size_t)worker * d->worker_scratch);

    for (size_t line = l0; line < l1; line++)
        run_depthwise_line(d, line, lines);
}

/* Parts that pay, at most PARTS_PER_WORKER for each. */
static size_t count_parts(const oq_conv_driver *d, size_t n_workers)
{
    double k = (double)group_inputs(d) * (double)d->n_taps, co = (double)d->spec->out_channels;
    double work = 2.0 * (double)d->n_rows * k * co * (d->is_depthwise ? DEPTHWISE_COST : 1);
    size_t most = n_workers * PARTS_PER_WORKER;

    if (n_workers == 1 || work < 2.0 * PART_FLOPS)
        return 1;
    return work < (double)most * PART_FLOPS ? divide_up((size_t)(work / PART_FLOPS), n_workers) * n_workers
                                            : most;
}

/* Share of the work that the busiest worker gets when n equal pieces are dealt out. */
static double busiest_share(size_t n, size_t n_workers)
{
    return (double)divide_up(n, n_workers) / (double)n;
}

/* How many parts along rows and panels: panels when the weights outweigh the activations, unless the other
 * way the work is shared more evenly. */
static void choose_parts(oq_conv_driver *d, size_t n_workers)
{
    size_t wanted = count_parts(d, n_workers), k = group_inputs(d) * d->n_taps, co = d->spec->out_channels;
    double by_rows, by_panels;
    bool has_more_weights = k * co > d->in_pixels * d->spec->in_channels;

    d->row_parts = d->panel_parts = 1;
    d->n_pieces = d->is_depthwise ? d->n_rows / d->out[2] : divide_up(d->n_rows, d->tile_rows);
    if (wanted == 1)
        return;
    by_rows = busiest_share(d->n_pieces, n_workers);
    by_panels = d->is_depthwise ? 1 : busiest_share(d->n_panels, n_workers);
    if (has_more_weights ? by_panels < by_rows * 1.1 : by_panels * 1.1 < by_rows)
        d->panel_parts = d->n_panels < wanted ? d->n_panels : wanted;
    else
        d->row_parts = d->n_pieces < wanted ? d->n_pieces : wanted;
}

static void run_nhwc(oq_pool *pool, oq_conv_driver *d)
{
    if (d->n_rows == 0)
        return;
    d->x_end = d->x + d->n_rows / d->out_pixels * d->in_pixels * d->spec->in_channels * d->x_size;
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
