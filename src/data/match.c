/* match: which array feeds which input. By name; by --input INPUT=ARRAY; or the only array for the only
 * input. */
#include "data/source.h"

#include <stdio.h>
#include <string.h>

#define LISTED 5 /* names told in a message */

int oq_n_required_inputs(const oq_graph *graph)
{
    int n = 0;

    for (int k = 0; k < graph->n_inputs; k++)
        n += !graph->inputs[k]->constant;
    return n;
}

/* "'a', 'b' and 3 more" */
static const char *list_names(const char *const *names, size_t n, char *text, size_t size)
{
    size_t used = 0;

    snprintf(text, size, "none");
    for (size_t i = 0; i < n && i < LISTED && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s'%.60s'", i ? ", " : "", names[i]);
    if (n > LISTED && used < size)
        snprintf(text + used, size - used, " and %zu more", n - LISTED);
    return text;
}

static const char *list_inputs(const oq_graph *graph, char *text, size_t size)
{
    size_t used = 0;

    snprintf(text, size, "none");
    for (int k = 0; k < graph->n_inputs && k < LISTED && used < size; k++)
        used +=
            (size_t)snprintf(text + used, size - used, "%s'%.60s'", k ? ", " : "", graph->inputs[k]->name);
    return text;
}

static size_t find_name(const oq_array_names *arrays, const char *name)
{
    size_t i = 0;

    while (i < arrays->n && strcmp(arrays->names[i], name) != 0)
        i++;
    return i;
}

static const char *renamed_to(const oq_dataset_options *options, const char *input)
{
    size_t n = strlen(input);

    for (size_t i = 0; options && i < options->n_renames; i++) {
        if (strncmp(options->renames[i], input, n) == 0 && options->renames[i][n] == '=')
            return options->renames[i] + n + 1;
    }
    return NULL;
}

/* Every rename must name an input. */
static oq_status check_renames(const oq_graph *graph, const oq_dataset_options *options, oq_diag *diag)
{
    char inputs[512];

    for (size_t i = 0; options && i < options->n_renames; i++) {
        const char *rename = options->renames[i];
        bool is_known = false;

        for (int k = 0; k < graph->n_inputs; k++) {
            size_t n = strlen(graph->inputs[k]->name);

            is_known = is_known ||
                       (strncmp(rename, graph->inputs[k]->name, n) == 0 && rename[n] == '=' && rename[n + 1]);
        }
        if (!is_known)
            OQ_FAIL(diag, OQ_ARG, "--input %s: it must be INPUT=ARRAY; the model's inputs are %s", rename,
                    list_inputs(graph, inputs, sizeof inputs));
    }
    return OQ_OK;
}

/* An array that no input asks for by name: the one to propose. */
static const char *spare_array(const oq_graph *graph, const oq_array_names *arrays)
{
    for (size_t i = 0; i < arrays->n; i++) {
        bool is_spare = true;

        for (int k = 0; k < graph->n_inputs; k++)
            is_spare = is_spare && strcmp(graph->inputs[k]->name, arrays->names[i]) != 0;
        if (is_spare)
            return arrays->names[i];
    }
    return NULL;
}

static oq_status no_array(const oq_graph *graph, const oq_array_names *arrays, const oq_value *input,
                          oq_diag *diag)
{
    char names[512];
    const char *spare = spare_array(graph, arrays);

    list_names(arrays->names, arrays->n, names, sizeof names);
    if (spare)
        OQ_FAIL(diag, OQ_SHAPE, "no array for input '%s'; the file has %s; if it is '%s', give --input %s=%s",
                input->name, names, spare, input->name, spare);
    OQ_FAIL(diag, OQ_SHAPE,
            "no array for input '%s'; the file has %s; save one array per input, named as the input",
            input->name, names);
}

oq_status oq_match_inputs(const oq_graph *graph, const oq_array_names *arrays,
                          const oq_dataset_options *options, size_t *match, const char **note,
                          oq_arena *arena, oq_diag *diag)
{
    bool is_only = arrays->n == 1 && oq_n_required_inputs(graph) == 1;

    OQ_TRY(check_renames(graph, options, diag));
    for (int k = 0; k < graph->n_inputs; k++) {
        const oq_value *input = graph->inputs[k];
        const char *rename = renamed_to(options, input->name);

        match[k] = find_name(arrays, rename ? rename : input->name);
        if (match[k] < arrays->n || (!rename && input->constant))
            continue;
        if (rename) {
            char names[512];

            OQ_FAIL(diag, OQ_ARG, "no array '%s' (for input '%s'); the file has %s", rename, input->name,
                    list_names(arrays->names, arrays->n, names, sizeof names));
        }
        if (!is_only)
            return no_array(graph, arrays, input, diag);
        match[k] = 0;
        *note = oq_arena_printf(arena, "array '%s' feeds input '%s'", arrays->names[0], input->name);
    }
    return OQ_OK;
}
