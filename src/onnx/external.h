/* external: tensor data in files beside the model.
 *
 * A model names its data files, so whoever made the model decides what we open. Therefore: relative names
 * only, no
 * "..", each step of the path opened without following links, a regular file with one name, mapped and never
 * written. (onnx's own history of such holes: CVE-2022-25882, 2024-27318, 2026-27489, 2026-34445,
 * 2026-34446.)
 */
#ifndef OQ_ONNX_EXTERNAL_H
#define OQ_ONNX_EXTERNAL_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/diag.h"
#include "ir/ir.h"

/* One mapped data file. */
typedef struct oq_external_file {
    struct oq_external_file *next; /* in order of first use */
    char *location;                /* as the model names it; heap */
    const unsigned char *data;     /* NULL when size is 0 */
    size_t size;
    dev_t device; /* which file it is, whatever its name */
    ino_t inode;
} oq_external_file;

typedef struct oq_external {
    char *folder; /* of the model; heap; NULL: there is none (standard input) */
    bool follow_links;
    oq_external_file *first, *last;
} oq_external;

/* The file of that location, opened at its first use. OQ_FORMAT: a location that leaves the model's folder or
 * is not a plain file; OQ_IO: not there. */
oq_status oq_external_open(oq_external *external, const char *location, const oq_external_file **out,
                           oq_diag *diag);
size_t oq_external_size(const oq_external *external); /* bytes of all files */
void oq_external_close(oq_external *external);

/* The external_data entries of one tensor. */
typedef struct oq_external_ref {
    const char *location;
    uint64_t offset;
    uint64_t length;
    bool has_length;
} oq_external_ref;

/* One key and value; state says what was seen. OQ_FORMAT: unknown key, twice the same, not a number. */
oq_status oq_external_entry(oq_external_ref *ref, const char *key, const char *value, oq_diag *diag);

#endif
