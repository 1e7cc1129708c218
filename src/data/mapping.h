/* mapping: bytes of a sample file in memory whose pages can be given back after use. */
#ifndef OQ_DATA_MAPPING_H
#define OQ_DATA_MAPPING_H

#include <stdbool.h>

#include "base/diag.h"

typedef struct oq_mapping {
    const unsigned char
        *data; /* NULL when size is 0; page-aligned when mapped, 64-byte aligned on the heap */
    size_t size;
    bool is_mapped; /* of a file; else on the heap */
} oq_mapping;

/* Map a regular file for reading. OQ_IO: cannot; says why. */
oq_status oq_mapping_open(const char *path, oq_mapping *out, oq_diag *diag);
/* size bytes that fill() supplies, piece by piece in order: on the heap up to `heap` bytes, else in a
 * temporary file without a name in $TMPDIR (or /tmp). fill sets exactly the bytes it is asked for, or fails.
 */
typedef oq_status oq_mapping_fill(void *arg, unsigned char *bytes, size_t size, oq_diag *diag);
oq_status oq_mapping_make(size_t size, size_t heap, oq_mapping_fill *fill, void *arg, oq_mapping *out,
                          oq_diag *diag);
void oq_mapping_close(oq_mapping *mapping); /* a zeroed one is fine */

/* The bytes first .. first + size - 1 are not needed for now: their pages leave memory, and come back from
 * the file when they are read again. Safe at any time, from any thread. */
void oq_mapping_release(const oq_mapping *mapping, size_t first, size_t size);

#endif
