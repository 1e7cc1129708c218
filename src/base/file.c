#include "config.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define DEFAULT_LIMIT ((size_t)64 << 30)
#define READ_STEP     ((size_t)1 << 16)
#define WRITE_BUFFER  ((size_t)1 << 18)
#define MAX_WRITERS   64
#define TEMP_ATTEMPTS 100

/* ------------------------------------------------------------------ reading */

/* A heap block that grows while its final size is unknown. */
typedef struct {
    unsigned char *data;
    size_t size, capacity, limit;
} growing;

/* Make room for at least one more byte; capacity never passes limit + 1, so that "one too many" can be seen.
 */
static bool grow(growing *g)
{
    size_t capacity = g->capacity ? g->capacity : READ_STEP;
    unsigned char *data;

    while (capacity <= g->size)
        capacity = capacity > SIZE_MAX / 2 ? SIZE_MAX : capacity * 2;
    if (capacity > g->limit)
        capacity = g->limit + 1;
    data = realloc(g->data, capacity);
    if (!data)
        return false;
    g->data = data;
    g->capacity = capacity;
    return true;
}

static oq_status read_all(int fd, growing *g, oq_diag *diag)
{
    for (;;) {
        ssize_t n;

        if (g->size == g->capacity && !grow(g))
            OQ_FAIL(diag, OQ_NOMEM, "out of memory after reading %zu bytes", g->size);
        n = read(fd, g->data + g->size, g->capacity - g->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            OQ_FAIL(diag, OQ_IO, "cannot read: %s", strerror(errno));
        if (n == 0)
            return OQ_OK;
        g->size += (size_t)n;
        if (g->size > g->limit)
            OQ_FAIL(diag, OQ_LIMIT, "more than %zu bytes: too large to read", g->limit);
    }
}

static bool is_gzip(const unsigned char *data, size_t size)
{
    return size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

/* Expand one gzip member after the other (concatenated members are one file, as gzip(1) reads them). */
static oq_status inflate_members(z_stream *z, const unsigned char *data, size_t size, growing *g,
                                 oq_diag *diag)
{
    const unsigned char *end = data + size;
    int rc = Z_OK;

    /* zlib's next_in lacks const; it never writes through it. */
    z->next_in = (unsigned char *)(uintptr_t)data;
    while (rc != Z_STREAM_END || is_gzip(z->next_in, (size_t)(end - z->next_in))) {
        size_t room, rest = (size_t)(end - z->next_in);

        if (rc == Z_STREAM_END)
            inflateReset(z);
        if (g->size == g->capacity && !grow(g))
            OQ_FAIL(diag, OQ_NOMEM, "out of memory after expanding %zu bytes", g->size);
        room = g->capacity - g->size;
        z->avail_in = rest > 1u << 30 ? 1u << 30 : (unsigned)rest;
        z->avail_out = room > 1u << 30 ? 1u << 30 : (unsigned)room;
        room = z->avail_out;
        z->next_out = g->data + g->size;
        rc = inflate(z, Z_NO_FLUSH);
        g->size += room - z->avail_out;
        if (rc == Z_MEM_ERROR)
            OQ_FAIL(diag, OQ_NOMEM, "out of memory while expanding gzip data");
        if (g->size > g->limit)
            OQ_FAIL(diag, OQ_LIMIT, "gzip data expands to more than %zu bytes", g->limit);
        if (rc == Z_BUF_ERROR && z->avail_out > 0)
            OQ_FAIL(diag, OQ_FORMAT, "gzip data ends too early after %zu bytes: truncated download?", size);
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
            OQ_FAIL(diag, OQ_FORMAT, "damaged gzip data near byte %zu: %s", size - rest,
                    z->msg ? z->msg : "bad stream");
    }
    return OQ_OK;
}

static oq_status expand(const unsigned char *data, size_t size, growing *g, oq_diag *diag)
{
    z_stream z = {0};
    oq_status status;

    if (inflateInit2(&z, 15 + 16) != Z_OK) /* largest window, gzip wrapper only */
        OQ_FAIL(diag, OQ_NOMEM, "out of memory for zlib");
    status = inflate_members(&z, data, size, g, diag);
    inflateEnd(&z);
    return status;
}

static void release(const unsigned char *data, size_t size, bool is_mapped)
{
    void *p = (void *)(uintptr_t)data;

    if (is_mapped)
        munmap(p, size);
    else
        free(p);
}

/* Replace gzip content by what it holds. */
static oq_status expand_in_place(oq_file *file, size_t limit, oq_diag *diag)
{
    growing g = {.limit = limit};
    oq_status status;

    if (!is_gzip(file->data, file->size))
        return OQ_OK;
    status = expand(file->data, file->size, &g, diag);
    if (status != OQ_OK) {
        free(g.data);
        return status;
    }
    release(file->data, file->size, file->is_mapped);
    file->data = g.data;
    file->size = g.size;
    file->is_mapped = false;
    return OQ_OK;
}

static oq_status read_fd(int fd, size_t limit, oq_file *file, oq_diag *diag)
{
    growing g = {.limit = limit};
    struct stat st;
    oq_status status;

    if (fstat(fd, &st) != 0)
        OQ_FAIL(diag, OQ_IO, "cannot read: %s", strerror(errno));
    if (S_ISDIR(st.st_mode))
        OQ_FAIL(diag, OQ_IO, "this is a folder, not a file");
    if (S_ISREG(st.st_mode) && st.st_size > 0 && lseek(fd, 0, SEEK_CUR) == 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

        if (p != MAP_FAILED) {
            file->data = p;
            file->size = (size_t)st.st_size;
            file->is_mapped = true;
            return OQ_OK;
        }
    }
    status = read_all(fd, &g, diag);
    if (status != OQ_OK) {
        free(g.data);
        return status;
    }
    file->data = g.data;
    file->size = g.size;
    return OQ_OK;
}

oq_status oq_file_read(const char *path, size_t limit, oq_file *out, oq_diag *diag)
{
    oq_file file = {0};
    int fd = STDIN_FILENO;
    oq_status status;

    if (!limit || limit > DEFAULT_LIMIT)
        limit = DEFAULT_LIMIT;
    file.path = strdup(path);
    if (!file.path)
        OQ_FAIL(diag, OQ_NOMEM, "out of memory");
    if (strcmp(path, "-") != 0)
        fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        status = oq_diag_set(diag, OQ_IO, __FILE__, __LINE__, "cannot open: %s", strerror(errno));
    else
        status = read_fd(fd, limit, &file, diag);
    if (fd > STDIN_FILENO)
        close(fd);
    if (status == OQ_OK)
        status = expand_in_place(&file, limit, diag);
    if (status != OQ_OK) {
        oq_file_close(&file);
        return status;
    }
    if (!file.size && !file.is_mapped) {
        release(file.data, 0, false);
        file.data = NULL;
    }
    *out = file;
    return OQ_OK;
}

void oq_file_release(const oq_file *file, const void *data, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), from, to;
    const unsigned char *p = data;

    if (!file->is_mapped || p < file->data || size > file->size || p > file->data + file->size - size)
        return;
    from = ((size_t)(p - file->data) + page - 1) / page * page; /* a mapping begins on a page */
    to = ((size_t)(p - file->data) + size) / page * page;
    if (from < to)
        madvise((void *)(uintptr_t)(file->data + from), to - from, MADV_DONTNEED);
}

void oq_file_close(oq_file *file)
{
    release(file->data, file->size, file->is_mapped);
    free(file->path);
    *file = (oq_file){0};
}

/* ------------------------------------------------------------------ writing */

struct oq_writer {
    int fd;
    char *target; /* NULL: standard output */
    char *temp;   /* also in the registry */
    int slot;     /* in the registry; -1: none */
    uint64_t offset;
    z_stream *gzip; /* NULL: plain */
    size_t n_buffered;
    unsigned char buffer[WRITE_BUFFER];
};

/* The one piece of state outside an object: a signal handler gets no argument, so the names of unfinished
 * files must be where it can find them. A slot is only ever changed atomically, and a handler that works on a
 * name marks the slot as busy, so that the name is not freed under it: no lock, which a handler could not
 * take. */
static _Atomic(char *) unfinished[MAX_WRITERS];
static char busy[1]; /* its address marks a slot; never written */

void oq_writer_unlink_all(void)
{
    int saved = errno;

    for (int i = 0; i < MAX_WRITERS; i++) {
        char *name = atomic_load(&unfinished[i]);

        if (!name || name == busy || !atomic_compare_exchange_strong(&unfinished[i], &name, busy))
            continue;
        unlink(name);
        atomic_store(&unfinished[i], name);
    }
    errno = saved;
}

static int register_temp(char *name)
{
    for (int i = 0; i < MAX_WRITERS; i++) {
        char *none = NULL;

        if (atomic_compare_exchange_strong(&unfinished[i], &none, name))
            return i;
    }
    return -1;
}

/* Take the name out of the registry, waiting for a handler on another thread that is busy with it, and free
 * it. */
static void forget_temp(oq_writer *writer)
{
    char *name = writer->temp;

    while (writer->slot >= 0 && !atomic_compare_exchange_weak(&unfinished[writer->slot], &name, NULL)) {
        name = writer->temp;
        sched_yield();
    }
    free(writer->temp);
}

static void free_writer(oq_writer *writer)
{
    if (writer->gzip) {
        deflateEnd(writer->gzip);
        free(writer->gzip);
    }
    if (writer->target && writer->fd >= 0)
        close(writer->fd);
    forget_temp(writer);
    free(writer->target);
    free(writer);
}

/* The file to replace: where a symbolic link leads, so that the link itself stays. mode: of an existing file.
 */
static oq_status find_target(const char *path, char **target, mode_t *mode, oq_diag *diag)
{
    struct stat st;

    *mode = 0;
    if (!*path)
        OQ_FAIL(diag, OQ_ARG, "the output file has an empty name");
    if (stat(path, &st) != 0) {
        *target = strdup(path);
    } else if (!S_ISREG(st.st_mode)) {
        OQ_FAIL(diag, OQ_IO, "exists and is not a regular file; choose another output name");
    } else {
        *mode = st.st_mode & 07777;
        *target = realpath(path, NULL);
    }
    return *target ? OQ_OK : oq_diag_set(diag, OQ_NOMEM, __FILE__, __LINE__, "out of memory");
}

/* Create ".NAME.PID-N.tmp" beside the target, so that rename stays inside one file system. */
static oq_status create_temp(oq_writer *writer, mode_t mode, oq_diag *diag)
{
    const char *slash = strrchr(writer->target, '/');
    const char *base = slash ? slash + 1 : writer->target;
    size_t size = strlen(writer->target) + 64;

    writer->temp = malloc(size);
    if (!writer->temp)
        OQ_FAIL(diag, OQ_NOMEM, "out of memory");
    for (int i = 0; i < TEMP_ATTEMPTS; i++) {
        /* The name is cut so that a long target name does not make the temporary name too long for the
         * folder. */
        snprintf(writer->temp, size, "%.*s.%.200s.%ld-%d.tmp", (int)(base - writer->target), writer->target,
                 base, (long)getpid(), i);
        writer->fd = open(writer->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (writer->fd >= 0 || errno != EEXIST)
            break;
    }
    if (writer->fd < 0)
        OQ_FAIL(diag, OQ_IO, "cannot create a file there: %s; nothing was changed", strerror(errno));
    if (mode)
        (void)!fchmod(writer->fd, mode); /* where that is not allowed the new file has the default mode */
    writer->slot = register_temp(writer->temp);
    if (writer->slot < 0) {
        unlink(writer->temp);
        OQ_FAIL(diag, OQ_LIMIT, "more than %d output files open at once", MAX_WRITERS);
    }
    return OQ_OK;
}

static oq_status start_gzip(oq_writer *writer, const char *path, oq_diag *diag)
{
    size_t n = strlen(path);

    if (n < 3 || strcmp(path + n - 3, ".gz") != 0)
        return OQ_OK;
    writer->gzip = calloc(1, sizeof *writer->gzip);
    if (writer->gzip && deflateInit2(writer->gzip, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK)
        return OQ_OK;
    free(writer->gzip);
    writer->gzip = NULL;
    OQ_FAIL(diag, OQ_NOMEM, "out of memory for zlib");
}

oq_status oq_writer_open(const char *path, oq_writer **out, oq_diag *diag)
{
    oq_writer *writer = calloc(1, sizeof *writer);
    oq_status status = OQ_OK;
    mode_t mode;

    if (!writer)
        OQ_FAIL(diag, OQ_NOMEM, "out of memory");
    writer->fd = STDOUT_FILENO;
    writer->slot = -1;
    if (strcmp(path, "-") != 0) {
        writer->fd = -1;
        status = find_target(path, &writer->target, &mode, diag);
        if (status == OQ_OK && writer->target)
            status = create_temp(writer, mode, diag);
        if (status == OQ_OK)
            status = start_gzip(writer, path, diag);
    }
    if (status != OQ_OK) {
        oq_writer_abort(writer);
        return status;
    }
    *out = writer;
    return OQ_OK;
}

static oq_status write_fd(oq_writer *writer, const unsigned char *data, size_t size, oq_diag *diag)
{
    while (size > 0) {
        ssize_t n = write(writer->fd, data, size > 1u << 30 ? 1u << 30 : size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            OQ_FAIL(diag, OQ_IO, "cannot write: %s; nothing was changed", strerror(errno));
        data += n;
        size -= (size_t)n;
    }
    return OQ_OK;
}

static oq_status deflate_all(oq_writer *writer, const unsigned char *data, size_t size, int flush,
                             oq_diag *diag)
{
    z_stream *z = writer->gzip;
    int rc;

    z->next_in = (unsigned char *)(uintptr_t)data;
    do {
        size_t part = size > 1u << 30 ? 1u << 30 : size;

        z->avail_in = (unsigned)part;
        z->next_out = writer->buffer;
        z->avail_out = (unsigned)sizeof writer->buffer;
        rc = deflate(z, part == size ? flush : Z_NO_FLUSH);
        if (rc == Z_STREAM_ERROR)
            OQ_FAIL(diag, OQ_INTERNAL, "zlib refused to compress");
        size -= part - z->avail_in;
        OQ_TRY(write_fd(writer, writer->buffer, sizeof writer->buffer - z->avail_out, diag));
    } while (size > 0 || z->avail_out == 0 || (flush == Z_FINISH && rc != Z_STREAM_END));
    return OQ_OK;
}

static oq_status flush_buffer(oq_writer *writer, oq_diag *diag)
{
    size_t n = writer->n_buffered;

    writer->n_buffered = 0;
    return write_fd(writer, writer->buffer, n, diag);
}

oq_status oq_writer_write(oq_writer *writer, const void *data, size_t size, oq_diag *diag)
{
    if (!size)
        return OQ_OK;
    writer->offset += size;
    if (writer->gzip)
        return deflate_all(writer, data, size, Z_NO_FLUSH, diag);
    if (size > sizeof writer->buffer - writer->n_buffered)
        OQ_TRY(flush_buffer(writer, diag));
    if (size >= sizeof writer->buffer)
        return write_fd(writer, data, size, diag);
    memcpy(writer->buffer + writer->n_buffered, data, size);
    writer->n_buffered += size;
    return OQ_OK;
}

uint64_t oq_writer_offset(const oq_writer *writer)
{
    return writer->offset;
}

/* After a rename, make the folder entry durable too. Some file systems cannot sync a folder: then it stays
 * undone. */
static void sync_folder(const char *target)
{
    char *folder = strdup(target);
    char *slash = folder ? strrchr(folder, '/') : NULL;
    int fd = -1;

    if (slash)
        slash[slash == folder ? 1 : 0] = '\0';
    if (folder)
        fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(folder);
}

static oq_status finish(oq_writer *writer, oq_diag *diag)
{
    int fd = writer->fd;

    if (writer->gzip)
        OQ_TRY(deflate_all(writer, NULL, 0, Z_FINISH, diag));
    else
        OQ_TRY(flush_buffer(writer, diag));
    if (!writer->target)
        return OQ_OK;
    if (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP)
        OQ_FAIL(diag, OQ_IO, "cannot write: %s; nothing was changed", strerror(errno));
    writer->fd = -1;
    if (close(fd) != 0)
        OQ_FAIL(diag, OQ_IO, "cannot write: %s; nothing was changed", strerror(errno));
    if (rename(writer->temp, writer->target) != 0)
        OQ_FAIL(diag, OQ_IO, "cannot rename the finished file: %s; nothing was changed", strerror(errno));
    sync_folder(writer->target);
    return OQ_OK;
}

oq_status oq_writer_commit(oq_writer *writer, oq_diag *diag)
{
    oq_status status = finish(writer, diag);

    if (status != OQ_OK)
        oq_writer_abort(writer);
    else
        free_writer(writer);
    return status;
}

void oq_writer_abort(oq_writer *writer)
{
    if (!writer)
        return;
    if (writer->temp && writer->slot >= 0)
        unlink(writer->temp);
    free_writer(writer);
}
