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
#include "op/sequence.h"

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

static case_result compare_tensor(test_case *t, int index, const oq_array *got, const oq_array *want)
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

static case_result compare(test_case *t, int index, const oq_array *got, const oq_array *want)
{
    size_t n = oq_is_sequence(want) ? oq_sequence_count(want) : 0;
    case_result result = CASE_PASS;

    if (!got || got->dtype != want->dtype || got->dtype < OQ_N_DTYPES)
        return compare_tensor(t, index, got, want);
    if (want->dtype == OQ_SEQUENCE && oq_sequence_count(got) != n)
        return say(t, CASE_FAIL, "output %d has %zu elements, not %zu", index, oq_sequence_count(got), n);
    for (size_t i = 0; i < n && result == CASE_PASS; i++) {
        oq_array a = oq_sequence_at(got, i), b = oq_sequence_at(want, i);

        result = compare_tensor(t, index, &a, &b);
    }
    return result;
}

/* ---- data sets */

/* Fields of a message that hold bytes; others are passed over. False at the end. */
static bool next_bytes(oq_bytes *rest, unsigned *number, oq_bytes *field)
{
    while (rest->size) {
        uint64_t part[2] = {0}; /* key, then length or number */
        int wire = 0;

        for (int i = 0; i < 2; i++) {
            unsigned char byte = 0x80;

            for (int shift = 0; byte & 0x80 && shift < 64 && rest->size;
                 shift += 7, rest->data++, rest->size--) {
                byte = *rest->data;
                part[i] |= (uint64_t)(byte & 0x7f) << shift;
            }
            wire = (int)(part[0] & 7);
            if (wire != 0 && wire != 2)
                return false;
        }
        if (wire != 2)
            continue;
        if (part[1] > rest->size)
            return false;
        *number = (unsigned)(part[0] >> 3);
        *field = (oq_bytes){rest->data, part[1]};
        rest->data += part[1];
        rest->size -= part[1];
        return true;
    }
    return false;
}

static oq_bytes find_bytes(oq_bytes message, unsigned wanted)
{
    unsigned number;
    oq_bytes field;

    while (next_bytes(&message, &number, &field)) {
        if (number == wanted)
            return field;
    }
    return (oq_bytes){NULL, 0};
}

/* Fields of TypeProto, OptionalProto and SequenceProto. */
enum { TYPE_SEQUENCE = 4, TYPE_OPTIONAL = 9, HAS_TENSOR = 3, HAS_SEQUENCE = 5 };

static bool read_tensor(test_case *t, oq_bytes bytes, oq_array *out, oq_diag *diag)
{
    oq_tensor *tensor;
    void *copy = oq_arena_copy(t->arena, bytes.data, bytes.size);

    return copy && oq_import_tensor_memory(copy, bytes.size, t->arena, &tensor, diag) == OQ_OK &&
           oq_array_of_tensor(tensor, t->arena, out);
}

static bool read_sequence(test_case *t, oq_bytes bytes, oq_array *out, oq_diag *diag)
{
    oq_array elements[64];
    size_t n = 0, size;
    unsigned number;
    oq_bytes field;

    while (next_bytes(&bytes, &number, &field)) {
        if (number == HAS_TENSOR && (n == 64 || !read_tensor(t, field, &elements[n++], diag)))
            return false;
    }
    if (!oq_sequence_size(elements, n, &size))
        return false;
    *out = (oq_array){.dtype = OQ_SEQUENCE, .rank = 1, .dims = {(int64_t)size}, .n = size, .size = size};
    out->data = oq_arena_alloc(t->arena, size);
    oq_sequence_fill(elements, n, out->data);
    return true;
}

static bool read_value(test_case *t, const oq_value *value, oq_bytes bytes, oq_array *out, oq_diag *diag)
{
    oq_bytes type = find_bytes((oq_bytes){value->origin.data, value->origin.size}, 2);
    oq_bytes tensor = find_bytes(bytes, HAS_TENSOR), sequence = find_bytes(bytes, HAS_SEQUENCE);

    if (!value->is_opaque_type)
        return read_tensor(t, bytes, out, diag);
    if (find_bytes(type, TYPE_SEQUENCE).data)
        return read_sequence(t, bytes, out, diag);
    if (!find_bytes(type, TYPE_OPTIONAL).data)
        return false;
    if (tensor.data)
        return read_tensor(t, tensor, out, diag);
    if (sequence.data)
        return read_sequence(t, sequence, out, diag);
    *out = (oq_array){.dtype = OQ_NOTHING, .n = 1, .size = 1, .data = oq_arena_alloc(t->arena, 64)};
    return true;
}

/* Array of FOLDER/test_data_set_SET/STEM_INDEX.pb. */
static case_result read_array(test_case *t, int set, const char *stem, int index, const oq_value *value,
                              oq_array *out)
{
    char path[4096];
    oq_file file;
    oq_diag diag = {0};
    bool is_read;

    snprintf(path, sizeof path, "%s/test_data_set_%d/%s_%d.pb", t->folder, set, stem, index);
    if (oq_file_read(path, 0, &file, &diag) != OQ_OK)
        return say(t, CASE_FAIL, "%s", diag.message);
    is_read = read_value(t, value, (oq_bytes){file.data, file.size}, out, &diag);
    oq_file_close(&file);
    if (!is_read)
        return say(t, diag.status == OQ_OK ? CASE_SKIP : CASE_FAIL, "%s_%d.pb: %s", stem, index,
                   diag.status == OQ_OK ? "strings in a sequence, or a rank that is too high" : diag.message);
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
        char path[4096];

        snprintf(path, sizeof path, "%s/test_data_set_%d/input_%d.pb", t->folder, set, i);
        if (graph->inputs[i]->constant && access(path, F_OK) != 0)
            continue; /* an initializer that is an input too, left as it is */
        result = read_array(t, set, "input", i, graph->inputs[i], &feeds[i]);
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

        result = read_array(t, set, "output", i, graph->outputs[i], &want);
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
