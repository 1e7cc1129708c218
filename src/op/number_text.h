/* number_text: numbers as strings and back, as Cast gives them.
 *
 * Floats are written with the fewest digits that give the same number when read again: 0.1, 1500000, 1e-07;
 * NaN, INF, -INF. Those of 16 digits and more before the point, or four zeros behind it, have an exponent.
 * bool is 1 or 0.
 */
#ifndef OQ_OP_NUMBER_TEXT_H
#define OQ_OP_NUMBER_TEXT_H

#include "op/op.h"

#define OQ_NUMBER_TEXT 40 /* bytes that always suffice */

/* Element i of an array of numbers; returns the bytes written (no NUL is counted). */
size_t oq_number_to_text(const oq_array *in, size_t i, char *text);
/* The number in 64 bits: a double when dtype is a float, else int64_t or uint64_t (OQ_UINT64). False: it is
 * no number, or outside the type. */
bool oq_number_of_text(oq_string text, oq_dtype dtype, int64_t *bits);

#endif
