/* aligned: how operators before opset 7 broadcast their second operand.
 *
 * Without `broadcast` both have one shape. With it B is laid over a stretch of A's dimensions that begins at
 * `axis` (absent: over the last ones), and repeated along the others; a B of one element fits everywhere. The
 * result has A's shape. With dims of 1 behind B's own this is what NumPy does, so the newer functions compute
 * it.
 */
#ifndef OQ_OP_ALIGNED_H
#define OQ_OP_ALIGNED_H

#include "op/op.h"

/* Call infer / run with input 1 so extended. */
oq_status oq_infer_aligned(oq_infer *ctx, oq_infer_fn *infer);
oq_status oq_run_aligned(oq_run *ctx, oq_run_fn *run);
/* PRelu: one slope per channel (axis 1), or one for all. */
oq_status oq_infer_per_channel(oq_infer *ctx, oq_infer_fn *infer);
oq_status oq_run_per_channel(oq_run *ctx, oq_run_fn *run);

#endif
