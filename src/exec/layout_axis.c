/* layout_axis: operators with axes, run as they are on a node whose axes are those of the channels-last
 * array.
 *
 * A reduction must not run over channels and pixels at once: its terms would come in another order. Where
 * axes are dropped (keepdims = 0) the result is plain when what is left keeps its order.
 */
#include <string.h>

#include "exec/layout_role.h"

typedef struct context {
    oq_compiler *c;
    const oq_step *step;
    oq_layout_role *role;
} context;

/* ---- views */

/* A copy of the step's node with room for one more attribute. */
static oq_node *copy_node(context *x)
{
    const oq_node *node = x->step->node;
    oq_node *copy = oq_arena_copy(x->c->arena, node, sizeof *node);

    if (!copy)
        return NULL;
    copy->attrs = OQ_NEW_ARRAY(x->c->arena, oq_attr, node->n_attrs + 1);
    copy->inputs = oq_arena_copy(x->c->arena, node->inputs, (size_t)node->n_inputs * sizeof *node->inputs);
    if (!copy->attrs || !copy->inputs)
        return NULL;
    for (int i = 0; i < node->n_attrs; i++)
        copy->attrs[i] = node->attrs[i];
    return copy;
}

static oq_attr *attr_of(oq_node *node, const char *name)
{
    for (int i = 0; i < node->n_attrs; i++) {
        if (strcmp(node->attrs[i].name, name) == 0)
            return &node->attrs[i];
    }
    return &node->attrs[node->n_attrs++];
}

static oq_status accept(context *x, const oq_node *view, bool gives)
{
    x->role->view = view;
    x->role->gives = gives;
    x->role->can = true;
    return view ? OQ_OK : OQ_NOMEM;
}

static oq_status accept_axis(context *x, int axis, bool gives)
{
    oq_node *view = copy_node(x);

    if (view)
        *attr_of(view, "axis") =
            (oq_attr){.name = "axis", .kind = OQ_ATTR_INT, .n = 1, .i = oq_axis_to_last(axis, x->role->rank)};
    return accept(x, view, gives);
}

static oq_status accept_list(context *x, const char *name, const int64_t *list, int n, bool gives)
{
    oq_node *view = copy_node(x);
    int64_t *copy = oq_arena_copy(x->c->arena, list, (size_t)n * sizeof *list);

    if (view && copy)
        *attr_of(view, name) = (oq_attr){.name = name, .kind = OQ_ATTR_INTS, .n = (size_t)n, .ints = copy};
    return accept(x, copy ? view : NULL, gives);
}

/* ---- along one axis */

static bool read_axis(const context *x, int64_t otherwise, int *axis)
{
    return oq_axis_normalize(oq_node_int(x->step->node, "axis", otherwise), x->role->rank, axis);
}

static oq_status map_concat(context *x)
{
    int axis;

    if (!oq_node_attr(x->step->node, "axis") || !read_axis(x, 0, &axis) || x->step->n_in > 64)
        return OQ_OK;
    for (int i = 0; i < x->step->n_in; i++) {
        if (!x->step->in[i])
            return OQ_OK;
        if (oq_fixed_contents(x->c, x->step->in[i]))
            x->role->fitted |= UINT64_C(1) << i;
        else
            x->role->linked |= UINT64_C(1) << i;
    }
    return x->role->linked ? accept_axis(x, axis, true) : OQ_OK;
}

static oq_status map_softmax(context *x)
{
    int axis;

    if (x->step->node->opset < 13 || !read_axis(x, -1, &axis)) /* before 13 the input is seen as a matrix */
        return OQ_OK;
    x->role->plain_cost = axis == 1 ? oq_layout_bytes(x->step->in[0]) / 2 : 0;
    x->role->linked = 1;
    return accept_axis(x, axis, true);
}

static oq_status map_split(context *x)
{
    int axis;

    if (!read_axis(x, 0, &axis))
        return OQ_OK;
    x->role->linked = 1;
    return accept_axis(x, axis, true);
}

static oq_status map_quantize(context *x)
{
    int axis;

    if (!read_axis(x, 1, &axis) || oq_node_int(x->step->node, "block_size", 0) != 0)
        return OQ_OK;
    for (int i = 1; i < x->step->n_in; i++) {
        const oq_value *value = x->step->in[i];
        const oq_tensor *tensor = value ? oq_contents(x->c, value) : NULL;
        int rank = tensor ? tensor->rank : value ? value->shape.rank : 0;

        if (rank < 0 || rank > 1)
            return OQ_OK;
    }
    x->role->linked = 1;
    return accept_axis(x, axis, true);
}

static oq_status map_arg(context *x)
{
    bool keeps = oq_node_int(x->step->node, "keepdims", 1) != 0;
    int axis;

    if (!read_axis(x, 0, &axis) || (!keeps && axis != 1))
        return OQ_OK;
    x->role->plain_cost = axis == 1 ? oq_layout_bytes(x->step->in[0]) / 2 : 0;
    x->role->linked = 1;
    return accept_axis(x, axis, keeps);
}

/* ---- reductions */

/* The axes to reduce, as an attribute or a constant input; false: not known. */
static bool read_axes(const context *x, bool *marks)
{
    const oq_value *value = x->step->node->n_inputs > 1 ? x->step->node->inputs[1] : NULL;
    const oq_tensor *tensor = oq_fixed_contents(x->c, value);
    size_t n = 0;
    const int64_t *list = oq_node_ints(x->step->node, "axes", &n);

    if (value && !tensor)
        return false;
    n = tensor ? tensor->n_elements : n;
    for (size_t i = 0; i < n; i++) {
        int64_t given = 0;
        int axis;

        if (tensor ? !oq_tensor_int(tensor, i, &given) : (given = list[i], false))
            return false;
        if (!oq_axis_normalize(given, x->role->rank, &axis))
            return false;
        marks[axis] = true;
    }
    return n > 0;
}

/* Constant axes on input 1 are replaced by a constant of the view alone. */
static oq_status accept_axes_input(context *x, const int64_t *axes, int n, bool gives)
{
    oq_node *view = copy_node(x);
    void *data = oq_arena_copy(x->c->arena, axes, (size_t)n * sizeof *axes);
    oq_value *value = oq_compiler_value(x->c, x->step->node->inputs[1]);
    int64_t dim = n;

    if (!view || !data || !value)
        return OQ_NOMEM;
    value->constant = oq_tensor_wrap(x->c->arena, OQ_INT64, &dim, 1, data);
    view->inputs[1] = value;
    return accept(x, value->constant ? view : NULL, gives);
}

static oq_status map_reduce(context *x)
{
    int rank = x->role->rank, n = 0, n_pixels = 0;
    bool marks[OQ_MAX_RANK] = {false}, keeps = oq_node_int(x->step->node, "keepdims", 1) != 0;
    int64_t axes[OQ_MAX_RANK];

    if (!read_axes(x, marks))
        return OQ_OK;
    for (int i = 0; i < rank; i++) {
        if (marks[i])
            axes[n++] = oq_axis_to_last(i, rank);
        n_pixels += i >= 2 && marks[i];
    }
    if ((marks[1] && n_pixels) || (!keeps && !marks[1] && n_pixels < rank - 2))
        return OQ_OK;
    x->role->linked = 1;
    if (x->step->node->n_inputs > 1 && x->step->node->inputs[1])
        return accept_axes_input(x, axes, n, keeps);
    return accept_list(x, "axes", axes, n, keeps);
}

/* ---- Transpose: NCHW -> NHWC of a channels-last array is no work at all, and so is the way back */

static oq_status map_transpose(context *x)
{
    int rank = x->role->rank;
    size_t n;
    const int64_t *perm = oq_node_ints(x->step->node, "perm", &n);
    int64_t mapped[OQ_MAX_RANK];
    bool to_plain = true, to_last = true;

    if (!perm || n != (size_t)rank)
        return OQ_OK;
    for (int i = 0; i < rank; i++) {
        if (perm[i] < 0 || perm[i] >= rank)
            return OQ_OK;
        mapped[i] = oq_axis_to_last((int)perm[i], rank);
        to_plain &= mapped[i] == i;                     /* [N, C, ...] -> [N, ..., C] */
        to_last &= oq_axis_to_last(i, rank) == perm[i]; /* [N, ..., C] -> [N, C, ...] */
    }
    if (to_last) {
        for (int i = 0; i < rank; i++)
            mapped[i] = i;
    } else {
        x->role->linked = 1;
    }
    x->role->plain_cost = to_plain || to_last ? oq_layout_bytes(x->step->out[0]) : 0;
    return accept_list(x, "perm", mapped, rank, to_last);
}

/* ---- the table */

typedef oq_status map_fn(context *x);

static map_fn *map_of(const char *op_type)
{
    static const struct {
        const char *op_type;
        map_fn *map;
    } rows[] = {
        {"ArgMax", map_arg},          {"ArgMin", map_arg},
        {"Concat", map_concat},       {"DequantizeLinear", map_quantize},
        {"FakeQuant", map_quantize},  {"Hardmax", map_softmax},
        {"LogSoftmax", map_softmax},  {"QuantizeLinear", map_quantize},
        {"Softmax", map_softmax},     {"Split", map_split},
        {"Transpose", map_transpose},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(op_type, rows[i].op_type) == 0)
            return rows[i].map;
    }
    return strncmp(op_type, "Reduce", 6) == 0 ? map_reduce : NULL;
}

oq_status oq_layout_axis_role(oq_compiler *c, const oq_step *step, oq_layout_role *role)
{
    context x = {c, step, role};
    map_fn *map = map_of(step->node->op_type);

    if (!map || !step->in[0] || step->n_out == 0 || !step->out[0] ||
        (oq_contents(c, step->in[0]) && !oq_node_is(step->node, "Concat")))
        return OQ_OK;
    return map(&x);
}
