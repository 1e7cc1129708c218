/* table: what this build knows. The manual page and doc/ops.md print from here. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"

static void type_names(uint32_t types, oq_buf *out)
{
    bool any = false;

    for (int t = 1; t < OQ_N_DTYPES; t++) {
        if (!(types >> t & 1))
            continue;
        oq_buf_printf(out, "%s%s", any ? " " : "", oq_dtype_name((oq_dtype)t));
        any = true;
    }
    oq_buf_byte(out, '\0');
}

/* Rows of one operator are next to each other: the versions in one cell. */
static json_t *ops(void)
{
    json_t *list = json_array(), *last = NULL;
    const oq_op *row;

    for (size_t i = 0; (row = oq_op_at(i)); i++) {
        const char *name = last ? json_string_value(json_object_get(last, "op")) : "";
        oq_buf types = {0};

        if (strcmp(row->domain, "onnxq") == 0)
            continue; /* internal */
        if (!last || strcmp(name, row->name) != 0) {
            last = json_pack("{s:s, s:s, s:[]}", "op", row->name, "domain", row->domain, "since");
            json_array_append_new(list, last);
        }
        type_names(row->types, &types);
        json_array_append_new(json_object_get(last, "since"), json_integer(row->since));
        json_object_set_new(last, "rule", json_string(oq_rule_name(row->rule)));
        json_object_set_new(last, "runs", json_boolean(row->run != NULL || row->flags & OQ_OP_CONTROL));
        json_object_set_new(last, "types", json_string(types.failed ? "" : (const char *)types.data));
        oq_buf_free(&types);
    }
    return list;
}

static json_t *passes(void)
{
    json_t *list = json_array();
    const oq_pass *pass;

    for (size_t i = 0; (pass = oq_pass_at(i)); i++) {
        const char *effect = pass->flags & OQ_PASS_QUANT                        ? "quantizes"
                             : pass->flags & OQ_PASS_ANALYSIS                   ? "looks only"
                             : pass->flags & (OQ_PASS_CLOSE | OQ_PASS_EQUALIZE) ? "close"
                                                                                : "exact";

        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "pass", pass->name, "effect", effect,
                                              "summary", pass->summary));
    }
    return list;
}

static json_t *methods(void)
{
    json_t *list = json_array();
    const oq_observer_kind *kind;

    for (size_t i = 0; (kind = oq_observer_at(i)); i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "method", kind->name, "summary", kind->summary));
    return list;
}

static int by_op(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    int order = strcmp(json_string_value(json_object_get(x, "domain")),
                       json_string_value(json_object_get(y, "domain")));

    return order ? order
                 : strcmp(json_string_value(json_object_get(x, "op")),
                          json_string_value(json_object_get(y, "op")));
}

/* Families are in the order of their files; people look operators up by name. */
static json_t *sorted(json_t *list)
{
    size_t n = json_array_size(list);
    json_t **rows = calloc(n + 1, sizeof *rows), *out = json_array();

    for (size_t i = 0; rows && i < n; i++)
        rows[i] = json_array_get(list, i);
    if (rows)
        qsort(rows, n, sizeof *rows, by_op);
    for (size_t i = 0; rows && i < n; i++)
        json_array_append(out, rows[i]);
    free(rows);
    json_decref(list);
    return out;
}

static void write_cell(const json_t *cell, bool is_last, int width, oq_buf *out)
{
    oq_buf text = {0};

    if (json_is_string(cell)) {
        oq_buf_printf(&text, "%s", json_string_value(cell));
    } else if (json_is_array(cell)) {
        for (size_t i = 0; i < json_array_size(cell); i++)
            oq_buf_printf(&text, "%s%d", i ? " " : "", (int)json_integer_value(json_array_get(cell, i)));
    } else {
        oq_buf_printf(&text, "%s", json_is_true(cell) ? "yes" : "no");
    }
    oq_buf_printf(out, "%-*s%s", is_last ? 0 : width, text.data ? (const char *)text.data : "",
                  is_last ? "\n" : "  ");
    oq_buf_free(&text);
}

typedef struct {
    const char *key;
    int width;
} column;

static void write_rows(const json_t *list, const column *columns, oq_buf *out)
{
    for (const column *c = columns; c->key; c++)
        oq_buf_printf(out, "%-*s%s", c[1].key ? c->width : 0, c->key, c[1].key ? "  " : "\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        for (const column *c = columns; c->key; c++)
            write_cell(json_object_get(json_array_get(list, i), c->key), !c[1].key, c->width, out);
    }
}

oq_status oq_table(const char *table, int json, char **text, oq_diag *diag)
{
    static const column op_columns[] = {{"op", 24},   {"domain", 13}, {"since", 22}, {"runs", 4},
                                        {"rule", 12}, {"types", 0},   {NULL, 0}};
    static const column pass_columns[] = {{"pass", 16}, {"effect", 10}, {"summary", 0}, {NULL, 0}};
    static const column method_columns[] = {{"method", 16}, {"summary", 0}, {NULL, 0}};
    const column *columns;
    json_t *list;
    oq_buf out = {0};

    if (strcmp(table, "ops") == 0) {
        list = sorted(ops());
        columns = op_columns;
    } else if (strcmp(table, "passes") == 0) {
        list = passes();
        columns = pass_columns;
    } else if (strcmp(table, "methods") == 0) {
        list = methods();
        columns = method_columns;
    } else {
        OQ_FAIL(diag, OQ_ARG, "there is no table '%s'; there are ops, passes and methods", table);
    }
    if (!list)
        return OQ_NOMEM;
    if (json) {
        char *dump = json_dumps(list, JSON_INDENT(1));

        oq_buf_printf(&out, "%s\n", dump ? dump : "[]");
        free(dump);
    } else {
        write_rows(list, columns, &out);
    }
    json_decref(list);
    return oq_api_take_text(&out, text);
}
