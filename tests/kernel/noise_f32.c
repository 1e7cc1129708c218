/* Squared rounding errors per channel: each set like the plain loop. */
#include "kernel/noise_f32.h"

#include "kernel_test.h"

enum { MOST_ROWS = 150, MOST_CHANNELS = 70 };

static void plain(const oq_noise_f32 *job, double *square)
{
    for (size_t c = 0; c < job->n; c++) {
        square[c] = 0;
        for (size_t r0 = 0; r0 < job->n_rows; r0 += 64) {
            float sum = 0;

            for (size_t r = r0; r < job->n_rows && r < r0 + 64; r++) {
                float x = (job->rows[r * job->n + c] - (job->shift ? job->shift[c] : 0)) * job->inverse[c];
                float code = rintf(x * (1 / job->scale)) + job->zero_point, e;

                code = code < 0 ? 0 : code > job->levels ? job->levels : code;
                e = (code - job->zero_point) * job->scale - x;
                sum = fmaf(e, e, sum);
            }
            square[c] += (double)sum;
        }
    }
}

int main(void)
{
    static const size_t channels[] = {1, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 64, 70};
    static const size_t rows[] = {0, 1, 63, 64, 65, MOST_ROWS};
    oq_rng rng = {3};
    float *x = test_floats(&rng, (size_t)MOST_ROWS * MOST_CHANNELS, 5),
          *shift = test_floats(&rng, MOST_CHANNELS, 1);
    float *inverse = test_floats(&rng, MOST_CHANNELS, 1);
    double got[MOST_CHANNELS], want[MOST_CHANNELS];

    for (int s = 0; s < N_SET_NAMES; s++) {
        const oq_kernels *kernels = oq_kernels_named(set_names[s]);
        size_t n_wrong = 0;

        if (!kernels) {
            tap_skip(1, "%s is not available here", set_names[s]);
            continue;
        }
        for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
            for (size_t j = 0; j < 2 * sizeof rows / sizeof *rows; j++) {
                oq_noise_f32 job = {x,     rows[j / 2], channels[i], inverse, j % 2 ? shift : NULL,
                                    0.03f, 100,         255,         got};

                kernels->noise->squares(&job);
                plain(&job, want);
                n_wrong += memcmp(got, want, channels[i] * sizeof *got) != 0;
            }
        ok(n_wrong == 0, "%s: %zu sizes differ from the plain loop", set_names[s], n_wrong);
    }
    free(x);
    free(shift);
    free(inverse);
    return tap_done();
}
