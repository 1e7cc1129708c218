/* conv_shape: what Conv and its integer forms share: shapes and the record for the kernels. */
#ifndef OQ_OP_CONV_SHAPE_H
#define OQ_OP_CONV_SHAPE_H

#include "kernel/conv.h"
#include "op/window.h"

/* OQ_SHAPE or OQ_UNSUPPORTED unless an input or weight of that rank can be computed. */
oq_status oq_conv_check_rank(const oq_node *node, int rank, oq_diag *diag);
/* Channels and groups of a weight (M, C / group, ...). */
oq_status oq_conv_check_weight(const oq_node *node, const int64_t *w, int64_t group, oq_diag *diag);
oq_conv_spec oq_conv_spec_of(const oq_window *window, int64_t group, const int64_t *w);
/* Type of output 0; weight: the input that holds it. */
oq_status oq_conv_infer(oq_infer *ctx, int weight, oq_dtype dtype);

#endif
