/* fuse_matmul_add: a matrix product and its bias in one node, where the bias is a real bias.
 *
 *     A [M,K] -> MatMul(B [K,N]) -> y -> Add(c) -> z    =>    A -> Gemm(B, c') -> z
 *
 * c' is c with one number per column: [N] from [N] or [1,N], or one number repeated.
 *
 * Must not fire unless A and B surely have rank 2: Gemm has no batch, and a MatMul of rank 3 must stay one.
 * Must not fire when c widens the product, when c is computed (a residual is no bias), when y has another
 * use, or for types other than float. Flags: CLOSE (the bias may enter the sum at another place).
 */
#include "pass/edit.h"

/* Columns of the product when both operands are known matrices of floats; -1 else. */
static int64_t matrix_columns(const oq_node *matmul)
{
    const oq_value *a = oq_node_input(matmul, 0), *b = oq_node_input(matmul, 1);

    if (!oq_node_is(matmul, "MatMul") || !a || !b || a->dtype != OQ_FLOAT || b->dtype != OQ_FLOAT ||
        a->shape.rank != 2 || b->shape.rank != 2)
        return -1;
    return b->shape.dims[1].size;
}

/* c as one number per column; NULL when it is not that. */
static oq_tensor *bias_of(const oq_tensor *c, int64_t columns, oq_pass_ctx *ctx, oq_arena *arena)
{
    const float *values = oq_tensor_as_floats(c, ctx->arena);
    bool is_row = c->n_elements == (size_t)columns && c->rank >= 1 && c->dims[c->rank - 1] == columns;
    void *data;
    oq_tensor *bias;

    if (!values || c->dtype != OQ_FLOAT || c->rank > 2 || (!is_row && c->n_elements != 1))
        return NULL;
    bias = oq_tensor_new(arena, OQ_FLOAT, &columns, 1, &data);
    for (int64_t i = 0; bias && i < columns; i++)
        ((float *)data)[i] = values[is_row ? i : 0];
    return bias;
}

/* The initializer of c serves as it is when it has rank 1 already. */
static oq_value *bias_value(oq_node *add, int c_at, int64_t columns, oq_pass_ctx *ctx)
{
    oq_value *value = oq_node_input(add, c_at);
    const oq_tensor *c = oq_value_constant(value);
    oq_tensor *bias = c ? bias_of(c, columns, ctx, add->graph->model->arena) : NULL;

    if (!bias)
        return NULL;
    if (c->rank == 1 && c->n_elements == (size_t)columns)
        return value;
    return oq_graph_add_initializer(add->graph, value->name, bias);
}

static oq_status try_fuse(oq_node *matmul, oq_pass_ctx *ctx)
{
    int64_t columns = matrix_columns(matmul);
    oq_node *add = columns > 0 ? oq_node_single_reader(matmul) : NULL;
    oq_value *y = matmul->outputs[0], *bias;

    if (!add || !oq_node_is(add, "Add") || add->n_inputs != 2 || !oq_value_is_movable(add->outputs[0]))
        return OQ_OK;
    bias = bias_value(add, add->inputs[0] == y ? 1 : 0, columns, ctx);
    if (!bias)
        return OQ_OK;
    oq_node_set_type(matmul, "Gemm", "");
    OQ_TRY(oq_node_set_input(matmul, 2, bias));
    ctx->changed++;
    return oq_node_bypass(add, y) ? OQ_OK : OQ_NOMEM;
}

static oq_status fuse(oq_graph *graph, void *arg)
{
    OQ_FOR_EACH_NODE (graph, node)
        OQ_TRY(try_fuse(node, arg));
    return OQ_OK;
}

oq_status oq_fuse_matmul_add(oq_graph *graph, oq_pass_ctx *ctx)
{
    return oq_graph_walk(graph, fuse, ctx);
}
