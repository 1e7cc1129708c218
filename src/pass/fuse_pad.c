/* fuse_pad: zero padding in front of a Conv becomes the Conv's own.
 *
 *     x -> Pad([0,0,t,l, 0,0,b,r], 0) -> Conv(pads p)    =>    x -> Conv(pads p + [t,l, b,r])
 *
 * Exact: a Conv pads with zeros too. A Pad between quantized values would run in float. Must not fire for
 * another mode or value than constant 0, when batch or channels are padded, for negative pads (they crop),
 * when auto_pad computes the pads from the padded size, or when the Pad has another reader. Flags: EXACT.
 */
#include <string.h>

#include "pass/edit.h"

/* Constant fill of 0: input 2 omitted, or the number zero. */
static bool fills_with_zero(const oq_node *pad)
{
    const oq_tensor *fill = oq_node_input_constant(pad, 2);
    float value = 1.0f;

    if (strcmp(oq_node_string(pad, "mode", "constant"), "constant") != 0 || oq_node_input(pad, 3))
        return false;
    return !oq_node_input(pad, 2) ||
           (fill && fill->n_elements == 1 && oq_tensor_floats(fill, &value) && value == 0.0f);
}

/* The Pad's sizes as [begin of each axis, end of each axis]; NULL when they cannot become a Conv's. */
static const int64_t *spatial_pads(const oq_node *pad, int rank, oq_arena *arena)
{
    size_t n;
    const int64_t *pads = oq_node_input_ints(pad, 1, arena, &n);

    if (!pads || n != 2 * (size_t)rank)
        return NULL;
    for (int i = 0; i < 2 * rank; i++) {
        if (pads[i] < 0 || (i % rank < 2 && pads[i] != 0))
            return NULL;
    }
    return pads;
}

static bool has_explicit_pads(const oq_node *conv)
{
    const char *auto_pad = oq_node_string(conv, "auto_pad", "NOTSET");

    return strcmp(auto_pad, "NOTSET") == 0 || strcmp(auto_pad, "VALID") == 0;
}

static oq_status fuse(oq_node *pad, oq_node *conv, const int64_t *pads, int rank, oq_pass_ctx *ctx)
{
    int n_spatial = rank - 2;
    int64_t sum[2 * OQ_MAX_RANK];
    size_t n;
    const int64_t *own = oq_node_ints(conv, "pads", &n);

    for (int i = 0; i < n_spatial; i++) {
        sum[i] = pads[2 + i] + (n ? own[i] : 0);
        sum[n_spatial + i] = pads[rank + 2 + i] + (n ? own[n_spatial + i] : 0);
    }
    OQ_TRY(oq_node_set_ints(conv, "pads", sum, 2 * (size_t)n_spatial));
    oq_node_remove_attr(conv, "auto_pad");
    OQ_TRY(oq_node_set_input(conv, 0, pad->inputs[0]));
    oq_node_remove(pad);
    ctx->changed++;
    return OQ_OK;
}

oq_status oq_fuse_pad(oq_graph *graph, oq_pass_ctx *ctx)
{
    oq_node *node, *next;

    OQ_FOR_EACH_NODE_SAFE (graph, node, next) {
        oq_node *conv = oq_node_is(node, "Pad") ? oq_node_single_reader(node) : NULL;
        int rank = conv && oq_node_input(node, 0) ? node->inputs[0]->shape.rank : -1;
        const int64_t *pads;
        size_t n;

        if (!conv || !oq_node_is(conv, "Conv") || conv->inputs[0] != node->outputs[0] || rank < 3 ||
            !fills_with_zero(node) || !has_explicit_pads(conv))
            continue;
        oq_node_ints(conv, "pads", &n);
        pads = spatial_pads(node, rank, ctx->arena);
        if (pads && (n == 0 || n == 2 * (size_t)(rank - 2)))
            OQ_TRY(fuse(node, conv, pads, rank, ctx));
    }
    return OQ_OK;
}
