/* kernel: inner loops on raw pointers and sizes, one set per instruction set.
 *
 * Every set gives the same bits: each output sums its terms in ascending order, one fused multiply-add per
 * term, starting from the bias (or C, or 0); reductions use 16 partial sums (lane = index mod 16) and one
 * fixed tree; exp, erf, tanh and their kin are our own polynomials, evaluated by the same sequence of
 * operations everywhere. Sign and payload of a NaN are the only bits left open.
 *
 * The drivers (gemm_f32.h, conv_f32.h, ...) take a set and choose tiles from it; the element loops
 * (math_f32.h, reduce_f32.h, quantize.h) are called through it: kernels->math->unary[OQ_EXP](x, y, n).
 */
#ifndef OQ_KERNEL_KERNEL_H
#define OQ_KERNEL_KERNEL_H

#include "kernel/depthwise.h"
#include "kernel/linear_f64.h"
#include "kernel/math_f32.h"
#include "kernel/noise_f32.h"
#include "kernel/observe.h"
#include "kernel/pointwise_int8.h"
#include "kernel/pooling_f32.h"
#include "kernel/quantize.h"
#include "kernel/reduce_f32.h"
#include "kernel/tile.h"
#include "kernel/tile_int8.h"

typedef struct oq_kernels {
    const char *name;                  /* "base", "avx2", "avx512" */
    const oq_tiles_f32 *tiles_f32;     /* micro-kernels of GEMM and convolution: gemm_f32.h, conv_f32.h */
    const oq_depthwise_f32 *depthwise; /* depthwise convolution, one output row */
    const oq_tiles_int8 *tiles_int8;   /* the same for 8 bit operands: gemm_int8.h, conv_int8.h */
    const oq_depthwise_int8 *depthwise_int8;
    const oq_pointwise_int8 *pointwise_int8; /* element by element on codes */
    const oq_math_f32 *math;                 /* element by element */
    const oq_observe *observe;               /* histograms, extremes per channel */
    const oq_reduce_f32 *reduce;             /* sums, extremes, softmax, layer norm, min-max */
    const oq_quantize_kernels *quantize;     /* float32 to integers and back */
    const oq_pooling_f32 *pooling;           /* rows of max and average pooling */
    const oq_linear_f64 *linear;             /* double precision, for the rounding of weights */
    const oq_noise_kernels *noise;           /* rounding errors per channel */
} oq_kernels;

/* The fastest set this processor runs. ONNXQ_ISA=base|avx2|avx512 lowers the choice: a set that is not
 * available here gives the best one below it, an unknown name changes nothing. */
const oq_kernels *oq_kernels_best(void);

/* The set of that name when it is built in and this processor runs it, else NULL. */
const oq_kernels *oq_kernels_named(const char *name);

#endif
