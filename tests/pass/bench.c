#include "pass/bench.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "ir/print.h"
#include "onnx/import.h"

bench *bench_new(int64_t opset)
{
    bench *b = calloc(1, sizeof *b);

    if (!b)
        tap_bail("out of memory");
    b->model = oq_model_new(0);
    b->ctx = (oq_pass_ctx){.arena = oq_arena_new(0), .diag = &b->diag, .notes = &b->notes};
    if (!b->model || !b->ctx.arena || oq_model_set_opset(b->model, "", opset) != OQ_OK)
        tap_bail("cannot make a model");
    b->model->ir_version = 8;
    b->graph = b->model->graph;
    return b;
}

bench *bench_load(const char *path)
{
    bench *b = calloc(1, sizeof *b);

    if (!b)
        tap_bail("out of memory");
    b->ctx = (oq_pass_ctx){.arena = oq_arena_new(0), .diag = &b->diag, .notes = &b->notes};
    if (oq_import_file(path, NULL, &b->model, &b->diag) != OQ_OK) {
        tap_diag("%s: %s", path, b->diag.message);
        bench_free(b);
        return NULL;
    }
    b->graph = b->model->graph;
    return b;
}

void bench_free(bench *b)
{
    oq_model_destroy(b->model);
    oq_arena_free(b->ctx.arena);
    oq_buf_free(&b->notes);
    oq_buf_free(&b->dump);
    free(b);
}

oq_value *bench_input(bench *b, const char *name, oq_dtype dtype, const int64_t *dims, int rank)
{
    oq_shape shape = oq_shape_of(dims, rank);
    oq_value *value = oq_value_new(b->graph, name, dtype, &shape);

    if (!value || oq_graph_add_input(b->graph, value) != OQ_OK)
        tap_bail("cannot add an input");
    return value;
}

static oq_value *initializer(bench *b, const char *name, oq_tensor *tensor)
{
    oq_value *value = oq_graph_add_initializer(b->graph, name, tensor);

    if (!value)
        tap_bail("cannot add an initializer");
    return value;
}

oq_value *bench_floats(bench *b, const char *name, const float *values, const int64_t *dims, int rank)
{
    return initializer(b, name, oq_tensor_from_floats(b->model->arena, values, dims, rank));
}

oq_value *bench_random_in(bench *b, const char *name, float from, float to, const int64_t *dims, int rank)
{
    void *data;
    oq_tensor *tensor = oq_tensor_new(b->model->arena, OQ_FLOAT, dims, rank, &data);
    oq_rng rng = {(uint64_t)b->model->n_values + 1};

    for (size_t i = 0; tensor && i < tensor->n_elements; i++)
        ((float *)data)[i] = from + (to - from) * oq_rng_float(&rng);
    return initializer(b, name, tensor);
}

oq_value *bench_random(bench *b, const char *name, const int64_t *dims, int rank)
{
    return bench_random_in(b, name, -1.0f, 1.0f, dims, rank);
}

oq_value *bench_scalar(bench *b, const char *name, float value)
{
    return initializer(b, name, oq_tensor_scalar_float(b->model->arena, value));
}

oq_value *bench_ints(bench *b, const char *name, const int64_t *values, size_t n)
{
    return initializer(b, name, oq_tensor_from_ints(b->model->arena, values, n));
}

static oq_node *add_node(bench *b, const char *op_type, const char *const *names, int n_outputs, int n,
                         va_list args)
{
    oq_value *inputs[16];
    oq_node *node;

    for (int i = 0; i < n; i++)
        inputs[i] = va_arg(args, oq_value *);
    node = oq_node_new(b->graph, NULL, op_type, "", "", inputs, n, n_outputs, names);
    if (!node)
        tap_bail("cannot add a node");
    return node;
}

oq_node *bench_node(bench *b, const char *op_type, const char *output, int n, ...)
{
    va_list args;
    oq_node *node;

    va_start(args, n);
    node = add_node(b, op_type, &output, 1, n, args);
    va_end(args);
    return node;
}

oq_node *bench_node_outputs(bench *b, const char *op_type, int n_outputs, int n, ...)
{
    va_list args;
    oq_node *node;

    va_start(args, n);
    node = add_node(b, op_type, NULL, n_outputs, n, args);
    va_end(args);
    return node;
}

void bench_output(bench *b, oq_value *value)
{
    if (oq_graph_add_output(b->graph, value) != OQ_OK)
        tap_bail("cannot add an output");
}

oq_graph *bench_enter(bench *b, oq_node *node, const char *attr_name)
{
    oq_attr *attr = oq_node_add_attr(node, attr_name, OQ_ATTR_GRAPH);

    if (!attr || !(attr->graph = oq_graph_new(b->model, b->graph)))
        tap_bail("cannot add a subgraph");
    attr->graph->parent_node = node;
    b->graph = attr->graph;
    return b->graph;
}

void bench_leave(bench *b)
{
    b->graph = b->graph->parent;
}

size_t bench_run(bench *b, oq_pass_fn *pass)
{
    oq_status status;

    b->ctx.changed = 0;
    status = pass(b->model->graph, &b->ctx);
    oq_arena_reset(b->ctx.arena);
    if (status != OQ_OK)
        ok(false, "the pass returns OK, not %d: %s", (int)status, b->diag.message);
    if (oq_graph_check(b->model->graph, &b->diag) != OQ_OK)
        ok(false, "the graph stays consistent: %s", b->diag.message);
    return b->ctx.changed;
}

int bench_count(const bench *b, const char *op_type)
{
    int n = 0;

    for (const oq_graph *graph = b->model->graphs; graph; graph = graph->next_graph) {
        if (graph->parent_node && graph->parent_node->is_removed)
            continue;
        OQ_FOR_EACH_NODE (graph, node)
            n += !op_type || strcmp(node->op_type, op_type) == 0;
    }
    return n;
}

oq_node *bench_find(const bench *b, const char *op_type)
{
    OQ_FOR_EACH_NODE (b->model->graph, node) {
        if (strcmp(node->op_type, op_type) == 0)
            return node;
    }
    return NULL;
}

const char *bench_text(bench *b)
{
    b->dump.size = 0;
    oq_graph_print(b->model->graph, &b->dump);
    oq_buf_byte(&b->dump, '\0');
    return (const char *)b->dump.data;
}

/* ---- numbers */

struct bench_numbers {
    int n;
    oq_array *arrays; /* with heap data */
};

static void free_numbers(bench_numbers *numbers)
{
    for (int i = 0; numbers && i < numbers->n; i++)
        free(numbers->arrays[i].data);
    if (numbers)
        free(numbers->arrays);
    free(numbers);
}

static void fill(oq_array *array, oq_rng *rng)
{
    for (size_t i = 0; i < array->n; i++) {
        switch (array->dtype) {
        case OQ_FLOAT: ((float *)array->data)[i] = 4 * oq_rng_float(rng) - 2; break;
        case OQ_INT64: ((int64_t *)array->data)[i] = (int64_t)oq_rng_below(rng, 2); break;
        default: break; /* zeros */
        }
    }
}

/* A seeded array for one graph input, in arena. */
static oq_array feed_for(const oq_value *value, oq_arena *arena, oq_rng *rng)
{
    oq_array array = {.dtype = value->dtype, .rank = value->shape.rank};

    if (value->constant && oq_array_of_tensor(value->constant, arena, &array))
        return array; /* a default stays one, so that it may become a constant */
    if (array.rank < 0 || value->dtype == OQ_STRING)
        tap_bail("input %s cannot be fed", value->name);
    for (int i = 0; i < array.rank; i++)
        array.dims[i] = value->shape.dims[i].size >= 0 ? value->shape.dims[i].size : 2;
    array.n = oq_dims_product(array.dims, 0, array.rank);
    oq_dtype_bytes(array.dtype, array.n, &array.size);
    array.data = oq_arena_zalloc(arena, array.size + 64);
    fill(&array, rng);
    return array;
}

static bench_numbers *copy_outputs(const bench *b, const oq_runner *runner)
{
    bench_numbers *numbers = calloc(1, sizeof *numbers);

    numbers->n = b->model->graph->n_outputs;
    numbers->arrays = calloc((size_t)numbers->n + 1, sizeof *numbers->arrays);
    for (int i = 0; i < numbers->n; i++) {
        const oq_array *out = oq_runner_output(runner, i);

        numbers->arrays[i] = *out;
        numbers->arrays[i].data = malloc(out->size + 1);
        memcpy(numbers->arrays[i].data, out->data, out->size);
    }
    return numbers;
}

bench_numbers *bench_compute(bench *b)
{
    oq_exec_options options = {.mode = OQ_EXEC_FLOAT};
    oq_diag diag = {.status = OQ_OK};
    oq_arena *arena = oq_arena_new(0);
    oq_array *feeds = OQ_NEW_ARRAY(arena, oq_array, b->model->graph->n_inputs + 1);
    oq_program *program = NULL;
    oq_runner *runner = NULL;
    bench_numbers *numbers = NULL;
    oq_rng rng = {7};

    for (int i = 0; i < b->model->graph->n_inputs; i++)
        feeds[i] = feed_for(b->model->graph->inputs[i], arena, &rng);
    if (oq_program_compile(b->model->graph, &options, &program, &diag) == OQ_OK &&
        oq_runner_new(program, NULL, &runner, &diag) == OQ_OK &&
        oq_runner_run(runner, feeds, NULL, NULL, &diag) == OQ_OK)
        numbers = copy_outputs(b, runner);
    else
        tap_diag("not run: %s", diag.message);
    oq_runner_free(runner);
    oq_program_free(program);
    oq_arena_free(arena);
    return numbers;
}

static bool same_form(const oq_array *a, const oq_array *c)
{
    return a->dtype == c->dtype && a->rank == c->rank && a->size == c->size &&
           memcmp(a->dims, c->dims, (size_t)a->rank * sizeof *a->dims) == 0;
}

/* Largest difference relative to the largest number; infinite when the forms differ. */
static double distance(const oq_array *a, const oq_array *c, double tolerance)
{
    double largest = 0, difference = 0;
    const float *p = a->data, *q = c->data;

    if (!same_form(a, c))
        return INFINITY;
    if (tolerance == 0 || a->dtype != OQ_FLOAT)
        return memcmp(a->data, c->data, a->size) == 0 ? 0 : INFINITY;
    for (size_t i = 0; i < a->n; i++) {
        largest = fmax(largest, fabs((double)p[i]));
        difference = fmax(difference, fabs((double)p[i] - (double)q[i]));
        if (isnan(p[i]) != isnan(q[i]))
            return INFINITY;
    }
    return largest > 0 ? difference / largest : difference;
}

void bench_same(bench *b, bench_numbers *before, double tolerance, const char *name)
{
    bench_numbers *after = before ? bench_compute(b) : NULL;
    double worst = 0;

    if (!before) {
        tap_skip(1, "%s: the model does not run here yet", name);
        return;
    }
    for (int i = 0; after && i < before->n; i++)
        worst = fmax(worst, distance(&before->arrays[i], &after->arrays[i], tolerance));
    ok(after && after->n == before->n && worst <= tolerance, "%s (off by %g)", name, worst);
    free_numbers(before);
    free_numbers(after);
}
