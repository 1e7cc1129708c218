/* parse: argv through getopt_long, by the option tables of the command. Only whole option names count: an
 * abbreviation would change its meaning when an option is added. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

#define MAX_OPTIONS 64
#define FIRST_CODE  256 /* of long options: behind every letter */
#define LONGEST_WHY 256

typedef struct {
    const opt_row *rows[MAX_OPTIONS]; /* row i has the code FIRST_CODE + i */
    struct option names[MAX_OPTIONS + 1];
    char letters[2 * MAX_OPTIONS + 3];
    size_t n;
} known_options;

static void collect(const cli_command *command, known_options *scan)
{
    char *letter = scan->letters;

    *letter++ = ':'; /* tell a missing argument from an unknown option */
    for (size_t t = 0; command->tables[t]; t++) {
        for (const opt_row *row = command->tables[t]; row->name && scan->n < MAX_OPTIONS; row++) {
            scan->names[scan->n] = (struct option){row->name, row->argument ? required_argument : no_argument,
                                                   NULL, FIRST_CODE + (int)scan->n};
            scan->rows[scan->n++] = row;
            if (!row->letter)
                continue;
            *letter++ = row->letter;
            if (row->argument)
                *letter++ = ':';
        }
    }
    *letter = '\0';
}

static const opt_row *row_of(const known_options *scan, int code)
{
    if (code >= FIRST_CODE)
        return scan->rows[code - FIRST_CODE];
    for (size_t i = 0; i < scan->n; i++) {
        if (scan->rows[i]->letter == code)
            return scan->rows[i];
    }
    return NULL;
}

static const char *name_at(const void *arg, size_t i)
{
    const known_options *scan = arg;

    return i < scan->n ? scan->rows[i]->name : NULL;
}

static int refuse_option(const cli_command *command, const known_options *scan, const char *token,
                         const cli_settings *s)
{
    char name[64];
    const char *nearest;

    if (strncmp(token, "--", 2) != 0)
        return cli_error(s, EXIT_USAGE, "%s: unknown option %s (onnx-q %s --help lists them)", command->name,
                         token, command->name);
    snprintf(name, sizeof name, "%.*s", (int)strcspn(token + 2, "="), token + 2);
    nearest = opt_nearest(name, name_at, scan);
    if (nearest)
        return cli_error(s, EXIT_USAGE, "%s: unknown option --%s; did you mean --%s?", command->name, name,
                         nearest);
    return cli_error(s, EXIT_USAGE, "%s: unknown option --%s (onnx-q %s --help lists them)", command->name,
                     name, command->name);
}

/* The word of argv that getopt_long has just taken as a long option. */
static const char *token_of(char **argv, const char *argument)
{
    return argument && argument == argv[optind - 1] ? argv[optind - 2] : argv[optind - 1];
}

static bool is_whole(const char *token, const opt_row *row)
{
    size_t n = strlen(row->name);

    return strncmp(token + 2, row->name, n) == 0 && (token[2 + n] == '\0' || token[2 + n] == '=');
}

static int take(const cli_command *command, const known_options *scan, int code, char **argv, cli_settings *s)
{
    const opt_row *row = row_of(scan, code);
    char why[LONGEST_WHY], letter[3] = {'-', (char)optopt, '\0'};

    if (code == ':') {
        row = row_of(scan, optopt);
        return cli_error(s, EXIT_USAGE, "%s: --%s needs an argument: --%s %s", command->name, row->name,
                         row->name, row->argument);
    }
    if (code == '?') {
        row = optopt >= FIRST_CODE ? row_of(scan, optopt) : NULL;
        if (row && is_whole(argv[optind - 1], row))
            return cli_error(s, EXIT_USAGE, "%s: --%s takes no argument", command->name, row->name);
        return refuse_option(command, scan, optopt && !row ? letter : argv[optind - 1], s);
    }
    if (code >= FIRST_CODE && !is_whole(token_of(argv, optarg), row))
        return refuse_option(command, scan, token_of(argv, optarg), s);
    if (!opt_set(row, optarg, s, why, sizeof why))
        return cli_error(s, EXIT_USAGE, "%s: --%s %s: %s", command->name, row->name, optarg ? optarg : "",
                         why);
    return EXIT_DONE;
}

static int take_operands(const cli_command *command, int argc, char **argv, cli_settings *s)
{
    int n = argc - optind;

    if (n < command->min_operands)
        return cli_error(s, EXIT_USAGE, "%s: usage: onnx-q %s %s", command->name, command->name,
                         command->operands);
    if (n > command->max_operands)
        return cli_error(s, EXIT_USAGE, "%s: '%s' is one argument too many; usage: onnx-q %s %s",
                         command->name, argv[optind + command->max_operands], command->name,
                         command->operands);
    for (int i = 0; i < n; i++)
        s->operands[i] = argv[optind + i];
    s->n_operands = n;
    return EXIT_DONE;
}

/* The command line wins over --config, wherever it stands: the file is read first. */
static int apply_config(const cli_command *command, char **argv, cli_settings *s)
{
    const char *path = NULL;

    if (!opt_find(command->tables, "config"))
        return EXIT_DONE;
    for (char **p = argv + 1; *p && strcmp(*p, "--") != 0; p++) {
        if (strcmp(*p, "--config") == 0 && p[1])
            path = p[1];
        else if (strncmp(*p, "--config=", 9) == 0)
            path = *p + 9;
    }
    return path ? opt_read_config(path, command->tables, s) : EXIT_DONE;
}

int cli_parse(const cli_command *command, int argc, char **argv, cli_settings *s)
{
    known_options scan = {.n = 0};
    int code, result = apply_config(command, argv, s);

    collect(command, &scan);
    opterr = 0;
    optind = 1;
    while (result == EXIT_DONE && (code = getopt_long(argc, argv, scan.letters, scan.names, NULL)) != -1)
        result = take(command, &scan, code, argv, s);
    if (result != EXIT_DONE || s->help)
        return result;
    return take_operands(command, argc, argv, s);
}

void cli_settings_free(cli_settings *s)
{
    free((void *)s->inputs.items);
    free((void *)s->dims.items);
    free((void *)s->include.items);
    free((void *)s->exclude.items);
    free((void *)s->skip.items);
    opt_free_config(s);
}
