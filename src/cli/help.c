/* help: printed from the tables, on standard output. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

#define COLUMN 34 /* where the explanation of an option begins */

int cli_help(void)
{
    const cli_command *command;

    printf("onnx-q %s: turns a float ONNX model into a verified int8 one.\n\n"
           "usage: onnx-q COMMAND ... [options]\n\ncommands:\n",
           oq_version());
    for (size_t i = 0; (command = cli_command_at(i)); i++)
        printf("  %-10s %s\n", command->name, command->summary);
    printf("\nonnx-q COMMAND --help   options and examples of a command\n"
           "onnx-q --version        version\n\n"
           "Begin with: onnx-q convert model.onnx --calib samples.npz\n");
    return cli_flush(NULL);
}

static void print_row(const opt_row *row)
{
    char left[80] = "      ";
    int used;

    if (row->letter)
        snprintf(left, sizeof left, "  -%c, ", row->letter);
    used = (int)strlen(left);
    used += snprintf(left + used, sizeof left - (size_t)used, "--%s", row->name);
    if (row->argument)
        used += snprintf(left + used, sizeof left - (size_t)used, " %s", row->argument);
    if (used >= COLUMN)
        printf("%s\n%*s%s\n", left, COLUMN, "", row->help);
    else
        printf("%-*s%s\n", COLUMN, left, row->help);
}

/* Has a row before (table, row) the same group? Then its heading is printed. */
static bool is_first_of_group(const cli_command *command, size_t table, const opt_row *row)
{
    for (size_t t = 0; t <= table; t++) {
        for (const opt_row *r = command->tables[t]; r->name; r++) {
            if (r == row)
                return true;
            if (strcmp(r->group, row->group) == 0)
                return false;
        }
    }
    return true;
}

static void print_group(const cli_command *command, const char *group)
{
    printf("\n%s:\n", group);
    for (size_t t = 0; command->tables[t]; t++) {
        for (const opt_row *row = command->tables[t]; row->name; row++) {
            if (strcmp(row->group, group) == 0)
                print_row(row);
        }
    }
}

int cli_command_help(const cli_command *command)
{
    printf("usage: onnx-q %s %s%s[options]\n\n%s\n", command->name, command->operands,
           *command->operands ? " " : "", command->summary);
    for (size_t t = 0; command->tables[t]; t++) {
        for (const opt_row *row = command->tables[t]; row->name; row++) {
            if (is_first_of_group(command, t, row))
                print_group(command, row->group);
        }
    }
    if (command->notes)
        printf("\n%s\n", command->notes);
    printf("\nexamples:\n%s", command->examples);
    return cli_flush(NULL);
}
