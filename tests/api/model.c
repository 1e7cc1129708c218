#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnxq.h"
#include "tap/tap.h"

static void check_default(const char *in, const char *want)
{
    char *out = oq_default_output(in);

    is_str(out, want, in);
    free(out);
}

static char *read_all(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    char *data;
    long n;

    if (!f)
        tap_bail("cannot open %s", path);
    fseek(f, 0, SEEK_END);
    n = ftell(f);
    rewind(f);
    data = malloc((size_t)n + 1);
    *size = fread(data, 1, (size_t)n, f);
    fclose(f);
    return data;
}

static void test_round_trip(void)
{
    const char *path = tap_source("models/digits_cnn.onnx");
    char out[4200];
    size_t n, again;
    char *before = read_all(path, &n), *after;
    oq_diag *diag = oq_diag_new();
    oq_model *model = NULL, *from_memory = NULL;

    snprintf(out, sizeof out, "%s/copy.onnx", tap_tmpdir());
    is_int(oq_model_load(path, &model, diag), OQ_OK, "a model is loaded");
    is_int(oq_model_save(model, out, 0, diag), OQ_OK, "and saved");
    after = read_all(out, &again);
    ok(n == again && memcmp(before, after, n) == 0, "byte for byte the same");
    is_int(oq_model_load_memory(before, n, &from_memory, diag), OQ_OK, "it loads from memory too");
    oq_model_free(from_memory);
    from_memory = NULL;
    is_int(oq_model_load_memory(before, n / 2, &from_memory, diag), OQ_FORMAT, "half of it does not");
    ok(from_memory == NULL && oq_diag_message(diag)[0], "nothing is returned then, and it is said why");
    is_int(oq_model_load("/nowhere/model.onnx", &from_memory, diag), OQ_IO, "a file that is not there");
    oq_model_free(model);
    oq_model_free(NULL);
    oq_diag_free(diag);
    free(before);
    free(after);
}

int main(void)
{
    check_default("model.onnx", "model.int8.onnx");
    check_default("dir.onnx/model.onnx.gz", "dir.onnx/model.int8.onnx");
    check_default("weights", "weights.int8.onnx");
    check_default(".onnx", ".onnx.int8.onnx");
    test_round_trip();
    return tap_done();
}
