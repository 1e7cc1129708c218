/* outputs: see the header. */
#include "exec/outputs.h"

void outputs_append(FILE *out, const oq_runner *runner, const oq_graph *graph)
{
    for (int i = 0; i < graph->n_outputs; i++) {
        const oq_array *array = oq_runner_output(runner, i);

        fprintf(out, "%s %s %d", graph->outputs[i]->name, oq_dtype_name(array->dtype), array->rank);
        for (int d = 0; d < array->rank; d++)
            fprintf(out, " %lld", (long long)array->dims[d]);
        fprintf(out, " %zu\n", array->size);
        fwrite(array->data, 1, array->size, out);
    }
}

oq_status outputs_write(const char *path, const oq_runner *runner, const oq_graph *graph, oq_diag *diag)
{
    FILE *out = fopen(path, "wb");

    if (!out)
        OQ_FAIL(diag, OQ_IO, "%s: cannot be written", path);
    outputs_append(out, runner, graph);
    if (fclose(out) != 0)
        OQ_FAIL(diag, OQ_IO, "%s: cannot be written", path);
    return OQ_OK;
}
