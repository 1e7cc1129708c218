#include <math.h>

#include "verify/verify.h"

#define MAX_DB 200.0 /* the same bits; also the cap of SQNR figures */
#define LANES                                                                                              \
    16 /* partial sums: element i adds to lane i mod 16, so the result does not depend on how we vectorise \
        */

static double total(const double *lanes)
{
    double sum = 0;

    for (int k = 0; k < LANES; k++)
        sum += lanes[k];
    return sum;
}

/* One element for each of n lanes. */
static inline void add_noise(const float *reference, const float *other, size_t n, double *signal,
                             double *noise)
{
    for (size_t l = 0; l < n; l++) {
        double r = (double)reference[l], d = r - (double)other[l];

        signal[l] += r * r;
        noise[l] += d * d;
    }
}

double oq_sqnr_db(const float *reference, const float *other, size_t n)
{
    double signal[LANES] = {0}, noise[LANES] = {0}, s, e;
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        add_noise(reference + i, other + i, LANES, signal, noise);
    add_noise(reference + i, other + i, n - i, signal, noise);
    s = total(signal);
    e = total(noise);
    if (e == 0)
        return MAX_DB;
    if (!isfinite(e) || !isfinite(s) || s == 0)
        return -MAX_DB; /* an output that is not finite, or any noise where the reference is silent */
    return fmax(fmin(10 * log10(s / e), MAX_DB), -MAX_DB);
}

double oq_cosine(const float *a, const float *b, size_t n)
{
    double ab[LANES] = {0}, aa[LANES] = {0}, bb[LANES] = {0}, norm;

    for (size_t i = 0; i < n; i++) {
        ab[i % LANES] += (double)a[i] * (double)b[i];
        aa[i % LANES] += (double)a[i] * (double)a[i];
        bb[i % LANES] += (double)b[i] * (double)b[i];
    }
    norm = sqrt(total(aa)) * sqrt(total(bb));
    return norm > 0 ? total(ab) / norm : 0;
}
