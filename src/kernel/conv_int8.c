#include "kernel/conv_int8.h"

#include <string.h>

#include "base/buf.h"
#include "kernel/conv_driver.h"

enum {
    TINY_BYTES = 32 * 1024, /* packed weights below this stay in L1 */
    SHORT_RUN =
        16 /* a tap of fewer channels is copied where taps are not neighbours: too short to run over */
};

static size_t round_up_line(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* ------------------------------------------------------------------ prepare */

/* Taps of a segment. Those that do not fill whole groups of four are put together: by kernel line where they
 * are neighbours in memory and the line is long enough to bear its padding; else all of them, which copies
 * (0). */
static size_t taps_per_segment(const oq_conv_spec *spec, size_t n_taps)
{
    size_t ci = spec->in_channels / spec->groups;

    if (n_taps == 1 || ci % OQ_INT8_GROUP == 0)
        return 1;
    return spec->groups == 1 && spec->dilation[2] == 1 && spec->kernel[2] * ci > OQ_INT8_GROUP
               ? spec->kernel[2]
               : 0;
}

static oq_pack_int8_source group_source(const oq_conv_spec *spec, size_t n_taps,
                                        const oq_conv_int8_weights *weights, size_t group)
{
    size_t ci = spec->in_channels / spec->groups, co = spec->out_channels / spec->groups;
    oq_pack_int8_source source = {
        .outer = n_taps,
        .inner = ci,
        .outer_stride = 1,
        .inner_stride = n_taps,
        .column_stride = ci * n_taps,
        .outer_per_segment = taps_per_segment(spec, n_taps),
    };

    if (weights) {
        source.data = (const unsigned char *)weights->data + group * co * ci * n_taps;
        source.type = weights->type;
        source.n_zero_points = weights->n_zero_points > 1 ? co : weights->n_zero_points;
        source.zero_points = weights->zero_points;
        if (weights->n_zero_points > 1)
            source.zero_points += group * co;
    }
    return source;
}

/* ------------------------------------------------------------------ depthwise weights */

static int32_t depthwise_weight(const oq_conv_int8_weights *weights, size_t n_taps, size_t c, size_t tap)
{
    int32_t zero = weights->n_zero_points ? weights->zero_points[weights->n_zero_points > 1 ? c : 0] : 0;
    unsigned char byte = ((const unsigned char *)weights->data)[c * n_taps + tap];

    return (weights->type == OQ_BYTE_S8 ? (signed char)byte : byte) - zero;
}

static bool fit_in_bytes(const oq_conv_int8_weights *weights, size_t channels, size_t n_taps)
{
    for (size_t c = 0; c < channels; c++)
        for (size_t t = 0; t < n_taps; t++) {
            int32_t w = depthwise_weight(weights, n_taps, c, t);

            if (w < INT8_MIN || w > INT8_MAX)
                return false;
        }
    return true;
}

/* (channel, tap) -> (tap, channel) */
static void pack_rows(int32_t *to, const oq_conv_int8_weights *weights, size_t channels, size_t n_taps)
{
    for (size_t c = 0; c < channels; c++)
        for (size_t t = 0; t < n_taps; t++)
            to[t * channels + c] = depthwise_weight(weights, n_taps, c, t);
}

/* Channels of a block of oq_depthwise_int8_taps. */
static size_t block_channels(const oq_kernels *kernels)
{
    return 4 * kernels->depthwise_int8->vector;
}

/* Channels rounded up to whole blocks. */
static size_t padded_channels(const oq_kernels *kernels, size_t channels)
{
    size_t block = block_channels(kernels);

    return (channels + block - 1) / block * block;
}

/* Place of channel c among the entries of all blocks. */
static size_t entry_of(const oq_kernels *kernels, size_t c)
{
    size_t block = block_channels(kernels), i = c % block;

    return c - i + i % 16 / 4 * kernels->depthwise_int8->vector + i / 16 * 4 + i % 4;
}

static size_t line_groups(const oq_conv_spec *spec)
{
    return (spec->kernel[0] * spec->kernel[1] + 3) / 4;
}

static void pack_taps(signed char *to, int32_t *sums, const oq_kernels *kernels, const oq_conv_spec *spec,
                      const oq_conv_int8_weights *weights, size_t n_taps)
{
    size_t block = block_channels(kernels), kernel = spec->kernel[2], n_groups = line_groups(spec);
    size_t block_bytes = kernel * n_groups * block * 4;

    memset(to, 0, padded_channels(kernels, spec->out_channels) / block * block_bytes);
    for (size_t c = 0; c < spec->out_channels; c++) {
        size_t entry = entry_of(kernels, c);

        sums[c] = 0;
        for (size_t t = 0; t < n_taps; t++) {
            size_t line = t / kernel, kx = t % kernel;
            int32_t w = depthwise_weight(weights, n_taps, c, t);

            to[entry / block * block_bytes + ((kx * n_groups + line / 4) * block + entry % block) * 4 +
               line % 4] = (signed char)w;
            sums[c] += w;
        }
    }
}

static void pack_depthwise(oq_conv_int8 *conv, const oq_conv_int8_weights *weights, unsigned char *memory)
{
    const oq_conv_spec *spec = &conv->spec;
    int32_t *sums = (int32_t *)(void *)memory;
    signed char *taps = (signed char *)memory + round_up_line(spec->out_channels * sizeof *sums);

    if (fit_in_bytes(weights, spec->out_channels, conv->n_taps)) {
        pack_taps(taps, sums, conv->kernels, spec, weights, conv->n_taps);
        conv->taps = taps;
        conv->tap_sums = sums;
    } else {
        pack_rows(sums, weights, spec->out_channels, conv->n_taps);
        conv->weights = sums;
    }
}

/* Bytes of either form; false: too many. */
static bool depthwise_bytes(const oq_kernels *kernels, const oq_conv_spec *spec, size_t n_taps, size_t *out)
{
    size_t rows, taps, n;

    if (oq_mul_overflow(n_taps * sizeof(int32_t), spec->out_channels, &rows) ||
        oq_mul_overflow(padded_channels(kernels, spec->out_channels) * 4, spec->kernel[2], &n) ||
        oq_mul_overflow(n, line_groups(spec), &taps) ||
        oq_add_overflow(taps, round_up_line(spec->out_channels * sizeof(int32_t)), &taps))
        return false;
    *out = rows > taps ? rows : taps;
    return true;
}

/* ------------------------------------------------------------------ memory */

/* Bytes of: the groups' records, one group's panels (or the depthwise weights), the bias. */
typedef struct {
    size_t records, group, bias, total;
} memory_plan;

static bool plan_memory(const oq_kernels *kernels, const oq_conv_spec *spec, size_t n_taps, memory_plan *plan)
{
    oq_pack_int8_source source = group_source(spec, n_taps, NULL, 0);
    size_t n_groups = spec->groups, all, ci;
    bool failed = oq_mul_overflow(n_taps, spec->in_channels / spec->groups, &ci) || ci > SIZE_MAX / 64 ||
                  spec->out_channels > SIZE_MAX / 64 || spec->groups > SIZE_MAX / 256;

    if (failed)
        return false;
    if (oq_conv_is_depthwise(spec)) {
        n_groups = 1;
        plan->records = 0;
        failed |= !depthwise_bytes(kernels, spec, n_taps, &plan->group);
    } else {
        plan->records = round_up_line(spec->groups * sizeof(oq_packed_int8));
        plan->group = oq_pack_int8_size(kernels, &source, spec->out_channels / spec->groups);
    }
    if (failed || plan->group > SIZE_MAX / 4)
        return false;
    plan->group = round_up_line(plan->group);
    plan->bias = round_up_line(spec->out_channels * sizeof(int32_t));
    failed |= oq_mul_overflow(plan->group, n_groups, &all);
    failed |= oq_add_overflow(all, plan->records + plan->bias, &plan->total);
    return !failed;
}

size_t oq_conv_int8_size(const oq_kernels *kernels, const oq_conv_spec *spec)
{
    oq_conv_spec wide = oq_conv_widen(spec);
    memory_plan plan;
    size_t n_taps;

    if (!oq_conv_count_taps(&wide, &n_taps) || !plan_memory(kernels, &wide, n_taps, &plan))
        return SIZE_MAX;
    return plan.total;
}

static void pack_groups(oq_conv_int8 *conv, const memory_plan *plan, const oq_conv_int8_weights *weights,
                        unsigned char *memory)
{
    oq_packed_int8 *records = (oq_packed_int8 *)(void *)memory;

    for (size_t g = 0; g < conv->spec.groups; g++) {
        oq_pack_int8_source source = group_source(&conv->spec, conv->n_taps, weights, g);

        oq_pack_int8(conv->kernels, &source, conv->spec.out_channels / conv->spec.groups,
                     memory + plan->records + g * plan->group, &records[g]);
    }
    conv->groups = records;
}

void oq_conv_int8_prepare(const oq_kernels *kernels, const oq_conv_spec *spec,
                          const oq_conv_int8_weights *weights, void *memory, oq_conv_int8 *conv)
{
    memory_plan plan = {0};
    int32_t *bias;

    *conv = (oq_conv_int8){.spec = oq_conv_widen(spec), .rank = spec->rank, .kernels = kernels};
    oq_conv_count_taps(&conv->spec, &conv->n_taps);
    plan_memory(kernels, &conv->spec, conv->n_taps, &plan);
    conv->is_depthwise = oq_conv_is_depthwise(&conv->spec);
    conv->copies_all = taps_per_segment(&conv->spec, conv->n_taps) == 0;
    conv->runs_lines = taps_per_segment(&conv->spec, conv->n_taps) > 1;
    if (conv->is_depthwise)
        pack_depthwise(conv, weights, memory);
    else
        pack_groups(conv, &plan, weights, memory);
    bias = (int32_t *)(void *)((unsigned char *)memory + plan.total - plan.bias);
    memset(bias, 0, plan.bias);
    if (weights->bias)
        memcpy(bias, weights->bias, spec->out_channels * sizeof *bias);
    conv->bias = bias;
}

/* ------------------------------------------------------------------ run */

/* What a run adds to the prepared convolution. */
typedef struct {
    const oq_conv_int8_args *args;
    uint8_t flip;         /* makes x unsigned */
    int32_t x_zero;       /* of the unsigned x */
    const int32_t *start; /* [group][start_step] */
    size_t start_step;
    const float *multiplier; /* depthwise by taps: as it wants it */
    const unsigned char *padding;
} int8_run;

/* Where results go: the driver's y is the caller's, or an image yet to be transposed. */
static oq_int8_output output_of(const oq_conv_driver *driver, const int8_run *run)
{
    oq_int8_output out = run->args->y;

    if (out.acc)
        out.acc = (int32_t *)(void *)driver->y;
    else
        out.y = driver->y;
    return out;
}

static void run_tile(const oq_conv_driver *driver, const oq_conv_tile *t, size_t group, size_t panel)
{
    const int8_run *run = driver->self;
    const oq_conv_int8 *conv = run->args->conv;
    size_t co = conv->spec.out_channels, first = group * (co / conv->spec.groups);
    oq_int8_output out = output_of(driver, run);
    oq_tile_int8 tile = {
        .rows = t->table,
        .row_step = t->n_rows,
        .n_segments = t->n_segments,
        .length = t->length,
        .flip = run->flip,
    };

    if (out.multiplier)
        out.multiplier += first;
    oq_int8_run_tile(&conv->groups[group], &tile, t->n_rows, panel, run->start + group * run->start_step,
                     &out, t->first_row * co + first, co);
}

static void run_row(const oq_conv_driver *driver, size_t first, const void *const *lines, void *scratch)
{
    const int8_run *run = driver->self;
    const oq_conv_int8 *conv = run->args->conv;
    const oq_conv_spec *spec = &conv->spec;
    oq_int8_output out = output_of(driver, run);
    size_t channels = spec->in_channels;
    oq_depthwise_int8_row row = {
        .rows = lines,
        .n_rows = spec->kernel[0] * spec->kernel[1],
        .channels = channels,
        .width = (ptrdiff_t)driver->in[2],
        .out_width = (ptrdiff_t)driver->out[2],
        .kernel = (ptrdiff_t)spec->kernel[2],
        .stride = (ptrdiff_t)spec->stride[2],
        .dilation = (ptrdiff_t)spec->dilation[2],
        .pad = (ptrdiff_t)driver->pad[2],
        .flip = run->flip,
        .x_zero = run->x_zero,
        .weights = conv->weights,
        .bias = conv->bias,
        .acc = out.acc ? out.acc + first : scratch,
    };
    oq_requantize how;

    conv->kernels->depthwise_int8->row(&row);
    if (out.acc)
        return;
    how = oq_int8_requantize(&out, 0);
    for (size_t i = 0; i < driver->out[2]; i++)
        conv->kernels->quantize->requantize(row.acc + i * channels,
                                            (unsigned char *)out.y + first + i * channels, channels, &how);
}

static void run_taps(const oq_conv_driver *driver, size_t first, const void *const *lines, void *scratch)
{
    const int8_run *run = driver->self;
    const oq_conv_int8 *conv = run->args->conv;
    const oq_conv_spec *spec = &conv->spec;
    oq_int8_output out = output_of(driver, run);
    oq_depthwise_int8_taps taps = {
        .rows = lines,
        .n_rows = spec->kernel[0] * spec->kernel[1],
        .channels = spec->in_channels,
        .width = (ptrdiff_t)driver->in[2],
        .out_width = (ptrdiff_t)driver->out[2],
        .kernel = (ptrdiff_t)spec->kernel[2],
        .stride = (ptrdiff_t)spec->stride[2],
        .dilation = (ptrdiff_t)spec->dilation[2],
        .pad = (ptrdiff_t)driver->pad[2],
        .flip = run->flip,
        .padding = run->padding,
        .weights = conv->taps,
        .start = run->start,
        .acc = out.acc ? out.acc + first : NULL,
        .scratch = scratch,
    };

    if (!out.acc) {
        taps.y = (unsigned char *)out.y + first;
        taps.how = oq_int8_requantize(&out, 0);
        taps.how.multiplier = run->multiplier;
    }
    conv->kernels->depthwise_int8->taps(&taps);
}

static void run_line(const oq_conv_driver *driver, size_t index, const void *const *lines, void *scratch)
{
    const oq_conv_int8 *conv = ((const int8_run *)driver->self)->args->conv;
    size_t first = index * driver->out[2] * conv->spec.in_channels;

    if (conv->taps)
        run_taps(driver, first, lines, scratch);
    else
        run_row(driver, first, lines, scratch);
}

/* Scratch of a line; SIZE_MAX: too large. */
static size_t line_bytes(const oq_conv_int8 *conv, size_t out_width)
{
    const oq_conv_spec *spec = &conv->spec;
    size_t columns, size;

    if (!conv->taps)
        return oq_mul_overflow(out_width * sizeof(int32_t), spec->out_channels, &size) ? SIZE_MAX : size;
    if (oq_mul_overflow(spec->kernel[2] - 1, spec->dilation[2], &columns) ||
        oq_mul_overflow(columns + 1, line_groups(spec) * 4 * block_channels(conv->kernels), &size))
        return SIZE_MAX;
    return size > OQ_DEPTHWISE_INT8_BYTES ? size : OQ_DEPTHWISE_INT8_BYTES;
}

static oq_conv_driver make_driver(const oq_conv_int8_args *args)
{
    const oq_conv_int8 *conv = args->conv;
    const oq_conv_spec *spec = &conv->spec;
    oq_conv_driver driver = {
        .run_tile = run_tile,
        .run_line = run_line,
        .spec = spec,
        .batch = args->batch,
        .n_taps = conv->n_taps,
        .x_size = 1,
        .y_size = args->y.acc ? sizeof(int32_t) : 1,
        .x = args->x,
        .y = args->y.acc ? (unsigned char *)args->y.acc : args->y.y,
        .x_layout = args->x_layout,
        .y_layout = args->y_layout,
        .is_depthwise = conv->is_depthwise,
        .copies_patches = conv->copies_all || conv->runs_lines ||
                          (conv->n_taps > 1 && spec->in_channels / spec->groups < SHORT_RUN),
        .copies_all = conv->copies_all,
        .splits_patches = conv->runs_lines,
    };

    oq_conv_widen_sizes(driver.in, args->in, conv->rank, 1);
    oq_conv_widen_sizes(driver.out, args->out, conv->rank, 1);
    oq_conv_widen_sizes(driver.pad, args->pad, conv->rank, 0);
    if (conv->is_depthwise) {
        driver.line_bytes = line_bytes(conv, driver.out[2]);
    } else {
        driver.tile_rows = (size_t)conv->kernels->tiles_int8->max_rows[conv->groups->vectors];
        driver.n_panels = conv->groups->n_panels;
        driver.is_tiny = conv->groups->k * conv->groups->n <= TINY_BYTES;
    }
    return driver;
}

/* Bytes before the driver's scratch: what each column starts from, multipliers by entry, and a pixel of
 * padding. */
static size_t start_bytes(const oq_conv_int8 *conv)
{
    if (conv->is_depthwise)
        return conv->taps ? padded_channels(conv->kernels, conv->spec.out_channels) * sizeof(int32_t) : 0;
    return round_up_line(conv->spec.groups * oq_gemm_int8_scratch(conv->groups));
}

static size_t multiplier_bytes(const oq_conv_int8 *conv)
{
    return conv->taps ? start_bytes(conv) : 0;
}

static size_t padding_length(const oq_conv_int8 *conv)
{
    return conv->is_depthwise ? conv->spec.in_channels : conv->spec.in_channels / conv->spec.groups;
}

static size_t front_bytes(const oq_conv_int8 *conv)
{
    return start_bytes(conv) + multiplier_bytes(conv) + round_up_line(padding_length(conv));
}

/* What the entries of oq_depthwise_int8_taps start from, and their multipliers. */
static void order_entries(const int8_run *run, int32_t *start, float *multiplier)
{
    const oq_conv_int8 *conv = run->args->conv;
    const float *given = run->args->y.acc ? NULL : run->args->y.multiplier;

    memset(start, 0, start_bytes(conv));
    memset(multiplier, 0, multiplier_bytes(conv));
    for (size_t c = 0; c < conv->spec.out_channels; c++) {
        size_t entry = entry_of(conv->kernels, c);

        start[entry] =
            (int32_t)((uint32_t)conv->bias[c] - (uint32_t)run->x_zero * (uint32_t)conv->tap_sums[c]);
        if (given)
            multiplier[entry] = given[c];
    }
}

/* Fill start_bytes() and multiplier_bytes(). */
static void make_start(int8_run *run, int32_t *start, float *multiplier)
{
    const oq_conv_int8 *conv = run->args->conv;
    size_t co = conv->spec.out_channels / conv->spec.groups;

    run->start = start;
    run->multiplier = multiplier;
    if (conv->taps)
        order_entries(run, start, multiplier);
    if (conv->is_depthwise)
        return;
    run->start_step = oq_gemm_int8_scratch(conv->groups) / sizeof *start;
    for (size_t g = 0; g < conv->spec.groups; g++)
        oq_int8_start(&conv->groups[g], run->x_zero, conv->bias + g * co, start + g * run->start_step);
}

size_t oq_conv_int8_scratch(const oq_conv_int8_args *args, int n_workers)
{
    oq_conv_driver driver = make_driver(args);
    size_t size = oq_conv_driver_scratch(&driver, n_workers);

    if (size == SIZE_MAX || driver.line_bytes == SIZE_MAX ||
        oq_add_overflow(size, front_bytes(args->conv), &size))
        return SIZE_MAX;
    return size;
}

void oq_conv_int8_run(oq_pool *pool, const oq_conv_int8_args *args)
{
    const oq_conv_int8 *conv = args->conv;
    bool is_signed = args->x_type == OQ_BYTE_S8;
    int8_run run = {
        .args = args, .flip = is_signed ? 0x80 : 0, .x_zero = is_signed ? args->x_zero + 128 : args->x_zero};
    oq_conv_driver driver = make_driver(args);
    unsigned char *start = args->scratch, *multiplier = start + start_bytes(conv);
    unsigned char *padding = multiplier + multiplier_bytes(conv);

    run.padding = padding;
    memset(padding, args->x_zero, padding_length(conv));
    make_start(&run, (int32_t *)(void *)start, (float *)(void *)multiplier);
    driver.self = &run;
    driver.padding = padding;
    driver.scratch = (unsigned char *)args->scratch + front_bytes(conv);
    oq_conv_driver_run(pool, &driver);
}
