/* profile_text: a measured run as tables for people, or as JSON. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "api/api.h"
#include "exec/profile.h"

#define MAX_NODES_SHOWN 20

typedef struct {
    const oq_node *node; /* NULL: the sum over an operator */
    const char *op_type;
    oq_step_time time;
    bool is_integer;
} line;

typedef struct {
    line *steps, *operators;
    size_t n_steps, n_operators;
    oq_step_time total;
} profile;

/* ---- collecting */

static int by_time(const void *a, const void *b)
{
    uint64_t x = ((const line *)a)->time.nanoseconds, y = ((const line *)b)->time.nanoseconds;

    return (x < y) - (x > y);
}

static void add_time(oq_step_time *to, const oq_step_time *time)
{
    to->nanoseconds += time->nanoseconds;
    to->calls += time->calls;
    to->operations += time->operations;
    to->bytes += time->bytes;
}

static void add_to_operator(profile *p, const line *step)
{
    size_t i = 0;

    while (i < p->n_operators && (strcmp(p->operators[i].op_type, step->op_type) != 0 ||
                                  p->operators[i].is_integer != step->is_integer))
        i++;
    if (i == p->n_operators)
        p->operators[p->n_operators++] = (line){.op_type = step->op_type, .is_integer = step->is_integer};
    add_time(&p->operators[i].time, &step->time);
}

/* False: out of memory. */
static bool collect(const oq_program *program, const oq_runner *runner, profile *p)
{
    const oq_step_time *times = oq_runner_times(runner);
    size_t n = oq_program_n_steps(program);

    p->steps = calloc(n + 1, sizeof *p->steps);
    p->operators = calloc(n + 1, sizeof *p->operators);
    if (!p->steps || !p->operators || !times)
        return false;
    for (size_t i = 0; i < n; i++) {
        const oq_node *node = oq_program_node(program, i);

        p->steps[i] = (line){node, node->op_type, times[i], oq_program_is_integer(program, i)};
        add_time(&p->total, &times[i]);
        add_to_operator(p, &p->steps[i]);
    }
    p->n_steps = n;
    qsort(p->steps, n, sizeof *p->steps, by_time);
    qsort(p->operators, p->n_operators, sizeof *p->operators, by_time);
    return true;
}

static const char *node_name(const oq_node *node)
{
    return node->name[0] || node->n_outputs == 0 || !node->outputs[0] ? node->name : node->outputs[0]->name;
}

static double share(const profile *p, const line *l)
{
    return p->total.nanoseconds ? 100.0 * (double)l->time.nanoseconds / (double)p->total.nanoseconds : 0;
}

/* Giga per second. */
static double rate(double amount, const oq_step_time *time)
{
    return time->nanoseconds ? amount / (double)time->nanoseconds : 0;
}

/* ---- text */

static void write_lines(const profile *p, const line *lines, size_t n, oq_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        const line *l = &lines[i];

        oq_buf_printf(out, "%10.3f ms  %5.1f %%  %8llu", (double)l->time.nanoseconds / 1e6, share(p, l),
                      (unsigned long long)l->time.calls);
        if (l->time.operations > 0)
            oq_buf_printf(out, "  %8.1f", rate(l->time.operations, &l->time));
        else
            oq_buf_printf(out, "  %8s", "-");
        oq_buf_printf(out, "  %9.3f  %6.1f  %s%s%s%s\n", l->time.bytes / 1e6, rate(l->time.bytes, &l->time),
                      l->op_type, l->is_integer ? " (integer)" : "", l->node ? "  " : "",
                      l->node ? node_name(l->node) : "");
    }
}

static void write_heading(const char *what, oq_buf *out)
{
    oq_buf_printf(out, "%13s  %7s  %8s  %8s  %9s  %6s  %s\n", "time", "share", "calls", "GFLOP/s", "MB",
                  "GB/s", what);
}

static void write_text(const profile *p, oq_buf *out)
{
    write_heading("operator", out);
    write_lines(p, p->operators, p->n_operators, out);
    oq_buf_printf(out, "\n");
    write_heading("node", out);
    write_lines(p, p->steps, p->n_steps < MAX_NODES_SHOWN ? p->n_steps : MAX_NODES_SHOWN, out);
    oq_buf_printf(out, "\n%10.3f ms in all, %.3f GFLOP (%.1f GFLOP/s), %.3f MB read and written\n",
                  (double)p->total.nanoseconds / 1e6, p->total.operations / 1e9,
                  rate(p->total.operations, &p->total), p->total.bytes / 1e6);
}

/* ---- JSON */

static json_t *json_time(const oq_step_time *time)
{
    return json_pack("{s:f, s:I, s:f, s:f, s:f}", "seconds", (double)time->nanoseconds / 1e9, "calls",
                     (json_int_t)time->calls, "operations", time->operations, "gflops",
                     rate(time->operations, time), "bytes", time->bytes);
}

static json_t *json_lines(const profile *p, const line *lines, size_t n)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < n; i++) {
        json_t *row = json_time(&lines[i].time);
        bool is_made =
            row && json_object_set_new(row, "operator", json_string(lines[i].op_type)) == 0 &&
            json_object_set_new(row, "integer", json_boolean(lines[i].is_integer)) == 0 &&
            json_object_set_new(row, "share", json_real(share(p, &lines[i]))) == 0 &&
            (!lines[i].node || json_object_set_new(row, "node", json_string(node_name(lines[i].node))) == 0);

        if (!is_made) /* a name that is not UTF-8 is left out */
            json_decref(row);
        else
            json_array_append_new(array, row);
    }
    return array;
}

static void write_json(const profile *p, oq_buf *out)
{
    json_t *root =
        json_pack("{s:o, s:o, s:o}", "total", json_time(&p->total), "operators",
                  json_lines(p, p->operators, p->n_operators), "nodes", json_lines(p, p->steps, p->n_steps));
    char *text = root ? json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) : NULL;

    if (text)
        oq_buf_printf(out, "%s\n", text);
    else
        out->failed = true;
    free(text);
    json_decref(root);
}

oq_status oq_api_profile_text(const oq_program *program, const oq_runner *runner, bool json, char **text)
{
    profile p = {.n_steps = 0};
    oq_buf out = {0};

    if (!collect(program, runner, &p))
        out.failed = true;
    else if (json)
        write_json(&p, &out);
    else
        write_text(&p, &out);
    free(p.steps);
    free(p.operators);
    return oq_api_take_text(&out, text);
}
