/* packed: moving elements of 4 and 2 bits: they are spread to a byte each, moved, and packed again. */
#ifndef OQ_OP_PACKED_H
#define OQ_OP_PACKED_H

#include "op/op.h"

#define OQ_T_PACKED (OQ_T(OQ_UINT4) | OQ_T(OQ_INT4) | OQ_T(OQ_FLOAT4E2M1) | OQ_T(OQ_UINT2) | OQ_T(OQ_INT2))

/* run(), which moves elements of input 0 to output 0 whatever they are, with packed inputs seen as uint8.
 * When input 0 is not packed it is run as it is. */
oq_status oq_run_spread(oq_run *ctx, oq_run_fn *run);

#endif
