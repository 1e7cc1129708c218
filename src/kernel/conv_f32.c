#include "kernel/conv_f32.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "kernel/conv_driver.h"

enum {
    TINY_BYTES = 128 * 1024, /* packed weights below this stay in L2 beside the input of a block */
    ALIAS_CHANNELS = 1024    /* rows 4 KiB apart fall into the same sets of L1 */
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

/* Floats of the parts of a prepared convolution, in order. */
typedef struct {
    size_t group_floats, weights, group_bias, bias, zeros, total;
} memory_plan;

static bool plan_memory(const oq_kernels *kernels, const oq_conv_spec *spec, size_t n_taps, memory_plan *plan)
{
    size_t ci = spec->in_channels / spec->groups, co = spec->out_channels / spec->groups, k, packed;
    size_t vector = (size_t)kernels->tiles_f32->vector;
    bool failed = oq_mul_overflow(ci, n_taps, &k);

    if (oq_conv_is_depthwise(spec)) {
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

size_t oq_conv_f32_size(const oq_kernels *kernels, const oq_conv_spec *spec)
{
    oq_conv_spec wide = oq_conv_widen(spec);
    memory_plan plan;
    size_t n_taps;

    if (!oq_conv_count_taps(&wide, &n_taps) || !plan_memory(kernels, &wide, n_taps, &plan))
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
                         const void *bias, void *memory, oq_conv_f32 *conv)
{
    float *packed = memory;
    memory_plan plan = {0};

    *conv = (oq_conv_f32){.spec = oq_conv_widen(spec), .rank = spec->rank, .kernels = kernels};
    oq_conv_count_taps(&conv->spec, &conv->n_taps);
    plan_memory(kernels, &conv->spec, conv->n_taps, &plan);
    conv->is_depthwise = oq_conv_is_depthwise(&conv->spec);
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

/* ------------------------------------------------------------------ run */

static void run_tile(const oq_conv_driver *driver, const oq_conv_tile *t, size_t group, size_t panel)
{
    const oq_conv_f32_args *args = driver->self;
    const oq_conv_f32 *conv = args->conv;
    size_t co = conv->packed.n, j0 = oq_packed_f32_column(&conv->packed, panel);
    size_t at = t->first_row * conv->spec.out_channels + group * co + j0;
    oq_tile_f32 tile = {
        .rows = t->table,
        .row_step = t->n_rows,
        .n_segments = t->n_segments,
        .length = t->length,
        .b = oq_packed_f32_panel(&conv->packed, panel) + group * conv->group_floats,
        .start = conv->bias + group * conv->group_bias + j0,
        .c = (float *)(void *)driver->y + at,
        .c_stride = conv->spec.out_channels,
        .lo = args->lo,
        .hi = args->hi,
    };

    if (driver->residual) {
        tile.addend = (const float *)(const void *)driver->residual + at;
        tile.addend_stride = conv->spec.out_channels;
    }
    oq_tile_f32_run(conv->kernels->tiles_f32, &tile, (int)t->n_rows,
                    oq_packed_f32_panel_vectors(&conv->packed, panel), co - j0);
}

static void run_line(const oq_conv_driver *driver, size_t index, const void *const *lines, void *scratch)
{
    const oq_conv_f32_args *args = driver->self;
    const oq_conv_f32 *conv = args->conv;
    const oq_conv_spec *spec = &conv->spec;
    size_t at = index * driver->out[2] * spec->in_channels;
    oq_depthwise_row row = {
        .rows = lines,
        .n_rows = spec->kernel[0] * spec->kernel[1],
        .channels = spec->in_channels,
        .width = (ptrdiff_t)driver->in[2],
        .out_width = (ptrdiff_t)driver->out[2],
        .kernel = (ptrdiff_t)spec->kernel[2],
        .stride = (ptrdiff_t)spec->stride[2],
        .dilation = (ptrdiff_t)spec->dilation[2],
        .pad = (ptrdiff_t)driver->pad[2],
        .weights = conv->weights,
        .bias = conv->bias,
        .y = (float *)(void *)driver->y + at,
        .residual = driver->residual ? (const float *)(const void *)driver->residual + at : NULL,
        .lo = args->lo,
        .hi = args->hi,
    };

    (void)scratch;
    conv->kernels->depthwise->row(&row);
}

static oq_conv_driver make_driver(const oq_conv_f32_args *args)
{
    const oq_conv_f32 *conv = args->conv;
    size_t ci = conv->spec.in_channels / conv->spec.groups;
    oq_conv_driver driver = {
        .self = args,
        .run_tile = run_tile,
        .run_line = run_line,
        .spec = &conv->spec,
        .batch = args->batch,
        .n_taps = conv->n_taps,
        .x_size = sizeof(float),
        .y_size = sizeof(float),
        .x = (const unsigned char *)args->x,
        .y = (unsigned char *)args->y,
        .residual = (const unsigned char *)args->residual,
        .x_layout = args->x_layout,
        .y_layout = args->y_layout,
        .padding = conv->zeros,
        .is_depthwise = conv->is_depthwise,
        .copies_patches = conv->n_taps > 1 && ci < (size_t)conv->kernels->tiles_f32->vector,
        .scratch = args->scratch,
    };

    if (!conv->is_depthwise) {
        driver.tile_rows = (size_t)conv->kernels->tiles_f32->max_rows[conv->packed.vectors];
        driver.n_panels = conv->packed.n_panels;
        driver.is_tiny = conv->packed.k * conv->packed.n * sizeof(float) <= TINY_BYTES;
        driver.spaces_rows = conv->n_taps == 1 && ci % ALIAS_CHANNELS == 0 && conv->packed.n_panels >= 4;
    }
    oq_conv_widen_sizes(driver.in, args->in, conv->rank, 1);
    oq_conv_widen_sizes(driver.out, args->out, conv->rank, 1);
    oq_conv_widen_sizes(driver.pad, args->pad, conv->rank, 0);
    return driver;
}

size_t oq_conv_f32_scratch(const oq_conv_f32_args *args, int n_workers)
{
    oq_conv_driver driver = make_driver(args);

    return oq_conv_driver_scratch(&driver, n_workers);
}

void oq_conv_f32_run(oq_pool *pool, const oq_conv_f32_args *args)
{
    oq_conv_driver driver = make_driver(args);

    oq_conv_driver_run(pool, &driver);
}
