#include "config.h"

#include "exec/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Keeps the data behind the header aligned to a cache line and to the widest vector. */
#define HEADER 64
_Static_assert(sizeof(oq_block) <= HEADER, "the block header must fit before the data");

/* A sanitized build gives each array memory of its own and exact size, so that reads past its end and after
 * its last reader are found. */
#ifdef __SANITIZE_ADDRESS__
#define RECYCLES 0
#else
#define RECYCLES 1
#endif

/* A free block serves a request of at least half its size: else one small array would pin a big block. */
#define SLACK 4096

void oq_heap_init(oq_heap *heap, size_t limit)
{
    *heap = (oq_heap){.limit = limit};
}

static void unhold(oq_heap *heap, oq_block *block)
{
    heap->held -= block->capacity + HEADER;
    free(block);
}

void oq_heap_close(oq_heap *heap)
{
    while (heap->free) {
        oq_block *block = heap->free;

        heap->free = block->next;
        unhold(heap, block);
    }
}

void *oq_block_data(oq_block *block)
{
    return (unsigned char *)block + HEADER;
}

/* Smallest free block that fits; *below: the link to the largest one that does not (NULL: none). */
static oq_block *find_free(oq_heap *heap, size_t size, oq_block ***below)
{
    oq_block **link = &heap->free;

    *below = NULL;
    while (*link && (*link)->capacity < size) {
        *below = link;
        link = &(*link)->next;
    }
    if (!*link || (*link)->capacity / 2 > size + SLACK)
        return NULL;
    oq_block *block = *link;
    *link = block->next;
    return block;
}

static void drop_free(oq_heap *heap, oq_block **link)
{
    oq_block *block = *link;

    *link = block->next;
    unhold(heap, block);
}

/* Make room under the limit for `need` more bytes by giving free blocks back. */
static bool make_room(oq_heap *heap, size_t need)
{
    if (need > heap->limit)
        return false;
    while (heap->held > heap->limit - need) {
        if (!heap->free)
            return false;
        drop_free(heap, &heap->free);
    }
    return true;
}

static oq_block *allocate(oq_heap *heap, size_t size)
{
    void *memory;

    if (size > SIZE_MAX - HEADER || !make_room(heap, size + HEADER))
        return NULL;
    if (posix_memalign(&memory, HEADER, size + HEADER) != 0)
        return NULL;
    oq_block *block = memory;
    *block = (oq_block){.capacity = size};
    heap->held += size + HEADER;
    if (heap->held > heap->peak)
        heap->peak = heap->held;
    return block;
}

/* Fresh memory holds NaNs in checked builds: an operator that leaves a hole is seen. */
static void poison(oq_block *block)
{
#if defined(OQ_CHECKS) || defined(__SANITIZE_ADDRESS__)
    memset(oq_block_data(block), 0xff, block->capacity);
#else
    (void)block;
#endif
}

oq_block *oq_block_take(oq_heap *heap, size_t size)
{
    oq_block **below;
    oq_block *block = find_free(heap, size, &below);

    if (!block) {
        /* The new block replaces the largest free one that is too small: a stream of samples of many sizes
         * must not pile up blocks. */
        if (below)
            drop_free(heap, below);
        block = allocate(heap, size);
    }
    if (!block)
        return NULL;
    block->refs = 1;
    block->next = NULL;
    poison(block);
    return block;
}

oq_block *oq_block_share(oq_block *block)
{
    if (block)
        block->refs++;
    return block;
}

void oq_block_drop(oq_heap *heap, oq_block *block)
{
    oq_block **link = &heap->free;

    if (!block || --block->refs > 0)
        return;
    if (!RECYCLES) {
        unhold(heap, block);
        return;
    }
    while (*link && (*link)->capacity < block->capacity)
        link = &(*link)->next;
    block->next = *link;
    *link = block;
}
