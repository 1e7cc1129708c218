/* factor_home: where a factor per channel can go for free, in front of the value it scales.
 *
 *     unit -> (Relu, LeakyRelu, Clip from 0, MaxPool) -> t     into the rows of the unit's weight and bias
 *     LayerNormalization -> t, Mul -> Add -> t                 into their constant scale and bias
 *     Mul or Div by one number -> t                            into that number, which becomes one per
 * channel
 *
 * also through a Reshape that keeps the last axis. Everything on the way must be read by nobody else.
 */
#ifndef OQ_PASS_FACTOR_HOME_H
#define OQ_PASS_FACTOR_HOME_H

#include "pass/pass.h"

typedef enum oq_home_kind {
    OQ_HOME_NONE,
    OQ_HOME_UNIT,
    OQ_HOME_NORM,
    OQ_HOME_AFFINE,
    OQ_HOME_NUMBER
} oq_home_kind;

typedef struct oq_factor_home {
    oq_home_kind kind;
    oq_node *node;    /* the unit, the norm, the Add of an affine, the Mul or Div */
    oq_node *clip;    /* UNIT: a Clip(0, U) on the way; only a factor whose new U is the range is exact */
    bool takes_shift; /* a constant added to t can go there, too */
} oq_factor_home;

/* t: n channels along axis 1 or -1 (the last). */
oq_factor_home oq_find_factor_home(const oq_value *t, size_t n, int axis);
/* t becomes t * factor (+ add; NULL: nothing, and only with takes_shift). top: U of the Clip afterwards. */
oq_status oq_fold_factor(const oq_factor_home *home, size_t n, int axis, const float *factor,
                         const float *add, float top, oq_arena *scratch);
/* Constant of n values that broadcasts along `axis` of data of that rank, as an initializer. */
oq_value *oq_add_channel_constant(oq_graph *graph, const char *name, const float *values, size_t n, int axis,
                                  int rank);

#endif
