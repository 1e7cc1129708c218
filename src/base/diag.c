#include "base/diag.h"

#include <stdio.h>
#include <string.h>

static const char *const status_names[] = {
    [OQ_OK] = "ok",
    [OQ_NOMEM] = "out of memory",
    [OQ_IO] = "input/output error",
    [OQ_FORMAT] = "invalid format",
    [OQ_LIMIT] = "limit exceeded",
    [OQ_UNSUPPORTED] = "unsupported",
    [OQ_SHAPE] = "shape mismatch",
    [OQ_RANGE] = "unusable range",
    [OQ_ARG] = "invalid argument",
    [OQ_CANCELLED] = "cancelled",
    [OQ_BELOW_TARGET] = "below the accuracy asked for",
    [OQ_INTERNAL] = "internal error",
};

const char *oq_status_name(oq_status status)
{
    size_t i = (size_t)status;

    return i < sizeof status_names / sizeof *status_names && status_names[i] ? status_names[i]
                                                                             : "unknown status";
}

/* Names in a message come from files: control characters would break the line, or drive the terminal. */
static void keep_to_one_line(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
    }
}

oq_status oq_diag_set(oq_diag *diag, oq_status status, const char *file, int line, const char *fmt, ...)
{
    va_list args;

    if (!diag)
        return status;
    diag->status = status;
    diag->file = file;
    diag->line = line;
    diag->notes[0] = diag->about[0] = '\0';
    diag->is_output = false;
    va_start(args, fmt);
    vsnprintf(diag->message, sizeof diag->message, fmt, args);
    va_end(args);
    keep_to_one_line(diag->message);
    return status;
}

void oq_diag_note(oq_diag *diag, const char *fmt, ...)
{
    size_t used;
    va_list args;

    if (!diag || diag->status == OQ_OK)
        return;
    used = strlen(diag->notes);
    if (used && used + 3 < sizeof diag->notes) {
        memcpy(diag->notes + used, "; ", 3);
        used += 2;
    }
    va_start(args, fmt);
    vsnprintf(diag->notes + used, sizeof diag->notes - used, fmt, args);
    va_end(args);
    keep_to_one_line(diag->notes + used);
}

void oq_diag_about(oq_diag *diag, const char *path, bool is_output)
{
    if (!diag || diag->status == OQ_OK || diag->about[0] || !path)
        return;
    snprintf(diag->about, sizeof diag->about, "%s", path);
    diag->is_output = is_output;
}

void oq_diag_clear(oq_diag *diag)
{
    if (!diag)
        return;
    diag->status = OQ_OK;
    diag->message[0] = diag->notes[0] = diag->about[0] = '\0';
    diag->is_output = false;
    diag->file = NULL;
    diag->line = 0;
}
