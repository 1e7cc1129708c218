/* fuse_swish: a gate and the product with what it gates become one step, one pass over memory instead of
 * three.
 *
 *     x -> Sigmoid -> s, Mul(x, s)          => Swish
 *     x -> HardSigmoid(1/6, 0.5) -> s, Mul  => HardSwish
 *
 * Both rows compute exactly that, gate first. Must not fire when the gate is watched or read by somebody
 * else, nor on other types than float32, nor with other parameters of HardSigmoid (its default alpha is 0.2).
 * Unlike the chains of fuse_rows.c it needs no known shapes: both operands of the Mul come from x.
 */
#include "exec/fuse.h"

static const oq_op *gated_row(const oq_step *gate)
{
    if (gate->is_integer)
        return NULL;
    if (oq_node_is(gate->node, "Sigmoid"))
        return oq_op_find("", "Swish", 24);
    if (oq_node_is(gate->node, "HardSigmoid") && oq_node_float(gate->node, "alpha", 0.2f) == 1.0f / 6.0f &&
        oq_node_float(gate->node, "beta", 0.5f) == 0.5f)
        return oq_op_find("", "HardSwish", 14);
    return NULL;
}

static const oq_node *view_of(oq_fuser *f, const oq_step *mul, const oq_op *op, oq_value **x)
{
    oq_node *view = oq_arena_copy(f->c->arena, mul->node, sizeof *view);

    if (!view)
        return NULL;
    view->op_type = op->name;
    view->domain = op->domain;
    view->opset = op->since;
    view->op = op;
    view->inputs = x;
    view->n_inputs = 1;
    view->attrs = NULL;
    view->n_attrs = 0;
    return view;
}

static oq_status merge(oq_fuser *f, oq_step *mul, const oq_step *gate, const oq_op *op)
{
    oq_value **x = OQ_NEW_ARRAY(f->c->arena, oq_value *, 1);
    const oq_node *view = x ? view_of(f, mul, op, x) : NULL;

    if (!view)
        return OQ_NOMEM;
    x[0] = gate->in[0];
    mul->op = op;
    mul->view = view;
    mul->in = x;
    mul->n_in = 1;
    f->n_reads[x[0]->id]--;
    f->is_gone[gate - f->sequence->steps] = true;
    return OQ_OK;
}

oq_status oq_fuse_swish(oq_fuser *f, size_t i)
{
    oq_step *mul = &f->sequence->steps[i];

    if (mul->is_integer || mul->view || !oq_node_is(mul->node, "Mul") || mul->n_in != 2 || !mul->out[0] ||
        mul->out[0]->dtype != OQ_FLOAT)
        return OQ_OK;
    for (int k = 0; k < 2; k++) {
        const oq_step *gate = oq_fuse_source(f, i, k);
        const oq_op *op = gate ? gated_row(gate) : NULL;

        if (op && gate->n_in == 1 && gate->in[0] && gate->in[0] == mul->in[1 - k])
            return merge(f, mul, gate, op);
    }
    return OQ_OK;
}
