#include "kernel/gemm_f32.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "kernel/transpose.h"

enum {
    BLOCK_ROWS = 480,         /* most rows of a block: a multiple of every tile height but 9 and 11 */
    BLOCK_BYTES = 512 * 1024, /* rows of A that stay in a 1 MiB L2 beside a panel: 128 rows of k = 1024 */
    TINY_BYTES = 128 * 1024,  /* packed B below this stays in L2 beside the rows: walk rows outside, so each C
                                 line is written once */
    BLOCK_K = 4096,           /* a panel of 32 columns is then 512 KiB: half of L2 */
    PARALLEL_FLOPS = 300000,  /* 3 us; below this, threads that look for work find too little */
    LEAST_ROWS = 6,           /* fewer cost as much: B has to be read */
    PARTS_PER_WORKER = 3
};

static const float zeros[OQ_ROW_MAX_COLUMNS];

static size_t divide_up(size_t a, size_t b)
{
    return a / b + (a % b != 0);
}

/* ------------------------------------------------------------------ packing */

/* Cycles per k-step of one tile row, in relative units: a tile of v vectors and r rows needs v / 2 cycles per
 * row for its multiply-adds and (v / r + 1) / 2 for its loads (two of each per cycle). */
static double row_cost(const oq_tiles_f32 *tiles, int vectors)
{
    double multiply = vectors * 0.5, load = ((double)vectors / tiles->max_rows[vectors] + 1) * 0.5;

    return multiply > load ? multiply : load;
}

int oq_pack_f32_vectors(const oq_kernels *kernels, size_t n)
{
    const oq_tiles_f32 *tiles = kernels->tiles_f32;
    size_t n_vectors = divide_up(n, (size_t)tiles->vector);
    double best_cost = INFINITY;
    int best = 1;

    for (int v = 1; v <= OQ_TILE_MAX_VECTORS; v++) {
        size_t full = n_vectors / (size_t)v;
        int rest = (int)(n_vectors % (size_t)v);
        double cost;

        if (tiles->max_rows[v] == 0)
            continue;
        cost = (double)full * row_cost(tiles, v) + (rest ? row_cost(tiles, rest) : 0);
        if (v == 2)
            cost *= 0.999; /* the tallest tile that is not bound by loads wins a tie */
        if (cost < best_cost) {
            best_cost = cost;
            best = v;
        }
    }
    return best;
}

size_t oq_pack_f32_size(const oq_kernels *kernels, size_t k, size_t n)
{
    size_t vector = (size_t)kernels->tiles_f32->vector, columns, size;

    if (oq_mul_overflow(divide_up(n, vector), vector, &columns) || oq_mul_overflow(columns, k, &size) ||
        oq_mul_overflow(size, sizeof(float), &size) || oq_add_overflow(size, 64, &size))
        return SIZE_MAX;
    return size;
}

static void pack_row(float *to, size_t width, size_t n, const unsigned char *from, size_t column_stride)
{
    if (column_stride == 1)
        memcpy(to, from, n * sizeof(float));
    else
        for (size_t j = 0; j < n; j++)
            memcpy(to + j, from + j * column_stride * sizeof(float), sizeof(float));
    if (n < width)
        memset(to + n, 0, (width - n) * sizeof(float));
}

/* Rows are neighbours in a column of the source: a transposed matrix, or weights of one tap. */
static void pack_transposed(float *to, size_t width, size_t n, const unsigned char *from, size_t rows,
                            size_t column_stride)
{
    oq_transpose(sizeof(float), n, rows, from, column_stride, to, width);
    if (n < width)
        for (size_t i = 0; i < rows; i++)
            memset(to + i * width + n, 0, (width - n) * sizeof(float));
}

/* n columns of the source from column j0, padded to width. */
static void pack_panel(float *to, size_t width, size_t j0, size_t n, const oq_pack_source *source)
{
    const unsigned char *from =
        (const unsigned char *)source->data + j0 * source->column_stride * sizeof(float);

    for (size_t i = 0; i < source->outer; i++, from += source->outer_stride * sizeof(float)) {
        if (source->inner_stride == 1 && source->column_stride != 1) {
            pack_transposed(to + i * source->inner * width, width, n, from, source->inner,
                            source->column_stride);
            continue;
        }
        for (size_t j = 0; j < source->inner; j++)
            pack_row(to + (i * source->inner + j) * width, width, n,
                     from + j * source->inner_stride * sizeof(float), source->column_stride);
    }
}

void oq_pack_f32_nested(const oq_kernels *kernels, const oq_pack_source *source, size_t n, void *memory,
                        oq_packed_f32 *out)
{
    size_t vector = (size_t)kernels->tiles_f32->vector, k = source->outer * source->inner;
    float *to = memory;

    *out = (oq_packed_f32){.kernels = kernels, .k = k, .n = n, .data = memory};
    out->vectors = oq_pack_f32_vectors(kernels, n);
    out->columns = (size_t)out->vectors * vector;
    out->n_panels = divide_up(n, out->columns);
    out->last_vectors = (int)divide_up(n - (out->n_panels ? out->n_panels - 1 : 0) * out->columns, vector);
    for (size_t p = 0; p < out->n_panels; p++) {
        size_t j0 = oq_packed_f32_column(out, p),
               width = (size_t)oq_packed_f32_panel_vectors(out, p) * vector;

        pack_panel(to + j0 * k, width, j0, n - j0 < width ? n - j0 : width, source);
    }
}

void oq_pack_f32(const oq_kernels *kernels, size_t k, size_t n, const void *b, size_t row_stride,
                 size_t column_stride, void *memory, oq_packed_f32 *out)
{
    oq_pack_source source = {b, 1, k, 0, row_stride, column_stride};

    oq_pack_f32_nested(kernels, &source, n, memory, out);
}

/* ------------------------------------------------------------------ running */

/* A block of rows under a range of k: its row pointers are made once and used by every panel. */
typedef struct {
    const oq_gemm_f32 *gemm;
    size_t m0, m1, k0, k1, n_tiles;
    const void *rows[BLOCK_ROWS];
} row_block;

static void run_tile(const row_block *block, size_t t, size_t panel)
{
    const oq_gemm_f32 *g = block->gemm;
    const oq_packed_f32 *b = g->b;
    size_t m = block->m1 - block->m0, r0 = m * t / block->n_tiles, r1 = m * (t + 1) / block->n_tiles;
    size_t j0 = oq_packed_f32_column(b, panel);
    int vectors = oq_packed_f32_panel_vectors(b, panel);
    size_t width = (size_t)vectors * (size_t)b->kernels->tiles_f32->vector;
    float *c = g->c + (block->m0 + r0) * g->c_stride + j0;
    bool from_c = g->accumulate || block->k0 > 0, is_last = block->k1 == b->k;
    oq_tile_f32 tile = {
        .rows = block->rows + r0,
        .n_segments = 1,
        .length = block->k1 - block->k0,
        .b = oq_packed_f32_panel(b, panel) + block->k0 * width,
        .start = from_c    ? c
                 : g->bias ? g->bias + j0
                           : zeros,
        .start_stride = from_c ? g->c_stride : 0,
        .c = c,
        .c_stride = g->c_stride,
        .lo = is_last ? g->lo : -INFINITY,
        .hi = is_last ? g->hi : INFINITY,
    };

    if (is_last && g->residual) {
        tile.addend = g->residual + (block->m0 + r0) * g->residual_stride + j0;
        tile.addend_stride = g->residual_stride;
    }
    oq_tile_f32_run(b->kernels->tiles_f32, &tile, (int)(r1 - r0), vectors, b->n - j0);
}

static void run_block(row_block *block, size_t p0, size_t p1)
{
    const oq_gemm_f32 *g = block->gemm;
    const oq_packed_f32 *b = g->b;
    size_t m = block->m1 - block->m0;
    bool is_tiny = b->n * b->k * sizeof(float) <= TINY_BYTES;

    for (size_t r = 0; r < m; r++)
        block->rows[r] =
            (g->a_rows ? g->a_rows[block->m0 + r] : g->a + (block->m0 + r) * g->a_stride) + block->k0;
    block->n_tiles = divide_up(m, (size_t)b->kernels->tiles_f32->max_rows[b->vectors]);
    if (is_tiny) {
        for (size_t t = 0; t < block->n_tiles; t++)
            for (size_t p = p0; p < p1; p++)
                run_tile(block, t, p);
    } else {
        for (size_t p = p0; p < p1; p++)
            for (size_t t = 0; t < block->n_tiles; t++)
                run_tile(block, t, p);
    }
}

/* A product of one row, by several panels at once; returns the first panel that is left. */
static size_t run_row(const oq_gemm_f32 *g, size_t m0, size_t p0, size_t p1)
{
    const oq_packed_f32 *b = g->b;
    const oq_tiles_f32 *tiles = b->kernels->tiles_f32;
    size_t at_once = (size_t)tiles->row_panels[b->vectors], width = oq_packed_f32_column(b, 1);
    float *c = g->c + m0 * g->c_stride;
    oq_row_f32 row = {.a = g->a_rows ? g->a_rows[m0] : g->a + m0 * g->a_stride,
                      .length = b->k,
                      .panel_stride = width * b->k,
                      .lo = g->lo,
                      .hi = g->hi};

    if (!tiles->row[b->vectors])
        return p0;
    for (; p0 + at_once <= p1 && (p0 + at_once) * width <= b->n; p0 += at_once) {
        size_t j0 = p0 * width;

        row.b = oq_packed_f32_panel(b, p0);
        row.c = c + j0;
        row.start = g->accumulate ? row.c : g->bias ? g->bias + j0 : zeros;
        row.addend = g->residual ? g->residual + m0 * g->residual_stride + j0 : NULL;
        tiles->row[b->vectors](&row);
    }
    return p0;
}

static size_t tile_rows(const oq_packed_f32 *b)
{
    return (size_t)b->kernels->tiles_f32->max_rows[b->vectors];
}

static size_t rows_per_block(const oq_packed_f32 *b, size_t k)
{
    size_t rows = BLOCK_BYTES / ((k ? k : 1) * sizeof(float));

    rows = (rows < BLOCK_ROWS ? rows : BLOCK_ROWS) / tile_rows(b) * tile_rows(b);
    return rows < tile_rows(b) ? tile_rows(b) : rows;
}

void oq_gemm_f32_part(const oq_gemm_f32 *g, size_t m0, size_t m1, size_t p0, size_t p1)
{
    size_t k = g->b->k, m = m1 - m0;
    bool cuts_k = k > BLOCK_K + BLOCK_K / 2 && m > OQ_TILE_MAX_ROWS && g->residual != g->c;
    size_t n_k = cuts_k ? divide_up(k, BLOCK_K) : 1; /* a residual in C would be lost under the first part */
    size_t n_blocks = divide_up(m, rows_per_block(g->b, divide_up(k, n_k)));
    row_block block; /* its rows are not worth clearing */

    block.gemm = g;
    if (m == 1)
        p0 = run_row(g, m0, p0, p1);
    if (p0 == p1)
        return;
    for (size_t i = 0; i < n_blocks; i++) {
        block.m0 = m0 + m * i / n_blocks;
        block.m1 = m0 + m * (i + 1) / n_blocks;
        for (size_t j = 0; j < n_k; j++) {
            block.k0 = k * j / n_k;
            block.k1 = k * (j + 1) / n_k;
            run_block(&block, p0, p1);
        }
    }
}

/* ------------------------------------------------------------------ parts for several threads */

typedef struct {
    const oq_gemm_f32 *gemm;
    size_t n_tiles, row_parts, panel_parts;
} split;

/* Of row part i: parts are whole tiles. */
static size_t first_row(const split *s, size_t i)
{
    return s->gemm->m * (s->n_tiles * i / s->row_parts) / s->n_tiles;
}

static void run_part(void *arg, size_t index, int worker)
{
    const split *s = arg;
    size_t i = index / s->panel_parts, j = index % s->panel_parts, n = s->gemm->b->n_panels;

    (void)worker;
    oq_gemm_f32_part(s->gemm, first_row(s, i), first_row(s, i + 1), n * j / s->panel_parts,
                     n * (j + 1) / s->panel_parts);
}

/* Cut along the panels when B is the bigger operand (each worker then reads its own half of B), else along
 * the rows. */
static split choose_split(const oq_gemm_f32 *g, size_t n_workers)
{
    const oq_packed_f32 *b = g->b;
    size_t wanted = n_workers * PARTS_PER_WORKER, tiles = divide_up(g->m, tile_rows(b));
    split s = {g, tiles, 1, 1};

    if (n_workers == 1 ||
        2.0 * (double)(g->m < LEAST_ROWS ? LEAST_ROWS : g->m) * (double)b->n * (double)b->k < PARALLEL_FLOPS)
        return s;
    if (b->n > g->m && b->n_panels >= n_workers)
        s.panel_parts = b->n_panels < wanted ? b->n_panels : wanted;
    else
        s.row_parts = tiles < wanted ? tiles : wanted;
    return s;
}

void oq_gemm_f32_run(oq_pool *pool, const oq_gemm_f32 *gemm)
{
    split s = choose_split(gemm, (size_t)oq_pool_size(pool));

    if (gemm->m > 0 && gemm->b->n > 0)
        oq_pool_run(pool, s.row_parts * s.panel_parts, run_part, &s);
}
