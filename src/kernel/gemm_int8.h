/* gemm_int8: products of 8 bit matrices with exact int32 sums, and their requantization.
 *
 *     acc[i][j] = bias[j] + sum over k of (A[i][k] - a_zero) * (B[k][j] - b_zero[j])          modulo 2^32
 *     y[i][j]   = saturate(round_half_even((float)acc[i][j] * multiplier[j]) + y_zero)        when y is
 * wanted
 *
 * A and B are u8 or s8 each, in any combination. Inside, A is made unsigned and B signed by flipping the top
 * bit, zero points move along by 128, and their products with the sums of rows and columns are taken off:
 * exact, since everything is modulo 2^32.
 */
#ifndef OQ_KERNEL_GEMM_INT8_H
#define OQ_KERNEL_GEMM_INT8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"
#include "kernel/kernel.h"

typedef enum oq_byte { OQ_BYTE_U8, OQ_BYTE_S8 } oq_byte;

typedef struct oq_packed_int8 {
    const oq_kernels *kernels; /* packed for this set only */
    size_t k, n;
    size_t n_groups; /* groups of four terms, padding included */
    int vectors;     /* per panel, the last one excepted */
    size_t n_panels;
    const void *data;           /* the caller's memory, as the next two */
    const uint32_t *column_sum; /* n: sums of the signed B, modulo 2^32 */
    const int32_t *zero_point;  /* n: of the signed B; NULL: all 0 */
} oq_packed_int8;

/* Row i of B is the pair (i / inner, i % inner); strides in bytes. A plain k x n matrix: outer 1, inner k,
 * inner_stride n, column_stride 1. Every outer_per_segment of the outer indices a new group of four is
 * started (segments of tile_int8.h); 0: never. */
typedef struct oq_pack_int8_source {
    const void *data;
    oq_byte type;
    size_t outer, inner;
    size_t outer_stride, inner_stride, column_stride;
    size_t outer_per_segment;   /* a divisor of outer, or 0 */
    const int32_t *zero_points; /* n_zero_points of them */
    size_t n_zero_points;       /* 0: all 0; 1: for all columns; else n */
} oq_pack_int8_source;

/* Bytes for n columns of the source; SIZE_MAX: does not fit in a size_t. */
size_t oq_pack_int8_size(const oq_kernels *kernels, const oq_pack_int8_source *source, size_t n);
/* memory: 64-byte aligned, oq_pack_int8_size() bytes; must live as long as *out. */
void oq_pack_int8(const oq_kernels *kernels, const oq_pack_int8_source *source, size_t n, void *memory,
                  oq_packed_int8 *out);

/* Where results go: acc, or y when acc is NULL. */
typedef struct oq_int8_output {
    int32_t *acc;
    void *y;
    oq_byte y_type;
    int32_t y_zero;
    const float *multiplier; /* one per column: a_scale * b_scale[j] / y_scale */
    bool clamps;             /* codes are kept within lo..hi besides: an absorbed Relu or Clip */
    int32_t lo, hi;          /* within the type */
} oq_int8_output;

typedef struct oq_gemm_int8 {
    const oq_packed_int8 *b;
    size_t m;
    const void *a;
    size_t a_stride; /* bytes */
    oq_byte a_type;
    int32_t a_zero;
    const int32_t *bias; /* n, or NULL for zeros */
    oq_int8_output out;  /* rows out_stride elements apart */
    size_t out_stride;
    void *scratch; /* oq_gemm_int8_scratch() bytes, 4-byte aligned */
} oq_gemm_int8;

size_t oq_gemm_int8_scratch(const oq_packed_int8 *b);
void oq_gemm_int8_run(oq_pool *pool, const oq_gemm_int8 *gemm);

/* ------------------------------------------------------------------ for conv_int8 */

int oq_packed_int8_panel_vectors(const oq_packed_int8 *b, size_t panel);
size_t oq_packed_int8_column(const oq_packed_int8 *b, size_t panel);
/* What each column starts from: bias - a_zero * (sum of B - k * b_zero), padded to whole vectors. a_zero: of
 * the unsigned A. */
void oq_int8_start(const oq_packed_int8 *b, int32_t a_zero, const int32_t *bias, int32_t *start);
/* Run a tile (its b, start and c are set here) and write its columns of the panel. start: of column 0. first:
 * element of out that row 0, column 0 goes to. */
void oq_int8_run_tile(const oq_packed_int8 *b, oq_tile_int8 *tile, size_t n_rows, size_t panel,
                      const int32_t *start, const oq_int8_output *out, size_t first, size_t out_stride);
/* How sums become the codes of out, from that column on. */
oq_requantize oq_int8_requantize(const oq_int8_output *out, size_t column);

#endif
