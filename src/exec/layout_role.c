#include "exec/layout_role.h"

#include <string.h>

enum { MOST_BYTES_LOG2 = 40 }; /* costs are cut here, so that sums of them cannot overflow */

int oq_layout_rank(const oq_layout_ranks *ranks, const oq_value *value)
{
    const oq_tensor *tensor = oq_contents(ranks->c, value);

    if (tensor)
        return tensor->rank;
    return value->shape.rank >= 0 ? value->shape.rank : ranks->by_id[value->id];
}

int oq_axis_to_last(int axis, int rank)
{
    return axis == 0 ? 0 : axis == 1 ? rank - 1 : axis - 1;
}

int64_t oq_layout_bytes(const oq_value *value)
{
    const oq_shape *shape = &value->shape;
    int64_t bytes = value->dtype == OQ_UNDEFINED ? 4 : (int64_t)oq_elem_size(value->dtype), pixels = 1;

    for (int i = 0; i < shape->rank; i++) {
        int64_t guess = i == 0 ? 1 : i == 1 ? 16 : 64;
        int64_t size = shape->dims[i].size < 0 ? guess : shape->dims[i].size;

        if (i == 1 && size == 1)
            return 0;
        if (i >= 2)
            pixels = pixels > 1 || size > 1 ? 2 : 1;
        if (size > 0 && bytes > ((int64_t)1 << MOST_BYTES_LOG2) / size)
            bytes = (int64_t)1 << MOST_BYTES_LOG2;
        else
            bytes *= size;
    }
    return shape->rank >= 0 && pixels == 1 ? 0 : bytes;
}

/* ---- costs */

static bool is_pointwise(const oq_step *step)
{
    const char *const names[] = {"kernel_shape", "strides"};
    const oq_value *weight = step->node->n_inputs > 1 ? step->node->inputs[1] : NULL;

    if (oq_node_int(step->node, "group", 1) != 1)
        return false;
    for (int k = 0; k < 2; k++) {
        size_t n;
        const int64_t *list = oq_node_ints(step->node, names[k], &n);

        for (size_t i = 0; i < n; i++) {
            if (list[i] != 1)
                return false;
        }
    }
    for (int i = 2; weight && i < weight->shape.rank; i++) {
        if (weight->shape.dims[i].size != 1)
            return false;
    }
    return true;
}

/* Convolutions work channels-last: run plain they convert both ends themselves, but for the plain form of
 * pointwise ones, which is nearly as fast. Windows and interpolation run along channels at full width. */
static int64_t plain_cost(const oq_step *step)
{
    int64_t x = oq_layout_bytes(step->in[0]), y = oq_layout_bytes(step->out[0]);

    if (oq_node_is(step->node, "Conv"))
        return is_pointwise(step) ? (x + y) / 4 : x + y;
    if (oq_node_is(step->node, "ConvTranspose"))
        return x + y;
    if (oq_node_is(step->node, "Resize") || oq_node_is(step->node, "Upsample"))
        return y / 2;
    if (oq_node_is(step->node, "MaxPool") || oq_node_is(step->node, "AveragePool"))
        return x / 2;
    return 0;
}

/* ---- kinds */

static bool is_one_element(const oq_value *value)
{
    for (int i = 0; i < value->shape.rank; i++) {
        if (value->shape.dims[i].size != 1)
            return false;
    }
    return value->shape.rank >= 0;
}

/* Every output but the first is read by nobody. */
static bool gives_one(const oq_compiler *c, const oq_step *step)
{
    for (int i = 1; i < step->n_out; i++) {
        if (step->out[i] && c->needed[step->out[i]->id])
            return false;
    }
    return step->n_out > 0 && step->out[0];
}

static void point_role(const oq_compiler *c, const oq_layout_ranks *ranks, const oq_step *step,
                       oq_layout_role *role)
{
    for (int i = 0; i < step->n_in; i++) {
        const oq_value *value = step->in[i];
        const oq_tensor *tensor = value ? oq_fixed_contents(c, value) : NULL;
        int rank = value ? oq_layout_rank(ranks, value) : 0;

        if (!value || (tensor && tensor->n_elements == 1) || (!tensor && is_one_element(value)))
            continue;
        if (i >= 64 || rank < 0 || rank > role->rank)
            return;
        if (tensor)
            role->fitted |= UINT64_C(1) << i;
        else if (rank == role->rank && !oq_contents(c, value))
            role->linked |= UINT64_C(1) << i;
        else
            return;
    }
    role->gives = true;
    role->can = role->linked != 0;
}

static void row_role(const oq_compiler *c, const oq_step *step, oq_layout_role *role)
{
    role->op = step->op->channels_last;
    if (!role->op || !gives_one(c, step) || oq_contents(c, step->in[0]))
        return;
    role->linked = 1;
    if (step->epilogue && step->epilogue->residual >= 0)
        role->linked |= UINT64_C(1) << step->epilogue->residual;
    role->either_in = role->op->flags & OQ_OP_EITHER_END;
    role->either_out = role->either_in && role->linked == 1; /* a residual has the layout of the output */
    role->gives = true;
    role->can = true;
    role->plain_cost = plain_cost(step);
}

/* Greatest rank of the inputs; -1 when one is unknown. */
static int rank_of_inputs(const oq_layout_ranks *ranks, const oq_step *step)
{
    int most = -1;

    for (int i = 0; i < step->n_in; i++) {
        int rank = step->in[i] ? oq_layout_rank(ranks, step->in[i]) : 0;

        if (rank < 0)
            return -1;
        most = rank > most ? rank : most;
    }
    return most;
}

oq_status oq_layout_role_of(oq_compiler *c, const oq_layout_ranks *ranks, const oq_step *step,
                            oq_layout_role *role)
{
    oq_layout_rule rule = step->op ? step->op->layout : OQ_LAYOUT_PLAIN; /* unknown: prepare will say so */

    *role = (oq_layout_role){.op = step->op};
    if (rule == OQ_LAYOUT_PLAIN || step->bodies || step->n_in == 0 || !step->in[0])
        return OQ_OK;
    role->rank = rule == OQ_LAYOUT_POINT ? rank_of_inputs(ranks, step) : oq_layout_rank(ranks, step->in[0]);
    for (int i = 0; i < step->n_out; i++) {
        if (step->out[i] && oq_dtype_bits(step->out[i]->dtype) % 8 != 0)
            return OQ_OK;
    }
    if (role->rank < 3)
        return OQ_OK;
    switch (rule) {
    case OQ_LAYOUT_POINT: point_role(c, ranks, step, role); break;
    case OQ_LAYOUT_ROW: row_role(c, step, role); break;
    default: return oq_layout_axis_role(c, step, role);
    }
    return OQ_OK;
}
