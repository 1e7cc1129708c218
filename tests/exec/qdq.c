#include "exec/qdq.h"

#include <stdlib.h>

#include "exec/program.h"
#include "tap/tap.h"

sketch begin(oq_dtype dtype)
{
    sketch s = {.model = oq_model_new(0), .rng = {7}, .dtype = dtype};

    oq_model_set_opset(s.model, "", 13);
    s.graph = s.model->graph;
    return s;
}

oq_value *constant(sketch *s, oq_tensor *tensor)
{
    return oq_graph_add_initializer(s->graph, "c", tensor);
}

oq_value *node(sketch *s, const char *op, oq_value *a, oq_value *b, oq_value *c)
{
    oq_value *inputs[3] = {a, b, c};

    return oq_node_new(s->graph, NULL, op, "", op, inputs, c ? 3 : b ? 2 : 1, 1, NULL)->outputs[0];
}

oq_value *quantize(sketch *s, oq_value *x, float scale, int64_t zero_point)
{
    oq_value *scales = constant(s, oq_tensor_scalar_float(s->model->arena, scale));
    oq_value *zeros = constant(s, oq_tensor_scalar_int(s->model->arena, s->dtype, zero_point));

    return node(s, "QuantizeLinear", x, scales, zeros);
}

oq_value *dequantize(sketch *s, oq_value *codes)
{
    return node(s, "DequantizeLinear", codes, codes->producer->inputs[1], codes->producer->inputs[2]);
}

int64_t zero_of(const sketch *s, int64_t unsigned_zero)
{
    return s->dtype == OQ_INT8 ? unsigned_zero - 128 : unsigned_zero;
}

/* A float graph input read through a pair. */
oq_value *input(sketch *s, const int64_t *dims, int rank, float scale, int64_t zero_point)
{
    oq_shape shape = oq_shape_of(dims, rank);
    oq_value *x = oq_value_new(s->graph, "x", OQ_FLOAT, &shape);

    oq_graph_add_input(s->graph, x);
    return dequantize(s, quantize(s, x, scale, zero_of(s, zero_point)));
}

/* int8 weight with a scale per channel of axis. */
oq_value *weight(sketch *s, const int64_t *dims, int rank, int axis)
{
    void *data;
    oq_tensor *codes = oq_tensor_new(s->model->arena, OQ_INT8, dims, rank, &data);
    float *scale = calloc((size_t)dims[axis], sizeof *scale);
    oq_value *value;

    for (size_t i = 0; i < codes->n_elements; i++)
        ((int8_t *)data)[i] = (int8_t)((int)oq_rng_below(&s->rng, 255) - 127);
    for (int64_t i = 0; i < dims[axis]; i++)
        scale[i] = 0.001f * (1 + oq_rng_float(&s->rng));
    value = node(s, "DequantizeLinear", constant(s, codes),
                 constant(s, oq_tensor_from_floats(s->model->arena, scale, &dims[axis], 1)), NULL);
    oq_node_set_int(value->producer, "axis", axis);
    free(scale);
    return value;
}

/* int32 bias at x_scale * weight scales. */
oq_value *bias(sketch *s, const oq_value *w, float x_scale)
{
    const oq_tensor *scales = w->producer->inputs[1]->constant;
    int64_t n = (int64_t)scales->n_elements;
    float *product = calloc((size_t)n, sizeof *product);
    void *data;
    oq_tensor *codes = oq_tensor_new(s->model->arena, OQ_INT32, &n, 1, &data);
    oq_value *value;

    oq_tensor_floats(scales, product);
    for (int64_t i = 0; i < n; i++) {
        product[i] *= x_scale;
        ((int32_t *)data)[i] = (int32_t)oq_rng_below(&s->rng, 4000) - 2000;
    }
    value = node(s, "DequantizeLinear", constant(s, codes),
                 constant(s, oq_tensor_from_floats(s->model->arena, product, &n, 1)), NULL);
    oq_node_set_int(value->producer, "axis", 0);
    free(product);
    return value;
}

_Alignas(64) float samples[2][4096];

void run_both(sketch *s, oq_value *output, both *b)
{
    oq_array feeds[2] = {{.dtype = OQ_UNDEFINED}};
    oq_diag diag = {0};

    *b = (both){.n_units = 0};
    oq_graph_add_output(s->graph, output);
    for (int i = 0; i < s->graph->n_inputs; i++) {
        const oq_value *x = s->graph->inputs[i];

        feeds[i] = (oq_array){.dtype = OQ_FLOAT, .rank = x->shape.rank, .data = samples[i], .n = 1};
        for (int d = 0; d < x->shape.rank; d++)
            feeds[i].n *= (size_t)(feeds[i].dims[d] = x->shape.dims[d].size);
        for (size_t k = 0; k < feeds[i].n; k++)
            samples[i][k] = oq_rng_float(&s->rng) * 4 - 1.5f;
    }
    for (int mode = 0; mode < 2; mode++) {
        oq_exec_options options = {.mode = mode ? OQ_EXEC_INTEGER : OQ_EXEC_FLOAT};

        if (oq_program_compile(s->graph, &options, &b->program[mode], &diag) != OQ_OK ||
            oq_runner_new(b->program[mode], NULL, &b->runner[mode], &diag) != OQ_OK ||
            oq_runner_run(b->runner[mode], feeds, NULL, NULL, &diag) != OQ_OK)
            tap_bail("%s", diag.message);
        b->got[mode] = oq_runner_output(b->runner[mode], 0);
    }
    for (size_t i = 0; i < oq_program_n_steps(b->program[1]); i++)
        b->n_units += oq_program_is_integer(b->program[1], i);
}

void end(sketch *s, both *b)
{
    for (int mode = 0; mode < 2; mode++) {
        oq_runner_free(b->runner[mode]);
        oq_program_free(b->program[mode]);
    }
    oq_model_destroy(s->model);
}

/* Codes of both runs: at most one apart, and that seldom (sums near a rounding tie). */
void codes_agree(const both *b, const char *what)
{
    size_t n_apart = 0, n_far = 0, n = b->got[0]->n;

    for (size_t i = 0; i < n && n == b->got[1]->n; i++) {
        int64_t d = oq_array_int(b->got[0], i) - oq_array_int(b->got[1], i);

        n_apart += d != 0;
        n_far += d > 1 || d < -1;
    }
    ok(n == b->got[1]->n && b->got[0]->dtype == b->got[1]->dtype && n > 0, "%s: same type and size", what);
    ok(n_far == 0 && n_apart * 50 <= n, "%s: %zu of %zu codes apart, %zu by more than one", what, n_apart, n,
       n_far);
}

/* ---- layouts */

static oq_runner *start(sketch *s, oq_value *output, const oq_array *feeds, oq_program **program)
{
    oq_exec_options options = {.mode = OQ_EXEC_INTEGER};
    oq_runner *runner;
    oq_diag diag = {0};

    oq_graph_add_output(s->graph, output);
    if (oq_program_compile(s->graph, &options, program, &diag) != OQ_OK ||
        oq_runner_new(*program, NULL, &runner, &diag) != OQ_OK ||
        oq_runner_begin(runner, feeds, &diag) != OQ_OK)
        tap_bail("%s", diag.message);
    return runner;
}

static void go(oq_runner *runner, const oq_program *program)
{
    oq_diag diag = {0};

    for (size_t i = 0; i < oq_program_n_steps(program); i++)
        if (oq_runner_step(runner, i, &diag) != OQ_OK)
            tap_bail("%s", diag.message);
}

/* Does a step of this operator read a channels-last twin? */
static bool is_last_somewhere(const oq_program *program, const char *op)
{
    for (size_t i = 0; i < program->main->n_steps; i++) {
        const oq_step *step = &program->main->steps[i];

        if (step->is_integer && oq_node_is(step->node, op) && step->in[0]->id >= program->n_values)
            return true;
    }
    return false;
}

/* A Conv from as many channels as x has, quantized: what channels-last arrays come from and go to. */
static oq_value *convolved(sketch *s, oq_value *x, int64_t to, int64_t from)
{
    oq_value *y = node(s, "Conv", x, weight(s, (int64_t[]){to, from, 3, 3}, 4, 0), NULL);

    oq_node_set_ints(y->producer, "pads", (int64_t[]){1, 1, 1, 1}, 4);
    oq_node_set_ints(y->producer, "kernel_shape", (int64_t[]){3, 3}, 2);
    return y;
}

/* Codes between the op's two programs. */
typedef struct codes {
    uint8_t data[2][4096];
    oq_array array[2], result;
    uint8_t result_data[4096];
} codes;

static void copy_codes(const oq_array *from, oq_array *to, uint8_t *data)
{
    if (!from || from->n > 4096)
        tap_bail("no codes");
    *to = *from;
    memcpy(data, from->data, from->n);
    to->data = data;
}

/* conv -> op -> conv; fills what went into the op and what came out, as plain arrays. */
static bool run_between(op_builder *build, const void *arg, const int64_t dims[4], int64_t channels_out,
                        int n_inputs, oq_dtype dtype, const char *op, codes *c)
{
    sketch s = begin(dtype);
    oq_array feeds[2] = {{.dtype = OQ_UNDEFINED}};
    oq_value *in[2], *q[2], *out, *y;
    oq_program *program;
    oq_runner *runner;
    bool is_last;

    for (int i = 0; i < n_inputs; i++) {
        in[i] = input(&s, dims, 4, 0.02f, 120);
        oq_shape shape = oq_shape_of(dims, 4);
        in[i]->shape = in[i]->producer->inputs[0]->shape = shape;
        q[i] =
            quantize(&s, convolved(&s, in[i], dims[1], dims[1]), 0.01f + 0.004f * (float)i, zero_of(&s, 110));
        q[i]->dtype = dtype;
        in[i] = dequantize(&s, q[i]);
        in[i]->shape = q[i]->shape = shape;
        feeds[i] = (oq_array){.dtype = OQ_FLOAT, .rank = 4, .data = samples[i], .n = 1};
        for (int d = 0; d < 4; d++)
            feeds[i].n *= (size_t)(feeds[i].dims[d] = dims[d]);
        for (size_t k = 0; k < feeds[i].n; k++)
            samples[i][k] = oq_rng_float(&s.rng) * 4 - 1.5f;
    }
    out = quantize(&s, build(&s, in, arg), 0.013f, zero_of(&s, 100));
    y = dequantize(&s, out);
    y->shape = out->shape = in[0]->shape;
    y->shape.dims[1].size = out->shape.dims[1].size = channels_out;
    y = quantize(&s, convolved(&s, y, 3, channels_out), 0.02f, zero_of(&s, 120));
    runner = start(&s, y, feeds, &program);
    for (int i = 0; i < n_inputs; i++)
        oq_runner_keep(runner, q[i]);
    oq_runner_keep(runner, out);
    go(runner, program);
    for (int i = 0; i < n_inputs; i++)
        copy_codes(oq_runner_value(runner, q[i]), &c->array[i], c->data[i]);
    copy_codes(oq_runner_value(runner, out), &c->result, c->result_data);
    is_last = is_last_somewhere(program, op);
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(s.model);
    return is_last;
}

/* The op by itself on the same codes: nothing asks for another layout. */
static bool run_alone(op_builder *build, const void *arg, int n_inputs, oq_dtype dtype, const char *op,
                      codes *c)
{
    sketch s = begin(dtype);
    oq_value *in[2], *out;
    oq_program *program;
    oq_runner *runner;
    const oq_array *got;
    bool same;

    for (int i = 0; i < n_inputs; i++) {
        oq_shape shape = oq_shape_of(c->array[i].dims, c->array[i].rank);
        oq_value *x = oq_value_new(s.graph, "x", dtype, &shape);

        oq_graph_add_input(s.graph, x);
        in[i] = node(&s, "DequantizeLinear", x,
                     constant(&s, oq_tensor_scalar_float(s.model->arena, 0.01f + 0.004f * (float)i)),
                     constant(&s, oq_tensor_scalar_int(s.model->arena, dtype, zero_of(&s, 110))));
        in[i]->shape = shape;
    }
    out = quantize(&s, build(&s, in, arg), 0.013f, zero_of(&s, 100));
    runner = start(&s, out, c->array, &program);
    go(runner, program);
    got = oq_runner_output(runner, 0);
    same = got && got->n == c->result.n && memcmp(got->data, c->result.data, got->n) == 0;
    if (is_last_somewhere(program, op) || !oq_program_is_integer(program, 0))
        tap_bail("%s: not a plain unit by itself", op);
    oq_runner_free(runner);
    oq_program_free(program);
    oq_model_destroy(s.model);
    return same;
}

void same_in_both_layouts(op_builder *build, const void *arg, const char *op, const int64_t dims[4],
                          int64_t channels_out, int n_inputs, const char *what)
{
    static codes c;

    for (int is_signed = 0; is_signed < 2; is_signed++) {
        oq_dtype dtype = is_signed ? OQ_INT8 : OQ_UINT8;

        ok(run_between(build, arg, dims, channels_out, n_inputs, dtype, op, &c),
           "%s: channels-last between Convs", what);
        ok(run_alone(build, arg, n_inputs, dtype, op, &c), "%s: the same codes on plain arrays", what);
    }
}
