/* raise_opset, operators that move data: attributes that became inputs, and those that changed their name.
 *
 *     Squeeze, Unsqueeze, ReduceSum  axes  -> input 1 (13)      Slice   starts, ends, axes -> inputs 1 2 3
 * (10) Split                          split -> input 1 (13)      Pad     pads, value -> inputs 1 2 (11) TopK
 * k     -> input 1 (10)      Scatter -> ScatterElements (11) Upsample, Resize-10                  -> Resize,
 * asymmetric (11)
 *
 * Resize-10 says nothing of how it rounds in mode nearest; ONNX Runtime takes the pixel below when it
 * enlarges a dimension and the one above when it reduces it. Opset 11 has one rule for all dimensions, so a
 * Resize that does both, or whose factors are computed, is refused.
 */
#include <string.h>

#include "pass/raise_opset.h"

static oq_status lift_axes(oq_node *node)
{
    return oq_raise_move_ints(node, "axes", 1);
}

static oq_status lift_split(oq_node *node)
{
    return oq_raise_move_ints(node, "split", 1);
}

static const char *slice_obstacle(const oq_node *node)
{
    size_t n_starts, n_ends;
    const int64_t *starts = oq_node_ints(node, "starts", &n_starts),
                  *ends = oq_node_ints(node, "ends", &n_ends);

    return starts && ends && n_starts == n_ends ? NULL : "it has no starts and ends of the same length";
}

static oq_status lift_slice(oq_node *node)
{
    OQ_TRY(oq_raise_move_ints(node, "starts", 1));
    OQ_TRY(oq_raise_move_ints(node, "ends", 2));
    return oq_raise_move_ints(node, "axes", 3);
}

static bool is_plain_float(oq_dtype dtype)
{
    return dtype == OQ_FLOAT || dtype == OQ_DOUBLE || dtype == OQ_FLOAT16;
}

static const char *pad_obstacle(const oq_node *node)
{
    size_t n;

    if (!oq_node_ints(node, "pads", &n))
        return "it has no pads";
    if (oq_node_float(node, "value", 0) != 0 && !is_plain_float(node->inputs[0]->dtype))
        return "the element type of its input is not known, so its value cannot become a tensor";
    return NULL;
}

static oq_status lift_pad(oq_node *node)
{
    float value = oq_node_float(node, "value", 0);

    OQ_TRY(oq_raise_move_ints(node, "pads", 1));
    oq_node_remove_attr(node, "value");
    return value != 0 ? oq_raise_set_scalar(node, 2, "value", value) : OQ_OK;
}

static const char *topk_obstacle(const oq_node *node)
{
    return oq_node_int(node, "k", -1) >= 0 ? NULL : "it has no k";
}

static oq_status lift_topk(oq_node *node)
{
    int64_t k = oq_node_int(node, "k", 0);

    oq_node_remove_attr(node, "k");
    return oq_raise_set_ints(node, 1, "k", &k, 1);
}

static oq_status lift_scatter(oq_node *node)
{
    oq_node_set_type(node, "ScatterElements", "");
    return OQ_OK;
}

/* ---- Upsample, Resize */

static bool is_nearest(const oq_node *node)
{
    return strcmp(oq_node_string(node, "mode", "nearest"), "nearest") == 0;
}

/* Do the constant factors enlarge, reduce? False when they are not known. */
static bool directions(const oq_node *node, bool *enlarges, bool *reduces)
{
    const oq_tensor *scales = oq_node_input_constant(node, 1);
    float factor;

    *enlarges = *reduces = false;
    for (size_t i = 0; scales && i < scales->n_elements; i++) {
        if (!oq_tensor_floats_at(scales, i, 1, &factor))
            return false;
        *enlarges |= factor > 1;
        *reduces |= factor < 1;
    }
    return scales != NULL;
}

static const char *resize_obstacle(const oq_node *node)
{
    bool enlarges, reduces;

    if (!oq_node_input(node, 1))
        return "it has no scales";
    if (!is_nearest(node))
        return NULL;
    if (!directions(node, &enlarges, &reduces))
        return "its scales are computed, so its rounding is not known";
    return enlarges && reduces ? "it enlarges one dimension and reduces another in mode nearest" : NULL;
}

static const char *upsample_obstacle(const oq_node *node)
{
    size_t n;

    if (node->opset < 9)
        return oq_node_floats(node, "scales", &n) ? NULL : "it has no scales";
    return oq_node_input(node, 1) ? NULL : "it has no scales";
}

/* Input 1 (scales) moves to 2; 1 (roi) is left out. */
static oq_status become_resize(oq_node *node, const char *nearest_mode)
{
    OQ_TRY(oq_node_set_input(node, 2, node->inputs[1]));
    OQ_TRY(oq_node_set_input(node, 1, NULL));
    OQ_TRY(oq_node_set_string(node, "coordinate_transformation_mode", "asymmetric"));
    if (is_nearest(node))
        OQ_TRY(oq_node_set_string(node, "nearest_mode", nearest_mode));
    oq_node_set_type(node, "Resize", "");
    return OQ_OK;
}

static oq_status lift_resize(oq_node *node)
{
    bool enlarges = false, reduces = false;

    directions(node, &enlarges, &reduces);
    return become_resize(node, reduces ? "ceil" : "floor");
}

static oq_status lift_upsample(oq_node *node)
{
    oq_arena *arena = node->graph->model->arena;
    size_t n;
    const float *scales = oq_node_floats(node, "scales", &n);
    char *name = oq_arena_printf(arena, "%s_scales", node->outputs[0]->name);
    oq_value *value;

    if (scales && node->opset < 9) {
        int64_t dim = (int64_t)n;

        value =
            name ? oq_graph_add_initializer(node->graph, name, oq_tensor_from_floats(arena, scales, &dim, 1))
                 : NULL;
        if (!value)
            return OQ_NOMEM;
        OQ_TRY(oq_node_set_input(node, 1, value));
        oq_node_remove_attr(node, "scales");
    }
    return become_resize(node, "floor");
}

const oq_raise_row oq_raise_shape[] = {
    {"Pad", 11, pad_obstacle, lift_pad},
    {"ReduceSum", 13, NULL, lift_axes},
    {"Resize", 11, resize_obstacle, lift_resize},
    {"Scatter", 11, NULL, lift_scatter},
    {"Slice", 10, slice_obstacle, lift_slice},
    {"Split", 13, NULL, lift_split},
    {"Squeeze", 13, NULL, lift_axes},
    {"TopK", 10, topk_obstacle, lift_topk},
    {"Unsqueeze", 13, NULL, lift_axes},
    {"Upsample", 10, upsample_obstacle, lift_upsample},
    {NULL, 0, NULL, NULL},
};
