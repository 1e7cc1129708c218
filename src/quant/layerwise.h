/* layerwise: fit the weights of each unit to its inputs as they really are, layer by layer
 * (accuracy-recipe.md, step 4).
 *
 * Two streams of the same samples run side by side: the float graph, and the graph with rounded activations.
 * When they reach a unit its weights are rounded with regard to the inputs of the rounded stream (gptq.h),
 * its gain and bias corrected by what then still differs from the float stream (moments.h), and the rounded
 * stream goes on with the result: what one layer loses the next one knows of.
 *
 * Live values of all samples are held, two streams of them; never all values of one.
 */
#ifndef OQ_QUANT_LAYERWISE_H
#define OQ_QUANT_LAYERWISE_H

#include "quant/calibrate.h"
#include "quant/plan.h"

typedef struct oq_layerwise_options {
    const size_t *samples;
    size_t n_samples;
    double damping;    /* of the Hessian: 0.01 */
    bool second_order; /* else weights are rounded to nearest */
    bool correct_bias; /* off for models whose state is fed back */
    bool refit_gain;   /* off as well, and with fewer than 16 samples */
    double gain_floor; /* 0.03 */
    size_t live;       /* bytes of live values, both streams of all samples; with more samples than fit, as
                        * many evenly spread ones as do, but 4; 0: no limit */
    size_t memory;     /* bytes for rows of one unit; 0: 64 MiB */
    oq_progress_fn *progress;
    void *progress_arg;
} oq_layerwise_options;

/* reference: the float model; rounded: a clone of it with FakeQuant on the activations, planned by plan
 * (whose values and nodes are the clone's) and changed by this. Fills plan->nodes[].fit of each unit with a
 * constant weight. Same result for any pool size. OQ_CANCELLED when progress says so. */
oq_status oq_layerwise(oq_model *reference, oq_model *rounded, oq_plan *plan, const oq_dataset *dataset,
                       const oq_layerwise_options *options, oq_pool *pool, oq_diag *diag);

#endif
