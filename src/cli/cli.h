/* cli: what the files of the program share. The program reads a command line, calls the library, prints. */
#ifndef OQ_CLI_CLI_H
#define OQ_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "onnxq.h"

/* Exit codes, as in the man page. A run ended by a signal exits with 128 + its number. */
enum {
    EXIT_DONE = 0,
    EXIT_BELOW = 1,       /* below the accuracy asked for */
    EXIT_USAGE = 2,       /* the command line is wrong */
    EXIT_INPUT = 3,       /* a file cannot be read, or is not what it should be */
    EXIT_UNSUPPORTED = 4, /* the model is valid, but not possible here */
    EXIT_OUTPUT = 5,      /* cannot write */
    EXIT_INTERNAL = 70    /* our own fault */
};

#define CLI_MAX_OPERANDS 2

typedef struct cli_list {
    const char **items; /* heap; the texts belong to argv or to the configuration */
    size_t n;
} cli_list;

/* What the command line (and --config) asked for. One struct for all commands: an option table says which
 * fields a command has. */
typedef struct cli_settings {
    /* every command */
    int help, json, verbose, quiet;
    const char *terminal_color; /* "auto" or "never"; NULL: auto */
    int64_t threads;            /* 0: one per processor */
    /* data */
    const char *calib;
    int64_t calib_samples; /* 0: all */
    cli_list inputs;       /* "INPUT=ARRAY" */
    int image_size[2];     /* width, height; 0: from the model */
    float mean[3], std[3];
    const char *layout, *image_color, *resize;
    cli_list dims; /* "NAME=SIZE" */
    /* what */
    const char *placement, *activations, *weights;
    int weight_only, activation_only, symmetric, per_tensor, reduce_range;
    cli_list include, exclude;
    /* how */
    const char *quality, *method, *plan;
    int no_verify;
    double min_sqnr;
    /* out */
    const char *out, *report, *plan_out, *config;
    int external_data;
    int64_t opset;
    /* passes */
    const char *print_after, *stop_after;
    cli_list skip;
    int verify_each;
    /* other commands */
    int integer, profile, markdown;

    const char *operands[CLI_MAX_OPERANDS];
    int n_operands;
    void *config_root; /* parsed --config; owns the texts it set */
} cli_settings;

/* ---- message.c */

/* "onnx-q: ..." on standard error; returns code. */
int cli_error(const cli_settings *s, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A fault of the library: names its file (file when the diagnostics name none; may be NULL), returns the exit
 * code. */
int cli_fault(const cli_settings *s, oq_status status, const oq_diag *diag, const char *file);
/* Is everything on standard output where it should be? A closed pipe is fine: the reader has seen enough. s
 * may be NULL. Returns an exit code. */
int cli_flush(const cli_settings *s);
/* Text for people as it is, or JSON: on standard output, checked. Returns an exit code. */
int cli_print(const cli_settings *s, const char *text);

/* ---- outfile.c */

/* Would path be refused as an output? Says why and returns an exit code, EXIT_DONE when it is fine. Asked
 * before the work, so that minutes are not lost. NULL and "-" are fine. */
int cli_check_output(const cli_settings *s, const char *path);
/* Refuse an output that is one of the inputs, under whatever name. */
int cli_check_not_input(const cli_settings *s, const char *output, const char *const *inputs, size_t n);
/* Write text to path by temporary file and rename ("-": standard output). */
int cli_write_text(const cli_settings *s, const char *path, const char *text);
/* Remove the temporary file that is being written (async-signal-safe). */
void cli_remove_unfinished(void);

/* ---- signals.c */

void cli_catch_signals(void);
int cli_caught_signal(void); /* 0: none */

/* ---- data.c */

void cli_fill_data(const cli_settings *s, oq_data_options *data);

/* ---- commands: each returns an exit code */

int cmd_check(cli_settings *s);
int cmd_compare(cli_settings *s);
int cmd_convert(cli_settings *s);
int cmd_inspect(cli_settings *s);
int cmd_methods(cli_settings *s);
int cmd_ops(cli_settings *s);
int cmd_passes(cli_settings *s);
int cmd_run(cli_settings *s);

#endif
