/* place: where pairs go, and why. Decisions only, no numbers.
 *
 * The rules are measured (accuracy-recipe.md, section 2). In both placements a pair stands in front of each
 * unit (Conv, ConvTranspose, Gemm, MatMul), because that rounding is the one an integer kernel cannot do
 * without. `accurate` stops there. `integer-kernels` adds the pairs that let ONNX Runtime form integer
 * kernels:
 *
 *     Conv -> (Relu, Clip) -> t       a pair on t, also for its float readers, else the Conv runs in float;
 *                                     not when t enters arithmetic that a rounding hurts ("island": Pow,
 * Sqrt, norms, Softmax, recurrent nodes, or a mover that itself stays float) unit -> mover, MaxPool -> unit
 * pairs with the same parameters on both sides: exact, rounding commutes x, y -> Concat -> unit inputs take
 * the result's parameters: one rounding instead of two unit -> AveragePool -> unit     a pair on the pool's
 * input
 *
 * With weights alone every product keeps float activations; recurrent weights and embedding tables, which
 * have no integer kernel to gain, are stored as int8 then too.
 *
 * Residual Adds, activation products, normalizations, Softmax and graph outputs stay float in both.
 */
#include <fnmatch.h>
#include <math.h>
#include <string.h>

#include "exec/exec.h"
#include "ir/graph.h"
#include "ir/tensor.h"
#include "op/op.h"
#include "quant/place.h"

/* Fewest elements of an embedding table worth a DequantizeLinear in front of its Gather. */
#define TABLE_ELEMENTS 1024

/* ---- edges */

static void quantize_edge(oq_placer *p, const oq_node *node, int index)
{
    uint64_t bit = index < 64 ? (uint64_t)1 << index : 0;

    if (!bit || p->plan->nodes[node->id].quantized_inputs & bit)
        return;
    p->plan->nodes[node->id].quantized_inputs |= bit;
    p->grew = true;
}

static bool any_reader_quantized(const oq_plan *plan, const oq_value *value)
{
    for (int i = 0; i < value->n_uses; i++) {
        if (oq_plan_reads_quantized(plan, value->uses[i]))
            return true;
    }
    return false;
}

static bool all_readers_quantized(const oq_plan *plan, const oq_value *value)
{
    for (int i = 0; i < value->n_uses; i++) {
        if (!oq_plan_reads_quantized(plan, value->uses[i]))
            return false;
    }
    return value->n_uses > 0 && !value->is_output;
}

/* ---- units */

void oq_place_decide(oq_plan *plan, const oq_node *node, oq_plan_kind kind, const char *reason)
{
    plan->nodes[node->id].kind = kind;
    plan->nodes[node->id].reason = reason;
}

static bool matches(const oq_node *node, const char *pattern)
{
    if (strncmp(pattern, "op:", 3) == 0)
        return fnmatch(pattern + 3, node->op_type, 0) == 0;
    if (fnmatch(pattern, node->name, 0) == 0)
        return true;
    return node->n_outputs && node->outputs[0] && fnmatch(pattern, node->outputs[0]->name, 0) == 0;
}

static bool matches_any(const oq_node *node, const char *const *patterns, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (matches(node, patterns[i]))
            return true;
    }
    return false;
}

bool oq_plan_pattern_matches(const oq_model *model, const char *pattern)
{
    OQ_FOR_EACH_NODE (model->graph, node) {
        if (matches(node, pattern))
            return true;
    }
    return false;
}

const char *oq_place_user_choice(const oq_plan *plan, const oq_node *node)
{
    const oq_quant_options *options = &plan->options;

    if (matches_any(node, options->exclude, options->n_exclude))
        return "excluded by --exclude";
    if (options->n_include && !matches_any(node, options->include, options->n_include))
        return "not among --include";
    return NULL;
}

static bool is_float(const oq_value *value)
{
    return value && value->dtype == OQ_FLOAT;
}

/* Behind an operator unknown here types are unknown: the weight's is the input's too. */
static bool may_be_float(const oq_value *value)
{
    return is_float(value) || value->dtype == OQ_UNDEFINED;
}

/* Float numbers that calibration can observe. */
static bool is_observable(const oq_placer *p, const oq_value *value)
{
    return is_float(value) && p->computable[value->id];
}

/* Value that a DequantizeLinear of the model made: already quantized. */
bool oq_place_is_dequantized(const oq_value *value)
{
    return value && oq_node_is(value->producer, "DequantizeLinear");
}

static bool is_constant_weight(const oq_value *value)
{
    return oq_value_constant(value) || oq_place_is_dequantized(value);
}

static bool is_vector(const oq_value *value)
{
    const oq_tensor *tensor = oq_value_constant(value);

    return tensor && tensor->rank < 2;
}

/* Reason why a unit stays float; NULL when it can be one. */
static const char *unit_obstacle(const oq_placer *p, const oq_node *node)
{
    const char *choice = oq_place_user_choice(p->plan, node);
    bool needs_ranges = p->plan->options.activations != OQ_UNDEFINED;

    if (choice)
        return choice;
    if (node->n_inputs < 2 || !node->inputs[0] || !node->inputs[1])
        return "has no weight input";
    if (needs_ranges && (!p->computable[node->inputs[0]->id] || !p->computable[node->inputs[1]->id]))
        return "stands behind an operator that cannot be run here, so it has no ranges";
    if (!may_be_float(node->inputs[0]) || !is_float(node->inputs[1]))
        return "is not float32";
    if (oq_value_constant(node->inputs[0]))
        return is_constant_weight(node->inputs[1])
                   ? "reads constants only"
                   : "has its constant on the left, for which there is no integer kernel";
    if (node->op->rule == OQ_RULE_WEIGHTED && !is_constant_weight(node->inputs[1]))
        return "has a computed weight (only constant weights are quantized)";
    if (is_vector(node->inputs[1]))
        return "its weight is a vector, for which there is no integer kernel";
    if (!needs_ranges && !is_constant_weight(node->inputs[1]))
        return "product of two activations: has no weight";
    return NULL;
}

static void place_unit(oq_placer *p, oq_node *node)
{
    const char *obstacle = unit_obstacle(p, node);
    bool has_weight;

    if (obstacle) {
        oq_place_decide(p->plan, node, OQ_NODE_FLOAT, obstacle);
        return;
    }
    has_weight = is_constant_weight(node->inputs[1]);
    oq_place_decide(p->plan, node, OQ_NODE_INTEGER,
                    has_weight ? "unit with constant weight" : "product of two activations");
    if (p->plan->options.activations == OQ_UNDEFINED)
        return; /* weights only */
    if (!oq_place_is_dequantized(node->inputs[0]))
        quantize_edge(p, node, 0);
    if (!has_weight && !oq_place_is_dequantized(node->inputs[1]))
        quantize_edge(p, node, 1);
}

/* ---- weights alone */

/* Float constant of at least two axes on that input. */
static bool has_weight(const oq_node *node, int input)
{
    const oq_value *value = input < node->n_inputs ? node->inputs[input] : NULL;

    return is_float(value) && oq_value_constant(value) && !is_vector(value);
}

static bool is_table(const oq_node *node)
{
    return oq_node_is(node, "Gather") && has_weight(node, 0) && node->inputs[0]->constant->rank == 2 &&
           node->inputs[0]->constant->n_elements >= TABLE_ELEMENTS;
}

/* Weights that are stored as int8 and read in float. */
static bool place_stored(oq_placer *p, const oq_node *node)
{
    const oq_quant_options *options = &p->plan->options;
    bool is_recurrent = node->op && node->op->rule == OQ_RULE_RECURRENT;
    bool is_stored = is_recurrent ? has_weight(node, 1) || has_weight(node, 2) : is_table(node);
    const char *choice;

    if (options->activations != OQ_UNDEFINED || options->weights == OQ_UNDEFINED || p->plan->from_model ||
        !is_stored)
        return false; /* what a quantized model kept float was kept on purpose */
    choice = oq_place_user_choice(p->plan, node);
    oq_place_decide(p->plan, node, choice ? OQ_NODE_FLOAT : OQ_NODE_INTEGER,
                    choice         ? choice
                    : is_recurrent ? "recurrent weights, one scale per row of a gate"
                                   : "embedding table, one scale per row");
    return true;
}

/* Why a node that is no unit stays float, by its rule. */
static const char *float_reason(const oq_node *node)
{
    if (!node->op)
        return "is unknown here: kept as it is";
    switch (node->op->rule) {
    case OQ_RULE_ELEMENTWISE: return "elementwise between units: float costs no accuracy, a rounding would";
    case OQ_RULE_SAME:
    case OQ_RULE_GATHER: return "moves float data";
    case OQ_RULE_ABSORB: return "follows a float result";
    case OQ_RULE_FIXED: return "no integer kernel, and a rounding in front would cost accuracy";
    case OQ_RULE_JOIN: return "joins values that are not all quantized";
    case OQ_RULE_POOL: return "its result is not read quantized";
    case OQ_RULE_RECURRENT: return "recurrent: 8-bit gates cost accuracy; --weight-only shrinks its weights";
    case OQ_RULE_QUANT: return "quantized by the model";
    default: return "no integer kernel";
    }
}

static void place_nodes(oq_placer *p)
{
    OQ_FOR_EACH_NODE (p->graph, node) {
        bool is_unit = node->op && (node->op->rule == OQ_RULE_WEIGHTED || node->op->rule == OQ_RULE_MATMUL);

        if (is_unit)
            place_unit(p, node);
        else if (!place_stored(p, node))
            oq_place_decide(p->plan, node, OQ_NODE_FLOAT, float_reason(node));
    }
}

/* ---- integer-kernels: grow pairs until nothing changes */

static bool is_mover(const oq_node *node)
{
    if (!node || !node->op || (node->op->rule != OQ_RULE_SAME && node->op->rule != OQ_RULE_GATHER))
        return false;
    return (node->op->flags & OQ_OP_COMMUTES) || !oq_node_is(node, "Resize") ||
           strcmp(oq_node_string(node, "mode", "nearest"), "nearest") == 0;
}

/* Constant bound of a Clip; false when it is computed. An omitted one is infinite. */
static bool clip_bound(const oq_node *node, int input, float otherwise, float *out)
{
    const oq_value *value = input < node->n_inputs ? node->inputs[input] : NULL;
    const oq_tensor *bound = oq_value_constant(value);

    *out = otherwise;
    return !value || (bound && oq_tensor_floats_at(bound, 0, 1, out));
}

/* Relu, or a Clip around zero: zero is always representable, so a range that excludes it would not cover the
 * clip's. */
static bool is_absorbed(const oq_node *node)
{
    float lo, hi;

    if (!node || !node->op || node->op->rule != OQ_RULE_ABSORB || node->n_inputs < 1 || !node->outputs[0])
        return false;
    if (!oq_node_is(node, "Clip"))
        return true;
    return clip_bound(node, 1, -INFINITY, &lo) && clip_bound(node, 2, INFINITY, &hi) && lo <= 0.0f &&
           hi >= 0.0f;
}

/* The value itself, or the result of the Relu or Clip that alone reads it. */
static oq_value *after_activation(oq_value *value)
{
    oq_node *reader = value->n_uses == 1 && !value->is_output ? value->uses[0].node : NULL;

    return reader && is_absorbed(reader) && value->uses[0].index == 0 && reader->graph == value->graph
               ? reader->outputs[0]
               : value;
}

/* value comes from an integer kernel (through Relu, Clip and movers), or is quantized anyway. */
static bool is_integer_source(const oq_plan *plan, const oq_value *value)
{
    const oq_node *made;

    if (any_reader_quantized(plan, value) || oq_place_is_dequantized(value))
        return true;
    made = value->producer;
    while (made && (is_absorbed(made) || is_mover(made)))
        made = made->n_inputs && made->inputs[0] ? made->inputs[0]->producer : NULL;
    if (!made || !made->op)
        return false;
    if (oq_node_is(made, "Concat")) {
        for (int i = 0; i < made->n_inputs; i++) {
            if (!made->inputs[i] || !made->inputs[i]->producer || !is_integer_source(plan, made->inputs[i]))
                return false;
        }
        return true;
    }
    return oq_node_is(made, "Conv") && plan->nodes[made->id].kind == OQ_NODE_INTEGER;
}

void oq_place_share(oq_plan *plan, const oq_value *value, const oq_value *with)
{
    /* a module has an output, so with is a value */
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference)
    int a = oq_plan_owner(plan, value->id), b = oq_plan_owner(plan, with->id);

    if (a == b)
        return;
    plan->values[a].source = OQ_RANGE_SHARED;
    plan->values[a].shared_with = b;
}

/* conv -> pool -> conv: the mover (or Concat) reads and writes integers of the same parameters. */
static void grow_mover(oq_placer *p, const oq_node *node)
{
    int n_data = node->op->rule == OQ_RULE_JOIN ? node->n_inputs : 1;

    if (n_data < 1 || node->n_inputs < n_data || n_data > 64 || !node->n_outputs || !node->outputs[0])
        return;
    for (int i = 0; i < node->n_outputs; i++) {
        const oq_value *out = node->outputs[i];

        if (out && (i == 0 || oq_value_n_readers(out)) && !all_readers_quantized(p->plan, out))
            return;
    }
    for (int i = 0; i < n_data; i++) {
        const oq_value *in = node->inputs[i];

        if (!is_observable(p, in) || oq_value_constant(in) || oq_place_is_dequantized(in) ||
            !is_integer_source(p->plan, in))
            return;
    }
    for (int i = 0; i < n_data; i++) {
        quantize_edge(p, node, i);
        oq_place_share(p->plan, node->inputs[i], node->outputs[0]);
    }
    for (int i = 1; i < node->n_outputs; i++) {
        if (node->outputs[i] && oq_value_n_readers(node->outputs[i]))
            oq_place_share(p->plan, node->outputs[i], node->outputs[0]);
    }
    oq_place_decide(p->plan, node, OQ_NODE_FOLLOWS,
                    n_data > 1 ? "its inputs share its result's parameters"
                               : "moves quantized data unchanged");
}

static void grow_pool(oq_placer *p, const oq_node *node)
{
    if (!is_observable(p, node->inputs[0]) || !all_readers_quantized(p->plan, node->outputs[0]) ||
        !is_integer_source(p->plan, node->inputs[0]))
        return;
    quantize_edge(p, node, 0);
    oq_place_decide(p->plan, node, OQ_NODE_INTEGER, "pool between quantized values");
}

/* Operators behind which a rounding of their input is amplified (recipe, section 2: the island rule). */
static bool is_sensitive(const oq_node *node)
{
    static const char *const types[] = {
        "InstanceNormalization",
        "LayerNormalization",
        "GroupNormalization",
        "MeanVarianceNormalization",
        "LpNormalization",
        "RMSNormalization",
        "Softmax",
        "LogSoftmax",
        "Pow",
        "Sqrt",
        "Exp",
        "Log",
        "Reciprocal",
        "LSTM",
        "GRU",
        "RNN",
        "STFT",
        "DFT",
    };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (oq_node_is(node, types[i]))
            return true;
    }
    return false;
}

static bool is_island(const oq_plan *plan, const oq_value *value)
{
    bool has_mean = false, has_difference = false;

    for (int i = 0; i < value->n_uses; i++) {
        const oq_node *reader = value->uses[i].node;

        if (oq_plan_reads_quantized(plan, value->uses[i]))
            continue;
        if (!reader->op || is_mover(reader) || is_sensitive(reader) || reader->graph != value->graph)
            return true;
        has_mean |= oq_node_is(reader, "ReduceMean");
        has_difference |= oq_node_is(reader, "Sub");
    }
    return has_mean && has_difference;
}

/* The result of a Conv gets a pair, so that ONNX Runtime fuses the Conv. */
static void grow_conv(oq_placer *p, const oq_node *node)
{
    oq_value *t = after_activation(node->outputs[0]);

    if (t->is_output || t->n_uses == 0 || !is_observable(p, t))
        return;
    if (is_island(p->plan, t) && !any_reader_quantized(p->plan, t))
        return;
    for (int i = 0; i < t->n_uses; i++) {
        if (t->uses[i].node->graph == p->graph && t->uses[i].node->op) /* an unknown node stays as it is */
            quantize_edge(p, t->uses[i].node, t->uses[i].index);
    }
}

static void grow_node(oq_placer *p, const oq_node *node)
{
    if (!node->op || oq_place_user_choice(p->plan, node))
        return;
    if (is_mover(node) || node->op->rule == OQ_RULE_JOIN)
        grow_mover(p, node);
    else if (node->op->rule == OQ_RULE_POOL)
        grow_pool(p, node);
    else if (oq_node_is(node, "Conv") && p->plan->nodes[node->id].kind == OQ_NODE_INTEGER)
        grow_conv(p, node);
}

static void grow_integer_kernels(oq_placer *p)
{
    do {
        p->grew = false;
        for (const oq_node *node = p->graph->last; node; node = node->prev)
            grow_node(p, node);
    } while (p->grew);
}

/* ---- values */

static const char *pair_reason(const oq_plan *plan, const oq_value *value)
{
    for (int i = 0; i < value->n_uses; i++) {
        const oq_use *use = &value->uses[i];

        if (oq_plan_reads_quantized(plan, *use) && plan->nodes[use->node->id].kind == OQ_NODE_INTEGER)
            return "read by an integer unit";
    }
    return "result of a Conv: lets it run in integers";
}

static bool is_fixed(const oq_node *node)
{
    return node && node->op && node->op->rule == OQ_RULE_FIXED && !oq_node_is(node, "LogSoftmax");
}

/* Sigmoid, HardSigmoid, Softmax: 1/256, zero point 0 (or -128). Tanh: 2/256, middle. */
static void set_fixed_range(oq_plan_value *value, const oq_node *node)
{
    bool is_tanh = oq_node_is(node, "Tanh");

    value->source = OQ_RANGE_FIXED;
    value->lo = is_tanh ? -1.0f : 0.0f;
    value->hi = is_tanh ? 127.0f / 128.0f : 255.0f / 256.0f;
}

static bool is_shared_owner(const oq_plan *plan, int id)
{
    for (int i = 0; i < plan->n_values; i++) {
        if (plan->values[i].source == OQ_RANGE_SHARED && plan->values[i].shared_with == id)
            return true;
    }
    return false;
}

static void settle_value(oq_placer *p, const oq_value *value)
{
    oq_plan_value *planned = &p->plan->values[value->id];

    if (!any_reader_quantized(p->plan, value))
        return;
    planned->has_pair = true;
    planned->reason = pair_reason(p->plan, value);
    if (planned->source == OQ_RANGE_SHARED)
        return;
    planned->source = OQ_RANGE_OBSERVED;
    if (is_fixed(value->producer) && p->plan->options.activations == OQ_UINT8 &&
        !p->plan->options.symmetric && !p->plan->options.reduce_range && !is_shared_owner(p->plan, value->id))
        set_fixed_range(planned, value->producer);
}

static void settle_values(oq_placer *p)
{
    for (int i = 0; i < p->graph->n_inputs; i++)
        settle_value(p, p->graph->inputs[i]);
    OQ_FOR_EACH_NODE (p->graph, node) {
        for (int i = 0; i < node->n_outputs; i++) {
            if (node->outputs[i])
                settle_value(p, node->outputs[i]);
        }
    }
}

/* Relu and Clip between a unit and its pair run inside the unit's kernel. */
static void settle_absorbed(oq_placer *p)
{
    OQ_FOR_EACH_NODE (p->graph, node) {
        const oq_node *unit = oq_node_producer(node, 0);

        if (is_absorbed(node) && unit && p->plan->nodes[unit->id].kind == OQ_NODE_INTEGER &&
            any_reader_quantized(p->plan, node->outputs[0]))
            oq_place_decide(p->plan, node, OQ_NODE_FOLLOWS, "absorbed by the unit before it");
    }
}

oq_status oq_plan_place(oq_plan *plan, oq_model *model, oq_diag *diag)
{
    bool *computable = OQ_NEW_ARRAY(plan->arena, bool, model->n_values + 1);
    oq_placer p = {.plan = plan, .graph = model->graph, .computable = computable};

    if (!computable)
        return OQ_NOMEM;
    oq_exec_computable(model->graph, computable);
    OQ_TRY(oq_plan_fit(plan, model));
    if (plan->options.placement == OQ_PLACE_TORCH)
        return oq_place_torch(plan, model, diag);
    place_nodes(&p);
    if (plan->options.activations != OQ_UNDEFINED) {
        if (plan->options.placement == OQ_PLACE_INTEGER_KERNELS && !plan->from_model)
            grow_integer_kernels(&p);
        settle_values(&p);
        settle_absorbed(&p);
    }
    return OQ_OK;
}
