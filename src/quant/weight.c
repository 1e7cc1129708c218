/* weight: see the header. */
#include "quant/weight.h"

#include <string.h>

#include "op/op.h"

/* ---- the bias */

static bool is_float_vector(const oq_value *value, int64_t n)
{
    const oq_tensor *tensor = oq_value_constant(value);

    return tensor && tensor->dtype == OQ_FLOAT && tensor->rank == 1 && (n < 0 || tensor->dims[0] == n);
}

static oq_unit_bias bias_behind(oq_node *matmul)
{
    oq_node *add = oq_node_single_reader(matmul);
    const oq_shape *weight = &matmul->inputs[1]->shape;
    int input;

    if (!oq_node_is(add, "Add") || weight->rank != 2 || weight->dims[1].size < 0)
        return (oq_unit_bias){.holder = NULL};
    input = add->inputs[0] == matmul->outputs[0] ? 1 : 0;
    return (oq_unit_bias){is_float_vector(add->inputs[input], weight->dims[1].size) ? add : NULL, input};
}

oq_unit_bias oq_find_unit_bias(oq_node *unit)
{
    int input = unit->op ? unit->op->bias : -1;

    if (oq_node_is(unit, "MatMul") && unit->n_inputs == 2 && unit->inputs[1])
        return bias_behind(unit);
    if (input < 0 || !is_float_vector(input < unit->n_inputs ? unit->inputs[input] : NULL, -1))
        return (oq_unit_bias){.holder = NULL};
    return (oq_unit_bias){unit, input};
}

bool oq_unit_lacks_bias(const oq_node *unit)
{
    return !oq_node_is(unit, "MatMul") && (unit->n_inputs < 3 || !unit->inputs[2]);
}

bool oq_unit_is_unscaled(const oq_node *unit)
{
    return !oq_node_is(unit, "Gemm") ||
           (oq_node_float(unit, "alpha", 1) == 1.0f && oq_node_float(unit, "beta", 1) == 1.0f);
}

/* ---- scales */

static bool is_recurrent(const oq_node *node)
{
    return node->op && node->op->rule == OQ_RULE_RECURRENT;
}

int oq_weight_axis(const oq_node *node, const oq_plan *plan, const oq_tensor *tensor)
{
    if (plan->options.per_tensor)
        return -1;
    if (oq_node_is(node, "ConvTranspose") && oq_node_int(node, "group", 1) != 1)
        return -1;
    if (oq_node_is(node, "Gather"))
        return 0;
    if (is_recurrent(node) && (tensor->rank != 3 || tensor->dims[0] != 1))
        return -1; /* two directions: one axis cannot serve both */
    return oq_op_weight_axis(node, tensor->rank);
}

bool oq_is_fake_quant(const oq_node *node)
{
    return node && !node->origin.data && strcmp(node->domain, "onnxq") == 0 &&
           strcmp(node->op_type, "FakeQuant") == 0;
}

const oq_tensor *oq_pair_scale(const oq_value *value)
{
    const oq_node *pair = value ? value->producer : NULL;

    if (!pair || pair->n_inputs < 2 || (!oq_node_is(pair, "DequantizeLinear") && !oq_is_fake_quant(pair)))
        return NULL;
    return oq_value_constant(pair->inputs[1]);
}

float oq_unit_activation_scale(const oq_node *node, const oq_plan *plan)
{
    const oq_value *value = node->inputs[0];
    const oq_tensor *scale;
    float s;

    if (value->id < plan->n_values && plan->values[value->id].has_qparams &&
        plan->nodes[node->id].quantized_inputs & 1)
        return plan->values[value->id].qparams.scale[0];
    scale = oq_pair_scale(value);
    return scale && scale->n_elements == 1 && oq_tensor_floats(scale, &s) ? s : 0.0f;
}

/* Bias constant with one entry per channel; NULL when there is none to guard. */
static const oq_tensor *guarded_bias(oq_node *node)
{
    oq_unit_bias at = oq_find_unit_bias(node);

    return at.holder ? oq_value_constant(at.holder->inputs[at.input]) : NULL;
}

static oq_status bias_floors(oq_node *node, const oq_plan *plan, size_t n, oq_arena *arena, const float **out)
{
    const oq_tensor *bias = guarded_bias(node);
    float s_x = oq_unit_activation_scale(node, plan), *floors, *b;

    *out = NULL;
    if (!bias || s_x == 0.0f || plan->options.mode == OQ_QMODE_TORCH || (n != 1 && bias->n_elements != n))
        return OQ_OK;
    floors = OQ_NEW_ARRAY(arena, float, n);
    b = OQ_NEW_ARRAY(arena, float, bias->n_elements);
    if (!floors || !b)
        return OQ_NOMEM;
    if (!oq_tensor_floats(bias, b))
        return OQ_OK;
    for (size_t c = 0; c < bias->n_elements; c++) {
        float least = oq_bias_scale_floor(b[c], s_x), *f = &floors[n == 1 ? 0 : c];

        *f = *f > least ? *f : least;
    }
    *out = floors;
    return OQ_OK;
}

oq_status oq_weight_params(oq_node *node, int input, const oq_plan *plan, oq_arena *scratch, oq_qparams *out,
                           oq_diag *diag)
{
    const oq_value *weight = node->inputs[input];
    const oq_tensor *tensor = oq_value_constant(weight);
    int axis = oq_weight_axis(node, plan, tensor);
    /* PyTorch's reduce_range halves the codes of activations only. */
    bool reduce_range = plan->options.reduce_range && plan->options.mode == OQ_QMODE_ONNX;
    const float *floors;
    oq_status status;

    OQ_TRY(bias_floors(node, plan, axis < 0 ? 1 : (size_t)tensor->dims[axis], scratch, &floors));
    status = oq_qparams_from_weight(tensor, axis, plan->options.weights, reduce_range, plan->options.mode,
                                    floors, plan->arena, out, diag);
    if (status != OQ_OK)
        oq_diag_note(diag, "weight '%s' of node '%s' (%s)", weight->name, node->name, node->op_type);
    return status;
}
