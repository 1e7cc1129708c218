#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exec/integer_ref.h"
#include "exec/program.h"
#include "exec/qdq.h"
#include "tap/tap.h"

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

/* The scales of a grouped weight are those of one group, for each of them. */
static oq_value *bias_of_groups(sketch *s, float scale, int64_t n)
{
    void *data;
    oq_tensor *codes = oq_tensor_new(s->model->arena, OQ_INT32, &n, 1, &data);

    for (int64_t i = 0; i < n; i++)
        ((int32_t *)data)[i] = (int32_t)oq_rng_below(&s->rng, 4000) - 2000;
    return node(s, "DequantizeLinear", constant(s, codes),
                constant(s, oq_tensor_scalar_float(s->model->arena, scale)), NULL);
}

static void test_conv_transpose(int64_t group)
{
    sketch s = begin(OQ_UINT8);
    oq_value *x = input(&s, (int64_t[]){2, 6, 6, 7}, 4, 0.01f, 120);
    oq_value *w = weight(&s, (int64_t[]){6, 4, 3, 2}, 4, 1), *y;
    both b;

    if (group > 1) { /* one scale for all */
        w = node(&s, "DequantizeLinear", w->producer->inputs[0],
                 constant(&s, oq_tensor_scalar_float(s.model->arena, 0.0015f)), NULL);
        y = node(&s, "ConvTranspose", x, w, bias_of_groups(&s, 0.01f * 0.0015f, 4 * group));
    } else {
        y = node(&s, "ConvTranspose", x, w, bias(&s, w, 0.01f));
    }
    oq_node_set_int(y->producer, "group", group);
    oq_node_set_ints(y->producer, "strides", (int64_t[]){2, 1}, 2);
    oq_node_set_ints(y->producer, "pads", (int64_t[]){1, 0, 0, 1}, 4);
    oq_node_set_ints(y->producer, "output_padding", (int64_t[]){1, 0}, 2);
    run_both(&s, quantize(&s, y, 0.02f, 60), &b);
    is_int(b.n_units, 1, "a ConvTranspose between pairs is one integer unit");
    codes_agree(&b, group > 1 ? "ConvTranspose in groups" : "ConvTranspose");
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

static void test_pool(const char *op, bool is_padded, bool ceil_mode)
{
    sketch s = begin(OQ_UINT8);
    oq_value *y = node(&s, op, input(&s, (int64_t[]){1, 3, 7, 6}, 4, 0.01f, 100), NULL, NULL);
    both b;

    if (strcmp(op, "AveragePool") == 0) {
        oq_node_set_ints(y->producer, "kernel_shape", (int64_t[]){3, 2}, 2);
        oq_node_set_ints(y->producer, "strides", (int64_t[]){2, 1}, 2);
        oq_node_set_ints(y->producer, "pads", (int64_t[]){1, 1, 1, 0}, 4);
        oq_node_set_int(y->producer, "count_include_pad", is_padded);
        oq_node_set_int(y->producer, "ceil_mode", ceil_mode);
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

static void set_body(oq_node *choice, const char *name, oq_graph *body)
{
    oq_node_add_attr(choice, name, OQ_ATTR_GRAPH)->graph = body;
    body->parent_node = choice;
}

/* A unit of its own in each branch of an If. */
static oq_graph *branch(sketch *s, oq_value *x, uint64_t seed)
{
    oq_graph *outer = s->graph, *body = oq_graph_new(s->model, outer);
    oq_value *y;

    s->graph = body;
    s->rng = (oq_rng){seed};
    y = node(s, "Conv", dequantize(s, quantize(s, x, 0.01f, 100)), weight(s, (int64_t[]){3, 2, 3, 3}, 4, 0),
             NULL);
    oq_graph_add_output(body, quantize(s, y, 0.02f, 128));
    s->graph = outer;
    return body;
}

static void test_body(void)
{
    sketch s = begin(OQ_UINT8);
    oq_shape shape = oq_shape_of((int64_t[]){1, 2, 5, 5}, 4);
    oq_value *x = oq_value_new(s.graph, "x", OQ_FLOAT, &shape), *condition, *y;
    bool yes = true;
    int n_units = 0;
    both b;

    oq_graph_add_input(s.graph, x);
    condition = constant(&s, oq_tensor_wrap(s.model->arena, OQ_BOOL, NULL, 0, &yes));
    y = node(&s, "If", condition, NULL, NULL);
    set_body(y->producer, "then_branch", branch(&s, x, 3));
    set_body(y->producer, "else_branch", branch(&s, x, 4));
    run_both(&s, y, &b);
    codes_agree(&b, "a Conv in the branch of an If");
    for (size_t i = 0; i < b.program[1]->main->n_steps; i++) {
        const oq_step *step = &b.program[1]->main->steps[i];

        for (int k = 0; step->bodies && step->bodies[k]; k++)
            for (size_t t = 0; t < step->bodies[k]->n_steps; t++)
                n_units += step->bodies[k]->steps[t].is_integer;
    }
    is_int(n_units, 2, "is an integer unit");
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
    test_conv_transpose(1);
    test_conv_transpose(3);
    test_body();
    test_exact();
    test_gemm();
    test_float_result();
    test_conv_without_q();
    test_two_activations();
    test_pair("Add", (int64_t[]){2, 3, 4, 5}, 4);
    test_pair("Add", (int64_t[]){3, 1, 1}, 3);
    test_pair("Mul", (int64_t[]){2, 3, 1, 1}, 4);
    test_pair("Concat", (int64_t[]){2, 3, 2, 5}, 4);
    for (int ceil_mode = 0; ceil_mode < 2; ceil_mode++) {
        test_pool("AveragePool", false, ceil_mode);
        test_pool("AveragePool", true, ceil_mode);
    }
    test_pool("GlobalAveragePool", false, false);
    test_mover("MaxPool", 0.01f, 1);
    test_mover("Transpose", 0.01f, 1);
    test_mover("Transpose", 0.02f, 0);
    test_mover("Relu", 0.01f, 1);
    test_refusals();
    return tap_done();
}
