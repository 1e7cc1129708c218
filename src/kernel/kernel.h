/* kernel: inner loops on raw pointers and sizes, one set per instruction set.
 *
 * Every set gives the same bits: each output sums its terms in ascending order, one fused multiply-add per
 * term, starting from the bias (or C, or 0); reductions use 16 partial sums (lane = index mod 16) and one
 * fixed tree; exp, erf, tanh and their kin are our own polynomials, evaluated by the same sequence of
 * operations everywhere. Sign and payload of a NaN are the only bits left open.
 *
 * The drivers (gemm_f32.h, conv_f32.h, gemm_int8.h, conv_int8.h) take a set and choose tiles from it; the
 * element loops (elementwise.h, reduce.h, quantize.h, pool_rows.h) are called through it:
 * kernels->math->exp(x, y, n).
 */
#ifndef OQ_KERNEL_KERNEL_H
#define OQ_KERNEL_KERNEL_H

#include "kernel/depthwise.h"
#include "kernel/tile.h"

typedef struct oq_kernels {
    const char *name;                  /* "base", "avx2", "avx512" */
    const oq_tiles_f32 *tiles_f32;     /* micro-kernels of GEMM and convolution */
    const oq_depthwise_f32 *depthwise; /* depthwise convolution, one output row */
} oq_kernels;

/* The fastest set this processor runs. ONNXQ_ISA=base|avx2|avx512 lowers the choice: a name that is unknown
 * or not available here gives the best set below it ("base" is below every unknown name's reach, so unknown
 * means best). */
const oq_kernels *oq_kernels_best(void);

/* The set of that name when it is built in and this processor runs it, else NULL. */
const oq_kernels *oq_kernels_named(const char *name);

#endif
