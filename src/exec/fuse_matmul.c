/* fuse_matmul: what stands around matrix products.
 *
 *     MatMul -> y, Add(y, bias)                  => MatMul that adds a vector
 *     Transpose -> MatMul, MatMul -> Transpose   => MatMul of two activations that reads and writes by
 * strides
 *
 * The bias is a vector as long as the last axis of y. A Transpose is only taken when the rows of the left
 * operand, or of the result, stay in one piece: its last axis stays last. The right operand is packed anyway,
 * from any order.
 */
#include <string.h>

#include "exec/fuse.h"
#include "op/matmul_view.h"

/* ---- bias */

static bool is_vector_of(const oq_value *value, const oq_shape *shape)
{
    return value->dtype == OQ_FLOAT && value->shape.rank == 1 &&
           oq_same_dim(&value->shape.dims[0], &shape->dims[shape->rank - 1]);
}

oq_status oq_fuse_matmul_bias(oq_fuser *f, size_t i)
{
    const oq_step *add = &f->sequence->steps[i];

    if (add->is_integer || !oq_node_is(add->node, "Add") || add->node->opset < 7 || add->n_in != 2)
        return OQ_OK;
    for (int k = 0; k < 2; k++) {
        oq_step *source = oq_fuse_source(f, i, k);

        if (!oq_fuse_takes_addend(source) || !oq_node_is(source->node, "MatMul") ||
            source->out[0]->shape.rank < 2 || source->in[1]->shape.rank < 2 ||
            !is_vector_of(add->in[1 - k], &source->out[0]->shape))
            continue;
        return oq_fuse_addend(f, source, add->in[1 - k], i);
    }
    return OQ_OK;
}

/* ---- transposes */

static bool read_order(const oq_step *step, oq_matmul_order *order)
{
    size_t n;
    const int64_t *perm = oq_node_ints(step->node, "perm", &n);
    int rank = step->in[0]->shape.rank;

    if (rank < 2 || rank > OQ_MAX_RANK || (perm && n != (size_t)rank))
        return false;
    order->rank = rank;
    for (int i = 0; i < rank; i++) {
        int64_t axis = perm ? perm[i] : rank - 1 - i;

        if (!oq_axis_normalize(axis, rank, &order->perm[i]))
            return false;
    }
    return true;
}

/* The Transpose in front of input k of step i, if it can be read through. */
static oq_step *transpose_before(const oq_fuser *f, size_t i, int k, oq_matmul_order *order)
{
    oq_step *step = oq_fuse_source(f, i, k);
    bool can = step && oq_node_is(step->node, "Transpose") && !step->is_integer && !step->state &&
               step->in[0] && step->in[0]->dtype == OQ_FLOAT && read_order(step, order);

    return can && (k == 1 || order->perm[order->rank - 1] == order->rank - 1) ? step : NULL;
}

/* The product of two activations behind input 0 of a Transpose: plain so far, or a view that writes plainly.
 */
static bool is_product(const oq_fuser *f, const oq_step *step)
{
    return step && oq_node_is(step->node, "MatMul") && !step->is_integer && !step->epilogue &&
           (step->op == step->node->op || step->op == &oq_op_matmul_view) && step->n_in == 2 && step->in[0] &&
           step->in[1] && step->in[0]->dtype == OQ_FLOAT && step->in[1]->dtype == OQ_FLOAT &&
           step->in[0]->shape.rank >= 2 && step->in[1]->shape.rank >= 2 && !oq_contents(f->c, step->in[1]);
}

/* step as a product by views; its own, so that they may be changed. */
static oq_matmul_views *views_of(oq_fuser *f, oq_step *step)
{
    oq_matmul_views *views = OQ_NEW(f->c->arena, oq_matmul_views);

    if (!views)
        return NULL;
    if (step->state)
        memcpy(views, step->state, sizeof *views);
    step->op = &oq_op_matmul_view;
    step->state = views;
    return views;
}

static oq_status take_inputs(oq_fuser *f, size_t i)
{
    oq_step *step = &f->sequence->steps[i];

    for (int k = 0; k < 2; k++) {
        oq_matmul_order order;
        oq_step *transpose = transpose_before(f, i, k, &order);
        oq_value **in = transpose ? OQ_NEW_ARRAY(f->c->arena, oq_value *, 2) : NULL;
        oq_matmul_views *views = in ? views_of(f, step) : NULL;

        if (!transpose)
            continue;
        if (!views)
            return OQ_NOMEM;
        *(k == 0 ? &views->a : &views->b) = order;
        memcpy(in, step->in, 2 * sizeof(oq_value *));
        in[k] = transpose->in[0];
        step->in = in;
        f->is_gone[transpose - f->sequence->steps] = true;
    }
    return OQ_OK;
}

static oq_status take_result(oq_fuser *f, size_t i)
{
    const oq_step *transpose = &f->sequence->steps[i];
    oq_step *product = oq_fuse_source(f, i, 0);
    oq_matmul_order order;
    oq_matmul_views *views;

    if (!is_product(f, product) || transpose->state || !read_order(transpose, &order) ||
        order.perm[order.rank - 1] != order.rank - 1 || order.rank != product->out[0]->shape.rank)
        return OQ_OK;
    views = views_of(f, product);
    if (!views)
        return OQ_NOMEM;
    if (views->y.rank)
        return OQ_OK; /* a second Transpose stays */
    views->y = order;
    oq_fuse_take_output(f, i, product);
    return OQ_OK;
}

oq_status oq_fuse_matmul_transposes(oq_fuser *f, size_t i)
{
    const oq_step *step = &f->sequence->steps[i];

    if (step->is_integer)
        return OQ_OK;
    if (oq_node_is(step->node, "Transpose"))
        return take_result(f, i);
    return is_product(f, step) ? take_inputs(f, i) : OQ_OK;
}
