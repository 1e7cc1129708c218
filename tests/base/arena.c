#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "tap/tap.h"

int main(void)
{
    oq_arena *arena = oq_arena_new(0);
    oq_buf buf = {0};
    bool is_aligned = true, is_intact = true;
    unsigned char *blocks[200];

    for (int i = 0; i < 200; i++) {
        size_t size = (size_t)(i * 977 % 5000) + 1;

        blocks[i] = oq_arena_alloc(arena, size);
        is_aligned &= ((uintptr_t)blocks[i] & (size >= 64 ? 63u : 15u)) == 0;
        memset(blocks[i], i, size);
    }
    for (int i = 0; i < 200; i++)
        is_intact &= blocks[i][0] == i && blocks[i][(size_t)(i * 977 % 5000)] == i;
    ok(is_aligned, "allocations are aligned");
    ok(is_intact, "and do not overlap");
    ok(oq_arena_array(arena, SIZE_MAX / 2, 4) == NULL, "an overflowing array is refused");
    is_str(oq_arena_printf(arena, "%s-%d", "a", 7), "a-7", "formatted text");
    oq_arena_fail_at(arena, 2);
    ok(oq_arena_alloc(arena, 1) && !oq_arena_alloc(arena, 1), "the second allocation fails when told to");
    oq_arena_reset(arena);
    is_int(oq_arena_used(arena), 0, "reset forgets everything");
    oq_arena_free(arena);
    arena = oq_arena_new(100);
    ok(oq_arena_alloc(arena, 60) && !oq_arena_alloc(arena, 60), "the limit holds");
    ok(oq_arena_alloc(arena, 40) != NULL, "to the byte");
    oq_arena_free(arena);
    for (int i = 0; i < 1000; i++)
        oq_buf_printf(&buf, "%d,", i);
    ok(!buf.failed && buf.size == 3890 && memcmp(buf.data + buf.size - 4, "999,", 4) == 0, "a buffer grows");
    oq_buf_free(&buf);
    return tap_done();
}
