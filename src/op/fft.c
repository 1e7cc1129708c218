#include "op/fft.h"

#include <math.h>

typedef struct run {
    const oq_fft *plan;
    bool inverse;
    oq_complex *work;
} run;

/* Pi to more digits than a double holds: M_PI is no part of C. */
static const double pi = 3.14159265358979323846;

static size_t next_factor(size_t n)
{
    if (n % 4 == 0)
        return 4;
    for (size_t p = 2; p <= n / p; p++) {
        if (n % p == 0)
            return p;
    }
    return n;
}

/* exp(-2 pi i k / n), by symmetry from an angle of at most pi / 4: exact at the quarters. */
static oq_complex turn(size_t k, size_t n)
{
    /* eighths of a turn: k * 8 / n; k < n <= 2^60 keeps the product in range */
    size_t eighth = 8 * k / n;
    size_t quarter = (eighth + 1) / 2;
    double angle = 2 * pi * ((double)k / (double)n - (double)quarter / 4);
    double c = cos(angle), s = sin(angle);

    switch (quarter % 4) {
    case 0: return (oq_complex){c, -s};
    case 1: return (oq_complex){-s, -c};
    case 2: return (oq_complex){-c, s};
    default: return (oq_complex){s, c};
    }
}

void oq_fft_plan(oq_fft *plan, size_t n, oq_complex *turns)
{
    size_t left = n, at = 0;

    *plan = (oq_fft){.n = n, .largest = 1, .turns = turns};
    while (left > 1) {
        size_t p = next_factor(left);

        plan->factors[at++] = p;
        plan->largest = p > plan->largest ? p : plan->largest;
        left /= p;
    }
    plan->factors[at] = 1;
    for (size_t k = 0; k < n; k++)
        turns[k] = turn(k, n);
}

static oq_complex times(oq_complex a, oq_complex b, bool conjugate_b)
{
    double im = conjugate_b ? -b.im : b.im;

    return (oq_complex){a.re * b.re - a.im * im, a.re * im + a.im * b.re};
}

/* Four transforms of m numbers each, one behind the other in y, become one of 4 m. */
static void join_four(const run *r, oq_complex *y, size_t m, size_t step)
{
    const oq_complex *turns = r->plan->turns;
    double sign = r->inverse ? -1 : 1; /* of multiplying by -i */

    for (size_t k = 0; k < m; k++) {
        oq_complex a = y[k], b = times(y[m + k], turns[k * step], r->inverse),
                   c = times(y[2 * m + k], turns[2 * k * step], r->inverse),
                   d = times(y[3 * m + k], turns[3 * k * step], r->inverse);
        oq_complex ac = {a.re + c.re, a.im + c.im}, a_c = {a.re - c.re, a.im - c.im};
        oq_complex bd = {b.re + d.re, b.im + d.im}, b_d = {(b.im - d.im) * sign, (d.re - b.re) * sign};

        y[k] = (oq_complex){ac.re + bd.re, ac.im + bd.im};
        y[m + k] = (oq_complex){a_c.re + b_d.re, a_c.im + b_d.im};
        y[2 * m + k] = (oq_complex){ac.re - bd.re, ac.im - bd.im};
        y[3 * m + k] = (oq_complex){a_c.re - b_d.re, a_c.im - b_d.im};
    }
}

static void join(const run *r, oq_complex *y, size_t p, size_t m, size_t step)
{
    size_t n = r->plan->n;

    for (size_t k = 0; k < m; k++) {
        for (size_t i = 0; i < p; i++)
            r->work[i] = times(y[i * m + k], r->plan->turns[i * k * step], r->inverse);
        for (size_t q = 0; q < p; q++) {
            oq_complex sum = r->work[0];

            for (size_t i = 1, at = q * (n / p) % n; i < p; i++, at = (at + q * (n / p)) % n) {
                oq_complex term = times(r->work[i], r->plan->turns[at], r->inverse);

                sum.re += term.re;
                sum.im += term.im;
            }
            y[q * m + k] = sum;
        }
    }
}

/* Depth is the number of factors: at most 60. */
static void transform(const run *r, const oq_complex *x, size_t stride, size_t n, const size_t *factor,
                      oq_complex *y)
{
    size_t p = *factor, m = n / p;

    if (p == 1) {
        *y = *x;
        return;
    }
    for (size_t i = 0; i < p; i++)
        transform(r, x + i * stride, stride * p, m, factor + 1, y + i * m);
    if (p == 4)
        join_four(r, y, m, stride);
    else
        join(r, y, p, m, stride);
}

void oq_fft_run(const oq_fft *plan, const oq_complex *x, bool inverse, oq_complex *y, oq_complex *work)
{
    run r = {plan, inverse, work};

    transform(&r, x, 1, plan->n, plan->factors, y);
}
