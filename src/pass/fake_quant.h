/* fake_quant: making FakeQuant nodes, shared by the passes that quantize values, weights and biases. */
#ifndef OQ_PASS_FAKE_QUANT_H
#define OQ_PASS_FAKE_QUANT_H

#include "quant/plan.h"

/* New onnxq.FakeQuant node on value, in front of `before` (NULL: at the end), nobody reading it yet. NULL: no
 * memory. */
oq_node *oq_add_fake_quant(oq_value *value, const oq_qparams *q, oq_qmode mode, oq_node *before);

#endif
