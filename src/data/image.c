#include "data/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "data/mapping.h"

oq_status oq_image_new(int width, int height, oq_image *out, oq_diag *diag)
{
    unsigned char *rgb;

    if (width < 1 || height < 1)
        OQ_FAIL(diag, OQ_FORMAT, "the picture has no pixels");
    if ((size_t)height > OQ_IMAGE_MAX_PIXELS / (size_t)width)
        OQ_FAIL(diag, OQ_LIMIT, "%d x %d pixels are more than %zu; reduce the picture", width, height,
                OQ_IMAGE_MAX_PIXELS);
    rgb = calloc((size_t)width * (size_t)height, 3);
    if (!rgb)
        OQ_FAIL(diag, OQ_NOMEM, "no memory for %d x %d pixels", width, height);
    out->width = width;
    out->height = height;
    out->rgb = rgb;
    return OQ_OK;
}

void oq_image_free(oq_image *image)
{
    free(image->rgb);
    *image = (oq_image){0};
}

oq_status oq_image_read(const char *path, oq_image *out, oq_diag *diag)
{
    oq_mapping file;
    oq_status status;

    OQ_TRY(oq_mapping_open(path, &file, diag));
    if (file.size >= 3 && memcmp(file.data, "\xff\xd8\xff", 3) == 0)
        status = oq_jpeg_read(file.data, file.size, out, diag);
    else if (file.size >= 8 && memcmp(file.data, "\x89PNG\r\n\x1a\n", 8) == 0)
        status = oq_png_read(file.data, file.size, out, diag);
    else
        status = oq_diag_set(diag, OQ_FORMAT, __FILE__, __LINE__, "neither a JPEG nor a PNG picture");
    oq_mapping_close(&file);
    if (status != OQ_OK)
        oq_diag_about(diag, path, false);
    return status;
}

/* ---- placing the picture in the tensor */

/* The resized picture, and which part of it goes where. */
typedef struct placement {
    int width, height;  /* after resizing */
    int from_x, from_y; /* first pixel used of it */
    int to_x, to_y;     /* where that lands */
    int n_x, n_y;       /* pixels used */
} placement;

/* length * numerator / denominator, at least 1 */
static int scaled(int length, int numerator, int denominator)
{
    int64_t n = (int64_t)length * numerator / denominator;

    return n < 1 ? 1 : n > INT32_MAX ? INT32_MAX : (int)n;
}

static placement place(const oq_image *image, const oq_image_plan *plan)
{
    placement p = {.width = plan->width, .height = plan->height};
    /* Does the width need the larger scale? width / image->width > height / image->height */
    bool is_width_larger = (int64_t)plan->width * image->height > (int64_t)plan->height * image->width;

    if (plan->resize != OQ_RESIZE_STRETCH) {
        /* CROP takes the larger of the two scales, PAD the smaller. */
        if (is_width_larger == (plan->resize == OQ_RESIZE_CROP))
            p.height = scaled(image->height, plan->width, image->width);
        else
            p.width = scaled(image->width, plan->height, image->height);
    }
    p.n_x = p.width < plan->width ? p.width : plan->width;
    p.n_y = p.height < plan->height ? p.height : plan->height;
    p.from_x = (p.width - p.n_x) / 2;
    p.from_y = (p.height - p.n_y) / 2;
    p.to_x = (plan->width - p.n_x) / 2;
    p.to_y = (plan->height - p.n_y) / 2;
    return p;
}

/* ITU-R 601-2 luma in 16-bit fixed point, rounded; the weights sum to 65536 */
static unsigned luma(const unsigned char *rgb)
{
    return (19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 0x8000u) >> 16;
}

static float pixel(const unsigned char *rgb, int channel, const oq_image_plan *plan)
{
    unsigned value = plan->channels == 1           ? luma(rgb)
                     : plan->color == OQ_COLOR_BGR ? rgb[2 - channel]
                                                   : rgb[channel];

    return ((float)value - plan->mean[channel]) / plan->std[channel];
}

static void write_floats(const oq_image *image, const placement *p, const oq_image_plan *plan, float *out)
{
    size_t width = (size_t)plan->width, plane = width * (size_t)plan->height,
           channels = (size_t)plan->channels;

    memset(out, 0, plane * channels * sizeof *out);
    for (int y = 0; y < p->n_y; y++) {
        const unsigned char *row =
            image->rgb + ((size_t)(p->from_y + y) * (size_t)image->width + (size_t)p->from_x) * 3;

        for (int x = 0; x < p->n_x; x++) {
            size_t at = (size_t)(p->to_y + y) * width + (size_t)(p->to_x + x);

            for (int c = 0; c < plan->channels; c++) {
                size_t i = plan->is_nhwc ? at * channels + (size_t)c : (size_t)c * plane + at;

                out[i] = pixel(row + 3 * x, c, plan);
            }
        }
    }
}

oq_status oq_image_floats(const oq_image *image, const oq_image_plan *plan, float *out, oq_diag *diag)
{
    placement p = place(image, plan);
    oq_image resized;

    OQ_TRY(oq_image_scale(image, p.width, p.height, &resized, diag));
    write_floats(&resized, &p, plan, out);
    oq_image_free(&resized);
    return OQ_OK;
}
