/* How a conversion is judged: on samples it has not seen, in integers, and what is proved of the file that is
 * written.
 */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "api/conversion.h"
#include "api/samples.h"

/* One conversion in memory, with what is known of it. */
typedef struct {
    oq_status status;
    oq_report *report;
    json_t *json, *verify;
    oq_diag diag;
} judged;

static judged judge(const char *name, const oq_options *options)
{
    oq_model *model = load_source(name);
    judged j = {.diag = {.status = OQ_OK}};

    j.status = oq_convert(model, options, &j.report, &j.diag);
    j.json = j.report ? json_loads(oq_report_json(j.report), 0, NULL) : NULL;
    j.verify = json_object_get(j.json, "verify");
    oq_model_free(model);
    return j;
}

static void judged_free(judged *j)
{
    json_decref(j->json);
    oq_report_free(j->report);
}

static long long number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void test_counts(void)
{
    oq_options o = options_with("models/digits_calib.npz");
    judged j = judge("models/digits_cnn.onnx", &o);
    long long held_out = number(j.json, "samples_held_out"), proof = number(j.verify, "proof_samples");

    is_int(j.status, OQ_OK, "a conversion is judged by default");
    ok(held_out >= 2 && number(j.json, "samples_calibrated") > held_out, "on samples held out");
    is_int(number(j.verify, "samples"), held_out, "on all of them");
    ok(proof >= 1 && proof <= 2, "units are proved on %lld of them", proof);
    ok(number(j.verify, "codes") > 0, "code by code");
    is_int(number(j.verify, "codes_differ"), number(j.verify, "codes_differ_at_ties"),
           "and differ at rounding ties only");
    ok(json_array_size(json_object_get(j.verify, "layers")) >= 2, "each layer has its figure");
    ok(says(oq_report_text(j.report), proof == 1 ? " codes of 1 sample" : " codes of 2 samples"),
       "the report says on how many samples");
    judged_free(&j);
}

static void test_threads(void)
{
    oq_options o = options_with("models/digits_calib.npz");
    judged one, four;

    o.threads = 1;
    one = judge("models/digits_cnn.onnx", &o);
    o.threads = 4;
    four = judge("models/digits_cnn.onnx", &o);
    ok(json_equal(one.verify, four.verify), "four threads find the same figures as one");
    judged_free(&one);
    judged_free(&four);
}

/* Samples of which a single one is large. Of 16, numbers 4 and 12 are held out. */
typedef struct {
    source even;
    size_t large_at;
} uneven;

static oq_status supply_uneven(void *arg, size_t sample, size_t n_inputs, oq_input *inputs)
{
    uneven *u = arg;
    oq_status status = supply(&u->even, sample, n_inputs, inputs);

    for (size_t i = 0; status == OQ_OK && sample == u->large_at && i < 64; i++)
        u->even.data[i] *= 50;
    return status;
}

static double sqnr_with(size_t large_at, double *hi)
{
    uneven u = {.even = {.rank = 4, .dims = {1, 1, 8, 8}}, .large_at = large_at};
    oq_options o = options_with(NULL);
    judged j;
    double db;

    o.data.source = supply_uneven;
    o.data.source_arg = &u;
    o.data.n_samples = 16;
    j = judge("models/digits_cnn.onnx", &o);
    is_int(j.status, OQ_OK, "a large sample is no fault");
    *hi = json_real_value(json_object_get(json_array_get(json_object_get(j.json, "ranges"), 0), "hi"));
    db = j.report ? oq_report_sqnr(j.report) : NAN;
    judged_free(&j);
    return db;
}

static void test_held_out(void)
{
    double plain_hi, held_hi, seen_hi;
    double plain = sqnr_with(SIZE_MAX, &plain_hi), held = sqnr_with(4, &held_hi);

    sqnr_with(5, &seen_hi);

    ok(held_hi > 40 * plain_hi && seen_hi > 40 * plain_hi, "the file takes its ranges from all samples");
    ok(held < plain - 3, "but is judged by what it would do to a sample it had not seen: %.1f dB, not %.1f",
       held, plain);
}

static void test_single_sample(void)
{
    source s = {.rank = 4, .dims = {1, 1, 8, 8}};
    oq_options o = options_with(NULL);
    judged j;

    o.data.source = supply;
    o.data.source_arg = &s;
    o.data.n_samples = 1;
    j = judge("models/digits_cnn.onnx", &o);
    ok(json_is_true(json_object_get(j.json, "judged_on_calibration")),
       "one sample serves both, and it is said");
    is_int(number(j.verify, "samples"), 1, "and it is judged");
    ok(says(oq_report_text(j.report), "optimistic"), "with a word on what that is worth");
    judged_free(&j);
}

static void test_off(void)
{
    oq_options o = options_with("models/digits_calib.npz");
    judged j;

    o.verify = 0;
    j = judge("models/digits_cnn.onnx", &o);
    ok(json_is_null(j.verify) && isnan(oq_report_sqnr(j.report)), "no figure without verification");
    is_int(number(j.json, "samples_held_out"), 0, "and no sample held out");
    judged_free(&j);
}

static void test_every_method(void)
{
    static const char *const methods[] = {"mean", "moving-average", "percentile", "entropy",
                                          "mse",  "histogram-l2",   "octav"};

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        oq_options o = options_with("models/digits_calib.npz");
        judged j;

        o.method = methods[i];
        j = judge("models/digits_cnn.onnx", &o);
        ok(j.report && oq_report_sqnr(j.report) > 25, "%s: %.1f dB", methods[i],
           j.report ? oq_report_sqnr(j.report) : NAN);
        is_str(json_string_value(json_object_get(j.json, "method")), methods[i], "the report names it");
        judged_free(&j);
    }
}

int main(void)
{
    test_counts();
    test_threads();
    test_held_out();
    test_single_sample();
    test_off();
    test_every_method();
    return tap_done();
}
