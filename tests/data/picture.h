/* picture: JPEG and PNG files written at run time. */
#ifndef OQ_TESTS_DATA_PICTURE_H
#define OQ_TESTS_DATA_PICTURE_H

#include <stdbool.h>

/* An 8-bit or other PNG: color_type and depth as libpng names them; rows packed one after the other. */
typedef struct png_form {
    int color_type, depth;
    bool is_interlaced;
} png_form;

void picture_png(const char *path, int width, int height, png_form form, const unsigned char *rows);
/* A JPEG of 1, 3 or 4 components (grey, RGB, CMYK as Adobe writes it: inverted), quality 100, no chroma
 * subsampling. */
void picture_jpeg(const char *path, int width, int height, int components, const unsigned char *rows);

#endif
