/* window: the sliding windows of convolution and pooling: attributes, padding rules, output sizes.
 *
 * Along one axis, with span = dilation * (kernel - 1) + 1:
 *   NOTSET      out = (in + pad_begin + pad_end - span) / stride + 1, rounded down, or up with ceil_mode;
 * rounded up, a last window that would start in the padding at the end is dropped VALID       the same
 * without padding, rounded down SAME_*      out = in / stride rounded up; the padding that this needs, the
 * odd one at the end (UPPER) or at the beginning (LOWER)
 */
#ifndef OQ_OP_WINDOW_H
#define OQ_OP_WINDOW_H

#include "op/op.h"

#define OQ_WINDOW_RANK (OQ_MAX_RANK - 2)

typedef enum oq_auto_pad { OQ_PAD_NOTSET, OQ_PAD_VALID, OQ_PAD_SAME_UPPER, OQ_PAD_SAME_LOWER } oq_auto_pad;

typedef struct oq_window {
    int rank;        /* spatial axes; -1: no attribute tells */
    bool has_kernel; /* kernel[] is known */
    int64_t kernel[OQ_WINDOW_RANK], stride[OQ_WINDOW_RANK], dilation[OQ_WINDOW_RANK]; /* each at least 1 */
    int64_t pad_begin[OQ_WINDOW_RANK], pad_end[OQ_WINDOW_RANK];                       /* each at least 0 */
    oq_auto_pad auto_pad;
    bool ceil_mode;
} oq_window;

/* Read kernel_shape, strides, dilations, pads, auto_pad and ceil_mode; what is absent gets its default.
 * OQ_SHAPE: lists of different lengths, or a number out of range. */
oq_status oq_window_read(const oq_node *node, oq_window *window, oq_diag *diag);
/* Hold it against an input of `rank` spatial axes, and against the weight's kernel (NULL: none). OQ_SHAPE
 * when they contradict. Afterwards rank and kernel are known. */
oq_status oq_window_fit(oq_window *window, const oq_node *node, int rank, const int64_t *kernel,
                        oq_diag *diag);
/* Output size along an axis, and the padding in front; 0 or less when the window does not fit. */
int64_t oq_window_output(const oq_window *window, int axis, int64_t in, int64_t *pad_begin);
/* All spatial axes of a run: fails with OQ_SHAPE when one output would be empty although the input is not. */
oq_status oq_window_outputs(const oq_window *window, const oq_node *node, const int64_t *in, int64_t *out,
                            int64_t *pad_begin, oq_diag *diag);
/* The same for infer: a dimension that is not known stays unknown. */
oq_status oq_window_infer(const oq_window *window, const oq_node *node, const oq_dim *in, oq_dim *out,
                          oq_diag *diag);

#endif
