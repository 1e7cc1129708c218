/* image: JPEG and PNG files as pixels, resized and normalised the way vision models are fed.
 *
 * Everything becomes 8-bit RGB first: grey and palette are expanded, CMYK is converted, 16 bits are scaled to
 * 8, alpha is dropped (not blended). An EXIF orientation is not applied. This is what Pillow's convert("RGB")
 * gives.
 */
#ifndef OQ_DATA_IMAGE_H
#define OQ_DATA_IMAGE_H

#include "base/diag.h"
#include "data/dataset.h"

#define OQ_IMAGE_MAX_PIXELS ((size_t)1 << 27)

typedef struct oq_image {
    int width, height;
    unsigned char *rgb; /* heap; rows of width * 3 bytes, top first */
} oq_image;

/* Decode a file; what it is tell its first bytes, not its name. OQ_IO; OQ_FORMAT: damaged, cut off, or
 * neither JPEG nor PNG; OQ_LIMIT: more than OQ_IMAGE_MAX_PIXELS; OQ_NOMEM. */
oq_status oq_image_read(const char *path, oq_image *out, oq_diag *diag);
/* Black, width * height pixels. OQ_LIMIT, OQ_NOMEM. */
oq_status oq_image_new(int width, int height, oq_image *out, oq_diag *diag);
void oq_image_free(oq_image *image);

/* The decoders, for bytes in memory. */
oq_status oq_jpeg_read(const unsigned char *bytes, size_t size, oq_image *out, oq_diag *diag);
oq_status oq_png_read(const unsigned char *bytes, size_t size, oq_image *out, oq_diag *diag);

/* Bilinear; on reduction the triangle grows with the scale, so that every pixel counts (Pillow's BILINEAR,
 * same bits). width, height >= 1. */
oq_status oq_image_scale(const oq_image *in, int width, int height, oq_image *out, oq_diag *diag);

/* How pixels become a tensor. */
typedef struct oq_image_plan {
    int width, height; /* of the tensor */
    int channels;      /* 1 or 3 */
    bool is_nhwc;      /* else NCHW */
    oq_image_color color;
    oq_image_resize resize;
    float mean[3], std[3]; /* in the tensor's channel order; x = (pixel - mean) / std */
} oq_image_plan;

/* width * height * channels floats. STRETCH: both axes by their own scale. CROP: the shorter side to its
 * size, then the middle of the longer. PAD: the whole picture in the middle, 0 (the mean colour) around it.
 */
oq_status oq_image_floats(const oq_image *image, const oq_image_plan *plan, float *out, oq_diag *diag);

#endif
