/* Every instruction set gives the bits of the plain loop: bias, then one fmaf per tap in (depth, height,
 * width, channel) order; in the padding the input is 0 (depthwise: the tap is left out, which differs only in
 * the sign of a zero). */
#include "kernel/conv_f32.h"

#include "kernel_test.h"

typedef struct {
    const char *what;
    int rank;
    size_t batch, groups, ci, co;
    size_t in[3], kernel[3], stride[3], dilation[3], pad[3], pad_end[3];
    float lo, hi;
} conv_case;

#define INF INFINITY
static const conv_case cases[] = {
    {"pointwise", 2, 2, 1, 19, 37, {7, 5}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, -INF, INF},
    {"pointwise, stride 2", 2, 1, 1, 32, 64, {9, 9}, {1, 1}, {2, 2}, {1, 1}, {0, 0}, {0, 0}, 0, INF},
    {"pointwise, rows 4 KiB apart",
     2,
     1,
     1,
     1024,
     257,
     {5, 5},
     {1, 1},
     {1, 1},
     {1, 1},
     {0, 0},
     {0, 0},
     -INF,
     INF},
    {"3x3 padded", 2, 2, 1, 16, 33, {14, 13}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 0, 6},
    {"3x3 stride 2, pads at the end only",
     2,
     1,
     1,
     20,
     17,
     {10, 11},
     {3, 3},
     {2, 2},
     {1, 1},
     {0, 0},
     {1, 1},
     -INF,
     INF},
    {"3x3 dilated", 2, 1, 1, 17, 18, {12, 12}, {3, 3}, {1, 1}, {2, 3}, {2, 3}, {2, 3}, -INF, INF},
    {"stem 7x7 stride 2", 2, 1, 1, 3, 24, {23, 22}, {7, 7}, {2, 2}, {1, 1}, {3, 3}, {3, 3}, 0, INF},
    {"one channel 5x5", 2, 3, 1, 1, 6, {12, 12}, {5, 5}, {1, 1}, {1, 1}, {2, 2}, {2, 2}, -INF, INF},
    {"grouped", 2, 1, 4, 64, 40, {8, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, -INF, INF},
    {"grouped, few channels", 2, 2, 3, 6, 9, {8, 9}, {3, 2}, {1, 2}, {1, 1}, {1, 0}, {1, 1}, -INF, INF},
    {"channel multiplier", 2, 1, 5, 5, 15, {8, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, -INF, INF},
    {"depthwise 3x3", 2, 2, 21, 21, 21, {9, 14}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 0, 6},
    {"depthwise 3x3 stride 2", 2, 1, 48, 48, 48, {13, 17}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}, -INF, INF},
    {"depthwise 5x5 dilated", 2, 1, 7, 7, 7, {13, 17}, {5, 5}, {1, 2}, {2, 2}, {4, 4}, {4, 4}, -INF, INF},
    {"depthwise, kernel wider than the image",
     2,
     1,
     18,
     18,
     18,
     {3, 3},
     {7, 7},
     {1, 1},
     {1, 1},
     {3, 3},
     {3, 3},
     -INF,
     INF},
    {"depthwise 3x3 dilated by 2",
     2,
     1,
     21,
     21,
     21,
     {9, 22},
     {3, 3},
     {1, 1},
     {2, 2},
     {2, 2},
     {2, 2},
     -INF,
     INF},
    {"depthwise 3x3 dilated by 4", 2, 1, 5, 5, 5, {9, 23}, {3, 3}, {1, 1}, {4, 4}, {4, 4}, {4, 4}, 0, INF},
    {"depthwise 5x5", 2, 1, 19, 19, 19, {9, 23}, {5, 5}, {1, 1}, {1, 1}, {2, 2}, {2, 2}, -INF, INF},
    {"depthwise 5x5 stride 2", 2, 2, 33, 33, 33, {9, 31}, {5, 5}, {2, 2}, {1, 1}, {2, 2}, {2, 2}, 0, 6},
    {"depthwise, all vectors of a border",
     2,
     1,
     150,
     150,
     150,
     {3, 2},
     {3, 3},
     {1, 1},
     {1, 1},
     {1, 1},
     {1, 1},
     0,
     6},
    {"1-D", 1, 2, 1, 40, 30, {50}, {5}, {1}, {1}, {2}, {2}, -INF, INF},
    {"1-D frames", 1, 1, 1, 1, 20, {512}, {128}, {64}, {1}, {32}, {32}, -INF, INF},
    {"1-D depthwise", 1, 1, 33, 33, 33, {40}, {9}, {1}, {1}, {8}, {0}, -INF, INF},
    {"3-D", 3, 1, 1, 6, 9, {5, 6, 7}, {3, 2, 3}, {1, 2, 1}, {1, 1, 2}, {1, 0, 2}, {1, 1, 2}, -INF, INF},
    {"3-D wide", 3, 1, 1, 24, 16, {4, 5, 6}, {3, 3, 3}, {2, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 0, INF},
    {"3-D depthwise",
     3,
     1,
     10,
     10,
     10,
     {4, 5, 6},
     {2, 3, 3},
     {1, 1, 1},
     {1, 1, 1},
     {0, 1, 1},
     {1, 1, 1},
     -INF,
     INF},
    {"large", 2, 1, 1, 64, 64, {30, 31}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 0, INF},
    {"large weights", 2, 1, 1, 256, 300, {4, 4}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 0, INF},
};

static void widen(size_t to[3], const size_t *from, int rank, size_t fill)
{
    for (int i = 0; i < 3; i++)
        to[i] = i < 3 - rank ? fill : from[i - (3 - rank)];
}

static size_t product(const size_t d[3])
{
    return d[0] * d[1] * d[2];
}

/* The tap's value in NCHW, or false in the padding. */
static bool input_at(const float *plane, const size_t in[3], ptrdiff_t z, ptrdiff_t y, ptrdiff_t x,
                     float *value)
{
    *value = 0;
    if (z < 0 || y < 0 || x < 0 || (size_t)z >= in[0] || (size_t)y >= in[1] || (size_t)x >= in[2])
        return false;
    *value = plane[((size_t)z * in[1] + (size_t)y) * in[2] + (size_t)x];
    return true;
}

/* One output; x and w point at the group's first channel and the filter. */
static float output_at(const conv_case *c, const float *x, const float *w, float bias, const size_t at[3])
{
    size_t in[3], k[3], stride[3], dilation[3], pad[3], ci = c->ci / c->groups;
    bool depthwise = c->groups > 1 && c->groups == c->ci && c->ci == c->co;
    float sum = bias;

    widen(in, c->in, c->rank, 1), widen(k, c->kernel, c->rank, 1), widen(stride, c->stride, c->rank, 1);
    widen(dilation, c->dilation, c->rank, 1), widen(pad, c->pad, c->rank, 0);
    for (size_t t = 0; t < product(k); t++) {
        size_t tap[3] = {t / k[2] / k[1], t / k[2] % k[1], t % k[2]};
        ptrdiff_t p[3];

        for (int i = 0; i < 3; i++)
            p[i] = (ptrdiff_t)(at[i] * stride[i] + tap[i] * dilation[i]) - (ptrdiff_t)pad[i];
        for (size_t q = 0; q < ci; q++) {
            float value;

            if (input_at(x + q * product(in), in, p[0], p[1], p[2], &value) || !depthwise)
                sum = fmaf(value, w[q * product(k) + t], sum);
        }
    }
    sum = c->lo > sum ? c->lo : sum;
    return c->hi < sum ? c->hi : sum;
}

/* NCHW in, NCHW out. */
static void reference(const conv_case *c, const size_t out[3], const float *x, const float *w,
                      const float *bias, float *y)
{
    size_t in[3], k[3], ci = c->ci / c->groups, co = c->co / c->groups;

    widen(in, c->in, c->rank, 1), widen(k, c->kernel, c->rank, 1);
    for (size_t n = 0; n < c->batch; n++)
        for (size_t o = 0; o < c->co; o++)
            for (size_t p = 0; p < product(out); p++) {
                size_t at[3] = {p / out[2] / out[1], p / out[2] % out[1], p % out[2]};
                const float *image = x + (n * c->ci + o / co * ci) * product(in);

                *y++ = output_at(c, image, w + o * ci * product(k), bias[o], at);
            }
}

/* (batch, channels, pixels) -> (batch, pixels, channels) */
static void to_nhwc(const float *from, float *to, size_t batch, size_t channels, size_t pixels)
{
    for (size_t n = 0; n < batch; n++)
        for (size_t c = 0; c < channels; c++)
            for (size_t p = 0; p < pixels; p++)
                to[(n * pixels + p) * channels + c] = from[(n * channels + c) * pixels + p];
}

typedef struct {
    const conv_case *c;
    size_t in_pixels, out_pixels, out[3];
    float *x, *x_nhwc, *w, *bias, *want, *want_nhwc;
} data;

static data make_data(const conv_case *c, oq_rng *rng)
{
    data d = {.c = c};
    size_t in[3], k[3], out[3], n_out;

    for (int i = 0; i < c->rank; i++)
        d.out[i] =
            oq_conv_out_size(c->in[i], c->kernel[i], c->stride[i], c->dilation[i], c->pad[i], c->pad_end[i]);
    widen(in, c->in, c->rank, 1), widen(k, c->kernel, c->rank, 1), widen(out, d.out, c->rank, 1);
    d.in_pixels = product(in);
    d.out_pixels = product(out);
    n_out = c->batch * c->co * d.out_pixels;
    d.x = test_floats(rng, c->batch * c->ci * d.in_pixels, 1);
    d.x_nhwc = test_alloc(c->batch * c->ci * d.in_pixels * sizeof(float));
    d.w = test_floats(rng, c->co * c->ci / c->groups * product(k), 1);
    d.bias = test_floats(rng, c->co, 1);
    d.want = test_alloc(n_out * sizeof(float));
    d.want_nhwc = test_alloc(n_out * sizeof(float));
    reference(c, out, d.x, d.w, d.bias, d.want);
    to_nhwc(d.x, d.x_nhwc, c->batch, c->ci, d.in_pixels);
    to_nhwc(d.want, d.want_nhwc, c->batch, c->co, d.out_pixels);
    return d;
}

static void free_data(data *d)
{
    free(d->x), free(d->x_nhwc), free(d->w), free(d->bias), free(d->want), free(d->want_nhwc);
}

/* What y ends as. args: what differs from run to run; a residual that is args->y itself is left in place. */
static void run(const oq_kernels *kernels, oq_pool *pool, const data *d, oq_conv_f32_args *args)
{
    const conv_case *c = d->c;
    oq_conv_spec spec = {.rank = c->rank, .groups = c->groups, .in_channels = c->ci, .out_channels = c->co};
    oq_conv_f32 conv;
    void *memory;

    memcpy(spec.kernel, c->kernel, sizeof spec.kernel), memcpy(spec.stride, c->stride, sizeof spec.stride);
    memcpy(spec.dilation, c->dilation, sizeof spec.dilation), memcpy(args->in, c->in, sizeof args->in);
    memcpy(args->out, d->out, sizeof args->out), memcpy(args->pad, c->pad, sizeof args->pad);
    args->conv = &conv;
    args->batch = c->batch;
    args->x = args->x_layout == OQ_NHWC ? d->x_nhwc : d->x;
    memory = test_alloc(oq_conv_f32_size(kernels, &spec));
    oq_conv_f32_prepare(kernels, &spec, d->w, d->bias, memory, &conv);
    args->scratch = test_alloc(oq_conv_f32_scratch(args, oq_pool_size(pool)));
    oq_conv_f32_run(pool, args);
    free(memory), free(args->scratch);
}

static size_t n_outputs(const data *d)
{
    return d->c->batch * d->c->co * d->out_pixels;
}

static bool is_same(const oq_kernels *kernels, const data *d, const float *got, const float *want)
{
    size_t n = n_outputs(d), at = first_difference(got, want, n);

    if (at < n)
        tap_diag("%s, %s, element %zu is %a, want %a", kernels->name, d->c->what, at, (double)got[at],
                 (double)want[at]);
    return at == n;
}

static bool run_case(const oq_kernels *kernels, oq_pool *pool, const data *d, oq_layout x_layout,
                     oq_layout y_layout)
{
    float *y = test_alloc(n_outputs(d) * sizeof *y);
    oq_conv_f32_args args = {
        .y = y, .lo = d->c->lo, .hi = d->c->hi, .x_layout = x_layout, .y_layout = y_layout};
    bool is_right;

    run(kernels, pool, d, &args);
    is_right = is_same(kernels, d, y, y_layout == OQ_NHWC ? d->want_nhwc : d->want);
    free(y);
    return is_right;
}

/* With a residual: the bits of a convolution, a sum and a clamp one after the other. */
static bool run_residual(const oq_kernels *kernels, oq_pool *pool, const data *d, oq_layout layout,
                         bool in_place)
{
    size_t n = n_outputs(d);
    oq_rng rng = {11};
    float *residual = test_floats(&rng, n, 1), *want = test_alloc(n * sizeof *want),
          *y = test_alloc(n * sizeof *y);
    oq_conv_f32_args args = {
        .y = want, .lo = -INFINITY, .hi = INFINITY, .x_layout = layout, .y_layout = layout};
    bool is_right;

    run(kernels, NULL, d, &args);
    for (size_t i = 0; i < n; i++)
        want[i] = fminf(fmaxf(want[i] + residual[i], -0.25f), 0.75f);
    args.y = in_place ? residual : y;
    args.residual = residual;
    args.lo = -0.25f;
    args.hi = 0.75f;
    run(kernels, pool, d, &args);
    is_right = is_same(kernels, d, args.y, want);
    free(residual), free(want), free(y);
    return is_right;
}

int main(void)
{
    oq_pool *pool = oq_pool_new(3);
    oq_rng rng = {7};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        data d = make_data(&cases[i], &rng);

        for (int s = 0; s < N_SET_NAMES; s++) {
            const oq_kernels *kernels = oq_kernels_named(set_names[s]);

            if (!kernels) {
                tap_skip(5, "this processor has no %s", set_names[s]);
                continue;
            }
            ok(run_case(kernels, NULL, &d, OQ_NHWC, OQ_NHWC), "%s, %s, NHWC", cases[i].what, set_names[s]);
            ok(run_case(kernels, pool, &d, OQ_NCHW, OQ_NCHW), "%s, %s, NCHW, three threads", cases[i].what,
               set_names[s]);
            ok(run_case(kernels, pool, &d, OQ_NCHW, OQ_NHWC), "%s, %s, NCHW to NHWC", cases[i].what,
               set_names[s]);
            ok(run_residual(kernels, NULL, &d, OQ_NHWC, true), "%s, %s, added to a residual", cases[i].what,
               set_names[s]);
            ok(run_residual(kernels, pool, &d, OQ_NCHW, false), "%s, %s, NCHW with a residual", cases[i].what,
               set_names[s]);
        }
        free_data(&d);
    }
    oq_pool_free(pool);
    is_int(oq_conv_out_size(7, 3, 2, 2, 1, 0), 2, "floor((7 + 1 - 5) / 2) + 1");
    is_int(oq_conv_out_size(2, 3, 1, 1, 0, 0), 0, "a kernel that does not fit gives nothing");
    is_int(oq_conv_out_size(2, 3, 1, SIZE_MAX / 2 + 2, 1, 1), 0, "a dilation that overflows gives nothing");
    return tap_done();
}
