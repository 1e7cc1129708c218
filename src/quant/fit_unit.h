/* fit_unit: one unit of the layer-by-layer fit: round its weight, refit its gain, correct its bias. */
#ifndef OQ_QUANT_FIT_UNIT_H
#define OQ_QUANT_FIT_UNIT_H

#include "quant/lanes.h"
#include "quant/layerwise.h"

typedef struct oq_fit_unit {
    oq_node *node; /* of the rounded graph; its weight is its own */
    oq_program *program;
    size_t step;            /* of the node; every step in front of it has run in all lanes */
    const oq_value *result; /* the unit's result in the float graph */
    oq_lanes *lanes;
    oq_plan *plan;
    const oq_layerwise_options *options;
    oq_pool *pool;
    oq_diag *diag;
} oq_fit_unit;

/* Afterwards the step has run in all lanes with the fitted weight, and plan->nodes[node->id].fit tells it. */
oq_status oq_fit_unit_run(const oq_fit_unit *job);

#endif
