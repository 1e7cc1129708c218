/* file: mapped input, atomic output. No file of the user's is ever half written. Messages do not repeat the
 * path: the caller knows it and says it. */
#ifndef OQ_BASE_FILE_H
#define OQ_BASE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"

/* The bytes of an input file: mapped, or on the heap (standard input, .gz, a pipe). Immutable. */
typedef struct oq_file {
    const unsigned char *data; /* NULL when size is 0 */
    size_t size;
    char *path;     /* as given; "-" for standard input */
    bool is_mapped; /* munmap rather than free */
} oq_file;

/* Read path ("-": standard input; gzip content is expanded, recognised by its magic bytes, up to limit
 * bytes). OQ_IO: cannot open or read; OQ_FORMAT: damaged gzip stream; OQ_LIMIT: expands beyond limit (0: 64
 * GiB). */
oq_status oq_file_read(const char *path, size_t limit, oq_file *out, oq_diag *diag);
/* Give the memory of whole pages of a mapped range back; they are read again when needed. Does nothing for
 * heap bytes. */
void oq_file_release(const oq_file *file, const void *data, size_t size);
void oq_file_close(oq_file *file);

/* Output that appears by rename, or not at all. */
typedef struct oq_writer oq_writer;

/* Open a temporary file beside path (path "-": standard output; nothing to rename). OQ_IO: cannot create, or
 * path exists and is not a regular file. A path that ends in ".gz" is compressed (gzip without name or time).
 */
oq_status oq_writer_open(const char *path, oq_writer **out, oq_diag *diag);
oq_status oq_writer_write(oq_writer *writer, const void *data, size_t size, oq_diag *diag);
uint64_t oq_writer_offset(const oq_writer *writer); /* bytes written so far */
/* fsync, rename, free. On failure the temporary file is gone and path is as before. */
oq_status oq_writer_commit(oq_writer *writer, oq_diag *diag);
void oq_writer_abort(oq_writer *writer); /* remove the temporary file, free; NULL is fine */

/* Remove the temporary files of writers that are open: for signal handlers (async-signal-safe). */
void oq_writer_unlink_all(void);

#endif
