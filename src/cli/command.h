/* command: the table of commands. Help, man page test and completion test print from it. */
#ifndef OQ_CLI_COMMAND_H
#define OQ_CLI_COMMAND_H

#include "cli/opt.h"

#define CLI_MAX_TABLES 5

typedef struct cli_command {
    const char *name;
    const char *operands;                      /* usage text after the name */
    const char *summary;                       /* one line */
    const opt_row *tables[CLI_MAX_TABLES + 1]; /* option tables, NULL at the end */
    int min_operands, max_operands;
    int (*run)(cli_settings *s);
    const char *notes;    /* a paragraph for --help; NULL: none */
    const char *examples; /* lines for --help */
} cli_command;

/* Row i, NULL behind the last. */
const cli_command *cli_command_at(size_t i);
const cli_command *cli_command_find(const char *name);
/* `onnx-q --help` and `onnx-q NAME --help`, on standard output. Return an exit code. */
int cli_help(void);
int cli_command_help(const cli_command *command);
/* Read the options and operands of command out of argv[1..]. Returns an exit code, EXIT_DONE when fine. */
int cli_parse(const cli_command *command, int argc, char **argv, cli_settings *s);
void cli_settings_free(cli_settings *s);

#endif
