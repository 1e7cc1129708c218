/* rope: encoded bytes as a list of pieces. An unchanged part of a model is one piece that points into the
 * mapped file, so a message can be put around any amount of data without copying it, and its length is known
 * before it is written.
 */
#ifndef OQ_ONNX_ROPE_H
#define OQ_ONNX_ROPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

typedef struct oq_rope_piece {
    struct oq_rope_piece *next;
    const unsigned char *data;
    size_t size;
    size_t room; /* bytes behind size that belong to this piece */
} oq_rope_piece;

typedef struct oq_rope {
    oq_arena *arena; /* pieces live there */
    oq_rope_piece *first, *last;
    size_t size;
    bool failed; /* out of memory: everything after it was dropped; check once at the end */
} oq_rope;

/* Borrow: data must outlive the rope. A piece that continues the last one in memory is joined to it. */
void oq_rope_borrow(oq_rope *rope, const void *data, size_t size);
void oq_rope_copy(oq_rope *rope, const void *data, size_t size);
/* Move all of tail (made in the same arena) behind rope. */
void oq_rope_join(oq_rope *rope, const oq_rope *tail);

/* Fields of a protobuf message. */
void oq_rope_varint(oq_rope *rope, uint32_t field, uint64_t value);
void oq_rope_fixed32(oq_rope *rope, uint32_t field, uint32_t value);
void oq_rope_text(oq_rope *rope, uint32_t field, const char *text);
void oq_rope_bytes(oq_rope *rope, uint32_t field, const void *data, size_t size); /* data is borrowed */
void oq_rope_message(oq_rope *rope, uint32_t field, const oq_rope *message);

#endif
