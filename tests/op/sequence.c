#include <stdlib.h>
#include <string.h>

#include "op/sequence.h"
#include "tap/tap.h"

int main(void)
{
    float two[2] = {1, 2};
    int64_t three[3] = {3, 4, 5};
    oq_array elements[3] = {
        {.dtype = OQ_FLOAT, .rank = 1, .dims = {2}, .n = 2, .data = two, .size = sizeof two},
        {.dtype = OQ_INT64, .rank = 2, .dims = {3, 1}, .n = 3, .data = three, .size = sizeof three},
        {.dtype = OQ_FLOAT, .rank = 1, .dims = {0}}};
    oq_array sequence = {.dtype = OQ_SEQUENCE, .rank = 1}, element;
    void *moved;

    ok(oq_sequence_size(elements, 3, &sequence.size), "a sequence of three has a size");
    sequence.data = aligned_alloc(64, sequence.size);
    oq_sequence_fill(elements, 3, sequence.data);
    moved = aligned_alloc(64, sequence.size);
    memcpy(moved, sequence.data, sequence.size);
    free(sequence.data);
    sequence.data = moved;
    is_int(oq_sequence_count(&sequence), 3, "a copy of its bytes is the same sequence");
    element = oq_sequence_at(&sequence, 1);
    ok(element.dtype == OQ_INT64 && element.rank == 2 && element.dims[0] == 3,
       "an element keeps type and shape");
    is_mem(element.data, three, sizeof three, "and its data");
    ok((uintptr_t)element.data % 64 == 0, "aligned as an array");
    element = oq_sequence_at(&sequence, 2);
    ok(element.n == 0 && element.data, "an empty element has a place");
    elements[1].dtype = OQ_STRING;
    ok(!oq_sequence_size(elements, 3, &sequence.size), "strings cannot be in a sequence");
    elements[1] = sequence;
    ok(!oq_sequence_size(elements, 3, &sequence.size), "sequences neither");
    elements[1] = (oq_array){.dtype = OQ_FLOAT, .size = SIZE_MAX - 3};
    ok(!oq_sequence_size(elements, 3, &sequence.size), "nor what is too big");
    free(moved);
    return tap_done();
}
