/* place_torch: the observers of PyTorch's eager mode on an ONNX graph (seed mode).
 *
 * Observed: graph inputs, results of Conv and Gemm (behind their Relu), Add, Concat. Two Convs that share a
 * weight initializer were one module and share one observer. Relu, pools and data movers pass their input's
 * parameters on, without being observed. Every edge is quantized, graph outputs included (seed-semantics 4
 * and 7). With activations left float only the weights of Conv and Gemm are quantized.
 */
#include "ir/graph.h"
#include "op/op.h"
#include "quant/place.h"

static bool is_observed(const oq_node *node)
{
    return oq_node_is(node, "Conv") || oq_node_is(node, "Gemm") || oq_node_is(node, "Add") ||
           oq_node_is(node, "Concat");
}

static bool is_weighted(const oq_node *node)
{
    return oq_node_is(node, "Conv") || oq_node_is(node, "Gemm");
}

/* The module's output: the Relu behind a Conv belongs to it; the Relu behind an Add does not. */
static oq_value *module_output(const oq_node *node)
{
    const oq_node *reader = oq_node_single_reader(node);

    return is_weighted(node) && oq_node_is(reader, "Relu") ? reader->outputs[0] : node->outputs[0];
}

static void observe(oq_plan *plan, oq_value *value)
{
    oq_plan_value *planned = &plan->values[value->id];

    if (plan->options.activations == OQ_UNDEFINED)
        return;
    planned->has_pair = true;
    planned->quantize_output = value->is_output;
    if (planned->source == OQ_RANGE_NONE)
        planned->source = OQ_RANGE_OBSERVED;
    planned->reason = "observed as PyTorch's eager mode does";
    for (int i = 0; i < value->n_uses; i++) {
        if (value->uses[i].index < 64)
            plan->nodes[value->uses[i].node->id].quantized_inputs |= (uint64_t)1 << value->uses[i].index;
    }
}

/* An earlier Conv with the same weight: the same module, called again. */
static const oq_node *same_module(const oq_graph *graph, const oq_node *node)
{
    OQ_FOR_EACH_NODE (graph, other) {
        if (other == node)
            return NULL;
        if (is_weighted(node) && is_weighted(other) && other->inputs[1] == node->inputs[1])
            return other;
    }
    return NULL;
}

static void place_observed(oq_plan *plan, const oq_graph *graph, oq_node *node)
{
    const oq_node *earlier = same_module(graph, node);
    oq_value *value = module_output(node);

    oq_place_decide(plan, node, OQ_NODE_INTEGER, "module of the seed");
    if (earlier)
        oq_place_share(plan, value, module_output(earlier));
    observe(plan, value);
}

static void place_follower(oq_plan *plan, oq_node *node)
{
    oq_plan_value *planned = &plan->values[node->outputs[0]->id];

    oq_place_decide(plan, node, OQ_NODE_FOLLOWS, "passes its input's parameters on");
    if (planned->has_pair)
        return; /* the Relu of a Conv, observed as the module's output */
    oq_place_share(plan, node->outputs[0], node->inputs[0]);
    planned->is_unobserved = true; /* a moving average would count it as one more call */
    observe(plan, node->outputs[0]);
}

oq_status oq_place_torch(oq_plan *plan, oq_model *model, oq_diag *diag)
{
    oq_graph *graph = model->graph;

    for (int i = 0; i < graph->n_inputs; i++)
        observe(plan, graph->inputs[i]);
    OQ_FOR_EACH_NODE (graph, node) {
        if (!node->op || node->n_outputs != 1 || !node->inputs[0])
            OQ_FAIL(diag, OQ_UNSUPPORTED, "node '%s' (%s) has no counterpart in the seed's networks",
                    node->name, node->op_type);
        if (is_observed(node))
            place_observed(plan, graph, node);
        else
            place_follower(plan, node);
    }
    return OQ_OK;
}
