#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ir/graph.h"
#include "report/report.h"

#define MAX_NOTES 3
#define MAX_ROWS  256
/* Reasons for float operators in the text; the others are in the JSON report. */
#define MAX_REASONS 8
#define NAME_WIDTH  40

const char *oq_size_text(size_t bytes, char *text, size_t size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    int unit = 0;

    while (value >= 1024 && unit < 4) {
        value /= 1024;
        unit++;
    }
    snprintf(text, size, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return text;
}

const char *oq_short_name(const char *name, char *text, size_t size)
{
    size_t n = strlen(name), head, tail;

    if (n < size) {
        memcpy(text, name, n + 1);
        return text;
    }
    head = (size - 4) / 2;
    tail = size - 4 - head;
    while (head > 0 && ((unsigned char)name[head] & 0xC0) == 0x80)
        head--; /* whole UTF-8 characters only */
    while (tail > 0 && ((unsigned char)name[n - tail] & 0xC0) == 0x80)
        tail--;
    memcpy(text, name, head);
    memcpy(text + head, "...", 3);
    memcpy(text + head + 3, name + n - tail, tail + 1);
    return text;
}

static const char *count_text(size_t n, char *text, size_t size)
{
    if (n >= 1000000)
        snprintf(text, size, "%.2f M", (double)n / 1e6);
    else if (n >= 10000)
        snprintf(text, size, "%.1f k", (double)n / 1e3);
    else
        snprintf(text, size, "%zu", n);
    return text;
}

/* ---- counting */

static bool is_ours(const oq_node *node)
{
    return oq_node_is(node, "QuantizeLinear") || oq_node_is(node, "DequantizeLinear");
}

static bool has_weights(const oq_node *node)
{
    return node->op && (node->op->rule == OQ_RULE_WEIGHTED || node->op->rule == OQ_RULE_MATMUL ||
                        node->op->rule == OQ_RULE_RECURRENT);
}

static oq_tally *row_of(oq_tally *rows, size_t *n, size_t max, const oq_node *node,
                        const oq_plan_node *planned)
{
    const char *reason = planned->kind == OQ_NODE_FLOAT ? planned->reason : "";

    for (size_t i = 0; i < *n; i++) {
        if (rows[i].kind == planned->kind && strcmp(rows[i].op_type, node->op_type) == 0 &&
            strcmp(rows[i].reason, reason) == 0)
            return &rows[i];
    }
    if (*n == max)
        return NULL;
    rows[*n] = (oq_tally){
        .op_type = node->op_type, .reason = reason, .kind = planned->kind, .has_weights = has_weights(node)};
    return &rows[(*n)++];
}

size_t oq_tally_nodes(const oq_plan *plan, const oq_model *model, oq_tally *rows, size_t max)
{
    size_t n = 0;

    OQ_FOR_EACH_NODE (model->graph, node) {
        oq_tally *row;

        if (is_ours(node) || node->id >= plan->n_nodes)
            continue;
        row = row_of(rows, &n, max, node, &plan->nodes[node->id]);
        if (row)
            row->n++;
    }
    return n;
}

/* "26 Conv, 8 Concat" of the rows of a kind (and a reason, unless NULL); false when there are none. */
static bool write_counts(const oq_tally *rows, size_t n, oq_plan_kind kind, const char *reason, oq_buf *out)
{
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        if (rows[i].kind != kind || (reason && strcmp(rows[i].reason, reason) != 0))
            continue;
        oq_buf_printf(out, "%s%zu %s", any ? ", " : "", rows[i].n, rows[i].op_type);
        any = true;
    }
    return any;
}

/* ---- lines */

static void write_head(const oq_facts *f, oq_buf *out)
{
    char weights[32], size[32];

    oq_buf_printf(out, "%s: opset %" PRId64 ", %d nodes, %s weights, %s\n", f->in_path, f->opset_before,
                  f->n_nodes, count_text(f->n_weights, weights, sizeof weights),
                  oq_size_text(f->in_size, size, sizeof size));
}

static bool is_clean_pass(const oq_pass *pass)
{
    return pass->flags & (OQ_PASS_EXACT | OQ_PASS_CLOSE) &&
           !(pass->flags & (OQ_PASS_ANALYSIS | OQ_PASS_QUANT));
}

/* Passes that ran twice in the table are one line for a reader. */
static size_t changes_of(const oq_facts *f, size_t first)
{
    size_t changed = 0;

    for (size_t i = first; i < f->n_passes; i++) {
        if (f->passes[i].pass && strcmp(f->passes[i].pass->name, f->passes[first].pass->name) == 0 &&
            is_clean_pass(f->passes[i].pass))
            changed += f->passes[i].changed;
    }
    return changed;
}

static bool is_first_of_its_name(const oq_facts *f, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (f->passes[k].pass && strcmp(f->passes[k].pass->name, f->passes[i].pass->name) == 0)
            return false;
    }
    return true;
}

static void write_clean(const oq_facts *f, oq_buf *out)
{
    const char *separator = "  clean      ";

    for (size_t i = 0; i < f->n_passes; i++) {
        size_t changed;

        if (!f->passes[i].pass || !is_clean_pass(f->passes[i].pass) || !is_first_of_its_name(f, i))
            continue;
        changed = changes_of(f, i);
        if (changed == 0 || strcmp(f->passes[i].pass->name, "raise_opset") == 0)
            continue;
        oq_buf_printf(out, "%s%s %zu", separator, f->passes[i].pass->name, changed);
        separator = ", ";
    }
    if (f->opset_after != f->opset_before) {
        oq_buf_printf(out, "%sraised to opset %" PRId64, separator, f->opset_after);
        separator = ", ";
    }
    if (strcmp(separator, ", ") == 0)
        oq_buf_byte(out, '\n');
}

/* The first notes; the rest are in the JSON report. */
static void write_notes(const oq_facts *f, oq_buf *out)
{
    const char *line = f->notes, *end;
    size_t n = 0;

    for (; line && (end = strchr(line, '\n')); line = end + 1) {
        if (n++ < MAX_NOTES)
            oq_buf_printf(out, "  note       %.*s\n", (int)(end - line), line);
    }
    if (n > MAX_NOTES)
        oq_buf_printf(out, "             (%zu more in --report)\n", n - MAX_NOTES);
}

static void write_quantize(const oq_facts *f, const oq_tally *rows, size_t n, oq_buf *out)
{
    const oq_quant_options *options = &f->plan->options;

    oq_buf_printf(out, "  quantize   ");
    if (!write_counts(rows, n, OQ_NODE_INTEGER, NULL, out))
        oq_buf_printf(out, "nothing");
    else
        oq_buf_printf(out, options->activations == OQ_UNDEFINED ? " with int8 weights"
                           : options->weights == OQ_UNDEFINED ? " read 8-bit activations (weights stay float)"
                                                              : " in int8");
    for (size_t i = 0; i < n; i++) {
        if (rows[i].kind == OQ_NODE_FOLLOWS) {
            oq_buf_printf(out, "; ");
            write_counts(rows, n, OQ_NODE_FOLLOWS, NULL, out);
            oq_buf_printf(out, " follow");
            break;
        }
    }
    oq_buf_byte(out, '\n');
}

static size_t not_finite(const oq_plan *plan)
{
    size_t n = 0;

    for (int id = 0; id < plan->n_values; id++)
        n += plan->values[id].n_not_finite;
    return n;
}

/* The value of which most lies outside its range; NULL: none of any does, or nobody counted. */
static const oq_value *most_clipped(const oq_facts *f)
{
    const oq_value *most = NULL;
    double share = 0;

    OQ_FOR_EACH_NODE (f->model->graph, node) {
        for (int i = 0; i < node->n_outputs; i++) {
            const oq_value *value = node->outputs[i];

            if (!value || value->id >= f->plan->n_values || f->plan->values[value->id].clipped <= share)
                continue;
            most = value;
            share = f->plan->values[value->id].clipped;
        }
    }
    return most;
}

static void write_clipped(const oq_facts *f, oq_buf *out)
{
    const oq_value *most = most_clipped(f);
    char name[NAME_WIDTH + 1];

    if (most)
        oq_buf_printf(out, "; at most %.2g %% of a tensor is clipped (%s)",
                      100 * f->plan->values[most->id].clipped, oq_short_name(most->name, name, sizeof name));
}

static void write_calibrate(const oq_facts *f, oq_buf *out)
{
    size_t bad = not_finite(f->plan);

    if (!f->data)
        return;
    oq_buf_printf(out, "  calibrate  %s: ranges by %s", f->data, f->method);
    if (f->calibrate_seconds > 0)
        oq_buf_printf(out, ", %.0f/s",
                      (double)(f->n_calibrated + (f->judged_on_calibration ? 0 : f->n_held_out)) /
                          f->calibrate_seconds);
    if (bad)
        oq_buf_printf(out, "; %zu NaN or infinite numbers left out", bad);
    write_clipped(f, out);
    oq_buf_byte(out, '\n');
}

static void write_agreement(const oq_verify_result *v, oq_buf *out)
{
    char where[40] = "";

    if (v->has_agreement)
        oq_buf_printf(out, ", same arg max on %zu/%zu", v->n_agree, v->n_judged);
    if (v->n_codes == 0)
        return;
    if (v->n_proof_samples)
        snprintf(where, sizeof where, " of %zu sample%s", v->n_proof_samples,
                 v->n_proof_samples == 1 ? "" : "s");
    if (v->n_codes_differ == 0)
        oq_buf_printf(out, "; integer units = fake quant on all %zu codes%s", v->n_codes, where);
    else
        oq_buf_printf(
            out, "; integer units differ from fake quant on %zu of %zu codes%s (%zu of them rounding ties)",
            v->n_codes_differ, v->n_codes, where, v->n_ties);
}

static void write_verify(const oq_facts *f, oq_buf *out)
{
    const oq_verify_result *v = f->verify;

    if (!v)
        return;
    oq_buf_printf(out, "  verify     %zu %s sample%s: ", v->n_samples,
                  f->judged_on_calibration ? "calibration" : "held-out", v->n_samples == 1 ? "" : "s");
    if (isnan(v->mean_db))
        oq_buf_printf(out, "no float output to judge");
    else
        oq_buf_printf(out, "%.1f dB", v->mean_db);
    write_agreement(v, out);
    oq_buf_byte(out, '\n');
    if (f->judged_on_calibration)
        oq_buf_printf(
            out,
            "             (too few samples to hold any out: the figure is optimistic; give 9 or more)\n");
}

static bool reason_seen(const oq_tally *rows, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (rows[k].kind == OQ_NODE_FLOAT && strcmp(rows[k].reason, rows[i].reason) == 0)
            return true;
    }
    return false;
}

/* With weights alone every operator computes in float: only those that kept float weights are news. */
static bool is_news(const oq_facts *f, const oq_tally *row)
{
    return row->kind == OQ_NODE_FLOAT && row->reason[0] &&
           (f->plan->options.activations != OQ_UNDEFINED || row->has_weights);
}

/* One line for each reason, the most important first: operators with weights, then the others. */
static void write_kept_float(const oq_facts *f, const oq_tally *rows, size_t n, oq_buf *out)
{
    size_t n_lines = 0, n_left = 0;

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < n; i++) {
            if (!is_news(f, &rows[i]) || rows[i].has_weights != (round == 0) || reason_seen(rows, i))
                continue;
            if (n_lines == MAX_REASONS) {
                n_left++;
                continue;
            }
            oq_buf_printf(out, "  kept float: ");
            write_counts(rows, n, OQ_NODE_FLOAT, rows[i].reason, out);
            oq_buf_printf(out, " (%s)\n", rows[i].reason);
            n_lines++;
        }
    }
    if (n_left)
        oq_buf_printf(out, "  kept float: for %zu more reasons, see --report\n", n_left);
}

static int by_db(const void *a, const void *b)
{
    double x = (*(const oq_sqnr *const *)a)->fake_db, y = (*(const oq_sqnr *const *)b)->fake_db;

    return (x > y) - (x < y);
}

static void write_weakest(const oq_verify_result *v, oq_buf *out)
{
    const oq_sqnr **layers = calloc(v->n_layers + 1, sizeof *layers);
    char name[NAME_WIDTH + 1];

    if (!layers || v->n_layers < 2) {
        free(layers);
        return;
    }
    for (size_t i = 0; i < v->n_layers; i++)
        layers[i] = &v->layers[i];
    qsort(layers, v->n_layers, sizeof *layers, by_db);
    oq_buf_printf(out, "  weakest layers:");
    for (size_t i = 0; i < 3 && i < v->n_layers; i++)
        oq_buf_printf(out, "%s %s %.1f dB", i ? "," : "", oq_short_name(layers[i]->name, name, sizeof name),
                      layers[i]->fake_db);
    oq_buf_printf(out, "%s\n", v->n_layers > 3 ? "      more: --report" : "");
    free(layers);
}

static void write_no_data(const oq_facts *f, oq_buf *out)
{
    if (f->plan->from_model) {
        oq_buf_printf(out,
                      "%s: already quantized: its own scales are kept, no calibration data to add any.\n",
                      f->in_path);
        return;
    }
    oq_buf_printf(out,
                  "%s: no calibration data, so only the weights become int8 (activations need ranges).\n",
                  f->in_path);
    oq_buf_printf(
        out,
        "  full int8: onnx-q convert %s --calib samples.npz     (npz, npy, images, test_data_set folders)\n",
        f->in_path);
}

static bool is_below_target(const oq_facts *f)
{
    return f->target_sqnr > 0 && f->verify && !(f->verify->mean_db >= f->target_sqnr);
}

/* The last line of what was done: written, or why not. */
static void write_end(const oq_facts *f, oq_buf *out)
{
    char size[32];

    if (f->stopped_after)
        oq_buf_printf(out, "  stopped after %s: nothing was written\n", f->stopped_after);
    else if (is_below_target(f))
        oq_buf_printf(out, "\nnothing was written: %.1f dB were asked for\n", f->target_sqnr);
    if (!f->out_path)
        return;
    oq_buf_printf(out, "%swrote %s%s  %s (%.2fx) in %.*f s\n", f->data ? "\n" : "", f->out_path,
                  f->has_data_file ? " and its data file" : "", oq_size_text(f->out_size, size, sizeof size),
                  f->in_size ? (double)f->out_size / (double)f->in_size : 0, f->seconds < 1 ? 2 : 1,
                  f->seconds);
}

static void write_unchanged(const oq_facts *f, oq_buf *out)
{
    oq_buf_printf(out, "%s: already quantized; nothing was left to do, so the file is unchanged.\n",
                  f->in_path);
    write_end(f, out);
}

static void write_conversion(const oq_facts *f, const oq_tally *rows, size_t n, oq_buf *out)
{
    if (!f->data && !f->stopped_after && f->plan->options.activations == OQ_UNDEFINED && !f->weight_only)
        write_no_data(f, out);
    else
        write_head(f, out);
    write_clean(f, out);
    write_notes(f, out);
    if (!f->stopped_after) {
        write_calibrate(f, out);
        write_quantize(f, rows, n, out);
        write_verify(f, out);
    }
    write_end(f, out);
    if (!f->stopped_after)
        write_kept_float(f, rows, n, out);
    if (f->verify)
        write_weakest(f->verify, out);
}

void oq_report_write_text(const oq_facts *f, oq_buf *out)
{
    oq_tally *rows = calloc(MAX_ROWS, sizeof *rows);
    size_t n = rows ? oq_tally_nodes(f->plan, f->model, rows, MAX_ROWS) : 0;

    if (!rows)
        out->failed = true;
    else if (f->is_unchanged && f->plan->from_model)
        write_unchanged(f, out);
    else
        write_conversion(f, rows, n, out);
    free(rows);
}

/* ---- comparison */

static void write_rows(const char *title, const oq_sqnr *rows, size_t n, oq_buf *out)
{
    char name[61];
    int width = 10;

    for (size_t i = 0; i < n; i++)
        width = (int)strlen(rows[i].name) > width ? (int)strlen(rows[i].name) : width;
    if (width > (int)sizeof name - 1)
        width = (int)sizeof name - 1;
    oq_buf_printf(out, "%-*s  %-18s %9s %9s\n", width, title, "operator", "SQNR dB", "worst");
    for (size_t i = 0; i < n; i++)
        oq_buf_printf(out, "%-*s  %-18s %9.1f %9.1f\n", width, oq_short_name(rows[i].name, name, sizeof name),
                      rows[i].op_type, rows[i].fake_db, rows[i].worst_db);
}

void oq_report_write_comparison(const oq_verify_result *v, oq_buf *out)
{
    if (v->n_layers)
        write_rows("layer", v->layers, v->n_layers, out);
    write_rows("output", v->outputs, v->n_outputs, out);
    oq_buf_printf(out, "%zu samples, mean %.1f dB", v->n_samples, v->mean_db);
    write_agreement(v, out);
    oq_buf_byte(out, '\n');
}
