/* inspect: what a model is, whether it is sound, and what this build knows. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "ir/graph.h"
#include "ir/print.h"

static int append(const char *text, size_t size, void *out)
{
    oq_buf_append(out, text, size);
    return 0;
}

/* Print root as JSON, or by write(), and release it. */
static oq_status finish_json(json_t *root, char **text)
{
    oq_buf out = {0};

    if (!root)
        return OQ_NOMEM;
    json_dump_callback(root, append, &out, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    oq_buf_byte(&out, '\n');
    json_decref(root);
    return oq_api_take_text(&out, text);
}

/* ---- inspect */

typedef struct {
    const char *domain, *op_type;
    size_t n;
    const char *obstacle; /* why this build cannot run it; NULL: it can */
    const char *rule;
} kind;

typedef struct {
    kind *kinds;
    size_t n_kinds, n_nodes, n_parameters, parameter_bytes;
    int n_functions; /* of the file, before they were inlined */
} census;

static oq_status count_graph(oq_graph *graph, void *arg)
{
    census *c = arg;

    OQ_FOR_EACH_NODE (graph, node) {
        size_t i = 0;

        while (i < c->n_kinds && (strcmp(c->kinds[i].op_type, node->op_type) != 0 ||
                                  strcmp(c->kinds[i].domain, node->domain) != 0))
            i++;
        if (i == c->n_kinds) {
            c->kinds[i] = (kind){.domain = node->domain,
                                 .op_type = node->op_type,
                                 .obstacle = oq_exec_obstacle(node),
                                 .rule = oq_rule_name(node->op ? node->op->rule : OQ_RULE_NONE)};
            c->n_kinds++;
        }
        c->kinds[i].n++;
        c->n_nodes++;
    }
    for (int i = 0; i < graph->n_initializers; i++) {
        c->n_parameters += graph->initializers[i]->constant->n_elements;
        c->parameter_bytes += graph->initializers[i]->constant->size;
    }
    return OQ_OK;
}

static int by_count(const void *a, const void *b)
{
    const kind *x = a, *y = b;

    if (x->n != y->n)
        return x->n < y->n ? 1 : -1;
    return strcmp(x->op_type, y->op_type);
}

static json_t *values_json(oq_value *const *values, int n)
{
    json_t *list = json_array();
    char shape[512];

    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", values[i]->name, "type",
                                              oq_dtype_name(values[i]->dtype), "shape",
                                              oq_shape_text(&values[i]->shape, shape, sizeof shape)));
    return list;
}

static json_t *inspect_json(const oq_model *model, const census *c)
{
    json_t *root = json_object(), *opsets = json_object(), *operators = json_array();

    for (int i = 0; i < model->n_opsets; i++)
        json_object_set_new(opsets, model->opsets[i].domain[0] ? model->opsets[i].domain : "ai.onnx",
                            json_integer(model->opsets[i].version));
    for (size_t i = 0; i < c->n_kinds; i++)
        json_array_append_new(operators,
                              json_pack("{s:s, s:s, s:I, s:s, s:b, s:s}", "domain", c->kinds[i].domain, "op",
                                        c->kinds[i].op_type, "count", (json_int_t)c->kinds[i].n, "rule",
                                        c->kinds[i].rule, "runs", c->kinds[i].obstacle == NULL, "obstacle",
                                        c->kinds[i].obstacle ? c->kinds[i].obstacle : ""));
    json_object_set_new(root, "ir_version", json_integer(model->ir_version));
    json_object_set_new(root, "opsets", opsets);
    json_object_set_new(root, "producer", json_string(model->producer_name));
    json_object_set_new(root, "nodes", json_integer((json_int_t)c->n_nodes));
    json_object_set_new(root, "parameters", json_integer((json_int_t)c->n_parameters));
    json_object_set_new(root, "parameter_bytes", json_integer((json_int_t)c->parameter_bytes));
    json_object_set_new(root, "file_bytes", json_integer((json_int_t)model->file_size));
    json_object_set_new(root, "functions", json_integer(c->n_functions));
    json_object_set_new(root, "inputs", values_json(model->graph->inputs, model->graph->n_inputs));
    json_object_set_new(root, "outputs", values_json(model->graph->outputs, model->graph->n_outputs));
    json_object_set_new(root, "operators", operators);
    return root;
}

static void write_values(const char *title, oq_value *const *values, int n, oq_buf *out)
{
    char shape[512];

    for (int i = 0; i < n; i++)
        oq_buf_printf(out, "  %-9s  %s  %s%s\n", i ? "" : title, values[i]->name,
                      oq_dtype_name(values[i]->dtype), oq_shape_text(&values[i]->shape, shape, sizeof shape));
}

static void write_inspection(const oq_model *model, const census *c, oq_buf *out)
{
    char size[32];

    oq_buf_printf(out, "%s: IR %" PRId64 ",", model->path, model->ir_version);
    for (int i = 0; i < model->n_opsets; i++)
        oq_buf_printf(out, " %s %" PRId64, model->opsets[i].domain[0] ? model->opsets[i].domain : "opset",
                      model->opsets[i].version);
    oq_buf_printf(out, ", %zu nodes, %zu parameters, %s", c->n_nodes, c->n_parameters,
                  oq_size_text(model->file_size, size, sizeof size));
    oq_buf_printf(out, "%s%s\n", model->producer_name[0] ? ", by " : "", model->producer_name);
    write_values("inputs", model->graph->inputs, model->graph->n_inputs, out);
    write_values("outputs", model->graph->outputs, model->graph->n_outputs, out);
    for (size_t i = 0; i < c->n_kinds; i++)
        oq_buf_printf(out, "  %-9s  %5zu %s%s%-24s %s%s\n", i ? "" : "operators", c->kinds[i].n,
                      c->kinds[i].domain, c->kinds[i].domain[0] ? "." : "", c->kinds[i].op_type,
                      c->kinds[i].obstacle ? "cannot be run here: " : c->kinds[i].rule,
                      c->kinds[i].obstacle ? c->kinds[i].obstacle : "");
    if (c->n_functions)
        oq_buf_printf(out, "  functions  %d model-local functions, whose operators are counted above\n",
                      c->n_functions);
}

oq_status oq_inspect(oq_model *model, int json, char **text, oq_diag *diag)
{
    oq_arena *arena = oq_arena_new(0);
    oq_pass_ctx ctx = {.arena = arena, .diag = diag};
    census c = {.n_functions = model->n_functions};
    oq_status status = arena ? oq_inline_functions(model->graph, &ctx) : OQ_NOMEM;

    if (status == OQ_OK)
        status = oq_infer_shapes(model->graph, &ctx);
    if (status == OQ_OK) {
        c.kinds = calloc((size_t)model->n_nodes + 1, sizeof *c.kinds);
        status = c.kinds ? oq_graph_walk(model->graph, count_graph, &c) : OQ_NOMEM;
    }
    if (status == OQ_OK) {
        oq_buf out = {0};

        qsort(c.kinds, c.n_kinds, sizeof *c.kinds, by_count);
        if (json) {
            status = finish_json(inspect_json(model, &c), text);
        } else {
            write_inspection(model, &c, &out);
            status = oq_api_take_text(&out, text);
        }
    }
    free(c.kinds);
    oq_arena_free(arena);
    return status;
}

oq_status oq_dump(const oq_model *model, char **text, oq_diag *diag)
{
    oq_buf out = {0};

    (void)diag;
    oq_graph_print(model->graph, &out);
    return oq_api_take_text(&out, text);
}
