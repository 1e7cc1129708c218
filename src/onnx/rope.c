#include "onnx/rope.h"

#include <string.h>

#include "onnx/wire.h"

/* A piece of our own starts with this much: a few tags and a name. */
#define OWN_PIECE (size_t)64

static oq_rope_piece *new_piece(oq_rope *rope, const unsigned char *data, size_t size, size_t room)
{
    oq_rope_piece *piece = rope->failed ? NULL : oq_arena_alloc(rope->arena, sizeof *piece);

    if (!piece) {
        rope->failed = true;
        return NULL;
    }
    *piece = (oq_rope_piece){NULL, data, size, room};
    if (rope->last)
        rope->last->next = piece;
    else
        rope->first = piece;
    rope->last = piece;
    return piece;
}

void oq_rope_borrow(oq_rope *rope, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    oq_rope_piece *last = rope->last;

    if (!size)
        return;
    rope->size += size;
    if (last && !last->room && last->data + last->size == bytes)
        last->size += size;
    else
        new_piece(rope, bytes, size, 0);
}

void oq_rope_copy(oq_rope *rope, const void *data, size_t size)
{
    oq_rope_piece *last = rope->last;
    unsigned char *own;

    rope->size += size;
    if (last && last->room >= size) {
        memcpy((unsigned char *)(uintptr_t)last->data + last->size, data, size);
        last->size += size;
        last->room -= size;
        return;
    }
    own = oq_arena_alloc(rope->arena, size > OWN_PIECE ? size : OWN_PIECE);
    if (!own) {
        rope->failed = true;
        return;
    }
    memcpy(own, data, size);
    new_piece(rope, own, size, size > OWN_PIECE ? 0 : OWN_PIECE - size);
}

void oq_rope_join(oq_rope *rope, const oq_rope *tail)
{
    rope->failed |= tail->failed;
    if (!tail->first)
        return;
    if (rope->last)
        rope->last->next = tail->first;
    else
        rope->first = tail->first;
    rope->last = tail->last;
    rope->size += tail->size;
}

static unsigned char *put_tag(unsigned char *out, uint32_t field, oq_wire_type type)
{
    return oq_wire_put_varint(out, (uint64_t)field << 3 | (uint64_t)type);
}

void oq_rope_varint(oq_rope *rope, uint32_t field, uint64_t value)
{
    unsigned char head[20], *end = oq_wire_put_varint(put_tag(head, field, OQ_WIRE_VARINT), value);

    oq_rope_copy(rope, head, (size_t)(end - head));
}

void oq_rope_fixed32(oq_rope *rope, uint32_t field, uint32_t value)
{
    unsigned char head[20], *end = put_tag(head, field, OQ_WIRE_FIXED32);

    for (int i = 0; i < 4; i++)
        *end++ = (unsigned char)(value >> (8 * i));
    oq_rope_copy(rope, head, (size_t)(end - head));
}

static void put_header(oq_rope *rope, uint32_t field, size_t size)
{
    unsigned char head[20], *end = oq_wire_put_varint(put_tag(head, field, OQ_WIRE_BYTES), size);

    oq_rope_copy(rope, head, (size_t)(end - head));
}

void oq_rope_text(oq_rope *rope, uint32_t field, const char *text)
{
    size_t size = strlen(text);

    put_header(rope, field, size);
    if (size)
        oq_rope_copy(rope, text, size);
}

void oq_rope_bytes(oq_rope *rope, uint32_t field, const void *data, size_t size)
{
    put_header(rope, field, size);
    oq_rope_borrow(rope, data, size);
}

void oq_rope_message(oq_rope *rope, uint32_t field, const oq_rope *message)
{
    put_header(rope, field, message->size);
    oq_rope_join(rope, message);
}
