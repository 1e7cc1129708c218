/* conv_int8: 8 bit convolution with exact int32 sums and requantization; shapes and layouts as conv_f32,
 * arithmetic as gemm_int8. Padding is the zero point of x, so it adds nothing. */
#ifndef OQ_KERNEL_CONV_INT8_H
#define OQ_KERNEL_CONV_INT8_H

#include "kernel/conv.h"
#include "kernel/gemm_int8.h"

/* ONNX order of the weights: (out channel, in channel / groups, spatial...). */
typedef struct oq_conv_int8_weights {
    const void *data;
    oq_byte type;
    const int32_t *zero_points; /* n_zero_points of them */
    size_t n_zero_points;       /* 0: all 0; 1: for all; else out_channels */
    const int32_t *bias;        /* out_channels, or NULL for zeros */
} oq_conv_int8_weights;

typedef struct oq_conv_int8 {
    oq_conv_spec spec; /* widened to rank 3 */
    int rank;          /* as given: entries of the arrays of oq_conv_int8_args */
    const oq_kernels *kernels;
    bool is_depthwise;
    bool runs_lines; /* channels do not fill whole groups of four: the panel starts groups by kernel line only
                      */
    bool copies_all; /* ... not even by line: patches are copied, the panel is packed densely */
    size_t n_taps;
    const oq_packed_int8 *groups; /* spec.groups of them */
    const int32_t *weights;       /* depthwise: [tap][channel], zero point taken off; or NULL, and ... */
    const signed char *taps;      /* ... as oq_depthwise_int8_taps wants them: they fit in signed bytes */
    const int32_t *tap_sums;      /* of taps: sum for each channel */
    const int32_t *bias;          /* out_channels */
} oq_conv_int8;

/* Bytes of memory for oq_conv_int8_prepare; SIZE_MAX: too large. */
size_t oq_conv_int8_size(const oq_kernels *kernels, const oq_conv_spec *spec);
/* memory: 64-byte aligned, oq_conv_int8_size() bytes; must live as long as *conv, which is then immutable. */
void oq_conv_int8_prepare(const oq_kernels *kernels, const oq_conv_spec *spec,
                          const oq_conv_int8_weights *weights, void *memory, oq_conv_int8 *conv);

typedef struct oq_conv_int8_args {
    const oq_conv_int8 *conv;
    size_t batch;
    size_t in[OQ_CONV_RANK],
        out[OQ_CONV_RANK];    /* spatial sizes, `rank` entries; out from oq_conv_out_size() */
    size_t pad[OQ_CONV_RANK]; /* before the first element */
    const void *x;
    oq_byte x_type;
    int32_t x_zero;
    oq_int8_output y; /* acc or y: the whole output; multiplier: one per out channel */
    oq_layout x_layout, y_layout;
    void *scratch; /* oq_conv_int8_scratch() bytes, 64-byte aligned */
} oq_conv_int8_args;

/* Bytes of scratch for these sizes and that many workers (oq_pool_size()); SIZE_MAX: too large. */
size_t oq_conv_int8_scratch(const oq_conv_int8_args *args, int n_workers);
void oq_conv_int8_run(oq_pool *pool, const oq_conv_int8_args *args);

#endif
