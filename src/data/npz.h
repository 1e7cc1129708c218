/* npz: NumPy's archive of arrays (a zip file of npy files). Stored arrays are used where they lie in the mapped file;
 * deflated ones are expanded once, when first asked for.
 */
#ifndef OQ_DATA_NPZ_H
#define OQ_DATA_NPZ_H

#include "data/mapping.h"
#include "data/npy.h"

typedef struct oq_npz oq_npz;

/* Read the archive's directory. OQ_IO; OQ_FORMAT: not a zip file, or a damaged one. */
oq_status oq_npz_open(const char *path, oq_npz **out, oq_diag *diag);
void oq_npz_close(oq_npz *npz); /* NULL is fine */
/* Arrays (members NAME.npy) in file order; other members are not counted. */
size_t oq_npz_count(const oq_npz *npz);
const char *oq_npz_name(const oq_npz *npz, size_t index); /* without .npy */
/* Index of an array; oq_npz_count() when there is none of that name. */
size_t oq_npz_find(const oq_npz *npz, const char *name);
/* Type and shape, without reading the elements. Not thread-safe. OQ_FORMAT, OQ_UNSUPPORTED as oq_npy_parse(). */
oq_status oq_npz_header(oq_npz *npz, size_t index, oq_npy *out, oq_diag *diag);
/* The member's bytes (an npy file: the elements begin at header offset), checksum verified. Valid until close; pages
 * may be released with oq_mapping_release(). Not thread-safe. OQ_FORMAT: damaged; OQ_LIMIT: expands to nonsense. */
oq_status oq_npz_load(oq_npz *npz, size_t index, oq_mapping *out, oq_diag *diag);

#endif
