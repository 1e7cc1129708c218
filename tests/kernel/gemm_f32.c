/* Every instruction set gives the bits of the plain loop: start, then one fmaf per k in ascending order. */
#include "kernel/gemm_f32.h"

#include "kernel_test.h"

typedef struct {
    size_t m, n, k;
    enum { START_ZERO, START_BIAS, START_C } start;
    float lo, hi;
    enum { NO_RESIDUAL, RESIDUAL, RESIDUAL_IN_C } residual;
} shape;

static float clamp(float x, float lo, float hi)
{
    x = lo > x ? lo : x;
    return hi < x ? hi : x;
}

/* The plain loop. b is k x n. */
static void reference(const shape *s, const float *a, size_t a_stride, const float *b, const float *bias,
                      const float *residual, float *c, size_t c_stride)
{
    for (size_t i = 0; i < s->m; i++)
        for (size_t j = 0; j < s->n; j++) {
            float sum = s->start == START_C ? c[i * c_stride + j] : s->start == START_BIAS ? bias[j] : 0;

            for (size_t k = 0; k < s->k; k++)
                sum = fmaf(a[i * a_stride + k], b[k * s->n + j], sum);
            if (s->residual)
                sum += s->residual == RESIDUAL ? residual[i * s->n + j] : c[i * c_stride + j];
            c[i * c_stride + j] = clamp(sum, s->lo, s->hi);
        }
}

static bool run_shape(const oq_kernels *kernels, oq_pool *pool, const shape *s, bool transposed, oq_rng *rng)
{
    size_t a_stride = s->k + 3, c_stride = s->n + 5;
    float *a = test_floats(rng, s->m * a_stride, 1), *b = test_floats(rng, s->k * s->n, 1);
    float *b_t = test_alloc(s->k * s->n * sizeof *b_t), *bias = test_floats(rng, s->n, 1);
    float *got = test_floats(rng, s->m * c_stride, 1), *want = test_alloc(s->m * c_stride * sizeof *want);
    float *residual = test_floats(rng, s->m * s->n, 1);
    void *memory = test_alloc(oq_pack_f32_size(kernels, s->k, s->n));
    oq_packed_f32 packed;
    oq_gemm_f32 gemm = {.b = &packed,
                        .residual = s->residual == RESIDUAL ? residual
                                    : s->residual           ? got
                                                            : NULL,
                        .residual_stride = s->residual == RESIDUAL ? s->n : c_stride,
                        .m = s->m,
                        .a = a,
                        .a_stride = a_stride,
                        .c = got,
                        .c_stride = c_stride,
                        .lo = s->lo,
                        .hi = s->hi,
                        .accumulate = s->start == START_C,
                        .bias = s->start == START_BIAS ? bias : NULL};
    size_t at;

    for (size_t k = 0; k < s->k; k++)
        for (size_t j = 0; j < s->n; j++)
            b_t[j * s->k + k] = b[k * s->n + j];
    if (transposed)
        oq_pack_f32(kernels, s->k, s->n, b_t, 1, s->k, memory, &packed);
    else
        oq_pack_f32(kernels, s->k, s->n, b, s->n, 1, memory, &packed);
    memcpy(want, got, s->m * c_stride * sizeof *want);
    oq_gemm_f32_run(pool, &gemm);
    reference(s, a, a_stride, b, bias, residual, want, c_stride);
    at = first_difference(got, want, s->m * c_stride);
    if (at < s->m * c_stride)
        tap_diag("%s m %zu n %zu k %zu start %d: row %zu column %zu is %a, want %a", kernels->name, s->m,
                 s->n, s->k, s->start, at / c_stride, at % c_stride, (double)got[at], (double)want[at]);
    free(a), free(b), free(b_t), free(bias), free(got), free(want), free(memory), free(residual);
    return at == s->m * c_stride;
}

static void sweep(const oq_kernels *kernels)
{
    static const size_t ms[] = {1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 13, 25}, ks[] = {0, 1, 2, 17};
    static const size_t ns[] = {1,  3,  4,  5,  8,  9,  15,  16,  17,  31,  32,  33,
                                47, 48, 49, 63, 64, 65, 100, 128, 144, 150, 193, 290};
    oq_rng rng = {1};
    int n_bad = 0;

    for (size_t i = 0; i < sizeof ms / sizeof *ms; i++)
        for (size_t j = 0; j < sizeof ns / sizeof *ns; j++)
            for (size_t k = 0; k < sizeof ks / sizeof *ks; k++) {
                shape s = {ms[i],
                           ns[j],
                           ks[k],
                           (int)((i + j + k) % 3),
                           -INFINITY,
                           INFINITY,
                           (int)((i + j + k) / 3 % 3)};

                if ((i + j) % 2)
                    s.lo = 0, s.hi = 0.5f;
                n_bad += !run_shape(kernels, NULL, &s, k % 2, &rng);
            }
    is_int(n_bad, 0, "sizes below, at and above every tile give the bits of the plain loop");
}

static void large(const oq_kernels *kernels)
{
    static const shape shapes[] = {
        {30, 70, 9000, START_BIAS, -INFINITY, INFINITY, NO_RESIDUAL},   /* k is cut in blocks */
        {30, 70, 9000, START_BIAS, -INFINITY, INFINITY, RESIDUAL},      /* which only the last adds to */
        {30, 70, 9000, START_BIAS, -INFINITY, INFINITY, RESIDUAL_IN_C}, /* and must not overwrite */
        {1000, 96, 64, START_C, 0, INFINITY, NO_RESIDUAL},              /* several blocks of rows */
        {1, 700, 900, START_BIAS, -INFINITY, INFINITY, NO_RESIDUAL},    /* matrix by vector */
        {7, 2000, 128, START_ZERO, -1, 1, NO_RESIDUAL},                 /* cut along the panels */
    };
    oq_pool *pool = oq_pool_new(3);
    oq_rng rng = {2};

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        ok(run_shape(kernels, NULL, &shapes[i], true, &rng), "%zu x %zu x %zu on one thread", shapes[i].m,
           shapes[i].n, shapes[i].k);
        ok(run_shape(kernels, pool, &shapes[i], false, &rng), "%zu x %zu x %zu on three threads", shapes[i].m,
           shapes[i].n, shapes[i].k);
    }
    oq_pool_free(pool);
}

static void special_values(const oq_kernels *kernels)
{
    float a[3] = {NAN, INFINITY, 2}, b[1] = {1}, c[3], bias[1] = {0};
    float memory[128] __attribute__((aligned(64)));
    oq_packed_f32 packed;
    const float *rows[3] = {&a[2], &a[0], &a[1]};
    oq_gemm_f32 gemm = {
        .b = &packed, .m = 3, .a_rows = rows, .bias = bias, .c = c, .c_stride = 1, .lo = 0, .hi = 6};

    oq_pack_f32(kernels, 1, 1, b, 1, 1, memory, &packed);
    oq_gemm_f32_run(NULL, &gemm);
    is_float(c[0], 2, 0, "row pointers may stand in any order");
    ok(isnan(c[1]), "the clamp keeps a NaN");
    is_float(c[2], 6, 0, "the clamp cuts infinity");
}

static void unaligned_weights(const oq_kernels *kernels)
{
    unsigned char bytes[33];
    float b[8] = {1, 2, 3, 4, 5, 6, 7, 8}, a[2] = {1, 10}, c[4];
    float memory[160] __attribute__((aligned(64)));
    oq_packed_f32 packed;
    oq_gemm_f32 gemm = {
        .b = &packed, .m = 1, .a = a, .a_stride = 2, .c = c, .c_stride = 4, .lo = -INFINITY, .hi = INFINITY};

    memcpy(bytes + 1, b, sizeof b);
    oq_pack_f32(kernels, 2, 4, bytes + 1, 4, 1, memory, &packed);
    oq_gemm_f32_run(NULL, &gemm);
    is_float(c[3], 84, 0, "weights may lie at an odd address");
}

int main(void)
{
    for (int i = 0; i < N_SET_NAMES; i++) {
        const oq_kernels *kernels = oq_kernels_named(set_names[i]);

        if (!kernels) {
            tap_skip(1, "this processor has no %s", set_names[i]);
            continue;
        }
        tap_diag("%s", set_names[i]);
        sweep(kernels);
        large(kernels);
        special_values(kernels);
        unaligned_weights(kernels);
    }
    ok(oq_pack_f32_size(oq_kernels_best(), SIZE_MAX / 8, 16) == SIZE_MAX, "a size that overflows is refused");
    return tap_done();
}
