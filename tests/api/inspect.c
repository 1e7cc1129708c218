#include <stdlib.h>

#include "api/samples.h"

int main(void)
{
    oq_model *model = load_source("models/digits_cnn.onnx");
    char *text = NULL;

    is_int(oq_inspect(model, 0, &text, NULL), OQ_OK, "a model can be looked at");
    ok(says(text, "opset 17") && says(text, "6 Conv") && says(text, "image"), "opset, operators, inputs");
    free(text);
    is_int(oq_inspect(model, 1, &text, NULL), OQ_OK, "as JSON too");
    ok(says(text, "\"parameters\": 34"), "with numbers");
    free(text);
    is_int(oq_dump(model, &text, NULL), OQ_OK, "or node by node");
    ok(says(text, "BatchNormalization"), "as it is");
    free(text);
    oq_model_free(model);
    return tap_done();
}
