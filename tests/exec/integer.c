#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "exec/exec.h"
#include "exec/integer_ref.h"
#include "tap/tap.h"

/* A QDQ graph under construction. */
typedef struct sketch {
    oq_model *model;
    oq_graph *graph;
    oq_rng rng;
    oq_dtype dtype; /* of activations */
} sketch;

static sketch begin(oq_dtype dtype)
{
    sketch s = {.model = oq_model_new(0), .rng = {7}, .dtype = dtype};

    oq_model_set_opset(s.model, "", 13);
    s.graph = s.model->graph;
    return s;
}

static oq_value *constant(sketch *s, oq_tensor *tensor)
{
    return oq_graph_add_initializer(s->graph, "c", tensor);
}

static oq_value *node(sketch *s, const char *op, oq_value *a, oq_value *b, oq_value *c)
{
    oq_value *inputs[3] = {a, b, c};

    return oq_node_new(s->graph, NULL, op, "", op, inputs, c ? 3 : b ? 2 : 1, 1, NULL)->outputs[0];
}

static oq_value *quantize(sketch *s, oq_value *x, float scale, int64_t zero_point)
{
    oq_value *scales = constant(s, oq_tensor_scalar_float(s->model->arena, scale));
    oq_value *zeros = constant(s, oq_tensor_scalar_int(s->model->arena, s->dtype, zero_point));

    return node(s, "QuantizeLinear", x, scales, zeros);
}

static oq_value *dequantize(sketch *s, oq_value *codes)
{
    return node(s, "DequantizeLinear", codes, codes->producer->inputs[1], codes->producer->inputs[2]);
}

static int64_t zero_of(const sketch *s, int64_t unsigned_zero)
{
    return s->dtype == OQ_INT8 ? unsigned_zero - 128 : unsigned_zero;
}

/* A float graph input read through a pair. */
static oq_value *input(sketch *s, const int64_t *dims, int rank, float scale, int64_t zero_point)
{
    oq_shape shape = oq_shape_of(dims, rank);
    oq_value *x = oq_value_new(s->graph, "x", OQ_FLOAT, &shape);

    oq_graph_add_input(s->graph, x);
    return dequantize(s, quantize(s, x, scale, zero_of(s, zero_point)));
}

/* int8 weight with a scale per channel of axis. */
static oq_value *weight(sketch *s, const int64_t *dims, int rank, int axis)
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
static oq_value *bias(sketch *s, const oq_value *w, float x_scale)
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

/* ---- running both ways */

typedef struct both {
    oq_program *program[2];
    oq_runner *runner[2];
    size_t n_units;
    const oq_array *got[2]; /* float run, integer run */
} both;

static _Alignas(64) float samples[2][4096];

static void run_both(sketch *s, oq_value *output, both *b)
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

static void end(sketch *s, both *b)
{
    for (int mode = 0; mode < 2; mode++) {
        oq_runner_free(b->runner[mode]);
        oq_program_free(b->program[mode]);
    }
    oq_model_destroy(s->model);
}

/* Codes of both runs: at most one apart, and that seldom (sums near a rounding tie). */
static void codes_agree(const both *b, const char *what)
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

/* ---- units */

typedef struct conv_case {
    const char *what;
    int64_t x[4], w[4], pads[4], strides[2], dilations[2], group;
    const char *activation;
} conv_case;

static void test_conv(const conv_case *c, oq_dtype dtype)
{
    sketch s = begin(dtype);
    oq_value *x = input(&s, c->x, 4, 0.01f, 120), *w = weight(&s, c->w, 4, 0);
    oq_value *y = node(&s, "Conv", x, w, bias(&s, w, 0.01f));
    both b;

    oq_node_set_ints(y->producer, "pads", c->pads, 4);
    oq_node_set_ints(y->producer, "strides", c->strides, 2);
    oq_node_set_ints(y->producer, "dilations", c->dilations, 2);
    oq_node_set_int(y->producer, "group", c->group);
    if (c->activation)
        y = node(&s, c->activation, y, NULL, NULL);
    run_both(&s, quantize(&s, y, 0.02f, zero_of(&s, 60)), &b);
    is_int(b.n_units, 1, "a Conv between pairs is one integer unit");
    is_int(oq_program_n_steps(b.program[1]), 2, "the DQs, the activation and the Q behind it are no steps");
    codes_agree(&b, c->what);
    end(&s, &b);
}

static void test_convs(void)
{
    static const conv_case cases[] = {
        {"plain", {1, 3, 8, 9}, {5, 3, 3, 3}, {1, 1, 1, 1}, {1, 1}, {1, 1}, 1, NULL},
        {"with Relu", {1, 3, 8, 9}, {5, 3, 3, 3}, {1, 1, 1, 1}, {1, 1}, {1, 1}, 1, "Relu"},
        {"uneven padding, stride, dilation",
         {2, 4, 9, 9},
         {6, 4, 3, 2},
         {2, 0, 1, 1},
         {2, 1},
         {1, 2},
         1,
         NULL},
        {"groups", {1, 6, 7, 7}, {4, 3, 3, 3}, {1, 1, 1, 1}, {2, 2}, {1, 1}, 2, NULL},
        {"depthwise", {1, 6, 7, 7}, {6, 1, 3, 3}, {1, 1, 1, 1}, {1, 1}, {1, 1}, 6, NULL},
        {"pointwise", {1, 16, 5, 5}, {8, 16, 1, 1}, {0, 0, 0, 0}, {1, 1}, {1, 1}, 1, NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_conv(&cases[i], OQ_UINT8);
        test_conv(&cases[i], OQ_INT8);
    }
}

static void test_conv_transpose(void)
{
    sketch s = begin(OQ_UINT8);
    oq_value *x = input(&s, (int64_t[]){2, 5, 6, 7}, 4, 0.01f, 120);
    oq_value *w = weight(&s, (int64_t[]){5, 4, 3, 2}, 4, 1);
    oq_value *y = node(&s, "ConvTranspose", x, w, bias(&s, w, 0.01f));
    both b;

    oq_node_set_ints(y->producer, "strides", (int64_t[]){2, 1}, 2);
    oq_node_set_ints(y->producer, "pads", (int64_t[]){1, 0, 0, 1}, 4);
    oq_node_set_ints(y->producer, "output_padding", (int64_t[]){1, 0}, 2);
    run_both(&s, quantize(&s, y, 0.02f, 60), &b);
    is_int(b.n_units, 1, "a ConvTranspose between pairs is one integer unit");
    codes_agree(&b, "ConvTranspose");
    end(&s, &b);
}

/* Every integer of a matrix product against the plain sums. */
static void test_exact(void)
{
    sketch s = begin(OQ_UINT8);
    oq_value *x = input(&s, (int64_t[]){5, 40}, 2, 0.013f, 77), *w = weight(&s, (int64_t[]){40, 9}, 2, 1);
    oq_value *q = quantize(&s, node(&s, "MatMul", x, w, NULL), 0.031f, 33);
    const oq_tensor *codes = w->producer->inputs[0]->constant, *scales = w->producer->inputs[1]->constant;
    int16_t a[5 * 40], rows[9 * 40];
    int32_t sums[5 * 9];
    size_t n_wrong = 0;
    float scale[9];
    both b;

    run_both(&s, q, &b);
    for (size_t i = 0; i < 5 * 40; i++) {
        float code = nearbyintf(samples[0][i] / 0.013f) + 77;

        a[i] = (int16_t)(fminf(fmaxf(code, 0), 255) - 77);
    }
    for (size_t i = 0; i < 9 * 40; i++)
        rows[i] = ((const int8_t *)codes->data)[i % 40 * 9 + i / 40];
    oq_ref_gemm_s16(5, 9, 40, a, rows, NULL, sums);
    oq_tensor_floats(scales, scale);
    for (size_t i = 0; i < 5 * 9; i++) {
        float m = 0.013f * scale[i % 9] / 0.031f, code = nearbyintf((float)sums[i] * m) + 33;

        n_wrong += ((const uint8_t *)b.got[1]->data)[i] != (uint8_t)fminf(fmaxf(code, 0), 255);
    }
    is_int(n_wrong, 0, "each code is the rounded exact sum");
    codes_agree(&b, "MatMul");
    end(&s, &b);
}

static void test_gemm(void)
{
    sketch s = begin(OQ_UINT8);
    oq_value *x = input(&s, (int64_t[]){3, 20}, 2, 0.01f, 100), *w = weight(&s, (int64_t[]){7, 20}, 2, 0);
    oq_value *y = node(&s, "Gemm", x, w, bias(&s, w, 0.01f));
    both b;

    oq_node_set_int(y->producer, "transB", 1);
    run_both(&s, quantize(&s, y, 0.02f, 128), &b);
    is_int(b.n_units, 1, "a Gemm between pairs is a unit");
    codes_agree(&b, "Gemm");
    end(&s, &b);
}

static void test_float_result(void)
{
    sketch s = begin(OQ_UINT8);
    oq_value *x = input(&s, (int64_t[]){2, 3, 20}, 3, 0.01f, 100), *w = weight(&s, (int64_t[]){20, 7}, 2, 1);
    double worst = 0;
    both b;

    run_both(&s, node(&s, "MatMul", x, w, NULL), &b);
    is_int(b.n_units, 1, "a MatMul without a Q behind is a unit too");
    is_int(b.got[1]->dtype, OQ_FLOAT, "and gives float");
    for (size_t i = 0; i < b.got[0]->n; i++)
        worst = fmax(worst, fabs(((const float *)b.got[0]->data)[i] - ((const float *)b.got[1]->data)[i]));
    ok(worst < 1e-4, "close to the float run: %g", worst);
    end(&s, &b);
}

static void test_conv_without_q(void)
{
    sketch s = begin(OQ_UINT8);
    oq_value *x = input(&s, (int64_t[]){1, 2, 5, 5}, 4, 0.01f, 100);
    oq_value *y = node(&s, "Conv", x, weight(&s, (int64_t[]){3, 2, 3, 3}, 4, 0), NULL);
    both b;

    run_both(&s, y, &b);
    is_int(b.n_units, 0, "a Conv without a Q behind runs in float");
    end(&s, &b);
}

static void test_two_activations(void)
{
    sketch s = begin(OQ_INT8);
    oq_value *a = input(&s, (int64_t[]){2, 3, 4, 8}, 4, 0.01f, 100);
    oq_value *c = input(&s, (int64_t[]){2, 1, 8, 5}, 4, 0.02f, 90);
    both b;

    run_both(&s, quantize(&s, node(&s, "MatMul", a, c, NULL), 0.05f, zero_of(&s, 110)), &b);
    is_int(b.n_units, 1, "a product of two activations is a unit");
    codes_agree(&b, "MatMul of two activations, batches broadcast");
    end(&s, &b);
}

static void test_pair(const char *op, const int64_t *second, int rank)
{
    sketch s = begin(OQ_UINT8);
    oq_value *a = input(&s, (int64_t[]){2, 3, 4, 5}, 4, 0.01f, 100), *c = input(&s, second, rank, 0.02f, 60);
    oq_value *y = node(&s, op, a, c, NULL);
    both b;

    if (strcmp(op, "Concat") == 0)
        oq_node_set_int(y->producer, "axis", 2);
    run_both(&s, quantize(&s, y, 0.03f, 70), &b);
    is_int(b.n_units, 1, op);
    codes_agree(&b, op);
    end(&s, &b);
}

static void test_pool(const char *op, bool is_padded)
{
    sketch s = begin(OQ_UINT8);
    oq_value *y = node(&s, op, input(&s, (int64_t[]){1, 3, 7, 6}, 4, 0.01f, 100), NULL, NULL);
    both b;

    if (strcmp(op, "AveragePool") == 0) {
        oq_node_set_ints(y->producer, "kernel_shape", (int64_t[]){3, 2}, 2);
        oq_node_set_ints(y->producer, "strides", (int64_t[]){2, 1}, 2);
        oq_node_set_ints(y->producer, "pads", (int64_t[]){1, 1, 1, 0}, 4);
        oq_node_set_int(y->producer, "count_include_pad", is_padded);
    }
    run_both(&s, quantize(&s, y, 0.0083f, 90), &b);
    is_int(b.n_units, 1, op);
    codes_agree(&b, op);
    end(&s, &b);
}

/* Same parameters on both sides: the node runs on codes; other parameters: it does not. */
static void test_mover(const char *op, float scale, size_t n_units)
{
    sketch s = begin(OQ_UINT8);
    oq_value *y = node(&s, op, input(&s, (int64_t[]){1, 3, 8, 6}, 4, 0.01f, 100), NULL, NULL);
    both b;

    if (strcmp(op, "MaxPool") == 0)
        oq_node_set_ints(y->producer, "kernel_shape", (int64_t[]){2, 2}, 2);
    run_both(&s, quantize(&s, y, scale, 100), &b);
    is_int(b.n_units, n_units, op);
    is_mem(b.got[1]->data, b.got[0]->data, b.got[0]->size, "the same codes as in float");
    end(&s, &b);
}

/* What must not become a unit. */
static void test_refusals(void)
{
    sketch s = begin(OQ_UINT8);
    oq_value *x = input(&s, (int64_t[]){1, 2, 5, 5}, 4, 0.01f, 100),
             *w = weight(&s, (int64_t[]){3, 2, 3, 3}, 4, 0);
    oq_value *y = node(&s, "Conv", x, w, bias(&s, w, 0.02f));
    both b;

    run_both(&s, quantize(&s, y, 0.02f, 128), &b);
    is_int(b.n_units, 0, "a bias at another scale cannot be added to the sums");
    codes_agree(&b, "float in both modes");
    end(&s, &b);

    s = begin(OQ_UINT8);
    x = input(&s, (int64_t[]){1, 2, 5, 5}, 4, 0.01f, 100);
    y = node(&s, "Conv", x, weight(&s, (int64_t[]){3, 2, 3, 3}, 4, 0), NULL);
    oq_graph_add_output(s.graph, y);
    run_both(&s, quantize(&s, y, 0.02f, 128), &b);
    is_int(b.n_units, 0, "an output that is read in float as well keeps the Conv in float");
    end(&s, &b);
}

int main(void)
{
    test_convs();
    test_conv_transpose();
    test_exact();
    test_gemm();
    test_float_result();
    test_conv_without_q();
    test_two_activations();
    test_pair("Add", (int64_t[]){2, 3, 4, 5}, 4);
    test_pair("Add", (int64_t[]){3, 1, 1}, 3);
    test_pair("Mul", (int64_t[]){2, 3, 1, 1}, 4);
    test_pair("Concat", (int64_t[]){2, 3, 2, 5}, 4);
    test_pool("AveragePool", false);
    test_pool("AveragePool", true);
    test_pool("GlobalAveragePool", false);
    test_mover("MaxPool", 0.01f, 1);
    test_mover("Transpose", 0.01f, 1);
    test_mover("Transpose", 0.02f, 0);
    test_mover("Relu", 0.01f, 1);
    test_refusals();
    return tap_done();
}
