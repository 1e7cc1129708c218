/* image_resize: separable resampling with a triangle filter.
 *
 *     out[x] = sum_i w(i - centre) in[i],  centre = (x + 1/2) * scale,  w(t) = max(0, 1 - |t + 1/2| /
 * support)
 *
 * support = max(scale, 1): enlarging interpolates between two neighbours; reducing averages all pixels under
 * the triangle. Weights are normalised in double, then held as 22-bit fixed point, and each of the two passes
 * rounds to 8 bits: 255 * 2^22 fits an int32 with room for the rounding of the weights. Integer arithmetic
 * gives the same pixels everywhere, and the same as Pillow.
 */
#include "data/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PRECISION 22

/* The weights of one axis. */
typedef struct axis {
    int n;        /* pixels out */
    int taps;     /* weights per pixel, at most */
    int *first;   /* first pixel in, of each pixel out */
    int *count;   /* pixels in */
    int *weights; /* n * taps, fixed point */
} axis;

static void free_axis(axis *a)
{
    free(a->first);
    free(a->count);
    free(a->weights);
}

static void weigh(axis *a, int x, int n_in, double scale, double support, double *weights)
{
    double centre = (x + 0.5) * scale, sum = 0.0;
    int first = (int)(centre - support + 0.5), end = (int)(centre + support + 0.5);

    first = first < 0 ? 0 : first;
    end = end > n_in ? n_in : end;
    for (int i = first; i < end; i++) {
        double t = fabs((i - centre + 0.5) * (1.0 / support));

        weights[i - first] = t < 1.0 ? 1.0 - t : 0.0;
        sum += weights[i - first];
    }
    a->first[x] = first;
    a->count[x] = end - first;
    for (int i = 0; i < end - first; i++)
        a->weights[(size_t)x * (size_t)a->taps + (size_t)i] =
            (int)(0.5 + weights[i] / sum * (1 << PRECISION));
}

static bool make_axis(axis *a, int n_in, int n_out)
{
    double scale = (double)n_in / n_out, support = scale < 1.0 ? 1.0 : scale;
    double *weights;

    *a = (axis){.n = n_out, .taps = (int)ceil(support) * 2 + 1};
    a->first = calloc((size_t)n_out, sizeof *a->first);
    a->count = calloc((size_t)n_out, sizeof *a->count);
    a->weights = calloc((size_t)n_out * (size_t)a->taps, sizeof *a->weights);
    weights = calloc((size_t)a->taps, sizeof *weights);
    if (!a->first || !a->count || !a->weights || !weights) {
        free_axis(a);
        free(weights);
        return false;
    }
    for (int x = 0; x < n_out; x++)
        weigh(a, x, n_in, scale, support, weights);
    free(weights);
    return true;
}

/* Resample along one axis: pixels of a line are `step` bytes apart in and out. */
static void resample(const axis *a, const unsigned char *in, unsigned char *out, size_t step)
{
    for (int x = 0; x < a->n; x++) {
        const unsigned char *from = in + (size_t)a->first[x] * step;
        const int *weights = a->weights + (size_t)x * (size_t)a->taps;

        for (int c = 0; c < 3; c++) {
            int sum = 1 << (PRECISION - 1);

            for (int i = 0; i < a->count[x]; i++)
                sum += from[(size_t)i * step + (size_t)c] * weights[i];
            sum >>= PRECISION;
            out[(size_t)x * step + (size_t)c] = (unsigned char)(sum > 255 ? 255 : sum);
        }
    }
}

static oq_status no_memory(oq_diag *diag)
{
    OQ_FAIL(diag, OQ_NOMEM, "no memory to resize a picture");
}

static oq_status resize_width(const oq_image *in, int width, oq_image *out, oq_diag *diag)
{
    axis a;

    OQ_TRY(oq_image_new(width, in->height, out, diag));
    if (width == in->width) {
        memcpy(out->rgb, in->rgb, (size_t)width * (size_t)in->height * 3);
        return OQ_OK;
    }
    if (!make_axis(&a, in->width, width)) {
        oq_image_free(out);
        return no_memory(diag);
    }
    for (int y = 0; y < in->height; y++)
        resample(&a, in->rgb + (size_t)y * (size_t)in->width * 3, out->rgb + (size_t)y * (size_t)width * 3,
                 3);
    free_axis(&a);
    return OQ_OK;
}

static oq_status resize_height(const oq_image *in, int height, oq_image *out, oq_diag *diag)
{
    axis a;

    OQ_TRY(oq_image_new(in->width, height, out, diag));
    if (!make_axis(&a, in->height, height)) {
        oq_image_free(out);
        return no_memory(diag);
    }
    for (int x = 0; x < in->width; x++)
        resample(&a, in->rgb + 3 * (size_t)x, out->rgb + 3 * (size_t)x, (size_t)in->width * 3);
    free_axis(&a);
    return OQ_OK;
}

oq_status oq_image_scale(const oq_image *in, int width, int height, oq_image *out, oq_diag *diag)
{
    oq_image wide;
    oq_status status;

    OQ_TRY(resize_width(in, width, &wide, diag));
    if (height == in->height) {
        *out = wide;
        return OQ_OK;
    }
    status = resize_height(&wide, height, out, diag);
    oq_image_free(&wide);
    return status;
}
