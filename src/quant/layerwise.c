/* layerwise: the driver of the two streams. A lane holds every n-th sample, its runners and one heap; lanes
 * are what runs in parallel. Sums over samples are taken in sample order, from figures kept per sample.
 */
#include "quant/layerwise.h"

#include <stdlib.h>
#include <string.h>

#include "ir/graph.h"
#include "quant/fit_unit.h"
#include "quant/lanes.h"

enum { LEAST_SAMPLES = 4 };

typedef struct {
    oq_lanes *lanes;
    oq_plan *plan;
    const oq_layerwise_options *options;
    oq_model *reference;
    oq_program *float_program, *rounded_program;
    oq_arena *arena;
    oq_pool *pool;
    oq_diag *diag;
    size_t n_units, n_done;
} driver;

/* A unit whose weight is a constant of its own to be fitted. */
static bool is_fitted(const oq_plan *plan, const oq_node *node)
{
    const oq_op *op = node->op;

    return node->id < plan->n_nodes && plan->nodes[node->id].kind == OQ_NODE_INTEGER && op &&
           (op->rule == OQ_RULE_WEIGHTED || op->rule == OQ_RULE_MATMUL) && node->n_inputs > 1 &&
           oq_value_constant(node->inputs[1]) && node->inputs[1]->constant->dtype == OQ_FLOAT &&
           node->inputs[1]->constant->n_elements > 0;
}

/* A weight that several read becomes each one's own. */
static oq_status own_weights(const oq_plan *plan, oq_graph *graph)
{
    OQ_FOR_EACH_NODE (graph, node) {
        oq_value *weight = is_fitted(plan, node) ? node->inputs[1] : NULL, *copy;

        if (!weight || (weight->n_uses == 1 && !weight->is_output))
            continue;
        copy = oq_graph_add_initializer(graph, weight->name, weight->constant);
        if (!copy)
            return OQ_NOMEM;
        OQ_TRY(oq_node_set_input(node, 1, copy));
    }
    return OQ_OK;
}

/* What the driver looks at: inputs and results of the units. */
static oq_status watch(oq_model *model, const oq_plan *plan, oq_arena *arena, oq_exec_options *exec,
                       bool is_rounded)
{
    bool *watched = OQ_NEW_ARRAY(arena, bool, model->n_values);
    bool *deferred = OQ_NEW_ARRAY(arena, bool, model->n_nodes);

    if (!watched || !deferred)
        return OQ_NOMEM;
    OQ_FOR_EACH_NODE (model->graph, node) {
        if (!is_fitted(plan, node))
            continue;
        watched[node->outputs[0]->id] = true;
        watched[node->inputs[0]->id] = is_rounded;
        deferred[node->id] = is_rounded;
    }
    exec->watch = OQ_WATCH_SOME;
    exec->watched = watched;
    exec->deferred = is_rounded ? deferred : NULL;
    return OQ_OK;
}

static oq_status compile(driver *d, oq_model *rounded)
{
    oq_exec_options exec = {.mode = OQ_EXEC_FLOAT};

    OQ_TRY(watch(d->reference, d->plan, d->arena, &exec, false));
    OQ_TRY(oq_program_compile(d->reference->graph, &exec, &d->float_program, d->diag));
    exec = (oq_exec_options){.mode = OQ_EXEC_FLOAT};
    OQ_TRY(watch(rounded, d->plan, d->arena, &exec, true));
    return oq_program_compile(rounded->graph, &exec, &d->rounded_program, d->diag);
}

static oq_status fit(driver *d, size_t step, oq_node *node)
{
    oq_fit_unit job = {.node = node,
                       .program = d->rounded_program,
                       .step = step,
                       .result = oq_value_find(d->reference->graph, node->outputs[0]->name),
                       .lanes = d->lanes,
                       .plan = d->plan,
                       .options = d->options,
                       .pool = d->pool,
                       .diag = d->diag};

    if (!job.result)
        OQ_FAIL(d->diag, OQ_INTERNAL, "unit '%s' has no counterpart in the float graph", node->name);
    OQ_TRY(oq_fit_unit_run(&job));
    d->n_done++;
    if (d->options->progress &&
        !d->options->progress(d->options->progress_arg, "fit weights", d->n_done, d->n_units))
        return OQ_CANCELLED;
    return OQ_OK;
}

static oq_status walk(driver *d)
{
    size_t n = oq_program_n_steps(d->rounded_program);

    for (size_t s = 0; s < n && d->n_done < d->n_units; s++) {
        /* the clone is ours to change */
        oq_node *node = (oq_node *)(uintptr_t)oq_program_node(d->rounded_program, s);

        if (oq_program_is_deferred(d->rounded_program, s))
            OQ_TRY(fit(d, s, node));
        else
            OQ_TRY(oq_lanes_step(d->lanes, s));
    }
    return OQ_OK;
}

/* Bytes one sample holds at most in one stream: seen in a run of the float graph. */
static oq_status measure(driver *d, const oq_dataset *dataset, size_t *out)
{
    oq_array *feeds = OQ_NEW_ARRAY(d->arena, oq_array, d->reference->graph->n_inputs + 1);
    oq_arena *arena = oq_arena_new(0);
    oq_runner *runner = NULL;
    oq_status status = feeds && arena ? OQ_OK : OQ_NOMEM;

    if (status == OQ_OK)
        status = oq_runner_new(d->float_program, d->pool, &runner, d->diag);
    if (status == OQ_OK)
        status = oq_dataset_sample(dataset, d->options->samples[0], arena, feeds, d->diag);
    if (status == OQ_OK)
        status = oq_runner_run(runner, feeds, NULL, NULL, d->diag);
    if (status == OQ_OK)
        *out = oq_runner_peak(runner);
    oq_runner_free(runner);
    oq_arena_free(arena);
    return status;
}

/* As many samples as the memory allows, evenly spread. */
static oq_status choose_samples(driver *d, const oq_dataset *dataset, const size_t **samples, size_t *n)
{
    size_t all = d->options->n_samples, most = all, peak, *some;

    if (d->options->live) {
        OQ_TRY(measure(d, dataset, &peak));
        most = d->options->live / (2 * peak + 1);
        most = most < LEAST_SAMPLES ? LEAST_SAMPLES : most;
    }
    *n = most < all ? most : all;
    *samples = d->options->samples;
    if (*n == all)
        return OQ_OK;
    some = OQ_NEW_ARRAY(d->arena, size_t, *n);
    if (!some)
        return OQ_NOMEM;
    for (size_t i = 0; i < *n; i++)
        some[i] = d->options->samples[i * all / *n];
    *samples = some;
    return OQ_OK;
}

static oq_status run(driver *d, oq_model *rounded, const oq_dataset *dataset)
{
    const size_t *samples;
    size_t n;

    OQ_TRY(own_weights(d->plan, rounded->graph));
    OQ_TRY(oq_plan_fit(d->plan, rounded));
    OQ_FOR_EACH_NODE (rounded->graph, node)
        d->n_units += is_fitted(d->plan, node);
    if (d->n_units == 0 || d->options->n_samples == 0)
        return OQ_OK;
    OQ_TRY(compile(d, rounded));
    OQ_TRY(choose_samples(d, dataset, &samples, &n));
    OQ_TRY(oq_lanes_open(d->float_program, d->rounded_program, d->reference->graph, dataset, samples, n,
                         d->pool, &d->lanes, d->diag));
    return walk(d);
}

oq_status oq_layerwise(oq_model *reference, oq_model *rounded, oq_plan *plan, const oq_dataset *dataset,
                       const oq_layerwise_options *options, oq_pool *pool, oq_diag *diag)
{
    driver d = {.plan = plan,
                .options = options,
                .reference = reference,
                .arena = oq_arena_new(0),
                .pool = pool,
                .diag = diag};
    oq_status status = d.arena ? run(&d, rounded, dataset) : OQ_NOMEM;

    oq_lanes_close(d.lanes);
    oq_program_free(d.float_program);
    oq_program_free(d.rounded_program);
    oq_arena_free(d.arena);
    return status;
}
