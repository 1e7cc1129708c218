/* Histograms and extremes per channel: every set counts alike, and like a plain loop. */
#include "kernel/observe.h"

#include "kernel_test.h"

/* Normal numbers, zeros of both signs, denormals, the largest |x| a width allows. */
static void fill(float *x, size_t n, int exponent)
{
    oq_rng rng = {31};
    const float just_below = nextafterf(ldexpf(1, exponent), 0);

    for (size_t i = 0; i < n; i++)
        x[i] = (oq_rng_float(&rng) * 2 - 1) * just_below;
    for (size_t i = 0; i < n; i += 3)
        x[i] = i % 2 ? -0.0f : 0.0f;
    for (size_t i = 1; i < n; i += 41)
        x[i] = i % 2 ? -1e-42f : 1e-42f;
    for (size_t i = 2; i < n; i += 97)
        x[i] = i % 2 ? -just_below : just_below;
}

static size_t plain_histogram(const float *x, size_t n, double width, uint64_t *counts)
{
    size_t n_zeros = 0;

    for (size_t i = 0; i < n; i++) {
        if (x[i] == 0)
            n_zeros++;
        else
            counts[(size_t)(fabs((double)x[i]) / width) + (x[i] < 0 ? OQ_HISTOGRAM_SIDE : 0)]++;
    }
    return n_zeros;
}

static void test_histogram(const oq_kernels *kernels, int exponent)
{
    static const size_t sizes[] = {0,    1,    7,    8,    15,    16,    17,    33,    2047, 2048,
                                   2049, 2050, 4095, 6000, 32767, 32768, 32769, 34816, 70001};
    static uint64_t got[OQ_HISTOGRAM_BINS], want[OQ_HISTOGRAM_BINS];
    const int shift = 11 - exponent; /* OQ_HISTOGRAM_SIDE bins up to 2^exponent */
    float *x = test_alloc(80000 * sizeof *x);
    int n_wrong = 0;

    fill(x, 80000, exponent);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t zeros, plain;

        memset(got, 0, sizeof got);
        memset(want, 0, sizeof want);
        zeros = kernels->observe->histogram(x + s, sizes[s], ldexpf(1, shift), got);
        plain = plain_histogram(x + s, sizes[s], ldexp(1, -shift), want);
        n_wrong += zeros != plain || memcmp(got, want, sizeof got) != 0;
    }
    tap_diag("range 2^%d", exponent);
    is_int(n_wrong, 0, "counts as a plain loop has them, zeros apart");
    free(x);
}

/* The worst case for a table: one bin takes everything. */
static void test_constant(const oq_kernels *kernels)
{
    static uint64_t counts[OQ_HISTOGRAM_BINS];
    const size_t n = 300000;
    float *x = test_alloc(n * sizeof *x);
    size_t zeros;

    for (size_t i = 0; i < n; i++)
        x[i] = -0.75f;
    memset(counts, 0, sizeof counts);
    counts[OQ_HISTOGRAM_SIDE + 1536] = 5;
    zeros = kernels->observe->histogram(x, n, 2048, counts);
    is_int((long long)counts[OQ_HISTOGRAM_SIDE + 1536], (long long)n + 5,
           "a constant: all in one bin, added");
    for (size_t i = 0; i < n; i++)
        x[i] = 0;
    zeros += kernels->observe->histogram(x, n, 2048, counts);
    is_int((long long)zeros, (long long)n, "all zeros: none in a bin");
    free(x);
}

typedef struct {
    float lo, hi, top;
} extremes;

static extremes plain_channel(const float *x, size_t outer, size_t channels, size_t inner, size_t c)
{
    extremes e = {INFINITY, -INFINITY, 0};

    for (size_t o = 0; o < outer; o++) {
        for (size_t i = 0; i < inner; i++) {
            float v = x[(o * channels + c) * inner + i];

            e.lo = fminf(e.lo, v);
            e.hi = fmaxf(e.hi, v);
            e.top = fmaxf(e.top, fabsf(v));
        }
    }
    e.lo += 0.0f;
    e.hi += 0.0f;
    return e;
}

static int count_wrong(const oq_kernels *kernels, const float *x, size_t outer, size_t channels, size_t inner)
{
    float lo[70], hi[70], top[70];
    int n_wrong = 0;

    for (size_t c = 0; c < channels; c++)
        lo[c] = INFINITY, hi[c] = -INFINITY, top[c] = 0;
    kernels->observe->channel_minmax(x, outer, channels, inner, lo, hi);
    kernels->observe->channel_absmax(x, outer, channels, inner, top);
    for (size_t c = 0; c < channels; c++) {
        extremes e = plain_channel(x, outer, channels, inner, c);

        n_wrong += !same_float(lo[c], e.lo) || !same_float(hi[c], e.hi) || !same_float(top[c], e.top);
    }
    return n_wrong;
}

static void test_channels(const oq_kernels *kernels)
{
    static const size_t sizes[] = {1, 3, 4, 5, 8, 15, 16, 17, 31, 33, 64, 67};
    const size_t n_sizes = sizeof sizes / sizeof *sizes;
    oq_rng rng = {77};
    float *x = test_floats(&rng, 3 * 70 * 70, 5);
    int n_wrong = 0;

    x[5] = NAN, x[40] = NAN, x[41] = INFINITY, x[200] = -INFINITY, x[7] = -0.0f, x[8] = 1e-42f;
    for (size_t a = 0; a < n_sizes; a++) {
        for (size_t b = 0; b < n_sizes; b++) {
            n_wrong += count_wrong(kernels, x, 3, sizes[a], sizes[b]);
            n_wrong += count_wrong(kernels, x, 1, sizes[a], sizes[b]);
        }
    }
    is_int(n_wrong, 0, "extremes per channel in either layout: NaN left out, infinities taken");
    free(x);
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
        test_histogram(kernels, 0);
        test_histogram(kernels, 128);
        test_histogram(kernels, -100);
        test_constant(kernels);
        test_channels(kernels);
    }
    return tap_done();
}
