#include "kernel/conv_f32.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "kernel/transpose.h"

enum {
    BLOCK_ROWS = 480, /* output pixels of a block; with tiles of 4 rows and more: at most MAX_TILES tiles */
    MAX_TILES = BLOCK_ROWS,
    BLOCK_BYTES = 384 * 1024, /* input of a block: stays in a 1 MiB L2 beside a panel */
    COPIED_ROWS = 96,         /* output pixels of a block whose patches are copied */
    TABLE_POINTERS = 4096,    /* row pointers of a block: 32 KiB */
    TINY_BYTES = 32 * 1024,   /* packed weights below this stay in L1: walk rows outside */
    ALIAS_CHANNELS = 1024,    /* rows 4 KiB apart fall into the same sets of L1: copy them apart */
    ALIAS_GAP = 16,           /* floats between copied rows: one cache line */
    PARALLEL_FLOPS = 4000000, /* below this, waking a thread costs more than it saves */
    PARTS_PER_WORKER = 3
};

static size_t divide_up(size_t a, size_t b)
{
    return a / b + (a % b != 0);
}

static size_t round_up_floats(size_t n)
{
    return divide_up(n, 16) * 16; /* keeps what follows on a 64-byte line */
}

/* ------------------------------------------------------------------ prepare */

static void widen3(size_t to[OQ_CONV_RANK], const size_t *from, int rank, size_t fill)
{
    for (int i = 0; i < OQ_CONV_RANK; i++) {
        int j = i - (OQ_CONV_RANK - rank);

        to[i] = j < 0 ? fill : from[j];
    }
}

static oq_conv_spec widen(const oq_conv_spec *spec)
{
    oq_conv_spec wide = *spec;

    widen3(wide.kernel, spec->kernel, spec->rank, 1);
    widen3(wide.stride, spec->stride, spec->rank, 1);
    widen3(wide.dilation, spec->dilation, spec->rank, 1);
    wide.rank = OQ_CONV_RANK;
    return wide;
}

static bool is_depthwise(const oq_conv_spec *spec)
{
    return spec->groups > 1 && spec->groups == spec->in_channels && spec->groups == spec->out_channels;
}

/* Floats of the parts of a prepared convolution, in order. */
typedef struct {
    size_t group_floats, weights, group_bias, bias, zeros, total;
} memory_plan;

static bool plan_memory(const oq_kernels *kernels, const oq_conv_spec *spec, size_t n_taps, memory_plan *plan)
{
    size_t ci = spec->in_channels / spec->groups, co = spec->out_channels / spec->groups, k, packed;
    size_t vector = (size_t)kernels->tiles_f32->vector;
    bool failed = oq_mul_overflow(ci, n_taps, &k);

    if (is_depthwise(spec)) {
        co = spec->out_channels;
        plan->group_floats = 0;
        failed |= oq_mul_overflow(n_taps, co, &plan->weights);
        plan->group_bias = plan->bias = round_up_floats(co);
    } else {
        packed = oq_pack_f32_size(kernels, k, co);
        if (failed || packed == SIZE_MAX)
            return false;
        plan->group_floats = round_up_floats(packed / sizeof(float));
        failed |= oq_mul_overflow(plan->group_floats, spec->groups, &plan->weights);
        plan->group_bias = round_up_floats(divide_up(co, vector) * vector);
        failed |= oq_mul_overflow(plan->group_bias, spec->groups, &plan->bias);
    }
    plan->zeros = round_up_floats(ci);
    if (failed || plan->weights > SIZE_MAX / 8)
        return false;
    plan->weights = round_up_floats(plan->weights);
    failed |= oq_add_overflow(plan->weights, plan->bias, &plan->total);
    failed |= oq_add_overflow(plan->total, plan->zeros, &plan->total);
    return !failed && plan->total <= SIZE_MAX / 8;
}

static bool count_taps(const oq_conv_spec *wide, size_t *n_taps)
{
    size_t n;

    return !oq_mul_overflow(wide->kernel[0], wide->kernel[1], &n) &&
           !oq_mul_overflow(n, wide->kernel[2], n_taps);
}

size_t oq_conv_f32_size(const oq_kernels *kernels, const oq_conv_spec *spec)
{
    oq_conv_spec wide = widen(spec);
    memory_plan plan;
    size_t n_taps;

    if (!count_taps(&wide, &n_taps) || !plan_memory(kernels, &wide, n_taps, &plan))
        return SIZE_MAX;
    return plan.total * sizeof(float) + 64;
}

/* (channel, tap) -> (tap, channel) */
static void pack_depthwise(float *to, const unsigned char *weights, size_t channels, size_t n_taps)
{
    for (size_t t = 0; t < n_taps; t++)
        for (size_t c = 0; c < channels; c++)
            memcpy(to + t * channels + c, weights + (c * n_taps + t) * sizeof(float), sizeof(float));
}

static void pack_groups(oq_conv_f32 *conv, float *to, const unsigned char *weights)
{
    size_t ci = conv->spec.in_channels / conv->spec.groups, co = conv->spec.out_channels / conv->spec.groups;
    size_t k = ci * conv->n_taps;

    for (size_t g = conv->spec.groups; g-- > 0;) { /* ends with group 0, whose record is kept */
        oq_pack_source source = {weights + g * co * k * sizeof(float), conv->n_taps, ci, 1, conv->n_taps, k};

        oq_pack_f32_nested(conv->kernels, &source, co, to + g * conv->group_floats, &conv->packed);
    }
}

static void copy_bias(oq_conv_f32 *conv, float *to, size_t n_floats, const unsigned char *bias)
{
    size_t groups = conv->is_depthwise ? 1 : conv->spec.groups, co = conv->spec.out_channels / groups;

    memset(to, 0, n_floats * sizeof(float));
    for (size_t g = 0; bias && g < groups; g++)
        memcpy(to + g * conv->group_bias, bias + g * co * sizeof(float), co * sizeof(float));
}

void oq_conv_f32_prepare(const oq_kernels *kernels, const oq_conv_spec *spec, const void *weights,
                         const void *bias, float lo, float hi, void *memory, oq_conv_f32 *conv)
{
    float *packed = memory;
    memory_plan plan = {0};

    *conv = (oq_conv_f32){.spec = widen(spec), .rank = spec->rank, .kernels = kernels, .lo = lo, .hi = hi};
    count_taps(&conv->spec, &conv->n_taps);
    plan_memory(kernels, &conv->spec, conv->n_taps, &plan);
    conv->is_depthwise = is_depthwise(&conv->spec);
    conv->copies_patches =
        conv->n_taps > 1 && spec->in_channels / spec->groups < (size_t)kernels->tiles_f32->vector;
    conv->group_floats = plan.group_floats;
    conv->group_bias = plan.group_bias;
    conv->weights = packed;
    conv->bias = packed + plan.weights;
    conv->zeros = conv->bias + plan.bias;
    if (conv->is_depthwise)
        pack_depthwise(packed, weights, spec->out_channels, conv->n_taps);
    else
        pack_groups(conv, packed, weights);
    copy_bias(conv, packed + plan.weights, plan.bias, bias);
    memset(packed + plan.weights + plan.bias, 0, plan.zeros * sizeof(float));
}

size_t oq_conv_out_size(size_t in, size_t kernel, size_t stride, size_t dilation, size_t pad_begin,
                        size_t pad_end)
{
    size_t padded = in + pad_begin + pad_end, span = dilation * (kernel - 1) + 1;

    return padded < span ? 0 : (padded - span) / stride + 1;
}

/* ------------------------------------------------------------------ a run, seen as a matrix product */

/* Sizes of a run, widened to rank 3; x and y are NHWC. */
typedef struct {
    const oq_conv_f32 *conv;
    size_t in[OQ_CONV_RANK], out[OQ_CONV_RANK], pad[OQ_CONV_RANK];
    size_t in_pixels, out_pixels; /* of one image */
    size_t n_rows;                /* batch * out_pixels */
    size_t block_rows;
    const float *x;
    float *y;
    unsigned char *scratch; /* of worker 0 */
    size_t worker_scratch;  /* bytes */
    size_t row_parts, panel_parts;
} conv_job;

/* One tile of a block. */
typedef struct {
    size_t first_row, n_rows; /* output pixels */
    size_t n_segments, length;
    const float *const *table;
} conv_tile;

/* A block of output pixels of one group: the row pointers of its tiles are made once and used by every panel.
 */
typedef struct {
    const conv_job *job;
    size_t group, m0, m1;
    bool copies_rows;   /* pointwise: copy the rows apart */
    const float **next; /* free part of the pointer table */
    float *patch;       /* free part of the patch memory */
    size_t n_tiles;
    conv_tile tiles[MAX_TILES];
} conv_block;

/* Where the kernel's first tap lies for one output pixel: may be outside. */
typedef struct {
    const float *image; /* first channel of the group */
    ptrdiff_t at[OQ_CONV_RANK];
} origin;

static size_t group_inputs(const oq_conv_f32 *conv)
{
    return conv->spec.in_channels / conv->spec.groups;
}

static bool is_pointwise(const conv_job *job)
{
    return job->conv->n_taps == 1;
}

static bool spaces_rows(const oq_conv_f32 *conv)
{
    return conv->n_taps == 1 && group_inputs(conv) % ALIAS_CHANNELS == 0 && conv->packed.n_panels >= 4;
}

/* Origins of n output pixels from `row`; true when all their taps lie inside the image. */
static bool find_origins(const conv_block *block, size_t row, size_t n, origin *origins)
{
    const conv_job *job = block->job;
    const oq_conv_spec *spec = &job->conv->spec;
    size_t image = row / job->out_pixels, pixel = row % job->out_pixels;
    size_t o[OQ_CONV_RANK] = {pixel / job->out[2] / job->out[1], pixel / job->out[2] % job->out[1],
                              pixel % job->out[2]};
    bool is_inside = true;

    for (size_t r = 0; r < n; r++) {
        origins[r].image =
            job->x + image * job->in_pixels * spec->in_channels + block->group * group_inputs(job->conv);
        for (int i = 0; i < OQ_CONV_RANK; i++) {
            ptrdiff_t at = (ptrdiff_t)(o[i] * spec->stride[i]) - (ptrdiff_t)job->pad[i];
            size_t span = spec->dilation[i] * (spec->kernel[i] - 1) + 1;

            origins[r].at[i] = at;
            is_inside &= at >= 0 && (size_t)at + span <= job->in[i];
        }
        if (++o[2] < job->out[2])
            continue;
        o[2] = 0;
        if (++o[1] < job->out[1])
            continue;
        o[1] = 0;
        if (++o[0] < job->out[0])
            continue;
        o[0] = 0;
        image++;
    }
    return is_inside;
}

/* The input pixel under tap (kz, ky, kx), or the zero pixel when it lies in the padding. */
static const float *tap_pixel(const conv_job *job, const origin *from, size_t kz, size_t ky, size_t kx)
{
    const oq_conv_spec *spec = &job->conv->spec;
    ptrdiff_t z = from->at[0] + (ptrdiff_t)(kz * spec->dilation[0]);
    ptrdiff_t y = from->at[1] + (ptrdiff_t)(ky * spec->dilation[1]);
    ptrdiff_t x = from->at[2] + (ptrdiff_t)(kx * spec->dilation[2]);

    if (z < 0 || y < 0 || x < 0 || (size_t)z >= job->in[0] || (size_t)y >= job->in[1] ||
        (size_t)x >= job->in[2])
        return job->conv->zeros;
    return from->image + (((size_t)z * job->in[1] + (size_t)y) * job->in[2] + (size_t)x) * spec->in_channels;
}

/* All taps inside: the taps of one kernel line are neighbours in memory, one segment. */
static void point_at_lines(conv_block *block, conv_tile *tile, const origin *origins)
{
    const oq_conv_spec *spec = &block->job->conv->spec;

    tile->n_segments = spec->kernel[0] * spec->kernel[1];
    tile->length = spec->kernel[2] * spec->in_channels;
    for (size_t kz = 0; kz < spec->kernel[0]; kz++)
        for (size_t ky = 0; ky < spec->kernel[1]; ky++)
            for (size_t r = 0; r < tile->n_rows; r++)
                *block->next++ = tap_pixel(block->job, &origins[r], kz, ky, 0);
}

static void point_at_taps(conv_block *block, conv_tile *tile, const origin *origins)
{
    const oq_conv_spec *spec = &block->job->conv->spec;

    tile->n_segments = block->job->conv->n_taps;
    tile->length = group_inputs(block->job->conv);
    for (size_t kz = 0; kz < spec->kernel[0]; kz++)
        for (size_t ky = 0; ky < spec->kernel[1]; ky++)
            for (size_t kx = 0; kx < spec->kernel[2]; kx++)
                for (size_t r = 0; r < tile->n_rows; r++)
                    *block->next++ = tap_pixel(block->job, &origins[r], kz, ky, kx);
}

static void copy_patches(conv_block *block, conv_tile *tile, const origin *origins)
{
    const oq_conv_spec *spec = &block->job->conv->spec;
    size_t ci = group_inputs(block->job->conv);

    tile->n_segments = 1;
    tile->length = ci * block->job->conv->n_taps;
    for (size_t r = 0; r < tile->n_rows; r++) {
        *block->next++ = block->patch;
        for (size_t kz = 0; kz < spec->kernel[0]; kz++)
            for (size_t ky = 0; ky < spec->kernel[1]; ky++)
                for (size_t kx = 0; kx < spec->kernel[2]; kx++, block->patch += ci) {
                    const float *from = tap_pixel(block->job, &origins[r], kz, ky, kx);

                    for (size_t c = 0; c < ci; c++) /* few: memcpy would cost a call */
                        block->patch[c] = from[c];
                }
    }
}

static void copy_rows(conv_block *block, conv_tile *tile)
{
    for (size_t r = 0; r < tile->n_rows; r++) {
        const float **row = block->next - tile->n_rows + r;

        memcpy(block->patch, *row, tile->length * sizeof(float));
        *row = block->patch;
        block->patch += tile->length + ALIAS_GAP;
    }
}

static void make_tile(conv_block *block, conv_tile *tile)
{
    const oq_conv_f32 *conv = block->job->conv;
    origin origins[OQ_TILE_MAX_ROWS];
    bool is_inside = find_origins(block, tile->first_row, tile->n_rows, origins);
    bool is_line = conv->spec.kernel[2] == 1 || (conv->spec.dilation[2] == 1 && conv->spec.groups == 1);

    tile->table = block->next;
    if (is_inside && conv->spec.groups == 1 && is_line)
        point_at_lines(block, tile, origins);
    else if (conv->copies_patches)
        copy_patches(block, tile, origins);
    else
        point_at_taps(block, tile, origins);
    if (block->copies_rows)
        copy_rows(block, tile);
}

static void run_tile(const conv_block *block, const conv_tile *t, size_t panel)
{
    const conv_job *job = block->job;
    const oq_conv_f32 *conv = job->conv;
    size_t co = conv->packed.n, j0 = oq_packed_f32_column(&conv->packed, panel);
    oq_tile_f32 tile = {
        .rows = t->table,
        .row_step = t->n_rows,
        .n_segments = t->n_segments,
        .length = t->length,
        .b = oq_packed_f32_panel(&conv->packed, panel) + block->group * conv->group_floats,
        .start = conv->bias + block->group * conv->group_bias + j0,
        .c = job->y + t->first_row * conv->spec.out_channels + block->group * co + j0,
        .c_stride = conv->spec.out_channels,
        .lo = conv->lo,
        .hi = conv->hi,
    };

    oq_tile_f32_run(conv->kernels->tiles_f32, &tile, (int)t->n_rows,
                    oq_packed_f32_panel_vectors(&conv->packed, panel), co - j0);
}

static void run_block(conv_block *block, size_t p0, size_t p1)
{
    const oq_packed_f32 *packed = &block->job->conv->packed;
    size_t m = block->m1 - block->m0;
    bool is_tiny = packed->k * packed->n * sizeof(float) <= TINY_BYTES;

    block->n_tiles = divide_up(m, (size_t)packed->kernels->tiles_f32->max_rows[packed->vectors]);
    for (size_t t = 0; t < block->n_tiles; t++) {
        conv_tile *tile = &block->tiles[t];

        tile->first_row = block->m0 + m * t / block->n_tiles;
        tile->n_rows = block->m0 + m * (t + 1) / block->n_tiles - tile->first_row;
        make_tile(block, tile);
    }
    if (is_tiny) {
        for (size_t t = 0; t < block->n_tiles; t++)
            for (size_t p = p0; p < p1; p++)
                run_tile(block, &block->tiles[t], p);
    } else {
        for (size_t p = p0; p < p1; p++)
            for (size_t t = 0; t < block->n_tiles; t++)
                run_tile(block, &block->tiles[t], p);
    }
}

/* ------------------------------------------------------------------ blocks, parts, threads */

static size_t rows_per_block(const oq_conv_f32 *conv)
{
    const oq_conv_spec *spec = &conv->spec;
    size_t tile_rows = (size_t)conv->kernels->tiles_f32->max_rows[conv->packed.vectors];
    size_t reuse = conv->n_taps > 1 ? spec->stride[0] * spec->stride[1] * spec->stride[2] : 1;
    size_t rows = BLOCK_BYTES / sizeof(float) / group_inputs(conv) / reuse;

    if (rows > BLOCK_ROWS)
        rows = BLOCK_ROWS;
    if (conv->copies_patches && rows > COPIED_ROWS)
        rows = COPIED_ROWS;
    if (rows > TABLE_POINTERS / conv->n_taps)
        rows = TABLE_POINTERS / conv->n_taps;
    rows = rows / tile_rows * tile_rows;
    return rows < tile_rows ? tile_rows : rows;
}

/* Bytes of one worker: its pointer table, then its patches. */
static size_t table_bytes(const conv_job *job)
{
    return round_up_floats(job->block_rows * job->conv->n_taps * sizeof(float *) / sizeof(float) + 1) *
           sizeof(float);
}

static size_t patch_bytes(const conv_job *job)
{
    const oq_conv_f32 *conv = job->conv;
    size_t k = group_inputs(conv) * conv->n_taps;

    if (conv->copies_patches)
        return round_up_floats(job->block_rows * k) * sizeof(float);
    return spaces_rows(conv) ? job->block_rows * (k + ALIAS_GAP) * sizeof(float) : 0;
}

static void run_rows(const conv_job *job, int worker, size_t group, size_t m0, size_t m1, size_t p0,
                     size_t p1)
{
    unsigned char *scratch = job->scratch + (size_t)worker * job->worker_scratch;
    size_t m = m1 - m0, n_blocks = divide_up(m, job->block_rows);
    conv_block block;

    block.job = job;
    block.group = group;
    block.copies_rows = is_pointwise(job) && spaces_rows(job->conv) && p1 - p0 >= 4;
    for (size_t i = 0; i < n_blocks; i++) {
        block.m0 = m0 + m * i / n_blocks;
        block.m1 = m0 + m * (i + 1) / n_blocks;
        block.next = (const float **)(void *)scratch;
        block.patch = (float *)(void *)(scratch + table_bytes(job));
        run_block(&block, p0, p1);
    }
}

static void run_part(void *arg, size_t index, int worker)
{
    const conv_job *job = arg;
    size_t panels = job->conv->packed.n_panels;
    size_t j = index % job->panel_parts, i = index / job->panel_parts % job->row_parts;
    size_t group = index / job->panel_parts / job->row_parts;

    run_rows(job, worker, group, job->n_rows * i / job->row_parts, job->n_rows * (i + 1) / job->row_parts,
             panels * j / job->panel_parts, panels * (j + 1) / job->panel_parts);
}

/* Row pointers of output line `index` (image, depth, height), then the line. */
static void run_depthwise_line(const conv_job *job, size_t index, const float **rows)
{
    const oq_conv_f32 *conv = job->conv;
    const oq_conv_spec *spec = &conv->spec;
    size_t channels = spec->in_channels, lines = job->out[0] * job->out[1];
    origin from = {job->x + index / lines * job->in_pixels * channels,
                   {(ptrdiff_t)(index % lines / job->out[1] * spec->stride[0]) - (ptrdiff_t)job->pad[0],
                    (ptrdiff_t)(index % job->out[1] * spec->stride[1]) - (ptrdiff_t)job->pad[1], 0}};
    oq_depthwise_row row = {
        .rows = rows,
        .n_rows = spec->kernel[0] * spec->kernel[1],
        .channels = channels,
        .width = (ptrdiff_t)job->in[2],
        .out_width = (ptrdiff_t)job->out[2],
        .kernel = (ptrdiff_t)spec->kernel[2],
        .stride = (ptrdiff_t)spec->stride[2],
        .dilation = (ptrdiff_t)spec->dilation[2],
        .pad = (ptrdiff_t)job->pad[2],
        .weights = conv->weights,
        .bias = conv->bias,
        .y = job->y + index * job->out[2] * channels,
        .lo = conv->lo,
        .hi = conv->hi,
    };

    for (size_t kz = 0; kz < spec->kernel[0]; kz++)
        for (size_t ky = 0; ky < spec->kernel[1]; ky++) {
            const float *line = tap_pixel(job, &from, kz, ky, 0);

            *rows++ = line == conv->zeros ? NULL : line;
        }
    conv->kernels->depthwise->row(&row);
}

static void run_depthwise_part(void *arg, size_t index, int worker)
{
    const conv_job *job = arg;
    size_t lines = job->n_rows / job->out[2];
    size_t l0 = lines * index / job->row_parts, l1 = lines * (index + 1) / job->row_parts;
    const float **rows = (const float **)(void *)(job->scratch + (size_t)worker * job->worker_scratch);

    for (size_t line = l0; line < l1; line++)
        run_depthwise_line(job, line, rows);
}

/* How many parts along rows and panels: panels when the weights outweigh the activations. */
static void choose_parts(conv_job *job, size_t n_workers)
{
    const oq_conv_f32 *conv = job->conv;
    size_t wanted = n_workers * PARTS_PER_WORKER, k = group_inputs(conv) * conv->n_taps,
           co = conv->spec.out_channels;
    size_t limit = conv->is_depthwise ? job->n_rows / job->out[2] : divide_up(job->n_rows, OQ_TILE_MAX_ROWS);

    job->row_parts = job->panel_parts = 1;
    if (n_workers == 1 || 2.0 * (double)job->n_rows * (double)k * (double)co < PARALLEL_FLOPS)
        return;
    if (!conv->is_depthwise && k * co > job->in_pixels * conv->spec.in_channels &&
        conv->packed.n_panels >= n_workers)
        job->panel_parts = conv->packed.n_panels < wanted ? conv->packed.n_panels : wanted;
    else
        job->row_parts = limit < wanted ? limit : wanted;
}

static void run_nhwc(oq_pool *pool, conv_job *job)
{
    if (job->n_rows == 0)
        return;
    choose_parts(job, (size_t)oq_pool_size(pool));
    if (job->conv->is_depthwise)
        oq_pool_run(pool, job->row_parts, run_depthwise_part, job);
    else
        oq_pool_run(pool, job->conv->spec.groups * job->row_parts * job->panel_parts, run_part, job);
}

/* ------------------------------------------------------------------ layouts */

static conv_job make_job(const oq_conv_f32_args *args)
{
    const oq_conv_f32 *conv = args->conv;
    conv_job job = {.conv = conv, .x = args->x, .y = args->y, .scratch = args->scratch};

    widen3(job.in, args->in, conv->rank, 1);
    widen3(job.out, args->out, conv->rank, 1);
    widen3(job.pad, args->pad, conv->rank, 0);
    job.in_pixels = job.in[0] * job.in[1] * job.in[2];
    job.out_pixels = job.out[0] * job.out[1] * job.out[2];
    job.n_rows = args->batch * job.out_pixels;
    if (conv->is_depthwise) {
        job.worker_scratch =
            divide_up(conv->spec.kernel[0] * conv->spec.kernel[1] * sizeof(float *), 64) * 64;
    } else {
        job.block_rows = rows_per_block(conv);
        job.worker_scratch = divide_up(table_bytes(&job) + patch_bytes(&job), 64) * 64;
    }
    return job;
}

/* Floats of a transposed image, 0 when the layout is already NHWC in memory. */
static size_t image_floats(oq_layout layout, size_t channels, size_t pixels)
{
    size_t n;

    if (layout == OQ_NHWC || channels == 1 || pixels <= 1)
        return 0;
    return oq_mul_overflow(channels, pixels, &n) || n > SIZE_MAX / 16 ? SIZE_MAX / 16 : round_up_floats(n);
}

size_t oq_conv_f32_scratch(const oq_conv_f32_args *args, int n_workers)
{
    conv_job job = make_job(args);
    const oq_conv_spec *spec = &args->conv->spec;
    size_t x = image_floats(args->x_layout, spec->in_channels, job.in_pixels), size;
    size_t y = image_floats(args->y_layout, spec->out_channels, job.out_pixels);

    if (x == SIZE_MAX / 16 || y == SIZE_MAX / 16 ||
        oq_mul_overflow(job.worker_scratch, (size_t)n_workers, &size) ||
        oq_add_overflow(size, (x + y) * sizeof(float), &size))
        return SIZE_MAX;
    return size;
}

/* One image at a time, so that scratch holds one image. */
static void run_image(oq_pool *pool, const oq_conv_f32_args *args, conv_job *job, size_t image, float *x,
                      float *y)
{
    const oq_conv_spec *spec = &args->conv->spec;
    const float *x_from = args->x + image * spec->in_channels * job->in_pixels;
    float *y_to = args->y + image * spec->out_channels * job->out_pixels;

    job->x = x ? x : x_from;
    job->y = y ? y : y_to;
    if (x)
        oq_transpose_batch(pool, sizeof(float), 1, spec->in_channels, job->in_pixels, x_from, x);
    run_nhwc(pool, job);
    if (y)
        oq_transpose_batch(pool, sizeof(float), 1, job->out_pixels, spec->out_channels, y, y_to);
}

void oq_conv_f32_run(oq_pool *pool, const oq_conv_f32_args *args)
{
    conv_job job = make_job(args);
    const oq_conv_spec *spec = &args->conv->spec;
    size_t x_floats = image_floats(args->x_layout, spec->in_channels, job.in_pixels);
    size_t y_floats = image_floats(args->y_layout, spec->out_channels, job.out_pixels);
    float *images = (float *)(void *)(job.scratch + job.worker_scratch * (size_t)oq_pool_size(pool));

    if (x_floats == 0 && y_floats == 0) {
        run_nhwc(pool, &job);
        return;
    }
    job.n_rows = job.out_pixels;
    for (size_t i = 0; i < args->batch; i++)
        run_image(pool, args, &job, i, x_floats ? images : NULL, y_floats ? images + x_floats : NULL);
}
