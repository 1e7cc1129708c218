/* convert: the walk through the house, one step per function (ARCHITECTURE.md). */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/conversion.h"
#include "ir/graph.h"

/* Of n samples, one in eight is held out for judging, at most 16: enough for a figure, few enough not to be
 * missed by the ranges. Below 9 samples one is held out; a single sample must serve both. */
#define HELD_OUT_SHARE 8
#define HELD_OUT_MOST  16

/* Bytes of the float model's outputs on the held-out samples that calibration keeps for verification. */
#define KEPT_OUTPUTS ((size_t)16 << 20)

/* ---- options */

void oq_options_init(oq_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
    options->placement = "integer-kernels";
    options->activations = "u8";
    options->weights = "s8";
    options->method = "minmax";
    options->quality = "fast";
    options->verify = 1;
    for (int c = 0; c < 3; c++)
        options->data.std[c] = 1.0f;
}

typedef struct {
    const char *text;
    int value;
} choice;

static oq_status choose(const char *what, const char *text, const choice *choices, int *out, oq_diag *diag)
{
    for (const choice *c = choices; c->text; c++) {
        if (strcmp(c->text, text) == 0) {
            *out = c->value;
            return OQ_OK;
        }
    }
    OQ_FAIL(diag, OQ_ARG, "%s '%s' is unknown; --help lists what there is", what, text);
}

/* What a caller left out is the default. */
static oq_status take_options(const oq_options *options, oq_options *out, oq_diag *diag)
{
    oq_options defaults;

    oq_options_init(&defaults);
    *out = options ? *options : defaults;
    if (out->struct_size != sizeof *out)
        OQ_FAIL(diag, OQ_ARG, "the options were not set by oq_options_init() of this library");
    out->placement = out->placement ? out->placement : defaults.placement;
    out->activations = out->activations ? out->activations : defaults.activations;
    out->weights = out->weights ? out->weights : defaults.weights;
    out->method = out->method ? out->method : defaults.method;
    out->quality = out->quality ? out->quality : defaults.quality;
    if (out->target_sqnr > 0 && (!out->verify || (!out->data.path && !out->data.source)))
        OQ_FAIL(diag, OQ_ARG, "an SQNR of %.1f dB was asked for, but %s", out->target_sqnr,
                out->verify ? "without samples nothing is measured" : "verification is off");
    return OQ_OK;
}

static oq_status quant_options(const oq_options *options, oq_quant_options *out, oq_diag *diag)
{
    static const choice placements[] = {
        {"integer-kernels", OQ_PLACE_INTEGER_KERNELS}, {"accurate", OQ_PLACE_ACCURATE}, {NULL, 0}};
    static const choice activations[] = {
        {"u8", OQ_UINT8}, {"s8", OQ_INT8}, {"none", OQ_UNDEFINED}, {NULL, 0}};
    static const choice weights[] = {{"s8", OQ_INT8}, {"none", OQ_UNDEFINED}, {NULL, 0}};
    static const choice qualities[] = {{"fast", 0}, {"balanced", 1}, {NULL, 0}};
    int placement = 0, activation = 0, weight = 0, quality = 0;

    OQ_TRY(choose("quality", options->quality, qualities, &quality, diag));
    OQ_TRY(choose("placement", options->placement, placements, &placement, diag));
    OQ_TRY(choose("activation type", options->activations, activations, &activation, diag));
    OQ_TRY(choose("weight type", options->weights, weights, &weight, diag));
    if (activation == OQ_UNDEFINED && weight == OQ_UNDEFINED)
        OQ_FAIL(diag, OQ_ARG, "neither weights nor activations are to be quantized: nothing to do");
    *out = (oq_quant_options){.placement = (oq_placement)placement,
                              .mode = OQ_QMODE_ONNX,
                              .activations = (oq_dtype)activation,
                              .weights = (oq_dtype)weight,
                              .symmetric = options->symmetric,
                              .per_tensor = options->per_tensor,
                              .reduce_range = options->reduce_range,
                              .include = options->include,
                              .n_include = options->n_include,
                              .exclude = options->exclude,
                              .n_exclude = options->n_exclude,
                              .equalize = {.threshold = 0.02,
                                           .node_threshold = 0.02,
                                           .weight_noise = 0.3,
                                           .may_shift = true,
                                           .shift_threshold = 0.25,
                                           .shift_node_threshold = 0.4,
                                           .least_shift_rows = 2048,
                                           .shift_margin = 1.05f}};
    return OQ_OK;
}

static json_t *text_list(const char *const *list, size_t n)
{
    json_t *array = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, json_string(list[i]));
    return array;
}

/* The options as they took effect, for the report and the file's metadata. */
static oq_status describe_options(oq_conversion *c)
{
    const oq_options *o = c->options;
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:o, s:o}", "quality", o->quality, "placement",
        o->placement, "activations", c->plan->options.activations == OQ_UNDEFINED ? "none" : o->activations,
        "weights", o->weights, "method", o->method, "symmetric", o->symmetric, "per_tensor", o->per_tensor,
        "reduce_range", o->reduce_range, "include", text_list(o->include, o->n_include), "exclude",
        text_list(o->exclude, o->n_exclude));
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    c->facts.config = text ? oq_arena_strdup(c->arena, text) : NULL;
    free(text);
    return c->facts.config ? OQ_OK : OQ_NOMEM;
}

/* ---- steps */

static void count_weights(oq_conversion *c)
{
    const oq_graph *graph = c->model->graph;

    for (int i = 0; i < graph->n_initializers; i++) {
        if (graph->initializers[i]->constant->dtype == OQ_FLOAT)
            c->facts.n_weights += graph->initializers[i]->constant->n_elements;
    }
    OQ_FOR_EACH_NODE (graph, node) {
        const oq_attr *value = oq_node_is(node, "Constant") ? oq_node_attr(node, "value") : NULL;

        if (value && value->tensor && value->tensor->dtype == OQ_FLOAT)
            c->facts.n_weights += value->tensor->n_elements;
    }
}

static void look_at_model(oq_conversion *c)
{
    c->facts.in_path = strcmp(c->model->path, "-") == 0 || !c->model->path[0] ? "model" : c->model->path;
    c->facts.in_size = c->model->file_size;
    c->facts.opset_before = oq_model_opset(c->model, "");
    c->facts.n_nodes = c->model->graph->n_nodes;
    c->facts.method = c->options->method;
    c->facts.target_sqnr = c->options->target_sqnr;
    c->facts.weight_only = strcmp(c->options->activations, "none") == 0;
    count_weights(c);
}

static oq_status set_symbol(oq_graph *graph, const char *name, size_t n, int64_t size, bool *found)
{
    for (int i = 0; i < graph->n_inputs; i++) {
        oq_shape shape = graph->inputs[i]->shape;

        for (int d = 0; d < shape.rank; d++) {
            const char *symbol = shape.dims[d].symbol;

            if (symbol && strlen(symbol) == n && strncmp(symbol, name, n) == 0) {
                shape.dims[d] = (oq_dim){size, NULL};
                *found = true;
            }
        }
        oq_value_set_type(graph->inputs[i], graph->inputs[i]->dtype, &shape);
    }
    return OQ_OK;
}

/* "batch=1,seq=128": sizes for the symbols of the inputs. */
static oq_status set_dims(oq_model *model, const char *dims, oq_diag *diag)
{
    while (dims && *dims) {
        const char *equals = strchr(dims, '=');
        char *end;
        long long size;
        bool found = false;

        errno = 0;
        size = equals ? strtoll(equals + 1, &end, 10) : 0;
        if (!equals || errno || end == equals + 1 || (*end && *end != ',') || size < 0)
            OQ_FAIL(diag, OQ_ARG, "--dim wants NAME=SIZE, not '%s'", dims);
        OQ_TRY(set_symbol(model->graph, dims, (size_t)(equals - dims), size, &found));
        if (!found)
            OQ_FAIL(diag, OQ_ARG, "--dim: no input has a dimension called '%.*s'", (int)(equals - dims),
                    dims);
        dims = *end ? end + 1 : end;
    }
    return OQ_OK;
}

oq_status oq_conversion_passes(oq_conversion *c, oq_model *model, unsigned which, oq_plan *plan,
                               oq_pass_result *results)
{
    const oq_options *o = c->options;
    oq_pass_ctx ctx = {.arena = oq_arena_new(0),
                       .plan = plan,
                       .target_opset = o->opset,
                       .notes = results ? &c->notes : NULL,
                       .diag = c->diag};
    oq_pipeline_options pipeline = {.print_after = results ? o->print_after : NULL,
                                    .stop_after = results ? o->stop_after : NULL,
                                    .skip = o->skip,
                                    .n_skip = o->n_skip,
                                    .verify_each = o->verify_each,
                                    .print = o->print,
                                    .print_arg = o->print_arg};
    oq_status status =
        ctx.arena ? oq_pipeline_run(model->graph, which, &ctx, &pipeline, results, &c->stopped) : OQ_NOMEM;

    oq_arena_free(ctx.arena);
    return status;
}

oq_status oq_conversion_pass(oq_conversion *c, oq_model *model, const char *name, oq_plan *plan)
{
    oq_pass_ctx ctx = {.arena = oq_arena_new(0), .plan = plan, .diag = c->diag};
    oq_status status = ctx.arena ? oq_pass_find(name)->run(model->graph, &ctx) : OQ_NOMEM;

    oq_arena_free(ctx.arena);
    return status;
}

static oq_status clean(oq_conversion *c)
{
    oq_quant_options quant;
    size_t n_passes = 0;

    OQ_TRY(quant_options(c->options, &quant, c->diag));
    OQ_TRY(set_dims(c->model, c->options->dims, c->diag));
    while (oq_pass_at(n_passes))
        n_passes++;
    c->results = OQ_NEW_ARRAY(c->arena, oq_pass_result, n_passes + 1);
    c->facts.n_passes = n_passes;
    c->facts.passes = c->results;
    if (!c->results)
        return OQ_NOMEM;
    OQ_TRY(oq_plan_new(c->model, &quant, c->arena, &c->plan));
    c->facts.plan = c->plan;
    c->facts.model = c->model;
    OQ_TRY(oq_conversion_passes(c, c->model, OQ_PASS_EXACT | OQ_PASS_CLOSE, c->plan, c->results));
    return oq_plan_fit(c->plan, c->model);
}

/* Which samples give ranges and which judge. */
static oq_status split_samples(oq_conversion *c)
{
    size_t n = oq_dataset_count(c->dataset), n_held = n / HELD_OUT_SHARE, next = 0, step;

    if (n == 0)
        OQ_FAIL(c->diag, OQ_ARG, "%s holds no samples", oq_dataset_describe(c->dataset));
    n_held = n_held < 1 ? 1 : n_held > HELD_OUT_MOST ? HELD_OUT_MOST : n_held;
    if (!c->options->verify)
        n_held = 0;
    c->calibration = OQ_NEW_ARRAY(c->arena, size_t, n);
    c->held_out = OQ_NEW_ARRAY(c->arena, size_t, n);
    if (!c->calibration || !c->held_out)
        return OQ_NOMEM;
    if (n == 1) {
        c->facts.judged_on_calibration = n_held > 0;
        c->facts.n_calibrated = 1; /* sample 0 serves both */
        c->facts.n_held_out = n_held;
        return OQ_OK;
    }
    step = n_held ? n / n_held : n + 1; /* every step-th one, from the middle of the first step on */
    for (size_t i = 0; i < n; i++) {
        if (next < n_held && i == next * step + step / 2) {
            c->held_out[next++] = i;
            c->facts.n_held_out = next;
        } else {
            c->calibration[c->facts.n_calibrated++] = i;
        }
    }
    return OQ_OK;
}

static oq_status open_data(oq_conversion *c)
{
    if (c->plan->options.activations != OQ_UNDEFINED)
        OQ_TRY(oq_api_open_data(c->model, &c->options->data, &c->dataset, c->diag));
    if (!c->dataset) {
        c->plan->options.activations = OQ_UNDEFINED;
        return OQ_OK;
    }
    c->facts.data = oq_dataset_describe(c->dataset);
    return split_samples(c);
}

static oq_status load_plan(oq_conversion *c)
{
    oq_file file;
    oq_status status;

    if (!c->options->plan)
        return OQ_OK;
    status = oq_file_read(c->options->plan, 0, &file, c->diag);
    if (status == OQ_OK) {
        status = oq_plan_load(c->plan, c->model, (const char *)file.data, file.size, c->diag);
        oq_file_close(&file);
    }
    oq_diag_about(c->diag, c->options->plan, false);
    return status;
}

static bool wants_calibration(const oq_plan *plan)
{
    for (int id = 0; id < plan->n_values; id++) {
        if (oq_plan_wants_range(plan, id))
            return true;
    }
    return false;
}

oq_status oq_conversion_observe(oq_conversion *c, oq_kept_outputs *kept)
{
    oq_calibrate_options options = {.observer = oq_observer_find(c->options->method),
                                    .samples = c->calibration,
                                    .n_samples = c->facts.n_calibrated,
                                    .held_out = c->held_out,
                                    .n_held_out = c->facts.judged_on_calibration ? 0 : c->facts.n_held_out,
                                    .kept = kept,
                                    .progress = oq_api_report_progress,
                                    .progress_arg = &c->progress};
    double begun = oq_api_now();

    if (!options.observer)
        OQ_FAIL(c->diag, OQ_ARG, "method '%s' is unknown; 'onnx-q methods' lists them", c->options->method);
    if (wants_calibration(c->plan))
        OQ_TRY(oq_calibrate(c->plan, c->model, c->dataset, &options, c->pool, c->diag));
    c->facts.calibrate_seconds += oq_api_now() - begun;
    return OQ_OK;
}

static bool changed_anything(const oq_conversion *c)
{
    for (size_t i = 0; i < c->facts.n_passes; i++) {
        if (c->results[i].changed && !(c->results[i].pass->flags & OQ_PASS_ANALYSIS))
            return true;
    }
    return false;
}

/* Who made the file, from what, and how; no time, so that the same input gives the same bytes. */
static oq_status sign(oq_conversion *c)
{
    char digest[65];

    OQ_TRY(oq_model_set_property(c->model, "org.onnx-q.version", oq_version()));
    OQ_TRY(oq_model_set_property(c->model, "org.onnx-q.recipe", c->facts.config));
    OQ_TRY(oq_model_digest(c->model, digest, c->diag));
    OQ_TRY(oq_model_set_property(c->model, "org.onnx-q.model-sha256", digest));
    c->facts.model_digest = oq_arena_strdup(c->arena, digest);
    if (!c->dataset)
        return OQ_OK;
    OQ_TRY(oq_dataset_digest(c->dataset, digest, c->diag));
    c->facts.data_digest = oq_arena_strdup(c->arena, digest);
    return oq_model_set_property(c->model, "org.onnx-q.calibration-sha256", digest);
}

static oq_status save_plan(oq_conversion *c)
{
    oq_buf text = {0};
    oq_writer *writer = NULL;
    oq_status status;

    if (!c->options->plan_out)
        return OQ_OK;
    status = oq_plan_save(c->plan, c->model, &text);
    if (status == OQ_OK)
        status = oq_writer_open(c->options->plan_out, &writer, c->diag);
    if (status == OQ_OK)
        status = oq_writer_write(writer, text.data, text.size, c->diag);
    if (status == OQ_OK)
        status = oq_writer_commit(writer, c->diag);
    else
        oq_writer_abort(writer);
    oq_diag_about(c->diag, c->options->plan_out, true);
    oq_buf_free(&text);
    return status;
}

/* An option that does nothing for this model says so. */
static void note_idle_patterns(oq_conversion *c, const char *option, const char *const *patterns, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!oq_plan_pattern_matches(c->model, patterns[i]))
            oq_buf_printf(&c->notes, "%s %s: no node of this model has that name or operator\n", option,
                          patterns[i]);
    }
}

static oq_status quantize(oq_conversion *c)
{
    note_idle_patterns(c, "--exclude", c->options->exclude, c->options->n_exclude);
    note_idle_patterns(c, "--include", c->options->include, c->options->n_include);
    OQ_TRY(open_data(c));
    OQ_TRY(describe_options(c));
    OQ_TRY(oq_plan_place(c->plan, c->model, c->diag));
    OQ_TRY(load_plan(c));
    OQ_TRY(oq_conversion_make_reference(c));
    c->kept = (oq_kept_outputs){.limit = KEPT_OUTPUTS, .arena = c->arena};
    OQ_TRY(oq_conversion_observe(c, &c->kept));
    OQ_TRY(oq_plan_resolve(c->plan, c->model, c->diag));
    if (strcmp(c->options->quality, "fast") != 0 && c->dataset && !c->plan->from_model) {
        OQ_TRY(oq_conversion_equalize(c));
        OQ_TRY(oq_conversion_fit(c));
    }
    OQ_TRY(oq_conversion_passes(c, c->model, OQ_PASS_QUANT, c->plan, c->results));
    if (!changed_anything(c)) {
        c->facts.is_unchanged = true;
        return OQ_OK;
    }
    OQ_TRY(oq_conversion_judge(c));
    return sign(c);
}

static oq_status check_target(const oq_conversion *c)
{
    double target = c->options->target_sqnr;

    if (target <= 0 || !c->facts.verify || c->verify.mean_db >= target)
        return OQ_OK;
    OQ_FAIL(c->diag, OQ_BELOW_TARGET,
            "held-out SQNR is %.1f dB, %.1f were asked for; try --placement accurate or more samples",
            c->verify.mean_db, target);
}

static oq_status convert(oq_conversion *c)
{
    c->started = oq_api_now();
    c->arena = oq_arena_new(0);
    c->pool = oq_pool_new(c->options->threads);
    c->progress = (oq_api_progress){c->options->progress, c->options->progress_arg};
    if (!c->arena || !c->pool)
        return OQ_NOMEM;
    look_at_model(c);
    OQ_TRY(clean(c));
    if (!c->stopped)
        OQ_TRY(quantize(c));
    c->facts.opset_after = oq_model_opset(c->model, "");
    c->facts.stopped_after = c->stopped ? c->options->stop_after : NULL;
    OQ_TRY(check_target(c));
    return c->stopped ? OQ_OK : save_plan(c);
}

/* ---- report */

static oq_status make_report(oq_conversion *c, oq_report **out)
{
    oq_report *report = calloc(1, sizeof *report);
    oq_buf text = {0}, json = {0};
    oq_status status = report ? OQ_OK : OQ_NOMEM;

    c->facts.seconds = oq_api_now() - c->started;
    oq_buf_byte(&c->notes, '\0');
    c->facts.notes = c->notes.failed ? NULL : (const char *)c->notes.data;
    if (status == OQ_OK)
        status = oq_report_write_json(&c->facts, &json);
    if (status == OQ_OK) {
        oq_report_write_text(&c->facts, &text);
        status = oq_api_take_text(&text, &report->text);
    }
    if (status == OQ_OK)
        status = oq_api_take_text(&json, &report->json);
    oq_buf_free(&text);
    oq_buf_free(&json);
    if (status != OQ_OK) {
        oq_report_free(report);
        return status;
    }
    report->sqnr = c->facts.verify ? c->verify.mean_db : NAN;
    *out = report;
    return OQ_OK;
}

static void finish(oq_conversion *c)
{
    oq_dataset_close(c->dataset);
    oq_model_destroy(c->reference);
    oq_model_destroy(c->judged);
    oq_model_destroy(c->equalized);
    oq_pool_free(c->pool);
    oq_buf_free(&c->notes);
    oq_arena_free(c->arena);
}

oq_status oq_convert(oq_model *model, const oq_options *options, oq_report **report, oq_diag *diag)
{
    oq_options own;
    oq_conversion c = {.model = model, .options = &own, .diag = diag};
    oq_status status = take_options(options, &own, diag);

    if (status == OQ_OK)
        status = convert(&c);
    if (report && (status == OQ_OK || status == OQ_BELOW_TARGET)) {
        oq_status made = make_report(&c, report);

        if (status == OQ_OK)
            status = made;
    }
    finish(&c);
    return oq_api_end(status, diag);
}

static oq_status refuse_same_file(const char *in, const char *out, oq_diag *diag)
{
    struct stat a, b;

    if (strcmp(in, "-") != 0 && strcmp(out, "-") != 0 && stat(in, &a) == 0 && stat(out, &b) == 0 &&
        a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        OQ_FAIL(diag, OQ_ARG, "%s is the input itself; give another name", out);
    return OQ_OK;
}

static oq_status save(oq_conversion *c, const char *out, oq_diag *diag)
{
    size_t model_size = 0, data_size = 0;
    struct stat st;
    oq_export_options options = {.external_data =
                                     c->options->external_data ? OQ_EXTERNAL_ALWAYS : OQ_EXTERNAL_AUTO,
                                 .model_size = &model_size,
                                 .data_size = &data_size};
    oq_status status = oq_export_file(c->model, out, &options, diag);

    oq_diag_about(diag, out, true);
    if (status != OQ_OK)
        return status;
    if (strcmp(out, "-") != 0 && stat(out, &st) == 0)
        model_size = (size_t)st.st_size; /* of a compressed file */
    c->facts.out_path = out;
    c->facts.out_size = model_size + data_size;
    c->facts.has_data_file = data_size > 0;
    return OQ_OK;
}

oq_status oq_convert_file(const char *in, const char *out, const oq_options *options, oq_report **report,
                          oq_diag *diag)
{
    char *made_up = out ? NULL : oq_default_output(in);
    oq_options own;
    oq_conversion c = {.options = &own, .diag = diag};
    oq_status status;

    out = out ? out : made_up;
    if (!out)
        return oq_api_end(OQ_NOMEM, diag);
    status = take_options(options, &own, diag);
    if (status == OQ_OK)
        status = refuse_same_file(in, out, diag);
    if (status == OQ_OK && own.plan_out)
        status = refuse_same_file(in, own.plan_out, diag);
    if (status == OQ_OK)
        status = oq_model_load(in, &c.model, diag);
    if (status == OQ_OK)
        status = convert(&c);
    if (status == OQ_OK && !c.stopped)
        status = save(&c, out, diag);
    if (report && (status == OQ_OK || status == OQ_BELOW_TARGET) && make_report(&c, report) != OQ_OK)
        status = OQ_NOMEM;
    finish(&c);
    oq_model_destroy(c.model);
    free(made_up);
    return oq_api_end(status, diag);
}

const char *oq_report_text(const oq_report *report)
{
    return report->text;
}

const char *oq_report_json(const oq_report *report)
{
    return report->json;
}

double oq_report_sqnr(const oq_report *report)
{
    return report->sqnr;
}

void oq_report_free(oq_report *report)
{
    if (!report)
        return;
    free(report->text);
    free(report->json);
    free(report);
}
