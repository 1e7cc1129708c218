/* npz: minizip reads the directory and inflates; it sees the file through the mapping, so that a stored
 * member can be used in place. Everything the directory claims is held against the file's size before it is
 * believed.
 */
#include "config.h"

#include "data/npz.h"

#include <inttypes.h>
#include <minizip/unzip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MEMBERS   (size_t)65536
#define MAX_NAME      (size_t)4096
#define HEAP_MEMBER   ((size_t)1 << 20) /* a deflated array up to this size is expanded on the heap */
#define MAX_EXPANDED  ((uint64_t)1 << 36)
#define MAX_RATIO     (uint64_t)1032 /* deflate codes at most 258 bytes in 2 bits */
#define DEFLATE_SLACK (uint64_t)4096
#define CHECK_STEP    ((size_t)1 << 22) /* bytes between giving pages back while a checksum is taken */

typedef struct member {
    char *name;
    unz64_file_pos position;
    uint64_t packed, size;
    uint32_t crc;
    bool is_stored, is_encrypted, is_known; /* known: a method we can read */
    bool is_loaded;
    oq_mapping bytes;    /* when loaded: of the archive, or expanded */
    oq_mapping expanded; /* what close frees */
} member;

struct oq_npz {
    oq_mapping file;
    size_t at; /* minizip's position in file */
    unzFile zip;
    member *members;
    size_t n;
};

/* ---- minizip's view of the mapping; the stream is the oq_npz itself */

static void *io_open(void *opaque, const void *name, int mode)
{
    (void)name;
    (void)mode;
    return opaque;
}

static unsigned long io_read(void *opaque, void *stream, void *buf, unsigned long size)
{
    oq_npz *npz = stream;
    size_t left = npz->at < npz->file.size ? npz->file.size - npz->at : 0;
    size_t n = size < left ? size : left;

    (void)opaque;
    if (n)
        memcpy(buf, npz->file.data + npz->at, n);
    npz->at += n;
    return n;
}

static unsigned long io_write(void *opaque, void *stream, const void *buf, unsigned long size)
{
    (void)opaque;
    (void)stream;
    (void)buf;
    (void)size;
    return 0;
}

static ZPOS64_T io_tell(void *opaque, void *stream)
{
    (void)opaque;
    return ((oq_npz *)stream)->at;
}

static long io_seek(void *opaque, void *stream, ZPOS64_T offset, int origin)
{
    oq_npz *npz = stream;
    uint64_t base = origin == ZLIB_FILEFUNC_SEEK_CUR   ? npz->at
                    : origin == ZLIB_FILEFUNC_SEEK_END ? npz->file.size
                                                       : 0;
    uint64_t target;

    (void)opaque;
    if (__builtin_add_overflow(base, offset, &target) || target > npz->file.size)
        return -1;
    npz->at = target;
    return 0;
}

static int io_close(void *opaque, void *stream)
{
    (void)opaque;
    (void)stream;
    return 0;
}

static int io_error(void *opaque, void *stream)
{
    (void)opaque;
    (void)stream;
    return 0;
}

/* ---- directory */

/* The name of the current member without ".npy"; NULL in *name for a member that is no array. */
static oq_status read_name(oq_npz *npz, const unz_file_info64 *info, char **name, oq_diag *diag)
{
    size_t n = info->size_filename;
    char *text;

    *name = NULL;
    if (n < 4 || n > MAX_NAME)
        return OQ_OK;
    text = calloc(1, n + 1);
    if (!text)
        OQ_FAIL(diag, OQ_NOMEM, "no memory for its directory");
    if (unzGetCurrentFileInfo64(npz->zip, NULL, text, n + 1, NULL, 0, NULL, 0) != UNZ_OK ||
        strlen(text) != n) {
        free(text);
        OQ_FAIL(diag, OQ_FORMAT, "damaged zip directory: a name cannot be read");
    }
    if (strcmp(text + n - 4, ".npy") != 0) {
        free(text);
        return OQ_OK;
    }
    text[n - 4] = '\0';
    for (char *c = text; *c; c++) {
        if ((unsigned char)*c < ' ')
            *c = '?'; /* a name goes into one-line messages */
    }
    *name = text;
    return OQ_OK;
}

static oq_status read_member(oq_npz *npz, oq_diag *diag)
{
    unz_file_info64 info;
    member *m = &npz->members[npz->n];
    char *name;

    if (unzGetCurrentFileInfo64(npz->zip, &info, NULL, 0, NULL, 0, NULL, 0) != UNZ_OK)
        OQ_FAIL(diag, OQ_FORMAT, "damaged zip directory");
    OQ_TRY(read_name(npz, &info, &name, diag));
    if (!name)
        return OQ_OK;
    m->name = name;
    npz->n++;
    for (size_t i = 0; i + 1 < npz->n; i++) {
        if (strcmp(npz->members[i].name, name) == 0)
            OQ_FAIL(diag, OQ_FORMAT, "two arrays are called '%s'", name);
    }
    m->packed = info.compressed_size;
    m->size = info.uncompressed_size;
    m->crc = (uint32_t)info.crc;
    m->is_encrypted = info.flag & 1;
    m->is_stored = info.compression_method == 0;
    m->is_known = m->is_stored || info.compression_method == Z_DEFLATED;
    if (unzGetFilePos64(npz->zip, &m->position) != UNZ_OK)
        OQ_FAIL(diag, OQ_FORMAT, "damaged zip directory");
    if (m->packed > npz->file.size || (m->is_stored && m->packed != m->size))
        OQ_FAIL(diag, OQ_FORMAT, "array '%s' claims %" PRIu64 " bytes, the file has %zu (truncated?)", name,
                m->packed, npz->file.size);
    if (m->size > m->packed && m->size - m->packed > DEFLATE_SLACK && m->size / MAX_RATIO > m->packed)
        OQ_FAIL(diag, OQ_FORMAT, "array '%s' claims to expand from %" PRIu64 " to %" PRIu64 " bytes", name,
                m->packed, m->size);
    return OQ_OK;
}

static oq_status read_directory(oq_npz *npz, oq_diag *diag)
{
    zlib_filefunc64_def io = {io_open, io_read, io_write, io_tell, io_seek, io_close, io_error, npz};
    unz_global_info64 global;

    npz->zip = unzOpen2_64("", &io);
    if (!npz->zip || unzGetGlobalInfo64(npz->zip, &global) != UNZ_OK)
        OQ_FAIL(diag, OQ_FORMAT, "not an npz (zip) file, or cut off: its directory is missing");
    if (global.number_entry > MAX_MEMBERS)
        OQ_FAIL(diag, OQ_LIMIT, "%" PRIu64 " members; at most %zu are read", (uint64_t)global.number_entry,
                MAX_MEMBERS);
    npz->members = calloc(global.number_entry ? global.number_entry : 1, sizeof *npz->members);
    if (!npz->members)
        OQ_FAIL(diag, OQ_NOMEM, "no memory for its directory");
    for (uint64_t i = 0; i < global.number_entry; i++) {
        if ((i ? unzGoToNextFile(npz->zip) : unzGoToFirstFile(npz->zip)) != UNZ_OK)
            OQ_FAIL(diag, OQ_FORMAT,
                    "damaged zip directory: %" PRIu64 " members announced, %" PRIu64 " found",
                    (uint64_t)global.number_entry, i);
        OQ_TRY(read_member(npz, diag));
    }
    return OQ_OK;
}

oq_status oq_npz_open(const char *path, oq_npz **out, oq_diag *diag)
{
    oq_npz *npz = calloc(1, sizeof *npz);
    oq_status status;

    if (!npz)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to open it");
    status = oq_mapping_open(path, &npz->file, diag);
    if (status == OQ_OK)
        status = read_directory(npz, diag);
    if (status != OQ_OK) {
        oq_diag_about(diag, path, false);
        oq_npz_close(npz);
        return status;
    }
    *out = npz;
    return OQ_OK;
}

void oq_npz_close(oq_npz *npz)
{
    if (!npz)
        return;
    for (size_t i = 0; i < npz->n; i++) {
        free(npz->members[i].name);
        oq_mapping_close(&npz->members[i].expanded);
    }
    free(npz->members);
    if (npz->zip)
        unzClose(npz->zip);
    oq_mapping_close(&npz->file);
    free(npz);
}

size_t oq_npz_count(const oq_npz *npz)
{
    return npz->n;
}

const char *oq_npz_name(const oq_npz *npz, size_t index)
{
    return npz->members[index].name;
}

size_t oq_npz_find(const oq_npz *npz, const char *name)
{
    size_t i = 0;

    while (i < npz->n && strcmp(npz->members[i].name, name) != 0)
        i++;
    return i;
}

/* ---- contents */

static oq_status go_to(oq_npz *npz, member *m, oq_diag *diag)
{
    if (m->is_encrypted)
        OQ_FAIL(diag, OQ_UNSUPPORTED, "array '%s' is encrypted", m->name);
    if (!m->is_known)
        OQ_FAIL(diag, OQ_UNSUPPORTED, "array '%s' is compressed in a way NumPy does not write", m->name);
    if (unzGoToFilePos64(npz->zip, &m->position) != UNZ_OK ||
        unzOpenCurrentFile2(npz->zip, NULL, NULL, m->is_stored) != UNZ_OK)
        OQ_FAIL(diag, OQ_FORMAT, "array '%s': directory and contents of the zip file disagree (damaged file)",
                m->name);
    return OQ_OK;
}

/* Where the bytes of a stored member lie. */
static oq_status locate(oq_npz *npz, member *m, oq_mapping *out, oq_diag *diag)
{
    uint64_t start;

    OQ_TRY(go_to(npz, m, diag));
    start = unzGetCurrentFileZStreamPos64(npz->zip);
    unzCloseCurrentFile(npz->zip);
    if (start > npz->file.size || m->size > npz->file.size - start)
        OQ_FAIL(diag, OQ_FORMAT, "array '%s' reaches beyond the end of the file (truncated?)", m->name);
    *out = (oq_mapping){npz->file.data + start, m->size, npz->file.is_mapped};
    return OQ_OK;
}

static oq_status check_crc(const member *m, const oq_mapping *bytes, oq_diag *diag)
{
    uint32_t crc = (uint32_t)crc32_z(0, NULL, 0);

    for (size_t done = 0; done < bytes->size;) {
        size_t n = bytes->size - done < CHECK_STEP ? bytes->size - done : CHECK_STEP;

        crc = (uint32_t)crc32_z(crc, bytes->data + done, n);
        oq_mapping_release(bytes, done, n);
        done += n;
    }
    if (crc != m->crc)
        OQ_FAIL(diag, OQ_FORMAT, "array '%s' is damaged (checksum %08x, should be %08x)", m->name, crc,
                m->crc);
    return OQ_OK;
}

/* What inflate() needs to know. */
typedef struct inflation {
    oq_npz *npz;
    member *m;
} inflation;

static oq_status inflate_piece(void *arg, unsigned char *bytes, size_t size, oq_diag *diag)
{
    const inflation *in = arg;

    while (size) {
        unsigned step = size < CHECK_STEP ? (unsigned)size : (unsigned)CHECK_STEP;
        int n = unzReadCurrentFile(in->npz->zip, bytes, step);

        if (n <= 0)
            OQ_FAIL(diag, OQ_FORMAT, "array '%s' cannot be expanded (damaged file)", in->m->name);
        bytes += n;
        size -= (size_t)n;
    }
    return OQ_OK;
}

static oq_status expand(oq_npz *npz, member *m, oq_diag *diag)
{
    inflation in = {npz, m};
    oq_status status;

    if (m->size > MAX_EXPANDED)
        OQ_FAIL(diag, OQ_LIMIT, "array '%s' expands to %" PRIu64 " bytes; the limit is 64 GiB", m->name,
                m->size);
    OQ_TRY(go_to(npz, m, diag));
    status = oq_mapping_make((size_t)m->size, HEAP_MEMBER, inflate_piece, &in, &m->expanded, diag);
    if (unzCloseCurrentFile(npz->zip) != UNZ_OK && status == OQ_OK)
        OQ_FAIL(diag, OQ_FORMAT, "array '%s' is damaged (wrong checksum)", m->name);
    return status;
}

oq_status oq_npz_load(oq_npz *npz, size_t index, oq_mapping *out, oq_diag *diag)
{
    member *m = &npz->members[index];

    if (!m->is_loaded && m->is_stored) {
        OQ_TRY(locate(npz, m, &m->bytes, diag));
        OQ_TRY(check_crc(m, &m->bytes, diag));
    } else if (!m->is_loaded) {
        OQ_TRY(expand(npz, m, diag));
        m->bytes = m->expanded;
    }
    m->is_loaded = true;
    *out = m->bytes;
    return OQ_OK;
}

/* The first bytes of a deflated member, up to the end of its npy header, into a new buffer. */
static oq_status inflate_header(oq_npz *npz, member *m, unsigned char **out, size_t *size, oq_diag *diag)
{
    unsigned char start[12], *bytes;
    inflation in = {npz, m};
    size_t n;
    oq_status status;

    if (m->size < sizeof start)
        OQ_FAIL(diag, OQ_FORMAT, "array '%s' is too short for a NumPy array", m->name);
    OQ_TRY(inflate_piece(&in, start, sizeof start, diag));
    n = oq_npy_header_size(start, sizeof start);
    if (n < sizeof start || n > m->size)
        n = sizeof start; /* the parser says what is wrong */
    bytes = malloc(n);
    if (!bytes)
        OQ_FAIL(diag, OQ_NOMEM, "no memory for a header");
    memcpy(bytes, start, sizeof start);
    status = inflate_piece(&in, bytes + sizeof start, n - sizeof start, diag);
    if (status != OQ_OK)
        free(bytes);
    else
        *out = bytes, *size = n;
    return status;
}

oq_status oq_npz_header(oq_npz *npz, size_t index, oq_npy *out, oq_diag *diag)
{
    member *m = &npz->members[index];
    oq_mapping stored = m->bytes;
    unsigned char *bytes = NULL;
    size_t size = 0;
    char what[512];
    oq_status status;

    snprintf(what, sizeof what, "array '%s'", m->name);
    if (m->is_loaded || m->is_stored) {
        if (!m->is_loaded)
            OQ_TRY(locate(npz, m, &stored, diag));
        return oq_npy_parse(stored.data, stored.size, m->size, what, out, diag);
    }
    OQ_TRY(go_to(npz, m, diag));
    status = inflate_header(npz, m, &bytes, &size, diag);
    unzCloseCurrentFile(npz->zip); /* its checksum covers bytes we did not read */
    if (status == OQ_OK)
        status = oq_npy_parse(bytes, size, m->size, what, out, diag);
    free(bytes);
    return status;
}
