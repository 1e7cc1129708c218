#include "seed/default_mode.h"

#include <math.h>
#include <string.h>

#include "tap/tap.h"

enum { PART = 32 }; /* calibration samples fed at a time; the second network mixes samples by pairs */

static oq_input batch_of(const float *x, size_t n)
{
    return (oq_input){.rank = 4, .dims = {(int64_t)n, 3, 15, 15}, .data = x, .dtype = 1};
}

static oq_status supply(void *arg, size_t sample, size_t n_inputs, oq_input *inputs)
{
    const seed_samples *samples = arg;
    oq_input part = batch_of(samples->calib + sample * PART * SEED_SAMPLE, PART);

    if (n_inputs != 1)
        return OQ_ARG;
    inputs[0].rank = part.rank;
    memcpy(inputs[0].dims, part.dims, sizeof part.dims);
    inputs[0].data = part.data;
    return OQ_OK;
}

static oq_model *load(const char *file, oq_diag *diag)
{
    oq_model *model;

    if (oq_model_load(seed_file(file), &model, diag) != OQ_OK)
        tap_bail("%s", oq_diag_message(diag));
    return model;
}

static size_t run(oq_model *model, int integer, const seed_samples *samples, float *out, oq_diag *diag)
{
    oq_input in = batch_of(samples->eval, samples->n_eval), result;
    oq_session *session;
    size_t n = 1;

    if (oq_session_new(model, integer, 0, &session, diag) != OQ_OK ||
        oq_session_run(session, &in, diag) != OQ_OK || oq_session_output(session, 0, &result) != OQ_OK)
        tap_bail("%s", oq_diag_message(diag));
    for (int i = 0; i < result.rank; i++)
        n *= (size_t)result.dims[i];
    if (n > SEED_MOST_OUTPUTS)
        tap_bail("%zu outputs", n);
    memcpy(out, result.data, n * sizeof *out);
    oq_session_free(session);
    return n;
}

default_figures default_convert(const char *file, const seed_samples *samples, change_options *change)
{
    float ref[SEED_MOST_OUTPUTS], fake[SEED_MOST_OUTPUTS], truth[SEED_MOST_OUTPUTS];
    seed_samples copy = *samples;
    oq_diag *diag = oq_diag_new();
    oq_model *model = load(file, diag);
    oq_options options;
    size_t n = run(model, 0, samples, ref, diag);

    oq_model_free(model);
    model = load(file, diag);
    oq_options_init(&options);
    options.data.source = supply;
    options.data.source_arg = &copy;
    options.data.n_samples = samples->n_calib / PART;
    if (change)
        change(&options);
    if (oq_convert(model, &options, NULL, diag) != OQ_OK)
        tap_bail("%s", oq_diag_message(diag));
    run(model, 0, samples, fake, diag);
    run(model, 1, samples, truth, diag);
    oq_model_free(model);
    oq_diag_free(diag);
    return (default_figures){seed_db(ref, truth, n), seed_db(ref, fake, n), seed_db(fake, truth, n)};
}
