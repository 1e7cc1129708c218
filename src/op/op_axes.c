#include "op/op_axes.h"

#include <inttypes.h>
#include <string.h>

#include "op/op_elems.h"

static bool from_attribute(const oq_node *node, oq_axes *axes)
{
    const oq_attr *attr = oq_node_attr(node, "axes");
    size_t n;
    const int64_t *values = oq_node_ints(node, "axes", &n);

    axes->is_known = true;
    axes->is_given = attr != NULL;
    if (n > OQ_MAX_RANK)
        return false;
    axes->n = (int)n;
    for (size_t i = 0; i < n; i++)
        axes->values[i] = values[i];
    return true;
}

oq_status oq_axes_infer(oq_infer *ctx, int input, oq_axes *axes)
{
    int64_t values[OQ_MAX_ELEMS];
    int n = 0;

    *axes = (oq_axes){.is_given = false};
    if (input == OQ_AXES_ATTRIBUTE) {
        if (!from_attribute(ctx->node, axes))
            OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "more than %d axes", OQ_MAX_RANK);
        return OQ_OK;
    }
    axes->is_given = oq_has_input(ctx, input);
    axes->is_known = !axes->is_given || oq_in_ints(ctx, input, values, &n);
    if (n > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "more than %d axes", OQ_MAX_RANK);
    axes->n = n;
    for (int i = 0; i < n; i++)
        axes->values[i] = values[i];
    return OQ_OK;
}

oq_status oq_axes_run(oq_run *ctx, int input, oq_axes *axes)
{
    const oq_array *in = input >= 0 ? oq_in(ctx, input) : NULL;
    bool fits = true;

    *axes = (oq_axes){.is_known = true, .is_given = in != NULL};
    if (input == OQ_AXES_ATTRIBUTE)
        fits = from_attribute(ctx->node, axes);
    else if (in)
        fits = in->n <= OQ_MAX_RANK;
    if (!fits)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "more than %d axes", OQ_MAX_RANK);
    for (; in && (size_t)axes->n < in->n; axes->n++)
        axes->values[axes->n] = oq_array_int(in, (size_t)axes->n);
    return OQ_OK;
}

bool oq_axes_mark(const oq_axes *axes, int rank, bool *marks, int64_t *bad)
{
    memset(marks, 0, OQ_MAX_RANK * sizeof *marks);
    for (int i = 0; i < axes->n; i++) {
        int axis;

        *bad = axes->values[i];
        if (!oq_axis_normalize(axes->values[i], rank, &axis))
            return false;
        marks[axis] = true;
    }
    return true;
}
