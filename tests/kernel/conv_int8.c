/* Exact in every instruction set: the plain loop over taps, padding worth the zero point. */
#include "kernel/conv_int8.h"

#include "kernel_test.h"

typedef struct {
    const char *what;
    int rank;
    size_t batch, groups, ci, co;
    size_t in[3], kernel[3], stride[3], dilation[3], pad[3], pad_end[3];
    oq_byte x_type, w_type;
    int32_t x_zero;
    size_t n_w_zeros; /* 0, 1 or co */
} conv_case;

#define U8 OQ_BYTE_U8
#define S8 OQ_BYTE_S8
static const conv_case cases[] = {
    {"pointwise", 2, 2, 1, 20, 37, {7, 5}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, U8, S8, 7, 0},
    {"pointwise, 19 channels",
     2,
     1,
     1,
     19,
     33,
     {6, 7},
     {1, 1},
     {2, 2},
     {1, 1},
     {0, 0},
     {0, 0},
     S8,
     S8,
     -5,
     0},
    {"3x3 padded", 2, 2, 1, 16, 33, {14, 13}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, U8, S8, 128, 0},
    {"3x3, u8 weights", 2, 1, 1, 24, 17, {10, 11}, {3, 3}, {2, 2}, {1, 1}, {0, 0}, {1, 1}, U8, U8, 3, 1},
    {"3x3 dilated, zero points per channel",
     2,
     1,
     1,
     32,
     18,
     {12, 12},
     {3, 3},
     {1, 1},
     {2, 3},
     {2, 3},
     {2, 3},
     S8,
     S8,
     -128,
     18},
    {"3x3, 18 channels", 2, 1, 1, 18, 18, {12, 12}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, S8, U8, 127, 18},
    {"stem 7x7 stride 2", 2, 1, 1, 3, 24, {23, 22}, {7, 7}, {2, 2}, {1, 1}, {3, 3}, {3, 3}, U8, S8, 114, 0},
    {"few channels", 2, 1, 1, 4, 24, {9, 10}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, U8, S8, 114, 0},
    {"grouped", 2, 1, 4, 64, 40, {8, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, S8, S8, 9, 40},
    {"grouped, 2 channels each",
     2,
     2,
     3,
     6,
     9,
     {8, 9},
     {3, 2},
     {1, 2},
     {1, 1},
     {1, 0},
     {1, 1},
     U8,
     S8,
     255,
     0},
    {"depthwise 3x3", 2, 2, 21, 21, 21, {9, 14}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, U8, S8, 11, 0},
    {"depthwise 3x3, s8, zero points",
     2,
     1,
     48,
     48,
     48,
     {13, 17},
     {3, 3},
     {2, 2},
     {1, 1},
     {1, 1},
     {1, 1},
     S8,
     U8,
     -3,
     48},
    {"depthwise 3x3, blocks of channels and the rest",
     2,
     1,
     150,
     150,
     150,
     {12, 40},
     {3, 3},
     {1, 1},
     {1, 1},
     {1, 1},
     {1, 1},
     U8,
     S8,
     130,
     0},
    {"depthwise 3x3, stride 2",
     2,
     2,
     70,
     70,
     70,
     {11, 90},
     {3, 3},
     {2, 2},
     {1, 1},
     {0, 1},
     {1, 0},
     S8,
     S8,
     -3,
     0},
    {"depthwise 5x7 dilated",
     2,
     1,
     33,
     33,
     33,
     {13, 50},
     {5, 7},
     {1, 3},
     {2, 5},
     {4, 15},
     {4, 15},
     U8,
     S8,
     255,
     0},
    {"depthwise 1-D, wider than the scratch memory",
     1,
     1,
     17,
     17,
     17,
     {400},
     {2},
     {1},
     {300},
     {0},
     {0},
     S8,
     S8,
     5,
     0},
    {"depthwise 3-D",
     3,
     1,
     9,
     9,
     9,
     {4, 5, 6},
     {3, 3, 3},
     {1, 2, 1},
     {1, 1, 1},
     {1, 1, 1},
     {1, 1, 1},
     U8,
     S8,
     77,
     0},
    {"1-D", 1, 2, 1, 40, 30, {50}, {5}, {1}, {1}, {2}, {2}, U8, S8, 40, 0},
    {"3-D", 3, 1, 1, 8, 9, {5, 6, 7}, {3, 2, 3}, {1, 2, 1}, {1, 1, 2}, {1, 0, 2}, {1, 1, 2}, U8, U8, 1, 9},
    {"large", 2, 1, 1, 64, 96, {30, 31}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, U8, S8, 2, 0},
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

static int32_t value_of(oq_byte type, unsigned char byte)
{
    return type == OQ_BYTE_S8 ? (signed char)byte : byte;
}

typedef struct {
    const conv_case *c;
    size_t in[3], out[3], k[3], stride[3], dilation[3], pad[3]; /* of rank 3 */
    size_t in_pixels, out_pixels;
    unsigned char *x, *x_nhwc, *w;
    int32_t *zeros, *bias, *want, *want_nhwc;
    float *multiplier;
} data;

/* One sum; x: first channel plane of the group, w: the filter. */
static uint32_t output_at(const data *d, const unsigned char *x, const unsigned char *w, int32_t w_zero,
                          size_t pixel)
{
    size_t at[3] = {pixel / d->out[2] / d->out[1], pixel / d->out[2] % d->out[1], pixel % d->out[2]};
    uint32_t sum = 0;

    for (size_t t = 0; t < product(d->k); t++) {
        size_t tap[3] = {t / d->k[2] / d->k[1], t / d->k[2] % d->k[1], t % d->k[2]};
        size_t p[3];
        bool inside = true;

        for (int i = 0; i < 3; i++) {
            p[i] = at[i] * d->stride[i] + tap[i] * d->dilation[i] - d->pad[i]; /* wraps around when outside */
            inside &= p[i] < d->in[i];
        }
        for (size_t q = 0; inside && q < d->c->ci / d->c->groups; q++) {
            unsigned char byte = x[q * d->in_pixels + (p[0] * d->in[1] + p[1]) * d->in[2] + p[2]];

            sum += (uint32_t)((value_of(d->c->x_type, byte) - d->c->x_zero) *
                              (value_of(d->c->w_type, w[q * product(d->k) + t]) - w_zero));
        }
    }
    return sum;
}

static void reference(const data *d)
{
    const conv_case *c = d->c;
    size_t ci = c->ci / c->groups, co = c->co / c->groups;

    for (size_t n = 0; n < c->batch; n++)
        for (size_t o = 0; o < c->co; o++)
            for (size_t p = 0; p < d->out_pixels; p++) {
                const unsigned char *x = d->x + (n * c->ci + o / co * ci) * d->in_pixels;
                int32_t w_zero = c->n_w_zeros ? d->zeros[c->n_w_zeros > 1 ? o : 0] : 0;
                uint32_t sum =
                    (uint32_t)d->bias[o] + output_at(d, x, d->w + o * ci * product(d->k), w_zero, p);

                memcpy(&d->want[(n * c->co + o) * d->out_pixels + p], &sum, sizeof sum);
                memcpy(&d->want_nhwc[(n * d->out_pixels + p) * c->co + o], &sum, sizeof sum);
            }
}

static void fill(data *d, oq_rng *rng)
{
    const conv_case *c = d->c;
    size_t n_x = c->batch * c->ci * d->in_pixels, n_w = c->co * (c->ci / c->groups) * product(d->k);

    d->x = test_alloc(n_x), d->x_nhwc = test_alloc(n_x), d->w = test_alloc(n_w);
    for (size_t i = 0; i < n_x; i++)
        d->x[i] = oq_rng_next(rng) & 1 ? (unsigned char)oq_rng_next(rng) : 0xff;
    for (size_t i = 0; i < n_x; i++) {
        size_t p = i % d->in_pixels, q = i / d->in_pixels % c->ci, n = i / d->in_pixels / c->ci;

        d->x_nhwc[(n * d->in_pixels + p) * c->ci + q] = d->x[i];
    }
    for (size_t i = 0; i < n_w; i++)
        d->w[i] = oq_rng_next(rng) & 1 ? (unsigned char)oq_rng_next(rng) : 0x80;
    d->zeros = test_alloc((c->co + 1) * sizeof *d->zeros), d->bias = test_alloc(c->co * sizeof *d->bias);
    d->multiplier = test_floats(rng, c->co, 0.001f);
    for (size_t i = 0; i < c->co; i++) {
        d->zeros[i] = (int32_t)oq_rng_below(rng, 256) - (c->w_type == S8 ? 128 : 0);
        d->bias[i] = (int32_t)oq_rng_below(rng, 20000) - 10000;
    }
}

static data make_data(const conv_case *c, oq_rng *rng)
{
    data d = {.c = c};
    size_t out[3];

    for (int i = 0; i < c->rank; i++)
        out[i] =
            oq_conv_out_size(c->in[i], c->kernel[i], c->stride[i], c->dilation[i], c->pad[i], c->pad_end[i]);
    widen(d.in, c->in, c->rank, 1), widen(d.out, out, c->rank, 1), widen(d.k, c->kernel, c->rank, 1);
    widen(d.stride, c->stride, c->rank, 1), widen(d.dilation, c->dilation, c->rank, 1);
    widen(d.pad, c->pad, c->rank, 0);
    d.in_pixels = product(d.in), d.out_pixels = product(d.out);
    d.want = test_alloc(c->batch * c->co * d.out_pixels * sizeof *d.want);
    d.want_nhwc = test_alloc(c->batch * c->co * d.out_pixels * sizeof *d.want);
    fill(&d, rng);
    reference(&d);
    return d;
}

static void free_data(data *d)
{
    free(d->x), free(d->x_nhwc), free(d->w), free(d->zeros), free(d->bias), free(d->want), free(d->want_nhwc);
    free(d->multiplier);
}

static oq_conv_int8_args make_args(const data *d, const oq_conv_int8 *conv, oq_layout layout)
{
    const conv_case *c = d->c;
    oq_conv_int8_args args = {.conv = conv,
                              .batch = c->batch,
                              .x_type = c->x_type,
                              .x_zero = c->x_zero,
                              .x_layout = layout,
                              .y_layout = layout};

    args.x = layout == OQ_NHWC ? d->x_nhwc : d->x;
    memcpy(args.in, d->in + 3 - c->rank, (size_t)c->rank * sizeof *args.in);
    memcpy(args.out, d->out + 3 - c->rank, (size_t)c->rank * sizeof *args.out);
    memcpy(args.pad, c->pad, sizeof args.pad);
    return args;
}

static void *prepare(const oq_kernels *kernels, const data *d, oq_conv_int8 *conv)
{
    const conv_case *c = d->c;
    oq_conv_spec spec = {.rank = c->rank, .groups = c->groups, .in_channels = c->ci, .out_channels = c->co};
    oq_conv_int8_weights weights = {d->w, c->w_type, d->zeros, c->n_w_zeros, d->bias};
    void *memory;

    memcpy(spec.kernel, c->kernel, sizeof spec.kernel), memcpy(spec.stride, c->stride, sizeof spec.stride);
    memcpy(spec.dilation, c->dilation, sizeof spec.dilation);
    memory = test_alloc(oq_conv_int8_size(kernels, &spec));
    oq_conv_int8_prepare(kernels, &spec, &weights, memory, conv);
    return memory;
}

static bool sums_are_exact(const oq_kernels *kernels, oq_pool *pool, const data *d, oq_layout layout)
{
    size_t n = d->c->batch * d->c->co * d->out_pixels;
    int32_t *acc = test_alloc(n * sizeof *acc);
    oq_conv_int8 conv;
    void *memory = prepare(kernels, d, &conv);
    oq_conv_int8_args args = make_args(d, &conv, layout);
    bool same;

    args.y.acc = acc;
    args.scratch = test_alloc(oq_conv_int8_scratch(&args, oq_pool_size(pool)));
    oq_conv_int8_run(pool, &args);
    same = memcmp(acc, layout == OQ_NHWC ? d->want_nhwc : d->want, n * sizeof *acc) == 0;
    free(acc), free(memory), free(args.scratch);
    return same;
}

/* Requantized per channel, against the kernel that the quantize test checks. */
static bool codes_are_exact(const oq_kernels *kernels, const data *d)
{
    const conv_case *c = d->c;
    size_t n = c->batch * c->co * d->out_pixels;
    unsigned char *y = test_alloc(n), *want = test_alloc(n);
    oq_requantize how = {d->multiplier, -4, -100, 90};
    oq_conv_int8 conv;
    void *memory = prepare(kernels, d, &conv);
    oq_conv_int8_args args = make_args(d, &conv, OQ_NHWC);
    bool same;

    args.y = (oq_int8_output){.y = y,
                              .y_type = S8,
                              .y_zero = -4,
                              .multiplier = d->multiplier,
                              .clamps = true,
                              .lo = -100,
                              .hi = 90};
    args.scratch = test_alloc(oq_conv_int8_scratch(&args, 1));
    oq_conv_int8_run(NULL, &args);
    for (size_t p = 0; p < c->batch * d->out_pixels; p++)
        kernels->quantize->requantize(d->want_nhwc + p * c->co, want + p * c->co, c->co, &how);
    same = memcmp(y, want, n) == 0;
    free(y), free(want), free(memory), free(args.scratch);
    return same;
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
                tap_skip(1, "this processor has no %s", set_names[s]);
                continue;
            }
            ok(sums_are_exact(kernels, NULL, &d, OQ_NHWC), "%s, %s, NHWC", cases[i].what, set_names[s]);
            ok(sums_are_exact(kernels, pool, &d, OQ_NCHW), "%s, %s, NCHW, three threads", cases[i].what,
               set_names[s]);
            ok(codes_are_exact(kernels, &d), "%s, %s, requantized", cases[i].what, set_names[s]);
        }
        free_data(&d);
    }
    oq_pool_free(pool);
    return tap_done();
}
