/* image_jpeg: libjpeg reports faults by longjmp. Everything that changes between setjmp and longjmp lives in
 * the job, which the caller owns and cleans up; no local variable of run() is read after the jump.
 */
#include "config.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/image.h"

#include <jerror.h>
#include <jpeglib.h>

typedef struct job {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf fault;
    char message[JMSG_LENGTH_MAX];
    unsigned char *cmyk; /* one row */
    oq_image image;
    oq_status status; /* of making the image */
} job;

static void on_error(j_common_ptr jpeg)
{
    job *j = jpeg->client_data;

    jpeg->err->format_message(jpeg, j->message);
    longjmp(j->fault, 1);
}

/* A picture that is cut off or out of step is only a warning to libjpeg, which paints the rest grey. */
static void on_message(j_common_ptr jpeg, int level)
{
    int code = jpeg->err->msg_code;

    if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE))
        on_error(jpeg);
}

/* CMYK as Adobe's programs write it is inverted: 255 is no ink. */
static void convert_row(const job *j, unsigned char *rgb)
{
    bool is_inverted = j->jpeg.saw_Adobe_marker;

    for (size_t x = 0; x < j->jpeg.output_width; x++) {
        unsigned light = is_inverted ? j->cmyk[4 * x + 3] : 255u - j->cmyk[4 * x + 3];

        for (size_t c = 0; c < 3; c++) {
            unsigned value = is_inverted ? j->cmyk[4 * x + c] : 255u - j->cmyk[4 * x + c];

            rgb[3 * x + c] = (unsigned char)((value * light + 127) / 255);
        }
    }
}

static void read_rows(job *j)
{
    bool is_cmyk = j->jpeg.out_color_space == JCS_CMYK;
    size_t stride = (size_t)j->jpeg.output_width * 3;

    while (j->jpeg.output_scanline < j->jpeg.output_height) {
        unsigned char *row = j->image.rgb + j->jpeg.output_scanline * stride;
        unsigned char *target = is_cmyk ? j->cmyk : row;

        jpeg_read_scanlines(&j->jpeg, &target, 1);
        if (is_cmyk)
            convert_row(j, row);
    }
}

static void run(job *j, const unsigned char *bytes, size_t size, oq_diag *diag)
{
    j->status = OQ_FORMAT;
    if (setjmp(j->fault))
        return;
    jpeg_create_decompress(&j->jpeg);
    jpeg_mem_src(&j->jpeg, bytes, size);
    jpeg_read_header(&j->jpeg, TRUE);
    j->status = oq_image_new((int)j->jpeg.image_width, (int)j->jpeg.image_height, &j->image, diag);
    if (j->status != OQ_OK)
        return;
    j->status = OQ_FORMAT;
    j->jpeg.out_color_space = j->jpeg.num_components == 4 ? JCS_CMYK : JCS_RGB;
    j->cmyk = malloc((size_t)j->jpeg.image_width * 4);
    if (!j->cmyk) {
        j->status = oq_diag_set(diag, OQ_NOMEM, __FILE__, __LINE__, "no memory to decode it");
        return;
    }
    jpeg_start_decompress(&j->jpeg);
    read_rows(j);
    jpeg_finish_decompress(&j->jpeg);
    j->status = OQ_OK;
}

oq_status oq_jpeg_read(const unsigned char *bytes, size_t size, oq_image *out, oq_diag *diag)
{
    job *j = calloc(1, sizeof *j);
    oq_status status;

    if (!j)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to decode it");
    j->jpeg.err = jpeg_std_error(&j->errors);
    j->errors.error_exit = on_error;
    j->errors.emit_message = on_message;
    j->jpeg.client_data = j;
    run(j, bytes, size, diag);
    status = j->status;
    if (status == OQ_FORMAT)
        oq_diag_set(diag, OQ_FORMAT, __FILE__, __LINE__, "damaged JPEG picture: %s", j->message);
    if (status == OQ_OK)
        *out = j->image;
    else
        oq_image_free(&j->image);
    jpeg_destroy_decompress(&j->jpeg);
    free(j->cmyk);
    free(j);
    return status;
}
