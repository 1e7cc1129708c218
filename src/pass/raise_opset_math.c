/* raise_opset, operators that compute.
 *
 *     Clip                min, max -> inputs 1 2 (11)
 *     Dropout             ratio -> input 1; the mask, never filled at inference, goes (12)
 *     BatchNormalization  spatial goes (9): 0 means one scale per element, which has no other form
 *     Softmax, LogSoftmax, Hardmax   until 12 over all dimensions from axis on, as one; from 13 over axis
 * alone Scan                of opset 8 has a batch axis and lengths: refused
 *
 *     Softmax-11(x) axis=a, r = rank of x:   a = r - 1, or one dimension behind a differs from 1: that axis
 *     else    x -> Flatten(a) -> Softmax(axis 1) -> Reshape(shape of x) -> y
 */
#include <float.h>
#include <math.h>

#include "pass/raise_opset.h"

#define LARGEST_HALF 65504.0f

/* ---- Clip */

static bool is_plain_float(oq_dtype dtype)
{
    return dtype == OQ_FLOAT || dtype == OQ_DOUBLE || dtype == OQ_FLOAT16;
}

static const char *clip_obstacle(const oq_node *node)
{
    if (!is_plain_float(node->inputs[0]->dtype))
        return "the element type of its input is not known, so its bounds cannot become tensors";
    return NULL;
}

/* The old default bounds are the largest floats, which an omitted input means for float and float16, but not
 * for double. */
static bool is_bound(oq_dtype dtype, float bound)
{
    if (dtype == OQ_FLOAT16)
        return !(fabsf(bound) > LARGEST_HALF);
    return dtype == OQ_DOUBLE || !(fabsf(bound) >= FLT_MAX);
}

static oq_status lift_clip(oq_node *node)
{
    float low = oq_node_float(node, "min", -FLT_MAX), high = oq_node_float(node, "max", FLT_MAX);
    oq_dtype dtype = node->inputs[0]->dtype;

    oq_node_remove_attr(node, "min");
    oq_node_remove_attr(node, "max");
    if (is_bound(dtype, low) || low > 0)
        OQ_TRY(oq_raise_set_scalar(node, 1, "min", low));
    if (is_bound(dtype, high) || high < 0)
        OQ_TRY(oq_raise_set_scalar(node, 2, "max", high));
    return OQ_OK;
}

/* ---- Dropout, BatchNormalization, Scan */

static const char *dropout_obstacle(const oq_node *node)
{
    return oq_node_output_is_read(node, 1) ? "its mask is read, whose meaning changed" : NULL;
}

static oq_status lift_dropout(oq_node *node)
{
    oq_arena *arena = node->graph->model->arena;
    float ratio = oq_node_float(node, "ratio", 0.5f);
    char *name = oq_arena_printf(arena, "%s_ratio", node->outputs[0]->name);
    oq_value *value =
        name ? oq_graph_add_initializer(node->graph, name, oq_tensor_scalar_float(arena, ratio)) : NULL;

    if (!value)
        return OQ_NOMEM;
    oq_node_remove_attr(node, "ratio");
    if (node->n_outputs > 1)
        oq_node_set_output(node, 1, NULL);
    return oq_node_set_input(node, 1, value);
}

static const char *batchnorm_obstacle(const oq_node *node)
{
    for (int i = 1; i < node->n_outputs; i++) {
        if (oq_node_output_is_read(node, i))
            return "it is in training: its statistics are read";
    }
    /* Over [N, C] there is nothing but the channel, so spatial says nothing. */
    if (oq_node_int(node, "spatial", 1) == 0 && node->inputs[0]->shape.rank != 2)
        return "spatial = 0 normalizes each element by its own statistics, which later opsets cannot say";
    return NULL;
}

static oq_status lift_batchnorm(oq_node *node)
{
    oq_node_remove_attr(node, "spatial");
    for (int i = 1; i < node->n_outputs; i++)
        oq_node_set_output(node, i, NULL);
    return OQ_OK;
}

static const char *scan_obstacle(const oq_node *node)
{
    (void)node;
    return "Scan of opset 8 works on batches of sequences with lengths; later opsets have no such form";
}

/* ---- Softmax and its kin */

/* The one axis that the old rule comes down to; false when it takes several at once, or cannot be told. */
static bool single_axis(const oq_node *node, int64_t *axis)
{
    const oq_shape *shape = &node->inputs[0]->shape;
    int64_t given = oq_node_int(node, "axis", 1);
    int from, found = -1;

    *axis = given;
    if (shape->rank < 0)
        return given == -1;
    if (!oq_axis_normalize(given, shape->rank, &from))
        return false;
    for (int i = from; i < shape->rank; i++) {
        if (shape->dims[i].size == 1)
            continue;
        if (found >= 0)
            return false;
        found = i;
    }
    *axis = found >= 0 ? found : from;
    return true;
}

static const char *softmax_obstacle(const oq_node *node)
{
    const oq_shape *shape = &node->inputs[0]->shape;
    int64_t axis = oq_node_int(node, "axis", 1);

    /* axis = rank is legal in old opsets: each element by itself, over an empty product */
    return shape->rank >= 0 && (axis < -shape->rank || axis > shape->rank) ? "its axis is outside the input"
                                                                           : NULL;
}

/* The shape of x for the Reshape behind: a constant when at most one size is unknown, else a Shape node. */
static oq_value *shape_value(oq_node *node, oq_value *x)
{
    oq_graph *graph = node->graph;
    oq_arena *arena = graph->model->arena;
    int64_t dims[OQ_MAX_RANK];
    int n_unknown = 0;
    const char *name = oq_arena_printf(arena, "%s_shape", node->outputs[0]->name);
    oq_node *shape;

    for (int i = 0; i < x->shape.rank; i++) {
        dims[i] = x->shape.dims[i].size;
        n_unknown += dims[i] <= 0; /* 0 would mean "copy" to Reshape */
        if (dims[i] == 0)
            n_unknown += 2;
    }
    if (!name)
        return NULL;
    if (x->shape.rank >= 0 && n_unknown <= 1)
        return oq_graph_add_initializer(graph, name, oq_tensor_from_ints(arena, dims, (size_t)x->shape.rank));
    shape = oq_node_new(graph, node, "Shape", "", "", &x, 1, 1, &name);
    return shape ? shape->outputs[0] : NULL;
}

/* y moves to a Reshape behind node; node gets a fresh output. */
static oq_status reshape_behind(oq_node *node, oq_value *shape)
{
    oq_graph *graph = node->graph;
    oq_value *y = node->outputs[0], *fresh;
    const char *name = oq_arena_printf(graph->model->arena, "%s_flat", y->name);
    oq_node *reshape =
        name ? oq_node_new(graph, node->next, "Reshape", "", "", (oq_value *[]){NULL, shape}, 2, 1, &name)
             : NULL;

    if (!reshape)
        return OQ_NOMEM;
    fresh = reshape->outputs[0];
    oq_node_set_output(reshape, 0, NULL);
    oq_node_set_output(node, 0, fresh);
    oq_node_set_output(reshape, 0, y);
    fresh->dtype = y->dtype;
    return oq_node_set_input(reshape, 0, fresh);
}

static oq_status flatten_around(oq_node *node)
{
    oq_graph *graph = node->graph;
    oq_value *x = node->inputs[0], *shape = shape_value(node, x);
    const char *name = oq_arena_printf(graph->model->arena, "%s_rows", node->outputs[0]->name);
    oq_node *flatten = name ? oq_node_new(graph, node, "Flatten", "", "", &x, 1, 1, &name) : NULL;

    if (!shape || !flatten)
        return OQ_NOMEM;
    flatten->outputs[0]->dtype = x->dtype;
    OQ_TRY(oq_node_set_int(flatten, "axis", oq_node_int(node, "axis", 1)));
    OQ_TRY(oq_node_set_input(node, 0, flatten->outputs[0]));
    OQ_TRY(oq_node_set_int(node, "axis", 1));
    return reshape_behind(node, shape);
}

static oq_status lift_softmax(oq_node *node)
{
    int64_t axis;

    return single_axis(node, &axis) ? oq_node_set_int(node, "axis", axis) : flatten_around(node);
}

const oq_raise_row oq_raise_math[] = {
    {"BatchNormalization", 9, batchnorm_obstacle, lift_batchnorm},
    {"Clip", 11, clip_obstacle, lift_clip},
    {"Dropout", 12, dropout_obstacle, lift_dropout},
    {"Hardmax", 13, softmax_obstacle, lift_softmax},
    {"LogSoftmax", 13, softmax_obstacle, lift_softmax},
    {"Scan", 9, scan_obstacle, NULL},
    {"Softmax", 13, softmax_obstacle, lift_softmax},
    {NULL, 0, NULL, NULL},
};
