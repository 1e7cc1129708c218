/* example: quantize a model with samples from a callback, then run the result.
 *
 *     cc example.c $(pkg-config --cflags --libs onnxq) -lm -o example
 *     ./example model.onnx model.int8.onnx
 *
 * The samples are made up here (smooth blobs, for a model with one float input); a program of yours gives its
 * own. tests/dist/example.t builds this against the installed library and runs it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <onnxq.h>

#define N_SAMPLES 32

typedef struct samples {
    oq_input shape; /* as the model declares its input, unknown dimensions 1 */
    size_t n;       /* elements of one sample */
    float *values;  /* the current sample; the library copies what it needs */
} samples;

static void make_sample(samples *s, size_t number)
{
    for (size_t i = 0; i < s->n; i++)
        s->values[i] = 0.5f + 0.5f * sinf((float)(i * (number % 7 + 1)) * 0.17f + (float)number);
}

/* Called for sample 0 .. N_SAMPLES - 1. */
static oq_status next_sample(void *arg, size_t sample, size_t n_inputs, oq_input *inputs)
{
    samples *s = arg;

    if (n_inputs != 1)
        return OQ_ARG;
    make_sample(s, sample);
    inputs[0].rank = s->shape.rank;
    for (int d = 0; d < s->shape.rank; d++)
        inputs[0].dims[d] = s->shape.dims[d];
    inputs[0].data = s->values;
    return OQ_OK;
}

/* The model's input and room for one sample of it. */
static oq_status prepare_samples(const oq_session *session, samples *s)
{
    oq_status status = oq_session_input(session, 0, &s->shape);

    s->n = 1;
    for (int d = 0; status == OQ_OK && d < s->shape.rank; d++) {
        if (s->shape.dims[d] < 1)
            s->shape.dims[d] = 1;
        s->n *= (size_t)s->shape.dims[d];
    }
    s->values = malloc(s->n * sizeof *s->values);
    return status == OQ_OK && !s->values ? OQ_NOMEM : status;
}

/* The largest of the values of output 0: the class, if the model is a classifier. */
static oq_status run_one(oq_session *session, const samples *s, size_t *largest, oq_diag *diag)
{
    oq_input input = s->shape, output;
    oq_status status;
    size_t n = 1;

    input.data = s->values;
    status = oq_session_run(session, &input, diag);
    if (status == OQ_OK)
        status = oq_session_output(session, 0, &output);
    if (status != OQ_OK)
        return status;
    for (int d = 0; d < output.rank; d++)
        n *= (size_t)output.dims[d];
    *largest = 0;
    for (size_t i = 1; i < n; i++) {
        if (((const float *)output.data)[i] > ((const float *)output.data)[*largest])
            *largest = i;
    }
    return OQ_OK;
}

static oq_status run_session(oq_model *model, int integer, samples *s, size_t *largest, oq_diag *diag)
{
    oq_session *session = NULL;
    oq_status status = oq_session_new(model, integer, 1, &session, diag);

    if (status == OQ_OK && !s->values)
        status = prepare_samples(session, s);
    if (status == OQ_OK) {
        make_sample(s, 1000); /* not one of those it is calibrated with */
        status = run_one(session, s, largest, diag);
    }
    oq_session_free(session);
    return status;
}

static oq_status quantize(oq_model *model, const char *out, samples *s, oq_diag *diag)
{
    oq_report *report = NULL;
    oq_options options;
    oq_status status;

    oq_options_init(&options);
    options.data.source = next_sample;
    options.data.source_arg = s;
    options.data.n_samples = N_SAMPLES;
    status = oq_convert(model, &options, &report, diag);
    if (status == OQ_OK)
        status = oq_model_save(model, out, 0, diag);
    if (status == OQ_OK)
        printf("%s\nheld-out SQNR: %.1f dB\n", oq_report_text(report), oq_report_sqnr(report));
    oq_report_free(report);
    return status;
}

int main(int argc, char **argv)
{
    oq_diag *diag = oq_diag_new();
    oq_model *model = NULL;
    samples s = {.values = NULL};
    size_t before = 0, after = 0;
    oq_status status;

    if (argc != 3) {
        fprintf(stderr, "usage: %s MODEL OUT\n", argv[0]);
        return 2;
    }
    status = oq_model_load(argv[1], &model, diag);
    if (status == OQ_OK)
        status = run_session(model, 0, &s, &before, diag);
    if (status == OQ_OK)
        status = quantize(model, argv[2], &s, diag);
    if (status == OQ_OK)
        status = run_session(model, 1, &s, &after, diag);
    if (status == OQ_OK)
        printf("largest output: %zu in float, %zu in integers\n", before, after);
    else
        fprintf(stderr, "%s: %s\n", oq_diag_file(diag)[0] ? oq_diag_file(diag) : argv[0],
                oq_diag_message(diag));
    free(s.values);
    oq_model_free(model);
    oq_diag_free(diag);
    return status == OQ_OK ? 0 : 1;
}
