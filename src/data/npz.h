/* npz: NumPy's archive of arrays (a zip file of npy files). Stored arrays are used where they lie in the
 * mapped file; deflated ones are expanded once, when first asked for.
 */
#ifndef OQ_DATA_NPZ_H
#define OQ_DATA_NPZ_H

#include "data/mapping.h"
#include "data/npy.h"
#include "op/op.h" /* oq_array */

typedef struct oq_npz oq_npz;

/* Read the archive's directory. OQ_IO; OQ_FORMAT: not a zip file, or a damaged one. */
oq_status oq_npz_open(const char *path, oq_npz **out, oq_diag *diag);
void oq_npz_close(oq_npz *npz); /* NULL is fine */
/* Arrays (members NAME.npy) in file order; other members are not counted. */
size_t oq_npz_count(const oq_npz *npz);
const char *oq_npz_name(const oq_npz *npz, size_t index); /* without .npy */
/* Index of an array; oq_npz_count() when there is none of that name. */
size_t oq_npz_find(const oq_npz *npz, const char *name);
/* Type and shape, without reading the elements. Not thread-safe. OQ_FORMAT, OQ_UNSUPPORTED as oq_npy_parse().
 */
oq_status oq_npz_header(oq_npz *npz, size_t index, oq_npy *out, oq_diag *diag);
/* The member's bytes (an npy file: the elements begin at header offset), checksum verified. Valid until
 * close; pages may be released with oq_mapping_release(). Not thread-safe. OQ_FORMAT: damaged; OQ_LIMIT:
 * expands to nonsense. */
oq_status oq_npz_load(oq_npz *npz, size_t index, oq_mapping *out, oq_diag *diag);

/* ---- writing: stored, C order, little-endian; the same arrays give the same bytes (no times). Elements
 * begin at multiples of 64 bytes in the file, so that this reader (and anybody's mmap) can use them in place.
 */
typedef struct oq_npz_writer oq_npz_writer;

/* Messages do not name the path, as those of base/file.h. The file appears at path when committed ("-":
 * standard output). OQ_IO, OQ_NOMEM. */
oq_status oq_npz_writer_open(const char *path, oq_npz_writer **out, oq_diag *diag);
/* One array after the other. OQ_UNSUPPORTED: a type NumPy has not (named); OQ_ARG: the name is empty, longer
 * than 4096 bytes, or was used; OQ_IO. After a failure only abort makes sense. */
oq_status oq_npz_writer_add(oq_npz_writer *writer, const char *name, const oq_array *array, oq_diag *diag);
/* Finish and free; on failure, too, and then path is as before. */
oq_status oq_npz_writer_commit(oq_npz_writer *writer, oq_diag *diag);
void oq_npz_writer_abort(oq_npz_writer *writer); /* NULL is fine */

#endif
