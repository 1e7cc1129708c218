/* npy: the header of NumPy's array file, versions 1 to 3. The elements stay where they are. */
#ifndef OQ_DATA_NPY_H
#define OQ_DATA_NPY_H

#include "base/diag.h"
#include "ir/ir.h"

#define OQ_NPY_MAX_RANK   (OQ_MAX_RANK + 1) /* an axis of samples before the axes of an input */
#define OQ_NPY_MAX_HEADER (size_t)(1 << 20) /* bytes; NumPy itself stops at 10000 unless told otherwise */

typedef struct oq_npy {
    oq_dtype dtype;
    bool is_big_endian;
    bool is_fortran; /* first axis varies fastest */
    int rank;
    int64_t dims[OQ_NPY_MAX_RANK];
    size_t n;         /* elements */
    size_t item_size; /* bytes of one */
    size_t offset;    /* of the first element in the file */
    size_t size;      /* bytes of all elements; offset + size is the size of the file */
} oq_npy;

/* Bytes before the first element, told from the first 12 bytes of the file. 0: not an npy file, or header too
 * long. */
size_t oq_npy_header_size(const unsigned char *bytes, size_t have);
/* Read the header. bytes: the first `have` bytes of a file of `total` bytes, header included; what: "array
 * 'x'", for messages. OQ_FORMAT: damaged, truncated or followed by other bytes; OQ_UNSUPPORTED: a type
 * (named) or rank we do not take. */
oq_status oq_npy_parse(const unsigned char *bytes, size_t have, uint64_t total, const char *what, oq_npy *out,
                       oq_diag *diag);
/* Write the header of a C-order, little-endian array so that it takes a multiple of 64 bytes.
 * Returns its size; 0 when NumPy has no such type or the rank exceeds OQ_NPY_MAX_RANK. */
#define OQ_NPY_HEADER_ROOM 512
size_t oq_npy_format(oq_dtype dtype, const int64_t *dims, int rank, unsigned char header[OQ_NPY_HEADER_ROOM]);
/* "[64,3,224,224]". Returns text. */
const char *oq_dims_text(const int64_t *dims, int rank, char *text, size_t size);

#endif
