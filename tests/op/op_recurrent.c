#include <math.h>
#include <stdio.h>
#include <string.h>

#include "filling.h"
#include "host.h"
#include "tap/tap.h"

enum { SEQ = 4, BATCH = 3, INPUT = 5, HIDDEN = 6, MAX_GATES = 4 };

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* One direction in double, straight from the operators' text. */
typedef struct {
    const float *x, *w, *r, *b, *p; /* p: LSTM peepholes or NULL */
    int n_gates;
    const char *op;
    bool is_reverse, linear_before_reset;
    const int32_t *lengths;
    double h[BATCH][HIDDEN], c[BATCH][HIDDEN];
    double y[SEQ][BATCH][HIDDEN];
} reference;

static double dot(const float *w, const double *x, int n)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += (double)w[i] * x[i];
    return sum;
}

static void cell(reference *m, const double *x, int b)
{
    double old[HIDDEN], wx[MAX_GATES * HIDDEN], rh[MAX_GATES * HIDDEN], reset[HIDDEN];
    int all = m->n_gates * HIDDEN;

    memcpy(old, m->h[b], sizeof old);
    for (int g = 0; g < all; g++) {
        wx[g] = dot(m->w + g * INPUT, x, INPUT) + (double)m->b[g];
        rh[g] = dot(m->r + g * HIDDEN, old, HIDDEN) + (double)m->b[all + g];
    }
    for (int j = 0; j < HIDDEN && strcmp(m->op, "GRU") == 0; j++)
        reset[j] = sigmoid(wx[HIDDEN + j] + rh[HIDDEN + j]) * old[j];
    for (int j = 0; j < HIDDEN; j++) {
        if (strcmp(m->op, "RNN") == 0) {
            m->h[b][j] = tanh(wx[j] + rh[j]);
        } else if (strcmp(m->op, "GRU") == 0) {
            double z = sigmoid(wx[j] + rh[j]), r = sigmoid(wx[HIDDEN + j] + rh[HIDDEN + j]);
            int g = 2 * HIDDEN + j;
            double inner = m->linear_before_reset
                               ? r * rh[g]
                               : dot(m->r + g * HIDDEN, reset, HIDDEN) + (double)m->b[all + g];

            m->h[b][j] = (1 - z) * tanh(wx[g] + inner) + z * old[j];
        } else {
            double c = m->c[b][j], pi = m->p ? (double)m->p[j] : 0;
            double po = m->p ? (double)m->p[HIDDEN + j] : 0, pf = m->p ? (double)m->p[2 * HIDDEN + j] : 0;
            double i = sigmoid(wx[j] + rh[j] + pi * c);
            double f = sigmoid(wx[2 * HIDDEN + j] + rh[2 * HIDDEN + j] + pf * c);

            c = f * c + i * tanh(wx[3 * HIDDEN + j] + rh[3 * HIDDEN + j]);
            m->c[b][j] = c;
            m->h[b][j] = sigmoid(wx[HIDDEN + j] + rh[HIDDEN + j] + po * c) * tanh(c);
        }
    }
}

static void run_reference(reference *m)
{
    memset(m->y, 0, sizeof m->y);
    for (int b = 0; b < BATCH; b++) {
        int length = m->lengths ? m->lengths[b] : SEQ;

        for (int step = 0; step < length; step++) {
            int t = m->is_reverse ? length - 1 - step : step;
            double x[INPUT];

            for (int i = 0; i < INPUT; i++)
                x[i] = (double)m->x[(t * BATCH + b) * INPUT + i];
            cell(m, x, b);
            memcpy(m->y[t][b], m->h[b], sizeof m->h[b]);
        }
    }
}

typedef struct {
    const char *name, *op;
    int n_gates;
    bool is_reverse, linear_before_reset, has_peepholes, has_lengths, is_constant;
} setting;

static void check(const setting *s)
{
    static const int32_t lengths[BATCH] = {4, 1, 3};
    int64_t all = s->n_gates * HIDDEN;
    float *x = some_floats(SEQ * BATCH * INPUT, 1), *w = some_floats((size_t)all * INPUT, 2);
    float *r = some_floats((size_t)all * HIDDEN, 3), *b = some_floats((size_t)all * 2, 4),
          *h0 = some_floats(18, 5);
    float *c0 = some_floats(18, 6), *p = some_floats(3 * HIDDEN, 7);
    bool is_lstm = strcmp(s->op, "LSTM") == 0;
    host *h = host_new(s->op, 14, is_lstm ? 8 : 6, is_lstm ? 3 : 2);
    reference m = {x,
                   w,
                   r,
                   b,
                   s->has_peepholes ? p : NULL,
                   s->n_gates,
                   s->op,
                   s->is_reverse,
                   s->linear_before_reset,
                   s->has_lengths ? lengths : NULL,
                   {{0}},
                   {{0}},
                   {{{0}}}};
    double worst = 0;

    host_floats(h, 0, x, DIMS(SEQ, BATCH, INPUT));
    host_floats(h, 1, w, DIMS(1, all, INPUT));
    host_floats(h, 2, r, DIMS(1, all, HIDDEN));
    host_floats(h, 3, b, DIMS(1, 2 * all));
    if (s->is_constant)
        for (int i = 1; i < 4; i++)
            oq_value_set_constant(h->node->inputs[i], oq_tensor_from_floats(h->model->arena,
                                                                            i == 1   ? w
                                                                            : i == 2 ? r
                                                                                     : b,
                                                                            h->in[i].dims, h->in[i].rank));
    if (s->has_lengths)
        host_array(h, 4, OQ_INT32, lengths, DIMS(BATCH));
    host_floats(h, 5, h0, DIMS(1, BATCH, HIDDEN));
    if (is_lstm)
        host_floats(h, 6, c0, DIMS(1, BATCH, HIDDEN));
    if (s->has_peepholes)
        host_floats(h, 7, p, DIMS(1, 3 * HIDDEN));
    for (int i = 0; i < BATCH * HIDDEN; i++) {
        m.h[i / HIDDEN][i % HIDDEN] = (double)h0[i];
        m.c[i / HIDDEN][i % HIDDEN] = (double)c0[i];
    }
    oq_node_set_int(h->node, "hidden_size", HIDDEN);
    oq_node_set_int(h->node, "linear_before_reset", s->linear_before_reset);
    oq_node_set_string(h->node, "direction", s->is_reverse ? "reverse" : "forward");
    is_int(host_infer(h), OQ_OK, s->name);
    is_str(host_out_type(h, 0), "float[4,1,3,6]", "Y is sequence, direction, batch, hidden");
    is_int(host_run(h), OQ_OK, "runs");
    is_str(host_out_shape(h, 1), "float[1,3,6]", "Y_h is direction, batch, hidden");
    run_reference(&m);
    for (size_t i = 0; i < SEQ * BATCH * HIDDEN; i++)
        worst = fmax(worst, fabs((&m.y[0][0][0])[i] - (double)host_float(h, 0, i)));
    for (size_t i = 0; i < BATCH * HIDDEN; i++)
        worst = fmax(worst, fabs((&m.h[0][0])[i] - (double)host_float(h, 1, i)));
    ok(worst < 1e-5, "equals the formulas in double (worst %g)", worst);
    free(x);
    free(w);
    free(r);
    free(b);
    free(h0);
    free(c0);
    free(p);
    host_free(h);
}

static void test_cells(void)
{
    static const setting settings[] = {
        {"LSTM", "LSTM", 4, false, false, false, false, true},
        {"LSTM backwards with peepholes", "LSTM", 4, true, false, true, false, false},
        {"LSTM with sequence lengths", "LSTM", 4, false, false, true, true, true},
        {"LSTM backwards with sequence lengths", "LSTM", 4, true, false, false, true, true},
        {"GRU", "GRU", 3, false, false, false, false, true},
        {"GRU, linear before reset", "GRU", 3, false, true, false, true, false},
        {"GRU backwards", "GRU", 3, true, true, false, false, true},
        {"RNN", "RNN", 1, false, false, false, false, true},
        {"RNN backwards with sequence lengths", "RNN", 1, true, false, false, true, false},
    };

    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        check(&settings[i]);
}

static void test_clip_and_refusals(void)
{
    host *h = host_new("RNN", 14, 3, 1);

    host_floats(h, 0, (float[]){100}, DIMS(1, 1, 1));
    host_floats(h, 1, (float[]){1}, DIMS(1, 1, 1));
    host_floats(h, 2, (float[]){1}, DIMS(1, 1, 1));
    oq_node_set_float(h->node, "clip", 0.5f);
    is_int(host_run(h), OQ_OK, "clip");
    is_float((double)host_float(h, 0, 0), tanh(0.5), 1e-6, "bounds what goes into the function");
    oq_node_set_int(h->node, "hidden_size", 2);
    is_int(host_run(h), OQ_SHAPE, "a hidden_size that W does not have is refused");
    ok(strstr(h->diag.message, "hidden_size 2") != NULL, "in words: %s", h->diag.message);
    oq_node_set_string(h->node, "direction", "sideways");
    is_int(host_run(h), OQ_UNSUPPORTED, "an unknown direction is refused");
    ok(strstr(h->diag.message, "sideways") != NULL, "in words: %s", h->diag.message);
    host_free(h);
}

int main(void)
{
    test_cells();
    test_clip_and_refusals();
    return tap_done();
}
