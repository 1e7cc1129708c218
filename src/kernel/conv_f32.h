/* conv_f32: float32 convolution with 1 to 3 spatial dimensions, groups, strides, dilations, any padding,
 * fused bias, residual addition and clamp.
 *
 * NHWC inside: an implicit GEMM over a table of row pointers (tile.h), a direct kernel for depthwise. Outputs
 * sum the taps in (depth, height, width, channel) order; bits do not depend on instruction set, layout or
 * threads. Weights are packed once (prepare); sizes of the input are free from run to run.
 */
#ifndef OQ_KERNEL_CONV_F32_H
#define OQ_KERNEL_CONV_F32_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/conv.h"
#include "kernel/gemm_f32.h"

typedef struct oq_conv_f32 {
    oq_conv_spec spec; /* widened to rank 3: leading 1s */
    int rank;          /* as given: entries of the arrays of oq_conv_f32_args */
    const oq_kernels *kernels;
    bool is_depthwise;
    bool copies_patches; /* taps are too short to run over in place */
    size_t n_taps;
    oq_packed_f32 packed; /* of group 0 */
    size_t group_floats;  /* from one group's packed weights to the next */
    const float *weights; /* depthwise: [tap][channel] */
    const float *bias;    /* [group][padded out channels] */
    size_t group_bias;    /* floats from one group's bias to the next */
    const float *zeros;   /* in_channels / groups: a pixel of padding */
} oq_conv_f32;

/* Bytes of memory oq_conv_f32_prepare needs; SIZE_MAX: too large. */
size_t oq_conv_f32_size(const oq_kernels *kernels, const oq_conv_spec *spec);

/* Pack weights: float32 in ONNX order (out channel, in channel / groups, spatial...), may be unaligned. bias:
 * out_channels floats, may be unaligned, NULL for zeros. memory: 64-byte aligned, oq_conv_f32_size() bytes;
 * must live as long as *conv, which is then immutable. */
void oq_conv_f32_prepare(const oq_kernels *kernels, const oq_conv_spec *spec, const void *weights,
                         const void *bias, void *memory, oq_conv_f32 *conv);

typedef struct oq_conv_f32_args {
    const oq_conv_f32 *conv;
    size_t batch;
    size_t in[OQ_CONV_RANK],
        out[OQ_CONV_RANK];    /* spatial sizes, `rank` entries; out from oq_conv_out_size() */
    size_t pad[OQ_CONV_RANK]; /* before the first element; padding at the end follows from out */
    const float *x;
    float *y;
    const float *residual; /* added to the finished sum, before the clamp; size and layout of y; may be y
                              itself; NULL: none */
    float lo, hi;          /* clamp as in tile.h: -INFINITY and INFINITY for none; Relu: 0, INFINITY */
    oq_layout x_layout, y_layout;
    void *scratch; /* oq_conv_f32_scratch() bytes, 64-byte aligned */
} oq_conv_f32_args;

/* Bytes of scratch for these sizes and that many workers (oq_pool_size()); SIZE_MAX: too large. */
size_t oq_conv_f32_scratch(const oq_conv_f32_args *args, int n_workers);

/* y = clamp(conv(x) + bias + residual): the bits of a Conv, an Add and a Clip one after the other. x and y
 * must not overlap. pool NULL: on this thread. */
void oq_conv_f32_run(oq_pool *pool, const oq_conv_f32_args *args);

#endif
