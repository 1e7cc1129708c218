#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "ir/graph.h"

oq_status oq_model_load(const char *path, oq_model **out, oq_diag *diag)
{
    oq_status status = oq_import_file(path, NULL, out, diag);

    oq_diag_about(diag, path, false);
    return status;
}

oq_status oq_model_load_memory(const void *data, size_t size, oq_model **out, oq_diag *diag)
{
    return oq_import_memory(data, size, "-", NULL, out, diag);
}

oq_status oq_model_save(const oq_model *model, const char *path, int external_data, oq_diag *diag)
{
    oq_export_options options = {.external_data = external_data ? OQ_EXTERNAL_ALWAYS : OQ_EXTERNAL_AUTO};
    oq_status status = oq_export_file(model, path, &options, diag);

    oq_diag_about(diag, path, true);
    return status;
}

void oq_model_free(oq_model *model)
{
    oq_model_destroy(model);
}

void oq_remove_unfinished(void)
{
    oq_writer_unlink_all();
}

/* "dir/model.onnx" -> "dir/model.int8.onnx"; other names get ".int8.onnx" at the end. */
char *oq_default_output(const char *in)
{
    static const char *const endings[] = {".onnx.gz", ".onnx", NULL};
    size_t n = strlen(in);
    char *out = malloc(n + sizeof ".int8.onnx");

    if (!out)
        return NULL;
    for (int i = 0; endings[i]; i++) {
        size_t k = strlen(endings[i]);

        if (n > k && strcmp(in + n - k, endings[i]) == 0) {
            n -= k;
            break;
        }
    }
    memcpy(out, in, n);
    strcpy(out + n, ".int8.onnx");
    return out;
}
