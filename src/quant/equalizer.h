/* equalizer: per-channel factors of a tensor that units read (accuracy-recipe.md, steps 2 and 2b).
 *
 * A tensor t that is rounded with one scale per tensor loses its quiet channels. With t' = t / s per channel
 * and the readers' weights times s the product is the same and the rounding is not. What is lost is estimated
 * on samples the parameters were not made from: up to four folds of them, each scored with the others'
 * parameters.
 *
 *     a_c = max(hi_c, -lo_c), floor 1e-3 of the largest      w_c = max |W[:, c]|, floor 1e-3 of the largest
 *     s_c = a_c^alpha / w_c^beta, geometric mean 1, within 2^-8 .. 2^8
 *     score(s) = sum_c mean(e_c^2) s_c^2 sum W[:, c]^2                        rounding of t
 *              + 0.3 sum_o (max_c |W[o, c]| s_c / 127)^2 / 12 sum_c mean(x_c^2) / s_c^2      of the weights
 *
 * A shift m (the middle of each channel) is taken off before rounding where every reader can take W m into
 * its bias. Numbers only: pass/equalize.c edits the graph.
 */
#ifndef OQ_QUANT_EQUALIZER_H
#define OQ_QUANT_EQUALIZER_H

#include <stdbool.h>

#include "base/arena.h"
#include "ir/ir.h"

#define OQ_FOLDS 4

/* One part of the samples. */
typedef struct oq_channel_fold {
    float *lo, *hi; /* n: least and largest value */
    double *square; /* n: mean of x^2 */
    float *rows;    /* n_rows x n: values of all channels at random positions */
    size_t n_rows;
} oq_channel_fold;

typedef struct oq_channels {
    size_t n;
    int n_folds; /* 2..OQ_FOLDS: sample i belongs to fold i mod n_folds */
    oq_channel_fold fold[OQ_FOLDS];
    float *held_lo, *held_hi; /* n: extremes over the held-out samples; NULL: there are none */
} oq_channels;

/* One reader of the tensor. */
typedef struct oq_equalize_reader {
    const double
        *square; /* n: sum of W[o, c, tap]^2 over outputs and taps; for a float reader its importance */
    const float *largest; /* n_out x n: max over taps of |W[o, c, tap]|, 0 where o does not read c */
    size_t n_out;         /* 0: a float reader, which has no weights to round */
} oq_equalize_reader;

typedef struct oq_equalize_options {
    double threshold;      /* 0.02: factors must lower the score by this share */
    double node_threshold; /* the same where a Mul must be inserted */
    double weight_noise;   /* 0.3 */
    bool only_full;        /* a Clip on the way back allows alpha = 1, beta = 0 alone */
    bool may_shift;
    double shift_threshold;      /* 0.25 */
    double shift_node_threshold; /* 0.4: where nodes must be inserted */
    size_t least_shift_rows;     /* 2048 in all */
    float shift_margin;          /* 1.05: the range of a shifted tensor is widened by it */
} oq_equalize_options;

typedef struct oq_equalize_choice {
    const float *factor; /* n; NULL: all 1 */
    const float *shift;  /* n; NULL: none */
    float lo, hi;        /* of the tensor after shift and factor, over all samples, zero included */
    double alpha, beta;
    double before, after; /* score */
} oq_equalize_choice;

/* Range, zero included, that values within lo[c]..hi[c] have after the choice. */
void oq_equalize_range(const oq_equalize_choice *choice, size_t n, const float *channel_lo,
                       const float *channel_hi, float margin, float *lo, float *hi);
/* Results in arena. OQ_NOMEM. */
oq_status oq_equalize_choose(const oq_channels *channels, const oq_equalize_reader *readers, size_t n_readers,
                             const oq_equalize_options *options, oq_arena *arena, oq_equalize_choice *out);

#endif
