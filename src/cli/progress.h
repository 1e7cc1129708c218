/* progress: what a person who waits sees on standard error. */
#ifndef OQ_CLI_PROGRESS_H
#define OQ_CLI_PROGRESS_H

#include "cli/cli.h"

typedef struct cli_progress {
    bool has_bar, has_lines; /* a terminal that wants a bar; a line per stage (-v without a terminal) */
    bool is_drawn;           /* a bar stands on the screen */
    char stage[32];
    size_t done, total;
    double begun, drawn; /* seconds: of the stage, of the last picture */
} cli_progress;

void cli_progress_init(cli_progress *p, const cli_settings *s);
/* An oq_progress; arg is a cli_progress. Asks to cancel after a signal. */
int cli_progress_show(void *arg, const char *stage, size_t done, size_t total);
/* The work is over: the bar disappears. */
void cli_progress_end(cli_progress *p);

#endif
