#include "op/matmul_view.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "kernel/gemm_f32.h"
#include "op/matmul_shape.h"

/* An operand as the product sees it: at least a matrix, steps in elements. */
typedef struct {
    float *data;
    int rank;
    int64_t dims[OQ_MAX_RANK];
    size_t step[OQ_MAX_RANK];
} operand;

typedef struct {
    oq_product p;
    operand a, b, y;
    size_t a_step[OQ_MAX_RANK], b_step[OQ_MAX_RANK], y_step[OQ_MAX_RANK]; /* along the batch axes */
    char *packed;                                                         /* of worker 0 */
    size_t packed_size;
    oq_pool *inner; /* threads inside a product; NULL: one product per thread */
} job;

static void contiguous(const int64_t *dims, int rank, size_t *step)
{
    size_t n = 1;

    for (int i = rank - 1; i >= 0; i--) {
        step[i] = n;
        n *= (size_t)dims[i];
    }
}

/* A vector becomes a row (left) or a column (right). */
static bool view_operand(const oq_array *in, const oq_matmul_order *order, bool is_left, operand *out)
{
    size_t step[OQ_MAX_RANK];

    contiguous(in->dims, in->rank, step);
    out->data = in->data;
    out->rank = in->rank;
    if (order->rank && order->rank != in->rank)
        return false;
    for (int i = 0; i < in->rank; i++) {
        int from = order->rank ? order->perm[i] : i;

        out->dims[i] = in->dims[from];
        out->step[i] = step[from];
    }
    if (in->rank == 1) {
        out->rank = oq_as_matrix(in->dims, 1, is_left, out->dims);
        out->step[0] = is_left ? 0 : 1;
        out->step[1] = is_left ? 1 : 0;
    }
    return out->rank >= 2;
}

/* Steps of an operand along the batch axes of the product. */
static void batch_steps(const oq_product *p, const operand *o, size_t *step)
{
    for (int i = 0; i < p->batch_rank; i++) {
        int own = i - (p->batch_rank - (o->rank - 2));

        step[i] = own < 0 || o->dims[own] == 1 ? 0 : o->step[own];
    }
}

/* The result's array: its dims, and the step of each axis of the product. */
static oq_status view_result(oq_run *ctx, job *j, const oq_matmul_order *order)
{
    const oq_product *p = &j->p;
    int64_t dims[OQ_MAX_RANK];
    size_t step[OQ_MAX_RANK];
    int to[OQ_MAX_RANK] = {0};

    if (order->rank && order->rank != p->rank)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "a product of rank %d, its transpose expects %d", p->rank, order->rank);
    for (int i = 0; i < p->rank; i++) {
        int from = order->rank ? order->perm[i] : i;

        dims[i] = p->dims[from];
        to[from] = i;
    }
    contiguous(dims, p->rank, step);
    if (!(j->y.data = oq_out(ctx, 0, OQ_FLOAT, dims, p->rank)))
        return oq_run_failure(ctx);
    for (int i = 0; i < p->batch_rank; i++)
        j->y_step[i] = step[to[i]];
    /* A result without rows or columns (a vector took part) is written as one of them. */
    j->y.step[0] = p->rank == p->batch_rank + 2 ? step[to[p->batch_rank]] : p->n;
    j->y.step[1] = p->rank == p->batch_rank + 2 ? step[to[p->batch_rank + 1]] : 1;
    return OQ_OK;
}

static void run_one(void *arg, size_t index, int worker)
{
    const job *j = arg;
    const oq_product *p = &j->p;
    const float *b = j->b.data + oq_product_matrix(p, j->b_step, index);
    oq_packed_f32 packed;
    oq_gemm_f32 gemm = {.b = &packed,
                        .m = p->m,
                        .a = j->a.data + oq_product_matrix(p, j->a_step, index),
                        .a_stride = j->a.step[j->a.rank - 2],
                        .c = j->y.data + oq_product_matrix(p, j->y_step, index),
                        .c_stride = j->y.step[0],
                        .lo = -INFINITY,
                        .hi = INFINITY};

    oq_pack_f32(oq_kernels_best(), p->k, p->n, b, j->b.step[j->b.rank - 2], j->b.step[j->b.rank - 1],
                j->packed + (size_t)worker * j->packed_size, &packed);
    oq_gemm_f32_run(j->inner, &gemm);
}

static oq_status get_scratch(oq_run *ctx, job *j, size_t n_workers)
{
    size_t size = oq_pack_f32_size(oq_kernels_best(), j->p.k, j->p.n), all;

    if (size == SIZE_MAX || oq_mul_overflow((size + 63) / 64 * 64, n_workers, &all))
        OQ_OP_FAIL(ctx, OQ_LIMIT, "the packed operand does not fit in memory");
    j->packed_size = (size + 63) / 64 * 64;
    j->packed = oq_scratch(ctx, all);
    return j->packed ? OQ_OK : oq_run_failure(ctx);
}

oq_status oq_matmul_view_run(oq_run *ctx, const oq_matmul_views *views)
{
    const oq_array *a = ctx->in[0], *b = ctx->in[1];
    size_t n_workers = (size_t)oq_pool_size(ctx->pool);
    job j = {.inner = NULL};
    bool fits = view_operand(a, &views->a, true, &j.a) && view_operand(b, &views->b, false, &j.b);

    /* Vectors count as such for the rank of the result. */
    if (!fits || !oq_product_make(&j.p, a->rank == 1 ? a->dims : j.a.dims, a->rank,
                                  b->rank == 1 ? b->dims : j.b.dims, b->rank))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "operands of rank %d and %d do not multiply: check the inner dimensions",
                   a->rank, b->rank);
    OQ_TRY(view_result(ctx, &j, &views->y));
    if ((j.a.step[j.a.rank - 1] != 1 && j.p.k > 1) || (j.y.step[1] != 1 && j.p.n > 1))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "rows of an operand are not in one piece");
    if (ctx->out[0].n == 0)
        return OQ_OK;
    batch_steps(&j.p, &j.a, j.a_step);
    batch_steps(&j.p, &j.b, j.b_step);
    if (j.p.n_batches < n_workers) {
        j.inner = ctx->pool;
        n_workers = 1;
    }
    OQ_TRY(get_scratch(ctx, &j, n_workers));
    oq_pool_run(n_workers == 1 ? NULL : ctx->pool, j.p.n_batches, run_one, &j);
    return OQ_OK;
}

static oq_status run(oq_run *ctx)
{
    return oq_matmul_view_run(ctx, ctx->state);
}

const oq_op oq_op_matmul_view = {.name = "MatMul",
                                 .domain = "onnxq",
                                 .since = 1,
                                 .min_in = 2,
                                 .max_in = 2,
                                 .min_out = 1,
                                 .max_out = 1,
                                 .types = OQ_T_F32,
                                 .run = run,
                                 .weight = -1,
                                 .bias = -1};
