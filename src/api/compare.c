#include <stdlib.h>

#include "api/api.h"

static oq_status make_report(const oq_verify_result *result, oq_report **out)
{
    oq_report *report = calloc(1, sizeof *report);
    oq_buf text = {0}, json = {0};
    oq_status status = report ? oq_report_write_comparison_json(result, &json) : OQ_NOMEM;

    if (status == OQ_OK) {
        oq_report_write_comparison(result, &text);
        status = oq_api_take_text(&text, &report->text);
    }
    if (status == OQ_OK)
        status = oq_api_take_text(&json, &report->json);
    oq_buf_free(&json);
    if (status != OQ_OK) {
        oq_report_free(report);
        return status;
    }
    report->sqnr = result->mean_db;
    *out = report;
    return OQ_OK;
}

static oq_status compare(oq_model *a, oq_model *b, const oq_dataset *dataset, const oq_api_progress *progress,
                         oq_pool *pool, oq_arena *arena, oq_verify_result *out, oq_diag *diag)
{
    oq_api_progress report = *progress;
    size_t n = oq_dataset_count(dataset), *samples = OQ_NEW_ARRAY(arena, size_t, n + 1);
    oq_verify_options options = {.samples = samples,
                                 .n_samples = n,
                                 .with_outputs = true,
                                 .with_integer = true,
                                 .with_layers = true,
                                 .progress = oq_api_report_progress,
                                 .progress_arg = &report};

    if (!samples)
        return OQ_NOMEM;
    for (size_t i = 0; i < n; i++)
        samples[i] = i;
    return oq_verify(a, b, dataset, &options, pool, arena, out, diag);
}

/* Cleaned the same way as convert cleans: a value that a BatchNormalization was folded into is another one
 * than the value of that name in the float file. */
static oq_status clean(oq_model *model, oq_diag *diag)
{
    oq_pass_ctx ctx = {.arena = oq_arena_new(0), .diag = diag};
    oq_pipeline_options none = {0};
    oq_status status = oq_api_prepare(model, diag);

    if (status == OQ_OK)
        status = ctx.arena
                     ? oq_pipeline_run(model->graph, OQ_PASS_EXACT | OQ_PASS_CLOSE, &ctx, &none, NULL, NULL)
                     : OQ_NOMEM;
    oq_arena_free(ctx.arena);
    return status;
}

oq_status oq_compare(oq_model *a, oq_model *b, const oq_data_options *data, int threads,
                     oq_progress *progress, void *progress_arg, oq_report **report, oq_diag *diag)
{
    oq_api_progress shown = {progress, progress_arg};
    oq_arena *arena = oq_arena_new(0);
    oq_pool *pool = oq_pool_new(threads);
    oq_dataset *dataset = NULL;
    oq_verify_result result;
    oq_status status = arena && pool ? clean(a, diag) : OQ_NOMEM;

    if (status == OQ_OK)
        status = clean(b, diag);
    if (status == OQ_OK)
        status = oq_api_open_data(a, data, &dataset, diag);

    if (status == OQ_OK && !dataset)
        status = oq_diag_set(diag, OQ_ARG, __FILE__, __LINE__, "no samples were named; give --calib DATA");
    if (status == OQ_OK)
        status = compare(a, b, dataset, &shown, pool, arena, &result, diag);
    if (status == OQ_OK)
        status = make_report(&result, report);
    oq_dataset_close(dataset);
    oq_pool_free(pool);
    oq_arena_free(arena);
    return status;
}
