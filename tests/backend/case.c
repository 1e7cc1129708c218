#include "backend/case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/file.h"
#include "exec/exec.h"
#include "ir/shape.h"
#include "onnx/import.h"

typedef struct test_case {
    const char *folder;
    oq_model *model;
    oq_program *program;
    oq_runner *runner;
    oq_arena *arena;
    double rtol, atol;
    char *reason;
    size_t size;
} test_case;

static case_result say(test_case *t, case_result result, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static case_result say(test_case *t, case_result result, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(t->reason, t->size, fmt, args);
    va_end(args);
    for (char *c = t->reason; *c; c++) {
        if (*c == '\n' || *c == '#')
            *c = ' ';
    }
    return result;
}

/* ---- comparison */

/* Element i of anything but strings. */
static void number(const oq_array *a, size_t i, double out[2])
{
    const char *p = a->data;
    float f = 0;

    out[1] = 0;
    switch (a->dtype) {
    case OQ_DOUBLE: memcpy(out, p + 8 * i, 8); return;
    case OQ_COMPLEX128: memcpy(out, p + 16 * i, 16); return;
    case OQ_COMPLEX64:
        memcpy(&f, p + 8 * i, 4);
        out[0] = f;
        memcpy(&f, p + 8 * i + 4, 4);
        out[1] = f;
        return;
    default: break;
    }
    oq_tensor view = {.dtype = a->dtype, .n_elements = a->n, .data = a->data, .size = a->size};
    out[0] = oq_tensor_floats_at(&view, i, 1, &f) ? f : 0;
}

static bool is_close(double got, double want, double rtol, double atol)
{
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got);
    return got == want || fabs(got - want) <= atol + rtol * fabs(want);
}

static bool is_exact_type(oq_dtype dtype)
{
    return dtype == OQ_BOOL || oq_dtype_is_integer(dtype);
}

/* Index of the first element that differs; n when none does. */
static size_t first_difference(const test_case *t, const oq_array *got, const oq_array *want)
{
    /* Two units in the last place: the reference rounds the steps inside an operator (those of a softmax), we
     * round its result. */
    double unit = want->dtype == OQ_BFLOAT16 ? 0x1p-7 : want->dtype == OQ_FLOAT16 ? 0x1p-10 : 0;
    double rtol = fmax(t->rtol, 2 * unit);

    for (size_t i = 0; i < want->n; i++) {
        double g[2], w[2];

        if (want->dtype == OQ_STRING) {
            const oq_string *a = (const oq_string *)got->data + i, *b = (const oq_string *)want->data + i;

            if (a->size != b->size || (a->size && memcmp(a->data, b->data, a->size) != 0))
                return i;
            continue;
        }
        if (is_exact_type(want->dtype) && oq_array_int(got, i) == oq_array_int(want, i))
            continue;
        number(got, i, g);
        number(want, i, w);
        if (is_exact_type(want->dtype) || !is_close(g[0], w[0], rtol, t->atol) ||
            !is_close(g[1], w[1], rtol, t->atol))
            return i;
    }
    return want->n;
}

static case_result compare(test_case *t, int index, const oq_array *got, const oq_array *want)
{
    char a[256], b[256];
    oq_shape got_shape, want_shape;
    size_t at;

    if (!got)
        return say(t, CASE_FAIL, "output %d is missing", index);
    if (got->dtype != want->dtype)
        return say(t, CASE_FAIL, "output %d is %s, not %s", index, oq_dtype_name(got->dtype),
                   oq_dtype_name(want->dtype));
    got_shape = oq_shape_of(got->dims, got->rank);
    want_shape = oq_shape_of(want->dims, want->rank);
    if (!oq_shape_equal(&got_shape, &want_shape))
        return say(t, CASE_FAIL, "output %d has shape %s, not %s", index,
                   oq_shape_text(&got_shape, a, sizeof a), oq_shape_text(&want_shape, b, sizeof b));
    at = first_difference(t, got, want);
    if (at < want->n) {
        double g[2] = {0}, w[2] = {0};

        if (want->dtype != OQ_STRING) {
            number(got, at, g);
            number(want, at, w);
        }
        return say(t, CASE_FAIL, "output %d, element %zu: %.9g, not %.9g", index, at, g[0], w[0]);
    }
    return CASE_PASS;
}

/* ---- data sets */

/* Array of FOLDER/test_data_set_SET/STEM_INDEX.pb. */
static case_result read_array(test_case *t, int set, const char *stem, int index, oq_array *out)
{
    char path[4096];
    oq_file file;
    oq_tensor *tensor;
    oq_diag diag = {0};
    void *copy;

    snprintf(path, sizeof path, "%s/test_data_set_%d/%s_%d.pb", t->folder, set, stem, index);
    if (oq_file_read(path, 0, &file, &diag) != OQ_OK)
        return say(t, CASE_FAIL, "%s", diag.message);
    copy = oq_arena_copy(t->arena, file.data, file.size);
    if (!copy || oq_import_tensor_memory(copy, file.size, t->arena, &tensor, &diag) != OQ_OK) {
        oq_file_close(&file);
        return say(t, CASE_FAIL, "%s_%d.pb: %s", stem, index, diag.message);
    }
    oq_file_close(&file);
    if (!oq_array_of_tensor(tensor, t->arena, out))
        return say(t, CASE_SKIP, "%s_%d.pb: %s of rank %d", stem, index, oq_dtype_name(tensor->dtype),
                   tensor->rank);
    return CASE_PASS;
}

/* Debian's data writes bfloat16 as the uint16 of its bits: NumPy had no such type. */
static void mend_type(oq_array *array, oq_dtype declared)
{
    if (array->dtype == OQ_UINT16 && declared == OQ_BFLOAT16)
        array->dtype = OQ_BFLOAT16;
}

/* Some of Debian's data contradicts its own model. */
static bool fits_declaration(const oq_array *array, const oq_value *value)
{
    bool fits = value->shape.rank < 0 || value->shape.rank == array->rank;

    for (int i = 0; fits && i < value->shape.rank; i++)
        fits = value->shape.dims[i].size < 0 || value->shape.dims[i].size == array->dims[i];
    return fits;
}

static case_result run_set(test_case *t, int set)
{
    const oq_graph *graph = t->model->graph;
    oq_array *feeds = OQ_NEW_ARRAY(t->arena, oq_array, graph->n_inputs);
    case_result result = CASE_PASS;
    oq_diag diag = {0};
    oq_status status;

    for (int i = 0; i < graph->n_inputs && result == CASE_PASS; i++) {
        result = read_array(t, set, "input", i, &feeds[i]);
        mend_type(&feeds[i], graph->inputs[i]->dtype);
        if (result == CASE_PASS && !fits_declaration(&feeds[i], graph->inputs[i]))
            return say(t, CASE_SKIP, "its data has another shape than its model says of input '%s'",
                       graph->inputs[i]->name);
    }
    if (result != CASE_PASS)
        return result;
    status = oq_runner_run(t->runner, feeds, NULL, NULL, &diag);
    if (status != OQ_OK)
        return say(t, status == OQ_UNSUPPORTED ? CASE_SKIP : CASE_FAIL, "%s", diag.message);
    for (int i = 0; i < graph->n_outputs && result == CASE_PASS; i++) {
        oq_array want = {.dtype = OQ_UNDEFINED};

        result = read_array(t, set, "output", i, &want);
        mend_type(&want, graph->outputs[i]->dtype);
        if (result == CASE_PASS)
            result = compare(t, i, oq_runner_output(t->runner, i), &want);
    }
    return result;
}

/* ---- the whole */

static void read_tolerances(test_case *t)
{
    char path[4096];
    json_t *json;

    t->rtol = 1e-3;
    t->atol = 1e-7;
    snprintf(path, sizeof path, "%s/data.json", t->folder);
    json = json_load_file(path, 0, NULL);
    if (json_is_number(json_object_get(json, "rtol")))
        t->rtol = json_number_value(json_object_get(json, "rtol"));
    if (json_is_number(json_object_get(json, "atol")))
        t->atol = json_number_value(json_object_get(json, "atol"));
    json_decref(json);
    /* NumPy transforms float32 in float32: its zeros are not exactly zero, ours (in double) are. */
    if (strstr(t->folder, "test_dft_inverse"))
        t->atol = fmax(t->atol, 1e-6);
}

/* A value of a type that oq_array cannot hold. */
static const oq_value *opaque_value(const oq_graph *graph)
{
    for (int i = 0; i < graph->n_inputs; i++) {
        if (graph->inputs[i]->is_opaque_type)
            return graph->inputs[i];
    }
    for (int i = 0; i < graph->n_outputs; i++) {
        if (graph->outputs[i]->is_opaque_type)
            return graph->outputs[i];
    }
    return NULL;
}

static case_result run_model(test_case *t)
{
    oq_exec_options options = {.memory_limit = (size_t)1 << 30};
    oq_import_options any = {.any_opset = true}; /* the package is ahead of the standard, Debian's behind */
    char path[4096];
    oq_diag diag = {0};
    oq_status status;
    case_result result = CASE_PASS;

    snprintf(path, sizeof path, "%s/model.onnx", t->folder);
    status = oq_import_file(path, &any, &t->model, &diag);
    if (status == OQ_OK && opaque_value(t->model->graph))
        return say(t, CASE_SKIP, "'%s' is a sequence, map, optional or sparse tensor",
                   opaque_value(t->model->graph)->name);
    if (status == OQ_OK)
        status = oq_program_compile(t->model->graph, &options, &t->program, &diag);
    if (status == OQ_OK)
        status = oq_runner_new(t->program, NULL, &t->runner, &diag);
    if (status != OQ_OK)
        return say(t, status == OQ_UNSUPPORTED ? CASE_SKIP : CASE_FAIL, "%s", diag.message);
    for (int set = 0; result == CASE_PASS; set++) {
        snprintf(path, sizeof path, "%s/test_data_set_%d", t->folder, set);
        if (access(path, F_OK) != 0)
            return set ? CASE_PASS : say(t, CASE_FAIL, "has no data set");
        result = run_set(t, set);
    }
    return result;
}

case_result run_case(const char *folder, char *reason, size_t size)
{
    test_case t = {.folder = folder, .reason = reason, .size = size};
    case_result result;

    reason[0] = '\0';
    t.arena = oq_arena_new(0);
    if (!t.arena)
        return say(&t, CASE_FAIL, "out of memory");
    read_tolerances(&t);
    result = run_model(&t);
    oq_runner_free(t.runner);
    oq_program_free(t.program);
    oq_model_destroy(t.model);
    oq_arena_free(t.arena);
    return result;
}
