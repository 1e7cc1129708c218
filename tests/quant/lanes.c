/* Many samples are advanced together through two programs. */
#include "quant/lanes.h"

#include <stdatomic.h>
#include <string.h>

#include "quant/fit_bench.h"

enum { N = 7 };

typedef struct {
    fit_bench *f;
    oq_pool *pool;
    oq_dataset *dataset;
    oq_program *reference, *rounded;
    oq_lanes *lanes;
} rig;

static bench *small_net(void)
{
    net n = net_new();

    return n.b;
}

static rig open_rig(int threads)
{
    rig r = {.f = fit_open(small_net()), .pool = oq_pool_new(threads)};
    oq_diag *diag = &r.f->b->diag;

    r.dataset = fit_dataset(r.f);
    fit_round_activations(r.f, r.dataset, r.pool);
    if (oq_program_compile(r.f->b->graph, NULL, &r.reference, diag) != OQ_OK ||
        oq_program_compile(r.f->rounded->graph, NULL, &r.rounded, diag) != OQ_OK ||
        oq_lanes_open(r.reference, r.rounded, r.f->b->graph, r.dataset, r.f->samples, N, r.pool, &r.lanes,
                      diag) != OQ_OK)
        tap_bail("no lanes: %s", diag->message);
    return r;
}

static void close_rig(rig *r)
{
    oq_lanes_close(r->lanes);
    oq_program_free(r->reference);
    oq_program_free(r->rounded);
    oq_dataset_close(r->dataset);
    oq_pool_free(r->pool);
    fit_close(r->f);
}

/* Run sample i by itself and compare with what the lane holds. */
static bool as_alone(const rig *r, const oq_program *program, size_t i, const oq_array *held)
{
    oq_runner *runner = NULL;
    oq_arena *arena = oq_arena_new(0);
    oq_array feed;
    const oq_array *out;
    bool is_same;

    oq_runner_new(program, NULL, &runner, NULL);
    oq_dataset_sample(r->dataset, i, arena, &feed, NULL);
    oq_runner_run(runner, &feed, NULL, NULL, NULL);
    out = oq_runner_output(runner, 0);
    is_same = held && held->size == out->size && memcmp(held->data, out->data, out->size) == 0;
    oq_runner_free(runner);
    oq_arena_free(arena);
    return is_same;
}

static void two_streams(int threads)
{
    rig r = open_rig(threads);
    const oq_value *out = r.f->b->graph->outputs[0], *middle = oq_value_find(r.f->b->graph, "r1");
    int n_float = 0, n_rounded = 0;
    bool is_last;

    is_int(oq_lanes_count(r.lanes), N, "all samples are in");
    ok(oq_lanes_reference(r.lanes, 2, middle, NULL) == OQ_OK, "a value of the reference is asked for");
    ok(oq_runner_live(oq_lanes_float_runner(r.lanes, 2), middle, &is_last) != NULL, "and is there");
    ok(!oq_runner_live(oq_lanes_float_runner(r.lanes, 3), middle, &is_last), "for that sample alone");
    for (size_t s = 0; s < oq_program_n_steps(r.rounded); s++)
        ok(oq_lanes_step(r.lanes, s) == OQ_OK, "step %zu of the rounded stream, all samples", s);
    for (size_t i = 0; i < N; i++) {
        oq_lanes_reference(r.lanes, i, out, NULL);
        n_float += as_alone(&r, r.reference, i, oq_runner_output(oq_lanes_float_runner(r.lanes, i), 0));
        n_rounded += as_alone(&r, r.rounded, i, oq_runner_output(oq_lanes_rounded_runner(r.lanes, i), 0));
    }
    is_int(n_float, N, "each reference is as if it had run alone");
    is_int(n_rounded, N, "and each rounded one");
    ok(oq_runner_live(oq_lanes_float_runner(r.lanes, 2), middle, &is_last) != NULL,
       "what was asked for stays");
    oq_runner_release(oq_lanes_float_runner(r.lanes, 2), middle);
    ok(!oq_runner_live(oq_lanes_float_runner(r.lanes, 2), middle, &is_last), "until it is released");
    close_rig(&r);
}

typedef struct {
    atomic_int calls[N];
    size_t fails_from;
} visit;

static oq_status note(void *arg, size_t sample, oq_diag *diag)
{
    visit *v = arg;

    atomic_fetch_add(&v->calls[sample], 1);
    if (sample >= v->fails_from)
        OQ_FAIL(diag, sample % 2 ? OQ_IO : OQ_RANGE, "sample %zu will not", sample);
    return OQ_OK;
}

static void each_sample(void)
{
    rig r = open_rig(3);
    visit v = {.fails_from = N};

    is_int(oq_lanes_each(r.lanes, 2, 4, note, &v), OQ_OK, "a part of the samples");
    ok(v.calls[0] == 0 && v.calls[1] == 0 && v.calls[6] == 0, "and no others");
    ok(v.calls[2] == 1 && v.calls[3] == 1 && v.calls[4] == 1 && v.calls[5] == 1, "once each");
    v.fails_from = 3;
    is_int(oq_lanes_each(r.lanes, 0, N, note, &v), OQ_IO, "the status is that of the first that failed");
    ok(strstr(r.f->b->diag.message, "sample 3 will not"), "with its message");
    is_int(v.calls[6], 0, "a lane ends at its fault");
    is_int(oq_lanes_each(r.lanes, 0, 2, note, &v), OQ_OK, "the next call starts afresh");
    close_rig(&r);
}

int main(void)
{
    two_streams(1);
    two_streams(3);
    each_sample();
    oq_lanes_close(NULL);
    return tap_done();
}
