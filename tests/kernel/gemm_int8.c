/* Exact in every instruction set: (A - a_zero)(B - b_zero) summed modulo 2^32, for u8 and s8 on either side.
 */
#include "kernel/gemm_int8.h"

#include "kernel_test.h"

typedef struct {
    size_t m, n, k;
    oq_byte a_type, b_type;
    int32_t a_zero;
    size_t n_b_zeros; /* 0, 1, or n for one per column */
} shape;

/* Extremes often, so that a saturating 16 bit sum would show. */
static unsigned char *random_bytes(oq_rng *rng, size_t n)
{
    static const unsigned char extremes[] = {0x00, 0xff, 0x7f, 0x80};
    unsigned char *x = test_alloc(n + 1);

    for (size_t i = 0; i < n; i++) {
        uint64_t r = oq_rng_next(rng);

        x[i] = r & 1 ? (unsigned char)(r >> 8) : extremes[(r >> 8) % 4];
    }
    return x;
}

static int32_t value_of(oq_byte type, unsigned char byte)
{
    return type == OQ_BYTE_S8 ? (signed char)byte : byte;
}

static int32_t *random_zeros(const shape *s, oq_rng *rng)
{
    int32_t *zeros = test_alloc((s->n_b_zeros + 1) * sizeof *zeros);

    for (size_t j = 0; j < s->n_b_zeros; j++)
        zeros[j] = (int32_t)oq_rng_below(rng, 256) - (s->b_type == OQ_BYTE_S8 ? 128 : 0);
    return zeros;
}

static void reference(const shape *s, const unsigned char *a, size_t a_stride, const unsigned char *b,
                      const int32_t *zeros, const int32_t *bias, int32_t *c, size_t c_stride)
{
    for (size_t i = 0; i < s->m; i++)
        for (size_t j = 0; j < s->n; j++) {
            int32_t b_zero = s->n_b_zeros ? zeros[s->n_b_zeros > 1 ? j : 0] : 0;
            uint32_t sum = bias ? (uint32_t)bias[j] : 0;

            for (size_t k = 0; k < s->k; k++)
                sum += (uint32_t)((value_of(s->a_type, a[i * a_stride + k]) - s->a_zero) *
                                  (value_of(s->b_type, b[k * s->n + j]) - b_zero));
            memcpy(&c[i * c_stride + j], &sum, sizeof sum);
        }
}

/* The same product as codes of either type, narrowed by a clamp, against the rows that quantize.c checks.
 * Sums of these sizes and a multiplier of up to 2^8 leave the range of int32 as well. */
static bool codes_are_exact(const oq_kernels *kernels, oq_pool *pool, const oq_gemm_int8 *gemm,
                            const int32_t *sums, oq_rng *rng)
{
    size_t m = gemm->m, n = gemm->b->n, stride = gemm->out_stride;
    float *multiplier = test_alloc((n + 1) * sizeof *multiplier);
    unsigned char *got = test_alloc(m * stride), *want = test_alloc(m * stride);
    bool same = true;

    for (size_t j = 0; j < n; j++)
        multiplier[j] = ldexpf(oq_rng_float(rng) - 0.25f, (int)oq_rng_below(rng, 40) - 32);
    multiplier[0] = NAN;
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        oq_gemm_int8 g = *gemm;
        oq_requantize how = {multiplier, is_signed ? -128 : 255, is_signed ? -128 : 0, is_signed ? 100 : 255};

        g.out = (oq_int8_output){.y = got,
                                 .y_type = is_signed ? OQ_BYTE_S8 : OQ_BYTE_U8,
                                 .y_zero = how.zero_point,
                                 .multiplier = multiplier,
                                 .clamps = is_signed,
                                 .lo = how.lo,
                                 .hi = how.hi};
        oq_gemm_int8_run(pool, &g);
        for (size_t i = 0; i < m; i++)
            kernels->quantize->requantize(sums + i * stride, want + i * stride, n, &how);
        same &= memcmp(got, want, m * stride) == 0;
    }
    free(multiplier), free(got), free(want);
    return same;
}

static bool run_shape(const oq_kernels *kernels, oq_pool *pool, const shape *s, oq_rng *rng)
{
    size_t a_stride = s->k + 1, c_stride = s->n + 3;
    unsigned char *a = random_bytes(rng, s->m * a_stride), *b = random_bytes(rng, s->k * s->n);
    int32_t *zeros = random_zeros(s, rng), *bias = test_alloc(s->n * sizeof *bias);
    int32_t *got = test_alloc(s->m * c_stride * sizeof *got),
            *want = test_alloc(s->m * c_stride * sizeof *want);
    oq_pack_int8_source source = {.data = b,
                                  .type = s->b_type,
                                  .outer = 1,
                                  .inner = s->k,
                                  .inner_stride = s->n,
                                  .column_stride = 1,
                                  .zero_points = zeros,
                                  .n_zero_points = s->n_b_zeros};
    void *memory = test_alloc(oq_pack_int8_size(kernels, &source, s->n));
    oq_packed_int8 packed;
    oq_gemm_int8 gemm = {.b = &packed,
                         .m = s->m,
                         .a = a,
                         .a_stride = a_stride,
                         .a_type = s->a_type,
                         .a_zero = s->a_zero,
                         .bias = s->m % 2 ? bias : NULL,
                         .out = {.acc = got},
                         .out_stride = c_stride};
    bool same;

    for (size_t j = 0; j < s->n; j++)
        bias[j] = (int32_t)(uint32_t)oq_rng_next(rng);
    oq_pack_int8(kernels, &source, s->n, memory, &packed);
    gemm.scratch = test_alloc(oq_gemm_int8_scratch(&packed));
    oq_gemm_int8_run(pool, &gemm);
    reference(s, a, a_stride, b, zeros, gemm.bias, want, c_stride);
    same = memcmp(got, want, s->m * c_stride * sizeof *got) == 0 &&
           codes_are_exact(kernels, pool, &gemm, want, rng);
    if (!same)
        tap_diag("%s: m %zu n %zu k %zu, types %d %d, zero points %d and %zu", kernels->name, s->m, s->n,
                 s->k, s->a_type, s->b_type, s->a_zero, s->n_b_zeros);
    free(a), free(b), free(zeros), free(bias), free(got), free(want), free(memory), free(gemm.scratch);
    return same;
}

static void sweep(const oq_kernels *kernels)
{
    static const size_t ms[] = {1, 2, 5, 6, 7, 11, 12, 13, 25}, ks[] = {0, 1, 3, 4, 5, 16, 67, 130};
    static const size_t ns[] = {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 50};
    oq_rng rng = {1};
    int n_bad = 0, turn = 0;

    for (size_t i = 0; i < sizeof ms / sizeof *ms; i++)
        for (size_t j = 0; j < sizeof ns / sizeof *ns; j++)
            for (size_t k = 0; k < sizeof ks / sizeof *ks; k++, turn++) {
                shape s = {ms[i],
                           ns[j],
                           ks[k],
                           turn & 1 ? OQ_BYTE_S8 : OQ_BYTE_U8,
                           turn & 2 ? OQ_BYTE_S8 : OQ_BYTE_U8,
                           0,
                           0};

                s.a_zero = (int32_t)oq_rng_below(&rng, 256) - (s.a_type == OQ_BYTE_S8 ? 128 : 0);
                s.n_b_zeros = turn % 3 == 0 ? 0 : turn % 3 == 1 ? 1 : s.n;
                n_bad += !run_shape(kernels, NULL, &s, &rng);
            }
    is_int(n_bad, 0,
           "sizes at every tile edge, all sign combinations, zero points per tensor and per column");
}

static void large(const oq_kernels *kernels)
{
    oq_pool *pool = oq_pool_new(3);
    oq_rng rng = {2};
    shape rows = {600, 40, 400, OQ_BYTE_U8, OQ_BYTE_S8, 3, 0},
          panels = {9, 900, 1200, OQ_BYTE_S8, OQ_BYTE_U8, -7, 900};

    ok(run_shape(kernels, pool, &rows, &rng), "parts of rows on three threads");
    ok(run_shape(kernels, pool, &panels, &rng), "parts of panels on three threads");
    oq_pool_free(pool);
}

/* 255 * -128 * 70000 is below -2^31. */
static void wraps_around(const oq_kernels *kernels)
{
    enum { K = 70000 };
    unsigned char *a = test_alloc(K), *b = test_alloc(K);
    oq_pack_int8_source source = {
        .data = b, .type = OQ_BYTE_S8, .outer = 1, .inner = K, .inner_stride = 1, .column_stride = 1};
    void *memory = test_alloc(oq_pack_int8_size(kernels, &source, 1));
    int32_t acc, scratch[64];
    oq_packed_int8 packed;
    oq_gemm_int8 gemm = {.b = &packed,
                         .m = 1,
                         .a = a,
                         .a_stride = K,
                         .out = {.acc = &acc},
                         .out_stride = 1,
                         .scratch = scratch};

    memset(a, 0xff, K);
    memset(b, 0x80, K);
    oq_pack_int8(kernels, &source, 1, memory, &packed);
    oq_gemm_int8_run(NULL, &gemm);
    is_int(acc, -255ll * 128 * K + (1ll << 32), "a sum beyond int32 wraps around");
    free(a), free(b), free(memory);
}

static void requantizes(const oq_kernels *kernels)
{
    const unsigned char a[2] = {10, 20}, b[4] = {1, 2, 0xff, 100};
    const float multiplier[4] = {0.05f, 0.125f, 1, 1};
    oq_pack_int8_source source = {
        .data = b, .type = OQ_BYTE_S8, .outer = 1, .inner = 1, .inner_stride = 4, .column_stride = 1};
    unsigned char memory[1024] __attribute__((aligned(64)));
    uint8_t y[8];
    int32_t scratch[64];
    oq_packed_int8 packed;
    oq_gemm_int8 gemm = {.b = &packed,
                         .m = 2,
                         .a = a,
                         .a_stride = 1,
                         .out_stride = 4,
                         .scratch = scratch,
                         .out = {.y = y, .y_type = OQ_BYTE_U8, .y_zero = 3, .multiplier = multiplier}};

    oq_pack_int8(kernels, &source, 4, memory, &packed);
    oq_gemm_int8_run(NULL, &gemm);
    ok(y[0] == 3 && y[1] == 5, "10 * 1 * 0.05 and 10 * 2 * 0.125 are ties and go to even: 0 and 2");
    ok(y[2] == 0 && y[3] == 255, "codes saturate at both ends");
    ok(y[4] == 4 && y[5] == 8, "row two: 1 and 5");
    gemm.out.clamps = true, gemm.out.lo = 4, gemm.out.hi = 200;
    oq_gemm_int8_run(NULL, &gemm);
    ok(y[0] == 4 && y[1] == 5 && y[2] == 4 && y[3] == 200, "codes stay within an absorbed clip");
}

int main(void)
{
    for (int s = 0; s < N_SET_NAMES; s++) {
        const oq_kernels *kernels = oq_kernels_named(set_names[s]);

        if (!kernels) {
            tap_skip(1, "this processor has no %s", set_names[s]);
            continue;
        }
        tap_diag("%s", set_names[s]);
        sweep(kernels);
        large(kernels);
        wraps_around(kernels);
        requantizes(kernels);
    }
    return tap_done();
}
