/* lanes: see the header. */
#include "quant/lanes.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    oq_runner *reference, *rounded;
    size_t at; /* next step of the reference */
    oq_arena *arena;
    oq_array *feeds;
} stream;

struct oq_lanes {
    const oq_program *reference;
    stream *streams;
    size_t n, n_lanes;
    oq_pool *pool;
    oq_diag *diag;
    /* of the call in hand */
    oq_lanes_fn *fn;
    void *arg;
    size_t first, last;
    oq_status *status; /* per lane */
    size_t *failed;    /* per lane: which sample */
    oq_diag *diags;    /* per lane */
};

static void run_lane(void *arg, size_t lane, int worker)
{
    oq_lanes *l = arg;

    (void)worker;
    for (size_t i = lane; i < l->last && l->status[lane] == OQ_OK; i += l->n_lanes) {
        if (i < l->first)
            continue;
        l->failed[lane] = i;
        l->status[lane] = l->fn(l->arg, i, &l->diags[lane]);
    }
}

oq_status oq_lanes_each(oq_lanes *lanes, size_t first, size_t n, oq_lanes_fn *fn, void *arg)
{
    size_t worst = SIZE_MAX;

    lanes->fn = fn;
    lanes->arg = arg;
    lanes->first = first;
    lanes->last = first + n;
    for (size_t lane = 0; lane < lanes->n_lanes; lane++) {
        lanes->status[lane] = OQ_OK;
        lanes->diags[lane] = (oq_diag){.status = OQ_OK};
    }
    oq_pool_run(lanes->pool, lanes->n_lanes, run_lane, lanes);
    for (size_t lane = 0; lane < lanes->n_lanes; lane++) {
        if (lanes->status[lane] != OQ_OK && (worst == SIZE_MAX || lanes->failed[lane] < lanes->failed[worst]))
            worst = lane;
    }
    if (worst == SIZE_MAX)
        return OQ_OK;
    if (lanes->diag)
        *lanes->diag = lanes->diags[worst];
    return lanes->status[worst];
}

static oq_status open_streams(oq_lanes *l, const oq_program *rounded, const oq_graph *graph,
                              const oq_dataset *dataset, const size_t *samples)
{
    for (size_t i = 0; i < l->n; i++) {
        stream *s = &l->streams[i], *lane = &l->streams[i % l->n_lanes];

        s->arena = oq_arena_new(0);
        s->feeds = s->arena ? OQ_NEW_ARRAY(s->arena, oq_array, graph->n_inputs + 1) : NULL;
        if (!s->feeds)
            return OQ_NOMEM;
        OQ_TRY(oq_runner_new(l->reference, NULL, &s->reference, l->diag));
        OQ_TRY(oq_runner_new(rounded, NULL, &s->rounded, l->diag));
        if (s != lane)
            oq_runner_share_memory(s->reference, lane->reference);
        oq_runner_share_memory(s->rounded, lane->reference);
        OQ_TRY(oq_dataset_sample(dataset, samples[i], s->arena, s->feeds, l->diag));
        OQ_TRY(oq_runner_begin(s->reference, s->feeds, l->diag));
        OQ_TRY(oq_runner_begin(s->rounded, s->feeds, l->diag));
    }
    return OQ_OK;
}

oq_status oq_lanes_open(const oq_program *reference, const oq_program *rounded, const oq_graph *graph,
                        const oq_dataset *dataset, const size_t *samples, size_t n, oq_pool *pool,
                        oq_lanes **out, oq_diag *diag)
{
    oq_lanes *l = calloc(1, sizeof *l);
    size_t n_lanes = (size_t)oq_pool_size(pool) < n ? (size_t)oq_pool_size(pool) : n;

    if (!l)
        return OQ_NOMEM;
    *out = l; /* the caller closes it, whatever happens below */
    l->reference = reference;
    l->n = n;
    l->n_lanes = n_lanes;
    l->pool = pool;
    l->diag = diag;
    l->streams = calloc(n + 1, sizeof *l->streams);
    l->status = calloc(n_lanes + 1, sizeof *l->status);
    l->failed = calloc(n_lanes + 1, sizeof *l->failed);
    l->diags = calloc(n_lanes + 1, sizeof *l->diags);
    if (!l->streams || !l->status || !l->failed || !l->diags)
        return OQ_NOMEM;
    return open_streams(l, rounded, graph, dataset, samples);
}

void oq_lanes_close(oq_lanes *lanes)
{
    if (!lanes)
        return;
    for (size_t i = lanes->n; lanes->streams && i-- > 0;) { /* the first of each lane owns the heap: last */
        oq_runner_free(lanes->streams[i].rounded);
        oq_runner_free(lanes->streams[i].reference);
        oq_arena_free(lanes->streams[i].arena);
    }
    free(lanes->streams);
    free(lanes->status);
    free(lanes->failed);
    free(lanes->diags);
    free(lanes);
}

size_t oq_lanes_count(const oq_lanes *lanes)
{
    return lanes->n;
}

typedef struct {
    oq_lanes *lanes;
    size_t step;
} step_job;

static oq_status step_one(void *arg, size_t i, oq_diag *diag)
{
    const step_job *job = arg;

    return oq_runner_step(job->lanes->streams[i].rounded, job->step, diag);
}

oq_status oq_lanes_step(oq_lanes *lanes, size_t step)
{
    step_job job = {lanes, step};

    return oq_lanes_each(lanes, 0, lanes->n, step_one, &job);
}

oq_status oq_lanes_reference(oq_lanes *lanes, size_t i, const oq_value *value, oq_diag *diag)
{
    stream *s = &lanes->streams[i];
    bool is_last;

    OQ_TRY(oq_runner_keep(s->reference, value));
    while (!oq_runner_live(s->reference, value, &is_last)) {
        if (s->at >= oq_program_n_steps(lanes->reference))
            OQ_FAIL(diag, OQ_INTERNAL, "the float graph never computes '%s'", value->name);
        OQ_TRY(oq_runner_step(s->reference, s->at++, diag));
    }
    return OQ_OK;
}

oq_runner *oq_lanes_float_runner(oq_lanes *lanes, size_t i)
{
    return lanes->streams[i].reference;
}

oq_runner *oq_lanes_rounded_runner(oq_lanes *lanes, size_t i)
{
    return lanes->streams[i].rounded;
}
