/* conversion: the state of one conversion, shared by convert.c and judge.c. */
#ifndef OQ_API_CONVERSION_H
#define OQ_API_CONVERSION_H

#include "api/api.h"

typedef struct oq_conversion {
    oq_model *model;     /* being converted, in place */
    oq_model *reference; /* as it was cleaned, before anything was quantized; NULL: nothing to judge with */
    oq_model *
        equalized; /* the float model with factors per channel: what the weights were fitted on; NULL: none */
    oq_model *judged; /* the same, quantized with ranges that know nothing of the held-out samples */
    const oq_options *options;
    oq_arena *arena;
    oq_pool *pool;
    oq_dataset *dataset; /* NULL: no data */
    oq_plan *plan;
    oq_pass_result *results;
    size_t *calibration, *held_out; /* sample numbers */
    oq_kept_outputs kept;           /* of the float model on the held-out samples */
    oq_verify_result verify;
    oq_api_progress progress;
    oq_facts facts;
    oq_buf notes; /* one line each: what the user should know beside the figures */
    double started;
    bool stopped; /* --stop-after was reached */
    oq_diag *diag;
} oq_conversion;

/* Run the passes `which` over model; results NULL: silently (no dumps, no stop). */
oq_status oq_conversion_passes(oq_conversion *c, oq_model *model, unsigned which, oq_plan *plan,
                               oq_pass_result *results);
/* One pass of the table over model, silently. */
oq_status oq_conversion_pass(oq_conversion *c, oq_model *model, const char *name, oq_plan *plan);
/* Keep the cleaned graph, before anything is quantized. */
oq_status oq_conversion_make_reference(oq_conversion *c);
/* Ranges of the values the plan wants observed. kept: takes the outputs on held-out samples; NULL: nobody
 * wants them. */
oq_status oq_conversion_observe(oq_conversion *c, oq_kept_outputs *kept);
/* Factors per channel: watch the channels, edit c->model, plan anew. Behind calibration. */
oq_status oq_conversion_equalize(oq_conversion *c);
/* Weights and biases fitted layer by layer; the results are in c->plan. */
oq_status oq_conversion_fit(oq_conversion *c);
/* The plan of a clone of c->model, with the ranges that know nothing of the held-out samples. */
oq_status oq_conversion_judge_plan(const oq_conversion *c, oq_model *clone, oq_plan **out);
/* Compare what was made with the reference on the held-out samples: fills c->verify and facts. */
oq_status oq_conversion_judge(oq_conversion *c);

#endif
