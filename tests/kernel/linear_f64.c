/* C -= A * B in double: each set like the plain loop, bit by bit. */
#include "kernel/linear_f64.h"

#include "kernel_test.h"

enum { MOST = 80 };

static double *doubles(oq_rng *rng, size_t n)
{
    double *x = test_alloc(n * sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = (double)oq_rng_float(rng) - 0.5;
    return x;
}

static void plain(const oq_subtract_f64 *job)
{
    for (size_t i = 0; i < job->m; i++)
        for (size_t j = 0; j < job->n; j++) {
            double sum = job->c[i * job->c_stride + j];

            for (size_t t = 0; t < job->k; t++)
                sum = fma(-job->a[i * job->a_stride + t], job->b[t * job->b_stride + j], sum);
            job->c[i * job->c_stride + j] = sum;
        }
}

int main(void)
{
    static const size_t sizes[][3] = {{1, 1, 1},  {1, 64, 5},  {5, 3, 7},    {6, 32, 64},
                                      {7, 33, 2}, {6, 31, 64}, {12, 64, 64}, {13, 65, 70},
                                      {11, 8, 1}, {32, 17, 0}, {6, 16, 3},   {80, 79, 80}};
    oq_rng rng = {11};
    double *a = doubles(&rng, MOST * MOST), *b = doubles(&rng, MOST * MOST), *c = doubles(&rng, MOST * MOST);
    double *got = doubles(&rng, MOST * MOST), *want = doubles(&rng, MOST * MOST);

    for (int s = 0; s < N_SET_NAMES; s++) {
        const oq_kernels *kernels = oq_kernels_named(set_names[s]);
        size_t n_wrong = 0;

        if (!kernels) {
            tap_skip(1, "%s is not available here", set_names[s]);
            continue;
        }
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            oq_subtract_f64 job = {sizes[i][0], sizes[i][1], sizes[i][2], a, MOST, b, MOST, got, MOST};

            memcpy(got, c, MOST * MOST * sizeof *c);
            memcpy(want, c, MOST * MOST * sizeof *c);
            kernels->linear->subtract(&job);
            job.c = want;
            plain(&job);
            n_wrong += memcmp(got, want, MOST * MOST * sizeof *c) != 0;
        }
        ok(n_wrong == 0, "%s: %zu sizes differ from the plain loop", set_names[s], n_wrong);
    }
    free(a);
    free(b);
    free(c);
    free(got);
    free(want);
    return tap_done();
}
