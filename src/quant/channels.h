/* channels: what each channel of a value did over the samples, for equalizer.h. */
#ifndef OQ_QUANT_CHANNELS_H
#define OQ_QUANT_CHANNELS_H

#include "quant/calibrate.h"

/* A value to watch. */
typedef struct oq_channel_wish {
    const oq_value *value;
    int axis; /* of the channels: 1, or -1 for the last */
    size_t n; /* channels */
} oq_channel_wish;

typedef struct oq_channels_options {
    const size_t *samples, *held_out; /* as in oq_calibrate_options */
    size_t n_samples, n_held_out;
    size_t values; /* kept per wish over all samples: 400 000 */
    oq_progress_fn *progress;
    void *progress_arg;
} oq_channels_options;

/* Run the float graph over all samples and fill plan->channels (in plan->arena) for each wish. Sample i
 * is in fold i mod OQ_FOLDS (fewer folds when there are fewer samples). Same result for any pool size.
 * OQ_CANCELLED when progress says so. */
oq_status oq_channels_collect(oq_plan *plan, oq_model *model, const oq_dataset *dataset,
                              const oq_channel_wish *wishes, size_t n_wishes,
                              const oq_channels_options *options, oq_pool *pool, oq_diag *diag);

#endif
