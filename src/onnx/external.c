#include "config.h"

#include "onnx/external.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ------------------------------------------------------------------ opening, step by step */

static oq_status refuse(const char *location, const char *why, oq_diag *diag)
{
    OQ_FAIL(diag, OQ_FORMAT, "external data '%s' is refused: %s", location, why);
}

/* A symbolic link makes open() fail with ELOOP, or ENOTDIR where a folder is wanted. */
static oq_status cannot_open(const char *location, int error, oq_diag *diag)
{
    if (error == ELOOP || error == ENOTDIR || error == EMLINK)
        return refuse(location, "part of its path is a link or no folder; copy the file beside the model",
                      diag);
    OQ_FAIL(diag, OQ_IO, "cannot open external data '%s': %s", location, strerror(error));
}

/* Open location below folder, one component after the other. */
static oq_status walk(int folder, char *location, bool follow, int *fd, oq_diag *diag)
{
    int no_follow = follow ? 0 : O_NOFOLLOW;
    int at = folder;
    char *rest = location, *part;
    char whole[256];

    strncpy(whole, location, sizeof whole - 1);
    whole[sizeof whole - 1] = '\0';
    *fd = -1;
    while ((part = strtok_r(rest, "/", &rest)) != NULL) {
        bool is_last = rest[strspn(rest, "/")] == '\0';
        int next, error;

        if (strcmp(part, ".") == 0)
            continue;
        next = openat(at, part, O_RDONLY | O_CLOEXEC | O_NONBLOCK | no_follow | (is_last ? 0 : O_DIRECTORY));
        error = errno;
        if (at != folder)
            close(at);
        if (next < 0)
            return cannot_open(whole, error, diag);
        at = next;
    }
    if (at == folder)
        return refuse(whole, "it names no file", diag);
    *fd = at;
    return OQ_OK;
}

static oq_status check_location(const char *location, oq_diag *diag)
{
    if (!*location)
        return refuse(location, "its name is empty", diag);
    if (location[0] == '/' || location[0] == '\\')
        return refuse(location, "only a path relative to the model is allowed", diag);
    for (const char *p = location; *p;) {
        size_t n = strcspn(p, "/\\");

        if (n == 2 && p[0] == '.' && p[1] == '.')
            return refuse(location, "'..' would leave the model's folder", diag);
        p += n + (p[n] != '\0');
    }
    return OQ_OK;
}

static oq_status map_file(int fd, const char *location, bool follow, oq_external_file *file, oq_diag *diag)
{
    struct stat st;
    void *data;

    if (fstat(fd, &st) != 0)
        return cannot_open(location, errno, diag);
    if (!S_ISREG(st.st_mode))
        return refuse(location, "it is not a regular file", diag);
    if (st.st_nlink != 1 && !follow)
        return refuse(location, "it has a second name (hard link); copy the file beside the model", diag);
    file->device = st.st_dev;
    file->inode = st.st_ino;
    if (st.st_size == 0)
        return OQ_OK;
    data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        OQ_FAIL(diag, OQ_IO, "cannot map external data '%s': %s", location, strerror(errno));
    file->data = data;
    file->size = (size_t)st.st_size;
    return OQ_OK;
}

static oq_status open_below(const oq_external *external, oq_external_file *file, oq_diag *diag)
{
    int folder = open(external->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *copy = strdup(file->location);
    oq_status status;
    int fd = -1;

    if (folder < 0)
        status = oq_diag_set(diag, OQ_IO, __FILE__, __LINE__, "cannot open folder '%s': %s", external->folder,
                             strerror(errno));
    else if (!copy)
        status = oq_diag_set(diag, OQ_NOMEM, __FILE__, __LINE__, "out of memory");
    else
        status = walk(folder, copy, external->follow_links, &fd, diag);
    if (status == OQ_OK)
        status = map_file(fd, file->location, external->follow_links, file, diag);
    if (fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    free(copy);
    return status;
}

oq_status oq_external_open(oq_external *external, const char *location, const oq_external_file **out,
                           oq_diag *diag)
{
    oq_external_file *file;
    oq_status status;

    for (file = external->first; file; file = file->next) {
        if (strcmp(file->location, location) == 0) {
            *out = file;
            return OQ_OK;
        }
    }
    OQ_TRY(check_location(location, diag));
    if (!external->folder)
        OQ_FAIL(diag, OQ_FORMAT, "the model keeps data in '%s' beside it, so it must be read from a file",
                location);
    file = calloc(1, sizeof *file);
    if (file)
        file->location = strdup(location);
    if (!file || !file->location) {
        free(file);
        OQ_FAIL(diag, OQ_NOMEM, "out of memory");
    }
    status = open_below(external, file, diag);
    if (status != OQ_OK) {
        free(file->location);
        free(file);
        return status;
    }
    if (external->last)
        external->last->next = file;
    else
        external->first = file;
    external->last = file;
    *out = file;
    return OQ_OK;
}

size_t oq_external_size(const oq_external *external)
{
    size_t size = 0;

    for (const oq_external_file *file = external->first; file; file = file->next)
        size += file->size;
    return size;
}

void oq_external_close(oq_external *external)
{
    oq_external_file *file = external->first;

    while (file) {
        oq_external_file *next = file->next;

        if (file->data)
            munmap((void *)(uintptr_t)file->data, file->size);
        free(file->location);
        free(file);
        file = next;
    }
    free(external->folder);
    *external = (oq_external){0};
}

/* ------------------------------------------------------------------ entries */

/* Digits only, so no sign, no blanks and no wrap-around, unlike strtoul(). */
static bool parse_number(const char *text, uint64_t *out)
{
    uint64_t v = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
            return false;
    }
    *out = v;
    return true;
}

oq_status oq_external_entry(oq_external_ref *ref, const char *key, const char *value, oq_diag *diag)
{
    if (strcmp(key, "location") == 0) {
        if (ref->location)
            OQ_FAIL(diag, OQ_FORMAT, "external data has two locations: '%s' and '%s'", ref->location, value);
        ref->location = value;
        return OQ_OK;
    }
    if (strcmp(key, "offset") == 0 || strcmp(key, "length") == 0) {
        bool is_length = *key == 'l';

        if (!parse_number(value, is_length ? &ref->length : &ref->offset))
            OQ_FAIL(diag, OQ_FORMAT, "external data has the %s '%s', which is not a number", key, value);
        ref->has_length |= is_length;
        return OQ_OK;
    }
    /* checksum is of the whole file and hardly ever right; the others are leaks of known writers' memory. */
    if (strcmp(key, "checksum") == 0 || strcmp(key, "basepath") == 0 || strncmp(key, "prepacked", 9) == 0)
        return OQ_OK;
    OQ_FAIL(diag, OQ_FORMAT, "external data has the unknown key '%s'", key);
}
