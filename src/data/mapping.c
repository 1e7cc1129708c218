#include "config.h"

#include "data/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK (size_t)(256 * 1024)

static oq_status map_file(int fd, size_t size, oq_mapping *out, oq_diag *diag)
{
    void *data = NULL;

    if (size) {
        data = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED)
            OQ_FAIL(diag, OQ_IO, "cannot map into memory: %s", strerror(errno));
    }
    *out = (oq_mapping){data, size, size > 0};
    return OQ_OK;
}

oq_status oq_mapping_open(const char *path, oq_mapping *out, oq_diag *diag)
{
    struct stat st;
    oq_status status;
    int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* NONBLOCK: a pipe without writer must not hang */

    if (fd < 0 || fstat(fd, &st) != 0)
        status = oq_diag_set(diag, OQ_IO, __FILE__, __LINE__, "%s", strerror(errno));
    else if (!S_ISREG(st.st_mode))
        status = oq_diag_set(diag, OQ_IO, __FILE__, __LINE__, "not a regular file");
    else if ((uint64_t)st.st_size > SIZE_MAX)
        status = oq_diag_set(diag, OQ_LIMIT, __FILE__, __LINE__, "too large to map");
    else
        status = map_file(fd, (size_t)st.st_size, out, diag);
    if (fd >= 0)
        close(fd);
    if (status != OQ_OK)
        oq_diag_about(diag, path, false);
    return status;
}

static oq_status make_on_heap(size_t size, oq_mapping_fill *fill, void *arg, oq_mapping *out, oq_diag *diag)
{
    unsigned char *data = aligned_alloc(64, (size + 63) & ~(size_t)63);
    oq_status status;

    if (!data)
        OQ_FAIL(diag, OQ_NOMEM, "no memory for %zu bytes of sample data", size);
    status = fill(arg, data, size, diag);
    if (status != OQ_OK) {
        free(data);
        return status;
    }
    *out = (oq_mapping){data, size, false};
    return OQ_OK;
}

static int open_unnamed(char *path, size_t size)
{
    const char *folder = getenv("TMPDIR");
    int fd;

    if (!folder || !*folder)
        folder = "/tmp";
    snprintf(path, size, "%s", folder);
#ifdef O_TMPFILE
    fd = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
#endif
    snprintf(path, size, "%s/onnx-q-XXXXXX", folder);
    fd = mkstemp(path);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static oq_status write_all(int fd, const unsigned char *bytes, size_t size, const char *path, oq_diag *diag)
{
    while (size) {
        ssize_t n = write(fd, bytes, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            OQ_FAIL(diag, OQ_IO,
                    "%s: cannot expand sample data there: %s; set TMPDIR to a folder with more room", path,
                    strerror(errno));
        bytes += n;
        size -= (size_t)n;
    }
    return OQ_OK;
}

static oq_status fill_file(int fd, size_t size, oq_mapping_fill *fill, void *arg, const char *path,
                           oq_diag *diag)
{
    unsigned char *chunk = malloc(CHUNK);
    oq_status status = OQ_OK;

    if (!chunk)
        OQ_FAIL(diag, OQ_NOMEM, "no memory to expand sample data");
    for (size_t done = 0; done < size && status == OQ_OK;) {
        size_t n = size - done < CHUNK ? size - done : CHUNK;

        status = fill(arg, chunk, n, diag);
        if (status == OQ_OK)
            status = write_all(fd, chunk, n, path, diag);
        done += n;
    }
    free(chunk);
    return status;
}

oq_status oq_mapping_make(size_t size, size_t heap, oq_mapping_fill *fill, void *arg, oq_mapping *out,
                          oq_diag *diag)
{
    char path[4096];
    oq_status status;
    int fd;

    if (size <= heap)
        return make_on_heap(size, fill, arg, out, diag);
    fd = open_unnamed(path, sizeof path);
    if (fd < 0)
        OQ_FAIL(diag, OQ_IO,
                "%s: cannot make a temporary file: %s; set TMPDIR to a folder that can be written", path,
                strerror(errno));
    status = fill_file(fd, size, fill, arg, path, diag);
    if (status == OQ_OK)
        status = map_file(fd, size, out, diag);
    close(fd);
    return status;
}

void oq_mapping_close(oq_mapping *mapping)
{
    union {
        const void *readable;
        void *memory;
    } data = {mapping->data}; /* munmap and free take what we never write through */

    if (mapping->is_mapped)
        munmap(data.memory, mapping->size);
    else
        free(data.memory);
    *mapping = (oq_mapping){0};
}

void oq_mapping_release(const oq_mapping *mapping, size_t first, size_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
    uintptr_t from = ((uintptr_t)mapping->data + first) & ~page;
    uintptr_t to = (uintptr_t)mapping->data + first + size;

    if (mapping->is_mapped && size)
        madvise((void *)from, to - from, MADV_DONTNEED); /* advice: failing only costs memory */
}
