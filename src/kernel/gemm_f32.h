/* gemm_f32: C = clamp(start + A * B + residual), float32, B packed into panels.
 *
 * B is packed once when it is constant, and per run when it is an activation. Bits of the result depend on A,
 * B and start alone: not on the instruction set, the tile, the blocking or the number of threads.
 */
#ifndef OQ_KERNEL_GEMM_F32_H
#define OQ_KERNEL_GEMM_F32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"
#include "kernel/kernel.h"

/* A k x n matrix cut into panels of `vectors` vectors of columns, [panel][k][column]; the last panel may be
 * narrower and is padded with zero columns to a whole vector. */
typedef struct oq_packed_f32 {
    const oq_kernels *kernels; /* packed for this set only */
    size_t k, n;
    int vectors, last_vectors; /* per panel: 1..OQ_TILE_MAX_VECTORS */
    size_t columns;            /* per panel but the last: vectors vectors of them */
    size_t n_panels;
    const float *data; /* the caller's memory */
} oq_packed_f32;

/* Bytes oq_pack_f32 needs for a k x n matrix; SIZE_MAX: does not fit in a size_t. */
size_t oq_pack_f32_size(const oq_kernels *kernels, size_t k, size_t n);

/* Pack element (i, j) from b + (i * row_stride + j * column_stride) * 4 bytes; b may be unaligned (a mapped
 * file). Strides in floats: (n, 1) for a plain k x n matrix, (1, k) for one stored transposed. memory:
 * 64-byte aligned, oq_pack_f32_size() bytes; it must live as long as *out. */
void oq_pack_f32(const oq_kernels *kernels, size_t k, size_t n, const void *b, size_t row_stride,
                 size_t column_stride, void *memory, oq_packed_f32 *out);

typedef struct oq_gemm_f32 {
    const oq_packed_f32 *b;
    size_t m;                   /* rows of A and C */
    const float *a;             /* row i at a + i * a_stride; ignored when a_rows is given */
    size_t a_stride;            /* floats */
    const float *const *a_rows; /* m row pointers, or NULL */
    const float *bias;          /* n values that start each row, or NULL for zeros */
    bool accumulate;            /* start from what C holds instead; bias must then be NULL */
    float *c;                   /* may not overlap A or B */
    size_t c_stride;            /* floats */
    const float *residual;      /* m x n, added to the finished sum before the clamp; may be C; NULL: none */
    size_t residual_stride;     /* floats */
    float lo, hi;               /* max(lo, x) then min(hi, x); NaN stays; -INFINITY and INFINITY: no clamp */
} oq_gemm_f32;

/* The whole product; pool NULL: on this thread. */
void oq_gemm_f32_run(oq_pool *pool, const oq_gemm_f32 *gemm);

/* The part rows [m0, m1) x panels [p0, p1): parts are independent of each other. */
void oq_gemm_f32_part(const oq_gemm_f32 *gemm, size_t m0, size_t m1, size_t p0, size_t p1);

/* ------------------------------------------------------------------ for conv_f32 */

/* A source whose row i is the pair (i / inner, i % inner): a kernel tap and an input channel. Strides in
 * floats. */
typedef struct oq_pack_source {
    const void *data;    /* may be unaligned */
    size_t outer, inner; /* k = outer * inner */
    size_t outer_stride, inner_stride, column_stride;
} oq_pack_source;

void oq_pack_f32_nested(const oq_kernels *kernels, const oq_pack_source *source, size_t n, void *memory,
                        oq_packed_f32 *out);

/* Vectors per panel that make the fastest tiles for n columns. */
int oq_pack_f32_vectors(const oq_kernels *kernels, size_t n);

static inline int oq_packed_f32_panel_vectors(const oq_packed_f32 *b, size_t panel)
{
    return panel + 1 < b->n_panels ? b->vectors : b->last_vectors;
}

/* First column of a panel. */
static inline size_t oq_packed_f32_column(const oq_packed_f32 *b, size_t panel)
{
    return panel * b->columns;
}

static inline const float *oq_packed_f32_panel(const oq_packed_f32 *b, size_t panel)
{
    return b->data + oq_packed_f32_column(b, panel) * b->k;
}

#endif
