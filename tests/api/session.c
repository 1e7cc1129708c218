#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/samples.h"

static void test_run(void)
{
    oq_model *model = load_source("models/digits_cnn.onnx");
    oq_session *session = NULL;
    oq_diag diag = {.status = OQ_OK};
    float image[64] = {0};
    oq_input in = {.name = "image", .dtype = OQ_FLOAT, .rank = 4, .dims = {1, 1, 8, 8}, .data = image}, out;

    is_int(oq_session_new(model, 0, 1, &session, &diag), OQ_OK, "a session opens");
    is_int(oq_session_n_inputs(session), 1, "one input");
    is_str(oq_session_output_name(session, 0), "probability", "the output has its name");
    is_int(oq_session_output(session, 0, &out), OQ_ARG, "no result before the first run");
    is_int(oq_session_run(session, &in, &diag), OQ_OK, "it runs");
    is_int(oq_session_output(session, 0, &out), OQ_OK, "there is a result");
    is_int(out.dims[1], 10, "of ten classes");
    in.data = NULL;
    is_int(oq_session_run(session, &in, &diag), OQ_SHAPE, "an input without data is refused");
    in.data = image;
    in.rank = 9;
    is_int(oq_session_run(session, &in, &diag), OQ_SHAPE, "so is one of nine dimensions");
    is_int(oq_session_input(session, 1, &out), OQ_ARG, "there is no second input");
    oq_session_free(session);
    oq_model_free(model);
}

static void test_run_file(void)
{
    oq_options o = options_with("models/digits_eval.npz");
    oq_model *model = load_source("models/digits_cnn.onnx");
    oq_diag diag = {.status = OQ_OK};
    const char *folder = fresh_folder();
    char path[4096], *profile = NULL;

    snprintf(path, sizeof path, "%s/out.npz", folder);
    o.data.n_samples = 5;
    is_int(oq_run_file(model, &o.data, path, 0, 1, &profile, 0, NULL, NULL, &diag), OQ_OK, "all samples run");
    ok(profile && says(profile, "Conv"), "with a table of time");
    is_int(files_in(folder), 1, "into one file");
    free(profile);
    o.data.path = NULL;
    is_int(oq_run_file(model, &o.data, path, 0, 1, NULL, 0, NULL, NULL, &diag), OQ_ARG,
           "samples must be named");
    oq_model_free(model);
}

int main(void)
{
    test_run();
    test_run_file();
    return tap_done();
}
