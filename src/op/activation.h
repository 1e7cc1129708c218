/* activation: the functions that LSTM, GRU and RNN may name in their `activations` attribute. */
#ifndef OQ_OP_ACTIVATION_H
#define OQ_OP_ACTIVATION_H

#include "kernel/kernel.h"
#include "op/op.h"

typedef struct oq_activation {
    void (*apply)(const struct oq_activation *f, float *x, size_t n); /* in place */
    const oq_math_f32 *math;
    float alpha, beta;
} oq_activation;

/* Read the lists activations, activation_alpha and activation_beta: n functions, or the n defaults
 * ("Sigmoid", ...) when there is no list. Alphas and betas go in order to the functions that take one.
 * OQ_UNSUPPORTED: a name that is unknown; OQ_SHAPE: a list of another length. */
oq_status oq_activations_read(const oq_node *node, const char *const *defaults, int n, oq_activation *out,
                              oq_diag *diag);

static inline void oq_activate(const oq_activation *f, float *x, size_t n)
{
    f->apply(f, x, n);
}

#endif
