#include "op/sequence.h"

#include <string.h>

#define ALIGNMENT 64

/* In front of the data. The table's `data` is unused: places tell where the bytes are. */
typedef struct header {
    size_t n;
} header;

typedef struct entry {
    oq_array array;
    size_t place; /* bytes from the start of the sequence */
} entry;

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static entry *table_of(void *memory)
{
    return (entry *)(void *)((char *)memory + aligned(sizeof(header)));
}

size_t oq_sequence_count(const oq_array *sequence)
{
    return ((const header *)sequence->data)->n;
}

oq_array oq_sequence_at(const oq_array *sequence, size_t i)
{
    const entry *e = &table_of(sequence->data)[i];
    oq_array array = e->array;

    array.data = (char *)sequence->data + e->place;
    return array;
}

static bool can_be_in(const oq_array *array)
{
    return array->dtype != OQ_STRING && array->dtype != OQ_SEQUENCE && array->dtype != OQ_NOTHING;
}

bool oq_sequence_size(const oq_array *elements, size_t n, size_t *size)
{
    size_t total;

    if (n > SIZE_MAX / 4 / sizeof(entry))
        return false;
    total = aligned(sizeof(header)) + aligned(n * sizeof(entry));
    for (size_t i = 0; i < n; i++) {
        if (!can_be_in(&elements[i]) || elements[i].size > SIZE_MAX / 4 || total > SIZE_MAX / 4)
            return false;
        total += aligned(elements[i].size + 1); /* even an empty one has a place inside */
    }
    *size = total;
    return true;
}

void oq_sequence_fill(const oq_array *elements, size_t n, void *memory)
{
    size_t place = aligned(sizeof(header)) + aligned(n * sizeof(entry));

    ((header *)memory)->n = n;
    for (size_t i = 0; i < n; i++) {
        entry *e = &table_of(memory)[i];

        *e = (entry){elements[i], place};
        e->array.data = NULL;
        e->array.is_constant = false;
        if (elements[i].size)
            memcpy((char *)memory + place, elements[i].data, elements[i].size);
        place += aligned(elements[i].size + 1);
    }
}

oq_status oq_sequence_out(oq_run *ctx, int i, const oq_array *elements, size_t n)
{
    size_t size;
    void *memory;

    if (!oq_sequence_size(elements, n, &size))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "a sequence of %zu elements that are strings, sequences or too big",
                   n);
    memory = oq_out(ctx, i, OQ_SEQUENCE, (int64_t[]){(int64_t)size}, 1);
    if (!memory)
        return oq_run_failure(ctx);
    oq_sequence_fill(elements, n, memory);
    return OQ_OK;
}
