/* Rows of max and average pooling against the plain loop, both layouts. */
#include "kernel/pooling_f32.h"

#include "kernel_test.h"

enum { ROWS = 3, WIDTH = 45, CHANNELS = 37 };

typedef struct {
    ptrdiff_t width, kernel, stride, dilation, pad, pad_end;
    size_t n_rows, channels;
} shape;

static const shape shapes[] = {
    {1, 1, 1, 1, 0, 0, 1, 1},   {7, 3, 1, 1, 1, 1, 3, 1},   {17, 3, 2, 1, 1, 1, 3, 16},
    {33, 2, 2, 1, 0, 0, 2, 17}, {40, 3, 1, 1, 1, 1, 3, 37}, {45, 5, 3, 2, 4, 4, 3, 33},
    {3, 7, 1, 1, 3, 3, 3, 5},   {20, 3, 1, 1, 1, 1, 0, 9},  {34, 3, 1, 1, 0, 0, 2, 1},
    {35, 3, 2, 1, 0, 1, 3, 8},
};

/* Output pixel ox of channel c; rows are NHWC. */
static float plain(const shape *s, const float (*x)[WIDTH * CHANNELS], ptrdiff_t ox, size_t c, bool is_max,
                   float divisor)
{
    float acc = is_max ? -INFINITY : 0;

    for (size_t t = 0; t < s->n_rows; t++)
        for (ptrdiff_t kx = 0; kx < s->kernel; kx++) {
            ptrdiff_t ix = ox * s->stride - s->pad + kx * s->dilation;
            float v;

            if (ix < 0 || ix >= s->width)
                continue;
            v = x[t][(size_t)ix * s->channels + c];
            acc = !is_max ? acc + v : isnan(v) || v > acc ? v : acc;
        }
    return is_max ? acc : acc / divisor;
}

static int count_wrong(const oq_kernels *kernels, const shape *s, const float (*x)[WIDTH * CHANNELS],
                       bool is_max)
{
    ptrdiff_t out = (s->width + s->pad + s->pad_end - (s->kernel - 1) * s->dilation - 1) / s->stride + 1;
    static float plane[ROWS][WIDTH], y[WIDTH * 8 * CHANNELS], line[WIDTH * 8], column[WIDTH],
        divisor[WIDTH * 8];
    const void *rows[ROWS] = {x[0], x[1], x[2]}, *planes[ROWS] = {plane[0], plane[1], plane[2]};
    oq_pooling_row job = {rows,      s->n_rows,   s->channels, s->width, out,    s->kernel,
                          s->stride, s->dilation, s->pad,      divisor,  column, y};
    int n_wrong = 0;

    for (ptrdiff_t i = 0; i < out; i++)
        divisor[i] = (float)(i % 3 + 1);
    (is_max ? kernels->pooling->max_nhwc : kernels->pooling->average_nhwc)(&job);
    job.rows = planes, job.channels = 1, job.y = line;
    for (size_t c = 0; c < s->channels; c++) {
        for (size_t t = 0; t < ROWS; t++)
            for (size_t i = 0; i < (size_t)s->width; i++)
                plane[t][i] = x[t][i * s->channels + c];
        (is_max ? kernels->pooling->max_nchw : kernels->pooling->average_nchw)(&job);
        for (ptrdiff_t ox = 0; ox < out; ox++) {
            float want = plain(s, x, ox, c, is_max, divisor[ox]);

            n_wrong += !same_float(line[ox], want) + !same_float(y[(size_t)ox * s->channels + c], want);
        }
    }
    return n_wrong;
}

int main(void)
{
    static float x[ROWS][WIDTH * CHANNELS];
    oq_rng rng = {8};

    for (size_t t = 0; t < ROWS; t++)
        for (size_t i = 0; i < WIDTH * CHANNELS; i++)
            x[t][i] = oq_rng_float(&rng) - 0.5f;
    x[1][20] = NAN, x[0][30] = INFINITY, x[2][31] = -INFINITY;
    for (int s = 0; s < N_SET_NAMES; s++) {
        const oq_kernels *kernels = oq_kernels_named(set_names[s]);
        int n_wrong_max = 0, n_wrong_average = 0;

        if (!kernels) {
            tap_skip(2, "this processor has no %s", set_names[s]);
            continue;
        }
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            n_wrong_max += count_wrong(kernels, &shapes[i], (const float(*)[WIDTH * CHANNELS]) x, true);
            n_wrong_average += count_wrong(kernels, &shapes[i], (const float(*)[WIDTH * CHANNELS]) x, false);
        }
        ok(n_wrong_max == 0, "%s: maximum, both layouts, NaN and infinities", kernels->name);
        ok(n_wrong_average == 0, "%s: average, both layouts the same bits", kernels->name);
    }
    return tap_done();
}
