/* onnx-q convert: float model in, verified int8 model out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/progress.h"

#define LONGEST_DIMS 1024

static void print_dump(void *arg, const char *pass, const char *text)
{
    (void)arg;
    fprintf(stderr, "--- after %s\n%s", pass, text);
}

static void fill_pass_options(const cli_settings *s, oq_options *o)
{
    o->print_after = s->print_after;
    o->stop_after = s->stop_after;
    o->skip = s->skip.items;
    o->n_skip = s->skip.n;
    o->verify_each = s->verify_each;
    o->print = print_dump;
}

static void fill_options(const cli_settings *s, oq_options *o)
{
    oq_options_init(o);
    cli_fill_data(s, &o->data);
    if (s->placement)
        o->placement = s->placement;
    if (s->activations)
        o->activations = s->activations;
    if (s->weights)
        o->weights = s->weights;
    if (s->weight_only)
        o->activations = "none";
    if (s->activation_only)
        o->weights = "none";
    if (s->quality)
        o->quality = s->quality;
    if (s->method)
        o->method = s->method;
    o->symmetric = s->symmetric;
    o->per_tensor = s->per_tensor;
    o->reduce_range = s->reduce_range;
    o->include = s->include.items;
    o->n_include = s->include.n;
    o->exclude = s->exclude.items;
    o->n_exclude = s->exclude.n;
    o->plan = s->plan;
    o->plan_out = s->plan_out;
    o->threads = (int)s->threads;
    o->verify = !s->no_verify;
    o->target_sqnr = s->min_sqnr;
    o->external_data = s->external_data;
    o->opset = s->opset;
    fill_pass_options(s, o);
}

/* --dim a=1 --dim b=2 as "a=1,b=2". */
static bool join_dims(const cli_list *dims, char *text, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < dims->n && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "", dims->items[i]);
    return used < size;
}

static int check_options(const cli_settings *s)
{
    if (s->weight_only && s->activation_only)
        return cli_error(
            s, EXIT_USAGE,
            "convert: --weight-only and --activation-only leave nothing to do: give one of them");
    if (s->weight_only && s->activations && strcmp(s->activations, "none") != 0)
        return cli_error(s, EXIT_USAGE, "convert: --weight-only contradicts --activations %s",
                         s->activations);
    if (s->activation_only && s->weights && strcmp(s->weights, "none") != 0)
        return cli_error(s, EXIT_USAGE, "convert: --activation-only contradicts --weights %s", s->weights);
    if (s->activation_only && !s->calib && !s->plan)
        return cli_error(s, EXIT_USAGE, "convert: --activation-only needs samples: --calib DATA");
    if (s->no_verify && s->min_sqnr > 0)
        return cli_error(s, EXIT_USAGE,
                         "convert: --min-sqnr needs the verification that --no-verify turns off");
    if (s->min_sqnr > 0 && !s->calib)
        return cli_error(s, EXIT_USAGE, "convert: --min-sqnr is measured on samples: --calib DATA");
    return EXIT_DONE;
}

/* Everything that would be refused after minutes of work is refused now. */
static int check_files(const cli_settings *s, const char *out)
{
    const char *inputs[] = {s->operands[0], s->calib, s->plan, s->config};
    const char *outputs[] = {s->stop_after ? NULL : out, s->plan_out, s->report};
    int result = EXIT_DONE;

    for (size_t i = 0; i < 3 && result == EXIT_DONE; i++) {
        result = cli_check_not_input(s, outputs[i], inputs, 4);
        if (result == EXIT_DONE)
            result = cli_check_output(s, outputs[i]);
        for (size_t k = 0; k < i && result == EXIT_DONE; k++) {
            if (outputs[i] && outputs[k] && strcmp(outputs[i], outputs[k]) == 0)
                result = cli_error(s, EXIT_USAGE, "convert: %s is named as two outputs", outputs[i]);
        }
    }
    return result;
}

/* The report: standard output, unless the model goes there. */
static int give_report(const cli_settings *s, const char *out, const oq_report *report)
{
    const char *text = s->json ? oq_report_json(report) : oq_report_text(report);
    int result = EXIT_DONE;

    if (s->report)
        result = cli_write_text(s, s->report, oq_report_json(report));
    if (s->quiet && !s->json)
        return result;
    if (strcmp(out, "-") == 0)
        fputs(text, stderr);
    else if (result == EXIT_DONE)
        result = cli_print(s, text);
    return result;
}

static int convert_to(cli_settings *s, const char *out, oq_options *options, oq_diag *diag)
{
    const char *in = s->operands[0];
    cli_progress progress;
    oq_report *report = NULL;
    oq_status status;
    int result;

    cli_progress_init(&progress, s);
    options->progress = cli_progress_show;
    options->progress_arg = &progress;
    status = oq_convert_file(in, out, options, &report, diag);
    cli_progress_end(&progress);
    result = report ? give_report(s, out, report) : EXIT_DONE;
    if (status != OQ_OK)
        result = cli_fault(s, status, diag, in);
    oq_report_free(report);
    return result;
}

static int with_output(cli_settings *s, const char *out, oq_diag *diag)
{
    oq_options options;
    char dims[LONGEST_DIMS];
    int result = check_files(s, out);

    if (result != EXIT_DONE)
        return result;
    fill_options(s, &options);
    if (!join_dims(&s->dims, dims, sizeof dims))
        return cli_error(s, EXIT_USAGE, "convert: --dim: too many");
    options.dims = s->dims.n ? dims : NULL;
    return convert_to(s, out, &options, diag);
}

int cmd_convert(cli_settings *s)
{
    oq_diag *diag = oq_diag_new();
    char *made_up = s->out ? NULL : oq_default_output(s->operands[0]);
    const char *out = s->out ? s->out : made_up;
    int result = check_options(s);

    if (result == EXIT_DONE && (!diag || !out))
        result = cli_error(s, EXIT_INTERNAL, "out of memory");
    if (result == EXIT_DONE && !s->out && strcmp(s->operands[0], "-") == 0)
        result =
            cli_error(s, EXIT_USAGE,
                      "convert: the model comes from standard input: say where it goes, -o FILE or -o -");
    if (result == EXIT_DONE && out && strcmp(out, "-") == 0 && isatty(STDOUT_FILENO))
        result = cli_error(
            s, EXIT_USAGE,
            "convert: a model is nothing for a terminal: redirect standard output, or give -o FILE");
    if (result == EXIT_DONE)
        result = with_output(s, out, diag);
    free(made_up);
    oq_diag_free(diag);
    return result;
}
