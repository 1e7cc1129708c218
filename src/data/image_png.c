/* image_png: libpng reports faults by longjmp, handled as in image_jpeg.c. */
#include "config.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/image.h"

#define MAX_CHUNK \
    ((png_alloc_size_t)64 << 20) /* bytes one chunk may ask for: profiles and texts we do not read */

typedef struct job {
    png_structp png;
    png_infop info;
    const unsigned char *bytes;
    size_t size, at;
    char message[160];
    unsigned char **rows;
    oq_image image;
    oq_status status;
} job;

static void on_error(png_structp png, png_const_charp message)
{
    job *j = png_get_error_ptr(png);

    snprintf(j->message, sizeof j->message, "%s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void on_read(png_structp png, png_bytep out, size_t size)
{
    job *j = png_get_io_ptr(png);

    if (size > j->size - j->at)
        png_error(png, "the file is cut off");
    memcpy(out, j->bytes + j->at, size);
    j->at += size;
}

/* Whatever it is, make it 8-bit RGB. */
static void ask_for_rgb(job *j)
{
    int color = png_get_color_type(j->png, j->info);

    png_set_expand(j->png); /* palette to RGB, fewer than 8 bits to 8, transparency to alpha */
    png_set_scale_16(j->png);
    png_set_strip_alpha(j->png);
    if (!(color & PNG_COLOR_MASK_COLOR))
        png_set_gray_to_rgb(j->png);
    png_set_interlace_handling(j->png);
    png_read_update_info(j->png, j->info);
}

static void run(job *j, oq_diag *diag)
{
    uint32_t width, height;

    j->status = OQ_FORMAT;
    if (setjmp(png_jmpbuf(j->png)))
        return;
    png_set_chunk_malloc_max(j->png, MAX_CHUNK);
    png_set_read_fn(j->png, j, on_read);
    png_read_info(j->png, j->info);
    width = png_get_image_width(j->png, j->info);
    height = png_get_image_height(j->png, j->info);
    j->status = oq_image_new((int)width, (int)height, &j->image, diag);
    if (j->status != OQ_OK)
        return;
    j->status = OQ_FORMAT;
    ask_for_rgb(j);
    if (png_get_rowbytes(j->png, j->info) != (size_t)width * 3)
        png_error(j->png, "its pixels cannot be made RGB");
    j->rows = malloc(height * sizeof *j->rows);
    if (!j->rows) {
        j->status = oq_diag_set(diag, OQ_NOMEM, __FILE__, __LINE__, "no memory to decode it");
        return;
    }
    for (size_t y = 0; y < height; y++)
        j->rows[y] = j->image.rgb + y * width * 3;
    png_read_image(j->png, j->rows);
    png_read_end(j->png, NULL);
    j->status = OQ_OK;
}

oq_status oq_png_read(const unsigned char *bytes, size_t size, oq_image *out, oq_diag *diag)
{
    job j = {.bytes = bytes, .size = size};

    j.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &j, on_error, on_warning);
    j.info = j.png ? png_create_info_struct(j.png) : NULL;
    if (j.info)
        run(&j, diag);
    else
        j.status = oq_diag_set(diag, OQ_NOMEM, __FILE__, __LINE__, "no memory to decode it");
    if (j.status == OQ_FORMAT)
        oq_diag_set(diag, OQ_FORMAT, __FILE__, __LINE__, "damaged PNG picture: %s", j.message);
    if (j.status == OQ_OK)
        *out = j.image;
    else
        oq_image_free(&j.image);
    free(j.rows);
    png_destroy_read_struct(&j.png, &j.info, NULL);
    return j.status;
}
