/* conv_transpose: sizes of a ConvTranspose, for whoever computes it in another arithmetic (exec). */
#ifndef OQ_OP_CONV_TRANSPOSE_H
#define OQ_OP_CONV_TRANSPOSE_H

#include "op/window.h"

/* Spatial sizes of the output and the padding in front, from those of the input and of the weight (`rank` of
 * each). Fills window. OQ_SHAPE when attributes and sizes contradict. */
oq_status oq_conv_transpose_sizes(const oq_node *node, const int64_t *in, const int64_t *kernel, int rank,
                                  oq_window *window, int64_t *out, int64_t *pad, oq_diag *diag);

#endif
