/* order: numbers of any type as integers that compare alike. */
#ifndef OQ_OP_ORDER_H
#define OQ_OP_ORDER_H

#include "op/op.h"

/* Element i of an array of numbers or bool as a number whose unsigned order is the element's order. The two
 * zeros are one, and so are all NaN, which come above infinity. */
uint64_t oq_order_key(const oq_array *in, size_t i);

#endif
