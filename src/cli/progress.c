#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH   30
#define REDRAW_EACH 0.1 /* seconds */
#define ETA_AFTER   0.5 /* a rate over less time is a guess */

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void cli_progress_init(cli_progress *p, const cli_settings *s)
{
    const char *terminal = getenv("TERM");
    bool is_terminal = isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;

    *p = (cli_progress){.has_bar = is_terminal && !s->quiet,
                        .has_lines = !is_terminal && s->verbose && !s->quiet};
}

static void clear(cli_progress *p)
{
    if (p->is_drawn)
        fputs("\r\033[K", stderr);
    p->is_drawn = false;
}

/* "  calibrate  [#######-----] 40/64  212/s  0:03 left" */
static void draw(cli_progress *p, double t)
{
    size_t filled = p->total ? p->done * BAR_WIDTH / p->total : 0;
    double elapsed = t - p->begun, rate = elapsed > 0 ? (double)p->done / elapsed : 0;
    char bar[BAR_WIDTH + 1];

    memset(bar, '-', BAR_WIDTH);
    memset(bar, '#', filled < BAR_WIDTH ? filled : BAR_WIDTH);
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r  %-10s [%s] %zu/%zu", p->stage, bar, p->done, p->total);
    if (rate > 0)
        fprintf(stderr, rate < 10 ? "  %.1f/s" : "  %.0f/s", rate);
    if (rate > 0 && elapsed > ETA_AFTER && p->done < p->total) {
        long left = (long)((double)(p->total - p->done) / rate + 0.5);

        fprintf(stderr, "  %ld:%02ld left", left / 60, left % 60);
    }
    fputs("\033[K", stderr);
    fflush(stderr);
    p->is_drawn = true;
    p->drawn = t;
}

static void end_stage(cli_progress *p, double t)
{
    clear(p);
    if (p->has_lines && p->stage[0])
        fprintf(stderr, "onnx-q: %s: %zu/%zu in %.2f s\n", p->stage, p->done, p->total, t - p->begun);
    p->stage[0] = '\0';
}

int cli_progress_show(void *arg, const char *stage, size_t done, size_t total)
{
    cli_progress *p = arg;
    double t;

    if (cli_caught_signal())
        return 0;
    if (!p->has_bar && !p->has_lines)
        return 1;
    t = now();
    if (strncmp(p->stage, stage, sizeof p->stage - 1) != 0) {
        end_stage(p, t);
        snprintf(p->stage, sizeof p->stage, "%s", stage);
        p->begun = t;
        p->drawn = t; /* what is done within a tenth of a second needs no bar */
    }
    p->done = done;
    p->total = total;
    if (p->has_bar && t - p->drawn >= REDRAW_EACH)
        draw(p, t);
    return 1;
}

void cli_progress_end(cli_progress *p)
{
    end_stage(p, now());
    fflush(stderr);
}
