/* Every function on a million bit patterns spread over all floats: the error against double, and the same
 * bits from every instruction set. */
#include "kernel/math_f32.h"

#include "kernel_test.h"

enum { STEP = 4099 }; /* prime: takes every exponent with ever different mantissas */

static double exact_relu(double x)
{
    return isnan(x) || x > 0 ? x : 0;
}

static double exact_reciprocal(double x)
{
    return 1 / x;
}

static double exact_neg(double x)
{
    return -x;
}

static double exact_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double exact_gelu(double x)
{
    return 0.5 * x * (1 + erf(x * sqrt(0.5)));
}

static const struct {
    const char *name;
    double (*exact)(double);
    double bound;     /* of the error, relative to the result */
    bool is_absolute; /* of max(1, |x|) instead */
} functions[OQ_N_UNARY] = {
    [OQ_ABS] = {"abs", fabs, 0, false},
    [OQ_NEG] = {"neg", exact_neg, 0, false},
    [OQ_RELU] = {"relu", exact_relu, 0, false},
    [OQ_SQRT] = {"sqrt", sqrt, 0x1p-24, false},
    [OQ_RECIPROCAL] = {"reciprocal", exact_reciprocal, 0x1p-24, false},
    [OQ_EXP] = {"exp", exp, 1.0e-7, false},
    [OQ_LOG] = {"log", log, 1.2e-7, false},
    [OQ_ERF] = {"erf", erf, 1.2e-7, false},
    [OQ_TANH] = {"tanh", tanh, 1.5e-7, false},
    [OQ_SIGMOID] = {"sigmoid", exact_sigmoid, 2.0e-7, false},
    [OQ_GELU] = {"gelu", exact_gelu, 1.2e-7, true},
};

static float *all_exponents(size_t *n)
{
    float *x = test_alloc(((size_t)UINT32_MAX / STEP + 1) * sizeof *x);

    *n = 0;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += STEP) {
        uint32_t b = (uint32_t)bits;

        memcpy(&x[(*n)++], &b, sizeof b);
    }
    return x;
}

static void is_within_bound(oq_unary op, const float *x, const float *y, size_t n)
{
    double worst = 0;
    float at = 0;
    size_t n_wrong = 0;

    for (size_t i = 0; i < n; i++) {
        double want = functions[op].exact(x[i]),
               scale = functions[op].is_absolute ? fmax(1, fabs(x[i])) : fabs(want);

        if (isnan(want) || isnan(y[i])) {
            n_wrong += isnan(want) != isnan(y[i]);
        } else if (fabs(want) >= 0x1.ffffffp127) {
            n_wrong += !isinf(y[i]) || !signbit(y[i]) != !signbit(want);
        } else if (fabs(want) >= 0x1p-126 || functions[op].is_absolute) {
            double error = fabs(y[i] - want) / scale;

            if (error > worst)
                worst = error, at = x[i];
        } else {
            n_wrong += fabs(y[i] - want) > 0x1p-149;
        }
    }
    tap_diag("%s: largest error %.3g at %a", functions[op].name, worst, (double)at);
    ok(worst <= functions[op].bound, "%s is within %.3g", functions[op].name, functions[op].bound);
    is_int(n_wrong, 0, "NaN, infinities and denormal results are where they belong");
}

/* Sizes below, at and above the vectors, in place. */
static bool handles_every_size(const oq_kernels *kernels, oq_unary op, const float *x)
{
    float whole[70], part[70];
    bool good = true;

    kernels->math->unary[op](x, whole, 70);
    for (size_t n = 0; n <= 70; n++) {
        memcpy(part, x, sizeof part);
        kernels->math->unary[op](part, part, n);
        good &= first_difference(part, whole, n) == n && first_difference(part + n, x + n, 70 - n) == 70 - n;
    }
    return good;
}

static void test_unary(oq_unary op, const float *x, size_t n)
{
    float *y = test_alloc(n * sizeof *y), *z = test_alloc(n * sizeof *z);

    oq_kernels_named("base")->math->unary[op](x, y, n);
    is_within_bound(op, x, y, n);
    for (int s = 0; s < N_SET_NAMES; s++) {
        const oq_kernels *kernels = oq_kernels_named(set_names[s]);
        size_t at;

        if (!kernels) {
            tap_skip(2, "this processor has no %s", set_names[s]);
            continue;
        }
        kernels->math->unary[op](x, z, n);
        at = first_difference(y, z, n);
        if (at < n)
            tap_diag("at %a: %a, base has %a", (double)x[at], (double)z[at], (double)y[at]);
        ok(at == n, "%s in %s gives the bits of base", functions[op].name, set_names[s]);
        ok(handles_every_size(kernels, op, x + n / 3), "%s in %s: any size, in place", functions[op].name,
           set_names[s]);
    }
    free(y), free(z);
}

static float plain(oq_binary op, float a, float b)
{
    switch (op) {
    case OQ_ADD: return a + b;
    case OQ_SUB: return a - b;
    case OQ_MUL: return a * b;
    case OQ_DIV: return a / b;
    case OQ_MIN: return isnan(a) || a < b ? a : b;
    default: return isnan(a) || a > b ? a : b;
    }
}

static size_t count_wrong(const oq_kernels *kernels, oq_binary op, const float *a, const float *b, size_t n)
{
    float y[80], z[80], w[80];
    size_t n_wrong = 0;

    kernels->math->binary[op](a, b, y, n);
    memcpy(z, a, n * sizeof *z);
    kernels->math->binary_scalar[op](z, b[0], z, n);
    kernels->math->scalar_binary[op](a[0], b, w, n);
    for (size_t i = 0; i < n; i++) {
        n_wrong += !same_float(y[i], plain(op, a[i], b[i]));
        n_wrong += !same_float(z[i], plain(op, a[i], b[0]));
        n_wrong += !same_float(w[i], plain(op, a[0], b[i]));
    }
    return n_wrong;
}

static void test_binary(const oq_kernels *kernels)
{
    static const char *const names[] = {"add", "sub", "mul", "div", "min", "max"};
    static const float specials[] = {0, -0.0f, 1, -1, INFINITY, -INFINITY, NAN, 0x1p-149f, 3e38f};
    enum { N_SPECIALS = sizeof specials / sizeof *specials };
    oq_rng rng = {11};
    float *random = test_floats(&rng, 160, 100), a[80], b[80];

    for (int op = 0; op < OQ_N_BINARY; op++) {
        size_t n_wrong = 0;

        for (size_t n = 0; n < 80; n++)
            n_wrong += count_wrong(kernels, (oq_binary)op, random, random + 80, n);
        for (size_t shift = 0; shift < N_SPECIALS; shift++) {
            for (size_t i = 0; i < 80; i++)
                a[i] = specials[i % N_SPECIALS], b[i] = specials[(i + shift) % N_SPECIALS];
            n_wrong += count_wrong(kernels, (oq_binary)op, a, b, 40);
        }
        ok(n_wrong == 0, "%s in %s: vectors and scalars, any size, zeros, NaN and infinities", names[op],
           kernels->name);
    }
    free(random);
}

static void test_parametric(const oq_kernels *kernels)
{
    const float x[] = {-3, -0.0f, 0.5f, 9, NAN, INFINITY, -INFINITY};
    float y[7];

    kernels->math->clip(x, -1, 6, y, 7);
    ok(y[0] == -1 && y[2] == 0.5f && y[3] == 6 && isnan(y[4]) && y[5] == 6 && y[6] == -1,
       "clip cuts, and keeps NaN");
    kernels->math->leaky_relu(x, 0.25f, y, 7);
    ok(y[0] == -0.75f && y[3] == 9 && isnan(y[4]) && y[6] == -INFINITY, "leaky relu");
    kernels->math->multiply_add(x, 2, 1, y, 7);
    ok(y[0] == -5 && y[3] == 19, "multiply and add");
}

int main(void)
{
    size_t n;
    float *x = all_exponents(&n);

    for (int op = 0; op < OQ_N_UNARY; op++)
        test_unary((oq_unary)op, x, n);
    for (int s = 0; s < N_SET_NAMES; s++) {
        const oq_kernels *kernels = oq_kernels_named(set_names[s]);

        if (!kernels) {
            tap_skip(1, "this processor has no %s", set_names[s]);
            continue;
        }
        test_binary(kernels);
        test_parametric(kernels);
    }
    free(x);
    return tap_done();
}
