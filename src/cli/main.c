/* onnx-q: finds the command, reads its options, runs it. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static const char *command_name(const void *arg, size_t i)
{
    const cli_command *command = cli_command_at(i);

    (void)arg;
    return command ? command->name : NULL;
}

static int refuse_command(const char *name)
{
    const cli_settings none = {0};
    const char *nearest = opt_nearest(name, command_name, NULL);

    if (nearest)
        return cli_error(&none, EXIT_USAGE, "unknown command %s; did you mean %s?", name, nearest);
    return cli_error(&none, EXIT_USAGE, "unknown command %s (onnx-q --help lists them)", name);
}

static int run_command(const cli_command *command, int argc, char **argv)
{
    cli_settings settings = {0};
    int result = cli_parse(command, argc, argv, &settings);

    if (result == EXIT_DONE && settings.help)
        result = cli_command_help(command);
    else if (result == EXIT_DONE)
        result = command->run(&settings);
    cli_settings_free(&settings);
    return result;
}

/* `onnx-q help convert` and `onnx-q convert --help` are the same. */
static int help_on(const char *name)
{
    const cli_command *command = name ? cli_command_find(name) : NULL;

    if (!name)
        return cli_help();
    return command ? cli_command_help(command) : refuse_command(name);
}

int main(int argc, char **argv)
{
    const cli_settings none = {0};
    const cli_command *command;
    const char *first = argc > 1 ? argv[1] : NULL;

    cli_catch_signals();
    if (!first) {
        fputs("usage: onnx-q COMMAND ... (onnx-q --help lists the commands)\n", stderr);
        return EXIT_USAGE;
    }
    if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0 || strcmp(first, "version") == 0) {
        printf("onnx-q %s\n", oq_version());
        return cli_flush(&none);
    }
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 || strcmp(first, "help") == 0)
        return help_on(argc > 2 ? argv[2] : NULL);
    if (first[0] == '-')
        return cli_error(&none, EXIT_USAGE,
                         "the command comes first, then its options (onnx-q --help lists the commands)");
    command = cli_command_find(first);
    if (!command)
        return refuse_command(first);
    return run_command(command, argc - 1, argv + 1);
}
