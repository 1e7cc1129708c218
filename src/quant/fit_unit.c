/* fit_unit: see the header; the formulas are in gptq.h and moments.h. */
#include "quant/fit_unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ir/graph.h"
#include "quant/gptq.h"
#include "quant/moments.h"
#include "quant/unit_form.h"
#include "quant/weight.h"

#define ROWS_LEAST  4096 /* over all samples; 6 per weight of an output, at most ROWS_MOST */
#define ROWS_MOST   16384
#define SAMPLE_ROWS 32 /* fewest of one sample */
#define ROW_MEMORY  ((size_t)64 << 20)

typedef struct {
    const oq_fit_unit *job;
    oq_arena *arena; /* dies with the fit of this unit */
    size_t n_samples;
    const oq_tensor *weight;
    oq_qparams params;
    oq_unit_form form;
    bool has_form;
    float *matrix; /* has_form: the weight */
    int8_t *codes; /* in the order of matrix, or of the weight */
    /* rows of a batch of samples */
    size_t limit, batch, first;
    float *rows;    /* [sample of the batch][group][limit][k] */
    size_t *n_rows; /* per sample of the batch */
    /* results */
    size_t n_channels;
    oq_moments *moments; /* [sample][channel] */
    double *bias, *gain, *shift;
    oq_unit_fit *fit;
} work;

/* ---- the Hessian */

static oq_status take_rows(void *arg, size_t sample, oq_diag *diag)
{
    work *w = arg;
    const oq_node *node = w->job->node;
    bool is_last;
    const oq_array *x =
        oq_runner_live(oq_lanes_rounded_runner(w->job->lanes, sample), node->inputs[0], &is_last);
    size_t at = sample - w->first, size = w->form.groups * w->limit * w->form.k;
    oq_rng rng = {(uint64_t)sample * 1000003u + (uint64_t)node->id};

    if (!x)
        OQ_FAIL(diag, OQ_INTERNAL, "the input of '%s' is not there", node->name);
    w->n_rows[at] = oq_unit_rows(&w->form, x, is_last, w->limit, &rng, w->rows + at * size);
    return OQ_OK;
}

/* Rows per sample, and samples whose rows are held at once. */
static void choose_rows(work *w)
{
    size_t k = w->form.k, want = 6 * k < ROWS_LEAST ? ROWS_LEAST : 6 * k;
    size_t memory = w->job->options->memory ? w->job->options->memory : ROW_MEMORY;
    size_t row_bytes = w->form.groups * k * sizeof(float), most;

    want = want > ROWS_MOST ? ROWS_MOST : want;
    w->limit = want / w->n_samples > SAMPLE_ROWS ? want / w->n_samples : SAMPLE_ROWS;
    most = memory / row_bytes > 1 ? memory / row_bytes : 1;
    w->limit = w->limit < most ? w->limit : most;
    w->batch = most / w->limit > 1 ? most / w->limit : 1;
    w->batch = w->batch < w->n_samples ? w->batch : w->n_samples;
}

typedef struct {
    work *w;
    oq_hessian *hessians; /* per group */
    oq_pool *pool;        /* within one group */
    oq_status *status;    /* per group */
    size_t n;             /* samples in the batch */
} group_job;

static void add_group(void *arg, size_t g, int worker)
{
    const group_job *job = arg;
    const work *w = job->w;

    (void)worker;
    for (size_t s = 0; s < job->n && job->status[g] == OQ_OK; s++) {
        const float *rows =
            w->rows + s * w->form.groups * w->limit * w->form.k + g * w->n_rows[s] * w->form.k;

        job->status[g] = oq_hessian_add(&job->hessians[g], rows, w->n_rows[s], job->pool);
    }
}

static void round_group(void *arg, size_t g, int worker)
{
    const group_job *job = arg;
    const work *w = job->w;
    size_t at = g * w->form.n_out * w->form.k;
    oq_gptq gptq = {.n_out = w->form.n_out,
                    .k = w->form.k,
                    .weights = w->matrix + at,
                    .scale = w->params.scale + g * w->form.n_out,
                    .qmin = w->params.qmin,
                    .qmax = w->params.qmax,
                    .damping = w->job->options->damping};

    (void)worker;
    if (job->status[g] == OQ_OK)
        job->status[g] = oq_gptq_round(&gptq, &job->hessians[g], job->pool, w->codes + at);
}

static oq_status worst(const group_job *job)
{
    for (size_t g = 0; g < job->w->form.groups; g++)
        OQ_TRY(job->status[g]);
    return OQ_OK;
}

/* Groups side by side, or one at a time with the pool inside. */
static oq_status each_group(group_job *job, oq_task *task)
{
    bool is_wide = job->w->form.groups > 1;

    job->pool = is_wide ? NULL : job->w->job->pool;
    oq_pool_run(is_wide ? job->w->job->pool : NULL, job->w->form.groups, task, job);
    return worst(job);
}

static bool all_finite(const oq_hessian *hessians, size_t n)
{
    for (size_t g = 0; g < n; g++) {
        for (size_t i = 0; i < hessians[g].k; i++) {
            if (!isfinite(hessians[g].sum[i * hessians[g].k + i]))
                return false;
        }
    }
    return n > 0 && hessians[0].n_rows > 0;
}

/* One scale for the tensor becomes one per output. */
static oq_status spread_scale(work *w)
{
    size_t n = w->form.groups * w->form.n_out;
    float *scale;

    if (w->params.n == n)
        return OQ_OK;
    scale = OQ_NEW_ARRAY(w->arena, float, n);
    if (!scale)
        return OQ_NOMEM;
    for (size_t i = 0; i < n; i++)
        scale[i] = w->params.scale[0];
    w->params.scale = scale;
    return OQ_OK;
}

static oq_status round_second_order(work *w, bool *done)
{
    const oq_unit_form *f = &w->form;
    oq_qparams params = w->params;
    group_job job = {.w = w,
                     .hessians = OQ_NEW_ARRAY(w->arena, oq_hessian, f->groups),
                     .status = OQ_NEW_ARRAY(w->arena, oq_status, f->groups)};
    oq_status status = OQ_OK;

    choose_rows(w);
    w->rows = malloc(w->batch * f->groups * w->limit * f->k * sizeof *w->rows);
    w->n_rows = OQ_NEW_ARRAY(w->arena, size_t, w->batch);
    if (!job.hessians || !job.status || !w->rows || !w->n_rows)
        status = OQ_NOMEM;
    for (size_t g = 0; g < f->groups && status == OQ_OK; g++)
        status = oq_hessian_start(&job.hessians[g], f->k, w->arena);
    for (w->first = 0; w->first < w->n_samples && status == OQ_OK; w->first += job.n) {
        job.n = w->n_samples - w->first < w->batch ? w->n_samples - w->first : w->batch;
        status = oq_lanes_each(w->job->lanes, w->first, job.n, take_rows, w);
        if (status == OQ_OK)
            status = each_group(&job, add_group);
    }
    *done = status == OQ_OK && all_finite(job.hessians, f->groups);
    if (*done)
        status = spread_scale(w);
    if (*done && status == OQ_OK)
        status = each_group(&job, round_group);
    w->params = params;
    free(w->rows);
    return status;
}

/* ---- codes and weights */

/* Scale of element i of the weight in ONNX order. */
static float scale_at(const work *w, size_t i)
{
    size_t inner =
        w->params.axis < 0 ? 1 : oq_dims_product(w->weight->dims, w->params.axis + 1, w->weight->rank);

    return w->params.scale[w->params.n == 1 ? 0 : i / inner % w->params.n];
}

static void round_to_nearest(const work *w, const float *weight, float *grid)
{
    for (size_t i = 0; i < w->weight->n_elements; i++) {
        float scale = scale_at(w, i);

        grid[i] = (float)oq_quantize_value(weight[i], scale, 0, w->params.qmin, w->params.qmax);
    }
}

/* The weight on its grid: codes (as floats, in ONNX order) times scale. */
static oq_status set_weight(work *w, const float *codes)
{
    oq_arena *arena = w->job->plan->arena;
    void *data;
    oq_tensor *tensor = oq_tensor_new(arena, OQ_FLOAT, w->weight->dims, w->weight->rank, &data);

    if (!tensor)
        return OQ_NOMEM;
    for (size_t i = 0; i < w->weight->n_elements; i++)
        ((float *)data)[i] = codes[i] * scale_at(w, i);
    w->fit->weight = tensor;
    return OQ_OK;
}

static oq_status round_weight(work *w, float **out)
{
    size_t n = w->weight->n_elements;
    float *plain = OQ_NEW_ARRAY(w->arena, float, n), *codes = OQ_NEW_ARRAY(w->arena, float, n);

    w->matrix = OQ_NEW_ARRAY(w->arena, float, n);
    w->codes = OQ_NEW_ARRAY(w->arena, int8_t, n);
    if (!plain || !codes || !w->matrix || !w->codes || !oq_tensor_floats(w->weight, plain))
        return OQ_NOMEM;
    *out = codes;
    if (w->job->options->second_order && w->has_form) {
        oq_unit_to_matrix(&w->form, plain, w->matrix);
        OQ_TRY(round_second_order(w, &w->fit->is_second_order));
    }
    if (!w->fit->is_second_order) {
        round_to_nearest(w, plain, codes);
        return OQ_OK;
    }
    for (size_t i = 0; i < n; i++)
        w->matrix[i] = (float)w->codes[i];
    oq_unit_from_matrix(&w->form, w->matrix, codes);
    return OQ_OK;
}

/* ---- gain and bias */

static oq_status run_float(void *arg, size_t sample, oq_diag *diag)
{
    const work *w = arg;

    return oq_lanes_reference(w->job->lanes, sample, w->job->result, diag);
}

/* Axis of the unit's channels in a result as it lies. */
static int channel_axis(const oq_node *node, const oq_array *y, bool is_last)
{
    bool is_conv = oq_node_is(node, "Conv") || oq_node_is(node, "ConvTranspose");

    return is_conv && !is_last ? 1 : y->rank - 1;
}

static oq_status run_rounded(void *arg, size_t sample, oq_diag *diag)
{
    work *w = arg;
    const oq_fit_unit *job = w->job;
    oq_runner *runner = oq_lanes_rounded_runner(job->lanes, sample);
    bool f_last, q_last;
    const oq_array *f, *q;
    int axis;

    OQ_TRY(oq_runner_step(runner, job->step, diag));
    f = oq_runner_live(oq_lanes_float_runner(job->lanes, sample), job->result, &f_last);
    q = oq_runner_live(runner, job->node->outputs[0], &q_last);
    if (f && q && f_last != q_last) { /* one of them has to turn */
        f = oq_runner_value(oq_lanes_float_runner(job->lanes, sample), job->result);
        q = oq_runner_value(runner, job->node->outputs[0]);
        q_last = false;
    }
    axis = q ? channel_axis(job->node, q, q_last) : 0;
    if (!f || !q || f->n != q->n || f->rank != q->rank || (size_t)q->dims[axis] != w->n_channels)
        OQ_FAIL(diag, OQ_INTERNAL, "the two streams of '%s' differ in shape", job->node->name);
    oq_moments_of(f->data, q->data, q->dims, q->rank, axis, w->moments + sample * w->n_channels);
    return OQ_OK;
}

/* y = gain (y - bias) + bias + shift in the rounded stream. */
static oq_status correct(void *arg, size_t sample, oq_diag *diag)
{
    const work *w = arg;
    const oq_node *node = w->job->node;
    bool is_last;
    const oq_array *q =
        oq_runner_live(oq_lanes_rounded_runner(w->job->lanes, sample), node->outputs[0], &is_last);
    size_t inner = oq_dims_product(q->dims, channel_axis(node, q, is_last) + 1, q->rank);
    float *y = q->data;

    (void)diag;
    for (size_t i = 0; i < q->n; i += inner) {
        size_t c = i / inner % w->n_channels;
        float gain = (float)w->gain[c], add = (float)(w->bias[c] * (1 - w->gain[c]) + w->shift[c]);

        for (size_t k = 0; k < inner; k++)
            y[i + k] = y[i + k] * gain + add;
    }
    return OQ_OK;
}

static oq_status let_go(void *arg, size_t sample, oq_diag *diag)
{
    const work *w = arg;

    (void)diag;
    oq_runner_release(oq_lanes_float_runner(w->job->lanes, sample), w->job->result);
    return OQ_OK;
}

/* May this unit's bias be changed, and what is it now? */
static bool read_bias(work *w, oq_node *node)
{
    oq_unit_bias at = oq_find_unit_bias(node);
    const oq_tensor *bias = at.holder ? oq_value_constant(at.holder->inputs[at.input]) : NULL;
    float *values;

    if (!oq_unit_is_unscaled(node))
        return false;
    if (!bias)
        return oq_unit_lacks_bias(node);
    values = OQ_NEW_ARRAY(w->arena, float, bias->n_elements);
    if (bias->n_elements != w->n_channels || !values || !oq_tensor_floats(bias, values))
        return false;
    for (size_t c = 0; at.holder == node && c < w->n_channels; c++)
        w->bias[c] = (double)values[c];
    return true;
}

/* The bias as stored: of a MatMul it is the Add's, which the stream's correction does not see. */
static oq_status store_bias(work *w, oq_node *node)
{
    oq_unit_bias at = oq_find_unit_bias(node);
    const oq_tensor *old = at.holder ? oq_value_constant(at.holder->inputs[at.input]) : NULL;
    float *bias = OQ_NEW_ARRAY(w->job->plan->arena, float, w->n_channels);

    if (!bias || (old && !oq_tensor_floats(old, bias)))
        return OQ_NOMEM;
    for (size_t c = 0; c < w->n_channels; c++)
        bias[c] = (float)((double)bias[c] + w->shift[c]);
    w->fit->bias = bias;
    w->fit->n_bias = w->n_channels;
    return OQ_OK;
}

static oq_status refit_scale(work *w, const float *codes)
{
    float *scale = oq_arena_copy(w->job->plan->arena, w->params.scale, w->params.n * sizeof *scale);

    if (!scale)
        return OQ_NOMEM;
    for (size_t c = 0; c < w->params.n; c++) {
        w->fit->n_gains += w->gain[c] != 1;
        scale[c] = (float)((double)scale[c] * w->gain[c]);
    }
    w->params.scale = scale;
    return w->fit->n_gains ? set_weight(w, codes) : OQ_OK;
}

static void measure(const work *w)
{
    double sum = 0;

    for (size_t s = 0; s < w->n_samples; s++) {
        double signal = 0, noise = 0;

        for (size_t c = 0; c < w->n_channels; c++) {
            const oq_moments *m = &w->moments[s * w->n_channels + c];
            double d = w->shift[c]; /* q is d higher than the moments say */

            signal += m->ff;
            noise += m->ff - 2 * (m->fq + d * m->f) + m->qq + 2 * d * m->q + d * d;
        }
        sum += noise > 0 && signal > 0 ? fmin(10 * log10(signal / noise), 200) : 200;
    }
    w->fit->alone_db = sum / (double)w->n_samples;
}

static oq_status correct_unit(work *w, const float *codes)
{
    const oq_layerwise_options *options = w->job->options;
    oq_node *node = w->job->node;
    bool has_own_bias = !oq_node_is(node, "MatMul"), may = read_bias(w, node), has_changed = false;

    if (may && options->refit_gain && has_own_bias && !oq_node_is(node, "ConvTranspose") && w->params.n > 1) {
        oq_gain_refit(w->moments, w->n_samples, w->n_channels, options->gain_floor, w->gain);
        OQ_TRY(refit_scale(w, codes));
        oq_moments_apply_gain(w->moments, w->n_samples, w->n_channels, w->gain, w->bias);
        has_changed = w->fit->n_gains > 0;
    }
    if (may && options->correct_bias) {
        oq_bias_shift(w->moments, w->n_samples, w->n_channels, w->shift);
        OQ_TRY(store_bias(w, node));
        has_changed = true;
    }
    measure(w);
    return has_changed ? oq_lanes_each(w->job->lanes, 0, w->n_samples, correct, w) : OQ_OK;
}

/* ---- the whole */

static oq_status start(work *w)
{
    const oq_fit_unit *job = w->job;
    const oq_node *node = job->node;
    const oq_array *y;
    bool is_last;

    w->n_samples = oq_lanes_count(job->lanes);
    w->weight = oq_value_constant(node->inputs[1]);
    w->has_form = oq_unit_form_of(node, w->weight, &w->form);
    OQ_TRY(oq_weight_params(job->node, 1, job->plan, w->arena, &w->params, job->diag));
    OQ_TRY(oq_lanes_each(job->lanes, 0, w->n_samples, run_float, w));
    y = oq_runner_live(oq_lanes_float_runner(job->lanes, 0), job->result, &is_last);
    if (!y || y->rank < 1)
        OQ_FAIL(job->diag, OQ_INTERNAL, "'%s' gives a scalar", node->name);
    w->n_channels = (size_t)y->dims[channel_axis(node, y, is_last)];
    w->moments = OQ_NEW_ARRAY(w->arena, oq_moments, w->n_samples * w->n_channels);
    w->bias = OQ_NEW_ARRAY(w->arena, double, w->n_channels);
    w->gain = OQ_NEW_ARRAY(w->arena, double, w->n_channels);
    w->shift = OQ_NEW_ARRAY(w->arena, double, w->n_channels);
    w->fit = OQ_NEW(job->plan->arena, oq_unit_fit);
    if (!w->moments || !w->bias || !w->gain || !w->shift || !w->fit)
        return OQ_NOMEM;
    for (size_t c = 0; c < w->n_channels; c++)
        w->gain[c] = 1;
    return OQ_OK;
}

static oq_status fit(work *w)
{
    const oq_fit_unit *job = w->job;
    float *codes;

    OQ_TRY(start(w));
    OQ_TRY(round_weight(w, &codes));
    OQ_TRY(set_weight(w, codes));
    /* the tensor is not written to again: refit_scale makes another */
    OQ_TRY(oq_value_set_constant(job->node->inputs[1], (oq_tensor *)(uintptr_t)w->fit->weight));
    OQ_TRY(oq_program_prepare_step(job->program, job->step, job->diag));
    OQ_TRY(oq_lanes_each(job->lanes, 0, w->n_samples, run_rounded, w));
    OQ_TRY(correct_unit(w, codes));
    OQ_TRY(oq_lanes_each(job->lanes, 0, w->n_samples, let_go, w));
    w->fit->scale = w->params;
    job->plan->nodes[job->node->id].fit = w->fit;
    return OQ_OK;
}

oq_status oq_fit_unit_run(const oq_fit_unit *job)
{
    work w = {.job = job, .arena = oq_arena_new(0)};
    oq_status status = w.arena ? fit(&w) : OQ_NOMEM;

    oq_arena_free(w.arena);
    if (status == OQ_NOMEM && job->diag && job->diag->status == OQ_OK)
        oq_diag_set(job->diag, OQ_NOMEM, __FILE__, __LINE__, "out of memory while fitting '%s'",
                    job->node->name);
    return status;
}
