/* pipeline: the table of passes, in the order they run, and the driver. */
#include "config.h"

#include <string.h>
#include <time.h>

#include "ir/print.h"
#include "pass/pass.h"

#define EXACT OQ_PASS_EXACT
#define CLOSE OQ_PASS_CLOSE
#define QUANT OQ_PASS_QUANT

/* A pass that is listed twice runs twice: the second time over what the passes between uncovered. */
static const oq_pass passes[] = {
    {"inline_functions", "model-local functions are put where they are called", oq_inline_functions, EXACT},
    {"bind_constants", "initializers that are also inputs become constants", oq_bind_constants, EXACT},
    {"infer_shapes", "types and shapes of all values", oq_infer_shapes, EXACT | OQ_PASS_ANALYSIS},
    {"split_fused", "FusedConv, FusedGemm, FusedMatMul become what they were made of", oq_split_fused, CLOSE},
    {"split_qlinear", "integer operators of com.microsoft get quantization around them", oq_split_qlinear,
     CLOSE},
    {"fold_constants", "compute what does not depend on the input", oq_fold_constants, EXACT},
    {"remove_noops", "Identity, Dropout, idle Cast, Pad, Transpose, ...", oq_remove_noops, EXACT},
    {"drop_dead", "nodes, outputs and initializers nobody reads", oq_drop_dead, EXACT},
    {"raise_opset", "lift a model below opset 13 to 13", oq_raise_opset, EXACT},
    {"infer_shapes", "types and shapes of all values", oq_infer_shapes, EXACT | OQ_PASS_ANALYSIS},
    {"fold_constants", "compute what does not depend on the input", oq_fold_constants, EXACT},
    {"fuse_matmul_add", "MatMul and its bias become Gemm", oq_fuse_matmul_add, CLOSE},
    {"fuse_batchnorm", "BatchNormalization into the weights before it", oq_fuse_batchnorm, CLOSE},
    {"fuse_matmul_add", "MatMul and its bias become Gemm", oq_fuse_matmul_add, CLOSE},
    {"fuse_pad", "zero padding into the Conv behind it", oq_fuse_pad, EXACT},
    {"fuse_activation", "Max, Min and nested Clips become one Clip or Relu", oq_fuse_activation, CLOSE},
    {"remove_noops", "Identity, Dropout, idle Cast, Pad, Transpose, ...", oq_remove_noops, EXACT},
    {"drop_dead", "nodes, outputs and initializers nobody reads", oq_drop_dead, EXACT},
    {"read_qdq", "quantization the model already carries", oq_read_qdq, EXACT},
    /* placement and calibration happen here: quant/place.c, quant/calibrate.c */
    {"equalize", "factors per channel in front of a rounding, and back behind it", oq_equalize,
     OQ_PASS_EQUALIZE},
    {"correct", "weights and biases of units as fitted to the samples", oq_correct, QUANT},
    {"fake_quant", "FakeQuant on the values the plan pairs", oq_fake_quant, QUANT},
    {"per_channel", "FakeQuant on the weights of units", oq_per_channel, QUANT},
    {"bias", "FakeQuant to int32 on the biases of units", oq_bias, QUANT},
    {"lower_qdq", "FakeQuant becomes QuantizeLinear and DequantizeLinear", oq_lower_qdq, QUANT},
    {"clean_qdq", "pairs that repeat the one before", oq_clean_qdq, QUANT},
    {"drop_dead", "nodes, outputs and initializers nobody reads", oq_drop_dead, QUANT},
    {NULL, NULL, NULL, 0},
};

const oq_pass *oq_pass_at(size_t i)
{
    return i < sizeof passes / sizeof *passes && passes[i].name ? &passes[i] : NULL;
}

const oq_pass *oq_pass_find(const char *name)
{
    for (const oq_pass *pass = passes; pass->name; pass++) {
        if (strcmp(pass->name, name) == 0)
            return pass;
    }
    return NULL;
}

/* A misspelt name would silently do nothing, so it is refused. */
static oq_status check_name(const char *option, const char *name, oq_diag *diag)
{
    if (!name || oq_pass_find(name) || (strcmp(option, "--print-after") == 0 && strcmp(name, "all") == 0))
        return OQ_OK;
    OQ_FAIL(diag, OQ_ARG, "%s %s: there is no pass of that name; 'onnx-q passes' lists them", option, name);
}

static oq_status check_options(const oq_pipeline_options *options, oq_diag *diag)
{
    OQ_TRY(check_name("--print-after", options->print_after, diag));
    OQ_TRY(check_name("--stop-after", options->stop_after, diag));
    for (size_t i = 0; i < options->n_skip; i++)
        OQ_TRY(check_name("--skip", options->skip[i], diag));
    return OQ_OK;
}

static bool is_skipped(const oq_pipeline_options *options, const char *name)
{
    for (size_t i = 0; i < options->n_skip; i++) {
        if (strcmp(options->skip[i], name) == 0)
            return true;
    }
    return false;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static oq_status print_graph(const oq_graph *graph, const oq_pass *pass, const oq_pipeline_options *options)
{
    oq_buf text = {0};
    bool wanted = options->print_after && options->print &&
                  (strcmp(options->print_after, "all") == 0 || strcmp(options->print_after, pass->name) == 0);
    bool failed;

    if (!wanted)
        return OQ_OK;
    oq_graph_print(graph, &text);
    oq_buf_byte(&text, '\0');
    failed = text.failed;
    if (!failed)
        options->print(options->print_arg, pass->name, (const char *)text.data);
    oq_buf_free(&text);
    return failed ? OQ_NOMEM : OQ_OK;
}

static bool must_verify(const oq_pipeline_options *options)
{
#ifdef OQ_CHECKS
    (void)options;
    return true;
#else
    return options->verify_each;
#endif
}

static oq_status run_pass(oq_graph *graph, const oq_pass *pass, oq_pass_ctx *ctx,
                          const oq_pipeline_options *options, oq_pass_result *result)
{
    double start = now();
    oq_status status;

    ctx->changed = 0;
    status = pass->run(graph, ctx);
    if (ctx->arena)
        oq_arena_reset(ctx->arena);
    *result = (oq_pass_result){pass, ctx->changed, now() - start};
    if (status == OQ_OK && must_verify(options))
        status = oq_graph_check(graph, ctx->diag);
    if (status == OQ_OK)
        status = print_graph(graph, pass, options);
    if (status != OQ_OK)
        oq_diag_note(ctx->diag, "in pass %s", pass->name);
    return status;
}

oq_status oq_pipeline_run(oq_graph *graph, unsigned which, oq_pass_ctx *ctx,
                          const oq_pipeline_options *options, oq_pass_result *results, bool *stopped)
{
    static const oq_pipeline_options none = {0};
    size_t total = 0;

    options = options ? options : &none;
    if (stopped)
        *stopped = false;
    OQ_TRY(check_options(options, ctx->diag));
    for (size_t i = 0; oq_pass_at(i); i++) {
        const oq_pass *pass = oq_pass_at(i);
        oq_pass_result result;

        if (!(pass->flags & which) || is_skipped(options, pass->name))
            continue;
        OQ_TRY(run_pass(graph, pass, ctx, options, &result));
        total += result.changed;
        if (results)
            results[i] = result;
        if (options->stop_after && strcmp(options->stop_after, pass->name) == 0) {
            if (stopped)
                *stopped = true;
            break;
        }
    }
    ctx->changed = total;
    return OQ_OK;
}
