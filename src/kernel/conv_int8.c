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
        failed |= oq_mul_overflow(n_taps * sizeof(int32_t), spec->out_channels, &plan->group);
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

/* (channel, tap) -> (tap, channel), without the zero point */
static void pack_depthwise(int32_t *to, const oq_conv_int8_weights *weights, size_t channels, size_t n_taps)
{
    for (size_t c = 0; c < channels; c++) {
        int32_t zero = weights->n_zero_points ? weights->zero_points[weights->n_zero_points > 1 ? c : 0] : 0;

        for (size_t t = 0; t < n_taps; t++) {
            unsigned char byte = ((const unsigned char *)weights->data)[c * n_taps + t];

            to[t * channels + c] = (weights->type == OQ_BYTE_S8 ? (signed char)byte : byte) - zero;
        }
    }
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
        pack_depthwise(memory, weights, spec->out_channels, conv->n_taps);
    else
        pack_groups(conv, &plan, weights, memory);
    conv->weights = conv->is_depthwise ? memory : NULL;
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

static void run_line(const oq_conv_driver *driver, size_t index, const void *const *lines, void *scratch)
{
    const int8_run *run = driver->self;
    const oq_conv_int8 *conv = run->args->conv;
    const oq_conv_spec *spec = &conv->spec;
    oq_int8_output out = output_of(driver, run);
    size_t channels = spec->in_channels, first = index * driver->out[2] * channels;
    oq_requantize how;
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
        .acc = scratch,
    };

    conv->kernels->depthwise_int8->row(&row);
    if (out.acc) {
        memcpy(out.acc + first, row.acc, driver->out[2] * channels * sizeof *row.acc);
        return;
    }
    how = oq_int8_requantize(&out, 0);
    for (size_t i = 0; i < driver->out[2]; i++)
        conv->kernels->quantize->requantize(row.acc + i * channels,
                                            (unsigned char *)out.y + first + i * channels, channels, &how);
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
        driver.line_bytes = driver.out[2] * spec->out_channels * sizeof(int32_t);
    } else {
        driver.tile_rows = (size_t)conv->kernels->tiles_int8->max_rows[conv->groups->vectors];
        driver.n_panels = conv->groups->n_panels;
        driver.is_tiny = conv->groups->k * conv->groups->n <= TINY_BYTES;
    }
    return driver;
}

/* Bytes before the driver's scratch: what each column starts from, and a pixel of padding. */
static size_t start_bytes(const oq_conv_int8 *conv)
{
    return conv->is_depthwise ? 0 : round_up_line(conv->spec.groups * oq_gemm_int8_scratch(conv->groups));
}

static size_t padding_bytes(const oq_conv_int8 *conv)
{
    return round_up_line(conv->spec.in_channels / conv->spec.groups);
}

size_t oq_conv_int8_scratch(const oq_conv_int8_args *args, int n_workers)
{
    oq_conv_driver driver = make_driver(args);
    size_t size = oq_conv_driver_scratch(&driver, n_workers);

    if (size == SIZE_MAX || oq_add_overflow(size, start_bytes(args->conv) + padding_bytes(args->conv), &size))
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
    int32_t *start = args->scratch;
    unsigned char *padding = (unsigned char *)args->scratch + start_bytes(conv);
    size_t co = conv->spec.out_channels / conv->spec.groups;

    driver.self = &run;
    driver.padding = padding;
    driver.scratch = padding + padding_bytes(conv);
    memset(padding, args->x_zero, conv->spec.in_channels / conv->spec.groups);
    if (!conv->is_depthwise) {
        run.start = start;
        run.start_step = oq_gemm_int8_scratch(conv->groups) / sizeof *start;
        for (size_t g = 0; g < conv->spec.groups; g++)
            oq_int8_start(&conv->groups[g], run.x_zero, conv->bias + g * co, start + g * run.start_step);
    }
    oq_conv_driver_run(pool, &driver);
}
