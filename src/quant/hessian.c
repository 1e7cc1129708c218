/* hessian: sums of r r^T by blocks: 256 rows at a time are a matrix R, and R^T R is a float GEMM of which
 * only the lower half is computed, in stripes of columns that are shared out to the pool.
 */
#include "quant/hessian.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/gemm_f32.h"

enum { BLOCK_ROWS = 256, STRIPE = 192 };

oq_status oq_hessian_start(oq_hessian *hessian, size_t k, oq_arena *arena)
{
    size_t bytes;

    if (__builtin_mul_overflow(k, k, &bytes) || __builtin_mul_overflow(bytes, sizeof(double), &bytes))
        return OQ_LIMIT;
    *hessian = (oq_hessian){.k = k, .sum = oq_arena_zalloc(arena, bytes)};
    return hessian->sum ? OQ_OK : OQ_NOMEM;
}

typedef struct {
    oq_hessian *hessian;
    const float *rows; /* n rows of k */
    float *across;     /* the same transposed: k rows of n */
    size_t n;
    char *scratch; /* per worker: a packed stripe and its products */
    size_t packed_bytes, worker_bytes;
    const oq_kernels *kernels;
} block;

/* Columns j0 .. j0 + width of the sum, from row j0 down. */
static void add_stripe(void *arg, size_t index, int worker)
{
    block *b = arg;
    oq_hessian *h = b->hessian;
    size_t j0 = index * STRIPE, width = h->k - j0 < STRIPE ? h->k - j0 : STRIPE;
    char *packed_memory = b->scratch + (size_t)worker * b->worker_bytes;
    float *product = (float *)(void *)(packed_memory + b->packed_bytes);
    oq_packed_f32 packed;
    oq_gemm_f32 gemm = {.b = &packed,
                        .m = h->k - j0,
                        .a = b->across + j0 * b->n,
                        .a_stride = b->n,
                        .c = product,
                        .c_stride = width,
                        .lo = -INFINITY,
                        .hi = INFINITY};

    oq_pack_f32(b->kernels, b->n, width, b->rows + j0, h->k, 1, packed_memory, &packed);
    oq_gemm_f32_run(NULL, &gemm);
    for (size_t i = j0; i < h->k; i++) {
        double *sum = h->sum + i * h->k + j0;
        const float *line = product + (i - j0) * width;

        for (size_t j = 0; j < width; j++)
            sum[j] += (double)line[j];
    }
}

static void turn(const float *rows, size_t n, size_t k, float *across)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < k; j++)
            across[j * n + i] = rows[i * k + j];
    }
}

oq_status oq_hessian_add(oq_hessian *hessian, const float *rows, size_t n, oq_pool *pool)
{
    size_t k = hessian->k, stripes = (k + STRIPE - 1) / STRIPE;
    size_t most = n < BLOCK_ROWS ? n : BLOCK_ROWS, width = k < STRIPE ? k : STRIPE;
    block b = {.hessian = hessian, .kernels = oq_kernels_best()};
    char *memory;
    size_t across;

    if (n == 0 || k == 0)
        return OQ_OK;
    b.packed_bytes = (oq_pack_f32_size(b.kernels, most, width) + 63) / 64 * 64;
    b.worker_bytes = (b.packed_bytes + k * width * sizeof(float) + 63) / 64 * 64;
    across = (k * most * sizeof(float) + 63) / 64 * 64;
    memory = aligned_alloc(64, across + b.worker_bytes * (size_t)oq_pool_size(pool));
    if (!memory)
        return OQ_NOMEM;
    b.across = (float *)(void *)memory;
    b.scratch = memory + across;
    for (size_t done = 0; done < n; done += b.n) {
        b.n = n - done < BLOCK_ROWS ? n - done : BLOCK_ROWS;
        b.rows = rows + done * k;
        turn(b.rows, b.n, k, b.across);
        oq_pool_run(pool, stripes, add_stripe, &b);
    }
    hessian->n_rows += n;
    free(memory);
    return OQ_OK;
}
