/* calibrate: run the float graph over samples and observe the values a plan wants ranges for. */
#ifndef OQ_QUANT_CALIBRATE_H
#define OQ_QUANT_CALIBRATE_H

#include "data/dataset.h"
#include "exec/exec.h"
#include "quant/observer.h"
#include "quant/plan.h"
#include "quant/sampling.h"

/* What the float model gives for the held-out samples: they are run anyway, and verification wants just this.
 * All or nothing: above the limit nothing is kept. */
typedef struct oq_kept_outputs {
    size_t limit;      /* bytes; set by the caller */
    oq_arena *arena;   /* of the caller: where the arrays lie */
    oq_array *outputs; /* [held-out sample][graph output]; NULL: not kept */
} oq_kept_outputs;

typedef struct oq_calibrate_options {
    const oq_observer_kind *observer;
    const size_t *samples; /* which samples, in order */
    size_t n_samples;
    /* Held-out samples, observed after the others: the final ranges come from all samples, the judge ranges
     * (plan->values[].judge_lo, judge_hi) from `samples` alone. */
    const size_t *held_out;
    size_t n_held_out;
    oq_kept_outputs *kept; /* NULL: nothing is kept */
    oq_progress_fn *progress;
    void *progress_arg;
} oq_calibrate_options;

/* Fills lo, hi, judge_lo, judge_hi and n_not_finite of each value with oq_plan_wants_range(). Same result for
 * any pool size. OQ_CANCELLED when progress says so. */
oq_status oq_calibrate(oq_plan *plan, oq_model *model, const oq_dataset *dataset,
                       const oq_calibrate_options *options, oq_pool *pool, oq_diag *diag);

#endif
