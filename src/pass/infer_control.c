/* Types through If, Loop and Scan.
 *
 *     If     an output has what both branches agree on
 *     Loop   body inputs: iteration (int64 scalar), condition (bool scalar), then the carried values; a
 *            carried value keeps its element type, but its shape may change from turn to turn, so only what
 *            the first value and the body's result share is told of the output. Scan outputs gain a leading
 *            dimension of unknown size.
 *     Scan   state keeps its shape; a scan input loses its scan axis, a scan output gains one.
 */
#include "pass/infer.h"

static oq_type type_of(const oq_value *value)
{
    if (!value || value->is_opaque_type)
        return (oq_type){OQ_UNDEFINED, oq_shape_unknown()};
    return (oq_type){value->dtype, value->shape};
}

/* What two alternatives share. */
static oq_type join(oq_type a, oq_type b)
{
    oq_type both = a;

    if (a.dtype != b.dtype)
        both.dtype = OQ_UNDEFINED;
    if (a.shape.rank != b.shape.rank) {
        both.shape = oq_shape_unknown();
        return both;
    }
    for (int i = 0; i < a.shape.rank; i++) {
        if (!oq_dim_equal(a.shape.dims[i], b.shape.dims[i]))
            both.shape.dims[i] = oq_dim_unknown();
    }
    return both;
}

static oq_graph *body_of(const oq_node *node, const char *attr_name)
{
    const oq_attr *attr = oq_node_attr(node, attr_name);

    return attr ? attr->graph : NULL;
}

static oq_shape with_axis(const oq_shape *shape, int64_t axis, oq_dim size)
{
    oq_shape grown = {.rank = shape->rank + 1};

    if (axis < 0)
        axis += grown.rank;
    if (shape->rank < 0 || grown.rank > OQ_MAX_RANK || axis < 0 || axis >= grown.rank)
        return oq_shape_unknown();
    for (int i = 0, k = 0; i < grown.rank; i++)
        grown.dims[i] = i == (int)axis ? size : shape->dims[k++];
    return grown;
}

static oq_shape without_axis(const oq_shape *shape, int64_t axis, oq_dim *size)
{
    oq_shape less = {.rank = shape->rank - 1};

    if (axis < 0)
        axis += shape->rank;
    if (shape->rank < 1 || axis < 0 || axis >= shape->rank)
        return oq_shape_unknown();
    *size = shape->dims[axis];
    for (int i = 0, k = 0; i < shape->rank; i++) {
        if (i != (int)axis)
            less.dims[k++] = shape->dims[i];
    }
    return less;
}

static oq_status infer_if(oq_inferrer *s, oq_node *node)
{
    oq_graph *yes = body_of(node, "then_branch"), *no = body_of(node, "else_branch");

    if (!yes || !no)
        return OQ_OK;
    OQ_TRY(oq_infer_nodes(s, yes));
    OQ_TRY(oq_infer_nodes(s, no));
    for (int i = 0; i < node->n_outputs && i < yes->n_outputs && i < no->n_outputs; i++) {
        oq_type both = join(type_of(yes->outputs[i]), type_of(no->outputs[i]));

        oq_infer_apply(s, node->outputs[i], &both);
    }
    return OQ_OK;
}

static oq_status infer_loop(oq_inferrer *s, oq_node *node)
{
    oq_graph *body = body_of(node, "body");
    int n_carried = node->n_inputs - 2;

    if (!body || n_carried < 0 || body->n_inputs < n_carried + 2 || body->n_outputs < n_carried + 1)
        return OQ_OK;
    oq_infer_apply(s, body->inputs[0], &(oq_type){OQ_INT64, oq_shape_unknown()});
    oq_infer_apply(s, body->inputs[1], &(oq_type){OQ_BOOL, oq_shape_unknown()});
    for (int i = 0; i < n_carried; i++) {
        oq_type carried = {type_of(node->inputs[i + 2]).dtype, oq_shape_unknown()};

        oq_infer_apply(s, body->inputs[i + 2], &carried);
    }
    OQ_TRY(oq_infer_nodes(s, body));
    for (int i = 0; i < node->n_outputs && i + 1 < body->n_outputs; i++) {
        oq_type result = type_of(body->outputs[i + 1]);

        if (i < n_carried)
            result = join(type_of(node->inputs[i + 2]), result);
        else
            result.shape = with_axis(&result.shape, 0, oq_dim_unknown());
        oq_infer_apply(s, node->outputs[i], &result);
    }
    return OQ_OK;
}

static int64_t axis_at(const oq_node *node, const char *attr_name, int i)
{
    size_t n;
    const int64_t *axes = oq_node_ints(node, attr_name, &n);

    return (size_t)i < n ? axes[i] : 0;
}

static oq_status infer_scan(oq_inferrer *s, oq_node *node)
{
    oq_graph *body = body_of(node, "body");
    int64_t n_scans = oq_node_int(node, "num_scan_inputs", 0);
    int n_state = node->n_inputs - (int)n_scans;
    oq_dim steps = oq_dim_unknown();

    if (!body || node->opset < 9 || n_scans < 1 || n_scans > node->n_inputs ||
        body->n_inputs < node->n_inputs || body->n_outputs < n_state)
        return OQ_OK;
    for (int i = 0; i < node->n_inputs; i++) {
        oq_type in = type_of(node->inputs[i]);

        if (i >= n_state)
            in.shape = without_axis(&in.shape, axis_at(node, "scan_input_axes", i - n_state), &steps);
        oq_infer_apply(s, body->inputs[i], &in);
    }
    OQ_TRY(oq_infer_nodes(s, body));
    for (int i = 0; i < node->n_outputs && i < body->n_outputs; i++) {
        oq_type out = type_of(body->outputs[i]);

        if (i >= n_state)
            out.shape = with_axis(&out.shape, axis_at(node, "scan_output_axes", i - n_state), steps);
        oq_infer_apply(s, node->outputs[i], &out);
    }
    return OQ_OK;
}

/* A node we do not know: what its graphs compute inside may still be told. */
static oq_status infer_inside(oq_inferrer *s, oq_node *node)
{
    for (int i = 0; i < node->n_attrs; i++) {
        const oq_attr *attr = &node->attrs[i];

        if (attr->graph)
            OQ_TRY(oq_infer_nodes(s, attr->graph));
        for (size_t k = 0; attr->graphs && k < attr->n; k++)
            OQ_TRY(oq_infer_nodes(s, attr->graphs[k]));
    }
    return OQ_OK;
}

oq_status oq_infer_control(oq_inferrer *s, oq_node *node)
{
    if (oq_node_is(node, "If"))
        return infer_if(s, node);
    if (oq_node_is(node, "Loop"))
        return infer_loop(s, node);
    if (oq_node_is(node, "Scan"))
        return infer_scan(s, node);
    return infer_inside(s, node);
}
