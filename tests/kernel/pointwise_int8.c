/* Against the plain formulas, below, at and above the vectors of each set, every pair of types. */
#include "kernel/pointwise_int8.h"

#include <math.h>
#include <stdint.h>

#include "kernel_test.h"

enum { MOST = 300 };

typedef struct {
    unsigned char a[MOST], b[MOST];
    float fa[MOST], fb[MOST];
    oq_codes_int8 sides[2];
    oq_requantize how;
} operands;

static int32_t value_of(bool is_signed, unsigned char byte)
{
    return is_signed ? (signed char)byte : byte;
}

static unsigned char code_of(float x, const oq_requantize *how)
{
    float code = rintf(x) + (float)how->zero_point;

    if (!(code > (float)how->lo))
        return (unsigned char)how->lo;
    return (unsigned char)(code >= (float)how->hi ? how->hi : (int32_t)code);
}

static operands make(oq_rng *rng, int types)
{
    operands o;

    for (int i = 0; i < MOST; i++) {
        o.a[i] = (unsigned char)oq_rng_next(rng), o.b[i] = (unsigned char)oq_rng_next(rng);
        o.fa[i] = (oq_rng_float(rng) - 0.5f) * 8, o.fb[i] = (oq_rng_float(rng) - 0.5f) * 8;
    }
    o.fa[3] = NAN, o.fa[5] = INFINITY, o.fa[7] = -INFINITY, o.fa[9] = -0.0f, o.fb[9] = -0.0f;
    for (int s = 0; s < 2; s++) {
        bool is_signed = types >> s & 1;

        o.sides[s] = (oq_codes_int8){is_signed, (int32_t)oq_rng_below(rng, 256) - (is_signed ? 128 : 0),
                                     0.25f + 0.5f * (float)oq_rng_below(rng, 3)}; /* ties */
    }
    o.how = types & 4 ? (oq_requantize){NULL, -100, -128, 127} : (oq_requantize){NULL, 255, 17, 250};
    return o;
}

static float centered(const operands *o, int side, size_t i)
{
    unsigned char byte = side ? o->b[i] : o->a[i];

    return (float)(value_of(o->sides[side].is_signed, byte) - o->sides[side].zero_point);
}

static int test_add(const oq_kernels *kernels, const operands *o, size_t n)
{
    unsigned char y[MOST + 1];
    int n_wrong = 0;

    y[n] = 99;
    kernels->pointwise_int8->add(o->a, o->b, y, n, o->sides, &o->how);
    for (size_t i = 0; i < n; i++) {
        float x = centered(o, 0, i) * o->sides[0].factor + centered(o, 1, i) * o->sides[1].factor;

        n_wrong += y[i] != code_of(x, &o->how);
    }
    return n_wrong + (y[n] != 99);
}

static int test_multiply(const oq_kernels *kernels, const operands *o, size_t n)
{
    unsigned char y[MOST + 1];
    int n_wrong = 0;

    y[n] = 99;
    kernels->pointwise_int8->multiply(o->a, o->b, y, n, o->sides, 0.0625f, &o->how);
    for (size_t i = 0; i < n; i++)
        n_wrong += y[i] != code_of(centered(o, 0, i) * centered(o, 1, i) * 0.0625f, &o->how);
    return n_wrong + (y[n] != 99);
}

/* mode: bit 0: a is float, bit 1: b is float, bit 2: Relu. */
static int test_add_float(const oq_kernels *kernels, const operands *o, size_t n, int mode)
{
    unsigned char y[MOST + 1];
    float sum[MOST + 1];
    int n_wrong = 0;
    oq_add_float job = {.a = mode & 1 ? (const void *)o->fa : o->a,
                        .b = mode & 2 ? (const void *)o->fb : o->b,
                        .sides = {o->sides[0], o->sides[1]},
                        .clamps = mode & 4,
                        .sum = sum,
                        .y = y,
                        .scale = 0.3f,
                        .how = &o->how};

    job.sides[0].factor = mode & 1 ? 0 : 0.1f;
    job.sides[1].factor = mode & 2 ? 0 : 0.2f;
    y[n] = 99, sum[n] = 5;
    kernels->pointwise_int8->add_float(&job, n);
    for (size_t i = 0; i < n; i++) {
        float a = mode & 1 ? o->fa[i] : centered(o, 0, i) * 0.1f,
              b = mode & 2 ? o->fb[i] : centered(o, 1, i) * 0.2f;
        float x = a + b;

        if (mode & 4)
            kernels->math->unary[OQ_RELU](&x, &x, 1);
        n_wrong += !(isnan(x) ? isnan(sum[i]) : memcmp(&x, &sum[i], sizeof x) == 0);
        n_wrong += y[i] != code_of(x / 0.3f, &o->how);
    }
    return n_wrong + (y[n] != 99) + (sum[n] != 5);
}

static void sweep(const oq_kernels *kernels)
{
    oq_rng rng = {5};
    int n_add = 0, n_multiply = 0, n_float = 0;

    for (size_t n = 0; n < MOST; n += n < 140 ? 1 : 37) {
        operands o = make(&rng, (int)(n % 8));

        n_add += test_add(kernels, &o, n);
        n_multiply += test_multiply(kernels, &o, n);
        for (int mode = 0; mode < 8; mode++)
            n_float += test_add_float(kernels, &o, n, mode);
    }
    is_int(n_add, 0, "sums of codes");
    is_int(n_multiply, 0, "products of codes");
    is_int(n_float, 0, "sums of floats and codes, as four operators one after another");
}

static void test_parts(const oq_kernels *kernels)
{
    operands o = make(&(oq_rng){6}, 0);
    oq_add_float job = {.a = o.fa, .b = o.fb};
    float sum[40];
    unsigned char y[40];

    job.sum = sum;
    kernels->pointwise_int8->add_float(&job, 40);
    ok(sum[0] == o.fa[0] + o.fb[0], "%s: a sum without codes", kernels->name);
    job.sum = NULL, job.y = y, job.scale = 1, job.how = &o.how;
    kernels->pointwise_int8->add_float(&job, 40);
    ok(y[0] == code_of(o.fa[0] + o.fb[0], &o.how), "%s: codes without a sum", kernels->name);
}

static void test_tables(const oq_kernels *kernels)
{
    uint8_t table[256], x[MOST], y[MOST];
    int32_t sums[MOST];
    int n_wrong = 0;
    oq_rng rng = {8};

    for (int i = 0; i < 256; i++)
        table[i] = (uint8_t)(i * 7 + 3);
    for (int i = 0; i < MOST; i++)
        x[i] = (uint8_t)oq_rng_next(&rng);
    for (size_t n = 0; n < 150; n++) {
        for (int is_signed = 0; is_signed < 2; is_signed++) {
            for (size_t i = 0; i < n; i++)
                sums[i] = INT32_MAX - (int32_t)i;
            kernels->pointwise_int8->accumulate(x, is_signed, sums, n);
            for (size_t i = 0; i < n; i++)
                n_wrong += (uint32_t)sums[i] !=
                           (uint32_t)INT32_MAX - (uint32_t)i + (uint32_t)value_of(is_signed, x[i]);
        }
        for (int is_signed = 0; is_signed < 2; is_signed++) {
            for (size_t i = 0; i <= n; i++)
                y[i] = (uint8_t)(x[i] * 5 + 1);
            kernels->pointwise_int8->maximum(x, is_signed, y, n);
            for (size_t i = 0; i <= n; i++) {
                uint8_t was = (uint8_t)(x[i] * 5 + 1);
                bool is_raised = i < n && value_of(is_signed, x[i]) > value_of(is_signed, was);

                n_wrong += y[i] != (is_raised ? x[i] : was);
            }
        }
        kernels->pointwise_int8->look_up(table, x, y, n);
        for (size_t i = 0; i < n; i++)
            n_wrong += y[i] != table[x[i]];
    }
    is_int(n_wrong, 0, "tables, maxima, and sums, which wrap around");
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
        test_parts(kernels);
        test_tables(kernels);
    }
    return tap_done();
}
