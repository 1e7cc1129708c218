/* weight: scales of a unit's weight, and where its bias is. */
#ifndef OQ_QUANT_WEIGHT_H
#define OQ_QUANT_WEIGHT_H

#include "ir/graph.h"
#include "quant/plan.h"

/* Where the constant bias of a unit is read: by the unit itself, or, for a MatMul with a constant weight, by
 * the Add that alone reads its product. holder NULL: there is none. */
typedef struct oq_unit_bias {
    oq_node *holder;
    int input;
} oq_unit_bias;
oq_unit_bias oq_find_unit_bias(oq_node *unit);
/* A Conv, ConvTranspose or Gemm that has none but could. */
bool oq_unit_lacks_bias(const oq_node *unit);
/* No Gemm whose alpha or beta scales product or bias once more. */
bool oq_unit_is_unscaled(const oq_node *unit);

/* Is node a FakeQuant of ours? A file may hold nodes of that name too. False for NULL. */
bool oq_is_fake_quant(const oq_node *node);
/* Constant scale of the pair (FakeQuant or DequantizeLinear) that makes value; NULL when there is none. */
const oq_tensor *oq_pair_scale(const oq_value *value);

/* Axis of the scales of weight input `tensor` of node under plan's options; -1: one for the tensor. */
int oq_weight_axis(const oq_node *node, const oq_plan *plan, const oq_tensor *tensor);
/* Scale of the activation that the unit reads quantized; 0 when it reads float. */
float oq_unit_activation_scale(const oq_node *node, const oq_plan *plan);
/* Parameters of the constant weight on that input, with the int32 guard of the bias (NUMERICS 2): a channel
 * with tiny weights and a large bias gets a larger scale. The result lives in plan->arena. OQ_RANGE names
 * weight and node. */
oq_status oq_weight_params(oq_node *node, int input, const oq_plan *plan, oq_arena *scratch, oq_qparams *out,
                           oq_diag *diag);

#endif
