#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK  (size_t)(16 * 1024)
#define LARGEST_STEP (size_t)(1024 * 1024) /* blocks stop doubling here, so that slack stays below 1 MiB */
#define BIG_ALIGN    (size_t)64            /* a cache line and an AVX-512 vector */
#define SMALL_ALIGN  (size_t)16

typedef struct block {
    struct block *next;
    size_t size; /* of data */
    size_t used;
    _Alignas(64) unsigned char data[];
} block;

struct oq_arena {
    block *head;
    size_t used;    /* handed out, including alignment */
    size_t limit;   /* 0 = none */
    size_t step;    /* size of the next block */
    size_t fail_in; /* tests: allocations until one fails; 0 = never */
};

oq_arena *oq_arena_new(size_t limit)
{
    oq_arena *arena = calloc(1, sizeof *arena);

    if (!arena)
        return NULL;
    arena->limit = limit;
    arena->step = FIRST_BLOCK;
    return arena;
}

static void free_blocks(block *b)
{
    while (b) {
        block *next = b->next;

        free(b);
        b = next;
    }
}

void oq_arena_free(oq_arena *arena)
{
    if (!arena)
        return;
    free_blocks(arena->head);
    free(arena);
}

void oq_arena_reset(oq_arena *arena)
{
    if (arena->head) {
        free_blocks(arena->head->next);
        arena->head->next = NULL;
        arena->head->used = 0;
    }
    arena->used = 0;
}

static block *new_block(oq_arena *arena, size_t size)
{
    size_t bytes = size > arena->step ? size : arena->step;
    block *b;

    if (bytes > SIZE_MAX - sizeof *b - BIG_ALIGN)
        return NULL;
    bytes = (bytes + BIG_ALIGN - 1) & ~(BIG_ALIGN - 1);
    b = aligned_alloc(BIG_ALIGN, sizeof *b + bytes);
    if (!b)
        return NULL;
    b->size = bytes;
    b->used = 0;
    /* A big allocation gets a block of its own behind the head, so that the head's free tail is not lost. */
    if (arena->head && size > arena->step / 2) {
        b->next = arena->head->next;
        arena->head->next = b;
    } else {
        b->next = arena->head;
        arena->head = b;
        if (arena->step < LARGEST_STEP)
            arena->step *= 2;
    }
    return b;
}

void *oq_arena_alloc(oq_arena *arena, size_t size)
{
    size_t align = size >= BIG_ALIGN ? BIG_ALIGN : SMALL_ALIGN;
    block *b = arena->head;
    size_t at = b ? (b->used + align - 1) & ~(align - 1) : 0;

    if (arena->fail_in && --arena->fail_in == 0)
        return NULL;
    if (arena->limit && (size > arena->limit || arena->used > arena->limit - size))
        return NULL;
    if (!b || at > b->size || size > b->size - at) {
        b = new_block(arena, size);
        if (!b)
            return NULL;
        at = 0;
    }
    b->used = at + size;
    arena->used += size;
    return b->data + at;
}

void *oq_arena_zalloc(oq_arena *arena, size_t size)
{
    void *p = oq_arena_alloc(arena, size);

    return p ? memset(p, 0, size) : NULL;
}

void *oq_arena_array(oq_arena *arena, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        return NULL;
    return oq_arena_zalloc(arena, n * size);
}

void *oq_arena_copy(oq_arena *arena, const void *data, size_t size)
{
    void *p = oq_arena_alloc(arena, size);

    if (p && size)
        memcpy(p, data, size);
    return p;
}

char *oq_arena_strdup(oq_arena *arena, const char *text)
{
    return oq_arena_copy(arena, text, strlen(text) + 1);
}

char *oq_arena_printf(oq_arena *arena, const char *fmt, ...)
{
    va_list args, again;
    char *text = NULL;
    int n;

    va_start(args, fmt);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, fmt, args);
    if (n >= 0)
        text = oq_arena_alloc(arena, (size_t)n + 1);
    if (text)
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(args);
    return text;
}

size_t oq_arena_used(const oq_arena *arena)
{
    return arena->used;
}

void oq_arena_fail_at(oq_arena *arena, size_t n)
{
    arena->fail_in = n;
}
