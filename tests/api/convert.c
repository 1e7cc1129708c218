#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/samples.h"
#include "ir/graph.h"

/* ---- options and samples of a program */

static void set_text(oq_options *o, const char *field, const char *value)
{
    const char **at = strcmp(field, "placement") == 0     ? &o->placement
                      : strcmp(field, "activations") == 0 ? &o->activations
                                                          : &o->weights;

    *at = value;
}

static const struct {
    const char *name, *field, *value;
    int per_tensor, symmetric, reduce_range;
    double least_db; /* of digits_cnn, against the float model */
} ways[] = {
    {"the defaults", "weights", "s8", 0, 0, 0, 40},
    {"accurate placement", "placement", "accurate", 0, 0, 0, 40},
    {"8-bit activations alone", "weights", "none", 0, 0, 0, 40},
    {"weights alone", "activations", "none", 0, 0, 0, NAN},
    {"signed activations", "activations", "s8", 0, 0, 0, 40},
    {"one scale per weight", "weights", "s8", 1, 0, 0, 30},
    {"symmetric activations", "weights", "s8", 0, 1, 0, 35},
    {"7-bit codes", "weights", "s8", 0, 0, 1, 30},
};

static void check_result(const oq_buf *bytes, const char *name)
{
    oq_model *model = NULL;
    oq_session *session = NULL;
    oq_diag diag = {.status = OQ_OK};
    float image[64] = {0};
    oq_input in = {.name = "image", .dtype = OQ_FLOAT, .rank = 4, .dims = {1, 1, 8, 8}, .data = image};
    bool runs = oq_model_load_memory(bytes->data, bytes->size, &model, &diag) == OQ_OK &&
                oq_session_new(model, 1, 1, &session, &diag) == OQ_OK &&
                oq_session_run(session, &in, &diag) == OQ_OK;

    ok(runs, "%s: the result is read and runs %s", name, diag.message);
    oq_session_free(session);
    oq_model_free(model);
}

static void test_ways(void)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        oq_options o = options_with("models/digits_calib.npz");
        oq_model *model = load_source("models/digits_cnn.onnx");
        oq_report *report = NULL;
        oq_diag diag = {.status = OQ_OK};
        oq_buf bytes;

        set_text(&o, ways[i].field, ways[i].value);
        o.per_tensor = ways[i].per_tensor;
        o.symmetric = ways[i].symmetric;
        o.reduce_range = ways[i].reduce_range;
        is_int(oq_convert(model, &o, &report, &diag), OQ_OK, ways[i].name);
        if (report && !isnan(ways[i].least_db))
            ok(oq_report_sqnr(report) >= ways[i].least_db, "%s: %.1f dB, at least %.0f wanted", ways[i].name,
               oq_report_sqnr(report), ways[i].least_db);
        bytes = bytes_of(model);
        check_result(&bytes, ways[i].name);
        oq_buf_free(&bytes);
        oq_report_free(report);
        oq_model_free(model);
    }
}

static void test_source(void)
{
    source s = {.rank = 4, .dims = {1, 1, 8, 8}};
    oq_options o = options_with(NULL);
    oq_model *model = load_source("models/digits_cnn.onnx");
    oq_report *report = NULL;
    oq_diag diag = {.status = OQ_OK};

    o.data.source = supply;
    o.data.source_arg = &s;
    o.data.n_samples = 24;
    o.threads = 4;
    is_int(oq_convert(model, &o, &report, &diag), OQ_OK, "a program can supply the samples");
    ok(s.n_calls >= 24, "each of them is asked for");
    ok(!s.was_entered_twice, "one at a time, with four threads at work");
    ok(report && oq_report_sqnr(report) > 20, "and the result is judged");
    oq_report_free(report);
    oq_model_free(model);
}

static void expect_fault(source s, size_t n, oq_status status, const char *word)
{
    oq_options o = options_with(NULL);
    oq_model *model = load_source("models/digits_cnn.onnx");
    oq_report *report = NULL;
    oq_diag diag = {.status = OQ_OK};

    o.data.source = supply;
    o.data.source_arg = &s;
    o.data.n_samples = n;
    is_int(oq_convert(model, &o, &report, &diag), status, word);
    ok(says(diag.message, word), "and says so");
    ok(!report, "without a report");
    oq_model_free(model);
}

static void test_bad_source(void)
{
    source fine = {.rank = 4, .dims = {1, 1, 8, 8}}, fails = fine, typed = fine, empty = fine, shaped = fine;

    fails.fail_at = 4;
    typed.says_other_type = true;
    empty.no_data = true;
    shaped.dims[3] = 7;
    expect_fault(fails, 9, OQ_IO, "the sample source failed on sample 3");
    expect_fault(typed, 9, OQ_SHAPE, "wants float");
    expect_fault(empty, 9, OQ_ARG, "no usable shape or data");
    expect_fault(shaped, 9, OQ_SHAPE, "image");
    expect_fault(fine, 0, OQ_ARG, "no samples");
}

static void test_sample_counts(void)
{
    static const size_t counts[] = {1, 2, 8};

    for (size_t i = 0; i < 3; i++) {
        oq_options o = options_with("models/digits_calib.npz");
        oq_model *model = load_source("models/digits_cnn.onnx");
        oq_report *report = NULL;
        oq_diag diag = {.status = OQ_OK};

        o.data.n_samples = counts[i];
        is_int(oq_convert(model, &o, &report, &diag), OQ_OK, "a few samples are enough");
        ok(report && says(oq_report_text(report),
                          counts[i] == 1 ? "1 calibration sample: " : "1 held-out sample: "),
           "%zu of them: one judges", counts[i]);
        oq_report_free(report);
        oq_model_free(model);
    }
}

static void test_no_verification(void)
{
    oq_options o = options_with("models/digits_calib.npz");
    oq_model *model = load_source("models/digits_cnn.onnx");
    oq_report *report = NULL;

    o.verify = 0;
    o.data.n_samples = 1;
    is_int(oq_convert(model, &o, &report, NULL), OQ_OK, "verification can be left out");
    ok(report && isnan(oq_report_sqnr(report)), "then nothing is judged, with a single sample too");
    oq_report_free(report);
    oq_model_free(model);
}

static void expect_refusal(const oq_options *o, const char *word)
{
    oq_model *model = load_source("models/digits_cnn.onnx");
    oq_diag diag = {.status = OQ_OK};

    is_int(oq_convert(model, o, NULL, &diag), OQ_ARG, word);
    ok(says(diag.message, word), "and says so");
    oq_model_free(model);
}

static void test_bad_options(void)
{
    oq_options o = {.placement = "accurate"};

    expect_refusal(&o, "oq_options_init");
    o = options_with(NULL);
    o.placement = "anywhere";
    expect_refusal(&o, "anywhere");
    o = options_with(NULL);
    o.activations = o.weights = "none";
    expect_refusal(&o, "nothing to do");
    o = options_with(NULL);
    o.target_sqnr = 30;
    expect_refusal(&o, "without samples");
    o = options_with("models/digits_calib.npz");
    o.target_sqnr = 30;
    o.verify = 0;
    expect_refusal(&o, "verification is off");
    o = options_with("models/digits_calib.npz");
    o.method = "magic";
    expect_refusal(&o, "magic");
}

static void test_default_options(void)
{
    oq_model *model = load_source("models/digits_cnn.onnx");
    oq_report *report = NULL;

    is_int(oq_convert(model, NULL, &report, NULL), OQ_OK, "no options at all are the defaults");
    ok(report && says(oq_report_text(report), "no calibration data"), "without data");
    oq_report_free(report);
    oq_model_free(model);
}

/* ---- nothing is left behind */

typedef struct {
    const char *stage;
    size_t after;
    bool was_asked;
} stopper;

static int stop(void *arg, const char *stage, size_t done, size_t total)
{
    stopper *s = arg;

    (void)total;
    if (strcmp(stage, s->stage) != 0 || done < s->after)
        return 1;
    s->was_asked = true;
    return 0;
}

static void test_cancel(void)
{
    static const char *const stages[] = {"calibrate", "verify"};
    const char *folder = fresh_folder();
    char out[4096], plan[4096];

    snprintf(out, sizeof out, "%s/out.onnx", folder);
    snprintf(plan, sizeof plan, "%s/plan.json", folder);
    for (size_t i = 0; i < 2; i++) {
        for (size_t after = 1; after <= 2; after++) {
            stopper s = {stages[i], after, false};
            oq_options o = options_with("models/digits_calib.npz");
            oq_report *report = NULL;
            oq_diag diag = {.status = OQ_OK};

            o.progress = stop;
            o.progress_arg = &s;
            o.plan_out = plan;
            is_int(oq_convert_file(tap_source("models/digits_cnn.onnx"), out, &o, &report, &diag),
                   OQ_CANCELLED, stages[i]);
            ok(s.was_asked && diag.message[0] && !report, "stopped in %s: a message, no report", stages[i]);
            is_int(files_in(folder), 0, "no file is left behind");
        }
    }
}

static void test_target(void)
{
    const char *folder = fresh_folder();
    char out[4096], plan[4096];
    oq_options o = options_with("models/digits_calib.npz");
    oq_report *report = NULL;
    oq_diag diag = {.status = OQ_OK};

    snprintf(out, sizeof out, "%s/out.onnx", folder);
    snprintf(plan, sizeof plan, "%s/plan.json", folder);
    o.target_sqnr = 150;
    o.plan_out = plan;
    is_int(oq_convert_file(tap_source("models/digits_cnn.onnx"), out, &o, &report, &diag), OQ_BELOW_TARGET,
           "a result below the target is refused");
    ok(says(diag.message, "150.0"), "the message names the target");
    ok(report && says(oq_report_text(report), "nothing was written: 150.0 dB were asked for"),
       "the report is there and says it too");
    is_int(files_in(folder), 0, "neither model nor plan is written");
    oq_report_free(report);
    report = NULL;
    o.target_sqnr = 20;
    is_int(oq_convert_file(tap_source("models/digits_cnn.onnx"), out, &o, &report, &diag), OQ_OK,
           "a result above it is written");
    is_int(files_in(folder), 2, "with its plan");
    oq_report_free(report);
}

static void test_unwritable(void)
{
    const char *folder = fresh_folder();
    char out[4096], plan[4096];
    oq_options o = options_with("models/digits_calib.npz");
    oq_report *report = NULL;
    oq_diag diag = {.status = OQ_OK};

    snprintf(out, sizeof out, "%s/missing/out.onnx", folder);
    is_int(oq_convert_file(tap_source("models/digits_cnn.onnx"), out, &o, &report, &diag), OQ_IO,
           "a folder that is not there cannot be written to");
    ok(oq_diag_is_output(&diag) && !report, "that is a fault of the output, and there is no report");
    snprintf(out, sizeof out, "%s/out.onnx", folder);
    snprintf(plan, sizeof plan, "%s/missing/plan.json", folder);
    o.plan_out = plan;
    is_int(oq_convert_file(tap_source("models/digits_cnn.onnx"), out, &o, NULL, NULL), OQ_IO,
           "nor can a plan there");
    is_int(files_in(folder), 0, "no file is left behind");
}

static void test_own_input(void)
{
    const char *folder = fresh_folder();
    oq_options o = options_with(NULL);
    oq_model *model = load_source("models/tiny_gru.onnx");
    oq_diag diag = {.status = OQ_OK};
    char path[4096];

    snprintf(path, sizeof path, "%s/net.onnx", folder);
    is_int(oq_model_save(model, path, 0, &diag), OQ_OK, "a model is there");
    is_int(oq_convert_file(path, path, &o, NULL, &diag), OQ_ARG, "it is not written over itself");
    o.plan_out = path;
    is_int(oq_convert_file(path, NULL, &o, NULL, &diag), OQ_ARG, "nor by its plan");
    o.plan_out = NULL;
    is_int(oq_convert_file(path, NULL, &o, NULL, &diag), OQ_OK, "without a name for the result");
    is_int(files_in(folder), 2, "it stands beside the input");
    oq_model_free(model);
}

static void test_external(void)
{
    const char *folder = fresh_folder();
    oq_options o = options_with(NULL);
    oq_report *report = NULL;
    oq_buf model, data;
    char path[4096], line[128], size[32];

    snprintf(path, sizeof path, "%s/net.onnx", folder);
    o.external_data = 1;
    is_int(oq_convert_file(tap_source("models/tiny_transformer.onnx"), path, &o, &report, NULL), OQ_OK,
           "weights can go to a data file");
    model = bytes_of_file(path);
    snprintf(path, sizeof path, "%s/net.onnx.data", folder);
    data = bytes_of_file(path);
    snprintf(line, sizeof line, "and its data file  %s",
             oq_size_text(model.size + data.size, size, sizeof size));
    ok(data.size > 0 && report && says(oq_report_text(report), line), "the report counts both");
    oq_buf_free(&model);
    oq_buf_free(&data);
    oq_report_free(report);
}

/* ---- the same bytes */

static void test_threads(void)
{
    for (const bundled *b = bundled_models; b->name; b++) {
        oq_options o = options_with(b->calib);
        oq_buf one, two, four;

        o.data.n_samples = 16;
        o.threads = 1;
        one = converted(b->model, &o);
        o.threads = 2;
        two = converted(b->model, &o);
        o.threads = 4;
        four = converted(b->model, &o);
        ok(same_bytes(&one, &two) && same_bytes(&one, &four), "%s: 1, 2 and 4 threads give the same bytes",
           b->name);
        oq_buf_free(&one);
        oq_buf_free(&two);
        oq_buf_free(&four);
    }
}

static void test_plan_round_trip(void)
{
    char plan[4096];

    snprintf(plan, sizeof plan, "%s/plan.json", tap_tmpdir());
    for (const bundled *b = bundled_models; b->name; b++) {
        oq_options o = options_with(b->calib);
        oq_buf first, second;

        o.data.n_samples = 16;
        o.plan_out = plan;
        first = converted(b->model, &o);
        o.plan_out = NULL;
        o.plan = plan;
        second = converted(b->model, &o);
        ok(same_bytes(&first, &second), "%s: a plan written and read gives the same bytes", b->name);
        oq_buf_free(&first);
        oq_buf_free(&second);
    }
}

static void convert_again(const oq_buf *first, const char *calib, const char *name)
{
    oq_options o = options_with(calib);
    oq_model *model = NULL;
    oq_report *report = NULL;
    oq_diag diag = {.status = OQ_OK};
    oq_buf second = {0};

    if (oq_model_load_memory(first->data, first->size, &model, &diag) != OQ_OK ||
        oq_convert(model, &o, &report, &diag) != OQ_OK)
        ok(false, "%s converts again: %s", name, diag.message);
    else
        second = bytes_of(model);
    ok(same_bytes(first, &second), "%s: converting the result %s data changes no byte", name,
       calib ? "with" : "without");
    oq_buf_free(&second);
    oq_report_free(report);
    oq_model_free(model);
}

static void test_already_converted(void)
{
    for (const bundled *b = bundled_models; b->name; b++) {
        oq_options o = options_with(b->calib), none = options_with(NULL);
        oq_buf full = converted(b->model, &o), weights = converted(b->model, &none);

        convert_again(&full, b->calib, b->name);
        convert_again(&full, NULL, b->name);
        convert_again(&weights, NULL, b->name);
        oq_buf_free(&full);
        oq_buf_free(&weights);
    }
}

/* ---- weights alone */

static int count(const oq_model *model, const char *op_type)
{
    int n = 0;

    OQ_FOR_EACH_NODE (model->graph, node)
        n += strcmp(node->op_type, op_type) == 0;
    return n;
}

static void test_weight_only(void)
{
    static const struct {
        const char *model;
        int n_weights;
        double least;
    } rows[] = {{"models/digits_cnn.onnx", 7, 0.35},
                {"models/tiny_lstm.onnx", 3, 0.5},
                {"models/tiny_gru.onnx", 3, 0.5},
                {"models/tiny_transformer.onnx", 14, 0.4}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        oq_options o = options_with(NULL);
        oq_model *model = load_source(rows[i].model);
        size_t before = model->file_size;
        oq_buf bytes;

        is_int(oq_convert(model, &o, NULL, NULL), OQ_OK, rows[i].model);
        is_int(count(model, "DequantizeLinear"), rows[i].n_weights, "its weights are int8");
        is_int(count(model, "QuantizeLinear"), 0, "its activations are not");
        bytes = bytes_of(model);
        ok((double)bytes.size < rows[i].least * (double)before, "it shrinks to %.2f",
           (double)bytes.size / (double)before);
        oq_buf_free(&bytes);
        oq_model_free(model);
    }
}

/* ---- models that are not quite ours */

/* Conv "c1" -> com.example.Mystery "m" -> Conv "c2"; the mystery holds an attribute nobody knows. */
static bench *mystery_net(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 8, 8));
    oq_node *c1, *c2, *m;

    oq_model_set_opset(b->model, "com.example", 3);
    c1 = bench_node(b, "Conv", "c1", 3, x, bench_random(b, "w1", DIMS(8, 3, 3, 3)),
                    bench_random(b, "b1", DIMS(8)));
    m = bench_node(b, "Relu", "m", 1, c1->outputs[0]);
    oq_node_set_type(m, "Mystery", "com.example");
    oq_node_set_string(m, "spell", "abracadabra");
    oq_value_set_type(m->outputs[0], OQ_FLOAT, &c1->outputs[0]->shape);
    c2 = bench_node(b, "Conv", "c2", 2, m->outputs[0], bench_random(b, "w2", DIMS(4, 8, 1, 1)));
    bench_output(b, c2->outputs[0]);
    return b;
}

static oq_node *find(const oq_model *model, const char *op_type)
{
    OQ_FOR_EACH_NODE (model->graph, node) {
        if (strcmp(node->op_type, op_type) == 0)
            return node;
    }
    return NULL;
}

static bool holds(const oq_buf *buf, const void *bytes, size_t n)
{
    for (size_t i = 0; i + n <= buf->size; i++) {
        if (memcmp(buf->data + i, bytes, n) == 0)
            return true;
    }
    return false;
}

static void test_unknown_operator(void)
{
    source s = {.rank = 4, .dims = {1, 3, 8, 8}};
    oq_buf bytes, after;
    oq_model *model = reload(mystery_net(), &bytes);
    oq_options o = options_with(NULL);
    oq_report *report = NULL;
    oq_diag diag = {.status = OQ_OK};
    const oq_node *mystery = find(model, "Mystery");
    oq_bytes origin = mystery->origin;

    o.data.source = supply;
    o.data.source_arg = &s;
    o.data.n_samples = 4;
    is_int(oq_convert(model, &o, &report, &diag), OQ_OK, "an unknown operator in the middle is no obstacle");
    after = bytes_of(model);
    ok(holds(&after, "abracadabra", 11), "it survives");
    ok(!mystery->is_changed && holds(&after, origin.data, origin.size), "with each of its bytes");
    ok(oq_node_is(oq_node_producer(find(model, "Conv"), 0), "DequantizeLinear"),
       "the Conv in front of it reads quantized data");
    ok(report && says(oq_report_text(report), "1 Conv in int8"), "the report counts it");
    ok(report && says(oq_report_text(report), "stands behind an operator that cannot be run here"),
       "and says why the one behind it stays float");
    oq_report_free(report);
    oq_buf_free(&after);
    oq_model_free(model);
    oq_buf_free(&bytes);
}

/* Initializers that are inputs as well. */
static void test_initializer_inputs(int64_t ir_version)
{
    source s = {.rank = 2, .dims = {1, 16}};
    bench *b = bench_new(9);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 16)), *w = bench_random(b, "w", DIMS(16, 32));
    oq_buf bytes, after;
    oq_model *model;
    oq_options o = options_with(NULL);
    oq_diag diag = {.status = OQ_OK};

    b->model->ir_version = ir_version;
    oq_graph_add_input(b->graph, w);
    bench_output(b, bench_node(b, "MatMul", "y", 2, x, w)->outputs[0]);
    model = reload(b, &bytes);
    o.data.source = supply;
    o.data.source_arg = &s;
    o.data.n_samples = 9;
    is_int(oq_convert(model, &o, NULL, &diag), OQ_OK, "initializers may be listed as inputs");
    is_int(model->graph->n_inputs, 1, "the result asks for the data alone");
    is_int(count(model, "DequantizeLinear"), 2, "and its weight is quantized");
    ok(oq_model_opset(model, "") >= 13, "at an opset that has per-channel scales");
    after = bytes_of(model);
    oq_model_free(model);
    is_int(oq_model_load_memory(after.data, after.size, &model, &diag), OQ_OK, "the result is read");
    is_int(model->graph->n_inputs, 1, "with one input");
    oq_model_free(model);
    oq_buf_free(&after);
    oq_buf_free(&bytes);
}

static void test_dims(void)
{
    oq_options o = options_with("models/digits_calib.npz");
    oq_model *model = load_source("models/digits_cnn.onnx");
    const char *symbol = model->graph->inputs[0]->shape.dims[0].symbol;
    char dims[64];
    oq_diag diag = {.status = OQ_OK};

    snprintf(dims, sizeof dims, "%s=1", symbol ? symbol : "N");
    o.dims = dims;
    is_int(oq_convert(model, &o, NULL, &diag), OQ_OK, "a symbolic size can be set");
    is_int(model->graph->inputs[0]->shape.dims[0].size, 1, "it is the input's");
    oq_model_free(model);
    o.dims = "nonsense=4";
    expect_refusal(&o, "nonsense");
    o.dims = "N=";
    expect_refusal(&o, "NAME=SIZE");
    o.dims = "N=99999999999999999999";
    expect_refusal(&o, "NAME=SIZE");
}

static void test_not_finite(void)
{
    source s = {.rank = 4, .dims = {1, 1, 8, 8}, .nan_at = 5};
    oq_options o = options_with(NULL);
    oq_model *model = load_source("models/digits_cnn.onnx");
    oq_report *report = NULL;
    oq_diag diag = {.status = OQ_OK};

    o.data.source = supply;
    o.data.source_arg = &s;
    o.data.n_samples = 9;
    oq_convert(model, &o, &report, &diag);
    ok(report ? says(oq_report_text(report), "NaN or infinite") : says(diag.message, "NaN or infinite"),
       "NaN in the samples is counted and said");
    oq_report_free(report);
    oq_model_free(model);
}

/* ---- passes, include and exclude */

static size_t n_dumps;

static void count_dumps(void *arg, const char *pass, const char *text)
{
    (void)arg;
    n_dumps += strcmp(pass, "fuse_batchnorm") == 0 && text[0] != '\0';
}

static void test_passes(void)
{
    oq_options o = options_with("models/digits_calib.npz");
    oq_model *model = load_source("models/digits_cnn.onnx");
    static const char *const skipped[] = {"fuse_batchnorm"};
    oq_report *report = NULL;

    o.stop_after = o.print_after = "fuse_batchnorm";
    o.print = count_dumps;
    is_int(oq_convert(model, &o, &report, NULL), OQ_OK, "a conversion can stop in the middle");
    is_int(n_dumps, 1, "and show the graph there");
    is_int(count(model, "BatchNormalization") + count(model, "QuantizeLinear"), 0,
           "folded, not yet quantized");
    ok(report && says(oq_report_text(report), "stopped after fuse_batchnorm"), "the report says so");
    oq_report_free(report);
    oq_model_free(model);
    model = load_source("models/digits_cnn.onnx");
    o = options_with(NULL);
    o.skip = skipped;
    o.n_skip = 1;
    is_int(oq_convert(model, &o, NULL, NULL), OQ_OK, "a pass can be left out");
    ok(count(model, "BatchNormalization") > 0, "then its work is not done");
    oq_model_free(model);
}

static void test_choice(void)
{
    static const char *const convs[] = {"op:Conv"};
    oq_options o = options_with("models/digits_calib.npz");
    oq_model *model = load_source("models/digits_cnn.onnx");
    oq_report *report = NULL;

    o.exclude = convs;
    o.n_exclude = 1;
    is_int(oq_convert(model, &o, &report, NULL), OQ_OK, "operators can be excluded");
    ok(report && says(oq_report_text(report), "6 Conv (excluded by --exclude)"), "the report says so");
    is_int(count(model, "QuantizeLinear"), 1, "only the Gemm reads quantized data");
    oq_report_free(report);
    oq_model_free(model);
    model = load_source("models/digits_cnn.onnx");
    o = options_with("models/digits_calib.npz");
    o.include = convs;
    o.n_include = 1;
    is_int(oq_convert(model, &o, &report, NULL), OQ_OK, "or alone included");
    ok(report && says(oq_report_text(report), "1 Gemm (not among --include)"), "the others stay float");
    oq_report_free(report);
    oq_model_free(model);
}

int main(void)
{
    test_ways();
    test_source();
    test_bad_source();
    test_sample_counts();
    test_no_verification();
    test_bad_options();
    test_default_options();
    test_cancel();
    test_target();
    test_unwritable();
    test_own_input();
    test_external();
    test_threads();
    test_plan_round_trip();
    test_already_converted();
    test_weight_only();
    test_unknown_operator();
    test_initializer_inputs(3);
    test_initializer_inputs(4);
    test_dims();
    test_not_finite();
    test_passes();
    test_choice();
    return tap_done();
}
