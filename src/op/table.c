/* table: the operators of all families, and how a node finds its row. */
#include <string.h>

#include "op/families.h"

/* Adding a family: declare its rows in families.h, list them here. */
static const oq_op *const families[] = {
    oq_ops_activation,
    oq_ops_affine_grid,
    oq_ops_attention,
    oq_ops_batchnorm,
    oq_ops_bits,
    oq_ops_cast,
    oq_ops_classify,
    oq_ops_col2im,
    oq_ops_constant,
    oq_ops_contrib_activation,
    oq_ops_contrib_attention,
    oq_ops_contrib_fused,
    oq_ops_contrib_norm,
    oq_ops_contrib_qlinear,
    oq_ops_control,
    oq_ops_conv,
    oq_ops_conv_transpose,
    oq_ops_crop,
    oq_ops_deform_conv,
    oq_ops_det,
    oq_ops_dynamic_quantize,
    oq_ops_einsum,
    oq_ops_elementwise,
    oq_ops_fourier,
    oq_ops_gather,
    oq_ops_global_pool,
    oq_ops_grid_sample,
    oq_ops_linear_attention,
    oq_ops_loss,
    oq_ops_lrn,
    oq_ops_math,
    oq_ops_matmul,
    oq_ops_max_unpool,
    oq_ops_move,
    oq_ops_nms,
    oq_ops_norm,
    oq_ops_pool,
    oq_ops_qlinear,
    oq_ops_quantize,
    oq_ops_recurrent,
    oq_ops_reduce,
    oq_ops_refused,
    oq_ops_resize,
    oq_ops_reverse,
    oq_ops_roi,
    oq_ops_scan,
    oq_ops_scatter,
    oq_ops_select,
    oq_ops_sequence,
    oq_ops_shape,
    oq_ops_signal,
    oq_ops_softmax,
    oq_ops_strings,
    oq_ops_tensor_scatter,
    oq_ops_tfidf,
    oq_ops_trig,
    oq_ops_unique,
    NULL,
};

const oq_op *oq_op_at(size_t i)
{
    for (size_t f = 0; families[f]; f++) {
        for (const oq_op *row = families[f]; row->name; row++) {
            if (i-- == 0)
                return row;
        }
    }
    return NULL;
}

static const oq_op *find_in(const oq_op *rows, const char *domain, const char *name, int opset)
{
    const oq_op *best = NULL;

    for (const oq_op *row = rows; row->name; row++) {
        if (row->since <= opset && strcmp(row->name, name) == 0 && strcmp(row->domain, domain) == 0)
            best = row;
    }
    return best;
}

const oq_op *oq_op_find(const char *domain, const char *name, int opset)
{
    const oq_op *row = NULL;

    for (size_t f = 0; families[f] && !row; f++)
        row = find_in(families[f], domain, name, opset);
    return row;
}

void oq_op_resolve(oq_node *node)
{
    int64_t opset = oq_model_opset(node->graph->model, node->domain);

    if (opset == 0 && strcmp(node->domain, "onnxq") == 0)
        opset = 1; /* our own internal operators need no import */
    node->opset = (int)opset;
    node->op = oq_op_find(node->domain, node->op_type, node->opset);
}

int oq_op_weight_axis(const oq_node *node, int rank)
{
    if (oq_node_is(node, "Conv"))
        return 0;
    if (oq_node_is(node, "ConvTranspose"))
        return 1;
    if (oq_node_is(node, "Gemm"))
        return oq_node_int(node, "transB", 0) ? 0 : 1;
    if (oq_node_is(node, "MatMul"))
        return rank - 1;
    if (oq_node_is(node, "LSTM") || oq_node_is(node, "GRU") || oq_node_is(node, "RNN"))
        return 1;
    return -1;
}

const char *oq_rule_name(oq_rule rule)
{
    static const char *const names[OQ_N_RULES] = {
        [OQ_RULE_NONE] = "float",          [OQ_RULE_WEIGHTED] = "weighted",
        [OQ_RULE_MATMUL] = "matmul",       [OQ_RULE_ELEMENTWISE] = "elementwise",
        [OQ_RULE_SAME] = "same",           [OQ_RULE_ABSORB] = "absorb",
        [OQ_RULE_FIXED] = "fixed",         [OQ_RULE_JOIN] = "join",
        [OQ_RULE_GATHER] = "gather",       [OQ_RULE_POOL] = "pool",
        [OQ_RULE_RECURRENT] = "recurrent", [OQ_RULE_QUANT] = "quantization",
    };

    return (unsigned)rule < OQ_N_RULES ? names[rule] : "?";
}
