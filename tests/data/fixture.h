/* fixture: sample files written at run time, byte by byte, so that no binary lives in the tree. */
#ifndef OQ_TESTS_DATA_FIXTURE_H
#define OQ_TESTS_DATA_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "ir/graph.h"

/* An npy file, version 1: dictionary as given, then the bytes. */
void fixture_npy(oq_buf *out, const char *dictionary, const void *data, size_t size);
/* The same of any version, the dictionary padded to a header of whole 64 bytes. */
void fixture_npy_version(oq_buf *out, int version, const char *dictionary, const void *data, size_t size);

/* A zip archive in the making, at path. */
typedef struct fixture_zip {
    void *zip;
} fixture_zip;

fixture_zip fixture_zip_open(const char *path);
/* Member `name` (with .npy when an array is meant) of these bytes, stored or deflated. */
void fixture_zip_add(fixture_zip *zip, const char *name, bool is_deflated, const void *data, size_t size);
/* Member NAME.npy with this dictionary and data. */
void fixture_zip_array(fixture_zip *zip, const char *name, bool is_deflated, const char *dictionary,
                       const void *data, size_t size);
void fixture_zip_close(fixture_zip *zip);

/* tap_tmpdir()/name; static buffer of 128. */
const char *fixture_path(const char *name);
void fixture_write(const char *path, const void *data, size_t size);
/* The whole file; bails out when it cannot be read. */
oq_buf fixture_read(const char *path);

/* A model with these inputs: "x:float[N,3] y:int64[T,?]". N and T are symbols, ? is an unknown size. */
oq_model *fixture_model(const char *inputs);

#endif
