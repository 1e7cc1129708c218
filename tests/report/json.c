#include <jansson.h>
#include <math.h>

#include "quant/quant_bench.h"
#include "report/report.h"

static json_t *read(oq_buf *out)
{
    json_t *root = json_loadb((const char *)out->data, out->size, 0, NULL);

    oq_buf_free(out);
    return root;
}

static void test_conversion(void)
{
    net n = net_new();
    oq_sqnr row = {.name = "out", .op_type = "Sigmoid", .fake_db = NAN, .worst_db = 12.5, .integer_db = NAN};
    oq_verify_result v = {.outputs = &row, .n_outputs = 1, .mean_db = NAN};
    oq_facts f = {.in_path = "net.onnx", .in_size = 7, .method = "minmax", .config = "{\"symmetric\":false}"};
    oq_buf out = {0};
    json_t *root, *outputs, *range;

    net_plan(&n, &quant_defaults, -4, 4);
    n.plan->values[n.x->id].clipped = 0.125;
    f.plan = n.plan;
    f.model = n.b->model;
    f.verify = &v;
    f.target_sqnr = 30;
    is_int(oq_report_write_json(&f, &out), OQ_OK, "facts become JSON");
    root = read(&out);
    ok(root, "a reader takes it");
    is_str(json_string_value(json_object_get(root, "model")), "net.onnx", "the model");
    is_int(json_integer_value(json_object_get(root, "model_bytes")), 7, "its size");
    ok(json_is_false(json_object_get(json_object_get(root, "config"), "symmetric")), "the options in effect");
    is_int(json_integer_value(json_object_get(root, "target_sqnr_db")) +
               (int)json_real_value(json_object_get(root, "target_sqnr_db")),
           30, "what was asked for");
    ok(json_array_size(json_object_get(root, "kept_float")) == 2, "each float operator by name");
    range = json_array_get(json_object_get(root, "ranges"), 0);
    is_str(json_string_value(json_object_get(range, "value")), "x", "each observed range");
    is_float(json_real_value(json_object_get(range, "clipped")), 0.125, 0, "and what it clips");
    outputs = json_object_get(json_object_get(root, "verify"), "outputs");
    ok(json_is_null(json_object_get(json_array_get(outputs, 0), "sqnr_db")), "what was not measured is null");
    is_float(json_real_value(json_object_get(json_array_get(outputs, 0), "worst_db")), 12.5, 0,
             "what was is a number");
    json_decref(root);
    net_free(&n);
}

static void test_comparison(void)
{
    oq_sqnr row = {.name = "c1", .op_type = "Conv", .fake_db = 40};
    oq_verify_result v = {
        .layers = &row, .n_layers = 1, .mean_db = 40, .has_agreement = true, .n_judged = 4, .n_agree = 3};
    oq_buf out = {0};
    json_t *root;

    is_int(oq_report_write_comparison_json(&v, &out), OQ_OK, "a comparison becomes JSON");
    root = read(&out);
    is_int(json_integer_value(json_object_get(root, "same_arg_max")), 3, "with agreement");
    is_int(json_array_size(json_object_get(root, "layers")), 1, "and layers");
    json_decref(root);
}

int main(void)
{
    test_conversion();
    test_comparison();
    return tap_done();
}
