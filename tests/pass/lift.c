/* lift: for tests. Read a model, run passes over it, write it.
 *
 *     lift MODEL OUT            infer_shapes and raise_opset
 *     lift --clean MODEL OUT    every pass that cleans, with the validator after each
 *     lift --types MODEL        infer_shapes; then one line for each value computed in the main graph: its
 *                               name, type and shape, with a tab between
 *     lift --list               the operators raise_opset knows: "rewritten NAME" or "equal NAME"
 */
#include <stdio.h>
#include <string.h>

#include "ir/shape.h"
#include "onnx/export.h"
#include "onnx/import.h"
#include "pass/pass.h"
#include "pass/raise_opset.h"

static int list(void)
{
    for (size_t i = 0; oq_raise_row_at(i); i++)
        printf("rewritten %s\n", oq_raise_row_at(i)->op_type);
    for (size_t i = 0; oq_raise_equal_at(i); i++)
        printf("equal %s\n", oq_raise_equal_at(i));
    return 0;
}

static void print_types(const oq_graph *graph)
{
    char shape[512];

    OQ_FOR_EACH_NODE (graph, node) {
        for (int i = 0; i < node->n_outputs; i++) {
            const oq_value *value = node->outputs[i];

            if (value)
                printf("%s\t%s\t%s\n", value->name, oq_dtype_name(value->dtype),
                       oq_shape_text(&value->shape, shape, sizeof shape));
        }
    }
}

static oq_status raise_only(oq_model *model, oq_pass_ctx *ctx)
{
    OQ_TRY(oq_infer_shapes(model->graph, ctx));
    oq_arena_reset(ctx->arena);
    OQ_TRY(oq_raise_opset(model->graph, ctx));
    return oq_graph_check(model->graph, ctx->diag);
}

static oq_status clean(oq_model *model, oq_pass_ctx *ctx)
{
    oq_pipeline_options options = {.verify_each = true};
    bool stopped;

    return oq_pipeline_run(model->graph, OQ_PASS_EXACT | OQ_PASS_CLOSE, ctx, &options, NULL, &stopped);
}

/* What the first argument asks for, on a model that is read. */
static oq_status act(const char *mode, oq_model *model, const char *out, oq_pass_ctx *ctx)
{
    if (strcmp(mode, "--types") == 0) {
        OQ_TRY(oq_infer_shapes(model->graph, ctx));
        print_types(model->graph);
        return OQ_OK;
    }
    OQ_TRY(strcmp(mode, "--clean") == 0 ? clean(model, ctx) : raise_only(model, ctx));
    return oq_export_file(model, out, NULL, ctx->diag);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 && strncmp(argv[1], "--", 2) == 0 ? argv[1] : "";
    int n = argc - (*mode ? 2 : 1); /* files */
    oq_diag diag = {.status = OQ_OK};
    oq_buf notes = {0};
    oq_pass_ctx ctx = {.diag = &diag, .notes = &notes};
    oq_model *model = NULL;
    oq_status status;

    if (strcmp(mode, "--list") == 0 && n == 0)
        return list();
    if (n != (strcmp(mode, "--types") == 0 ? 1 : 2)) {
        fprintf(stderr, "usage: lift [--clean] MODEL OUT | lift --types MODEL | lift --list\n");
        return 2;
    }
    ctx.arena = oq_arena_new(0);
    status = oq_import_file(argv[argc - n], NULL, &model, &diag);
    if (status == OQ_OK)
        status = act(mode, model, argv[argc - 1], &ctx);
    if (notes.data)
        fwrite(notes.data, 1, notes.size, stderr);
    if (status != OQ_OK)
        fprintf(stderr, "lift: %s: %s%s%s\n", argv[argc - n], diag.message, diag.notes[0] ? "; " : "",
                diag.notes);
    oq_buf_free(&notes);
    oq_model_destroy(model);
    oq_arena_free(ctx.arena);
    return (int)status;
}
