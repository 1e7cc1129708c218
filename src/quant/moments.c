/* moments: see the header for the formulas. */
#include "quant/moments.h"

#include <math.h>

#include "op/op.h"

void oq_moments_of(const float *f, const float *q, const int64_t *dims, int rank, int axis, oq_moments *out)
{
    size_t outer = oq_dims_product(dims, 0, axis), n = (size_t)dims[axis];
    size_t inner = oq_dims_product(dims, axis + 1, rank);
    double count = outer * inner > 0 ? (double)(outer * inner) : 1;

    for (size_t c = 0; c < n; c++)
        out[c] = (oq_moments){0};
    for (size_t o = 0; o < outer; o++) {
        for (size_t c = 0; c < n; c++) {
            const float *x = f + (o * n + c) * inner, *y = q + (o * n + c) * inner;
            oq_moments m = {0};

            for (size_t i = 0; i < inner; i++) {
                double a = (double)x[i], b = (double)y[i];

                m.f += a;
                m.q += b;
                m.ff += a * a;
                m.fq += a * b;
                m.qq += b * b;
            }
            out[c].f += m.f;
            out[c].q += m.q;
            out[c].ff += m.ff;
            out[c].fq += m.fq;
            out[c].qq += m.qq;
        }
    }
    for (size_t c = 0; c < n; c++) {
        out[c].f /= count;
        out[c].q /= count;
        out[c].ff /= count;
        out[c].fq /= count;
        out[c].qq /= count;
    }
}

/* Least-squares factor of channel c over samples first, first + 2, ... */
static double half_gain(const oq_moments *m, size_t n_samples, size_t n_channels, size_t c, size_t first)
{
    double f = 0, q = 0, fq = 0, qq = 0, n = 0, variance, gain;

    for (size_t s = first; s < n_samples; s += 2, n++) {
        const oq_moments *x = &m[s * n_channels + c];

        f += x->f;
        q += x->q;
        fq += x->fq;
        qq += x->qq;
    }
    if (n == 0)
        return 1;
    f /= n;
    q /= n;
    variance = qq / n - q * q;
    if (!(variance > 1e-12))
        return 1;
    gain = (fq / n - f * q) / variance;
    if (!isfinite(gain)) /* a sample with NaN or infinities */
        return 1;
    return fmin(fmax(gain, 0.8), 1.25);
}

void oq_gain_refit(const oq_moments *m, size_t n_samples, size_t n_channels, double floor, double *gain)
{
    for (size_t c = 0; c < n_channels; c++) {
        double a = half_gain(m, n_samples, n_channels, c, 0), b = half_gain(m, n_samples, n_channels, c, 1);
        double nearer = fabs(a - 1) < fabs(b - 1) ? a : b;

        gain[c] = (a - 1) * (b - 1) > 0 && fabs(nearer - 1) > floor ? nearer : 1;
    }
}

void oq_moments_apply_gain(oq_moments *m, size_t n_samples, size_t n_channels, const double *gain,
                           const double *bias)
{
    for (size_t s = 0; s < n_samples; s++) {
        for (size_t c = 0; c < n_channels; c++) {
            oq_moments *x = &m[s * n_channels + c];
            double g = gain[c], rest = bias[c] * (1 - g); /* q becomes g q + rest */

            x->qq = g * g * x->qq + 2 * g * rest * x->q + rest * rest;
            x->fq = g * x->fq + rest * x->f;
            x->q = g * x->q + rest;
        }
    }
}

void oq_bias_shift(const oq_moments *m, size_t n_samples, size_t n_channels, double *shift)
{
    for (size_t c = 0; c < n_channels; c++) {
        double mean = 0, variance = 0, n = (double)n_samples, sureness;

        for (size_t s = 0; s < n_samples; s++)
            mean += m[s * n_channels + c].f - m[s * n_channels + c].q;
        mean /= n_samples ? n : 1;
        for (size_t s = 0; s < n_samples; s++) {
            double d = m[s * n_channels + c].f - m[s * n_channels + c].q - mean;

            variance += d * d;
        }
        variance = n_samples > 1 ? variance / (n - 1) / n : 0; /* of the mean */
        sureness = 1 - variance / fmax(mean * mean, 1e-30);
        shift[c] = isfinite(mean) && sureness > 0 ? mean * sureness : 0;
    }
}
