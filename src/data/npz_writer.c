/* npz_writer: a zip file of stored members, written front to back without seeking: sizes and checksums are
 * known before each member, so no data descriptors are needed. Zip64 records appear only where 32 bits do not
 * suffice.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "data/npz.h"

#define LOCAL_HEADER (size_t)30
#define PAD_HEADER   (size_t)6 /* id, size, and the alignment, as Android's zipalign records it */
#define PAD_ID       0xd935u
#define ALIGNMENT    (size_t)64
#define MAX_NAME     (size_t)4096
#define MAX_32       UINT64_C(0xffffffff)
#define DOS_DATE     0x0021u /* 1980-01-01, the first that zip knows */
#define NEEDS_ZIP64  45u     /* version 4.5 of the format */
#define NEEDS_STORED 10u
#define MADE_BY_UNIX (3u << 8)
#define FILE_MODE    (0100644u << 16)

struct oq_npz_writer {
    oq_writer *out;
    oq_buf directory; /* central headers so far */
    oq_arena *arena;  /* names */
    oq_map names;
    uint64_t n;
};

/* One member as its headers tell it. */
typedef struct entry {
    const char *name; /* with .npy */
    size_t name_size;
    uint64_t size, offset;
    uint32_t crc;
} entry;

static void put(oq_buf *buf, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        oq_buf_byte(buf, (unsigned char)(value >> (8 * i)));
}

static uint64_t clipped(uint64_t value)
{
    return value < MAX_32 ? value : MAX_32;
}

/* What both headers of a member have in common: version to time, date, checksum, sizes, length of the name.
 */
static void put_common(oq_buf *buf, const entry *e, bool is_large)
{
    put(buf, is_large ? NEEDS_ZIP64 : NEEDS_STORED, 2);
    put(buf, 1u << 11, 2); /* the name is UTF-8 */
    put(buf, 0, 2);        /* stored */
    put(buf, 0, 2);
    put(buf, DOS_DATE, 2);
    put(buf, e->crc, 4);
    put(buf, is_large ? MAX_32 : e->size, 4);
    put(buf, is_large ? MAX_32 : e->size, 4);
    put(buf, e->name_size, 2);
}

static void put_local(oq_buf *buf, const entry *e)
{
    bool is_large = e->size >= MAX_32;
    size_t extra = (is_large ? 20 : 0) + PAD_HEADER;
    size_t pad =
        (ALIGNMENT - (size_t)((e->offset + LOCAL_HEADER + e->name_size + extra) % ALIGNMENT)) % ALIGNMENT;

    put(buf, 0x04034b50, 4);
    put_common(buf, e, is_large);
    put(buf, extra + pad, 2);
    oq_buf_append(buf, e->name, e->name_size);
    if (is_large) {
        put(buf, 1, 2);
        put(buf, 16, 2);
        put(buf, e->size, 8);
        put(buf, e->size, 8);
    }
    put(buf, PAD_ID, 2);
    put(buf, 2 + pad, 2);
    put(buf, ALIGNMENT, 2);
    for (size_t i = 0; i < pad; i++)
        oq_buf_byte(buf, 0);
}

static void put_central(oq_buf *buf, const entry *e)
{
    bool is_large = e->size >= MAX_32, is_far = e->offset >= MAX_32;
    unsigned extra = (is_large ? 16u : 0u) + (is_far ? 8u : 0u);

    put(buf, 0x02014b50, 4);
    put(buf, MADE_BY_UNIX | NEEDS_ZIP64, 2);
    put_common(buf, e, is_large);
    put(buf, extra ? extra + 4 : 0, 2);
    put(buf, 0, 2); /* comment */
    put(buf, 0, 2); /* disk */
    put(buf, 0, 2); /* internal attributes */
    put(buf, FILE_MODE, 4);
    put(buf, clipped(e->offset), 4);
    oq_buf_append(buf, e->name, e->name_size);
    if (extra) {
        put(buf, 1, 2);
        put(buf, extra, 2);
    }
    if (is_large) {
        put(buf, e->size, 8);
        put(buf, e->size, 8);
    }
    if (is_far)
        put(buf, e->offset, 8);
}

/* The end of the directory; before it, when numbers are large, its 64-bit form and where that is. */
static void put_end(oq_buf *buf, uint64_t n, uint64_t size, uint64_t offset)
{
    bool is_large = n >= 0xffff || size >= MAX_32 || offset >= MAX_32;

    if (is_large) {
        put(buf, 0x06064b50, 4);
        put(buf, 44, 8); /* bytes that follow */
        put(buf, MADE_BY_UNIX | NEEDS_ZIP64, 2);
        put(buf, NEEDS_ZIP64, 2);
        put(buf, 0, 8); /* disks */
        put(buf, n, 8);
        put(buf, n, 8);
        put(buf, size, 8);
        put(buf, offset, 8);
        put(buf, 0x07064b50, 4);
        put(buf, 0, 4);
        put(buf, offset + size, 8);
        put(buf, 1, 4);
    }
    put(buf, 0x06054b50, 4);
    put(buf, 0, 4); /* disks */
    put(buf, n < 0xffff ? n : 0xffff, 2);
    put(buf, n < 0xffff ? n : 0xffff, 2);
    put(buf, clipped(size), 4);
    put(buf, clipped(offset), 4);
    put(buf, 0, 2); /* comment */
}

oq_status oq_npz_writer_open(const char *path, oq_npz_writer **out, oq_diag *diag)
{
    oq_npz_writer *w = calloc(1, sizeof *w);
    oq_status status;

    if (w)
        w->arena = oq_arena_new(0);
    if (!w || !w->arena)
        status = oq_diag_set(diag, OQ_NOMEM, __FILE__, __LINE__, "no memory to write an npz file");
    else
        status = oq_writer_open(path, &w->out, diag);
    if (status != OQ_OK) {
        oq_npz_writer_abort(w);
        return status;
    }
    *out = w;
    return OQ_OK;
}

static oq_status take_name(oq_npz_writer *w, const char *name, entry *e, oq_diag *diag)
{
    size_t n = strlen(name);
    char *copy;

    if (!n || n > MAX_NAME)
        OQ_FAIL(diag, OQ_ARG, "an array needs a name of 1 to %zu bytes, not %zu", MAX_NAME, n);
    copy = oq_arena_printf(w->arena, "%s.npy", name);
    if (!copy)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to write array '%s'", name);
    if (oq_map_get(&w->names, copy))
        OQ_FAIL(diag, OQ_ARG, "two arrays are called '%s'", name);
    if (!oq_map_put(&w->names, copy, copy))
        OQ_FAIL(diag, OQ_NOMEM, "no memory to write array '%s'", name);
    e->name = copy;
    e->name_size = n + 4;
    return OQ_OK;
}

oq_status oq_npz_writer_add(oq_npz_writer *writer, const char *name, const oq_array *array, oq_diag *diag)
{
    unsigned char header[OQ_NPY_HEADER_ROOM];
    size_t header_size = oq_npy_format(array->dtype, array->dims, array->rank, header);
    entry e = {.offset = oq_writer_offset(writer->out)};
    oq_buf local = {0};
    oq_status status;

    if (!header_size)
        OQ_FAIL(diag, OQ_UNSUPPORTED,
                "array '%s' is %s, which NumPy has not; write it as ONNX tensors instead", name,
                oq_dtype_name(array->dtype));
    OQ_TRY(take_name(writer, name, &e, diag));
    e.size = header_size + (uint64_t)array->size;
    e.crc = (uint32_t)crc32_z(0, header, header_size);
    if (array->size) /* zlib takes NULL for a reset */
        e.crc = (uint32_t)crc32_z(e.crc, array->data, array->size);
    put_local(&local, &e);
    oq_buf_append(&local, header, header_size);
    put_central(&writer->directory, &e);
    writer->n++;
    if (local.failed || writer->directory.failed)
        status = oq_diag_set(diag, OQ_NOMEM, __FILE__, __LINE__, "no memory to write array '%s'", name);
    else
        status = oq_writer_write(writer->out, local.data, local.size, diag);
    if (status == OQ_OK && array->size)
        status = oq_writer_write(writer->out, array->data, array->size, diag);
    oq_buf_free(&local);
    return status;
}

oq_status oq_npz_writer_commit(oq_npz_writer *writer, oq_diag *diag)
{
    size_t size = writer->directory.size;
    oq_status status;

    put_end(&writer->directory, writer->n, size, oq_writer_offset(writer->out));
    if (writer->directory.failed)
        status = oq_diag_set(diag, OQ_NOMEM, __FILE__, __LINE__, "no memory to finish an npz file");
    else
        status = oq_writer_write(writer->out, writer->directory.data, writer->directory.size, diag);
    if (status == OQ_OK) {
        status = oq_writer_commit(writer->out, diag); /* frees it, also on failure */
        writer->out = NULL;
    }
    oq_npz_writer_abort(writer);
    return status;
}

void oq_npz_writer_abort(oq_npz_writer *writer)
{
    if (!writer)
        return;
    oq_writer_abort(writer->out);
    oq_map_free(&writer->names);
    oq_buf_free(&writer->directory);
    oq_arena_free(writer->arena);
    free(writer);
}
