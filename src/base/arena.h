/* arena: bump allocation with a byte limit. Everything in it dies together; there is no per-object free.
 *
 * Two lifetimes exist, by name: the *model* arena (until the model is freed) and a *pass* arena (until the
 * pass returns). Not thread-safe: a worker has its own.
 */
#ifndef OQ_BASE_ARENA_H
#define OQ_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

typedef struct oq_arena oq_arena;

/* limit: most bytes ever handed out; 0 means no limit. NULL when out of memory. */
oq_arena *oq_arena_new(size_t limit);
void oq_arena_free(oq_arena *arena); /* NULL is fine */
/* Forget everything, keep the first block for reuse. */
void oq_arena_reset(oq_arena *arena);

/* 64-byte aligned when size >= 64, else 16. NULL when memory or the limit is exhausted. size 0 gives a valid
 * pointer. */
void *oq_arena_alloc(oq_arena *arena, size_t size);
void *oq_arena_zalloc(oq_arena *arena, size_t size);
/* n * size with overflow check, zeroed. */
void *oq_arena_array(oq_arena *arena, size_t n, size_t size);
void *oq_arena_copy(oq_arena *arena, const void *data, size_t size);
char *oq_arena_strdup(oq_arena *arena, const char *text);
char *oq_arena_printf(oq_arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
size_t oq_arena_used(const oq_arena *arena);
/* Tests: fail the n-th allocation from now (1 = next); 0 switches off. */
void oq_arena_fail_at(oq_arena *arena, size_t n);

#define OQ_NEW(arena, type)          ((type *)oq_arena_zalloc((arena), sizeof(type)))
#define OQ_NEW_ARRAY(arena, type, n) ((type *)oq_arena_array((arena), (size_t)(n), sizeof(type)))

#endif
