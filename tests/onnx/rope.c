#include "onnx/rope.h"

#include <string.h>

#include "tap/tap.h"

static size_t flatten(const oq_rope *rope, unsigned char *out)
{
    size_t n = 0;

    for (const oq_rope_piece *piece = rope->first; piece; piece = piece->next) {
        memcpy(out + n, piece->data, piece->size);
        n += piece->size;
    }
    return n;
}

int main(void)
{
    static const char bytes[] = "abcdef";
    static const unsigned char wanted[] = {0x08, 0x96, 0x01, 0x12, 0x08, 0x1a, 0x06,
                                           'a',  'b',  'c',  'd',  'e',  'f'};
    oq_arena *arena = oq_arena_new(0);
    oq_rope rope = {.arena = arena}, inner = {.arena = arena}, joined = {.arena = arena},
            poor = {.arena = arena};
    unsigned char out[64];

    oq_rope_varint(&rope, 1, 150);
    oq_rope_bytes(&inner, 3, bytes, 6);
    oq_rope_message(&rope, 2, &inner);
    is_int(rope.size, sizeof wanted, "a message knows its size before it is written");
    is_int(flatten(&rope, out), sizeof wanted, "the pieces add up to it");
    is_mem(out, wanted, sizeof wanted, "tags, lengths and contents are in place");

    oq_rope_borrow(&joined, bytes, 3);
    oq_rope_borrow(&joined, bytes + 3, 3);
    ok(joined.first && joined.first == joined.last && joined.size == 6, "neighbours become one piece");

    oq_rope_copy(&poor, "x", 1);
    oq_arena_fail_at(arena, 1);
    oq_rope_borrow(&poor, bytes, 6);
    ok(poor.failed, "out of memory is remembered");
    oq_arena_fail_at(arena, 0);
    oq_rope_message(&joined, 1, &poor);
    ok(joined.failed, "and passed on to the message around it");
    oq_arena_free(arena);
    return tap_done();
}
