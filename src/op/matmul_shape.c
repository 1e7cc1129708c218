#include "op/matmul_shape.h"

#include <inttypes.h>
#include <string.h>

/* dims of `array` as at least a matrix: a vector becomes a row (left) or a column (right). */
int oq_as_matrix(const int64_t *dims, int rank, bool is_left, int64_t *to)
{
    if (rank > 1) {
        memcpy(to, dims, (size_t)rank * sizeof *to);
        return rank;
    }
    to[0] = is_left ? 1 : dims[0];
    to[1] = is_left ? dims[0] : 1;
    return 2;
}

/* Steps of an operand along the batch axes; false when it does not broadcast. */
static bool batch_steps(oq_product *p, const int64_t *dims, int rank, size_t *step)
{
    size_t n = 1;
    int own = rank - 2;

    for (int i = p->batch_rank - 1; i >= 0; i--) {
        int j = i - (p->batch_rank - own);
        int64_t size = j < 0 ? 1 : dims[j];

        if (size != 1 && size != p->batch[i])
            return false;
        step[i] = size == 1 ? 0 : n;
        n *= (size_t)size;
    }
    return true;
}

bool oq_product_make(oq_product *p, const int64_t *a_dims, int a_rank, const int64_t *b_dims, int b_rank)
{
    int64_t a[OQ_MAX_RANK], b[OQ_MAX_RANK];
    int ra, rb;

    if (a_rank < 1 || b_rank < 1)
        return false;
    ra = oq_as_matrix(a_dims, a_rank, true, a);
    rb = oq_as_matrix(b_dims, b_rank, false, b);
    p->batch_rank = (ra > rb ? ra : rb) - 2;
    for (int i = 0; i < p->batch_rank; i++) {
        int ia = i - (p->batch_rank - (ra - 2)), ib = i - (p->batch_rank - (rb - 2));
        int64_t da = ia < 0 ? 1 : a[ia], db = ib < 0 ? 1 : b[ib];

        p->batch[i] = p->dims[i] = da == 1 ? db : da;
    }
    if (a[ra - 1] != b[rb - 2] || !batch_steps(p, a, ra, p->a_step) || !batch_steps(p, b, rb, p->b_step))
        return false;
    p->n_batches = oq_dims_product(p->batch, 0, p->batch_rank);
    p->m = (size_t)a[ra - 2];
    p->k = (size_t)a[ra - 1];
    p->n = (size_t)b[rb - 1];
    p->shares_b = oq_dims_product(b, 0, rb - 2) == 1 && oq_dims_product(a, 0, ra - 2) == p->n_batches;
    p->rank = p->batch_rank;
    if (a_rank > 1)
        p->dims[p->rank++] = a[ra - 2];
    if (b_rank > 1)
        p->dims[p->rank++] = b[rb - 1];
    return true;
}

/* Index of the matrix of an operand for batch number `index`. */
size_t oq_product_matrix(const oq_product *p, const size_t *step, size_t index)
{
    size_t at = 0;

    for (int i = p->batch_rank - 1; i >= 0; i--) {
        at += index % (size_t)p->batch[i] * step[i];
        index /= (size_t)p->batch[i];
    }
    return at;
}

static oq_status infer_matmul_shapes(oq_infer *ctx, const oq_shape *a, const oq_shape *b, oq_shape *y)
{
    oq_shape a_batch = *a, b_batch = *b;
    oq_dim m = a->dims[a->rank > 1 ? a->rank - 2 : 0], k = a->dims[a->rank - 1];
    oq_dim n = b->dims[b->rank - 1], kb = b->dims[b->rank > 1 ? b->rank - 2 : 0];

    if (k.size >= 0 && kb.size >= 0 && k.size != kb.size)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the inner dimensions are %" PRId64 " and %" PRId64, k.size, kb.size);
    a_batch.rank = a->rank > 2 ? a->rank - 2 : 0;
    b_batch.rank = b->rank > 2 ? b->rank - 2 : 0;
    if (!oq_shape_broadcast(&a_batch, &b_batch, y))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the batch dimensions do not broadcast");
    if (a->rank > 1)
        y->dims[y->rank++] = m;
    if (b->rank > 1)
        y->dims[y->rank++] = n;
    return OQ_OK;
}

oq_status oq_matmul_infer(oq_infer *ctx, const oq_type *a, const oq_type *b, oq_dtype dtype)
{
    ctx->out[0].dtype = dtype;
    if (a->shape.rank < 0 || b->shape.rank < 0)
        return OQ_OK;
    if (a->shape.rank < 1 || b->shape.rank < 1)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "an operand is a scalar");
    return infer_matmul_shapes(ctx, &a->shape, &b->shape, &ctx->out[0].shape);
}
