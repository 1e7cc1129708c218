#include "config.h"

#include "fixture.h"

#include <minizip/zip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ir/shape.h"
#include "tap/tap.h"

void fixture_npy_version(oq_buf *out, int version, const char *dictionary, const void *data, size_t size)
{
    size_t start = version == 1 ? 10 : 12, text = strlen(dictionary);
    size_t length = ((start + text + 1 + 63) & ~(size_t)63) - start;

    oq_buf_append(out, "\x93NUMPY", 6);
    oq_buf_byte(out, (unsigned char)version);
    oq_buf_byte(out, 0);
    for (size_t i = 0; i < start - 8; i++)
        oq_buf_byte(out, (unsigned char)(length >> (8 * i)));
    oq_buf_append(out, dictionary, text);
    for (size_t i = text + 1; i < length; i++)
        oq_buf_byte(out, ' ');
    oq_buf_byte(out, '\n');
    oq_buf_append(out, data, size);
}

void fixture_npy(oq_buf *out, const char *dictionary, const void *data, size_t size)
{
    fixture_npy_version(out, 1, dictionary, data, size);
}

fixture_zip fixture_zip_open(const char *path)
{
    fixture_zip zip = {zipOpen64(path, APPEND_STATUS_CREATE)};

    if (!zip.zip)
        tap_bail("cannot create %s", path);
    return zip;
}

void fixture_zip_add(fixture_zip *zip, const char *name, bool is_deflated, const void *data, size_t size)
{
    zip_fileinfo info = {.dosDate = 0x00210000};

    if (zipOpenNewFileInZip64(zip->zip, name, &info, NULL, 0, NULL, 0, NULL, is_deflated ? Z_DEFLATED : 0,
                              is_deflated ? 6 : 0, 0) != ZIP_OK ||
        zipWriteInFileInZip(zip->zip, data, (unsigned)size) != ZIP_OK ||
        zipCloseFileInZip(zip->zip) != ZIP_OK)
        tap_bail("cannot add %s to a zip file", name);
}

void fixture_zip_array(fixture_zip *zip, const char *name, bool is_deflated, const char *dictionary,
                       const void *data, size_t size)
{
    oq_buf npy = {0};
    char member[256];

    snprintf(member, sizeof member, "%s.npy", name);
    fixture_npy(&npy, dictionary, data, size);
    fixture_zip_add(zip, member, is_deflated, npy.data, npy.size);
    oq_buf_free(&npy);
}

void fixture_zip_close(fixture_zip *zip)
{
    if (zipClose(zip->zip, NULL) != ZIP_OK)
        tap_bail("cannot finish a zip file");
}

const char *fixture_path(const char *name)
{
    static char paths[128][1024];
    static int next;
    char *path = paths[next++ % 128];

    snprintf(path, sizeof paths[0], "%s/%s", tap_tmpdir(), name);
    return path;
}

void fixture_write(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
        tap_bail("cannot write %s", path);
}

oq_buf fixture_read(const char *path)
{
    oq_buf bytes = {0};
    FILE *f = fopen(path, "rb");
    char chunk[4096];
    size_t n;

    if (!f)
        tap_bail("cannot read %s", path);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        oq_buf_append(&bytes, chunk, n);
    fclose(f);
    return bytes;
}

oq_model *fixture_model(const char *inputs)
{
    oq_model *model = oq_model_new(0);
    char text[512], *at = text;

    snprintf(text, sizeof text, "%s", inputs);
    for (char *spec; (spec = strsep(&at, " ")) != NULL;) {
        char *name = strsep(&spec, ":"), *type = strsep(&spec, "[");
        oq_shape shape = oq_shape_scalar();
        oq_dtype dtype = OQ_UNDEFINED;

        for (int d = 1; d < OQ_N_DTYPES; d++) {
            if (strcmp(type, oq_dtype_name((oq_dtype)d)) == 0)
                dtype = (oq_dtype)d;
        }
        spec[strlen(spec) - 1] = '\0';
        for (char *dim; *spec && (dim = strsep(&spec, ",")) != NULL;) {
            oq_dim *d = &shape.dims[shape.rank++];

            *d = oq_dim_unknown();
            if (*dim >= '0' && *dim <= '9')
                d->size = atoll(dim);
            else if (*dim == 'N')
                d->symbol = "N"; /* one object in this file, as an interned symbol is */
            else if (*dim == 'T')
                d->symbol = "T";
            if (!spec)
                break;
        }
        oq_graph_add_input(model->graph, oq_value_new(model->graph, name, dtype, &shape));
    }
    return model;
}
