/* sequence: a list of tensors as one array, so that nothing between operators has to know of lists.
 *
 * Its dtype is OQ_SEQUENCE, its rank 1, its dimension the number of bytes. The bytes are a table of the
 * elements (type, shape, place relative to the start) and then their data: it may be copied and shared like
 * any array. An optional is its content, or an array of dtype OQ_NOTHING when it is empty.
 */
#ifndef OQ_OP_SEQUENCE_H
#define OQ_OP_SEQUENCE_H

#include "op/op.h"

static inline bool oq_is_sequence(const oq_array *array)
{
    return array && array->dtype == OQ_SEQUENCE;
}

size_t oq_sequence_count(const oq_array *sequence);
/* Element i, which stays where it is: valid as long as the sequence. */
oq_array oq_sequence_at(const oq_array *sequence, size_t i);
/* Bytes of a sequence of these; false: too big, or elements that cannot be in one (strings, sequences). */
bool oq_sequence_size(const oq_array *elements, size_t n, size_t *size);
void oq_sequence_fill(const oq_array *elements, size_t n, void *memory); /* of that size */
/* Output i of a running operator becomes a sequence of copies. */
oq_status oq_sequence_out(oq_run *ctx, int i, const oq_array *elements, size_t n);

#endif
