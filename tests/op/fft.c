#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "op/fft.h"
#include "tap/tap.h"

/* Worst difference to the plain sum in long double, by the sum of all |x|. */
static double error_of(size_t n, bool inverse)
{
    oq_complex *x = calloc(4 * n, sizeof *x), *y = x + n, *turns = y + n, *work = turns + n;
    long double worst = 0, sum = 0, two_pi = 8 * atanl(1);
    oq_rng rng = {n};
    oq_fft plan;

    for (size_t i = 0; i < n; i++) {
        x[i] = (oq_complex){(double)oq_rng_float(&rng) - 0.5, (double)oq_rng_float(&rng) - 0.5};
        sum += fabsl((long double)x[i].re) + fabsl((long double)x[i].im);
    }
    oq_fft_plan(&plan, n, turns);
    oq_fft_run(&plan, x, inverse, y, work);
    for (size_t k = 0; k < n; k++) {
        long double re = 0, im = 0;

        for (size_t i = 0; i < n; i++) {
            long double a = two_pi * (long double)(i * k % n) / (long double)n * (inverse ? 1 : -1);

            re += (long double)x[i].re * cosl(a) - (long double)x[i].im * sinl(a);
            im += (long double)x[i].re * sinl(a) + (long double)x[i].im * cosl(a);
        }
        worst = fmaxl(worst, fmaxl(fabsl(re - (long double)y[k].re), fabsl(im - (long double)y[k].im)));
    }
    free(x);
    return (double)(worst / sum);
}

int main(void)
{
    static const size_t sizes[] = {1,  2,  3,  4,  5,  6,  7,   8,   9,   12,  15,  16,  20,
                                   31, 32, 49, 60, 64, 97, 100, 128, 210, 255, 256, 400, 1009};
    double worst = 0;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        double forth = error_of(sizes[i], false), back = error_of(sizes[i], true);

        ok(forth < 5e-15 && back < 5e-15, "%zu numbers: the plain sum (%g, %g)", sizes[i], forth, back);
        if (sizes[i] <= 256 && sizes[i] != 31 && sizes[i] != 97 && sizes[i] != 255)
            worst = fmax(worst, fmax(forth, back));
    }
    ok(worst < 1e-15, "small factors: below 1e-15 of the sum of |x| (%g)", worst);
    return tap_done();
}
