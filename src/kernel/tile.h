/* tile: the contract between the GEMM-like drivers and their micro-kernels.
 *
 * A tile is MR rows times NV vectors of outputs held in registers while k runs:
 *
 *     C[r][j] = clamp((start[r][j] + sum over segments s, over k of rows[s][r][k] * b[s * length + k][j])
 *                     + addend[r][j])
 *
 * The left-hand side is a table of row pointers, one group of `row_step` pointers per segment. A matrix has
 * one segment; a convolution has one per kernel tap (or per run of taps that are neighbours in memory), so
 * that no im2col buffer is needed. The terms of one output are added in ascending (s, k) order with one fused
 * multiply-add each.
 */
#ifndef OQ_KERNEL_TILE_H
#define OQ_KERNEL_TILE_H

#include <stddef.h>

enum {
    OQ_TILE_MAX_ROWS = 12,    /* most rows of any tile */
    OQ_TILE_MAX_VECTORS = 4,  /* most vectors of any tile */
    OQ_TILE_MAX_COLUMNS = 64, /* most columns: 4 vectors of 16 */
    OQ_ROW_MAX_COLUMNS = 144  /* the same of oq_row_f32: 3 panels of 3 vectors of 16 */
};

typedef struct oq_tile_f32 {
    const void *const
        *rows;       /* floats: n_segments groups of row_step pointers; the first MR of a group are read */
    size_t row_step; /* pointers from one segment's group to the next */
    size_t n_segments;
    size_t length;        /* terms per segment */
    const float *b;       /* packed panel: n_segments * length groups of NV vectors */
    const float *start;   /* first value of each output: bias (stride 0) or C */
    size_t start_stride;  /* floats between rows of start; 0: one row for all */
    const float *addend;  /* residual, may be C; NULL: none */
    size_t addend_stride; /* floats between rows of addend; 0: one row for all */
    float *c;
    size_t c_stride; /* floats between rows of C */
    size_t n_last; /* OQ_TILE_PARTIAL and _HALF: wanted columns of the last vector; set by oq_tile_f32_run */
    float lo, hi;  /* clamp: max(lo, x), then min(hi, x); a NaN stays; -inf and inf switch it off */
} oq_tile_f32;

typedef enum oq_tile_kind {
    OQ_TILE_PLAIN,   /* no addend */
    OQ_TILE_ADD,     /* an addend */
    OQ_TILE_PARTIAL, /* an addend, and only n_last columns of the last vector are read and written */
    OQ_TILE_HALF,    /* partial, n_last at most half a vector */
    OQ_N_TILE_KINDS
} oq_tile_kind;

typedef void oq_tile_f32_fn(const oq_tile_f32 *tile);

/* One row of A times neighbouring panels. A tile of one row has too few sums in flight to hide the latency of
 * a multiply-add; this takes about eight vectors from several panels at once. */
typedef struct oq_row_f32 {
    const float *a; /* length terms */
    size_t length;
    const float *b;      /* first panel */
    size_t panel_stride; /* floats to the next */
    const float *start;  /* as in oq_tile_f32 */
    const float *addend; /* NULL: none */
    float *c;
    float lo, hi;
} oq_row_f32;

typedef void oq_row_f32_fn(const oq_row_f32 *row);

typedef struct oq_tiles_f32 {
    int vector;                            /* floats per vector */
    int max_rows[OQ_TILE_MAX_VECTORS + 1]; /* by number of vectors; 0: no such tile */
    oq_tile_f32_fn
        *tile[OQ_N_TILE_KINDS][OQ_TILE_MAX_VECTORS + 1][OQ_TILE_MAX_ROWS + 1]; /* [vectors][rows] */
    int row_panels[OQ_TILE_MAX_VECTORS + 1];     /* whole panels that `row` takes, by their vectors */
    oq_row_f32_fn *row[OQ_TILE_MAX_VECTORS + 1]; /* NULL: no such panels */
} oq_tiles_f32;

/* Run one tile of `rows` x `vectors` of which only the first n_columns are wanted: the rest of the panel is
 * padding and neither start, addend nor C has it. */
void oq_tile_f32_run(const oq_tiles_f32 *tiles, const oq_tile_f32 *tile, int rows, int vectors,
                     size_t n_columns);

extern const oq_tiles_f32 oq_k_gemm_f32_base, oq_k_gemm_f32_avx2, oq_k_gemm_f32_avx512;

#endif
