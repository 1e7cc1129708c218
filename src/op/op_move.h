/* op_move: what the moving operators share. */
#ifndef OQ_OP_MOVE_H
#define OQ_OP_MOVE_H

#include "op/op.h"

/* Bytes of an element of input 0; OQ_UNSUPPORTED for packed types. */
oq_status oq_movable_size(oq_run *ctx, size_t *size);
/* The attribute `axis` within a rank; OQ_SHAPE when outside. */
oq_status oq_infer_axis(oq_infer *ctx, int64_t otherwise, int rank, int *axis);
oq_status oq_run_axis(oq_run *ctx, int64_t otherwise, int rank, int *axis);

/* The rows' functions that have a file of their own. */
oq_infer_fn oq_infer_slice_1, oq_infer_slice_10; /* op_slice.c */
oq_run_fn oq_run_slice_1, oq_run_slice_10;
oq_infer_fn oq_infer_pad_2, oq_infer_pad_11; /* op_pad.c */
oq_run_fn oq_run_pad_2, oq_run_pad_11;

#define OQ_T_MOVABLE                                                                                   \
    (OQ_T_NUMBERS | OQ_T(OQ_BOOL) | OQ_T(OQ_STRING) | OQ_T(OQ_COMPLEX64) | OQ_T(OQ_COMPLEX128) |       \
     OQ_T(OQ_FLOAT8E4M3FN) | OQ_T(OQ_FLOAT8E4M3FNUZ) | OQ_T(OQ_FLOAT8E5M2) | OQ_T(OQ_FLOAT8E5M2FNUZ) | \
     OQ_T(OQ_FLOAT8E8M0))

#endif
