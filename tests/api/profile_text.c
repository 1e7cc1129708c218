#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "onnxq.h"
#include "tap/tap.h"

static char *profile_of(oq_model *model, int json)
{
    oq_data_options data = {.path = tap_source("models/digits_calib.npz"), .n_samples = 3};
    char *profile = NULL;

    is_int(oq_run_file(model, &data, NULL, 0, 1, &profile, json, NULL, NULL, NULL), OQ_OK, "a profiled run");
    return profile;
}

static void test_text(oq_model *model)
{
    char *profile = profile_of(model, 0);

    ok(profile && strstr(profile, "operator") && strstr(profile, "node"),
       "has a table by operator and one by node");
    ok(profile && strstr(profile, "GFLOP/s") && strstr(profile, "MB"), "with rates and bytes");
    ok(profile && strstr(profile, "Conv"), "and the operators of the model");
    free(profile);
}

static double of_operator(json_t *root, const char *name, const char *key)
{
    size_t i;
    json_t *row;
    double sum = 0;

    json_array_foreach(json_object_get(root, "operators"), i, row)
    {
        const char *op_type = json_string_value(json_object_get(row, "operator"));

        if (op_type && strcmp(op_type, name) == 0)
            sum += json_number_value(json_object_get(row, key));
    }
    return sum;
}

static void test_json(oq_model *model)
{
    char *profile = profile_of(model, 1);
    json_t *root = profile ? json_loads(profile, 0, NULL) : NULL;
    double shares = 0;
    size_t i;
    json_t *row;

    ok(root != NULL, "JSON is JSON");
    is_int((int)of_operator(root, "Conv", "calls"), 18, "six Convs on three samples are 18 calls");
    ok(of_operator(root, "Conv", "operations") > 1e6, "Conv does operations");
    ok(of_operator(root, "Flatten", "operations") == 0, "Flatten does none");
    ok(of_operator(root, "Gemm", "operations") > 0, "Gemm does some");
    ok(of_operator(root, "Conv", "bytes") > 0, "and bytes are counted");
    json_array_foreach(json_object_get(root, "nodes"), i, row) shares +=
        json_number_value(json_object_get(row, "share"));
    ok(shares > 99.9 && shares < 100.1, "the shares of the nodes are a whole");
    json_decref(root);
    free(profile);
}

int main(void)
{
    oq_diag *diag = oq_diag_new();
    oq_model *model = NULL;

    if (oq_model_load(tap_source("models/digits_cnn.onnx"), &model, diag) != OQ_OK)
        tap_bail("%s", oq_diag_message(diag));
    test_text(model);
    test_json(model);
    oq_model_free(model);
    oq_diag_free(diag);
    return tap_done();
}
