/* onnx-q inspect, check: what is in a model, and whether it is sound. */
#include <stdlib.h>

#include "cli/cli.h"

typedef oq_status look(oq_model *model, int json, char **text, int *is_fine, oq_diag *diag);

static oq_status inspect(oq_model *model, int json, char **text, int *is_fine, oq_diag *diag)
{
    *is_fine = 1;
    return oq_inspect(model, json, text, diag);
}

static int look_at(cli_settings *s, look *how)
{
    oq_diag *diag = oq_diag_new();
    oq_model *model = NULL;
    char *text = NULL;
    int is_fine = 0, result = EXIT_DONE;
    oq_status status = oq_model_load(s->operands[0], &model, diag);

    if (status == OQ_OK)
        status = how(model, s->json, &text, &is_fine, diag);
    if (status != OQ_OK)
        result = cli_fault(s, status, diag, s->operands[0]);
    else if (s->json || !s->quiet)
        result = cli_print(s, text);
    if (result == EXIT_DONE && !is_fine)
        result = EXIT_UNSUPPORTED;
    free(text);
    oq_model_free(model);
    oq_diag_free(diag);
    return result;
}

int cmd_inspect(cli_settings *s)
{
    return look_at(s, inspect);
}

int cmd_check(cli_settings *s)
{
    return look_at(s, oq_check);
}
