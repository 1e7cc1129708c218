/* Reductions follow their definition to the bit: element i goes to partial result i mod 16, then a fixed
 * tree. */
#include "kernel/reduce_f32.h"

#include "kernel_test.h"

static float step(oq_reduce op, float acc, float x)
{
    switch (op) {
    case OQ_REDUCE_SUM: return acc + x;
    case OQ_REDUCE_SUM_SQUARES: return fmaf(x, x, acc);
    case OQ_REDUCE_SUM_ABS: return acc + fabsf(x);
    case OQ_REDUCE_MAX: return isnan(x) || x > acc ? x : acc;
    default: return isnan(x) || x < acc ? x : acc;
    }
}

static float fold(oq_reduce op, float a, float b)
{
    switch (op) {
    case OQ_REDUCE_MAX: return isnan(a) || a > b ? a : b;
    case OQ_REDUCE_MIN: return isnan(a) || a < b ? a : b;
    default: return a + b;
    }
}

/* n elements, `stride` apart. */
static float by_definition(oq_reduce op, const float *x, size_t n, size_t stride)
{
    float lane[16];

    for (int l = 0; l < 16; l++)
        lane[l] = op == OQ_REDUCE_MAX ? -INFINITY : op == OQ_REDUCE_MIN ? INFINITY : 0;
    for (size_t i = 0; i < n; i++)
        lane[i % 16] = step(op, lane[i % 16], x[i * stride]);
    for (int half = 8; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            lane[l] = fold(op, lane[l], lane[l + half]);
    return lane[0];
}

static void test_rows(const oq_kernels *kernels, const float *x)
{
    int n_wrong = 0;

    for (int op = 0; op < OQ_N_REDUCE; op++)
        for (size_t n = 0; n < 130; n++)
            n_wrong +=
                !same_float(kernels->reduce->row[op](x + n, n), by_definition((oq_reduce)op, x + n, n, 1));
    is_int(n_wrong, 0, "rows of 0 to 129 elements");
}

static void test_strided(const oq_kernels *kernels, const float *x)
{
    static const size_t inners[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33}, ns[] = {0, 1, 2, 15, 16, 17, 33};
    int n_wrong = 0;
    float y[80];

    for (int op = 0; op < OQ_N_REDUCE; op++)
        for (size_t i = 0; i < sizeof inners / sizeof *inners; i++)
            for (size_t j = 0; j < sizeof ns / sizeof *ns; j++) {
                size_t inner = inners[i], n = ns[j];

                kernels->reduce->strided[op](x, 2, n, inner, y);
                for (size_t k = 0; k < 2 * inner; k++)
                    n_wrong += !same_float(
                        y[k], by_definition((oq_reduce)op, x + k / inner * n * inner + k % inner, n, inner));
            }
    is_int(n_wrong, 0, "a strided axis gives what the same elements give as a row");
}

static void test_special(const oq_kernels *kernels)
{
    float x[40] = {0};

    x[17] = NAN;
    x[18] = 5;
    ok(isnan(kernels->reduce->row[OQ_REDUCE_MAX](x, 40)), "a NaN makes the maximum NaN");
    ok(isnan(kernels->reduce->row[OQ_REDUCE_MIN](x, 40)), "a NaN makes the minimum NaN");
    x[17] = -INFINITY;
    is_float(kernels->reduce->row[OQ_REDUCE_MAX](x, 40), 5, 0, "the maximum");
    is_float(kernels->reduce->row[OQ_REDUCE_MIN](x, 40), -INFINITY, 0, "the minimum");
}

static void test_softmax(const oq_kernels *kernels, const oq_kernels *base, const float *x)
{
    float y[70], z[70], worst = 0, worst_log = 0;
    bool same = true;

    for (size_t n = 1; n < 70; n++) {
        double sum = 0, max = -INFINITY;

        for (size_t i = 0; i < n; i++)
            max = fmax(max, x[i]);
        for (size_t i = 0; i < n; i++)
            sum += exp(x[i] - max);
        memcpy(y, x, sizeof y);
        kernels->reduce->softmax(y, y, n);
        base->reduce->softmax(x, z, n);
        same &= first_difference(y, z, n) == n;
        for (size_t i = 0; i < n; i++) {
            double want = exp(x[i] - max) / sum;

            worst = fmaxf(worst, (float)(fabs(y[i] - want) / want));
        }
        kernels->reduce->log_softmax(x, y, n);
        base->reduce->log_softmax(x, z, n);
        same &= first_difference(y, z, n) == n;
        for (size_t i = 0; i < n; i++)
            worst_log = fmaxf(worst_log, (float)fabs(y[i] - (x[i] - max - log(sum))));
    }
    ok(same, "softmax and log softmax: the bits of base");
    ok(worst < 3e-6f, "softmax, in place: relative error %g; x - max rounds at 40", (double)worst);
    ok(worst_log < 1e-5f, "log softmax: absolute error %g on values up to 40", (double)worst_log);
}

static void test_layer_norm(const oq_kernels *kernels, const oq_kernels *base, const float *x)
{
    float y[70], z[70], worst = 0;
    bool same = true;

    for (size_t n = 2; n < 70; n++) {
        double mean = 0, variance = 0;
        float got_mean, inverse;

        for (size_t i = 0; i < n; i++)
            mean += x[i] / (double)n;
        for (size_t i = 0; i < n; i++)
            variance += (x[i] - mean) * (x[i] - mean) / (double)n;
        kernels->reduce->layer_norm(x, x + 100, x + 200, 1e-5f, y, n, &got_mean, &inverse);
        base->reduce->layer_norm(x, x + 100, x + 200, 1e-5f, z, n, NULL, NULL);
        same &= first_difference(y, z, n) == n;
        for (size_t i = 0; i < n; i++) {
            double want = (x[i] - mean) / sqrt(variance + 1e-5) * x[100 + i] + x[200 + i];

            worst = fmaxf(worst, (float)fabs(y[i] - want));
        }
        kernels->reduce->layer_norm(x, NULL, NULL, 1e-5f, y, n, NULL, NULL);
        same &= same_float(y[1], (x[1] - got_mean) * inverse);
    }
    ok(same, "layer norm: the bits of base, with and without scale and bias");
    ok(worst < 1e-4f, "layer norm: absolute error %g on values up to 100", (double)worst);
}

static void test_dot(const oq_kernels *kernels, const oq_kernels *base, const float *x)
{
    bool same = true;

    for (size_t n = 0; n < 70; n++) {
        same &= same_float(kernels->reduce->dot(x, x + 99, n), base->reduce->dot(x, x + 99, n));
        same &=
            same_float(kernels->reduce->sum_squares_about(x, 3, n), base->reduce->sum_squares_about(x, 3, n));
    }
    ok(same, "dot and squares about a center: the bits of base");
    is_float(kernels->reduce->sum_squares_about((const float[]){1, 2, 6}, 3, 3), 14, 0, "4 + 1 + 9");
    is_float(kernels->reduce->dot((const float[]){1, 2, 6}, (const float[]){1, 1, -1}, 3), -3, 0,
             "1 + 2 - 6");
}

static void test_minmax(const oq_kernels *kernels)
{
    oq_rng rng = {5};
    float *x = test_floats(&rng, 500, 8);
    int n_wrong = 0;

    x[3] = NAN, x[70] = INFINITY, x[71] = -INFINITY, x[300] = NAN, x[40] = 8.5f, x[301] = -9;
    for (size_t n = 0; n < 500; n += 7) {
        oq_minmax got = {INFINITY, -INFINITY, 0, 0}, want = got;

        for (size_t i = 0; i < n; i++) {
            if (isnan(x[i]))
                want.n_nan++;
            else if (isinf(x[i]))
                want.n_infinite++;
            else
                want.min = fminf(want.min, x[i]), want.max = fmaxf(want.max, x[i]);
        }
        kernels->reduce->minmax(x, n / 2, &got);
        kernels->reduce->minmax(x + n / 2, n - n / 2, &got);
        n_wrong += got.min != want.min || got.max != want.max || got.n_nan != want.n_nan ||
                   got.n_infinite != want.n_infinite;
    }
    is_int(n_wrong, 0, "min-max of the finite values in two calls; NaN and infinities counted apart");
    free(x);
}

int main(void)
{
    oq_rng rng = {4};
    float *x = test_floats(&rng, 4000, 20);
    const oq_kernels *base = oq_kernels_named("base");

    for (int s = 0; s < N_SET_NAMES; s++) {
        const oq_kernels *kernels = oq_kernels_named(set_names[s]);

        if (!kernels) {
            tap_skip(1, "this processor has no %s", set_names[s]);
            continue;
        }
        tap_diag("%s", set_names[s]);
        test_rows(kernels, x);
        test_strided(kernels, x);
        test_special(kernels);
        test_softmax(kernels, base, x);
        test_layer_norm(kernels, base, x);
        test_dot(kernels, base, x);
        test_minmax(kernels);
    }
    free(x);
    return tap_done();
}
