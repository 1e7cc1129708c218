#include "api/samples.h"

int main(void)
{
    oq_options o = options_with("models/digits_calib.npz"), eval = options_with("models/digits_eval.npz");
    oq_buf bytes = converted("models/digits_cnn.onnx", &o);
    oq_model *a = load_source("models/digits_cnn.onnx"), *b = NULL,
             *other = load_source("models/tiny_lstm.onnx");
    oq_report *report = NULL;
    oq_diag diag = {.status = OQ_OK};

    is_int(oq_model_load_memory(bytes.data, bytes.size, &b, &diag), OQ_OK, "a converted model");
    eval.data.n_samples = 8;
    is_int(oq_compare(a, b, &eval.data, 2, NULL, NULL, &report, &diag), OQ_OK,
           "is compared with its float one");
    ok(report && oq_report_sqnr(report) > 40, "in decibels");
    ok(report && says(oq_report_text(report), "layer") && says(oq_report_json(report), "sqnr_db"),
       "layer by layer");
    oq_report_free(report);
    report = NULL;
    is_int(oq_compare(a, other, &eval.data, 1, NULL, NULL, &report, &diag), OQ_ARG,
           "other models do not correspond");
    eval.data.path = NULL;
    is_int(oq_compare(a, b, &eval.data, 1, NULL, NULL, &report, NULL), OQ_ARG, "samples must be named");
    ok(!report, "no report of what failed");
    oq_model_free(a);
    oq_model_free(b);
    oq_model_free(other);
    oq_buf_free(&bytes);
    return tap_done();
}
