/* session: run a model from a program, and run all samples of a file into an npz. */
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "data/npz.h"
#include "exec/profile.h"
#include "ir/graph.h"

struct oq_session {
    oq_model *model;
    oq_pool *pool;
    oq_model *copy; /* of the caller's model, simplified: it is model then. NULL: none */
    oq_program *program;
    oq_runner *runner;
    oq_array *feeds;
    oq_arena *arena;  /* lives as long as the session */
    oq_arena *inputs; /* copies of the last run's inputs: an output may be one of them */
};

static oq_status simplify(oq_session *s, oq_diag *diag)
{
    oq_pass_ctx ctx = {.arena = s->inputs, .diag = diag};

    s->copy = oq_model_clone(s->model);
    if (!s->copy)
        return OQ_NOMEM;
    s->model = s->copy;
    return oq_simplify(s->copy->graph, &ctx);
}

static oq_status open_session(oq_session *s, bool integer, int threads, oq_diag *diag)
{
    oq_exec_options options = {.mode = integer ? OQ_EXEC_INTEGER : OQ_EXEC_FLOAT, .watch = OQ_WATCH_NONE};

    s->arena = oq_arena_new(0);
    s->inputs = oq_arena_new(0);
    s->pool = oq_pool_new(threads);
    if (!s->arena || !s->inputs || !s->pool)
        return OQ_NOMEM;
    OQ_TRY(oq_api_prepare(s->model, diag));
    if (!integer)
        OQ_TRY(simplify(s, diag));
    s->feeds = OQ_NEW_ARRAY(s->arena, oq_array, s->model->graph->n_inputs + 1);
    if (!s->feeds)
        return OQ_NOMEM;
    OQ_TRY(oq_program_compile(s->model->graph, &options, &s->program, diag));
    return oq_runner_new(s->program, s->pool, &s->runner, diag);
}

oq_status oq_session_new(oq_model *model, int integer, int threads, oq_session **out, oq_diag *diag)
{
    oq_session *session = calloc(1, sizeof *session);
    oq_status status;

    if (!session)
        return OQ_NOMEM;
    session->model = model;
    status = open_session(session, integer != 0, threads, diag);
    if (status == OQ_OK)
        *out = session;
    else
        oq_session_free(session);
    return status;
}

void oq_session_free(oq_session *session)
{
    if (!session)
        return;
    oq_runner_free(session->runner);
    oq_program_free(session->program);
    oq_model_destroy(session->copy);
    oq_pool_free(session->pool);
    oq_arena_free(session->inputs);
    oq_arena_free(session->arena);
    free(session);
}

size_t oq_session_n_inputs(const oq_session *session)
{
    return (size_t)session->model->graph->n_inputs;
}

size_t oq_session_n_outputs(const oq_session *session)
{
    return (size_t)session->model->graph->n_outputs;
}

oq_status oq_session_input(const oq_session *session, size_t i, oq_input *out)
{
    const oq_value *value;

    if (i >= oq_session_n_inputs(session))
        return OQ_ARG;
    value = session->model->graph->inputs[i];
    *out = (oq_input){.name = value->name, .dtype = (int)value->dtype, .rank = value->shape.rank};
    for (int d = 0; d < value->shape.rank; d++)
        out->dims[d] = value->shape.dims[d].size;
    return OQ_OK;
}

const char *oq_session_output_name(const oq_session *session, size_t i)
{
    return i < oq_session_n_outputs(session) ? session->model->graph->outputs[i]->name : NULL;
}

static oq_status take_input(const oq_input *in, oq_array *out, oq_arena *arena, oq_diag *diag)
{
    *out = (oq_array){.dtype = (oq_dtype)in->dtype, .rank = in->rank};
    if (in->rank < 0 || in->rank > OQ_MAX_RANK || !oq_dims_count(in->dims, in->rank, &out->n) ||
        !oq_dtype_bytes(out->dtype, out->n, &out->size) || (out->n && !in->data))
        OQ_FAIL(diag, OQ_SHAPE, "input '%s' has no usable type, shape or data", in->name ? in->name : "?");
    memcpy(out->dims, in->dims, sizeof out->dims);
    out->data = oq_arena_copy(arena, in->data, out->size); /* the caller's memory may be unaligned */
    return out->data ? OQ_OK : OQ_NOMEM;
}

oq_status oq_session_run(oq_session *session, const oq_input *inputs, oq_diag *diag)
{
    oq_arena_reset(session->inputs);
    for (size_t i = 0; i < oq_session_n_inputs(session); i++)
        OQ_TRY(take_input(&inputs[i], &session->feeds[i], session->inputs, diag));
    return oq_runner_run(session->runner, session->feeds, NULL, NULL, diag);
}

oq_status oq_session_output(const oq_session *session, size_t i, oq_input *out)
{
    const oq_array *array =
        i < oq_session_n_outputs(session) ? oq_runner_output(session->runner, (int)i) : NULL;

    if (!array)
        return OQ_ARG;
    *out = (oq_input){.name = session->model->graph->outputs[i]->name,
                      .dtype = (int)array->dtype,
                      .rank = array->rank,
                      .data = array->data};
    memcpy(out->dims, array->dims, sizeof out->dims);
    return OQ_OK;
}

/* ---- all samples of a file */

/* Results of one graph output, collected sample by sample. */
typedef struct {
    oq_array first; /* type and shape of every sample's array */
    oq_buf bytes;
} column;

static oq_status collect(column *c, const oq_array *array, const char *name, size_t sample, oq_diag *diag)
{
    if (array->dtype == OQ_STRING)
        OQ_FAIL(diag, OQ_UNSUPPORTED, "output '%s' holds strings, which an npz file of ours cannot", name);
    if (sample == 0)
        c->first = *array;
    if (array->rank != c->first.rank ||
        memcmp(array->dims, c->first.dims, (size_t)array->rank * sizeof *array->dims) != 0)
        OQ_FAIL(diag, OQ_SHAPE, "output '%s' changes its shape at sample %zu; run the samples one by one",
                name, sample);
    oq_buf_append(&c->bytes, array->data, array->size);
    return c->bytes.failed ? OQ_NOMEM : OQ_OK;
}

/* [1, ...] of each sample becomes [n, ...]; other shapes get the sample axis in front, or are joined along
 * the first where there is no room for one more. */
static oq_array stacked(const column *c, size_t n)
{
    oq_array out = c->first;
    bool has_batch = out.rank > 0 && out.dims[0] == 1;

    if (!has_batch && out.rank < OQ_MAX_RANK) {
        memmove(out.dims + 1, out.dims, (size_t)out.rank * sizeof *out.dims);
        out.rank++;
        out.dims[0] = 1;
    }
    out.dims[0] *= (int64_t)n;
    out.n = c->first.n * n;
    out.data = c->bytes.data;
    out.size = c->bytes.size;
    return out;
}

static oq_status run_samples(oq_session *s, const oq_dataset *data, column *columns,
                             const oq_api_progress *progress, oq_diag *diag)
{
    size_t n = oq_dataset_count(data);
    oq_graph *graph = s->model->graph;
    oq_api_progress report = *progress;

    for (size_t i = 0; i < n; i++) {
        oq_arena_reset(s->inputs);
        OQ_TRY(oq_dataset_sample(data, i, s->inputs, s->feeds, diag));
        OQ_TRY(oq_runner_run(s->runner, s->feeds, NULL, NULL, diag));
        for (int k = 0; k < graph->n_outputs; k++)
            OQ_TRY(collect(&columns[k], oq_runner_output(s->runner, k), graph->outputs[k]->name, i, diag));
        if (!oq_api_report_progress(&report, "run", i + 1, n))
            return OQ_CANCELLED;
    }
    return OQ_OK;
}

static oq_status write_columns(const oq_graph *graph, const column *columns, size_t n, const char *path,
                               oq_diag *diag)
{
    oq_npz_writer *writer;
    oq_status status = OQ_OK;

    OQ_TRY(oq_npz_writer_open(path, &writer, diag));
    for (int k = 0; k < graph->n_outputs && status == OQ_OK; k++) {
        oq_array array = stacked(&columns[k], n);

        status = oq_npz_writer_add(writer, graph->outputs[k]->name, &array, diag);
    }
    if (status != OQ_OK) {
        oq_npz_writer_abort(writer);
        return status;
    }
    return oq_npz_writer_commit(writer, diag);
}

oq_status oq_run_file(oq_model *model, const oq_data_options *data, const char *out, int integer, int threads,
                      char **profile, int profile_json, oq_progress *progress, void *progress_arg,
                      oq_diag *diag)
{
    oq_api_progress report = {progress, progress_arg};
    oq_session *session = NULL;
    oq_dataset *dataset = NULL;
    column *columns = calloc((size_t)model->graph->n_outputs + 1, sizeof *columns);
    oq_status status = columns ? oq_api_prepare(model, diag) : OQ_NOMEM;

    if (status == OQ_OK)
        status = oq_api_open_data(model, data, &dataset, diag);

    if (status == OQ_OK && !dataset)
        status = oq_diag_set(diag, OQ_ARG, __FILE__, __LINE__, "no samples were named; give --input DATA");
    if (status == OQ_OK)
        status = oq_session_new(model, integer, threads, &session, diag);
    if (status == OQ_OK && profile)
        status = oq_runner_measure(session->runner, diag);
    if (status == OQ_OK)
        status = run_samples(session, dataset, columns, &report, diag);
    if (status == OQ_OK && out)
        status = write_columns(model->graph, columns, oq_dataset_count(dataset), out, diag);
    if (status == OQ_OK && profile)
        status = oq_api_profile_text(session->program, session->runner, profile_json != 0, profile);
    for (int k = 0; columns && k < model->graph->n_outputs; k++)
        oq_buf_free(&columns[k].bytes);
    free(columns);
    oq_session_free(session);
    oq_dataset_close(dataset);
    return status;
}
