/* bias: quantize the bias of a unit to int32 at the scale of its accumulator.
 *
 *     FakeQuant(x; s_x), FakeQuant(W; s_w[c]), b -> Conv    =>    b becomes FakeQuant(b; s_x * s_w[c], 0) as
 * int32
 *
 * The bias of a MatMul is the constant vector that the Add behind it adds: runtimes join the two into one
 * Gemm, which runs in integers only with an int32 bias. A bias shared by two units gets a pair of its own for
 * each: their scales differ. Must not fire when the activation is read in float (weight-only) or the weight
 * is float, for a Gemm with beta other than 1 (runtimes then leave the node float anyway), for a computed C,
 * for a ConvTranspose whose per-channel weight scales do not match its bias, and for a bias that would
 * saturate at the scales the model brought along. Flags: QUANT.
 */
#include <math.h>

#include "pass/edit.h"
#include "pass/fake_quant.h"
#include "quant/weight.h"

/* A Gemm whose beta is not 1 scales its bias once more. */
static bool scales_bias(const oq_node *node)
{
    return oq_node_is(node, "Gemm") && oq_node_float(node, "beta", 1.0f) != 1.0f;
}

static oq_status bias_params(const oq_tensor *s_x, const oq_tensor *s_w, oq_arena *arena, oq_qparams *out)
{
    size_t n = s_w->n_elements;
    float *scale = OQ_NEW_ARRAY(arena, float, n), x;
    int32_t *zero_point = OQ_NEW_ARRAY(arena, int32_t, n);

    if (!scale || !zero_point)
        return OQ_NOMEM;
    oq_tensor_floats(s_x, &x);
    oq_tensor_floats(s_w, scale);
    for (size_t c = 0; c < n; c++)
        scale[c] = x * scale[c]; /* float32: readers compare it with this very product */
    *out = (oq_qparams){.dtype = OQ_INT32,
                        .axis = s_w->rank == 0 ? -1 : 0,
                        .n = n,
                        .scale = scale,
                        .zero_point = zero_point,
                        .qmin = INT32_MIN,
                        .qmax = INT32_MAX};
    return OQ_OK;
}

/* Scales of ours leave room for the bias (per_channel); those the model brought along may not. */
static bool saturates(const oq_tensor *bias, const oq_qparams *q, oq_arena *scratch)
{
    const float *b = oq_tensor_as_floats(bias, scratch);

    for (size_t c = 0; b && c < bias->n_elements; c++) {
        if (!(fabs((double)b[c] / (double)q->scale[q->n == 1 ? 0 : c]) <= INT32_MAX))
            return true;
    }
    return false;
}

static oq_status quantize_bias(oq_node *node, oq_pass_ctx *ctx)
{
    oq_unit_bias at = oq_find_unit_bias(node);
    oq_value *value = at.holder ? at.holder->inputs[at.input] : NULL;
    const oq_tensor *bias = oq_value_constant(value), *s_x = oq_pair_scale(node->inputs[0]),
                    *s_w = oq_pair_scale(node->inputs[1]);
    oq_qparams q;
    oq_node *pair;

    if (!value || !bias || !s_x || s_x->n_elements != 1 || !s_w ||
        (s_w->n_elements != 1 && s_w->n_elements != bias->n_elements))
        return OQ_OK;
    OQ_TRY(bias_params(s_x, s_w, ctx->plan->arena, &q));
    if (ctx->plan->options.mode != OQ_QMODE_TORCH && saturates(bias, &q, ctx->arena)) {
        oq_pass_note(ctx, "bias '%s' stays float: at the model's own scales it exceeds 32 bits", value->name);
        return OQ_OK;
    }
    pair = oq_add_fake_quant(value, &q, ctx->plan->options.mode, at.holder);
    if (!pair)
        return OQ_NOMEM;
    OQ_TRY(oq_plan_fit(ctx->plan, node->graph->model));
    ctx->plan->values[value->id] = (oq_plan_value){.has_pair = true,
                                                   .source = OQ_RANGE_WEIGHT,
                                                   .shared_with = -1,
                                                   .qparams = q,
                                                   .has_qparams = true,
                                                   .reason = "bias of a unit"};
    ctx->changed++;
    return oq_node_set_input(at.holder, at.input, pair->outputs[0]);
}

oq_status oq_bias(oq_graph *graph, oq_pass_ctx *ctx)
{
    OQ_FOR_EACH_NODE (graph, node) {
        if (node->id < ctx->plan->n_nodes && ctx->plan->nodes[node->id].kind == OQ_NODE_INTEGER &&
            !scales_bias(node))
            OQ_TRY(quantize_bias(node, ctx));
    }
    return OQ_OK;
}
