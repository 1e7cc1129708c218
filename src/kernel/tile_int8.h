/* tile_int8: the 8 bit micro-kernels. As tile.h, with exact sums:
 *
 *     C[r][j] = start[j] + sum over segments s, over k of (rows[s][r][k] ^ flip) * b[...][j]      modulo 2^32
 *
 * The left-hand bytes are unsigned after the flip (0x80 turns s8 into u8 and adds 128), the right-hand bytes
 * signed: the form the processors multiply. Never a saturating 16 bit pair sum. Sums become codes in
 * registers, by oq_requantize. The right-hand side is packed in groups of four terms, [group][column][4];
 * each segment starts a new group, its last one padded with zeros.
 */
#ifndef OQ_KERNEL_TILE_INT8_H
#define OQ_KERNEL_TILE_INT8_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/quantize.h"
#include "kernel/tile.h"

enum { OQ_INT8_GROUP = 4, OQ_INT8_MAX_VECTORS = 2, OQ_INT8_MAX_COLUMNS = 32 };

typedef struct oq_tile_int8 {
    const void *const *rows; /* bytes: n_segments groups of row_step pointers */
    size_t row_step;
    size_t n_segments;
    size_t length;        /* terms per segment: any number; nothing beyond them is read */
    uint8_t flip;         /* 0: rows are u8; 0x80: rows are s8 */
    const void *b;        /* packed panel */
    const int32_t *start; /* first value of each column of the panel */
    int32_t *c;           /* the sums, whole vectors; NULL: codes are wanted */
    size_t c_stride;
    unsigned char *y; /* codes: the sums by `how`, whose multiplier starts at the panel's first column */
    size_t y_stride;
    size_t n_columns; /* of y: 1 up to the panel's width; nothing beyond them is written or read of how */
    const oq_requantize *how;
} oq_tile_int8;

typedef void oq_tile_int8_fn(const oq_tile_int8 *tile);

typedef struct oq_tiles_int8 {
    int vector;                            /* columns per vector */
    int max_rows[OQ_INT8_MAX_VECTORS + 1]; /* by number of vectors; 0: no such tile */
    oq_tile_int8_fn *tile[OQ_INT8_MAX_VECTORS + 1][OQ_TILE_MAX_ROWS + 1];
    /* Sum of the flipped bytes of each of n_rows rows, modulo 2^32. */
    void (*row_sums)(const oq_tile_int8 *tile, int n_rows, uint32_t *sums);
} oq_tiles_int8;

extern const oq_tiles_int8 oq_k_gemm_int8_base, oq_k_gemm_int8_avx2, oq_k_gemm_int8_avx512;

/* One output line of a depthwise convolution, as depthwise.h, exact: acc[ox][c] = bias[c] + sum of (x -
 * x_zero) * w, modulo 2^32; taps in the padding are left out, which is what a padding of x_zero gives. For
 * weights that do not fit in a signed byte; see oq_depthwise_int8_taps for the others. */
typedef struct oq_depthwise_int8_row {
    const void *const *rows; /* n_rows input lines of width * channels bytes; NULL: in the padding */
    size_t n_rows;
    size_t channels;
    ptrdiff_t width, out_width;
    ptrdiff_t kernel, stride, dilation, pad;
    uint8_t flip;           /* as above */
    int32_t x_zero;         /* zero point of the flipped bytes: 0..255 */
    const int32_t *weights; /* [n_rows][kernel][channels], zero point taken off: -255..255 */
    const int32_t *bias;
    int32_t *acc; /* out_width * channels */
} oq_depthwise_int8_row;

/* The same by the instructions that add four products at once. A block of 4 * vector channels is worked on at
 * a time; the bytes of four lines are interleaved within 128 bits, and what belongs to a block (weights,
 * start, multiplier) is laid out likewise: entry `vector * q + 4 * l + i` of a block is channel 16 l + 4 q +
 * i. */
typedef struct oq_depthwise_int8_taps {
    const void *const *rows; /* n_rows input lines of width * channels bytes; NULL: in the padding */
    size_t n_rows;
    size_t channels;
    ptrdiff_t width, out_width;
    ptrdiff_t kernel, stride, dilation, pad;
    uint8_t flip;
    const unsigned char *padding; /* a pixel of the padding: channels bytes, before the flip */
    const signed char *weights;   /* [block][kernel][group of four lines][entry][line] */
    const int32_t *start;         /* [block][entry] */
    oq_requantize how;            /* multiplier: [block][entry] */
    unsigned char *y;             /* out_width * channels codes, or NULL */
    int32_t *acc;                 /* then the sums */
    void *scratch;                /* oq_depthwise_int8_scratch() bytes, 64-byte aligned */
} oq_depthwise_int8_taps;

typedef struct oq_depthwise_int8 {
    void (*row)(const oq_depthwise_int8_row *job);
    void (*taps)(const oq_depthwise_int8_taps *job);
    size_t vector; /* entries of a vector: 4, 8 or 16 */
} oq_depthwise_int8;

/* Bytes of interleaved columns that are held at once; at least those under one output. */
enum { OQ_DEPTHWISE_INT8_BYTES = 12 * 1024 };

extern const oq_depthwise_int8 oq_k_depthwise_int8_base, oq_k_depthwise_int8_avx2, oq_k_depthwise_int8_avx512;

#endif
