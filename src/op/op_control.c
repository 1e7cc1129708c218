/* op_control: If, Loop, Scan. exec runs their bodies (exec/control.c); here is what their outputs look like.
 */
#include "op/families.h"

static const oq_graph *body_of(const oq_node *node, const char *name)
{
    const oq_attr *attr = oq_node_attr(node, name);

    return attr && attr->kind == OQ_ATTR_GRAPH ? attr->graph : NULL;
}

/* What both branches agree on. */
static oq_status infer_if(oq_infer *ctx)
{
    const oq_graph *yes = body_of(ctx->node, "then_branch"), *no = body_of(ctx->node, "else_branch");

    for (int i = 0; yes && no && i < ctx->n_out && i < yes->n_outputs && i < no->n_outputs; i++) {
        const oq_value *a = yes->outputs[i], *b = no->outputs[i];
        oq_shape shape = oq_shape_unknown();

        if (a->dtype == b->dtype)
            ctx->out[i].dtype = a->dtype;
        if (a->shape.rank >= 0 && a->shape.rank == b->shape.rank) {
            shape.rank = a->shape.rank;
            for (int d = 0; d < shape.rank; d++)
                shape.dims[d] =
                    oq_dim_equal(a->shape.dims[d], b->shape.dims[d]) ? a->shape.dims[d] : oq_dim_unknown();
        }
        ctx->out[i].shape = shape;
    }
    return OQ_OK;
}

/* Types of the body's outputs; shapes may change from iteration to iteration, so only a rank common to all is
 * told of the gathered ones. */
static oq_status infer_body(oq_infer *ctx, int first_out, int n_carried)
{
    const oq_graph *body = body_of(ctx->node, "body");

    for (int i = 0; body && i < ctx->n_out && first_out + i < body->n_outputs; i++) {
        const oq_value *value = body->outputs[first_out + i];
        int rank = value->shape.rank + 1;

        ctx->out[i].dtype = value->dtype;
        if (i < n_carried || value->shape.rank < 0 || rank > OQ_MAX_RANK)
            continue;
        ctx->out[i].shape.rank = rank;
        for (int d = 0; d < rank; d++)
            ctx->out[i].shape.dims[d] = oq_dim_unknown();
    }
    return OQ_OK;
}

static oq_status infer_loop(oq_infer *ctx)
{
    return infer_body(ctx, 1, ctx->n_in - 2);
}

static oq_status infer_scan(oq_infer *ctx)
{
    return infer_body(ctx, 0, ctx->n_in - (int)oq_node_int(ctx->node, "num_scan_inputs", 0));
}

/* Scan: 8 has a batch axis and, first, lengths that may be left out. */
const oq_op oq_ops_control[] = {
    {.name = "If",
     .domain = "",
     .since = 1,
     .min_in = 1,
     .max_in = 1,
     .min_out = 1,
     .max_out = -1,
     .infer = infer_if,
     .weight = -1,
     .bias = -1,
     .flags = OQ_OP_CONTROL},
    {.name = "Loop",
     .domain = "",
     .since = 1,
     .min_in = 0,
     .max_in = -1,
     .min_out = 1,
     .max_out = -1,
     .infer = infer_loop,
     .weight = -1,
     .bias = -1,
     .flags = OQ_OP_CONTROL},
    {.name = "Scan",
     .domain = "",
     .since = 8,
     .min_in = 0,
     .max_in = -1,
     .min_out = 1,
     .max_out = -1,
     .infer = infer_scan,
     .weight = -1,
     .bias = -1,
     .flags = OQ_OP_CONTROL},
    {.name = "Scan",
     .domain = "",
     .since = 9,
     .min_in = 1,
     .max_in = -1,
     .min_out = 1,
     .max_out = -1,
     .infer = infer_scan,
     .weight = -1,
     .bias = -1,
     .flags = OQ_OP_CONTROL},
    {.name = NULL},
};
