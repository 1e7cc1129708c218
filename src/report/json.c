#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ir/graph.h"
#include "report/report.h"

#define MAX_ROWS 256

static int append(const char *text, size_t size, void *out)
{
    oq_buf_append(out, text, size);
    return 0;
}

/* JSON has no NaN. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static oq_status dump(json_t *root, oq_buf *out)
{
    if (!root)
        return OQ_NOMEM;
    json_dump_callback(root, append, out, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    oq_buf_byte(out, '\n');
    json_decref(root);
    return out->failed ? OQ_NOMEM : OQ_OK;
}

static json_t *sqnr_rows(const oq_sqnr *rows, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:o, s:o, s:o, s:I}", "name", rows[i].name, "op",
                                        rows[i].op_type, "sqnr_db", number(rows[i].fake_db), "worst_db",
                                        number(rows[i].worst_db), "integer_db", number(rows[i].integer_db),
                                        "samples", (json_int_t)rows[i].n_samples));
    return list;
}

static json_t *verify_object(const oq_verify_result *v)
{
    json_t *object = json_object();

    json_object_set_new(object, "samples", json_integer((json_int_t)v->n_samples));
    json_object_set_new(object, "sqnr_db", number(v->mean_db));
    if (v->has_agreement) {
        json_object_set_new(object, "same_arg_max", json_integer((json_int_t)v->n_agree));
        json_object_set_new(object, "judged", json_integer((json_int_t)v->n_judged));
    }
    if (v->n_proof_samples)
        json_object_set_new(object, "proof_samples", json_integer((json_int_t)v->n_proof_samples));
    json_object_set_new(object, "codes", json_integer((json_int_t)v->n_codes));
    json_object_set_new(object, "codes_differ", json_integer((json_int_t)v->n_codes_differ));
    json_object_set_new(object, "codes_differ_at_ties", json_integer((json_int_t)v->n_ties));
    json_object_set_new(object, "outputs", sqnr_rows(v->outputs, v->n_outputs));
    json_object_set_new(object, "layers", sqnr_rows(v->layers, v->n_layers));
    return object;
}

static json_t *pass_rows(const oq_facts *f)
{
    json_t *list = json_array();

    for (size_t i = 0; i < f->n_passes; i++) {
        if (f->passes[i].pass)
            json_array_append_new(list, json_pack("{s:s, s:I, s:f}", "pass", f->passes[i].pass->name,
                                                  "changed", (json_int_t)f->passes[i].changed, "seconds",
                                                  f->passes[i].seconds));
    }
    return list;
}

static json_t *tally_rows(const oq_facts *f)
{
    json_t *list = json_array();
    oq_tally *rows = calloc(MAX_ROWS, sizeof *rows);
    size_t n = rows ? oq_tally_nodes(f->plan, f->model, rows, MAX_ROWS) : 0;

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:s, s:I, s:s, s:s}", "op", rows[i].op_type, "count",
                                              (json_int_t)rows[i].n, "decision",
                                              oq_plan_kind_name(rows[i].kind), "reason", rows[i].reason));
    free(rows);
    return list;
}

/* Every node that stays float, by name, with its reason. */
static json_t *float_rows(const oq_facts *f)
{
    json_t *list = json_array();

    OQ_FOR_EACH_NODE (f->model->graph, node) {
        const oq_plan_node *planned = node->id < f->plan->n_nodes ? &f->plan->nodes[node->id] : NULL;

        if (!planned || planned->kind != OQ_NODE_FLOAT || !planned->reason[0] ||
            oq_node_is(node, "QuantizeLinear") || oq_node_is(node, "DequantizeLinear"))
            continue;
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s}", "node", node->name, "op", node->op_type, "output",
                            node->n_outputs && node->outputs[0] ? node->outputs[0]->name : "", "reason",
                            planned->reason));
    }
    return list;
}

static void add_range(const oq_facts *f, const oq_value *value, json_t *list)
{
    const oq_plan_value *planned = value->id < f->plan->n_values ? &f->plan->values[value->id] : NULL;

    if (planned && planned->has_pair && planned->source == OQ_RANGE_OBSERVED && planned->lo <= planned->hi)
        json_array_append_new(list,
                              json_pack("{s:s, s:f, s:f, s:o}", "value", value->name, "lo",
                                        (double)planned->lo, "hi", (double)planned->hi, "clipped",
                                        planned->clipped >= 0 ? json_real(planned->clipped) : json_null()));
}

/* Each range that was observed, and the share of the values seen that lie outside it. */
static json_t *range_rows(const oq_facts *f)
{
    json_t *list = json_array();

    for (int i = 0; i < f->model->graph->n_inputs; i++)
        add_range(f, f->model->graph->inputs[i], list);
    OQ_FOR_EACH_NODE (f->model->graph, node) {
        for (int i = 0; i < node->n_outputs; i++) {
            if (node->outputs[i])
                add_range(f, node->outputs[i], list);
        }
    }
    return list;
}

static json_t *note_rows(const char *notes)
{
    json_t *list = json_array();
    const char *end;

    for (; notes && (end = strchr(notes, '\n')); notes = end + 1)
        json_array_append_new(list, json_stringn(notes, (size_t)(end - notes)));
    return list;
}

static void set_text(json_t *object, const char *key, const char *value)
{
    if (value)
        json_object_set_new(object, key, json_string(value));
}

oq_status oq_report_write_json(const oq_facts *f, oq_buf *out)
{
    json_t *root = json_object();
    json_t *config = f->config ? json_loads(f->config, 0, NULL) : NULL;

    set_text(root, "tool", "onnx-q");
    set_text(root, "version", oq_version());
    set_text(root, "model", f->in_path);
    set_text(root, "model_sha256", f->model_digest);
    set_text(root, "output", f->out_path);
    json_object_set_new(root, "model_bytes", json_integer((json_int_t)f->in_size));
    json_object_set_new(root, "output_bytes", json_integer((json_int_t)f->out_size));
    json_object_set_new(root, "opset_before", json_integer(f->opset_before));
    json_object_set_new(root, "opset", json_integer(f->opset_after));
    set_text(root, "stopped_after", f->stopped_after);
    if (f->target_sqnr > 0)
        json_object_set_new(root, "target_sqnr_db", json_real(f->target_sqnr));
    json_object_set_new(root, "unchanged", json_boolean(f->is_unchanged));
    set_text(root, "data", f->data);
    set_text(root, "data_sha256", f->data_digest);
    json_object_set_new(root, "samples_calibrated", json_integer((json_int_t)f->n_calibrated));
    json_object_set_new(root, "samples_held_out", json_integer((json_int_t)f->n_held_out));
    json_object_set_new(root, "judged_on_calibration", json_boolean(f->judged_on_calibration));
    if (config)
        json_object_set_new(root, "config", config);
    json_object_set_new(root, "notes", note_rows(f->notes));
    json_object_set_new(root, "passes", pass_rows(f));
    set_text(root, "method", f->data ? f->method : NULL);
    json_object_set_new(root, "ranges", range_rows(f));
    json_object_set_new(root, "operators", tally_rows(f));
    json_object_set_new(root, "kept_float", float_rows(f));
    json_object_set_new(root, "verify", f->verify ? verify_object(f->verify) : json_null());
    json_object_set_new(root, "seconds",
                        json_pack("{s:f, s:f, s:f}", "calibrate", f->calibrate_seconds, "verify",
                                  f->verify_seconds, "total", f->seconds));
    return dump(root, out);
}

oq_status oq_report_write_comparison_json(const oq_verify_result *v, oq_buf *out)
{
    return dump(verify_object(v), out);
}
