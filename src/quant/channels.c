/* channels: every sample writes into places of its own (its rows, its extremes and squares), which are put
 * together in sample order when all have run; so the number of workers does not matter.
 */
#include "quant/channels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "ir/graph.h"

enum { LEAST_ROWS = 4 };

/* What one sample gave for one wish. */
typedef struct {
    float *lo, *hi; /* n */
    double *square; /* n: mean */
    float *rows;    /* n_rows x n */
    size_t n_rows;
    bool is_seen;
} sight;

typedef struct {
    oq_runner *runner;
    oq_arena *arena;
    oq_array *feeds;
} worker;

typedef struct {
    const oq_channel_wish *wishes;
    size_t n_wishes;
    int *by_value; /* value id -> wish, or -1 */
    const oq_channels_options *options;
    const oq_graph *graph;
    const oq_dataset *dataset;
    sight *sights; /* [sample][wish]; held-out samples behind the others */
    worker *workers;
    int n_workers;
    oq_sampling sampling;
    oq_diag *diag;
} job;

typedef struct {
    job *j;
    size_t sample;
} hook_arg;

/* ---- one value of one sample */

/* Elements of channel c: outer blocks of inner neighbours. */
typedef struct {
    const float *data;
    size_t outer, n, inner;
} view;

static bool view_of(const oq_array *array, const oq_channel_wish *wish, view *v)
{
    int axis = wish->axis < 0 ? array->rank - 1 : wish->axis;

    if (array->dtype != OQ_FLOAT || array->n == 0 || axis >= array->rank ||
        (size_t)array->dims[axis] != wish->n)
        return false;
    *v = (view){array->data, oq_dims_product(array->dims, 0, axis), wish->n,
                oq_dims_product(array->dims, axis + 1, array->rank)};
    return true;
}

static void take_extremes(const view *v, sight *s)
{
    for (size_t c = 0; c < v->n; c++) {
        s->lo[c] = INFINITY;
        s->hi[c] = -INFINITY;
        s->square[c] = 0;
    }
    for (size_t o = 0; o < v->outer; o++) {
        for (size_t c = 0; c < v->n; c++) {
            const float *x = v->data + (o * v->n + c) * v->inner;
            float lo = s->lo[c], hi = s->hi[c];
            double square = 0;

            for (size_t i = 0; i < v->inner; i++) {
                lo = x[i] < lo ? x[i] : lo;
                hi = x[i] > hi ? x[i] : hi;
                square += (double)x[i] * (double)x[i];
            }
            s->lo[c] = lo;
            s->hi[c] = hi;
            s->square[c] += square / (double)(v->outer * v->inner);
        }
    }
}

/* Rows [position, all channels] at random positions, one from each of n equal parts. */
static void take_rows(const view *v, size_t most, oq_rng *rng, sight *s)
{
    size_t total = v->outer * v->inner, n = total < most ? total : most;

    s->n_rows = n;
    for (size_t i = 0; i < n; i++) {
        size_t at = oq_rng_spread(rng, i, n, total);
        const float *x = v->data + at / v->inner * v->n * v->inner + at % v->inner;

        for (size_t c = 0; c < v->n; c++)
            s->rows[i * v->n + c] = x[c * v->inner];
    }
}

static size_t rows_per_sample(const job *j, const oq_channel_wish *wish)
{
    size_t n = j->options->values / (j->options->n_samples ? j->options->n_samples : 1) / wish->n;

    return n > LEAST_ROWS ? n : LEAST_ROWS;
}

static bool start_sight(const job *j, const oq_channel_wish *wish, size_t sample, sight *s)
{
    size_t most = sample < j->options->n_samples ? rows_per_sample(j, wish) : 0;

    s->lo = malloc(wish->n * sizeof *s->lo);
    s->hi = malloc(wish->n * sizeof *s->hi);
    s->square = malloc(wish->n * sizeof *s->square);
    s->rows = most ? malloc(most * wish->n * sizeof *s->rows) : NULL;
    return s->lo && s->hi && s->square && (s->rows || !most);
}

static oq_status look(void *arg, const oq_node *node, const oq_value *value, const oq_array *array)
{
    const hook_arg *h = arg;
    job *j = h->j;
    int w = j->by_value[value->id];
    const oq_channel_wish *wish = w >= 0 ? &j->wishes[w] : NULL;
    sight *s = wish ? &j->sights[h->sample * j->n_wishes + (size_t)w] : NULL;
    oq_rng rng = {(uint64_t)h->sample * 7919u + (uint64_t)value->id};
    view v;

    (void)node;
    if (!s || s->is_seen || !view_of(array, wish, &v))
        return OQ_OK;
    if (!start_sight(j, wish, h->sample, s))
        return OQ_NOMEM;
    s->is_seen = true;
    take_extremes(&v, s);
    if (s->rows)
        take_rows(&v, rows_per_sample(j, wish), &rng, s);
    return OQ_OK;
}

/* ---- all samples */

static void run_sample(void *arg, size_t i, int index)
{
    job *j = arg;
    worker *w = &j->workers[index];
    const oq_channels_options *o = j->options;
    size_t sample = i < o->n_samples ? o->samples[i] : o->held_out[i - o->n_samples];
    hook_arg hook = {j, i};
    oq_diag diag = {.status = OQ_OK};
    oq_status status;

    if (oq_sampling_is_stopped(&j->sampling))
        return;
    oq_arena_reset(w->arena);
    status = oq_dataset_sample(j->dataset, sample, w->arena, w->feeds, &diag);
    if (status == OQ_OK)
        status = oq_runner_run(w->runner, w->feeds, look, &hook, &diag);
    if (status == OQ_OK)
        oq_sampling_done(&j->sampling, i);
    else
        oq_sampling_fail(&j->sampling, i, status, &diag);
}

/* ---- putting together */

static oq_status join_fold(const job *j, size_t w, int which, int n_folds, oq_arena *arena,
                           oq_channel_fold *fold)
{
    size_t n = j->wishes[w].n, seen = 0, n_rows = 0;

    fold->lo = OQ_NEW_ARRAY(arena, float, n);
    fold->hi = OQ_NEW_ARRAY(arena, float, n);
    fold->square = OQ_NEW_ARRAY(arena, double, n);
    if (!fold->lo || !fold->hi || !fold->square)
        return OQ_NOMEM;
    for (size_t c = 0; c < n; c++) {
        fold->lo[c] = INFINITY;
        fold->hi[c] = -INFINITY;
    }
    for (size_t i = (size_t)which; i < j->options->n_samples; i += (size_t)n_folds) {
        const sight *s = &j->sights[i * j->n_wishes + w];

        for (size_t c = 0; s->is_seen && c < n; c++) {
            fold->lo[c] = fminf(fold->lo[c], s->lo[c]);
            fold->hi[c] = fmaxf(fold->hi[c], s->hi[c]);
            fold->square[c] += s->square[c];
        }
        seen += s->is_seen;
        n_rows += s->n_rows;
    }
    for (size_t c = 0; c < n; c++)
        fold->square[c] /= seen ? (double)seen : 1;
    fold->rows = OQ_NEW_ARRAY(arena, float, n_rows *n);
    if (!fold->rows)
        return OQ_NOMEM;
    for (size_t i = (size_t)which; i < j->options->n_samples; i += (size_t)n_folds) {
        sight *s = &j->sights[i * j->n_wishes + w];

        if (s->n_rows)
            memcpy(fold->rows + fold->n_rows * n, s->rows, s->n_rows * n * sizeof *s->rows);
        fold->n_rows += s->n_rows;
        free(s->rows);
        s->rows = NULL;
    }
    return OQ_OK;
}

static oq_status join(const job *j, size_t w, oq_arena *arena, oq_channels *out)
{
    size_t n = j->wishes[w].n;

    out->n = n;
    out->n_folds = j->options->n_samples < OQ_FOLDS ? (int)j->options->n_samples : OQ_FOLDS;
    for (int f = 0; f < out->n_folds; f++)
        OQ_TRY(join_fold(j, w, f, out->n_folds, arena, &out->fold[f]));
    if (j->options->n_held_out == 0)
        return OQ_OK;
    out->held_lo = OQ_NEW_ARRAY(arena, float, n);
    out->held_hi = OQ_NEW_ARRAY(arena, float, n);
    if (!out->held_lo || !out->held_hi)
        return OQ_NOMEM;
    for (size_t c = 0; c < n; c++) {
        out->held_lo[c] = out->fold[0].lo[c];
        out->held_hi[c] = out->fold[0].hi[c];
    }
    for (size_t i = j->options->n_samples; i < j->sampling.total; i++) {
        const sight *s = &j->sights[i * j->n_wishes + w];

        for (size_t c = 0; s->is_seen && c < n; c++) {
            out->held_lo[c] = fminf(out->held_lo[c], s->lo[c]);
            out->held_hi[c] = fmaxf(out->held_hi[c], s->hi[c]);
        }
    }
    return OQ_OK;
}

static oq_status join_all(job *j, oq_plan *plan)
{
    plan->channels = OQ_NEW_ARRAY(plan->arena, const oq_channels *, plan->n_values);
    plan->n_channels = plan->n_values;
    if (!plan->channels)
        return OQ_NOMEM;
    for (size_t w = 0; w < j->n_wishes; w++) {
        oq_channels *channels = OQ_NEW(plan->arena, oq_channels);

        if (!channels)
            return OQ_NOMEM;
        OQ_TRY(join(j, w, plan->arena, channels));
        plan->channels[j->wishes[w].value->id] = channels;
    }
    return OQ_OK;
}

/* ---- the whole */

static oq_status compile(const job *j, oq_model *model, oq_arena *arena, oq_program **out)
{
    const oq_value **targets = OQ_NEW_ARRAY(arena, const oq_value *, j->n_wishes + 1);
    bool *watched = OQ_NEW_ARRAY(arena, bool, model->n_values + 1);
    oq_exec_options exec = {
        .mode = OQ_EXEC_FLOAT, .targets = targets, .watch = OQ_WATCH_SOME, .watched = watched};

    if (!targets || !watched)
        return OQ_NOMEM;
    for (size_t w = 0; w < j->n_wishes; w++) {
        watched[j->wishes[w].value->id] = true;
        if (j->wishes[w].value->producer)
            targets[exec.n_targets++] = j->wishes[w].value;
    }
    return oq_program_compile(model->graph, &exec, out, j->diag);
}

static oq_status start_workers(job *j, const oq_program *program, oq_pool *pool, oq_arena *arena)
{
    j->workers = OQ_NEW_ARRAY(arena, worker, oq_pool_size(pool));
    if (!j->workers)
        return OQ_NOMEM;
    for (int i = 0; i < oq_pool_size(pool); i++) {
        worker *w = &j->workers[i];

        j->n_workers = i + 1;
        w->arena = oq_arena_new(0);
        w->feeds = OQ_NEW_ARRAY(arena, oq_array, j->graph->n_inputs + 1);
        if (!w->arena || !w->feeds)
            return OQ_NOMEM;
        OQ_TRY(oq_runner_new(program, NULL, &w->runner, j->diag));
    }
    return OQ_OK;
}

static oq_status run(job *j, oq_plan *plan, oq_model *model, oq_pool *pool, oq_arena *arena,
                     oq_program **program)
{
    j->sights = OQ_NEW_ARRAY(arena, sight, j->sampling.total * j->n_wishes + 1);
    j->by_value = OQ_NEW_ARRAY(arena, int, model->n_values + 1);
    if (!j->sights || !j->by_value)
        return OQ_NOMEM;
    for (int id = 0; id < model->n_values; id++)
        j->by_value[id] = -1;
    for (size_t w = 0; w < j->n_wishes; w++)
        j->by_value[j->wishes[w].value->id] = (int)w;
    OQ_TRY(compile(j, model, arena, program));
    OQ_TRY(start_workers(j, *program, pool, arena));
    oq_pool_run(pool, j->sampling.total, run_sample, j);
    OQ_TRY(j->sampling.status);
    return join_all(j, plan);
}

static void finish(job *j)
{
    for (int i = 0; i < j->n_workers; i++) {
        oq_runner_free(j->workers[i].runner);
        oq_arena_free(j->workers[i].arena);
    }
    for (size_t i = 0; j->sights && i < j->sampling.total * j->n_wishes; i++) {
        free(j->sights[i].lo);
        free(j->sights[i].hi);
        free(j->sights[i].square);
        free(j->sights[i].rows);
    }
}

oq_status oq_channels_collect(oq_plan *plan, oq_model *model, const oq_dataset *dataset,
                              const oq_channel_wish *wishes, size_t n_wishes,
                              const oq_channels_options *options, oq_pool *pool, oq_diag *diag)
{
    job j = {.wishes = wishes,
             .n_wishes = n_wishes,
             .options = options,
             .graph = model->graph,
             .dataset = dataset,
             .sampling = {.stage = "channels",
                          .total = options->n_samples + options->n_held_out,
                          .progress = options->progress,
                          .progress_arg = options->progress_arg,
                          .diag = diag},
             .diag = diag};
    oq_arena *arena = oq_arena_new(0);
    oq_program *program = NULL;
    oq_status status;

    if (!arena)
        return OQ_NOMEM;
    oq_sampling_begin(&j.sampling);
    status = run(&j, plan, model, pool, arena, &program);
    finish(&j);
    oq_program_free(program);
    oq_sampling_end(&j.sampling);
    oq_arena_free(arena);
    return status;
}
