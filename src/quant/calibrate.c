/* calibrate: one runner and one set of observers per worker, one sample at a time; sets are merged at the
 * end. */
#include "quant/calibrate.h"

#include <math.h>
#include <string.h>

#include "ir/graph.h"

typedef struct {
    oq_runner *runner;
    oq_observer *observers; /* by id of the owner of a group of values that share parameters */
    oq_observer **by_value; /* by value id: its group's observer; NULL: not observed */
    oq_arena *arena;        /* feeds of the current sample */
    oq_array *feeds;
} worker;

typedef struct {
    oq_plan *plan;
    const oq_graph *graph;
    const oq_dataset *dataset;
    const oq_calibrate_options *options;
    const size_t *samples; /* of the current round */
    size_t n_samples;
    worker *workers;
    int n_workers;
    oq_array *kept;       /* of this round: [sample][graph output]; NULL: not asked for, or too much */
    size_t n_kept;        /* bytes */
    oq_sampling sampling; /* its lock guards what is kept, too */
    oq_diag *diag;
} job;

static size_t sample_at(const job *j, size_t i)
{
    return j->samples[i];
}

static oq_status show(void *arg, const oq_node *node, const oq_value *value, const oq_array *array)
{
    worker *w = arg;
    oq_observer *observer = w->by_value[value->id];

    (void)node;
    if (observer && array->dtype == OQ_FLOAT)
        observer->kind->observe(observer, array->data, array->n);
    return OQ_OK;
}

/* A copy of one output; false: it is too much, or out of memory. Called with the lock held. */
static bool keep_output(job *j, const oq_array *from, oq_array *to)
{
    const oq_kept_outputs *kept = j->options->kept;

    if (!from || from->dtype == OQ_STRING || from->size > kept->limit - j->n_kept)
        return false;
    *to = *from;
    to->data = oq_arena_alloc(kept->arena, from->size + 1);
    if (!to->data)
        return false;
    memcpy(to->data, from->data, from->size);
    j->n_kept += from->size;
    return true;
}

static void keep_outputs(job *j, const worker *w, size_t i)
{
    size_t n = (size_t)j->graph->n_outputs;

    pthread_mutex_lock(&j->sampling.lock);
    for (size_t k = 0; j->kept && k < n; k++) {
        if (!keep_output(j, oq_runner_output(w->runner, (int)k), &j->kept[i * n + k]))
            j->kept = NULL;
    }
    pthread_mutex_unlock(&j->sampling.lock);
}

static void run_sample(void *arg, size_t i, int index)
{
    job *j = arg;
    worker *w = &j->workers[index];
    oq_diag diag = {.status = OQ_OK};
    oq_status status;

    if (oq_sampling_is_stopped(&j->sampling))
        return;
    oq_arena_reset(w->arena);
    status = oq_dataset_sample(j->dataset, sample_at(j, i), w->arena, w->feeds, &diag);
    if (status == OQ_OK)
        status = oq_runner_run(w->runner, w->feeds, show, w, &diag);
    if (status != OQ_OK) {
        oq_diag_note(&diag, "in calibration sample %zu", sample_at(j, i));
        oq_sampling_fail(&j->sampling, i, status, &diag);
        return;
    }
    keep_outputs(j, w, i);
    oq_sampling_done(&j->sampling, i);
}

/* Empty observers, one for each group of values that share parameters. */
static oq_status start_observers(job *j, worker *w, oq_arena *arena)
{
    for (int id = 0; id < j->plan->n_values; id++) {
        if (!oq_plan_wants_range(j->plan, id))
            continue;
        w->by_value[id] = &w->observers[oq_plan_owner(j->plan, id)];
        w->by_value[id]->kind = j->options->observer;
    }
    for (int id = 0; id < j->plan->n_values; id++) {
        if (w->observers[id].kind)
            OQ_TRY(oq_observer_start(&w->observers[id], arena));
    }
    return OQ_OK;
}

static oq_status start_worker(job *j, worker *w, const oq_program *program, oq_pool *inner, oq_arena *arena)
{
    w->arena = oq_arena_new(0);
    w->feeds = OQ_NEW_ARRAY(arena, oq_array, j->graph->n_inputs + 1);
    w->observers = OQ_NEW_ARRAY(arena, oq_observer, j->plan->n_values + 1);
    w->by_value = OQ_NEW_ARRAY(arena, oq_observer *, j->plan->n_values + 1);
    if (!w->arena || !w->feeds || !w->observers || !w->by_value)
        return OQ_NOMEM;
    OQ_TRY(start_observers(j, w, arena));
    return oq_runner_new(program, inner, &w->runner, j->diag);
}

/* All observations into the first worker's observers; the others start afresh. */
static oq_status merge_workers(job *j, oq_arena *arena)
{
    for (int id = 0; id < j->plan->n_values; id++) {
        oq_observer *first = &j->workers[0].observers[id];

        for (int w = 1; first->kind && w < j->n_workers; w++)
            OQ_TRY(first->kind->merge(first, &j->workers[w].observers[id]));
    }
    for (int w = 1; w < j->n_workers; w++)
        OQ_TRY(start_observers(j, &j->workers[w], arena));
    return OQ_OK;
}

static oq_range_goal goal_of(const oq_quant_options *options)
{
    return (oq_range_goal){.is_symmetric = options->symmetric, .n_levels = options->reduce_range ? 128 : 256};
}

static void read_judge_range(void *arg, size_t id, int worker_index)
{
    const job *j = arg;
    const oq_observer *o = &j->workers[0].observers[id];
    const oq_range_goal goal = goal_of(&j->plan->options);
    oq_plan_value *value = &j->plan->values[id];

    (void)worker_index;
    if (o->kind)
        o->kind->range(o, &goal, &value->judge_lo, &value->judge_hi);
}

static void read_final_range(void *arg, size_t id, int worker_index)
{
    const job *j = arg;
    const oq_observer *o = &j->workers[0].observers[id];
    const oq_range_goal goal = goal_of(&j->plan->options);
    oq_plan_value *value = &j->plan->values[id];

    (void)worker_index;
    if (!o->kind)
        return;
    o->kind->range(o, &goal, &value->lo, &value->hi);
    value->n_not_finite = o->n_not_finite;
    if (o->kind->share_outside && value->lo <= value->hi)
        value->clipped = o->kind->share_outside(o, fminf(value->lo, 0), fmaxf(value->hi, 0));
}

static oq_status run_round(job *j, const size_t *samples, size_t n, oq_pool *pool, oq_arena *arena)
{
    j->samples = samples;
    j->n_samples = n;
    oq_pool_run(pool, n, run_sample, j);
    OQ_TRY(j->sampling.status);
    return merge_workers(j, arena);
}

static void stop_worker(worker *w)
{
    oq_runner_free(w->runner);
    oq_arena_free(w->arena);
    w->runner = NULL;
    w->arena = NULL;
}

/* The first sample runs alone, with threads inside the operators: it shows how much memory a sample takes.
 * The others run side by side if that fits, and if the observer does not care for their order. */
static oq_status choose_workers(job *j, const oq_program *program, const size_t *samples, oq_pool *pool,
                                oq_arena *arena)
{
    const oq_calibrate_options *o = j->options;
    size_t n_workers = (size_t)oq_pool_size(pool);

    j->n_workers = 1;
    j->workers = OQ_NEW_ARRAY(arena, worker, n_workers);
    if (!j->workers)
        return OQ_NOMEM;
    OQ_TRY(start_worker(j, &j->workers[0], program, pool, arena));
    OQ_TRY(run_round(j, samples, 1, NULL, arena));
    if (!o->observer->is_order_free || j->sampling.total <= n_workers ||
        oq_runner_peak(j->workers[0].runner) * n_workers > OQ_PARALLEL_MEMORY)
        return OQ_OK;
    oq_runner_free(j->workers[0].runner);
    j->workers[0].runner = NULL;
    OQ_TRY(oq_runner_new(program, NULL, &j->workers[0].runner, j->diag));
    for (size_t w = 1; w < n_workers; w++) {
        j->n_workers = (int)w + 1; /* a half-started worker is stopped too */
        OQ_TRY(start_worker(j, &j->workers[w], program, NULL, arena));
    }
    return OQ_OK;
}

/* The values to observe, and the graph outputs if they are to be kept: the program computes these and nothing
 * behind them. */
static oq_status compile(job *j, oq_graph *graph, bool with_outputs, oq_arena *arena, oq_program **out)
{
    const oq_plan *plan = j->plan;
    const oq_value **targets = OQ_NEW_ARRAY(arena, const oq_value *, plan->n_values + graph->n_outputs + 1);
    bool *watched = OQ_NEW_ARRAY(arena, bool, plan->n_values + 1);
    oq_exec_options exec = {.mode = OQ_EXEC_FLOAT,
                            .targets = targets,
                            .watch = OQ_WATCH_SOME,
                            .watched = watched,
                            .hook_any_order = true};

    if (!targets || !watched)
        return OQ_NOMEM;
    for (int id = 0; id < plan->n_values; id++)
        watched[id] = oq_plan_wants_range(plan, id);
    OQ_FOR_EACH_NODE (graph, node) {
        for (int i = 0; i < node->n_outputs; i++) {
            if (node->outputs[i] && watched[node->outputs[i]->id])
                targets[exec.n_targets++] = node->outputs[i];
        }
    }
    for (int i = 0; with_outputs && i < graph->n_outputs; i++)
        targets[exec.n_targets++] = graph->outputs[i];
    return oq_program_compile(graph, &exec, out, j->diag);
}

/* Are outputs to be kept, and can all of them be computed? */
static bool can_keep(const job *j, oq_arena *arena)
{
    bool *computable = OQ_NEW_ARRAY(arena, bool, j->graph->model->n_values + 1);
    bool can = computable && j->options->kept && j->options->n_held_out > 0;

    if (can)
        oq_exec_computable(j->graph, computable);
    for (int i = 0; can && i < j->graph->n_outputs; i++)
        can = computable[j->graph->outputs[i]->id];
    return can;
}

/* The held-out samples: by a program that also computes the outputs, if these are to be kept. */
static oq_status run_held_out(job *j, oq_graph *graph, oq_pool *outer, oq_pool *inner, oq_arena *arena,
                              oq_program **program)
{
    const oq_calibrate_options *o = j->options;
    size_t n = o->n_held_out * (size_t)graph->n_outputs;

    if (can_keep(j, arena)) {
        OQ_TRY(compile(j, graph, true, arena, program));
        for (int w = 0; w < j->n_workers; w++) {
            oq_runner_free(j->workers[w].runner);
            j->workers[w].runner = NULL;
            OQ_TRY(oq_runner_new(*program, inner, &j->workers[w].runner, j->diag));
        }
        j->kept = OQ_NEW_ARRAY(o->kept->arena, oq_array, n + 1);
    }
    OQ_TRY(run_round(j, o->held_out, o->n_held_out, outer, arena));
    if (o->kept)
        o->kept->outputs = j->kept;
    return OQ_OK;
}

/* programs[0] for most samples, programs[1] for the held-out ones; both are the caller's to free. */
static oq_status run_job(job *j, oq_graph *graph, oq_program *programs[2], oq_pool *pool, oq_arena *arena)
{
    const oq_calibrate_options *o = j->options;
    size_t n = o->n_samples;
    oq_pool *outer;

    if (n == 0)
        return OQ_OK;
    OQ_TRY(compile(j, graph, false, arena, &programs[0]));
    OQ_TRY(choose_workers(j, programs[0], o->samples, pool, arena));
    outer = j->n_workers > 1 ? pool : NULL;
    OQ_TRY(run_round(j, o->samples + 1, n - 1, outer, arena));
    oq_pool_run(pool, (size_t)j->plan->n_values, read_judge_range, j);
    OQ_TRY(run_held_out(j, graph, outer, outer ? NULL : pool, arena, &programs[1]));
    oq_pool_run(pool, (size_t)j->plan->n_values, read_final_range, j);
    return OQ_OK;
}

oq_status oq_calibrate(oq_plan *plan, oq_model *model, const oq_dataset *dataset,
                       const oq_calibrate_options *options, oq_pool *pool, oq_diag *diag)
{
    oq_arena *arena = oq_arena_new(0);
    oq_program *programs[2] = {NULL, NULL};
    job j = {.plan = plan,
             .graph = model->graph,
             .dataset = dataset,
             .options = options,
             .sampling = {.stage = "calibrate",
                          .total = options->n_samples + options->n_held_out,
                          .progress = options->progress,
                          .progress_arg = options->progress_arg,
                          .diag = diag},
             .diag = diag};
    oq_status status;

    if (!arena)
        return OQ_NOMEM;
    oq_sampling_begin(&j.sampling);
    status = oq_plan_fit(plan, model);
    if (status == OQ_OK)
        status = run_job(&j, model->graph, programs, pool, arena);
    for (int w = 0; j.workers && w < j.n_workers; w++)
        stop_worker(&j.workers[w]);
    oq_program_free(programs[0]);
    oq_program_free(programs[1]);
    oq_sampling_end(&j.sampling);
    oq_arena_free(arena);
    return status;
}
