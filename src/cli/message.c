/* message: one line on standard error, what and what to do; results on standard output. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static bool is_colored(const cli_settings *s)
{
    const char *terminal = getenv("TERM"), *refused = getenv("NO_COLOR");

    if (s->terminal_color && strcmp(s->terminal_color, "never") == 0)
        return false;
    return isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0 && !(refused && *refused);
}

int cli_error(const cli_settings *s, int code, const char *fmt, ...)
{
    bool colored = is_colored(s);
    va_list args;

    fflush(stdout);
    fputs(colored ? "\033[1;31monnx-q:\033[0m " : "onnx-q: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    return code;
}

/* Options are the caller's mistake, data are a bad input: the library calls both OQ_ARG. */
static int code_of(oq_status status, const oq_diag *diag, bool is_about_option)
{
    switch (status) {
    case OQ_OK: return EXIT_DONE;
    case OQ_BELOW_TARGET: return EXIT_BELOW;
    case OQ_ARG: return is_about_option || !oq_diag_file(diag)[0] ? EXIT_USAGE : EXIT_INPUT;
    case OQ_IO: return oq_diag_is_output(diag) ? EXIT_OUTPUT : EXIT_INPUT;
    case OQ_UNSUPPORTED: return EXIT_UNSUPPORTED;
    case OQ_FORMAT:
    case OQ_LIMIT:
    case OQ_SHAPE:
    case OQ_RANGE: return EXIT_INPUT;
    case OQ_CANCELLED: return 128 + cli_caught_signal();
    case OQ_NOMEM:
    case OQ_INTERNAL: return EXIT_INTERNAL;
    }
    return EXIT_INTERNAL;
}

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

int cli_fault(const cli_settings *s, oq_status status, const oq_diag *diag, const char *file)
{
    const char *message = oq_diag_message(diag), *notes = oq_diag_notes(diag), *about = oq_diag_file(diag);
    bool is_about_option = begins_with(message, "--");
    int code = code_of(status, diag, is_about_option);

    if (status == OQ_CANCELLED) {
        if (!s->quiet)
            cli_error(s, code, "stopped; nothing was written");
        return code;
    }
    if (!*message)
        message = oq_status_name(status);
    if (!*about)
        about = file ? file : "";
    if (strcmp(about, "-") == 0)
        about = oq_diag_is_output(diag) ? "standard output" : "standard input";
    /* a folder of samples is named by its file, an array with its file: then the message begins with it */
    if (!*about || is_about_option || begins_with(message, about))
        cli_error(s, code, "%s", message);
    else
        cli_error(s, code, "%s: %s", about, message);
    if (s->verbose && *notes)
        fprintf(stderr, "  %s\n", notes);
    if (status == OQ_INTERNAL)
        fprintf(stderr, "  this is a fault of onnx-q %s: please report it with the command and this line\n",
                oq_version());
    return code;
}

int cli_flush(const cli_settings *s)
{
    static const cli_settings none = {0};

    if (!ferror(stdout) && fflush(stdout) == 0)
        return EXIT_DONE;
    if (errno == EPIPE) /* the reader has seen enough: that is its right */
        return EXIT_DONE;
    return cli_error(s ? s : &none, EXIT_OUTPUT, "standard output: cannot write: %s", strerror(errno));
}

int cli_print(const cli_settings *s, const char *text)
{
    size_t n = strlen(text);

    fwrite(text, 1, n, stdout);
    if (n && text[n - 1] != '\n')
        putchar('\n');
    return cli_flush(s);
}
