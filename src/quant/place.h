/* place: parts that the placements share. Private to quant/. */
#ifndef OQ_QUANT_PLACE_H
#define OQ_QUANT_PLACE_H

#include "quant/plan.h"

typedef struct oq_placer {
    oq_plan *plan;
    oq_graph *graph;
    bool grew;              /* an edge was added in this round */
    const bool *computable; /* by value id: calibration can reach it */
} oq_placer;

void oq_place_decide(oq_plan *plan, const oq_node *node, oq_plan_kind kind, const char *reason);
/* Why the user keeps this node float; NULL when he does not. */
const char *oq_place_user_choice(const oq_plan *plan, const oq_node *node);
bool oq_place_is_dequantized(const oq_value *value);
/* Both values take the same parameters. */
void oq_place_share(oq_plan *plan, const oq_value *value, const oq_value *with);

/* Seed mode: PyTorch's eager-mode observers (place_torch.c). */
oq_status oq_place_torch(oq_plan *plan, oq_model *model, oq_diag *diag);

#endif
