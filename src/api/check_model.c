/* check: is the model sound, does it round-trip byte for byte, can it be run, and what could not be
 * quantized. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "ir/graph.h"
#include "ir/print.h"

#define MAX_LINES 32

typedef struct {
    const char *what;
    bool is_fine;
    char text[OQ_DIAG_TEXT];
} finding;

typedef struct {
    finding findings[MAX_LINES];
    size_t n;
} findings;

static finding *add(findings *f, const char *what, bool is_fine)
{
    finding *line = &f->findings[f->n < MAX_LINES - 1 ? f->n++ : f->n];

    *line = (finding){.what = what, .is_fine = is_fine};
    return line;
}

static void check_graph(const oq_model *model, findings *f)
{
    oq_diag diag = {.status = OQ_OK};
    oq_status status = oq_graph_check(model->graph, &diag);
    finding *line = add(f, "valid", status == OQ_OK);

    snprintf(line->text, sizeof line->text, "%s",
             status == OQ_OK ? "wire format, graph, names and order" : diag.message);
}

static void check_round_trip(const oq_model *model, findings *f)
{
    oq_buf bytes = {0};
    oq_diag diag = {.status = OQ_OK};
    oq_status status = oq_export_memory(model, &bytes, &diag);
    bool is_same = status == OQ_OK && bytes.size == model->origin.size &&
                   memcmp(bytes.data, model->origin.data, bytes.size) == 0;
    finding *line = add(f, "round trip", is_same);

    snprintf(line->text, sizeof line->text, "%s",
             is_same  ? "import and export give the same bytes"
             : status ? diag.message
                      : "export gives other bytes");
    oq_buf_free(&bytes);
}

static oq_status check_nodes(oq_graph *graph, void *arg)
{
    findings *f = arg;

    OQ_FOR_EACH_NODE (graph, node) {
        const char *obstacle = oq_exec_obstacle(node);
        char name[256];
        finding *line;

        if (!obstacle)
            continue;
        line = add(f, "runs", false);
        snprintf(line->text, sizeof line->text,
                 "%s: %s; what is behind it can be neither calibrated nor quantized",
                 oq_node_text(node, name, sizeof name), obstacle);
    }
    return OQ_OK;
}

static oq_status check_run(oq_model *model, findings *f, oq_diag *diag)
{
    oq_arena *arena = oq_arena_new(0);
    oq_diag inner = {.status = OQ_OK};
    oq_pass_ctx ctx = {.arena = arena, .diag = &inner};
    size_t before;
    oq_status status = arena ? oq_infer_shapes(model->graph, &ctx) : OQ_NOMEM;
    finding *line;

    oq_arena_free(arena);
    if (status == OQ_NOMEM)
        return status;
    line = add(f, "shapes", status == OQ_OK);
    snprintf(line->text, sizeof line->text, "%s", status == OQ_OK ? "types and shapes agree" : inner.message);
    before = f->n;
    OQ_TRY(oq_graph_walk(model->graph, check_nodes, f));
    if (f->n == before)
        snprintf(add(f, "runs", true)->text, OQ_DIAG_TEXT, "every operator can be run here");
    (void)diag;
    return OQ_OK;
}

static oq_status write_json(const findings *f, char **text)
{
    json_t *list = json_array();
    char *dump;

    for (size_t i = 0; i < f->n; i++)
        json_array_append_new(list, json_pack("{s:s, s:b, s:s}", "check", f->findings[i].what, "fine",
                                              f->findings[i].is_fine, "text", f->findings[i].text));
    dump = list ? json_dumps(list, JSON_INDENT(1)) : NULL;
    json_decref(list);
    if (!dump)
        return OQ_NOMEM;
    *text = dump;
    return OQ_OK;
}

static oq_status write_text(const oq_model *model, const findings *f, char **text)
{
    oq_buf out = {0};

    oq_buf_printf(&out, "%s\n", model->path);
    for (size_t i = 0; i < f->n; i++)
        oq_buf_printf(&out, "  %-4s %-11s %s\n", f->findings[i].is_fine ? "ok" : "NO", f->findings[i].what,
                      f->findings[i].text);
    return oq_api_take_text(&out, text);
}

oq_status oq_check(oq_model *model, int json, char **text, int *is_fine, oq_diag *diag)
{
    findings *f = calloc(1, sizeof *f);
    oq_status status = OQ_NOMEM;

    if (!f)
        return OQ_NOMEM;
    check_graph(model, f);
    check_round_trip(model, f);
    status = check_run(model, f, diag);
    if (status == OQ_OK)
        status = json ? write_json(f, text) : write_text(model, f, text);
    if (status == OQ_OK) {
        *is_fine = 1;
        for (size_t i = 0; i < f->n; i++)
            *is_fine &= f->findings[i].is_fine;
    }
    free(f);
    return status;
}
