/* clean_qdq: remove a QuantizeLinear that repeats the DequantizeLinear in front of it.
 *
 *     q -> DequantizeLinear(s, z) -> QuantizeLinear(s, z) -> q'    =>    readers of q' read q
 *
 * Exact: quantizing (q - z) * s at s and z gives q back for every code. Must not fire when scale, zero point
 * or axis differ in the least: that is a requantization and changes numbers. Flags: EXACT.
 */
#include "pass/pass.h"

static bool same_constant(const oq_value *a, const oq_value *b)
{
    const oq_tensor *ta = oq_value_constant(a), *tb = oq_value_constant(b);

    return ta && tb && oq_tensor_equal(ta, tb);
}

static bool repeats(const oq_node *quantize, const oq_node *dequantize)
{
    if (!oq_node_is(quantize, "QuantizeLinear") || !oq_node_is(dequantize, "DequantizeLinear") ||
        quantize->n_inputs < 3 || dequantize->n_inputs < 3 || !dequantize->inputs[0])
        return false;
    return same_constant(quantize->inputs[1], dequantize->inputs[1]) &&
           same_constant(quantize->inputs[2], dequantize->inputs[2]) &&
           oq_node_int(quantize, "axis", 1) == oq_node_int(dequantize, "axis", 1) &&
           oq_node_int(quantize, "block_size", 0) == oq_node_int(dequantize, "block_size", 0);
}

oq_status oq_clean_qdq(oq_graph *graph, oq_pass_ctx *ctx)
{
    oq_node *node, *next;

    OQ_FOR_EACH_NODE_SAFE (graph, node, next) {
        oq_node *producer = oq_node_producer(node, 0);

        if (!repeats(node, producer) || producer->graph != graph || !node->n_outputs || !node->outputs[0] ||
            node->outputs[0]->is_output)
            continue;
        OQ_TRY(oq_value_replace_uses(node->outputs[0], producer->inputs[0]));
        oq_node_remove(node);
        ctx->changed++;
    }
    return OQ_OK;
}
