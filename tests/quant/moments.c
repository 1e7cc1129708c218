/* Bias shifts and gains from the moments of float and quantized results. */
#include "quant/moments.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "tap/tap.h"

enum { SAMPLES = 6, CHANNELS = 3, POSITIONS = 50 };

/* q = f * gain[c] + offset[c] (+ bias-free noise), seen through the moments. */
static void observe(const double *gain, const double *offset, oq_moments *m)
{
    static const int64_t dims[] = {2, CHANNELS, POSITIONS};
    static float f[2 * CHANNELS * POSITIONS], q[2 * CHANNELS * POSITIONS];
    oq_rng rng = {5};

    for (size_t s = 0; s < SAMPLES; s++) {
        for (size_t i = 0; i < sizeof f / sizeof *f; i++) {
            size_t c = i / POSITIONS % CHANNELS;

            f[i] = oq_rng_float(&rng) * 2 - 0.5f;
            q[i] = (float)((double)f[i] * gain[c] + offset[c]);
        }
        oq_moments_of(f, q, dims, 3, 1, m + s * CHANNELS);
    }
}

/* One sample of channel 0 holds what is no number. */
static void not_finite(double f)
{
    static const double gain[CHANNELS] = {0.9, 0.9, 1}, offset[CHANNELS] = {0};
    oq_moments m[SAMPLES * CHANNELS];
    double found[CHANNELS], shift[CHANNELS];

    observe(gain, offset, m);
    m[CHANNELS].f = m[CHANNELS].fq = m[CHANNELS].ff = f;
    oq_bias_shift(m, SAMPLES, CHANNELS, shift);
    is_float(shift[0], 0, 0, "a channel with NaN or infinities is not shifted");
    ok(shift[1] > 0, "others are");
    oq_gain_refit(m, SAMPLES, CHANNELS, 0.03, found);
    is_float(found[0], 1, 0, "nor gets it a gain");
    is_float(found[1], 1 / 0.9, 1e-4, "unlike others");
}

int main(void)
{
    static const double gain[CHANNELS] = {1, 0.9, 1.01}, offset[CHANNELS] = {0.25, 0, 0};
    static const double bias[CHANNELS] = {0, 0.5, 0};
    oq_moments m[SAMPLES * CHANNELS];
    double found[CHANNELS], shift[CHANNELS];

    observe(gain, offset, m);
    oq_gain_refit(m, SAMPLES, CHANNELS, 0.03, found);
    is_float(found[0], 1, 0, "an offset is no gain");
    is_float(found[1], 1 / 0.9, 1e-4, "a channel that came out a tenth too small");
    is_float(found[2], 1, 0, "a hundredth is below the floor");
    oq_bias_shift(m, SAMPLES, CHANNELS, shift);
    is_float(shift[0], -0.25, 1e-6, "the offset is taken back");
    oq_moments_apply_gain(m, SAMPLES, CHANNELS, found, bias);
    oq_bias_shift(m, SAMPLES, CHANNELS, shift);
    is_float(shift[1], -bias[1] * (1 - 1 / 0.9), 1e-3, "the gain turns around the bias");
    for (size_t s = 0; s < SAMPLES; s++) {
        m[s * CHANNELS] = (oq_moments){.f = s % 2 ? 1 : -1};
        m[s * CHANNELS + 1] = (oq_moments){.f = s % 2 ? 1.001 : 0.999};
    }
    oq_bias_shift(m, SAMPLES, CHANNELS, shift);
    is_float(shift[0], 0, 0, "a difference that changes its sign from sample to sample is none");
    is_float(shift[1], 1, 1e-5, "a sure one is taken whole");
    oq_bias_shift(m, 1, CHANNELS, shift);
    is_float(shift[0], -1, 0, "of one sample the mean is all there is");
    oq_gain_refit(m, 1, CHANNELS, 0.03, found);
    is_float(found[0], 1, 0, "and no gain can be told");
    not_finite(NAN);
    not_finite(INFINITY);
    return tap_done();
}
