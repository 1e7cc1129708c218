#include "config.h"

#include "picture.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include "tap/tap.h"

static void set_palette(png_structp png, png_infop info)
{
    const png_color palette[4] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {10, 20, 30}};

    png_set_PLTE(png, info, palette, 4);
}

void picture_png(const char *path, int width, int height, png_form form, const unsigned char *rows)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    FILE *f = fopen(path, "wb");
    size_t stride;
    png_bytepp pointers = calloc((size_t)height, sizeof *pointers);

    if (!f || !pointers || setjmp(png_jmpbuf(png)))
        tap_bail("cannot write %s", path);
    png_init_io(png, f);
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, form.depth, form.color_type,
                 form.is_interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (form.color_type == PNG_COLOR_TYPE_PALETTE)
        set_palette(png, info);
    stride = png_get_rowbytes(png, info);
    for (int y = 0; y < height; y++)
        pointers[y] = (unsigned char *)(uintptr_t)rows + (size_t)y * stride;
    png_set_rows(png, info, pointers);
    png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    png_destroy_write_struct(&png, &info);
    free(pointers);
    fclose(f);
}

void picture_jpeg(const char *path, int width, int height, int components, const unsigned char *rows)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    FILE *f = fopen(path, "wb");

    if (!f)
        tap_bail("cannot write %s", path);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, f);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = components;
    jpeg.in_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 100, TRUE);
    for (int c = 0; c < components; c++)
        jpeg.comp_info[c].h_samp_factor = jpeg.comp_info[c].v_samp_factor = 1;
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < height; y++) {
        JSAMPROW row = (unsigned char *)(uintptr_t)rows + (size_t)y * (size_t)width * (size_t)components;

        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    fclose(f);
}
