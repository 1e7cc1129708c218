/* judge: how good the conversion is, on samples it has not seen.
 *
 * The file that is written takes its ranges from all samples: each one given makes it better. Judging that
 * file on some of them would flatter it. So a twin is made with the ranges of the other samples alone, and
 * the figure reported is that of the twin's integer run on the held-out samples; where holding out changed no
 * range the twin is the file itself.
 *
 * Two more things are shown on a few of these samples, since both simulate the quantized graph in float,
 * which takes longer than all else: that each integer unit of the written file computes what was simulated,
 * and how far each layer is from the float model's.
 */
#include <string.h>

#include "api/conversion.h"
#include "ir/graph.h"

/* A quarter of the held-out samples, at most 2: each one compares every code of every unit. */
#define PROOF_SHARE 4
#define PROOF_MOST  2

oq_status oq_conversion_make_reference(oq_conversion *c)
{
    if (!c->dataset || c->facts.n_held_out == 0)
        return OQ_OK;
    c->reference = oq_model_clone(c->model);
    return c->reference ? OQ_OK : OQ_NOMEM;
}

/* Did any held-out sample reach beyond the others? */
static bool ranges_differ(const oq_plan *plan)
{
    for (int id = 0; id < plan->n_values; id++) {
        const oq_plan_value *v = &plan->values[id];

        if (v->source == OQ_RANGE_OBSERVED && v->judge_lo <= v->judge_hi &&
            (v->lo != v->judge_lo || v->hi != v->judge_hi))
            return true;
    }
    return false;
}

/* The plan with judge ranges for the twin, whose values have the same ids: the same file went through the
 * same passes. */
oq_status oq_conversion_judge_plan(const oq_conversion *c, oq_model *clone, oq_plan **out)
{
    oq_plan *plan;

    OQ_TRY(oq_plan_new(clone, &c->plan->options, c->arena, &plan));
    *out = plan;
    for (int id = 0; id < plan->n_values && id < c->plan->n_values; id++) {
        const oq_plan_value *from = &c->plan->values[id];
        oq_plan_value *to = &plan->values[id];

        if (from->source == OQ_RANGE_WEIGHT)
            continue;
        *to = *from;
        if (from->source == OQ_RANGE_OBSERVED || from->source == OQ_RANGE_SHARED) {
            to->has_qparams = false;
            to->lo = from->judge_lo;
            to->hi = from->judge_hi;
        }
    }
    if (c->plan->n_nodes && plan->n_nodes)
        memcpy(plan->nodes, c->plan->nodes,
               (size_t)(plan->n_nodes < c->plan->n_nodes ? plan->n_nodes : c->plan->n_nodes) *
                   sizeof *plan->nodes);
    return oq_plan_resolve(plan, clone, c->diag);
}

static oq_status make_twin(oq_conversion *c)
{
    oq_plan *plan;

    c->judged = oq_model_clone(c->equalized ? c->equalized : c->reference);
    if (!c->judged)
        return OQ_NOMEM;
    OQ_TRY(oq_conversion_judge_plan(c, c->judged, &plan));
    return oq_conversion_passes(c, c->judged, OQ_PASS_QUANT, plan, NULL);
}

/* The integer run of model against the float run of the reference, on all held-out samples. */
static oq_status judge(oq_conversion *c, oq_model *model)
{
    oq_verify_options options = {.samples = c->held_out,
                                 .n_samples = c->facts.n_held_out,
                                 .reference_outputs = c->kept.outputs,
                                 .with_outputs = true,
                                 .integer_only = true,
                                 .progress = oq_api_report_progress,
                                 .progress_arg = &c->progress};

    return oq_verify(c->reference, model, c->dataset, &options, c->pool, c->arena, &c->verify, c->diag);
}

/* Each integer unit of the written file against what was simulated, and each layer against the float one. */
static oq_status prove(oq_conversion *c)
{
    size_t n = (c->facts.n_held_out + PROOF_SHARE - 1) / PROOF_SHARE;
    oq_verify_options options = {.samples = c->held_out,
                                 .n_samples = n < PROOF_MOST ? n : PROOF_MOST,
                                 .with_layers = true,
                                 .with_codes = true,
                                 .progress = oq_api_report_progress,
                                 .progress_arg = &c->progress};
    oq_verify_result proof;
    /* layers whose channels were scaled are compared in that form */
    oq_model *reference = c->equalized ? c->equalized : c->reference;

    OQ_TRY(oq_verify(reference, c->model, c->dataset, &options, c->pool, c->arena, &proof, c->diag));
    c->verify.layers = proof.layers;
    c->verify.n_layers = proof.n_layers;
    c->verify.n_codes = proof.n_codes;
    c->verify.n_codes_differ = proof.n_codes_differ;
    c->verify.n_ties = proof.n_ties;
    c->verify.n_proof_samples = proof.n_samples;
    return OQ_OK;
}

oq_status oq_conversion_judge(oq_conversion *c)
{
    double begun = oq_api_now();

    if (!c->reference)
        return OQ_OK;
    if (!c->facts.judged_on_calibration && ranges_differ(c->plan)) {
        OQ_TRY(make_twin(c));
        OQ_TRY(judge(c, c->judged));
        oq_model_destroy(c->judged);
        c->judged = NULL;
    } else {
        OQ_TRY(judge(c, c->model));
    }
    OQ_TRY(prove(c));
    c->facts.verify = &c->verify;
    c->facts.verify_seconds = oq_api_now() - begun;
    return OQ_OK;
}
