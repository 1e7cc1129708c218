/* verify: three runs of each held-out sample in lock step: the float model, the emitted graph in float
 * arithmetic (fake quant), and the emitted graph in integers. Values are compared as soon as both sides have
 * them, so no run's intermediates are ever all in memory.
 *
 * Figures are kept per sample and reduced in sample order: the same result for any number of workers.
 */
#include "verify/verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ir/graph.h"

/* ---- what is compared */

typedef enum { PAIR_LAYER, PAIR_OUTPUT, PAIR_CODES } pair_kind;

typedef struct {
    pair_kind kind;
    const oq_value *reference; /* in the float model; NULL for codes */
    const oq_value *quantized; /* in the quantized model: the same value, or a QuantizeLinear's result */
    int output;                /* output: its number */
    float scale;               /* codes: of the QuantizeLinear; 0 if not a scalar */
    bool is_read_again;        /* layer: a later pair of codes looks at the same value of the simulation */
    size_t order; /* position in the quantized graph, then in this list: compared in this order */
} pair;

/* Figures of one pair in one sample. */
typedef struct {
    double fake_db, integer_db;
    size_t n_codes, n_differ, n_ties;
} figure;

typedef struct {
    size_t n_agree, n_judged;
} agreement;

typedef struct {
    oq_runner *reference, *fake, *integer; /* reference and integer may be NULL */
    const oq_array *outputs; /* of the reference, when it is not run: those of the current sample */
    size_t at_reference, at_fake, at_integer; /* next step of each */
    oq_arena *arena;
    oq_array *feeds;
} worker;

typedef struct {
    const oq_graph *graph; /* of the reference */
    const oq_dataset *dataset;
    const oq_verify_options *options;
    oq_program *reference, *fake, *integer;
    pair *pairs;
    size_t n_pairs;
    figure *figures;       /* [sample][pair] */
    agreement *agreements; /* [sample] */
    worker *workers;
    oq_sampling sampling;
    oq_diag *diag;
} job;

/* ---- pairing */

static bool is_unit(const oq_node *node)
{
    return node->op && (node->op->rule == OQ_RULE_WEIGHTED || node->op->rule == OQ_RULE_MATMUL ||
                        node->op->rule == OQ_RULE_RECURRENT);
}

/* The value of the quantized graph that stands for `name`; published outputs keep their float form under
 * another name. */
static const oq_value *counterpart(const oq_graph *quantized, const char *name, oq_arena *arena)
{
    const oq_value *value;
    const char *internal = oq_arena_printf(arena, "%s_QuantizeLinear_Input", name);

    value = internal ? oq_value_find(quantized, internal) : NULL;
    return value ? value : oq_value_find(quantized, name);
}

static void add_pair(job *j, pair_kind kind, const oq_value *reference, const oq_value *quantized)
{
    j->pairs[j->n_pairs++] = (pair){.kind = kind, .reference = reference, .quantized = quantized};
}

static void pair_layers(job *j, const oq_graph *quantized, oq_arena *arena)
{
    OQ_FOR_EACH_NODE (j->graph, node) {
        const oq_value *out = node->n_outputs ? node->outputs[0] : NULL, *other;

        if (!is_unit(node) || !out || out->n_uses == 0)
            continue;
        other = counterpart(quantized, out->name, arena);
        if (other && other->producer)
            add_pair(j, PAIR_LAYER, out, other);
    }
}

static void pair_codes(job *j, const oq_graph *quantized)
{
    OQ_FOR_EACH_NODE (quantized, node) {
        const oq_tensor *scale;
        pair *p;

        if (!oq_node_is(node, "QuantizeLinear") || node->n_inputs < 2)
            continue;
        add_pair(j, PAIR_CODES, NULL, node->outputs[0]);
        p = &j->pairs[j->n_pairs - 1];
        scale = oq_value_constant(node->inputs[1]);
        if (!scale || scale->n_elements != 1 || !oq_tensor_floats(scale, &p->scale))
            p->scale = 0;
    }
}

static oq_status pair_outputs(job *j, const oq_graph *quantized, oq_diag *diag)
{
    if (j->graph->n_outputs != quantized->n_outputs || j->graph->n_inputs != quantized->n_inputs)
        OQ_FAIL(diag, OQ_ARG, "the models do not correspond: %d and %d inputs, %d and %d outputs",
                j->graph->n_inputs, quantized->n_inputs, j->graph->n_outputs, quantized->n_outputs);
    for (int i = 0; i < j->graph->n_inputs; i++) {
        if (strcmp(j->graph->inputs[i]->name, quantized->inputs[i]->name) != 0)
            OQ_FAIL(diag, OQ_ARG, "the models do not correspond: input %d is '%s' in one, '%s' in the other",
                    i, j->graph->inputs[i]->name, quantized->inputs[i]->name);
    }
    for (int i = 0; j->options->with_outputs && i < j->graph->n_outputs; i++) {
        add_pair(j, PAIR_OUTPUT, j->graph->outputs[i], quantized->outputs[i]);
        j->pairs[j->n_pairs - 1].output = i;
    }
    return OQ_OK;
}

/* ---- one sample */

/* Step runner until value is live; false when it never becomes so (fused away in an integer unit, or not
 * computed). */
static oq_status advance(oq_runner *runner, const oq_program *program, size_t *at, const oq_value *value,
                         const oq_array **out, oq_diag *diag)
{
    while (!(*out = oq_runner_value(runner, value)) && *at < oq_program_n_steps(program))
        OQ_TRY(oq_runner_step(runner, (*at)++, diag));
    return OQ_OK;
}

static bool both_float(const oq_array *a, const oq_array *b)
{
    return a && b && a->dtype == OQ_FLOAT && b->dtype == OQ_FLOAT && a->n == b->n;
}

/* Differences among n codes, and which of them are ties of the rounding. x: what was rounded, or
 * NULL. */
static void count_differences(const pair *p, const uint8_t *a, const uint8_t *b, const float *x, size_t n,
                              figure *f)
{
    for (size_t i = 0; i < n; i++) {
        if (a[i] == b[i])
            continue;
        f->n_differ++;
        if (x && p->scale > 0) {
            double y = (double)x[i] / (double)p->scale;

            f->n_ties += fabs(fabs(y - trunc(y)) - 0.5) < 1e-3;
        }
    }
}

/* Codes as 8-bit bytes; nearly all are equal, so they are compared in large pieces first. */
static void compare_codes(const pair *p, const oq_array *fake, const oq_array *integer,
                          const oq_array *before, figure *f)
{
    const size_t piece = 1024;
    const uint8_t *a = fake->data, *b = integer->data;
    const float *x = before && before->dtype == OQ_FLOAT && before->n == fake->n ? before->data : NULL;

    if (fake->dtype != integer->dtype || fake->n != integer->n || fake->size != fake->n)
        return;
    f->n_codes = fake->n;
    for (size_t at = 0; at < fake->n; at += piece) {
        size_t n = fake->n - at < piece ? fake->n - at : piece;

        if (memcmp(a + at, b + at, n) != 0)
            count_differences(p, a + at, b + at, x ? x + at : NULL, n, f);
    }
}

static oq_status compare_pair(job *j, worker *w, const pair *p, figure *f, oq_diag *diag)
{
    const oq_array *reference = NULL, *fake, *integer = NULL;
    const oq_value *before = p->kind == PAIR_CODES ? p->quantized->producer->inputs[0] : NULL;

    if (p->reference && !w->reference)
        reference = &w->outputs[p->output];
    else if (p->reference)
        OQ_TRY(advance(w->reference, j->reference, &w->at_reference, p->reference, &reference, diag));
    OQ_TRY(advance(w->fake, j->fake, &w->at_fake, p->quantized, &fake, diag));
    if (w->integer && p->kind != PAIR_LAYER)
        OQ_TRY(advance(w->integer, j->integer, &w->at_integer, p->quantized, &integer, diag));
    *f = (figure){.fake_db = NAN, .integer_db = NAN};
    if (reference && both_float(reference, fake))
        f->fake_db = oq_sqnr_db(reference->data, fake->data, fake->n);
    if (p->kind == PAIR_OUTPUT && integer && both_float(fake, integer))
        f->integer_db = oq_sqnr_db(fake->data, integer->data, fake->n);
    if (p->kind != PAIR_CODES || !fake || !integer)
        return OQ_OK;
    compare_codes(p, fake, integer, before ? oq_runner_value(w->fake, before) : NULL, f);
    return f->n_differ ? oq_runner_replace(w->integer, p->quantized, fake, diag) : OQ_OK;
}

static size_t arg_max(const float *x, size_t n)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++) {
        if (x[i] > x[best])
            best = i;
    }
    return best;
}

/* The first output looks like scores: float, rank 1 to 3, last dimension of at least 2. Each row is judged.
 */
static bool looks_like_scores(const oq_array *array)
{
    return array && array->dtype == OQ_FLOAT && array->rank >= 1 && array->rank <= 3 &&
           array->dims[array->rank - 1] >= 2;
}

static void judge(const worker *w, agreement *out)
{
    const oq_array *a = w->reference ? oq_runner_output(w->reference, 0) : &w->outputs[0];
    const oq_array *b = oq_runner_output(w->integer ? w->integer : w->fake, 0);
    size_t classes;

    if (!looks_like_scores(a) || !both_float(a, b))
        return;
    classes = (size_t)a->dims[a->rank - 1];
    for (size_t row = 0; row < a->n; row += classes) {
        out->n_judged++;
        out->n_agree +=
            arg_max((const float *)a->data + row, classes) == arg_max((const float *)b->data + row, classes);
    }
}

static oq_status hold_pairs(job *j, worker *w)
{
    for (size_t i = 0; i < j->n_pairs; i++) {
        const pair *p = &j->pairs[i];

        if (p->reference && w->reference)
            OQ_TRY(oq_runner_keep(w->reference, p->reference));
        OQ_TRY(oq_runner_keep(w->fake, p->quantized));
        if (p->kind == PAIR_CODES)
            OQ_TRY(oq_runner_keep(w->fake, p->quantized->producer->inputs[0]));
        if (w->integer && p->kind != PAIR_LAYER)
            OQ_TRY(oq_runner_keep(w->integer, p->quantized));
    }
    return OQ_OK;
}

static void let_go(worker *w, const pair *p)
{
    if (p->reference && w->reference)
        oq_runner_release(w->reference, p->reference);
    if (!p->is_read_again)
        oq_runner_release(w->fake, p->quantized);
    if (p->kind == PAIR_CODES)
        oq_runner_release(w->fake, p->quantized->producer->inputs[0]);
    if (w->integer && p->kind != PAIR_LAYER)
        oq_runner_release(w->integer, p->quantized);
}

static oq_status finish(oq_runner *runner, const oq_program *program, size_t *at, oq_diag *diag)
{
    while (*at < oq_program_n_steps(program))
        OQ_TRY(oq_runner_step(runner, (*at)++, diag));
    return OQ_OK;
}

static oq_status compare_sample(job *j, worker *w, size_t i, oq_diag *diag)
{
    oq_arena_reset(w->arena);
    OQ_TRY(oq_dataset_sample(j->dataset, j->options->samples[i], w->arena, w->feeds, diag));
    if (w->reference)
        OQ_TRY(oq_runner_begin(w->reference, w->feeds, diag));
    else
        w->outputs = &j->options->reference_outputs[i * (size_t)j->graph->n_outputs];
    OQ_TRY(oq_runner_begin(w->fake, w->feeds, diag));
    if (w->integer)
        OQ_TRY(oq_runner_begin(w->integer, w->feeds, diag));
    w->at_reference = w->at_fake = w->at_integer = 0;
    OQ_TRY(hold_pairs(j, w));
    for (size_t k = 0; k < j->n_pairs; k++) {
        OQ_TRY(compare_pair(j, w, &j->pairs[k], &j->figures[i * j->n_pairs + k], diag));
        let_go(w, &j->pairs[k]);
    }
    if (w->reference)
        OQ_TRY(finish(w->reference, j->reference, &w->at_reference, diag));
    OQ_TRY(finish(w->fake, j->fake, &w->at_fake, diag));
    if (w->integer)
        OQ_TRY(finish(w->integer, j->integer, &w->at_integer, diag));
    if (j->options->with_outputs)
        judge(w, &j->agreements[i]);
    return OQ_OK;
}

/* ---- all samples */

static void run_sample(void *arg, size_t i, int index)
{
    job *j = arg;
    oq_diag diag = {.status = OQ_OK};
    oq_status status;

    if (oq_sampling_is_stopped(&j->sampling))
        return;
    status = compare_sample(j, &j->workers[index], i, &diag);
    if (status == OQ_OK)
        oq_sampling_done(&j->sampling, i);
    else
        oq_sampling_fail(&j->sampling, i, status, &diag);
}

static oq_status start_worker(job *j, worker *w, oq_pool *inner, oq_arena *arena)
{
    w->arena = oq_arena_new(0);
    w->feeds = OQ_NEW_ARRAY(arena, oq_array, j->graph->n_inputs + 1);
    if (!w->arena || !w->feeds)
        return OQ_NOMEM;
    OQ_TRY(oq_runner_new(j->fake, inner, &w->fake, j->diag));
    if (j->reference) {
        OQ_TRY(oq_runner_new(j->reference, inner, &w->reference, j->diag));
        oq_runner_share_memory(w->reference, w->fake);
    }
    if (j->integer) {
        OQ_TRY(oq_runner_new(j->integer, inner, &w->integer, j->diag));
        oq_runner_share_memory(w->integer, w->fake);
    }
    return OQ_OK;
}

static void stop_worker(worker *w)
{
    oq_runner_free(w->integer);
    oq_runner_free(w->reference);
    oq_runner_free(w->fake); /* the others live in its memory */
    oq_arena_free(w->arena);
    *w = (worker){.arena = NULL};
}

static void run_later_sample(void *arg, size_t i, int index)
{
    run_sample(arg, i + 1, index);
}

/* The samples behind the first: in parallel, unless that many live tensors would take too much memory. */
static oq_status run_rest(job *j, oq_pool *pool, oq_arena *arena)
{
    size_t n = j->options->n_samples - 1, n_workers = (size_t)oq_pool_size(pool);
    bool by_sample = n >= n_workers && oq_runner_peak(j->workers[0].fake) * n_workers <= OQ_PARALLEL_MEMORY;

    for (size_t w = 0; by_sample && w < n_workers; w++) {
        stop_worker(&j->workers[w]);
        OQ_TRY(start_worker(j, &j->workers[w], NULL, arena));
    }
    oq_pool_run(by_sample ? pool : NULL, n, run_later_sample, j);
    return j->sampling.status;
}

static oq_status run_all(job *j, oq_pool *pool, oq_arena *arena)
{
    int n_workers = oq_pool_size(pool);
    oq_status status;

    if (j->options->n_samples == 0)
        return OQ_OK;
    j->workers = OQ_NEW_ARRAY(arena, worker, n_workers);
    j->figures = OQ_NEW_ARRAY(arena, figure, j->options->n_samples * j->n_pairs + 1);
    j->agreements = OQ_NEW_ARRAY(arena, agreement, j->options->n_samples + 1);
    if (!j->workers || !j->figures || !j->agreements)
        return OQ_NOMEM;
    status = start_worker(j, &j->workers[0], pool, arena);
    if (status == OQ_OK) {
        run_sample(j, 0, 0);
        status = j->sampling.status;
    }
    if (status == OQ_OK)
        status = run_rest(j, pool, arena);
    for (int w = 0; w < n_workers; w++)
        stop_worker(&j->workers[w]);
    return status;
}

/* ---- results */

static void reduce_pair(const job *j, size_t k, oq_sqnr *out)
{
    double fake = 0, integer = 0;
    size_t n_fake = 0, n_integer = 0;

    out->worst_db = INFINITY;
    for (size_t i = 0; i < j->options->n_samples; i++) {
        const figure *f = &j->figures[i * j->n_pairs + k];

        if (!isnan(f->fake_db)) {
            fake += f->fake_db;
            n_fake++;
            out->worst_db = fmin(out->worst_db, f->fake_db);
        }
        if (!isnan(f->integer_db)) {
            integer += f->integer_db;
            n_integer++;
        }
        out->n_codes += f->n_codes;
        out->n_codes_differ += f->n_differ;
        out->n_ties += f->n_ties;
    }
    out->fake_db = n_fake ? fake / (double)n_fake : NAN;
    out->integer_db = n_integer ? integer / (double)n_integer : NAN;
    out->n_samples = n_fake;
}

static const char *producer_type(const oq_value *value)
{
    return value && value->producer ? value->producer->op_type : "input";
}

static oq_status reduce(const job *j, oq_arena *arena, oq_verify_result *out)
{
    double sum = 0;
    size_t n = 0;

    out->outputs = OQ_NEW_ARRAY(arena, oq_sqnr, j->n_pairs + 1);
    out->layers = OQ_NEW_ARRAY(arena, oq_sqnr, j->n_pairs + 1);
    if (!out->outputs || !out->layers)
        return OQ_NOMEM;
    for (size_t k = 0; k < j->n_pairs; k++) {
        const pair *p = &j->pairs[k];
        oq_sqnr figures = {.name = p->reference ? p->reference->name : p->quantized->name};

        reduce_pair(j, k, &figures);
        if (p->kind == PAIR_CODES) {
            out->n_codes += figures.n_codes;
            out->n_codes_differ += figures.n_codes_differ;
            out->n_ties += figures.n_ties;
            continue;
        }
        figures.op_type = producer_type(p->reference);
        if (figures.n_samples == 0)
            continue;
        if (p->kind == PAIR_LAYER) {
            out->layers[out->n_layers++] = figures;
            continue;
        }
        out->outputs[out->n_outputs++] = figures;
        sum += figures.fake_db;
        n++;
    }
    out->mean_db = n ? sum / (double)n : NAN;
    out->n_samples = j->options->n_samples;
    for (size_t i = 0; i < j->options->n_samples; i++) {
        out->n_agree += j->agreements[i].n_agree;
        out->n_judged += j->agreements[i].n_judged;
    }
    out->has_agreement = out->n_judged > 0;
    return OQ_OK;
}

/* Pairs that both sides can compute; the others are not judged. */
static oq_status drop_uncomputable(job *j, const oq_graph *quantized, oq_arena *arena)
{
    bool *a = OQ_NEW_ARRAY(arena, bool, j->graph->model->n_values + 1);
    bool *b = OQ_NEW_ARRAY(arena, bool, quantized->model->n_values + 1);
    size_t kept = 0;

    if (!a || !b)
        return OQ_NOMEM;
    oq_exec_computable(j->graph, a);
    oq_exec_computable(quantized, b);
    for (size_t k = 0; k < j->n_pairs; k++) {
        const pair *p = &j->pairs[k];

        if (b[p->quantized->id] && (!p->reference || a[p->reference->id]))
            j->pairs[kept++] = *p;
    }
    j->n_pairs = kept;
    return OQ_OK;
}

typedef enum { SIDE_REFERENCE, SIDE_FAKE, SIDE_INTEGER } side;

/* Does this side compute the pair's value? Layers inside integer units do not exist there. */
static bool takes_part(const pair *p, side which)
{
    return which == SIDE_REFERENCE ? p->reference != NULL : which == SIDE_FAKE || p->kind != PAIR_LAYER;
}

/* Compile for the values of one side of the pairs, and no others: steps between them may be merged. */
static oq_status compile_side(job *j, oq_graph *graph, side which, oq_exec_mode mode, oq_arena *arena,
                              oq_program **out, oq_diag *diag)
{
    const oq_value **targets = OQ_NEW_ARRAY(arena, const oq_value *, j->n_pairs + 1);
    bool *watched = OQ_NEW_ARRAY(arena, bool, graph->model->n_values + 1);
    oq_exec_options exec = {.mode = mode, .targets = targets, .watch = OQ_WATCH_SOME, .watched = watched};

    if (!targets || !watched)
        return OQ_NOMEM;
    for (size_t k = 0; k < j->n_pairs; k++) {
        const pair *p = &j->pairs[k];
        const oq_value *value = which == SIDE_REFERENCE ? p->reference : p->quantized;

        if (!takes_part(p, which))
            continue;
        targets[exec.n_targets++] = value;
        watched[value->id] = true;
        if (which == SIDE_FAKE && p->kind == PAIR_CODES)
            watched[value->producer->inputs[0]->id] = true;
    }
    return oq_program_compile(graph, &exec, out, diag);
}

static oq_status compile_all(job *j, oq_model *reference, oq_model *quantized, oq_arena *arena, oq_diag *diag)
{
    const oq_verify_options *o = j->options;
    oq_exec_mode mode = o->integer_only ? OQ_EXEC_INTEGER : OQ_EXEC_FLOAT;

    if (!o->reference_outputs)
        OQ_TRY(compile_side(j, reference->graph, SIDE_REFERENCE, OQ_EXEC_FLOAT, arena, &j->reference, diag));
    OQ_TRY(compile_side(j, quantized->graph, SIDE_FAKE, mode, arena, &j->fake, diag));
    return o->with_integer || o->with_codes
               ? compile_side(j, quantized->graph, SIDE_INTEGER, OQ_EXEC_INTEGER, arena, &j->integer, diag)
               : OQ_OK;
}

static int by_order(const void *a, const void *b)
{
    size_t x = ((const pair *)a)->order, y = ((const pair *)b)->order;

    return (x > y) - (x < y);
}

/* In the order the quantized graph computes them, so that each is compared, and let go, as soon as it is
 * there. */
static oq_status sort_pairs(job *j, const oq_graph *quantized, oq_arena *arena)
{
    size_t *position = OQ_NEW_ARRAY(arena, size_t, quantized->model->n_nodes + 1), n = 0;

    if (!position)
        return OQ_NOMEM;
    OQ_FOR_EACH_NODE (quantized, node)
        position[node->id] = ++n;
    for (size_t k = 0; k < j->n_pairs; k++) {
        const oq_node *producer = j->pairs[k].quantized->producer;

        j->pairs[k].order = (producer ? position[producer->id] : 0) * (j->n_pairs + 1) + k;
    }
    qsort(j->pairs, j->n_pairs, sizeof *j->pairs, by_order);
    return OQ_OK;
}

static oq_status mark_read_again(job *j, const oq_graph *quantized, oq_arena *arena)
{
    bool *is_rounded = OQ_NEW_ARRAY(arena, bool, quantized->model->n_values + 1);

    if (!is_rounded)
        return OQ_NOMEM;
    for (size_t k = 0; k < j->n_pairs; k++) {
        if (j->pairs[k].kind == PAIR_CODES)
            is_rounded[j->pairs[k].quantized->producer->inputs[0]->id] = true;
    }
    for (size_t k = 0; k < j->n_pairs; k++)
        j->pairs[k].is_read_again = j->pairs[k].kind == PAIR_LAYER && is_rounded[j->pairs[k].quantized->id];
    return OQ_OK;
}

static oq_status pair_all(job *j, const oq_graph *quantized, oq_arena *arena, oq_diag *diag)
{
    size_t most = (size_t)j->graph->n_nodes + (size_t)quantized->n_nodes + (size_t)j->graph->n_outputs;

    j->pairs = OQ_NEW_ARRAY(arena, pair, most + 1);
    if (!j->pairs)
        return OQ_NOMEM;
    if (j->options->with_layers)
        pair_layers(j, quantized, arena);
    if (j->options->with_codes)
        pair_codes(j, quantized);
    OQ_TRY(pair_outputs(j, quantized, diag));
    OQ_TRY(drop_uncomputable(j, quantized, arena));
    OQ_TRY(sort_pairs(j, quantized, arena));
    return mark_read_again(j, quantized, arena);
}

oq_status oq_verify(oq_model *reference, oq_model *quantized, const oq_dataset *dataset,
                    const oq_verify_options *options, oq_pool *pool, oq_arena *arena, oq_verify_result *out,
                    oq_diag *diag)
{
    job j = {.graph = reference->graph,
             .dataset = dataset,
             .options = options,
             .sampling = {.stage = "verify",
                          .total = options->n_samples,
                          .progress = options->progress,
                          .progress_arg = options->progress_arg,
                          .diag = diag},
             .diag = diag};
    oq_verify_result result = {.n_outputs = 0};
    oq_status status;

    oq_sampling_begin(&j.sampling);
    status = pair_all(&j, quantized->graph, arena, diag);
    if (status == OQ_OK)
        status = compile_all(&j, reference, quantized, arena, diag);
    if (status == OQ_OK)
        status = run_all(&j, pool, arena);
    if (status == OQ_OK)
        status = reduce(&j, arena, &result);
    if (status == OQ_OK)
        *out = result;
    oq_program_free(j.reference);
    oq_program_free(j.fake);
    oq_program_free(j.integer);
    oq_sampling_end(&j.sampling);
    return status;
}
