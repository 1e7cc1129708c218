#include "config.h"

#include <stdlib.h>

#include "base/diag.h"
#include "onnxq.h"

const char *oq_version(void)
{
    return PACKAGE_VERSION;
}

oq_diag *oq_diag_new(void)
{
    return calloc(1, sizeof(oq_diag));
}

void oq_diag_free(oq_diag *diag)
{
    free(diag);
}

const char *oq_diag_message(const oq_diag *diag)
{
    return diag ? diag->message : "";
}

const char *oq_diag_notes(const oq_diag *diag)
{
    return diag ? diag->notes : "";
}

const char *oq_diag_file(const oq_diag *diag)
{
    return diag ? diag->about : "";
}

int oq_diag_is_output(const oq_diag *diag)
{
    return diag && diag->is_output;
}
