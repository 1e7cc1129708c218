/* onnx-q ops, passes, methods: the tables of this build, as text, JSON or Markdown. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static bool print_cell(FILE *out, const json_t *value)
{
    const char *text = json_string_value(value);

    if (!text) {
        char *dump = json_is_null(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);

        fprintf(out, " %s |", dump ? dump : "");
        free(dump);
        return true;
    }
    fputc(' ', out);
    for (; *text; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputs(" |", out);
    return true;
}

static void print_head(FILE *out, json_t *row)
{
    const char *key;
    json_t *value;

    fputc('|', out);
    json_object_foreach(row, key, value) fprintf(out, " %s |", key);
    fputs("\n|", out);
    json_object_foreach(row, key, value) fputs("---|", out);
    fputc('\n', out);
}

/* The columns are the keys of the first row. */
static void print_markdown(FILE *out, const json_t *rows)
{
    json_t *first = json_array_get(rows, 0), *row, *value;
    const char *key;
    size_t i;

    print_head(out, first);
    json_array_foreach(rows, i, row)
    {
        fputc('|', out);
        json_object_foreach(first, key, value) print_cell(out, json_object_get(row, key));
        fputc('\n', out);
    }
}

static int as_markdown(const cli_settings *s, const char *json)
{
    json_error_t error;
    json_t *rows = json_loads(json, 0, &error);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    int result;

    if (out && json_is_array(rows) && json_is_object(json_array_get(rows, 0)))
        print_markdown(out, rows);
    if (!out || fclose(out) != 0 || size == 0)
        result = cli_error(s, EXIT_INTERNAL, "the table has no rows");
    else
        result = cli_print(s, text);
    free(text);
    json_decref(rows);
    return result;
}

static int print_table(const cli_settings *s, const char *name)
{
    oq_diag *diag = oq_diag_new();
    char *text = NULL;
    oq_status status = oq_table(name, s->json || s->markdown, &text, diag);
    int result;

    if (status != OQ_OK)
        result = cli_fault(s, status, diag, NULL);
    else
        result = s->markdown ? as_markdown(s, text) : cli_print(s, text);
    free(text);
    oq_diag_free(diag);
    return result;
}

int cmd_ops(cli_settings *s)
{
    return print_table(s, "ops");
}

int cmd_passes(cli_settings *s)
{
    return print_table(s, "passes");
}

int cmd_methods(cli_settings *s)
{
    return print_table(s, "methods");
}
