/* command: one row per command, in the order in which a person meets them. */
#include "cli/command.h"

#include <string.h>

static const cli_command commands[] = {
    {"convert",
     "MODEL [--calib DATA] [-o OUT]",
     "float ONNX model to int8, verified",
     {opt_calib, opt_data, opt_convert, opt_common, NULL},
     1,
     1,
     cmd_convert,
     "Without --calib only the weights become int8. Options can also stand in --config FILE.json, under "
     "their\n"
     "long names; the command line wins, and adds to lists.",
     "  onnx-q convert model.onnx --calib samples.npz\n"
     "  onnx-q convert model.onnx --calib photos/ --mean 123.7,116.3,103.5 --std 58.4,57.1,57.4\n"
     "  onnx-q convert model.onnx --calib samples.npz --exclude op:Softmax --exclude 'head*' --report "
     "report.json\n"
     "  zcat model.onnx.gz | onnx-q convert - -o small.onnx\n"},
    {"run",
     "MODEL --input DATA [-o OUT.npz]",
     "run a model on samples",
     {opt_run, opt_data, opt_common, NULL},
     1,
     1,
     cmd_run,
     NULL,
     "  onnx-q run model.int8.onnx --input samples.npz -o outputs.npz --integer\n"
     "  onnx-q run model.onnx --input samples.npz --profile\n"},
    {"compare",
     "A B --calib DATA",
     "two models side by side, layer by layer",
     {opt_calib, opt_data, opt_report, opt_common, NULL},
     2,
     2,
     cmd_compare,
     NULL,
     "  onnx-q compare model.onnx model.int8.onnx --calib samples.npz\n"},
    {"inspect",
     "MODEL",
     "graph, opsets, sizes, operators, what could be quantized",
     {opt_color, opt_common, NULL},
     1,
     1,
     cmd_inspect,
     NULL,
     "  onnx-q inspect model.onnx\n"
     "  onnx-q inspect model.onnx --json | jq .operators\n"},
    {"check",
     "MODEL",
     "valid? round-trips? runs? what would be refused, and why",
     {opt_color, opt_common, NULL},
     1,
     1,
     cmd_check,
     "Exit code 0 when all is well, 4 when something would be refused.",
     "  onnx-q check model.onnx\n"},
    {"ops",
     "",
     "the operators this build knows",
     {opt_table, opt_color, opt_common, NULL},
     0,
     0,
     cmd_ops,
     NULL,
     "  onnx-q ops --markdown\n"},
    {"passes",
     "",
     "the passes over the graph, in order",
     {opt_table, opt_color, opt_common, NULL},
     0,
     0,
     cmd_passes,
     NULL,
     "  onnx-q passes\n"},
    {"methods",
     "",
     "the range methods of --method",
     {opt_table, opt_color, opt_common, NULL},
     0,
     0,
     cmd_methods,
     NULL,
     "  onnx-q methods\n"},
};

const cli_command *cli_command_at(size_t i)
{
    return i < sizeof commands / sizeof *commands ? &commands[i] : NULL;
}

const cli_command *cli_command_find(const char *name)
{
    const cli_command *command;

    for (size_t i = 0; (command = cli_command_at(i)); i++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}
