/* export: a graph becomes an ONNX file.
 *
 * What is unchanged since the import is copied from the bytes it came from; a changed node, graph or model is
 * encoded anew field by field, and the fields that we do not hold are copied from its origin. So a model that
 * nobody changed comes out byte for byte as it came in, and unknown operators, attributes, metadata and
 * fields survive every change.
 */
#ifndef OQ_ONNX_EXPORT_H
#define OQ_ONNX_EXPORT_H

#include "base/buf.h"
#include "ir/ir.h"

typedef enum oq_external_data {
    OQ_EXTERNAL_AUTO = 0, /* if the input had some, or the file would reach 2 GiB */
    OQ_EXTERNAL_ALWAYS,   /* tensors of 1 KiB and more */
    OQ_EXTERNAL_NEVER     /* OQ_LIMIT when the file would reach 2 GiB */
} oq_external_data;

/* NULL in place of the struct is the default, as is zero everywhere. */
typedef struct oq_export_options {
    oq_external_data external_data;
    size_t *model_size, *data_size; /* out, may be NULL: bytes written to the model and to its data file */
} oq_export_options;

/* Write model to path ("-": standard output; ".gz": compressed). External data goes to PATH.data beside it,
 * with a number in the name if the input still needs a file of that name. Both appear by rename, data first.
 * OQ_IO: cannot write; OQ_ARG: external data to standard output; OQ_LIMIT; OQ_NOMEM; OQ_INTERNAL: an
 * attribute that we cannot encode. On failure nothing at path has changed. */
oq_status oq_export_file(const oq_model *model, const char *path, const oq_export_options *options,
                         oq_diag *diag);
/* Append the encoded model, without external data, to out. */
oq_status oq_export_memory(const oq_model *model, oq_buf *out, oq_diag *diag);

#endif
