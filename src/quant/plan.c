#include "quant/plan.h"

#include <math.h>
#include <string.h>

#include "ir/graph.h"

/* Tables start larger than the model, so that passes that add nodes rarely have to grow them. */
static oq_status grow_values(oq_plan *plan, int n)
{
    oq_plan_value *grown;

    if (n <= plan->n_values)
        return OQ_OK;
    grown = OQ_NEW_ARRAY(plan->arena, oq_plan_value, n);
    if (!grown)
        return OQ_NOMEM;
    if (plan->n_values)
        memcpy(grown, plan->values, (size_t)plan->n_values * sizeof *grown);
    for (int id = plan->n_values; id < n; id++)
        grown[id] = (oq_plan_value){.shared_with = -1,
                                    .lo = INFINITY,
                                    .hi = -INFINITY,
                                    .judge_lo = INFINITY,
                                    .judge_hi = -INFINITY,
                                    .clipped = -1,
                                    .reason = ""};
    plan->values = grown;
    plan->n_values = n;
    return OQ_OK;
}

static oq_status grow_nodes(oq_plan *plan, int n)
{
    oq_plan_node *grown;

    if (n <= plan->n_nodes)
        return OQ_OK;
    grown = OQ_NEW_ARRAY(plan->arena, oq_plan_node, n);
    if (!grown)
        return OQ_NOMEM;
    if (plan->n_nodes)
        memcpy(grown, plan->nodes, (size_t)plan->n_nodes * sizeof *grown);
    for (int id = plan->n_nodes; id < n; id++)
        grown[id] = (oq_plan_node){.kind = OQ_NODE_FLOAT, .reason = ""};
    plan->nodes = grown;
    plan->n_nodes = n;
    return OQ_OK;
}

oq_status oq_plan_fit(oq_plan *plan, const oq_model *model)
{
    OQ_TRY(grow_values(plan, model->n_values));
    return grow_nodes(plan, model->n_nodes);
}

oq_status oq_plan_new(const oq_model *model, const oq_quant_options *options, oq_arena *arena, oq_plan **out)
{
    oq_plan *plan = OQ_NEW(arena, oq_plan);

    if (!plan)
        return OQ_NOMEM;
    plan->arena = arena;
    plan->options = *options;
    OQ_TRY(oq_plan_fit(plan, model));
    *out = plan;
    return OQ_OK;
}

bool oq_plan_reads_quantized(const oq_plan *plan, oq_use use)
{
    return use.node->id < plan->n_nodes && use.index < 64 &&
           plan->nodes[use.node->id].quantized_inputs >> use.index & 1;
}

int oq_plan_owner(const oq_plan *plan, int id)
{
    while (plan->values[id].source == OQ_RANGE_SHARED && plan->values[id].shared_with >= 0)
        id = plan->values[id].shared_with;
    return id;
}

bool oq_plan_wants_range(const oq_plan *plan, int value_id)
{
    const oq_plan_value *value = &plan->values[value_id];

    return value->has_pair && !value->is_unobserved &&
           plan->values[oq_plan_owner(plan, value_id)].source == OQ_RANGE_OBSERVED;
}

static oq_status resolve_owner(oq_plan *plan, oq_plan_value *value, const char *name, oq_diag *diag)
{
    const oq_quant_options *options = &plan->options;
    oq_status status;

    if (value->has_qparams)
        return OQ_OK;
    if (value->lo > value->hi)
        OQ_FAIL(diag, OQ_RANGE,
                "value '%s' was never observed with finite numbers in calibration (%zu NaN or infinite); "
                "give samples that "
                "reach it, or leave it float with --exclude",
                name, value->n_not_finite);
    status = oq_qparams_from_range(value->lo, value->hi, options->activations, options->symmetric,
                                   options->reduce_range, options->mode, plan->arena, &value->qparams, diag);
    if (status != OQ_OK) {
        oq_diag_note(diag, "of value '%s'", name);
        return status;
    }
    value->has_qparams = true;
    return OQ_OK;
}

static oq_status resolve_value(oq_plan *plan, const oq_value *value, oq_diag *diag)
{
    oq_plan_value *own = &plan->values[value->id], *owner = &plan->values[oq_plan_owner(plan, value->id)];

    if (!own->has_pair)
        return OQ_OK;
    OQ_TRY(resolve_owner(plan, owner, value->name, diag));
    if (own != owner) {
        own->qparams = owner->qparams;
        own->has_qparams = true;
        own->lo = owner->lo;
        own->hi = owner->hi;
        own->clipped = owner->clipped;
    }
    return OQ_OK;
}

oq_status oq_plan_resolve(oq_plan *plan, const oq_model *model, oq_diag *diag)
{
    const oq_graph *graph = model->graph;

    for (int i = 0; i < graph->n_inputs; i++)
        OQ_TRY(resolve_value(plan, graph->inputs[i], diag));
    OQ_FOR_EACH_NODE (graph, node) {
        for (int i = 0; i < node->n_outputs; i++) {
            if (node->outputs[i])
                OQ_TRY(resolve_value(plan, node->outputs[i], diag));
        }
    }
    return OQ_OK;
}
