/* config: a JSON object whose keys are option names. Values: true/false for flags, text, numbers, and lists
 * of texts for options that may be repeated. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/opt.h"

#define LONGEST_WHY    256
#define LONGEST_NUMBER 40

/* Texts made here live as long as what was read: both are kept in one list. */
static const char *keep(json_t *kept, const char *text)
{
    json_array_append_new(kept, json_string(text));
    return json_string_value(json_array_get(kept, json_array_size(kept) - 1));
}

/* The text that a person would have typed for value; NULL when it is none. */
static const char *as_text(json_t *kept, const json_t *value)
{
    char number[LONGEST_NUMBER];

    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_integer(value))
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(number, sizeof number, "%.17g", json_real_value(value));
    else
        return NULL;
    return keep(kept, number);
}

static int apply_one(const char *path, const opt_row *row, json_t *kept, const json_t *value, cli_settings *s)
{
    char why[LONGEST_WHY];
    const char *text = as_text(kept, value);

    if (!text)
        return cli_error(s, EXIT_USAGE, "%s: \"%s\" wants a text or a number (%s)", path, row->name,
                         row->argument);
    if (!opt_set(row, text, s, why, sizeof why))
        return cli_error(s, EXIT_USAGE, "%s: \"%s\": %s: %s", path, row->name, text, why);
    return EXIT_DONE;
}

static int apply(const char *path, const opt_row *row, json_t *kept, const json_t *value, cli_settings *s)
{
    int result = EXIT_DONE;
    const json_t *item;
    size_t i;

    if (row->kind == OPT_FLAG) {
        if (!json_is_boolean(value))
            return cli_error(s, EXIT_USAGE, "%s: \"%s\" is true or false", path, row->name);
        *(int *)(void *)((char *)s + row->field) = json_is_true(value);
        return EXIT_DONE;
    }
    if (row->kind != OPT_LIST || !json_is_array(value))
        return apply_one(path, row, kept, value, s);
    json_array_foreach(value, i, item)
    {
        result = apply_one(path, row, kept, item, s);
        if (result != EXIT_DONE)
            break;
    }
    return result;
}

int opt_read_config(const char *path, const opt_row *const *tables, cli_settings *s)
{
    json_error_t error;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error), *kept, *value;
    const char *key;
    int result = EXIT_DONE;

    if (!root)
        return cli_error(s, EXIT_INPUT, "%s: %s (line %d)", path, error.text, error.line);
    kept = json_array();
    json_array_append_new(kept, root);
    s->config_root = kept;
    if (!json_is_object(root))
        return cli_error(s, EXIT_INPUT, "%s: must be an object: {\"option\": value}", path);
    json_object_foreach(root, key, value)
    {
        const opt_row *row = opt_find(tables, key);

        if (!row || strcmp(key, "config") == 0 || strcmp(key, "help") == 0)
            return cli_error(s, EXIT_USAGE, "%s: unknown option \"%s\"", path, key);
        result = apply(path, row, kept, value, s);
        if (result != EXIT_DONE)
            break;
    }
    return result;
}

void opt_free_config(cli_settings *s)
{
    json_decref(s->config_root);
    s->config_root = NULL;
}
