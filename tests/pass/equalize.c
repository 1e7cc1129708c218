/* Channels are equalized where that pays, and the float results stay what they were. */
#include "pass/equalize.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "pass/edit.h"
#include "quant/channels.h"
#include "quant/quant_bench.h"

enum { N_SAMPLES = 16, N = 6 };

static const oq_equalize_options equalize = {.threshold = 0.02,
                                             .node_threshold = 0.02,
                                             .weight_noise = 0.3,
                                             .may_shift = true,
                                             .shift_threshold = 0.25,
                                             .shift_node_threshold = 0.4,
                                             .least_shift_rows = 64,
                                             .shift_margin = 1.05f};

/* Sample 0 is what bench_compute feeds. */
static oq_status fetch(void *arg, size_t sample, oq_arena *arena, oq_array *feeds, oq_diag *diag)
{
    const oq_value *input = arg;
    oq_array *x = &feeds[0];
    oq_rng rng = {sample + 7};
    float *values;

    (void)diag;
    *x = (oq_array){.dtype = OQ_FLOAT, .rank = input->shape.rank};
    for (int i = 0; i < x->rank; i++)
        x->dims[i] = input->shape.dims[i].size;
    x->n = oq_dims_product(x->dims, 0, x->rank);
    x->size = x->n * sizeof *values;
    x->data = values = oq_arena_alloc(arena, x->size);
    for (size_t i = 0; i < x->n; i++)
        values[i] = 4 * oq_rng_float(&rng) - 2;
    return OQ_OK;
}

/* ---- a model, placed and observed */

typedef struct {
    bench *b;
    oq_value *x;
    oq_plan *plan;
    size_t n_wishes;
} rig;

static rig open_rig(void)
{
    rig r = {.b = bench_new(17)};

    r.x = bench_input(r.b, "x", OQ_FLOAT, DIMS(1, 3, 6, 6));
    return r;
}

static void wish(rig *r, const oq_value *value, oq_channel_wish *wishes)
{
    int axis;
    size_t n = oq_equalize_candidate(r->plan, value, &axis);

    if (n)
        wishes[r->n_wishes++] = (oq_channel_wish){value, axis, n};
}

/* Place, find ranges, watch the channels of all candidates. */
static void observe(rig *r, oq_placement placement)
{
    oq_quant_options quant = quant_defaults;
    oq_model *model = r->b->model;
    oq_diag *diag = &r->b->diag;
    size_t samples[N_SAMPLES];
    oq_calibrate_options ranges = {
        .observer = &oq_observer_minmax, .samples = samples, .n_samples = N_SAMPLES};
    oq_channels_options channels = {.samples = samples, .n_samples = N_SAMPLES, .values = 100000};
    oq_channel_wish wishes[64];
    oq_pool *pool = oq_pool_new(1);
    oq_dataset *dataset;

    for (size_t i = 0; i < N_SAMPLES; i++)
        samples[i] = i;
    quant.placement = placement;
    quant.equalize = equalize;
    bench_run(r->b, oq_infer_shapes);
    if (oq_dataset_from_callback(r->b->graph, N_SAMPLES, fetch, r->x, &dataset, diag) != OQ_OK ||
        oq_plan_new(model, &quant, model->arena, &r->plan) != OQ_OK ||
        oq_plan_place(r->plan, model, diag) != OQ_OK ||
        oq_calibrate(r->plan, model, dataset, &ranges, pool, diag) != OQ_OK ||
        oq_plan_resolve(r->plan, model, diag) != OQ_OK)
        tap_bail("no ranges: %s", diag->message);
    r->n_wishes = 0;
    wish(r, r->x, wishes);
    OQ_FOR_EACH_NODE (r->b->graph, node)
        wish(r, node->outputs[0], wishes);
    if (r->n_wishes &&
        oq_channels_collect(r->plan, model, dataset, wishes, r->n_wishes, &channels, pool, diag) != OQ_OK)
        tap_bail("no channels: %s", diag->message);
    oq_dataset_close(dataset);
    oq_pool_free(pool);
    r->b->ctx.plan = r->plan;
}

/* ---- parts of models */

/* A Conv of N outputs whose channels differ much in strength, and lie around `centre` and its reverse. */
static oq_value *uneven_conv(rig *r, const char *output, oq_value *x, int64_t n_in, float centre)
{
    float w[N * 16], bias[N];
    oq_rng rng = {11};
    char names[2][16];

    for (size_t o = 0; o < N; o++) {
        for (size_t i = 0; i < (size_t)n_in; i++)
            w[o * (size_t)n_in + i] = (2 * oq_rng_float(&rng) - 1) * (o % 3 == 0 ? 2.0f : 0.02f);
        bias[o] = o % 2 ? centre : -centre;
    }
    snprintf(names[0], sizeof *names, "%s_w", output);
    snprintf(names[1], sizeof *names, "%s_b", output);
    return bench_node(r->b, "Conv", output, 3, x, bench_floats(r->b, names[0], w, DIMS(N, n_in, 1, 1)),
                      bench_floats(r->b, names[1], bias, DIMS(N)))
        ->outputs[0];
}

/* The reader of t, which ends the model; pads: on all sides. */
static oq_node *last_conv(rig *r, oq_value *t, int64_t n_in, int64_t pads)
{
    oq_node *conv = bench_node(r->b, "Conv", "last", 3, t, bench_random(r->b, "last_w", DIMS(4, n_in, 1, 1)),
                               bench_random(r->b, "last_b", DIMS(4)));

    oq_node_set_ints(conv, "pads", (int64_t[]){pads, pads, pads, pads}, 4);
    bench_output(r->b, bench_node(r->b, "Sigmoid", "out", 1, conv->outputs[0])->outputs[0]);
    return conv;
}

static const oq_plan_value *planned(const rig *r, const oq_value *value)
{
    return &r->plan->values[value->id];
}

/* ---- tests */

static void folded_through_a_relu(void)
{
    rig r = open_rig();
    oq_value *t = bench_node(r.b, "Relu", "t", 1, uneven_conv(&r, "c", r.x, 3, 0))->outputs[0];
    bench_numbers *before;
    float hi;

    last_conv(&r, t, N, 0);
    observe(&r, OQ_PLACE_ACCURATE);
    before = bench_compute(r.b);
    hi = planned(&r, t)->hi;
    is_int(bench_run(r.b, oq_equalize), 1, "one value is equalized");
    is_int(bench_count(r.b, NULL), 4, "the factors go into the Conv in front of the Relu");
    ok(planned(&r, t)->is_equalized && planned(&r, t)->hi < hi * 0.9f, "its range is the new one: %g, was %g",
       (double)planned(&r, t)->hi, (double)hi);
    bench_same(r.b, before, 1e-5, "the result stays");
    bench_free(r.b);
}

static void folded_through_a_clip(void)
{
    rig r = open_rig();
    oq_node *clip = bench_node(r.b, "Clip", "t", 3, uneven_conv(&r, "c", r.x, 3, 0),
                               bench_scalar(r.b, "zero", 0), bench_scalar(r.b, "six", 6));
    bench_numbers *before;
    float top = 6;

    last_conv(&r, clip->outputs[0], N, 0);
    observe(&r, OQ_PLACE_ACCURATE);
    before = bench_compute(r.b);
    is_int(bench_run(r.b, oq_equalize), 1, "a value behind a Clip(0, 6) is equalized");
    oq_tensor_floats(oq_node_input_constant(clip, 2), &top);
    ok(top < 5.9f && fabsf(top - planned(&r, clip->outputs[0])->hi) <= 1e-6f * top,
       "the Clip's bound is the top of the range: %g", (double)top);
    bench_same(r.b, before, 1e-5, "the result stays");
    bench_free(r.b);
}

static void a_mul_where_nothing_takes_it(void)
{
    rig r = open_rig();
    oq_value *c = uneven_conv(&r, "c", r.x, 3, 0), *t;
    bench_numbers *before;
    oq_node *last;

    t = bench_node(r.b, "Mul", "t", 2, c, bench_node(r.b, "Sigmoid", "s", 1, c)->outputs[0])->outputs[0];
    last = last_conv(&r, t, N, 1);
    observe(&r, OQ_PLACE_ACCURATE);
    before = bench_compute(r.b);
    is_int(bench_run(r.b, oq_equalize), 1, "x * Sigmoid(x) is equalized");
    is_int(bench_count(r.b, "Mul"), 2, "by a Mul");
    is_int(bench_count(r.b, "Add"), 0, "without a shift, as its reader pads");
    ok(oq_node_is(last->inputs[0]->producer, "Mul") && last->inputs[0] != t, "that the reader reads");
    ok(planned(&r, last->inputs[0])->is_equalized && !planned(&r, t)->is_equalized, "the range is the Mul's");
    bench_same(r.b, before, 1e-5, "the result stays");
    bench_free(r.b);

    r = open_rig();
    c = uneven_conv(&r, "c", r.x, 3, 0);
    t = bench_node(r.b, "Concat", "t", 2, bench_node(r.b, "Relu", "r", 1, c)->outputs[0], r.x)->outputs[0];
    oq_node_set_int(t->producer, "axis", 1);
    last_conv(&r, t, N + 3, 1);
    observe(&r, OQ_PLACE_ACCURATE);
    before = bench_compute(r.b);
    is_int(bench_run(r.b, oq_equalize), 1, "a Concat is equalized");
    is_int(bench_count(r.b, "Mul"), 1, "by a Mul behind it");
    bench_same(r.b, before, 1e-5, "the result stays");
    bench_free(r.b);
}

/* Conv -> t, read by a unit and by float nodes, in the placement that pairs it for all of them. */
static void scaled_back_for_float_readers(void)
{
    rig r = open_rig();
    oq_value *t = uneven_conv(&r, "t", r.x, 3, 0);
    oq_node *sigmoid = bench_node(r.b, "Sigmoid", "s", 1, t), *product;
    bench_numbers *before;

    product = bench_node(r.b, "Mul", "p", 2, t, sigmoid->outputs[0]);
    last_conv(&r, product->outputs[0], N, 1);
    observe(&r, OQ_PLACE_INTEGER_KERNELS);
    before = bench_compute(r.b);
    ok(bench_run(r.b, oq_equalize) >= 1, "the result of a Conv is equalized for float readers");
    ok(planned(&r, t)->is_equalized, "itself, within the Conv");
    ok(oq_node_is(sigmoid->inputs[0]->producer, "Mul") && sigmoid->inputs[0]->producer->inputs[0] == t,
       "they read it scaled back");
    ok(product->inputs[0] == sigmoid->inputs[0], "by one Mul for all of them");
    bench_same(r.b, before, 1e-5, "the result stays");
    bench_free(r.b);
}

static void shifted_into_biases(int64_t pads)
{
    rig r = open_rig();
    oq_value *t = uneven_conv(&r, "t", r.x, 3, 40);
    oq_node *last = last_conv(&r, t, N, pads);
    bench_numbers *before;
    float b_before, b_after;

    observe(&r, OQ_PLACE_ACCURATE);
    before = bench_compute(r.b);
    oq_tensor_floats_at(oq_node_input_constant(last, 2), 0, 1, &b_before);
    bench_run(r.b, oq_equalize);
    oq_tensor_floats_at(oq_node_input_constant(last, 2), 0, 1, &b_after);
    is_int(bench_count(r.b, NULL), 3, "channels around 40 and -40 in front of a 1x1 Conv: no node more");
    if (pads) {
        ok(b_after == b_before, "a reader that pads takes no shift");
    } else {
        ok(planned(&r, t)->is_equalized && planned(&r, t)->hi < 20, "they are shifted: now up to %g",
           (double)planned(&r, t)->hi);
        ok(b_after != b_before, "which is put right in the reader's bias");
    }
    bench_same(r.b, before, 2e-5, "the result stays");
    bench_free(r.b);
}

static void outputs_are_never_changed(void)
{
    rig r = open_rig();
    oq_value *t = bench_node(r.b, "Relu", "t", 1, uneven_conv(&r, "c", r.x, 3, 0))->outputs[0];
    bench_numbers *before;

    bench_output(r.b, t);
    last_conv(&r, t, N, 0);
    observe(&r, OQ_PLACE_ACCURATE);
    before = bench_compute(r.b);
    bench_run(r.b, oq_equalize);
    ok(r.b->graph->outputs[0] == t, "a value that is an output stays one");
    is_int(bench_count(r.b, "Mul"), 1, "the unit gets a Mul of its own");
    bench_same(r.b, before, 1e-5, "both results stay");
    bench_free(r.b);
}

static void not_observed(void)
{
    rig r = open_rig();
    oq_value *t = bench_node(r.b, "Relu", "t", 1, uneven_conv(&r, "c", r.x, 3, 0))->outputs[0];
    const oq_channels *channels;

    last_conv(&r, t, N, 0);
    observe(&r, OQ_PLACE_ACCURATE);
    channels = r.plan->channels[t->id];
    r.plan->channels[t->id] = NULL;
    is_int(bench_run(r.b, oq_equalize), 0, "a value that was not watched gets no factor");
    r.plan->channels[t->id] = channels;
    channels->fold[1].lo[2] = INFINITY;
    channels->fold[1].hi[2] = -INFINITY;
    is_int(bench_run(r.b, oq_equalize), 0, "nor one with a channel that was not seen in every fold");
    r.plan->channels = NULL;
    is_int(bench_run(r.b, oq_equalize), 0, "nor any value without channels");
    bench_free(r.b);
}

static void candidates(void)
{
    rig r = open_rig();
    oq_value *c = uneven_conv(&r, "c", r.x, 3, 0), *t = bench_node(r.b, "Relu", "t", 1, c)->outputs[0];
    int axis = 0;

    last_conv(&r, t, N, 0);
    observe(&r, OQ_PLACE_ACCURATE);
    is_int(oq_equalize_candidate(r.plan, t, &axis), N, "what a Conv reads is a candidate");
    is_int(axis, 1, "along axis 1");
    is_int(oq_equalize_candidate(r.plan, c, &axis), 0, "what no unit reads is none");
    r.plan->values[t->id].source = OQ_RANGE_USER;
    is_int(oq_equalize_candidate(r.plan, t, &axis), 0, "nor is a range that a user gave");
    bench_free(r.b);
}

/* LayerNormalization -> MatMul -> Add: channels along the last axis. */
static void tokens(void)
{
    rig r = {.b = bench_new(17)};
    float scale[8] = {5, 0.1f, 4, 0.05f, 0.1f, 3, 0.1f, 0.1f};
    oq_node *node;
    bench_numbers *before;
    int axis;

    r.x = bench_input(r.b, "x", OQ_FLOAT, DIMS(1, 12, 8));
    node = bench_node(r.b, "LayerNormalization", "t", 3, r.x, bench_floats(r.b, "s", scale, DIMS(8)),
                      bench_random(r.b, "o", DIMS(8)));
    node = bench_node(r.b, "MatMul", "p", 2, node->outputs[0], bench_random(r.b, "w", DIMS(8, 5)));
    node = bench_node(r.b, "Add", "y", 2, node->outputs[0], bench_random(r.b, "bias", DIMS(5)));
    bench_output(r.b, bench_node(r.b, "Sigmoid", "out", 1, node->outputs[0])->outputs[0]);
    observe(&r, OQ_PLACE_ACCURATE);
    is_int(oq_equalize_candidate(r.plan, oq_value_find(r.b->graph, "t"), &axis), 8, "channels of tokens");
    is_int(axis, -1, "are along the last axis");
    before = bench_compute(r.b);
    is_int(bench_run(r.b, oq_equalize), 1, "they are equalized");
    is_int(bench_count(r.b, NULL), 4, "within the LayerNormalization");
    bench_same(r.b, before, 1e-5, "the result stays");
    bench_free(r.b);
}

int main(void)
{
    folded_through_a_relu();
    folded_through_a_clip();
    a_mul_where_nothing_takes_it();
    scaled_back_for_float_readers();
    shifted_into_biases(0);
    shifted_into_biases(1);
    outputs_are_never_changed();
    not_observed();
    candidates();
    tokens();
    return tap_done();
}
