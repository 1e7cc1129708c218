/* lift: for tests. Read a model, run passes over it, write it.
 *
 *     lift MODEL OUT            infer_shapes and raise_opset
 *     lift --clean MODEL OUT    every pass that cleans, with the validator after each
 *     lift --list               the operators raise_opset knows: "rewritten NAME" or "equal NAME"
 */
#include <stdio.h>
#include <string.h>

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

int main(int argc, char **argv)
{
    bool is_clean = argc == 4 && strcmp(argv[1], "--clean") == 0;
    oq_diag diag = {.status = OQ_OK};
    oq_buf notes = {0};
    oq_pass_ctx ctx = {.arena = oq_arena_new(0), .diag = &diag, .notes = &notes};
    oq_model *model = NULL;
    oq_status status;

    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return list();
    if (argc != 3 && !is_clean) {
        fprintf(stderr, "usage: lift [--clean] MODEL OUT | lift --list\n");
        return 2;
    }
    status = oq_import_file(argv[argc - 2], NULL, &model, &diag);
    if (status == OQ_OK)
        status = is_clean ? clean(model, &ctx) : raise_only(model, &ctx);
    if (status == OQ_OK)
        status = oq_export_file(model, argv[argc - 1], NULL, &diag);
    if (notes.data)
        fwrite(notes.data, 1, notes.size, stdout);
    if (status != OQ_OK)
        fprintf(stderr, "lift: %s: %s%s%s\n", argv[argc - 2], diag.message, diag.notes[0] ? "; " : "",
                diag.notes);
    oq_buf_free(&notes);
    oq_model_destroy(model);
    oq_arena_free(ctx.arena);
    return (int)status;
}
