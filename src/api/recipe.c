/* recipe: what makes the conversion accurate beyond ranges: factors per channel, and weights fitted layer by
 * layer (accuracy-recipe.md). Both know the calibration samples only, not those that judge.
 */
#include <math.h>
#include <string.h>

#include "api/conversion.h"
#include "ir/graph.h"
#include "pass/equalize.h"
#include "quant/channels.h"
#include "quant/layerwise.h"

#define CHANNEL_VALUES ((size_t)400000)
#define REFIT_SAMPLES  16                  /* fewest for the gain */
#define LIVE_BYTES     ((size_t)128 << 20) /* of both streams of all samples */

/* ---- equalization */

static size_t list_wishes(const oq_conversion *c, oq_channel_wish *wishes)
{
    const oq_graph *graph = c->model->graph;
    size_t n = 0;
    int axis;

    for (int i = 0; i < graph->n_inputs; i++) {
        size_t channels = oq_equalize_candidate(c->plan, graph->inputs[i], &axis);

        if (channels)
            wishes[n++] = (oq_channel_wish){graph->inputs[i], axis, channels};
    }
    OQ_FOR_EACH_NODE (graph, node) {
        for (int i = 0; i < node->n_outputs; i++) {
            size_t channels = node->outputs[i] ? oq_equalize_candidate(c->plan, node->outputs[i], &axis) : 0;

            if (channels)
                wishes[n++] = (oq_channel_wish){node->outputs[i], axis, channels};
        }
    }
    return n;
}

static bool is_observed(const oq_plan_value *v)
{
    return v->lo <= v->hi;
}

/* The group's owner takes the ranges that its members brought along. */
static void widen(oq_plan_value *owner, const oq_plan_value *member)
{
    owner->lo = fminf(owner->lo, member->lo);
    owner->hi = fmaxf(owner->hi, member->hi);
    owner->judge_lo = fminf(owner->judge_lo, member->judge_lo);
    owner->judge_hi = fmaxf(owner->judge_hi, member->judge_hi);
}

/* Pairs that stand elsewhere now have no range yet: those alone are observed. */
static oq_status observe_missing(oq_conversion *c)
{
    oq_plan *plan = c->plan;
    oq_plan_value *before = oq_arena_copy(c->arena, plan->values, (size_t)plan->n_values * sizeof *before);
    bool *known = OQ_NEW_ARRAY(c->arena, bool, plan->n_values), any = false;
    oq_status status = OQ_OK;

    if (!known || !before)
        return OQ_NOMEM;
    for (int id = 0; id < plan->n_values; id++)
        known[id] = oq_plan_wants_range(plan, id) && is_observed(&plan->values[id]);
    for (int id = 0; id < plan->n_values; id++) {
        any |= oq_plan_wants_range(plan, id) && !known[id];
        if (known[id])
            plan->values[id].is_unobserved = true;
    }
    if (any)
        status = oq_conversion_observe(c, NULL);
    for (int id = 0; id < plan->n_values; id++) {
        if (known[id]) {
            plan->values[id].is_unobserved = false;
            widen(&plan->values[oq_plan_owner(plan, id)], &before[id]);
        }
    }
    return status;
}

/* Decide placement again for the edited graph; ranges stay, by value. */
static oq_status plan_again(oq_conversion *c)
{
    oq_plan *old = c->plan, *plan;

    OQ_TRY(oq_plan_new(c->model, &old->options, c->arena, &plan));
    OQ_TRY(oq_plan_place(plan, c->model, c->diag));
    for (int id = 0; id < plan->n_values && id < old->n_values; id++) {
        const oq_plan_value *from = &old->values[id];
        oq_plan_value *to = &plan->values[id];

        if (from->source == OQ_RANGE_SHARED && !from->is_equalized)
            continue; /* it had the range of its group */
        to->lo = from->lo;
        to->hi = from->hi;
        to->judge_lo = from->judge_lo;
        to->judge_hi = from->judge_hi;
        to->n_not_finite = from->n_not_finite;
        to->is_equalized = from->is_equalized;
        if (from->is_equalized && to->source == OQ_RANGE_FIXED)
            to->source = OQ_RANGE_OBSERVED;
    }
    c->plan = plan;
    c->facts.plan = plan;
    OQ_TRY(observe_missing(c));
    return oq_plan_resolve(plan, c->model, c->diag);
}

oq_status oq_conversion_equalize(oq_conversion *c)
{
    oq_channel_wish *wishes = OQ_NEW_ARRAY(c->arena, oq_channel_wish, c->model->n_values + 1);
    oq_channels_options options = {.samples = c->calibration,
                                   .held_out = c->held_out,
                                   .n_samples = c->facts.n_calibrated,
                                   .n_held_out = c->facts.judged_on_calibration ? 0 : c->facts.n_held_out,
                                   .values = CHANNEL_VALUES,
                                   .progress = oq_api_report_progress,
                                   .progress_arg = &c->progress};
    size_t n;

    if (!wishes)
        return OQ_NOMEM;
    n = list_wishes(c, wishes);
    if (n == 0 || options.n_samples < 2 || c->options->plan)
        return OQ_OK;
    OQ_TRY(oq_channels_collect(c->plan, c->model, c->dataset, wishes, n, &options, c->pool, c->diag));
    OQ_TRY(oq_conversion_passes(c, c->model, OQ_PASS_EQUALIZE, c->plan, c->results));
    return plan_again(c);
}

/* ---- weights */

/* An input after the first that has the shape of an output: a state that is fed back. */
static bool is_stateful(const oq_graph *graph)
{
    for (int i = 1; i < graph->n_inputs; i++) {
        const oq_shape *in = &graph->inputs[i]->shape;

        for (int o = 0; o < graph->n_outputs; o++) {
            const oq_shape *out = &graph->outputs[o]->shape;
            bool same = in->rank > 0 && in->rank == out->rank;

            for (int d = 0; same && d < in->rank; d++)
                same = in->dims[d].size == out->dims[d].size && in->dims[d].size > 0;
            if (same)
                return true;
        }
    }
    return false;
}

oq_status oq_conversion_fit(oq_conversion *c)
{
    bool corrects = !is_stateful(c->model->graph);
    oq_layerwise_options options = {.samples = c->calibration,
                                    .n_samples = c->facts.n_calibrated,
                                    .damping = 0.01,
                                    .second_order = true,
                                    .correct_bias = corrects,
                                    .refit_gain = corrects && c->facts.n_calibrated >= REFIT_SAMPLES,
                                    .gain_floor = 0.03,
                                    .live = LIVE_BYTES,
                                    .progress = oq_api_report_progress,
                                    .progress_arg = &c->progress};
    oq_model *rounded;
    oq_plan *plan;
    oq_status status;

    if (c->plan->options.weights == OQ_UNDEFINED)
        return OQ_OK;
    c->equalized = oq_model_clone(c->model);
    rounded = oq_model_clone(c->model);
    status = c->equalized && rounded ? oq_conversion_judge_plan(c, rounded, &plan) : OQ_NOMEM;
    if (status == OQ_OK)
        status = oq_conversion_pass(c, rounded, "fake_quant", plan);
    if (status == OQ_OK)
        status = oq_layerwise(c->equalized, rounded, plan, c->dataset, &options, c->pool, c->diag);
    for (int id = 0; status == OQ_OK && id < c->plan->n_nodes && id < plan->n_nodes; id++)
        c->plan->nodes[id].fit = plan->nodes[id].fit;
    oq_model_destroy(rounded);
    return status;
}
