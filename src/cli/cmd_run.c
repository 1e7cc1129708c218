/* onnx-q run: a model on samples; outputs to a file, time per operator to a table. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/progress.h"

static int give_result(const cli_settings *s, const char *profile)
{
    json_t *root, *times = NULL;
    char *text;
    int result;

    if (!s->json) {
        if (profile)
            return cli_print(s, profile);
        if (!s->quiet)
            fprintf(stderr, "wrote %s\n", s->out);
        return EXIT_DONE;
    }
    if (profile)
        times = json_loads(profile, 0, NULL);
    root = json_pack("{s:s, s:s, s:s?, s:b, s:o?}", "model", s->operands[0], "data", s->calib, "output",
                     s->out, "integer", s->integer, "profile", times);
    text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    result = text ? cli_print(s, text) : cli_error(s, EXIT_INTERNAL, "out of memory");
    free(text);
    json_decref(root);
    return result;
}

static int run_model(cli_settings *s, oq_model *model, oq_diag *diag)
{
    oq_data_options data = {0};
    cli_progress progress;
    char *profile = NULL;
    oq_status status;
    int result;

    cli_fill_data(s, &data);
    cli_progress_init(&progress, s);
    status = oq_run_file(model, &data, s->out, s->integer, (int)s->threads, s->profile ? &profile : NULL,
                         s->json, cli_progress_show, &progress, diag);
    cli_progress_end(&progress);
    result = status == OQ_OK ? give_result(s, profile) : cli_fault(s, status, diag, s->operands[0]);
    free(profile);
    return result;
}

static int check_options(const cli_settings *s)
{
    const char *inputs[] = {s->operands[0], s->calib};
    int result;

    if (!s->calib)
        return cli_error(s, EXIT_USAGE, "run: no samples; give --input DATA");
    if (!s->out && !s->profile)
        return cli_error(s, EXIT_USAGE, "run: nothing to do with the outputs; give -o OUT.npz, or --profile");
    result = cli_check_not_input(s, s->out, inputs, 2);
    return result == EXIT_DONE ? cli_check_output(s, s->out) : result;
}

int cmd_run(cli_settings *s)
{
    oq_diag *diag = oq_diag_new();
    oq_model *model = NULL;
    oq_status status;
    int result = check_options(s);

    if (result == EXIT_DONE) {
        status = oq_model_load(s->operands[0], &model, diag);
        result = status == OQ_OK ? run_model(s, model, diag) : cli_fault(s, status, diag, s->operands[0]);
    }
    oq_model_free(model);
    oq_diag_free(diag);
    return result;
}
