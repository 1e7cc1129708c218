/* --quality balanced: the same kind of file, as close as a plain conversion or closer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/samples.h"

static const bundled models[] = {
    {"digits_cnn", "models/digits_cnn.onnx", "models/digits_calib.npz", NULL},
    {"tiny_transformer", "models/tiny_transformer.onnx", "models/chars_calib.npz", NULL},
    {"tiny_gru", "models/tiny_gru.onnx", "models/rows_calib.npz", NULL},
};

/* SQNR of a conversion, and its bytes. */
static double convert(const bundled *m, const char *quality, int threads, oq_buf *bytes)
{
    oq_options o = options_with(m->calib);
    oq_model *model = load_source(m->model);
    oq_report *report = NULL;
    oq_diag diag = {.status = OQ_OK};
    double db = NAN;

    o.quality = quality;
    o.threads = threads;
    if (oq_convert(model, &o, &report, &diag) != OQ_OK)
        ok(false, "%s, %s: %s", m->name, quality, diag.message);
    else
        db = oq_report_sqnr(report);
    *bytes = bytes_of(model);
    oq_report_free(report);
    oq_model_free(model);
    return db;
}

static void as_good_as_fast(const bundled *m)
{
    oq_buf fast, balanced, again;
    oq_model *model = NULL;
    double fast_db = convert(m, "fast", 2, &fast), db = convert(m, "balanced", 2, &balanced);

    ok(db >= fast_db - 0.3, "%s: %.1f dB, plain %.1f", m->name, db, fast_db);
    is_int(oq_model_load_memory(balanced.data, balanced.size, &model, NULL), OQ_OK, "the result is read");
    ok(db != fast_db, "and computes otherwise than the plain one");
    convert(m, "balanced", 1, &again);
    ok(same_bytes(&again, &balanced), "one thread gives the same bytes as two");
    oq_model_free(model);
    oq_buf_free(&fast);
    oq_buf_free(&balanced);
    oq_buf_free(&again);
}

static void options(void)
{
    oq_options o;
    oq_model *model = load_source("models/digits_cnn.onnx");
    oq_diag diag = {.status = OQ_OK};
    oq_report *report = NULL;
    oq_buf none;

    oq_options_init(&o);
    is_str(o.quality, "fast", "fast is the default");
    o = options_with("models/digits_calib.npz");
    o.quality = "best";
    is_int(oq_convert(model, &o, NULL, &diag), OQ_ARG, "an unknown quality is refused");
    ok(says(diag.message, "quality 'best' is unknown"), "by name");
    oq_model_free(model);
    o = options_with(NULL);
    o.quality = "balanced";
    none = converted("models/digits_cnn.onnx", &o);
    ok(none.size > 0, "without samples there is nothing to fit to, and weights become int8");
    oq_buf_free(&none);
    model = load_source("models/digits_cnn.onnx");
    o = options_with("models/digits_calib.npz");
    o.quality = "balanced";
    o.weights = "none";
    is_int(oq_convert(model, &o, &report, NULL), OQ_OK, "activations alone can be balanced");
    ok(report && oq_report_sqnr(report) > 40, "and are");
    oq_report_free(report);
    oq_model_free(model);
}

typedef struct {
    const char *stage;
    bool was_asked;
} stopper;

static int stop(void *arg, const char *stage, size_t done, size_t total)
{
    stopper *s = arg;

    (void)done, (void)total;
    if (strcmp(stage, s->stage) != 0)
        return 1;
    s->was_asked = true;
    return 0;
}

static void cancelling(const char *stage)
{
    stopper s = {stage, false};
    oq_options o = options_with("models/digits_calib.npz");
    oq_model *model = load_source("models/digits_cnn.onnx");

    o.quality = "balanced";
    o.progress = stop;
    o.progress_arg = &s;
    is_int(oq_convert(model, &o, NULL, NULL), OQ_CANCELLED, stage);
    ok(s.was_asked, "can be stopped");
    oq_model_free(model);
}

int main(void)
{
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        as_good_as_fast(&models[i]);
    options();
    cancelling("channels");
    cancelling("fit weights");
    return tap_done();
}
