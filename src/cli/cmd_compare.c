/* onnx-q compare: two models on the same samples, layer by layer. */
#include "cli/progress.h"

static int compare(cli_settings *s, oq_model *a, oq_model *b, oq_diag *diag)
{
    oq_data_options data = {0};
    oq_report *report = NULL;
    cli_progress progress;
    oq_status status;
    int result = EXIT_DONE;

    cli_fill_data(s, &data);
    cli_progress_init(&progress, s);
    status = oq_compare(a, b, &data, (int)s->threads, cli_progress_show, &progress, &report, diag);
    cli_progress_end(&progress);
    if (status != OQ_OK)
        return cli_fault(s, status, diag, NULL);
    if (s->report)
        result = cli_write_text(s, s->report, oq_report_json(report));
    if (result == EXIT_DONE)
        result = cli_print(s, s->json ? oq_report_json(report) : oq_report_text(report));
    oq_report_free(report);
    return result;
}

static int check_options(const cli_settings *s)
{
    const char *inputs[] = {s->operands[0], s->operands[1], s->calib};
    int result;

    if (!s->calib)
        return cli_error(s, EXIT_USAGE, "compare: no samples; give --calib DATA");
    result = cli_check_not_input(s, s->report, inputs, 3);
    return result == EXIT_DONE ? cli_check_output(s, s->report) : result;
}

int cmd_compare(cli_settings *s)
{
    oq_diag *diag = oq_diag_new();
    oq_model *models[2] = {NULL, NULL};
    int result = check_options(s);

    for (int i = 0; i < 2 && result == EXIT_DONE; i++) {
        oq_status status = oq_model_load(s->operands[i], &models[i], diag);

        if (status != OQ_OK)
            result = cli_fault(s, status, diag, s->operands[i]);
    }
    if (result == EXIT_DONE)
        result = compare(s, models[0], models[1], diag);
    oq_model_free(models[0]);
    oq_model_free(models[1]);
    oq_diag_free(diag);
    return result;
}
