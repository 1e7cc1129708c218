#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/api.h"

bool oq_api_report_progress(void *arg, const char *stage, size_t done, size_t total)
{
    const oq_api_progress *p = arg;

    return !p->progress || p->progress(p->arg, stage, done, total) != 0;
}

oq_status oq_api_take_text(oq_buf *buf, char **text)
{
    oq_buf_byte(buf, '\0');
    if (buf->failed) {
        oq_buf_free(buf);
        return OQ_NOMEM;
    }
    *text = (char *)buf->data;
    *buf = (oq_buf){0};
    return OQ_OK;
}

double oq_api_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

oq_status oq_api_end(oq_status status, oq_diag *diag)
{
    if (status == OQ_OK || !diag || diag->message[0])
        return status;
    return oq_diag_set(diag, status, __FILE__, __LINE__, "%s",
                       status == OQ_NOMEM       ? "out of memory"
                       : status == OQ_CANCELLED ? "stopped by the progress callback; nothing was written"
                                                : oq_status_name(status));
}

oq_status oq_api_prepare(oq_model *model, oq_diag *diag)
{
    oq_pass_ctx ctx = {.arena = oq_arena_new(0), .diag = diag};
    oq_status status = ctx.arena ? oq_inline_functions(model->graph, &ctx) : OQ_NOMEM;

    if (status == OQ_OK)
        status = oq_bind_constants(model->graph, &ctx);
    if (status == OQ_OK)
        status = oq_infer_shapes(model->graph, &ctx);
    if (status == OQ_OK) {
        ctx.changed = 0;
        status = oq_split_fused(model->graph, &ctx);
    }
    if (status == OQ_OK)
        status = oq_split_qlinear(model->graph, &ctx);
    if (status == OQ_OK && ctx.changed)
        status = oq_infer_shapes(model->graph, &ctx);
    oq_arena_free(ctx.arena);
    return status;
}

/* ---- data */

typedef struct {
    const char *text;
    int value;
} word;

static oq_status parse_word(const char *option, const char *text, const word *words, int *out, oq_diag *diag)
{
    char known[128] = "";

    if (!text) {
        *out = words[0].value;
        return OQ_OK;
    }
    for (int i = 0; words[i].text; i++) {
        if (strcmp(words[i].text, text) == 0) {
            *out = words[i].value;
            return OQ_OK;
        }
        strncat(known, i ? ", " : "", sizeof known - strlen(known) - 1);
        strncat(known, words[i].text, sizeof known - strlen(known) - 1);
    }
    OQ_FAIL(diag, OQ_ARG, "%s '%s' is unknown; it can be %s", option, text, known);
}

static oq_status image_options(const oq_data_options *in, oq_dataset_options *out, oq_diag *diag)
{
    static const word layouts[] = {
        {"auto", OQ_LAYOUT_AUTO}, {"nchw", OQ_LAYOUT_NCHW}, {"nhwc", OQ_LAYOUT_NHWC}, {NULL, 0}};
    static const word colors[] = {
        {"rgb", OQ_COLOR_RGB}, {"bgr", OQ_COLOR_BGR}, {"gray", OQ_COLOR_GRAY}, {NULL, 0}};
    static const word resizes[] = {
        {"stretch", OQ_RESIZE_STRETCH}, {"crop", OQ_RESIZE_CROP}, {"pad", OQ_RESIZE_PAD}, {NULL, 0}};
    int layout, color, resize;

    OQ_TRY(parse_word("--layout", in->layout, layouts, &layout, diag));
    OQ_TRY(parse_word("--color", in->color, colors, &color, diag));
    OQ_TRY(parse_word("--resize", in->resize, resizes, &resize, diag));
    out->layout = (oq_image_layout)layout;
    out->color = (oq_image_color)color;
    out->resize = (oq_image_resize)resize;
    out->image_width = in->image_width;
    out->image_height = in->image_height;
    memcpy(out->mean, in->mean, sizeof out->mean);
    memcpy(out->std, in->std, sizeof out->std);
    return OQ_OK;
}

/* The public sample source as a dataset's fetch function. Workers ask at the same time, a program's callback
 * is entered by one of them: what it hands out is copied before the next. */
typedef struct {
    oq_sample_source *source;
    void *arg;
    const oq_graph *graph;
    pthread_mutex_t lock;
} adaptor;

static oq_status copy_input(const oq_input *in, oq_arena *arena, oq_array *out, oq_diag *diag)
{
    size_t n;

    if (in->rank < 0 || in->rank > OQ_MAX_RANK || !oq_dims_count(in->dims, in->rank, &n) || (n && !in->data))
        OQ_FAIL(diag, OQ_ARG, "input '%s': the sample source gave no usable shape or data", in->name);
    *out = (oq_array){.dtype = (oq_dtype)in->dtype, .rank = in->rank, .n = n};
    if (!oq_dtype_bytes(out->dtype, n, &out->size))
        OQ_FAIL(diag, OQ_ARG, "input '%s': element type %d is unknown", in->name, in->dtype);
    memcpy(out->dims, in->dims, sizeof out->dims);
    out->data = oq_arena_copy(arena, in->data, out->size);
    return out->data ? OQ_OK : OQ_NOMEM;
}

static oq_status ask_source(const adaptor *a, size_t sample, oq_input *inputs, oq_arena *arena,
                            oq_array *feeds, oq_diag *diag)
{
    size_t n = (size_t)a->graph->n_inputs;
    oq_status status;

    for (size_t i = 0; i < n; i++) {
        inputs[i].name = a->graph->inputs[i]->name;
        inputs[i].dtype = (int)a->graph->inputs[i]->dtype;
    }
    status = a->source(a->arg, sample, n, inputs);
    if (status != OQ_OK)
        OQ_FAIL(diag, status, "the sample source failed on sample %zu", sample);
    for (size_t i = 0; i < n; i++)
        OQ_TRY(copy_input(&inputs[i], arena, &feeds[i], diag));
    return OQ_OK;
}

static oq_status fetch(void *arg, size_t sample, oq_arena *arena, oq_array *feeds, oq_diag *diag)
{
    adaptor *a = arg;
    oq_input *inputs = OQ_NEW_ARRAY(arena, oq_input, a->graph->n_inputs + 1);
    oq_status status;

    if (!inputs)
        return OQ_NOMEM;
    pthread_mutex_lock(&a->lock);
    status = ask_source(a, sample, inputs, arena, feeds, diag);
    pthread_mutex_unlock(&a->lock);
    return status;
}

oq_status oq_api_open_data(const oq_model *model, const oq_data_options *options, oq_dataset **out,
                           oq_diag *diag)
{
    oq_dataset_options inner = {
        .max_samples = options->n_samples, .renames = options->renames, .n_renames = options->n_renames};
    oq_status status;

    *out = NULL;
    if (options->source) {
        adaptor *a = OQ_NEW(model->arena, adaptor);

        if (!a)
            return OQ_NOMEM;
        *a = (adaptor){options->source, options->source_arg, model->graph, PTHREAD_MUTEX_INITIALIZER};
        return oq_dataset_from_callback(model->graph, options->n_samples, fetch, a, out, diag);
    }
    if (!options->path)
        return OQ_OK;
    OQ_TRY(image_options(options, &inner, diag));
    status = oq_dataset_open(model->graph, options->path, &inner, out, diag);
    oq_diag_about(diag, options->path, false);
    return status;
}
