#include <math.h>
#include <string.h>

#include "quant/calibrate.h"
#include "quant/quant_bench.h"

#define N_SAMPLES 23

static size_t fault_at = SIZE_MAX;

static oq_status fetch(void *arg, size_t sample, oq_arena *arena, oq_array *feeds, oq_diag *diag)
{
    float *x = oq_arena_alloc(arena, 192 * sizeof *x);

    (void)arg;
    if (sample == fault_at)
        OQ_FAIL(diag, OQ_IO, "sample %zu is gone", sample);
    for (int i = 0; i < 192; i++)
        x[i] = sinf((float)i * 0.1f + (float)sample) * (float)(sample + 1);
    feeds[0] =
        (oq_array){.dtype = OQ_FLOAT, .rank = 4, .dims = {1, 3, 8, 8}, .n = 192, .data = x, .size = 768};
    return OQ_OK;
}

static bool stop_at_five(void *arg, const char *stage, size_t done, size_t total)
{
    (void)arg, (void)stage, (void)total;
    return done < 5;
}

static const oq_observer_kind *observer = &oq_observer_minmax;
static oq_kept_outputs *kept;

static oq_status calibrate(net *n, int threads, oq_progress_fn *progress)
{
    oq_pool *pool = oq_pool_new(threads);
    oq_dataset *dataset;
    size_t samples[N_SAMPLES];
    oq_calibrate_options options = {.observer = observer,
                                    .samples = samples,
                                    .n_samples = N_SAMPLES - 3,
                                    .held_out = samples + N_SAMPLES - 3,
                                    .n_held_out = 3,
                                    .kept = kept,
                                    .progress = progress};
    oq_status status;

    for (size_t i = 0; i < N_SAMPLES; i++)
        samples[i] = i;
    oq_diag_clear(&n->b->diag);
    oq_plan_new(n->b->model, &quant_defaults, n->b->model->arena, &n->plan);
    oq_plan_place(n->plan, n->b->model, NULL);
    if (oq_dataset_from_callback(n->b->graph, N_SAMPLES, fetch, NULL, &dataset, &n->b->diag) != OQ_OK)
        tap_bail("no data set: %s", n->b->diag.message);
    status = oq_calibrate(n->plan, n->b->model, dataset, &options, pool, &n->b->diag);
    oq_dataset_close(dataset);
    oq_pool_free(pool);
    return status;
}

/* One thread, then three: the ranges of the whole plan. */
static void test_methods(net *n)
{
    for (size_t k = 0; (observer = oq_observer_at(k)); k++) {
        const oq_plan *one;
        int n_differ = 0;

        is_int(calibrate(n, 1, NULL), OQ_OK, observer->name);
        one = n->plan;
        calibrate(n, 3, NULL);
        for (int id = 0; id < one->n_values; id++) {
            n_differ += one->values[id].lo != n->plan->values[id].lo ||
                        one->values[id].hi != n->plan->values[id].hi ||
                        one->values[id].judge_hi != n->plan->values[id].judge_hi;
        }
        is_int(n_differ, 0, "the same ranges with three threads");
    }
    observer = &oq_observer_minmax;
}

static void test_kept(net *n)
{
    oq_kept_outputs outputs = {.limit = 1 << 20, .arena = n->b->model->arena};
    const oq_value *out = n->b->graph->outputs[0];

    kept = &outputs;
    is_int(calibrate(n, 2, NULL), OQ_OK, "outputs of held-out samples can be kept");
    ok(outputs.outputs && outputs.outputs[2].dtype == OQ_FLOAT && outputs.outputs[2].rank == out->shape.rank,
       "one array for each of them");
    ok(outputs.outputs && memcmp(outputs.outputs[0].data, outputs.outputs[1].data, 16) != 0, "each its own");
    outputs.limit = 64;
    is_int(calibrate(n, 2, NULL), OQ_OK, "beyond the limit");
    ok(!outputs.outputs, "nothing is kept");
    kept = NULL;
}

int main(void)
{
    net n = net_new();
    const oq_plan_value *x, *r1;
    float lo, hi;

    is_int(calibrate(&n, 1, NULL), OQ_OK, "calibration with one thread");
    x = &n.plan->values[n.x->id];
    r1 = &n.plan->values[oq_plan_owner(n.plan, n.relu->outputs[0]->id)];
    ok(x->hi > 22.9f && x->hi <= 23 && x->lo < -22.9f, "the range of the input is that of the samples");
    ok(x->judge_hi > 18.9f && x->judge_hi <= 20, "and the judge range knows nothing of the held-out ones");
    ok(r1->lo == 0 && r1->hi > 0, "the result of a Relu starts at zero");
    lo = r1->lo;
    hi = r1->hi;
    is_int(calibrate(&n, 3, NULL), OQ_OK, "with three threads");
    r1 = &n.plan->values[oq_plan_owner(n.plan, n.relu->outputs[0]->id)];
    ok(r1->lo == lo && r1->hi == hi, "the same ranges, bit for bit");
    test_kept(&n);
    test_methods(&n);
    is_int(calibrate(&n, 2, stop_at_five), OQ_CANCELLED, "progress can cancel");
    fault_at = 7;
    is_int(calibrate(&n, 3, NULL), OQ_IO, "a sample that fails ends it");
    ok(strstr(n.b->diag.message, "sample 7 is gone"), "with the sample's own message");
    net_free(&n);
    return tap_done();
}
