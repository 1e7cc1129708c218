/* plan_json: the plan as a table a person can read, edit and load again.
 *
 *   { "values": { "conv1_out": { "pair": true, "lo": 0.0, "hi": 6.1, "scale": [..], "zero_point": [..],
 * "source": "observed", "reason": "read by an integer unit" } }, "nodes":  { "conv1_out": { "op": "Conv",
 * "decision": "integer", "reason": "..." } } }
 *
 * Nodes go by the name of their first output: node names need be neither present nor unique.
 */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "ir/graph.h"
#include "quant/plan.h"

static const char *const source_names[] = {
    [OQ_RANGE_NONE] = "none",     [OQ_RANGE_OBSERVED] = "observed", [OQ_RANGE_FIXED] = "fixed",
    [OQ_RANGE_SHARED] = "shared", [OQ_RANGE_MODEL] = "model",       [OQ_RANGE_USER] = "user",
    [OQ_RANGE_WEIGHT] = "weight",
};

static const char *const kind_names[] = {
    [OQ_NODE_FLOAT] = "float", [OQ_NODE_INTEGER] = "integer", [OQ_NODE_FOLLOWS] = "follows"};

const char *oq_range_source_name(oq_range_source source)
{
    return source_names[source];
}

const char *oq_plan_kind_name(oq_plan_kind kind)
{
    return kind_names[kind];
}

/* ---- save */

static json_t *save_value(const oq_plan_value *planned)
{
    json_t *object = json_object();

    json_object_set_new(object, "pair", json_boolean(planned->has_pair));
    json_object_set_new(object, "source", json_string(source_names[planned->source]));
    if (planned->lo <= planned->hi) {
        json_object_set_new(object, "lo", json_real((double)planned->lo));
        json_object_set_new(object, "hi", json_real((double)planned->hi));
        if (planned->clipped >= 0)
            json_object_set_new(object, "clipped", json_real(planned->clipped));
    }
    if (planned->has_qparams) {
        json_t *scale = json_array(), *zero_point = json_array();

        for (size_t c = 0; c < planned->qparams.n; c++) {
            json_array_append_new(scale, json_real((double)planned->qparams.scale[c]));
            json_array_append_new(zero_point, json_integer(planned->qparams.zero_point[c]));
        }
        json_object_set_new(object, "type", json_string(oq_dtype_name(planned->qparams.dtype)));
        json_object_set_new(object, "axis", json_integer(planned->qparams.axis));
        json_object_set_new(object, "scale", scale);
        json_object_set_new(object, "zero_point", zero_point);
    }
    json_object_set_new(object, "reason", json_string(planned->reason));
    return object;
}

static void save_values(const oq_plan *plan, const oq_graph *graph, json_t *values)
{
    for (int i = 0; i < graph->n_inputs; i++) {
        if (plan->values[graph->inputs[i]->id].has_pair)
            json_object_set_new(values, graph->inputs[i]->name,
                                save_value(&plan->values[graph->inputs[i]->id]));
    }
    OQ_FOR_EACH_NODE (graph, node) {
        for (int i = 0; i < node->n_inputs; i++) { /* weights and biases, met at their reader */
            const oq_value *value = node->inputs[i];

            if (value && value->constant && value->id < plan->n_values && plan->values[value->id].has_pair)
                json_object_set_new(values, value->name, save_value(&plan->values[value->id]));
        }
        for (int i = 0; i < node->n_outputs; i++) {
            const oq_value *value = node->outputs[i];

            if (value && value->id < plan->n_values && plan->values[value->id].has_pair)
                json_object_set_new(values, value->name, save_value(&plan->values[value->id]));
        }
    }
}

static void save_nodes(const oq_plan *plan, const oq_graph *graph, json_t *nodes)
{
    OQ_FOR_EACH_NODE (graph, node) {
        json_t *object;

        if (node->id >= plan->n_nodes || node->n_outputs == 0 || !node->outputs[0] ||
            !plan->nodes[node->id].reason[0])
            continue;
        object = json_object();
        json_object_set_new(object, "op", json_string(node->op_type));
        json_object_set_new(object, "decision", json_string(kind_names[plan->nodes[node->id].kind]));
        json_object_set_new(object, "reason", json_string(plan->nodes[node->id].reason));
        json_object_set_new(nodes, node->outputs[0]->name, object);
    }
}

static int append(const char *text, size_t size, void *out)
{
    oq_buf_append(out, text, size);
    return 0;
}

oq_status oq_plan_save(const oq_plan *plan, const oq_model *model, oq_buf *out)
{
    json_t *root = json_object(), *values = json_object(), *nodes = json_object();

    if (!root || !values || !nodes) {
        json_decref(root);
        json_decref(values);
        json_decref(nodes);
        return OQ_NOMEM;
    }
    save_values(plan, model->graph, values);
    save_nodes(plan, model->graph, nodes);
    json_object_set_new(root, "values", values);
    json_object_set_new(root, "nodes", nodes);
    json_dump_callback(root, append, out, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    oq_buf_byte(out, '\n');
    json_decref(root);
    return out->failed ? OQ_NOMEM : OQ_OK;
}

/* ---- load */

static bool is_number(const json_t *json)
{
    return json && json_is_number(json) && isfinite(json_number_value(json));
}

static oq_status load_params(oq_plan *plan, oq_plan_value *planned, const json_t *object, const char *name,
                             oq_diag *diag)
{
    const json_t *scale = json_array_get(json_object_get(object, "scale"), 0);
    const json_t *zero_point = json_array_get(json_object_get(object, "zero_point"), 0);
    int64_t qmin, qmax;
    float *s = OQ_NEW(plan->arena, float);
    int32_t *z = OQ_NEW(plan->arena, int32_t);

    if (!s || !z)
        return OQ_NOMEM;
    oq_dtype_limits(plan->options.activations, &qmin, &qmax);
    if (!is_number(scale) || json_number_value(scale) <= 0 || !json_is_integer(zero_point) ||
        json_integer_value(zero_point) < qmin || json_integer_value(zero_point) > qmax)
        OQ_FAIL(diag, OQ_FORMAT,
                "value '%s': \"scale\" wants one positive number and \"zero_point\" one integer in %d..%d",
                name, (int)qmin, (int)qmax);
    *s = (float)json_number_value(scale);
    *z = (int32_t)json_integer_value(zero_point);
    planned->qparams = (oq_qparams){.dtype = plan->options.activations,
                                    .axis = -1,
                                    .n = 1,
                                    .scale = s,
                                    .zero_point = z,
                                    .qmin = (int32_t)qmin,
                                    .qmax = (int32_t)qmax};
    planned->has_qparams = true;
    planned->source = OQ_RANGE_USER;
    return OQ_OK;
}

static oq_status load_value(oq_plan *plan, const oq_value *value, const json_t *object, oq_diag *diag)
{
    oq_plan_value *planned = &plan->values[value->id], *owner;
    const json_t *lo = json_object_get(object, "lo"), *hi = json_object_get(object, "hi");

    if (json_is_false(json_object_get(object, "pair"))) {
        planned->has_pair = false;
        return OQ_OK;
    }
    if (value->constant || !planned->has_pair)
        return OQ_OK; /* weights are computed from the weights */
    owner = &plan->values[oq_plan_owner(plan, value->id)];
    if (json_object_get(object, "scale"))
        return load_params(plan, owner, object, value->name, diag);
    if (!lo && !hi)
        return OQ_OK;
    if (!is_number(lo) || !is_number(hi) || json_number_value(lo) > json_number_value(hi))
        OQ_FAIL(diag, OQ_FORMAT, "value '%s': \"lo\" and \"hi\" want finite numbers, lo <= hi", value->name);
    owner->lo = (float)json_number_value(lo);
    owner->hi = (float)json_number_value(hi);
    owner->source = OQ_RANGE_USER;
    return OQ_OK;
}

static oq_status load_values(oq_plan *plan, const oq_model *model, json_t *values, oq_diag *diag)
{
    const char *name;
    json_t *object;

    json_object_foreach(values, name, object)
    {
        const oq_value *value = oq_value_find(model->graph, name);

        if (!value)
            OQ_FAIL(diag, OQ_ARG, "value '%s' is not in this model; was the plan made for another one?",
                    name);
        OQ_TRY(load_value(plan, value, object, diag));
    }
    return OQ_OK;
}

static oq_status load_nodes(oq_plan *plan, const oq_model *model, json_t *nodes, oq_diag *diag)
{
    const char *name;
    json_t *object;

    json_object_foreach(nodes, name, object)
    {
        const oq_value *value = oq_value_find(model->graph, name);
        const char *decision = json_string_value(json_object_get(object, "decision"));
        oq_plan_node *planned;

        if (!value || !value->producer)
            OQ_FAIL(diag, OQ_ARG, "node '%s' (named by its first output) is not in this model", name);
        planned = &plan->nodes[value->producer->id];
        if (!decision || strcmp(decision, kind_names[planned->kind]) == 0)
            continue;
        if (strcmp(decision, "float") != 0)
            OQ_FAIL(diag, OQ_ARG,
                    "node '%s' (%s): decision \"%s\" is not possible, it %s; only \"float\" can be asked for",
                    name, value->producer->op_type, decision, planned->reason);
        *planned = (oq_plan_node){.kind = OQ_NODE_FLOAT, .reason = "float by the loaded plan"};
    }
    return OQ_OK;
}

oq_status oq_plan_load(oq_plan *plan, const oq_model *model, const char *text, size_t size, oq_diag *diag)
{
    json_error_t error;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    oq_status status;

    if (!root)
        OQ_FAIL(diag, OQ_FORMAT, "the plan is not JSON: line %d: %s", error.line, error.text);
    status = load_values(plan, model, json_object_get(root, "values"), diag);
    if (status == OQ_OK)
        status = load_nodes(plan, model, json_object_get(root, "nodes"), diag);
    json_decref(root);
    return status;
}
