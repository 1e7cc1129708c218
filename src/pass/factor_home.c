/* factor_home: see the header. */
#include "pass/factor_home.h"

#include <string.h>

#include "pass/edit.h"
#include "pass/unit_scale.h"

/* ---- walking up */

static bool has_one_reader(const oq_value *value)
{
    return value && value->n_uses == 1 && !value->is_output && value->uses[0].node->graph == value->graph;
}

static float first_element(const oq_tensor *tensor)
{
    float x = 1;

    return tensor && oq_tensor_floats_at(tensor, 0, 1, &x) ? x : 1;
}

/* A bound of 0 below, and a constant or none above. */
static bool clips_from_zero(const oq_node *node)
{
    const oq_tensor *least = oq_node_input_constant(node, 1);

    return least && least->dtype == OQ_FLOAT && first_element(least) == 0.0f &&
           (!oq_node_input(node, 2) || oq_node_input_constant(node, 2));
}

/* A window that skips no input: its result has the range of its input. */
static bool pools_everything(const oq_node *node)
{
    size_t n_kernel, n_stride;
    const int64_t *kernel = oq_node_ints(node, "kernel_shape", &n_kernel);
    const int64_t *stride = oq_node_ints(node, "strides", &n_stride);

    for (size_t i = 0; i < n_stride; i++) {
        if (i >= n_kernel || stride[i] > kernel[i])
            return false;
    }
    return n_kernel > 0 && node->n_outputs == 1;
}

/* A Reshape, Flatten-like, whose last axis is that of its input. */
static bool keeps_last_axis(const oq_node *node)
{
    const oq_shape *from = &node->inputs[0]->shape, *to = &node->outputs[0]->shape;

    return oq_node_is(node, "Reshape") && from->rank > 0 && to->rank > 0 &&
           from->dims[from->rank - 1].size > 0 &&
           from->dims[from->rank - 1].size == to->dims[to->rank - 1].size;
}

static oq_factor_home unit_home(const oq_value *t, size_t n)
{
    oq_factor_home home = {.kind = OQ_HOME_NONE};
    const oq_value *value = t;
    oq_node *node = value->producer;

    for (; node; node = value->producer) {
        if (oq_node_is(node, "Clip") && clips_from_zero(node) && !home.clip)
            home.clip = node;
        else if (!oq_node_is(node, "Relu") && !oq_node_is(node, "LeakyRelu") &&
                 !(oq_node_is(node, "MaxPool") && pools_everything(node)))
            break;
        value = node->inputs[0];
        if (!has_one_reader(value))
            return (oq_factor_home){.kind = OQ_HOME_NONE};
    }
    if (!node || node->graph != t->graph || node->n_outputs != 1 || !oq_unit_can_scale_output(node, n))
        return (oq_factor_home){.kind = OQ_HOME_NONE};
    home.kind = OQ_HOME_UNIT;
    home.node = node;
    home.takes_shift = value == t;
    return home;
}

/* Constant vector of n on one input, of which the other is the data. */
static int vector_input(const oq_node *node, size_t n)
{
    for (int i = 0; i < 2 && node->n_inputs == 2; i++) {
        const oq_tensor *tensor = oq_node_input_constant(node, i);

        if (tensor && tensor->dtype == OQ_FLOAT && tensor->rank == 1 && tensor->n_elements == n &&
            !oq_node_input_constant(node, 1 - i))
            return i;
    }
    return -1;
}

static bool is_last_axis(const oq_node *norm)
{
    int64_t axis = oq_node_int(norm, "axis", -1);

    return axis == -1 || axis + 1 == norm->outputs[0]->shape.rank;
}

static oq_factor_home constant_home(const oq_value *t, size_t n, bool along_last)
{
    oq_node *node = t->producer, *above;
    const oq_tensor *number;
    int at;

    if (!node || node->graph != t->graph)
        return (oq_factor_home){.kind = OQ_HOME_NONE};
    if (along_last && keeps_last_axis(node) && has_one_reader(node->inputs[0]))
        return constant_home(node->inputs[0], n, true);
    if (along_last && oq_node_is(node, "LayerNormalization") && is_last_axis(node) && node->n_inputs == 3) {
        const oq_tensor *scale = oq_node_input_constant(node, 1), *bias = oq_node_input_constant(node, 2);

        if (scale && bias && scale->n_elements == n && bias->n_elements == n)
            return (oq_factor_home){.kind = OQ_HOME_NORM, .node = node, .takes_shift = true};
    }
    if (along_last && oq_node_is(node, "Add") && (at = vector_input(node, n)) >= 0) {
        above = oq_node_producer(node, 1 - at);
        if (above && oq_node_is(above, "Mul") && has_one_reader(node->inputs[1 - at]) &&
            vector_input(above, n) >= 0)
            return (oq_factor_home){.kind = OQ_HOME_AFFINE, .node = node, .takes_shift = true};
    }
    if (oq_node_is(node, "Mul") || oq_node_is(node, "Div")) {
        at = oq_node_input_constant(node, 1) ? 1 : 0;
        number = oq_node_input_constant(node, at);
        if (number && number->dtype == OQ_FLOAT && number->n_elements == 1 &&
            !oq_node_input_constant(node, 1 - at) && (at == 1 || oq_node_is(node, "Mul")))
            return (oq_factor_home){.kind = OQ_HOME_NUMBER, .node = node};
    }
    return (oq_factor_home){.kind = OQ_HOME_NONE};
}

oq_factor_home oq_find_factor_home(const oq_value *t, size_t n, int axis)
{
    oq_factor_home home = {.kind = OQ_HOME_NONE};

    if (t->is_output || t->is_input)
        return home;
    home = unit_home(t, n);
    if (home.kind == OQ_HOME_NONE)
        home = constant_home(t, n, axis == -1 || (axis == 1 && t->shape.rank == 2));
    return home;
}

/* ---- folding */

oq_value *oq_add_channel_constant(oq_graph *graph, const char *name, const float *values, size_t n, int axis,
                                  int rank)
{
    int64_t dims[OQ_MAX_RANK] = {(int64_t)n};
    int n_dims = 1;

    if (axis == 1 && rank > 2) {
        n_dims = rank;
        for (int i = 0; i < rank; i++)
            dims[i] = i == 1 ? (int64_t)n : 1;
    }
    return oq_graph_add_initializer(graph, name,
                                    oq_tensor_from_floats(graph->model->arena, values, dims, n_dims));
}

/* Constant vector on input i becomes v * factor + add. */
static oq_status change_vector(oq_node *node, int i, const float *factor, const float *add, oq_arena *scratch)
{
    const oq_tensor *old = oq_node_input_constant(node, i);
    float *v = oq_tensor_as_floats(old, scratch);

    if (!v)
        return OQ_NOMEM;
    for (size_t c = 0; c < old->n_elements; c++)
        v[c] = v[c] * factor[c] + (add ? add[c] : 0.0f);
    return oq_node_replace_floats(node, i, v);
}

static oq_status fold_affine(oq_node *node, size_t n, const float *factor, const float *add,
                             oq_arena *scratch)
{
    int at = vector_input(node, n);
    oq_node *above = oq_node_producer(node, 1 - at);

    OQ_TRY(change_vector(above, vector_input(above, n), factor, NULL, scratch));
    return change_vector(node, at, factor, add, scratch);
}

static oq_status fold_number(oq_node *node, size_t n, int axis, const float *factor, oq_arena *scratch)
{
    int at = oq_node_input_constant(node, 1) ? 1 : 0;
    float number = first_element(oq_node_input_constant(node, at)), *values = OQ_NEW_ARRAY(scratch, float, n);
    oq_value *constant;

    if (!values)
        return OQ_NOMEM;
    for (size_t c = 0; c < n; c++)
        values[c] = oq_node_is(node, "Div") ? number / factor[c] : number * factor[c];
    constant = oq_add_channel_constant(node->graph, node->inputs[at]->name, values, n, axis,
                                       node->outputs[0]->shape.rank);
    return constant ? oq_node_set_input(node, at, constant) : OQ_NOMEM;
}

static oq_status set_top(oq_node *clip, float top)
{
    oq_arena *arena = clip->graph->model->arena;
    oq_value *value;

    if (!oq_node_input(clip, 2))
        return OQ_OK;
    value = oq_graph_add_initializer(clip->graph, oq_arena_printf(arena, "%s_max", clip->outputs[0]->name),
                                     oq_tensor_from_floats(arena, &top, NULL, 0));
    return value ? oq_node_set_input(clip, 2, value) : OQ_NOMEM;
}

oq_status oq_fold_factor(const oq_factor_home *home, size_t n, int axis, const float *factor,
                         const float *add, float top, oq_arena *scratch)
{
    switch (home->kind) {
    case OQ_HOME_UNIT:
        OQ_TRY(oq_unit_scale_output(home->node, factor, add, scratch));
        return home->clip ? set_top(home->clip, top) : OQ_OK;
    case OQ_HOME_NORM:
        OQ_TRY(change_vector(home->node, 1, factor, NULL, scratch));
        return change_vector(home->node, 2, factor, add, scratch);
    case OQ_HOME_AFFINE: return fold_affine(home->node, n, factor, add, scratch);
    case OQ_HOME_NUMBER: return fold_number(home->node, n, axis, factor, scratch);
    default: return OQ_INTERNAL;
    }
}
