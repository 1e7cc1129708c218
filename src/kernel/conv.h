/* conv: what float32 and 8 bit convolution share: their shape and layout. */
#ifndef OQ_KERNEL_CONV_H
#define OQ_KERNEL_CONV_H

#include <stddef.h>

#define OQ_CONV_RANK 3

typedef enum oq_layout { OQ_NCHW, OQ_NHWC } oq_layout;

/* What does not change from run to run. Arrays hold `rank` entries, in ONNX order (depth, height, width). */
typedef struct oq_conv_spec {
    int rank;                                 /* spatial dimensions: 1..OQ_CONV_RANK */
    size_t groups, in_channels, out_channels; /* both multiples of groups, at least 1 */
    size_t kernel[OQ_CONV_RANK], stride[OQ_CONV_RANK], dilation[OQ_CONV_RANK]; /* each at least 1 */
} oq_conv_spec;

/* floor((in + pads - dilation * (kernel - 1) - 1) / stride) + 1, or 0 when the kernel does not fit or a size
 * overflows. */
size_t oq_conv_out_size(size_t in, size_t kernel, size_t stride, size_t dilation, size_t pad_begin,
                        size_t pad_end);

#endif
