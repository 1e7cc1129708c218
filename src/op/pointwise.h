/* pointwise: convolution by a 1x1 kernel with stride 1 straight in NCHW: Y = W * X + bias, one product per
 * image, without the transposes that kernel/conv_f32.h needs for its NHWC. Each output starts from its bias
 * and adds the channels in ascending order, one fused multiply-add each: the same bits as there.
 */
#ifndef OQ_OP_POINTWISE_H
#define OQ_OP_POINTWISE_H

#include "kernel/conv.h"
#include "op/op.h"

typedef struct oq_pointwise {
    const float *weight; /* out_channels x in_channels */
    const float *bias;   /* out_channels, or NULL */
    size_t in_channels, out_channels;
    float lo, hi; /* clamp as in kernel/tile.h */
} oq_pointwise;

/* A kernel of 1, stride 1, one group. */
bool oq_is_pointwise(const oq_conv_spec *spec);
/* Does it pay for images of that many pixels? With few, whole vectors of pixels leave too much padding. */
bool oq_pointwise_pays(size_t pixels);
oq_status oq_pointwise_run(oq_run *ctx, const oq_pointwise *conv, size_t batch, size_t pixels, const float *x,
                           float *y);

#endif
