/* bench_kernels [SET]: speed of the kernels on shapes of real networks, one thread, minimum over runs.
 * Not a test: `make bench-kernels` runs it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "kernel/conv_f32.h"
#include "kernel/conv_int8.h"
#include "kernel/transpose.h"

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static float *floats(size_t bytes)
{
    float *x = aligned_alloc(64, (bytes + 127) / 64 * 64);
    oq_rng rng = {1};

    if (!x)
        exit(70);
    for (size_t i = 0; i < bytes / sizeof *x; i++)
        x[i] = oq_rng_float(&rng) - 0.5f;
    return x;
}

/* Seconds of one call: the minimum over at least 5 calls and 0.2 s. */
static double best_time(void (*run)(void *), void *arg)
{
    double end = now() + 0.2, best = INFINITY;

    run(arg);
    for (int i = 0; i < 5 || now() < end; i++) {
        double t = now();

        run(arg);
        t = now() - t;
        best = t < best ? t : best;
    }
    return best;
}

static void run_gemm(void *arg)
{
    oq_gemm_f32_run(NULL, arg);
}

static void bench_gemm(const oq_kernels *kernels, size_t m, size_t n, size_t k)
{
    float *a = floats(m * k * 4), *b = floats(k * n * 4), *c = floats(m * n * 4), *bias = floats(n * 4);
    void *memory = floats(oq_pack_f32_size(kernels, k, n));
    oq_packed_f32 packed;
    oq_gemm_f32 gemm = {.b = &packed,
                        .m = m,
                        .a = a,
                        .a_stride = k,
                        .bias = bias,
                        .c = c,
                        .c_stride = n,
                        .lo = -INFINITY,
                        .hi = INFINITY};
    double t;

    oq_pack_f32(kernels, k, n, b, n, 1, memory, &packed);
    t = best_time(run_gemm, &gemm);
    printf("gemm   %5zu x %4zu x %4zu             %9.1f us %7.1f GFLOP/s\n", m, n, k, t * 1e6,
           2e-9 * (double)(m * n * k) / t);
    free(a), free(b), free(c), free(bias), free(memory);
}

static void run_conv(void *arg)
{
    oq_conv_f32_run(NULL, arg);
}

static void bench_conv(const oq_kernels *kernels, size_t ci, size_t co, size_t side, size_t k, size_t stride,
                       size_t groups, oq_layout layout)
{
    oq_conv_spec spec = {2, groups, ci, co, {k, k}, {stride, stride}, {1, 1}};
    size_t pad = k / 2, out = oq_conv_out_size(side, k, stride, 1, pad, pad);
    float *x = floats(side * side * ci * 4), *y = floats(out * out * co * 4),
          *w = floats(co * ci / groups * k * k * 4);
    void *memory = floats(oq_conv_f32_size(kernels, &spec));
    oq_conv_f32 conv;
    oq_conv_f32_args args = {&conv, 1, {side, side}, {out, out}, {pad, pad}, x,   y,
                             NULL,  0, INFINITY,     layout,     layout,     NULL};
    double t;

    oq_conv_f32_prepare(kernels, &spec, w, NULL, memory, &conv);
    args.scratch = floats(oq_conv_f32_scratch(&args, 1));
    t = best_time(run_conv, &args);
    printf("conv   %4zu > %4zu @%3zu k%zu s%zu g%-4zu %s %9.1f us %7.1f GFLOP/s\n", ci, co, side, k, stride,
           groups, layout == OQ_NHWC ? "NHWC" : "NCHW", t * 1e6,
           2e-9 * (double)(out * out * k * k * ci / groups * co) / t);
    free(x), free(y), free(w), free(memory), free(args.scratch);
}

static void run_conv_int8(void *arg)
{
    oq_conv_int8_run(NULL, arg);
}

static void bench_conv_int8(const oq_kernels *kernels, size_t ci, size_t co, size_t side, size_t k,
                            size_t stride, size_t groups)
{
    oq_conv_spec spec = {2, groups, ci, co, {k, k}, {stride, stride}, {1, 1}};
    size_t pad = k / 2, out = oq_conv_out_size(side, k, stride, 1, pad, pad);
    void *x = floats(side * side * ci), *y = floats(out * out * co), *w = floats(co * ci / groups * k * k);
    float *multiplier = floats(co * 4);
    oq_conv_int8_weights weights = {w, OQ_BYTE_S8, NULL, 0, NULL};
    void *memory = floats(oq_conv_int8_size(kernels, &spec));
    oq_conv_int8 conv;
    oq_conv_int8_args args = {&conv,      1,          {side, side},
                              {out, out}, {pad, pad}, x,
                              OQ_BYTE_U8, 3,          {.y = y, .multiplier = multiplier},
                              OQ_NHWC,    OQ_NHWC,    NULL};
    double t;

    for (size_t i = 0; i < co; i++)
        multiplier[i] = 1e-4f;
    oq_conv_int8_prepare(kernels, &spec, &weights, memory, &conv);
    args.scratch = floats(oq_conv_int8_scratch(&args, 1));
    t = best_time(run_conv_int8, &args);
    printf("int8   %4zu > %4zu @%3zu k%zu s%zu g%-4zu NHWC %9.1f us %7.1f Gop/s\n", ci, co, side, k, stride,
           groups, t * 1e6, 2e-9 * (double)(out * out * k * k * ci / groups * co) / t);
    free(x), free(y), free(w), free(memory), free(args.scratch), free(multiplier);
}

static void bench_convs(const oq_kernels *kernels)
{
    static const size_t shapes[][6] = {
        {3, 64, 224, 7, 2, 1},    {64, 64, 56, 1, 1, 1},     {64, 64, 56, 3, 1, 1},
        {64, 256, 56, 1, 1, 1},   {128, 128, 28, 3, 1, 1},   {512, 128, 28, 1, 1, 1},
        {1024, 256, 14, 1, 1, 1}, {256, 256, 14, 3, 1, 1},   {512, 512, 7, 3, 1, 1},
        {2048, 512, 7, 1, 1, 1},  {3, 32, 224, 3, 2, 1},     {32, 32, 112, 3, 1, 32},
        {96, 96, 112, 3, 2, 96},  {144, 144, 56, 3, 1, 144}, {24, 144, 56, 1, 1, 1},
        {960, 960, 7, 3, 1, 960},
    };

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const size_t *s = shapes[i];

        bench_conv(kernels, s[0], s[1], s[2], s[3], s[4], s[5], OQ_NHWC);
    }
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const size_t *s = shapes[i];

        bench_conv_int8(kernels, s[0], s[1], s[2], s[3], s[4], s[5]);
    }
    bench_conv(kernels, 64, 64, 56, 3, 1, 1, OQ_NCHW);
    bench_conv(kernels, 144, 144, 56, 3, 1, 144, OQ_NCHW);
}

/* ------------------------------------------------------------------ element loops on 256 KiB, in L2 */

enum { N = 65536 };

typedef struct {
    const oq_kernels *kernels;
    const float *x, *z;
    float *y;
    unsigned char *bytes;
    int which;
} loop;

static const char *const loop_names[] = {"add",
                                         "mul scalar",
                                         "relu",
                                         "exp",
                                         "log",
                                         "erf",
                                         "tanh",
                                         "sigmoid",
                                         "gelu",
                                         "sum",
                                         "softmax, rows of 128",
                                         "layer norm, rows of 768",
                                         "minmax",
                                         "quantize u8",
                                         "dequantize u8",
                                         "fake quantize",
                                         "sum over 256 of 256 x 256",
                                         "transpose 256 x 256"};
enum { N_LOOPS = sizeof loop_names / sizeof *loop_names };

static void run_reductions(const loop *l)
{
    const oq_reduce_f32 *reduce = l->kernels->reduce;
    oq_minmax seen = {INFINITY, -INFINITY, 0, 0};

    switch (l->which) {
    case 9: l->y[0] = reduce->row[OQ_REDUCE_SUM](l->x, N); break;
    case 10:
        for (size_t i = 0; i < N; i += 128)
            reduce->softmax(l->x + i, l->y + i, 128);
        break;
    case 11:
        for (size_t i = 0; i + 768 <= N; i += 768)
            reduce->layer_norm(l->x + i, l->z, l->z, 1e-5f, l->y + i, 768, NULL, NULL);
        break;
    case 12: reduce->minmax(l->x, N, &seen), l->y[0] = seen.min; break;
    case 16: reduce->strided[OQ_REDUCE_SUM](l->x, 1, 256, 256, l->y); break;
    default: oq_transpose(sizeof(float), 256, 256, l->x, 256, l->y, 256); break;
    }
}

static void run_loop(void *arg)
{
    static const oq_unary unary[] = {OQ_RELU, OQ_EXP, OQ_LOG, OQ_ERF, OQ_TANH, OQ_SIGMOID, OQ_GELU};
    loop *l = arg;
    const oq_math_f32 *math = l->kernels->math;
    const oq_quantize_kernels *quantize = l->kernels->quantize;

    switch (l->which) {
    case 0: math->binary[OQ_ADD](l->x, l->z, l->y, N); break;
    case 1: math->binary_scalar[OQ_MUL](l->x, 3, l->y, N); break;
    case 13: quantize->quantize_u8(l->x, l->bytes, N, 0.01f, 100); break;
    case 14: quantize->dequantize_u8(l->bytes, l->y, N, 0.01f, 100); break;
    case 15: quantize->fake_quantize(l->x, l->y, N, 0.01f, 100, 0, 255); break;
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
    case 8: math->unary[unary[l->which - 2]](l->x, l->y, N); break;
    default: run_reductions(l); break;
    }
}

static void bench_loops(const oq_kernels *kernels)
{
    loop l = {kernels, floats(N * 4), floats(N * 4), floats(N * 4), (unsigned char *)floats(N), 0};

    for (; l.which < N_LOOPS; l.which++)
        printf("loop   %-38s %9.3f ns per element\n", loop_names[l.which], best_time(run_loop, &l) * 1e9 / N);
}

int main(int argc, char **argv)
{
    static const size_t gemms[][3] = {
        {256, 256, 256}, {1024, 1024, 1024}, {49, 512, 2048},  {3136, 256, 64},   {12544, 96, 16},
        {128, 768, 768}, {128, 3072, 768},   {128, 768, 3072}, {1024, 3072, 768}, {1, 1000, 2048}};
    const oq_kernels *kernels = argc > 1 ? oq_kernels_named(argv[1]) : oq_kernels_best();

    if (!kernels) {
        fprintf(stderr, "bench_kernels: no set named %s on this processor\n", argv[1]);
        return 2;
    }
    printf("%s\n", kernels->name);
    for (size_t i = 0; i < sizeof gemms / sizeof *gemms; i++)
        bench_gemm(kernels, gemms[i][0], gemms[i][1], gemms[i][2]);
    bench_convs(kernels);
    bench_loops(kernels);
    return 0;
}
