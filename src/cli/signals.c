/* signals: the first Ctrl-C asks the library to stop, the second ends the program at once. Both leave nothing
 * behind. */
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "cli/cli.h"

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    if (!caught) {
        caught = number;
        return;
    }
    oq_remove_unfinished();
    cli_remove_unfinished();
    _exit(128 + number);
}

int cli_caught_signal(void)
{
    return caught;
}

void cli_catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, before;

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        /* a signal that whoever started us ignores (nohup) stays ignored */
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
    /* a closed pipe is an error of write, not the end of us: unfinished files must be removed first */
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}
