/* Second-order rounding against the plain algorithm, and against rounding to nearest. */
#include "quant/gptq.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "tap/tap.h"

enum { MOST_K = 260, MOST_OUT = 70, CHECKED = 2 };

typedef struct {
    size_t k, n_out, n_rows;
} size;

/* Inputs that go together: a common part and some of each one's own, of different strength. */
static float *make_rows(oq_rng *rng, size_t n, size_t k)
{
    float *rows = malloc(n * k * sizeof *rows);

    if (!rows)
        tap_bail("out of memory");
    for (size_t i = 0; i < n; i++) {
        float common = oq_rng_float(rng);

        for (size_t j = 0; j < k; j++)
            rows[i * k + j] = (common + oq_rng_float(rng)) * (float)(1 + j % 7) / 4;
    }
    return rows;
}

static double output_error(const float *rows, size_t n, size_t k, const float *w, const int8_t *codes,
                           double scale)
{
    double total = 0;

    for (size_t i = 0; i < n; i++) {
        double e = 0;

        for (size_t j = 0; j < k; j++)
            e += (double)rows[i * k + j] * ((double)codes[j] * scale - (double)w[j]);
        total += e * e;
    }
    return total / (double)n;
}

/* The published form: factor the inverse, push each error forward. One output; columns in the given order. */
static void plain(const float *rows, size_t n, size_t k, const float *weights, double scale, int8_t *codes)
{
    static double h[MOST_K][2 * MOST_K], u[MOST_K][MOST_K], w[MOST_K];
    size_t order[MOST_K];
    double mean = 0;

    for (size_t i = 0; i < k; i++) {
        for (size_t j = 0; j < k; j++) {
            h[i][j] = 0;
            for (size_t r = 0; r < n; r++)
                h[i][j] += (double)rows[r * k + i] * (double)rows[r * k + j] / (double)n;
        }
        mean += h[i][i] / (double)k;
        order[i] = i;
    }
    for (size_t i = 0; i < k; i++) /* falling diagonal */
        for (size_t j = i + 1; j < k; j++)
            if (h[order[j]][order[j]] > h[order[i]][order[i]]) {
                size_t t = order[i];

                order[i] = order[j];
                order[j] = t;
            }
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            u[i][j] = h[order[i]][order[j]] + (i == j ? 0.01 * mean : 0);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++) {
            h[i][j] = u[i][j];
            h[i][k + j] = i == j;
        }
    for (size_t i = 0; i < k; i++) { /* Gauss-Jordan */
        double p = h[i][i];

        for (size_t j = 0; j < 2 * k; j++)
            h[i][j] /= p;
        for (size_t r = 0; r < k; r++) {
            double f = h[r][i];

            for (size_t j = 0; r != i && j < 2 * k; j++)
                h[r][j] -= f * h[i][j];
        }
    }
    memset(u, 0, sizeof u);
    for (size_t i = 0; i < k; i++) /* upper factor: inverse = u^T u */
        for (size_t j = i; j < k; j++) {
            double sum = h[i][k + j];

            for (size_t t = 0; t < i; t++)
                sum -= u[t][i] * u[t][j];
            u[i][j] = i == j ? sqrt(sum) : sum / u[i][i];
        }
    for (size_t i = 0; i < k; i++)
        w[i] = (double)weights[order[i]];
    for (size_t i = 0; i < k; i++) {
        double c = fmin(fmax(rint(w[i] / scale), -127), 127), d = (w[i] - c * scale) / u[i][i];

        codes[order[i]] = (int8_t)c;
        for (size_t j = i + 1; j < k; j++)
            w[j] -= d * u[i][j];
    }
}

static void round_and_compare(size s, oq_pool *pool)
{
    oq_rng rng = {s.k * 131 + s.n_out};
    oq_arena *arena = oq_arena_new(0);
    float *rows = make_rows(&rng, s.n_rows, s.k), *weights = malloc(s.n_out * s.k * sizeof *weights);
    float scale[MOST_OUT];
    int8_t *codes = malloc(s.n_out * s.k), *again = malloc(s.n_out * s.k), expected[MOST_K], nearest[MOST_K];
    oq_gptq job = {s.n_out, s.k, weights, scale, -127, 127, 0.01};
    oq_hessian hessian;
    size_t n_other = 0, n_better = 0;

    if (!weights || !codes || !again || oq_hessian_start(&hessian, s.k, arena) != OQ_OK)
        tap_bail("out of memory");
    for (size_t o = 0; o < s.n_out; o++) {
        float most = 0;

        for (size_t j = 0; j < s.k; j++) {
            weights[o * s.k + j] = oq_rng_float(&rng) * 2 - 1;
            most = fmaxf(most, fabsf(weights[o * s.k + j]));
        }
        scale[o] = most / 127;
    }
    oq_hessian_add(&hessian, rows, s.n_rows, pool);
    oq_gptq_round(&job, &hessian, pool, codes);
    oq_gptq_round(&job, &hessian, NULL, again);
    is_mem(again, codes, s.n_out * s.k, "the same codes on one thread");
    for (size_t o = 0; o < s.n_out; o++) {
        const float *w = weights + o * s.k;
        const int8_t *c = codes + o * s.k;

        if (o < CHECKED)
            plain(rows, s.n_rows, s.k, w, (double)scale[o], expected);
        for (size_t j = 0; j < s.k; j++) {
            n_other += o < CHECKED && c[j] != expected[j];
            nearest[j] = (int8_t)rintf(w[j] / scale[o]);
        }
        n_better += output_error(rows, s.n_rows, s.k, w, c, (double)scale[o]) <=
                    output_error(rows, s.n_rows, s.k, w, nearest, (double)scale[o]);
    }
    ok(n_other * 500 <= s.k * CHECKED, "%zu inputs, %zu outputs: %zu codes differ from the plain form", s.k,
       s.n_out, n_other);
    ok(n_better == s.n_out, "%zu of %zu outputs come out no worse than rounded to nearest", n_better,
       s.n_out);
    free(rows);
    free(weights);
    free(codes);
    free(again);
    oq_arena_free(arena);
}

static void dead_inputs_are_rounded_to_nearest(void)
{
    const float rows[6] = {1, 0, 2, 3, 0, 1}, weights[3] = {0.31f, -0.77f, 0.5f}, scale[1] = {0.01f};
    oq_gptq job = {1, 3, weights, scale, -127, 127, 0.01};
    oq_arena *arena = oq_arena_new(0);
    oq_hessian hessian;
    int8_t codes[3];

    oq_hessian_start(&hessian, 3, arena);
    oq_hessian_add(&hessian, rows, 2, NULL);
    is_int(oq_gptq_round(&job, &hessian, NULL, codes), OQ_OK, "an input that is always zero is no obstacle");
    is_int(codes[1], -77, "its weight is rounded to nearest");
    oq_arena_free(arena);
}

int main(void)
{
    static const size sizes[] = {{1, 1, 5},     {2, 3, 9},     {9, 33, 40},     {63, 2, 100},
                                 {64, 31, 300}, {65, 5, 300},  {100, 32, 90},   {129, 70, 500},
                                 {192, 3, 257}, {193, 3, 600}, {MOST_K, 7, 700}};
    oq_pool *pool = oq_pool_new(2);

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        round_and_compare(sizes[i], pool);
    dead_inputs_are_rounded_to_nearest();
    oq_pool_free(pool);
    return tap_done();
}
