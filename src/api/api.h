/* api: what the public functions share. */
#ifndef OQ_API_API_H
#define OQ_API_API_H

#include "base/file.h"
#include "data/dataset.h"
#include "onnx/export.h"
#include "onnx/import.h"
#include "report/report.h"

struct oq_report {
    char *text, *json;
    double sqnr;
};

/* Make a loaded model ready to run: initializers that are also inputs become constants, types and shapes are
 * inferred. */
oq_status oq_api_prepare(oq_model *model, oq_diag *diag);
/* Open the samples that options name. *out is NULL when they name none. */
oq_status oq_api_open_data(const oq_model *model, const oq_data_options *options, oq_dataset **out,
                           oq_diag *diag);
/* A public progress callback as the library's inner form. */
typedef struct oq_api_progress {
    oq_progress *progress;
    void *arg;
} oq_api_progress;
bool oq_api_report_progress(void *arg, const char *stage, size_t done, size_t total);
/* Text of buf as a heap string, buf emptied. OQ_NOMEM when it failed. */
oq_status oq_api_take_text(oq_buf *buf, char **text);
/* Time, operations and bytes per operator type and per node, slowest first. */
oq_status oq_api_profile_text(const oq_program *program, const oq_runner *runner, bool json, char **text);
/* Returns status; a fault that left no message (out of memory, cancelled) gets one. */
oq_status oq_api_end(oq_status status, oq_diag *diag);
double oq_api_now(void); /* seconds */

#endif
