#include <stdlib.h>
#include <string.h>

#include "onnxq.h"
#include "tap/tap.h"

int main(void)
{
    oq_data_options data = {.path = tap_source("models/digits_calib.npz"), .n_samples = 3};
    oq_diag *diag = oq_diag_new();
    oq_model *model = NULL;
    char *profile = NULL;

    if (oq_model_load(tap_source("models/digits_cnn.onnx"), &model, diag) != OQ_OK)
        tap_bail("%s", oq_diag_message(diag));
    is_int(oq_run_file(model, &data, NULL, 0, 1, &profile, NULL, NULL, diag), OQ_OK, "a profiled run");
    ok(profile && strstr(profile, "operator") && strstr(profile, "node"),
       "has a table by operator and one by node");
    ok(profile && strstr(profile, "Conv"), "with the operators of the model");
    ok(profile && strstr(profile, "      18  Conv"), "six Convs on three samples are 18 calls");
    free(profile);
    oq_model_free(model);
    oq_diag_free(diag);
    return tap_done();
}
