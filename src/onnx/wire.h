/* wire: the protobuf wire format, looked at before protobuf-c sees a byte.
 *
 * protobuf-c has no limit on nesting, turns a 2-byte message into 200 bytes of structs and copies every
 * payload. So a file is scanned first: lengths, nesting, wire types, counts. The scan leaves a tree of spans,
 * one for each message that can lead to a tensor or whose bytes the exporter wants to copy, and finds the
 * payloads of tensors. The skeleton is the file without those payloads (and without functions and training
 * graphs, which nobody here unpacks): small enough for protobuf-c to hold in memory.
 */
#ifndef OQ_ONNX_WIRE_H
#define OQ_ONNX_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "proto/onnx.pb-c.h"

/* ------------------------------------------------------------------ one field after the other */

typedef enum oq_wire_type {
    OQ_WIRE_VARINT = 0,
    OQ_WIRE_FIXED64 = 1,
    OQ_WIRE_BYTES = 2,
    OQ_WIRE_GROUP_START = 3, /* refused */
    OQ_WIRE_GROUP_END = 4,   /* refused */
    OQ_WIRE_FIXED32 = 5
} oq_wire_type;

typedef struct oq_wire_field {
    uint32_t number;
    oq_wire_type type;
    const unsigned char *start; /* of the tag */
    const unsigned char *data;  /* content: after tag, and after the length of OQ_WIRE_BYTES */
    size_t size;                /* of the content, in bytes */
    uint64_t value;             /* of a varint or fixed field; the length of OQ_WIRE_BYTES */
} oq_wire_field;

typedef struct oq_wire_cursor {
    const unsigned char *at, *end;
} oq_wire_cursor;

typedef enum oq_wire_result {
    OQ_WIRE_OK,
    OQ_WIRE_END,       /* no more fields */
    OQ_WIRE_TRUNCATED, /* the length (field->value) passes the end; field->data is where the content begins */
    OQ_WIRE_BAD_VARINT,
    OQ_WIRE_BAD_TAG /* field number 0, a group or an unknown wire type */
} oq_wire_result;

oq_wire_result oq_wire_next(oq_wire_cursor *cursor, oq_wire_field *field);
/* Read one varint at *at, advance; false when it is longer than 10 bytes or passes end. */
bool oq_wire_varint(const unsigned char **at, const unsigned char *end, uint64_t *value);
/* Bytes that a varint takes. */
size_t oq_wire_varint_size(uint64_t value);
unsigned char *oq_wire_put_varint(unsigned char *out, uint64_t value); /* returns the end */

/* ------------------------------------------------------------------ the scan */

typedef struct oq_span oq_span;

struct oq_span {
    const ProtobufCMessageDescriptor
        *type;                 /* NULL: payload of a tensor, one or more whole fields, tags included */
    const unsigned char *data; /* content of the message */
    size_t size;
    size_t skeleton_size; /* of the content, payloads left out */
    oq_span *first, *next;
    uint32_t field;       /* number in the message around it */
    unsigned char header; /* bytes of tag and length before data */
    bool is_cut;          /* not in the skeleton */
};

typedef struct oq_wire_limits {
    int depth;       /* of messages inside messages */
    size_t messages; /* in the whole file */
    size_t unpacked; /* estimate of the bytes that protobuf-c will allocate */
} oq_wire_limits;

/* Check size bytes as a message of that type. *root gets the tree, in arena. OQ_FORMAT: damaged; OQ_LIMIT:
 * beyond limits, or a field of 2 GiB or more. */
oq_status oq_wire_scan(const ProtobufCMessageDescriptor *type, const unsigned char *data, size_t size,
                       const oq_wire_limits *limits, oq_arena *arena, oq_span **root, oq_diag *diag);
/* Write the span's message without its payloads: span->skeleton_size bytes. */
void oq_wire_skeleton(const oq_span *span, unsigned char *out);
/* The next child with that field number after `after` (NULL: the first). NULL: no more. */
const oq_span *oq_span_child(const oq_span *span, uint32_t field, const oq_span *after);
size_t oq_span_count(const oq_span *span, uint32_t field);

#endif
