#include <stdlib.h>

#include "api/samples.h"

int main(void)
{
    oq_options o = options_with("models/digits_calib.npz");
    oq_model *model = load_source("models/digits_cnn.onnx");
    oq_diag diag = {.status = OQ_OK};
    oq_dataset *dataset = NULL;

    is_int(oq_api_end(OQ_OK, &diag), OQ_OK, "success needs no message");
    is_str(diag.message, "", "and gets none");
    is_int(oq_api_end(OQ_NOMEM, &diag), OQ_NOMEM, "a fault keeps its status");
    is_str(diag.message, "out of memory", "and gets a message");
    oq_diag_clear(&diag);
    o.data.layout = "sideways";
    is_int(oq_api_open_data(model, &o.data, &dataset, &diag), OQ_ARG, "a word must be known");
    ok(says(diag.message, "auto, nchw, nhwc"), "those that are stand in the message");
    o.data.layout = NULL;
    is_int(oq_api_open_data(model, &o.data, &dataset, NULL), OQ_OK, "samples of a file");
    oq_dataset_close(dataset);
    o.data.path = NULL;
    is_int(oq_api_open_data(model, &o.data, &dataset, NULL), OQ_OK, "none");
    ok(!dataset, "are no data");
    oq_model_free(model);
    return tap_done();
}
