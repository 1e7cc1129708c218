/* tensor_pb: a TensorProto file (input_K.pb of ONNX test data) as elements. */
#ifndef OQ_DATA_TENSOR_PB_H
#define OQ_DATA_TENSOR_PB_H

#include "data/feed.h"

/* Where the elements of a TensorProto lie; found without copying them. */
typedef struct oq_tensor_pb {
    oq_dtype dtype;
    int rank;
    int64_t dims[OQ_MAX_RANK];
    size_t n;         /* elements, the product of dims */
    size_t size;      /* bytes they take (0 for strings) */
    const char *name; /* not NUL-terminated; NULL: none */
    size_t name_size;
    const unsigned char *raw; /* raw_data; NULL: the elements are in the typed field */
    size_t raw_size;
    const unsigned char *message; /* the whole, for reading the typed field */
    size_t message_size;
} oq_tensor_pb;

/* Read the header. bytes must stay valid as long as out is used. what: "the tensor", for messages. OQ_FORMAT:
 * damaged, or its payload has another size than its shape; OQ_UNSUPPORTED: external data, unknown type, too
 * many axes. */
oq_status oq_tensor_pb_parse(const unsigned char *bytes, size_t size, const char *what, oq_tensor_pb *out,
                             oq_diag *diag);
/* Its elements: a view of raw_data in place, or of a copy in arena made from the typed field. */
oq_status oq_tensor_pb_view(const oq_tensor_pb *pb, const char *what, oq_arena *arena, oq_view *out,
                            oq_diag *diag);

#endif
