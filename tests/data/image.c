/* Pictures: every kind of JPEG and PNG becomes RGB; resizing, layout and colour are what was asked; damage is
 * one line. */
#include "config.h"

#include "data/image.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/rng.h"
#include "fixture.h"
#include "picture.h"
#include "tap/tap.h"

static oq_diag diag;

static void reads_png_as(png_form form, int width, int height, const unsigned char *rows,
                         const unsigned char *rgb, const char *name)
{
    const char *path = fixture_path("x.png");
    oq_image image = {0};

    picture_png(path, width, height, form, rows);
    if (!is_int(oq_image_read(path, &image, &diag), OQ_OK, name))
        tap_bail("%s", diag.message);
    is_int(image.width * 100 + image.height, width * 100 + height, "its size");
    is_mem(image.rgb, rgb, (size_t)width * (size_t)height * 3, "its pixels");
    oq_image_free(&image);
}

static void reads_each_png(void)
{
    const unsigned char rgb[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 250, 251, 252};
    const unsigned char rgba[8] = {1, 2, 3, 0, 4, 5, 6, 128};
    const unsigned char grey[2] = {7, 200}, grey_rgb[6] = {7, 7, 7, 200, 200, 200};
    const unsigned char grey_alpha[4] = {7, 0, 200, 255};
    const unsigned char bits[2] = {0x80, 0x40},
                        bits_rgb[12] = {255, 255, 255, 0, 0, 0, 0, 0, 0, 255, 255, 255};
    const unsigned char indices[1] = {0x6c}; /* 1, 2, 3, 0 at two bits */
    const unsigned char index_rgb[12] = {0, 255, 0, 0, 0, 255, 10, 20, 30, 255, 0, 0};
    const unsigned char deep[6] = {0xff, 0xff, 0x80, 0x80, 0, 0}, deep_rgb[3] = {255, 128, 0};

    reads_png_as((png_form){PNG_COLOR_TYPE_RGB, 8, false}, 2, 2, rgb, rgb, "an RGB PNG");
    reads_png_as((png_form){PNG_COLOR_TYPE_RGB, 8, true}, 2, 2, rgb, rgb, "an interlaced PNG");
    reads_png_as((png_form){PNG_COLOR_TYPE_RGBA, 8, false}, 2, 1, rgba,
                 (const unsigned char[]){1, 2, 3, 4, 5, 6}, "a PNG with alpha, which is dropped");
    reads_png_as((png_form){PNG_COLOR_TYPE_GRAY, 8, false}, 2, 1, grey, grey_rgb, "a grey PNG");
    reads_png_as((png_form){PNG_COLOR_TYPE_GRAY_ALPHA, 8, false}, 2, 1, grey_alpha, grey_rgb,
                 "a grey PNG with alpha");
    reads_png_as((png_form){PNG_COLOR_TYPE_GRAY, 1, false}, 2, 2, bits, bits_rgb, "a black and white PNG");
    reads_png_as((png_form){PNG_COLOR_TYPE_PALETTE, 2, false}, 4, 1, indices, index_rgb,
                 "a PNG with a palette");
    reads_png_as((png_form){PNG_COLOR_TYPE_RGB, 16, false}, 1, 1, deep, deep_rgb, "a PNG of 16 bits");
}

static void is_near(const oq_image *image, const unsigned char *want, const char *name)
{
    int most = 0;

    for (int i = 0; i < image->width * image->height * 3; i++) {
        int off = abs(image->rgb[i] - want[i % 3]);

        most = off > most ? off : most;
    }
    if (!ok(most <= 2, "%s", name))
        tap_diag("off by %d", most);
}

static void reads_each_jpeg(void)
{
    const char *path = fixture_path("x.jpg");
    unsigned char rows[8 * 8 * 4];
    const unsigned char rgb[3] = {200, 100, 50}, grey[3] = {90, 90, 90},
                        ink[4] = {255 - 51, 255, 255 - 102, 255 - 51};
    /* light 0.8 of the key; times 0.8, 1 and 0.6 */
    const unsigned char cmyk[3] = {163, 204, 122};
    oq_image image;

    for (int i = 0; i < 64; i++)
        memcpy(rows + 3 * i, rgb, 3);
    picture_jpeg(path, 8, 8, 3, rows);
    is_int(oq_image_read(path, &image, &diag), OQ_OK, "an RGB JPEG");
    is_near(&image, rgb, "its colour");
    oq_image_free(&image);
    memset(rows, 90, sizeof rows);
    picture_jpeg(path, 8, 8, 1, rows);
    is_int(oq_image_read(path, &image, &diag), OQ_OK, "a grey JPEG");
    is_near(&image, grey, "its colour");
    oq_image_free(&image);
    for (int i = 0; i < 64; i++)
        memcpy(rows + 4 * i, ink, 4);
    picture_jpeg(path, 8, 8, 4, rows);
    is_int(oq_image_read(path, &image, &diag), OQ_OK, "a CMYK JPEG");
    is_near(&image, cmyk, "its colour");
    oq_image_free(&image);
}

static void refuses_what_is_no_picture(void)
{
    const char *path = fixture_path("x.jpg");
    oq_image image = {0};

    fixture_write(path, "hello, this is no picture", 25);
    is_int(oq_image_read(path, &image, &diag), OQ_FORMAT, "a text is no picture");
    ok(strstr(diag.message, "neither a JPEG nor a PNG") != NULL, "and it says so");
    fixture_write(path, "", 0);
    is_int(oq_image_read(path, &image, &diag), OQ_FORMAT, "nor is an empty file");
    is_int(oq_image_read(fixture_path("none.jpg"), &image, &diag), OQ_IO, "an absent file is OQ_IO");
    ok(image.rgb == NULL, "nothing is returned");
}

static void make_noise(unsigned char *bytes, size_t n)
{
    oq_rng rng = {5};

    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)oq_rng_next(&rng);
}

static oq_status try_read(const char *path, const void *bytes, size_t size)
{
    oq_image image = {0};
    oq_status status;

    fixture_write(path, bytes, size);
    oq_diag_clear(&diag);
    status = oq_image_read(path, &image, &diag);
    oq_image_free(&image);
    return status;
}

static void survives_damage(const char *name, bool is_png)
{
    const char *path = fixture_path(name), *copy = fixture_path("damaged");
    static unsigned char rows[32 * 32 * 3];
    oq_rng rng = {11};
    oq_buf file;
    int n_whole = 0, n_bad = 0;

    make_noise(rows, sizeof rows);
    if (is_png)
        picture_png(path, 32, 32, (png_form){PNG_COLOR_TYPE_RGB, 8, false}, rows);
    else
        picture_jpeg(path, 32, 32, 3, rows);
    file = fixture_read(path);
    is_int(try_read(copy, file.data, file.size), OQ_OK, "the whole picture reads");
    for (size_t size = 1; size + 16 < file.size; size += 13)
        n_whole += try_read(copy, file.data, size) != OQ_FORMAT || strchr(diag.message, '\n');
    is_int(n_whole, 0, "each truncation is one line");
    for (int i = 0; i < 1500; i++) {
        size_t at = (size_t)oq_rng_below(&rng, file.size);
        unsigned char flip = (unsigned char)(1u << oq_rng_below(&rng, 8));
        oq_status status;

        file.data[at] ^= flip;
        status = try_read(copy, file.data, file.size);
        n_bad +=
            status != OQ_OK && ((status != OQ_FORMAT && status != OQ_LIMIT) || strchr(diag.message, '\n'));
        file.data[at] ^= flip;
    }
    is_int(n_bad, 0, "each flipped bit is harmless or one line");
    oq_buf_free(&file);
}

/* ---- resizing */

static void scales_by_hand(void)
{
    unsigned char four[12] = {0, 10, 20, 100, 110, 120, 50, 60, 70, 150, 160, 170};
    oq_image in = {2, 2, four}, out;
    const unsigned char mean[3] = {75, 85, 95};
    unsigned char line[9] = {0, 0, 0, 120, 120, 120, 240, 240, 240};
    oq_image three = {3, 1, line};
    /* centres 1/4, 3/4 ... of the pixels: 0, 30, 90 are weights 1, 3/4 and 1/4 of the neighbours */
    const unsigned char six[6] = {0, 30, 90, 150, 210, 240};

    oq_image_scale(&in, 2, 2, &out, &diag);
    is_mem(out.rgb, four, sizeof four, "the same size is the same picture");
    oq_image_free(&out);
    oq_image_scale(&in, 1, 1, &out, &diag);
    is_mem(out.rgb, mean, sizeof mean, "one pixel is the mean of four");
    oq_image_free(&out);
    oq_image_scale(&three, 6, 1, &out, &diag);
    for (int x = 0; x < 6; x++)
        is_int(out.rgb[3 * x], six[x], "enlarging interpolates between the centres of pixels");
    oq_image_free(&out);
}

static void keeps_flat_colours(void)
{
    static const int sizes[] = {1, 2, 3, 7, 16, 33, 100};
    unsigned char flat[33 * 3];
    int n_off = 0;

    for (size_t i = 0; i < sizeof flat; i++)
        flat[i] = (unsigned char)(i % 3 == 0 ? 255 : i % 3);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        oq_image in = {11, 3, flat}, out;

        oq_image_scale(&in, sizes[k], sizes[sizeof sizes / sizeof *sizes - 1 - k], &out, &diag);
        for (int i = 0; i < out.width * out.height * 3; i++)
            n_off += out.rgb[i] != flat[i % 3];
        oq_image_free(&out);
    }
    is_int(n_off, 0, "a flat colour stays as it is at any size");
}

/* ---- tensors */

static void orders_channels(void)
{
    unsigned char pixels[6] = {10, 20, 30, 40, 50, 60};
    oq_image in = {2, 1, pixels};
    oq_image_plan plan = {.width = 2, .height = 1, .channels = 3, .mean = {10, 0, 0}, .std = {1, 2, 10}};
    const float nchw[6] = {0, 30, 10, 25, 3, 6}, nhwc[6] = {0, 10, 3, 30, 25, 6};
    const float bgr[6] = {20, 50, 10, 25, 1, 4}, grey[2] = {8, 38};
    float out[6];

    oq_image_floats(&in, &plan, out, &diag);
    is_mem(out, nchw, sizeof nchw, "channels first: (pixel - mean) / std per channel");
    plan.is_nhwc = true;
    oq_image_floats(&in, &plan, out, &diag);
    is_mem(out, nhwc, sizeof nhwc, "channels last");
    plan.is_nhwc = false;
    plan.color = OQ_COLOR_BGR;
    oq_image_floats(&in, &plan, out, &diag);
    is_mem(out, bgr, sizeof bgr, "BGR: mean and std count in the tensor's order");
    plan.color = OQ_COLOR_GRAY;
    plan.channels = 1;
    oq_image_floats(&in, &plan, out, &diag);
    is_mem(out, grey, sizeof grey, "grey is the luma, rounded");
}

static void places_pictures(void)
{
    unsigned char pixels[4 * 2 * 3];
    oq_image wide = {4, 2, pixels}, high = {2, 4, pixels};
    oq_image_plan plan = {.width = 2, .height = 2, .channels = 1, .mean = {1}, .std = {1, 1, 1}};
    const float crop[4] = {1, 2, 5, 6}, crop_high[4] = {2, 3, 4, 5};
    const float pad[16] = {0, 0, 0, 0, -1, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0, 0};
    float out[16];

    for (int i = 0; i < 24; i++)
        pixels[i] = (unsigned char)(i / 3);
    plan.resize = OQ_RESIZE_CROP;
    plan.mean[0] = 0;
    oq_image_floats(&wide, &plan, out, &diag);
    is_mem(out, crop, sizeof crop, "crop takes the middle of the longer side");
    oq_image_floats(&high, &plan, out, &diag);
    is_mem(out, crop_high, sizeof crop_high, "also when that is the height");
    plan = (oq_image_plan){.width = 4, .height = 4, .channels = 1, .mean = {1}, .std = {1, 1, 1}};
    plan.resize = OQ_RESIZE_PAD;
    oq_image_floats(&wide, &plan, out, &diag);
    is_mem(out, pad, sizeof pad, "pad puts the whole picture in the middle of zeros");
}

/* ---- as samples */

static void refused(const char *inputs, const oq_dataset_options *options, oq_status want, const char *text)
{
    oq_model *model = fixture_model(inputs);
    oq_dataset *dataset = NULL;
    char line[2 * OQ_DIAG_TEXT + 2];

    oq_diag_clear(&diag);
    is_int(oq_dataset_open(model->graph, fixture_path("pictures"), options, &dataset, &diag), want,
           oq_status_name(want));
    snprintf(line, sizeof line, "%s: %s", diag.about, diag.message);
    if (!ok(strstr(line, text) != NULL, "says: %s", text))
        tap_diag("got: %s", line);
    oq_dataset_close(dataset);
    oq_model_destroy(model);
}

static void feeds(const char *inputs, const oq_dataset_options *options, oq_dtype dtype, const int64_t *dims,
                  int rank, const char *note)
{
    oq_model *model = fixture_model(inputs);
    oq_arena *arena = oq_arena_new(0);
    oq_dataset *dataset = NULL;
    oq_array x;

    oq_diag_clear(&diag);
    if (!is_int(oq_dataset_open(model->graph, fixture_path("pictures"), options, &dataset, &diag), OQ_OK,
                inputs))
        tap_bail("%s", diag.message);
    is_int(oq_dataset_count(dataset), 2, "each picture is a sample");
    if (!ok(strstr(oq_dataset_describe(dataset), note) != NULL, "described: %s", note))
        tap_diag("got: %s", oq_dataset_describe(dataset));
    is_int(oq_dataset_sample(dataset, 1, arena, &x, &diag), OQ_OK, "a sample is there");
    is_int(x.dtype, dtype, "of the input's type");
    is_int(x.rank, rank, "rank");
    is_mem(x.dims, dims, (size_t)rank * sizeof *dims, "and shape");
    if (dtype == OQ_FLOAT)
        is_float(((const float *)x.data)[0], 200, 0, "with its pixels");
    else
        is_int(((const unsigned char *)x.data)[0], 200, "with its pixels");
    oq_dataset_close(dataset);
    oq_arena_free(arena);
    oq_model_destroy(model);
}

static void pictures_are_samples(void)
{
    const unsigned char dark[3] = {50, 60, 70}, light[3] = {200, 200, 200};
    oq_dataset_options sized = {.image_width = 5, .image_height = 4}, square = {.image_width = 6};
    oq_dataset_options scaled = {.mean = {1}}, grey = {.color = OQ_COLOR_GRAY}, wrong = {.image_width = 7};
    const int64_t nchw[4] = {1, 3, 4, 5}, nhwc[4] = {1, 4, 5, 3}, one[4] = {1, 1, 6, 6}, bare[3] = {3, 4, 5};

    if (mkdir(fixture_path("pictures"), 0700) != 0)
        tap_bail("cannot make a folder");
    picture_png(fixture_path("pictures/a.PNG"), 1, 1, (png_form){PNG_COLOR_TYPE_RGB, 8, false}, dark);
    picture_png(fixture_path("pictures/b.jpg"), 1, 1, (png_form){PNG_COLOR_TYPE_RGB, 8, false}, light);
    feeds("x:float[N,3,4,5]", NULL, OQ_FLOAT, nchw, 4, "2 images of ");
    feeds("x:float[N,4,5,3]", NULL, OQ_FLOAT, nhwc, 4, "(stretched to 5x4, RGB)");
    feeds("x:float[1,3,?,?]", &sized, OQ_FLOAT, nchw, 4, "(stretched to 5x4, RGB)");
    feeds("x:float[N,1,?,?]", &square, OQ_FLOAT, one, 4, "(stretched to 6x6, grey)");
    feeds("x:uint8[3,4,5]", NULL, OQ_UINT8, bare, 3, "(stretched to 5x4, RGB)");
    refused("x:float[N,3,?,?]", NULL, OQ_ARG, "give --image-size");
    refused("x:float[N,3,4,5]", &wrong, OQ_SHAPE, "--image-size asks for height 7, input 'x' wants 4");
    refused("x:float[N,3,5,3]", NULL, OQ_ARG, "give --layout nchw or nhwc");
    refused("x:float[N,3,4,5]", &grey, OQ_ARG, "wants 3 channels, but --color gray gives 1");
    refused("x:uint8[N,3,4,5]", &scaled, OQ_ARG, "leave off --mean and --std");
    refused("x:int64[N,3,4,5]", NULL, OQ_SHAPE, "pictures give float or uint8");
    refused("x:float[N,10]", NULL, OQ_SHAPE, "a picture gives [1,3,HEIGHT,WIDTH]");
    refused("x:float[N,3,4,5] y:float[N]", NULL, OQ_SHAPE, "pictures feed one input, the model has 2");
    fixture_write(fixture_path("pictures/0.png"), "hello", 5);
    refused("x:float[N,3,4,5]", NULL, OQ_FORMAT, "0.png: neither a JPEG nor a PNG picture");
}

int main(void)
{
    reads_each_png();
    reads_each_jpeg();
    refuses_what_is_no_picture();
    survives_damage("noise.jpg", false);
    survives_damage("noise.png", true);
    scales_by_hand();
    keeps_flat_colours();
    orders_channels();
    places_pictures();
    pictures_are_samples();
    return tap_done();
}
