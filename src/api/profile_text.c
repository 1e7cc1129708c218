#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "exec/profile.h"

#define MAX_NODES_SHOWN 20

typedef struct {
    const oq_node *node;
    const char *op_type;
    uint64_t nanoseconds, calls;
    bool is_integer;
} line;

static int by_time(const void *a, const void *b)
{
    uint64_t x = ((const line *)a)->nanoseconds, y = ((const line *)b)->nanoseconds;

    return (x < y) - (x > y);
}

static void add_to_operator(line *lines, size_t *n, const line *step)
{
    size_t i = 0;

    while (i < *n && strcmp(lines[i].op_type, step->op_type) != 0)
        i++;
    if (i == *n)
        lines[(*n)++] = (line){.op_type = step->op_type};
    lines[i].nanoseconds += step->nanoseconds;
    lines[i].calls += step->calls;
}

static void write_lines(const line *lines, size_t n, uint64_t total, oq_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        const line *l = &lines[i];

        oq_buf_printf(out, "%10.3f ms  %5.1f %%  %8llu  %s%s%s%s\n", (double)l->nanoseconds / 1e6,
                      total ? 100.0 * (double)l->nanoseconds / (double)total : 0,
                      (unsigned long long)l->calls, l->op_type, l->is_integer ? " (integer)" : "",
                      l->node ? "  " : "",
                      l->node ? (l->node->name[0] ? l->node->name : l->node->outputs[0]->name) : "");
    }
}

oq_status oq_api_profile_text(const oq_program *program, const oq_runner *runner, char **text)
{
    size_t n = oq_program_n_steps(program), n_operators = 0;
    const oq_step_time *times = oq_runner_times(runner);
    line *steps = calloc(n + 1, sizeof *steps), *operators = calloc(n + 1, sizeof *operators);
    uint64_t total = 0;
    oq_buf out = {0};

    for (size_t i = 0; steps && operators && times && i < n; i++) {
        const oq_node *node = oq_program_node(program, i);

        steps[i] = (line){.node = node,
                          .op_type = node->op_type,
                          .nanoseconds = times[i].nanoseconds,
                          .calls = times[i].calls,
                          .is_integer = oq_program_is_integer(program, i)};
        total += times[i].nanoseconds;
        add_to_operator(operators, &n_operators, &steps[i]);
    }
    if (steps && operators) {
        qsort(steps, n, sizeof *steps, by_time);
        qsort(operators, n_operators, sizeof *operators, by_time);
        oq_buf_printf(&out, "%13s  %7s  %8s  operator\n", "time", "share", "calls");
        write_lines(operators, n_operators, total, &out);
        oq_buf_printf(&out, "\n%13s  %7s  %8s  node\n", "time", "share", "calls");
        write_lines(steps, n < MAX_NODES_SHOWN ? n : MAX_NODES_SHOWN, total, &out);
    } else {
        out.failed = true;
    }
    free(steps);
    free(operators);
    return oq_api_take_text(&out, text);
}
