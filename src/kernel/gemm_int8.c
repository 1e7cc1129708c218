#include "kernel/gemm_int8.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"

enum {
    BLOCK_ROWS = 480,
    BLOCK_BYTES = 384 * 1024, /* rows of A that stay in a 1 MiB L2 beside a panel */
    PARALLEL_FLOPS = 1000000, /* 3 us; below this, threads that look for work find too little */
    PARTS_PER_WORKER = 3
};

static size_t divide_up(size_t a, size_t b)
{
    return a / b + (a % b != 0);
}

/* ------------------------------------------------------------------ packing */

/* Terms of a segment, and what they take with padding. */
static size_t segment_length(const oq_pack_int8_source *source)
{
    return source->inner * (source->outer_per_segment ? source->outer_per_segment : source->outer);
}

static size_t segment_groups(const oq_pack_int8_source *source)
{
    return divide_up(segment_length(source), OQ_INT8_GROUP);
}

static size_t count_groups(const oq_pack_int8_source *source)
{
    return segment_groups(source) *
           (source->outer_per_segment ? source->outer / source->outer_per_segment : 1);
}

/* Columns rounded up to whole vectors. */
static size_t padded_columns(const oq_kernels *kernels, size_t n)
{
    size_t vector = (size_t)kernels->tiles_int8->vector;

    return divide_up(n, vector) * vector;
}

size_t oq_pack_int8_size(const oq_kernels *kernels, const oq_pack_int8_source *source, size_t n)
{
    size_t columns = padded_columns(kernels, n), k, size, sums;

    if (oq_mul_overflow(source->outer, source->inner, &k) || k > SIZE_MAX / 8 ||
        oq_mul_overflow(count_groups(source) * OQ_INT8_GROUP, columns, &size) ||
        oq_mul_overflow(n, 2 * sizeof(int32_t), &sums) || oq_add_overflow(size, sums, &size) ||
        oq_add_overflow(size, 128, &size))
        return SIZE_MAX;
    return size;
}

size_t oq_packed_int8_column(const oq_packed_int8 *b, size_t panel)
{
    return panel * (size_t)b->vectors * (size_t)b->kernels->tiles_int8->vector;
}

int oq_packed_int8_panel_vectors(const oq_packed_int8 *b, size_t panel)
{
    size_t left = b->n - oq_packed_int8_column(b, panel);
    size_t vectors = divide_up(left, (size_t)b->kernels->tiles_int8->vector);

    return vectors < (size_t)b->vectors ? (int)vectors : b->vectors;
}

static const unsigned char *panel_data(const oq_packed_int8 *b, size_t panel)
{
    return (const unsigned char *)b->data + oq_packed_int8_column(b, panel) * b->n_groups * OQ_INT8_GROUP;
}

/* Column j of the source into its place in a panel `width` columns wide, made signed; returns its sum. */
static uint32_t pack_column(unsigned char *to, size_t width, const oq_pack_int8_source *source, size_t j)
{
    const unsigned char *column = (const unsigned char *)source->data + j * source->column_stride;
    unsigned char flip = source->type == OQ_BYTE_U8 ? 0x80 : 0;
    size_t length = segment_length(source), step = segment_groups(source) * OQ_INT8_GROUP;
    uint32_t sum = 0;

    for (size_t o = 0; o < source->outer; o++)
        for (size_t i = 0; i < source->inner; i++) {
            unsigned char byte = column[o * source->outer_stride + i * source->inner_stride] ^ flip;
            size_t term = o * source->inner + i, k = term / length * step + term % length;

            to[k / OQ_INT8_GROUP * width * OQ_INT8_GROUP + k % OQ_INT8_GROUP] = byte;
            sum += (uint32_t)(int32_t)(signed char)byte;
        }
    return sum;
}

static bool has_zero_points(const oq_pack_int8_source *source)
{
    bool has = source->type == OQ_BYTE_U8; /* shifted by 128 */

    for (size_t i = 0; i < source->n_zero_points; i++)
        has |= source->zero_points[i] != 0;
    return has;
}

static int32_t signed_zero_point(const oq_pack_int8_source *source, size_t j)
{
    int32_t zero = source->n_zero_points == 0 ? 0 : source->zero_points[source->n_zero_points == 1 ? 0 : j];

    return source->type == OQ_BYTE_U8 ? zero - 128 : zero;
}

void oq_pack_int8(const oq_kernels *kernels, const oq_pack_int8_source *source, size_t n, void *memory,
                  oq_packed_int8 *out)
{
    const oq_tiles_int8 *tiles = kernels->tiles_int8;
    size_t n_groups = count_groups(source), columns = padded_columns(kernels, n),
           vector = (size_t)tiles->vector;
    size_t data_bytes = divide_up(n_groups * OQ_INT8_GROUP * columns, 64) * 64;
    uint32_t *sums = (uint32_t *)(void *)((unsigned char *)memory + data_bytes);
    int32_t *zeros = (int32_t *)(void *)(sums + n);

    *out = (oq_packed_int8){.kernels = kernels,
                            .k = source->outer * source->inner,
                            .n = n,
                            .n_groups = n_groups,
                            .data = memory,
                            .column_sum = sums};
    out->vectors = tiles->max_rows[2] > 0 && n > vector ? 2 : 1;
    out->n_panels = divide_up(divide_up(n, vector), (size_t)out->vectors);
    out->zero_point = has_zero_points(source) ? zeros : NULL;
    memset(memory, 0, data_bytes);
    for (size_t p = 0; p < out->n_panels; p++) {
        size_t j0 = oq_packed_int8_column(out, p),
               width = (size_t)oq_packed_int8_panel_vectors(out, p) * vector;
        unsigned char *panel = (unsigned char *)memory + j0 * n_groups * OQ_INT8_GROUP;

        for (size_t j = j0; j < n && j < j0 + width; j++) {
            sums[j] = pack_column(panel + (j - j0) * OQ_INT8_GROUP, width, source, j);
            zeros[j] = signed_zero_point(source, j);
        }
    }
}

/* ------------------------------------------------------------------ tiles */

void oq_int8_start(const oq_packed_int8 *b, int32_t a_zero, const int32_t *bias, int32_t *start)
{
    size_t columns = padded_columns(b->kernels, b->n);

    for (size_t j = 0; j < columns; j++) {
        uint32_t value = 0;

        if (j < b->n) {
            uint32_t zero = b->zero_point ? (uint32_t)b->zero_point[j] : 0;

            value = bias ? (uint32_t)bias[j] : 0;
            value -= (uint32_t)a_zero * (b->column_sum[j] - (uint32_t)b->k * zero);
        }
        memcpy(&start[j], &value, sizeof value);
    }
}

/* Take off the zero point of each column times the sum of the row. */
static void subtract_zero_points(const oq_packed_int8 *b, const oq_tile_int8 *tile, size_t n_rows, size_t j0,
                                 size_t n)
{
    uint32_t sums[OQ_TILE_MAX_ROWS];

    b->kernels->tiles_int8->row_sums(tile, (int)n_rows, sums);
    for (size_t r = 0; r < n_rows; r++)
        for (size_t j = 0; j < n; j++) {
            uint32_t value =
                (uint32_t)tile->c[r * tile->c_stride + j] - (uint32_t)b->zero_point[j0 + j] * sums[r];

            memcpy(&tile->c[r * tile->c_stride + j], &value, sizeof value);
        }
}

oq_requantize oq_int8_requantize(const oq_int8_output *out, size_t column)
{
    oq_requantize how = {out->multiplier + column, out->y_zero, out->y_type == OQ_BYTE_S8 ? INT8_MIN : 0,
                         out->y_type == OQ_BYTE_S8 ? INT8_MAX : UINT8_MAX};

    if (out->clamps) {
        how.lo = out->lo;
        how.hi = out->hi;
    }
    return how;
}

/* Sums first: what their rows add is taken off before they are written. */
static void run_tile_with_zeros(const oq_packed_int8 *b, oq_tile_int8 *tile, size_t n_rows, int vectors,
                                size_t j0, const oq_int8_output *out, size_t first, size_t out_stride)
{
    const oq_tiles_int8 *tiles = b->kernels->tiles_int8;
    int32_t acc[OQ_TILE_MAX_ROWS * OQ_INT8_MAX_COLUMNS];
    size_t width = (size_t)vectors * (size_t)tiles->vector;

    tile->c = acc;
    tile->c_stride = width;
    tiles->tile[vectors][n_rows](tile);
    if (b->zero_point)
        subtract_zero_points(b, tile, n_rows, j0, tile->n_columns);
    for (size_t r = 0; r < n_rows; r++) {
        if (out->acc)
            memcpy(out->acc + first + r * out_stride, acc + r * width, tile->n_columns * sizeof *acc);
        else
            b->kernels->quantize->requantize(acc + r * width,
                                             (unsigned char *)out->y + first + r * out_stride,
                                             tile->n_columns, tile->how);
    }
}

void oq_int8_run_tile(const oq_packed_int8 *b, oq_tile_int8 *tile, size_t n_rows, size_t panel,
                      const int32_t *start, const oq_int8_output *out, size_t first, size_t out_stride)
{
    const oq_tiles_int8 *tiles = b->kernels->tiles_int8;
    size_t j0 = oq_packed_int8_column(b, panel);
    int vectors = oq_packed_int8_panel_vectors(b, panel);
    size_t width = (size_t)vectors * (size_t)tiles->vector;
    oq_requantize how;

    tile->b = panel_data(b, panel);
    tile->start = start + j0;
    tile->n_columns = b->n - j0 < width ? b->n - j0 : width;
    first += j0;
    if (!out->acc) {
        how = oq_int8_requantize(out, j0);
        // cppcheck-suppress autoVariables
        tile->how = &how;
    }
    if (b->zero_point || (out->acc && tile->n_columns < width)) {
        run_tile_with_zeros(b, tile, n_rows, vectors, j0, out, first, out_stride);
        return;
    }
    tile->c = out->acc ? out->acc + first : NULL;
    tile->c_stride = tile->y_stride = out_stride;
    tile->y = out->acc ? NULL : (unsigned char *)out->y + first;
    tiles->tile[vectors][n_rows](tile);
}

/* ------------------------------------------------------------------ the product */

typedef struct {
    const oq_gemm_int8 *gemm;
    const int32_t *start;
    size_t row_parts, panel_parts;
} job;

static uint8_t flip_of(oq_byte type)
{
    return type == OQ_BYTE_S8 ? 0x80 : 0;
}

/* Rows m0.. m1 (at most BLOCK_ROWS) under panels p0..p1. */
static void run_block(const job *j, size_t m0, size_t m1, size_t p0, size_t p1)
{
    const oq_gemm_int8 *g = j->gemm;
    const void *rows[BLOCK_ROWS];
    size_t m = m1 - m0, n_tiles = divide_up(m, (size_t)g->b->kernels->tiles_int8->max_rows[g->b->vectors]);

    for (size_t r = 0; r < m; r++)
        rows[r] = (const unsigned char *)g->a + (m0 + r) * g->a_stride;
    for (size_t p = p0; p < p1; p++)
        for (size_t t = 0; t < n_tiles; t++) {
            size_t r0 = m * t / n_tiles, r1 = m * (t + 1) / n_tiles;
            oq_tile_int8 tile = {
                .rows = rows + r0, .n_segments = 1, .length = g->b->k, .flip = flip_of(g->a_type)};

            oq_int8_run_tile(g->b, &tile, r1 - r0, p, j->start, &g->out, (m0 + r0) * g->out_stride,
                             g->out_stride);
        }
}

static void run_part(void *arg, size_t index, int worker)
{
    const job *j = arg;
    const oq_gemm_int8 *g = j->gemm;
    size_t i = index / j->panel_parts, q = index % j->panel_parts, panels = g->b->n_panels;
    size_t m0 = g->m * i / j->row_parts, m1 = g->m * (i + 1) / j->row_parts, m = m1 - m0;
    size_t per_block = BLOCK_BYTES / (g->b->k ? g->b->k : 1) / OQ_TILE_MAX_ROWS * OQ_TILE_MAX_ROWS, n_blocks;

    (void)worker;
    per_block = per_block > BLOCK_ROWS         ? BLOCK_ROWS
                : per_block < OQ_TILE_MAX_ROWS ? OQ_TILE_MAX_ROWS
                                               : per_block;
    n_blocks = divide_up(m, per_block);
    for (size_t t = 0; t < n_blocks; t++)
        run_block(j, m0 + m * t / n_blocks, m0 + m * (t + 1) / n_blocks, panels * q / j->panel_parts,
                  panels * (q + 1) / j->panel_parts);
}

size_t oq_gemm_int8_scratch(const oq_packed_int8 *b)
{
    return (padded_columns(b->kernels, b->n) + 1) * sizeof(int32_t);
}

void oq_gemm_int8_run(oq_pool *pool, const oq_gemm_int8 *g)
{
    size_t n_workers = (size_t)oq_pool_size(pool), wanted = n_workers * PARTS_PER_WORKER;
    size_t tiles = divide_up(g->m, OQ_TILE_MAX_ROWS), panels = g->b->n_panels;
    job j = {g, g->scratch, 1, 1};

    if (g->m == 0 || g->b->n == 0)
        return;
    oq_int8_start(g->b, g->a_type == OQ_BYTE_S8 ? g->a_zero + 128 : g->a_zero, g->bias, g->scratch);
    if (n_workers > 1 && 2.0 * (double)g->m * (double)g->b->n * (double)g->b->k >= PARALLEL_FLOPS) {
        if (g->b->n > g->m && panels >= n_workers)
            j.panel_parts = panels < wanted ? panels : wanted;
        else
            j.row_parts = tiles < wanted ? tiles : wanted;
    }
    oq_pool_run(pool, j.row_parts * j.panel_parts, run_part, &j);
}
