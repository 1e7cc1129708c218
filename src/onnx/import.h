/* import: an ONNX file becomes a graph.
 *
 * The file stays mapped as long as the model lives: tensors and origins point into it. Accepted are files of
 * ai.onnx opset 7 to 27 in any IR version. What the graph cannot hold (functions, training graphs, unknown
 * fields, devices) stays in the origins and comes out again on export.
 */
#ifndef OQ_ONNX_IMPORT_H
#define OQ_ONNX_IMPORT_H

#include "ir/ir.h"

#define OQ_OPSET_OLDEST 7
#define OQ_OPSET_NEWEST 27

/* Zero everywhere is the default, and so is NULL in place of the struct. */
typedef struct oq_import_options {
    size_t arena_limit;  /* bytes of the model arena; 0: none */
    size_t max_messages; /* 0: 4 million */
    size_t max_unpacked; /* bytes that the structure (without tensors) may take in memory; 0: 1 GiB */
    size_t max_file;     /* bytes of the file, expanded if it is a .gz; 0: 64 GiB */
    bool any_opset;      /* accept ai.onnx versions that we do not know, for looking and copying */
    bool follow_links;   /* external data may be a symbolic or hard link (trees of download caches) */
    void (*note)(void *arg, const char *text); /* told of what was put right silently; NULL: nobody */
    void *note_arg;
} oq_import_options;

/* Read path ("-": standard input; .gz is expanded). OQ_IO, OQ_FORMAT (not a valid model), OQ_LIMIT,
 * OQ_UNSUPPORTED (opset), OQ_NOMEM. The model is freed with oq_model_destroy(). */
oq_status oq_import_file(const char *path, const oq_import_options *options, oq_model **out, oq_diag *diag);
/* The same from memory, which must stay as it is until the model is freed. External data is looked for beside
 * path, which need not exist; "-" means that there is no such place. */
oq_status oq_import_memory(const void *data, size_t size, const char *path, const oq_import_options *options,
                           oq_model **out, oq_diag *diag);

/* A TensorProto by itself, as in the input_0.pb files of ONNX test data. The tensor may point into data.
 * External data is refused. */
oq_status oq_import_tensor_memory(const void *data, size_t size, oq_arena *arena, oq_tensor **out,
                                  oq_diag *diag);

/* Is that one of the model's external data files? (For the exporter, which must not overwrite it.) */
struct stat;
bool oq_model_reads_file(const oq_model *model, const struct stat *st);

/* SHA-256 of the model file (expanded, if it was a .gz) followed by its external data files in order of first
 * use. */
oq_status oq_model_digest(const oq_model *model, char hex[65], oq_diag *diag);

#endif
