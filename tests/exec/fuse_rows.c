#include "exec/chain.h"
#include "ir/graph.h"
#include "tap/tap.h"

/* 0.5 x (1 + erf(x / sqrt 2)), x = in + bias */
static oq_value *gelu(oq_model *model, oq_value *in, const int64_t *dims, int rank)
{
    oq_value *root = chain_constant(model, "root", NULL, 0, 1.41421356f);
    oq_value *one = chain_constant(model, "one", NULL, 0, 1),
             *half = chain_constant(model, "half", NULL, 0, 0.5f);
    oq_value *bias = chain_constant(model, "bias", &dims[rank - 1], 1, 0.1f);
    oq_value *x = chain_op(model, "Add", bias, in, NULL, dims, rank);
    oq_value *e =
        chain_op(model, "Erf", chain_op(model, "Div", x, root, NULL, dims, rank), NULL, NULL, dims, rank);
    oq_value *y =
        chain_op(model, "Mul", x, chain_op(model, "Add", e, one, NULL, dims, rank), NULL, dims, rank);

    return chain_op(model, "Mul", y, half, NULL, dims, rank);
}

static void test_gelu(void)
{
    static const int64_t lengths[] = {1, 2, 15, 16, 17, 31, 64, 100, 1023, 1025, 3000};

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const int64_t dims[] = {1, 9, lengths[i]};
        oq_model *model = chain_model();

        oq_graph_add_output(model->graph, gelu(model, chain_input(model, "x", dims, 3), dims, 3));
        is_int(chain_steps(model, NULL), 1, "GELU is one step");
        ok(chain_agrees(model, NULL), "with the same bits for rows of %d", (int)lengths[i]);
    }
}

/* As exporters spell out LayerNormalization, behind a residual Add. */
static oq_value *layer_norm(oq_model *model, oq_value *a, oq_value *b, const int64_t *dims)
{
    const int64_t column[] = {dims[0], dims[1], 1};
    oq_value *two = chain_constant(model, "two", NULL, 0, 2),
             *eps = chain_constant(model, "eps", NULL, 0, 1e-5f);
    oq_value *scale = chain_constant(model, "scale", dims + 2, 1, 1),
             *bias = chain_constant(model, "bias", dims + 2, 1, 0);
    oq_value *x = chain_op(model, "Add", a, b, NULL, dims, 3);
    oq_value *mean = chain_op(model, "ReduceMean", x, NULL, NULL, column, 3), *d, *square, *variance, *root;

    chain_set_ints(mean, "axes", (int64_t[]){-1}, 1);
    d = chain_op(model, "Sub", x, mean, NULL, dims, 3);
    square = chain_op(model, "Pow", d, two, NULL, dims, 3);
    variance = chain_op(model, "ReduceMean", square, NULL, NULL, column, 3);
    chain_set_ints(variance, "axes", (int64_t[]){2}, 1);
    root = chain_op(model, "Sqrt", chain_op(model, "Add", variance, eps, NULL, column, 3), NULL, NULL, column,
                    3);
    d = chain_op(model, "Div", d, root, NULL, dims, 3);
    return chain_op(model, "Add", chain_op(model, "Mul", d, scale, NULL, dims, 3), bias, NULL, dims, 3);
}

static void test_layer_norm(void)
{
    static const int64_t lengths[] = {2, 15, 16, 17, 33, 768, 1500};

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const int64_t dims[] = {2, 40, lengths[i]};
        oq_model *model = chain_model();
        oq_value *a = chain_input(model, "a", dims, 3), *b = chain_input(model, "b", dims, 3);

        oq_graph_add_output(model->graph, layer_norm(model, a, b, dims));
        is_int(chain_steps(model, NULL), 1, "a residual and the norm behind it are one step");
        ok(chain_agrees(model, NULL), "with the same bits for rows of %d", (int)lengths[i]);
    }
}

static void test_norm_node(void)
{
    const int64_t dims[] = {1, 20, 48};
    oq_model *model = chain_model();
    oq_value *a = chain_input(model, "a", dims, 3), *b = chain_input(model, "b", dims, 3);
    oq_value *scale = chain_constant(model, "scale", dims + 2, 1, 1),
             *bias = chain_constant(model, "bias", dims + 2, 1, 0);
    oq_value *sum = chain_op(model, "Add", a, b, NULL, dims, 3);

    oq_graph_add_output(model->graph, chain_op(model, "LayerNormalization", sum, scale, bias, dims, 3));
    is_int(chain_steps(model, NULL), 1, "a residual and LayerNormalization are one step");
    ok(chain_agrees(model, NULL), "with the same bits");
}

static void test_attention_scores(void)
{
    const int64_t dims[] = {2, 3, 8, 24}, mask_dims[] = {2, 1, 1, 24};
    oq_model *model = chain_model();
    oq_value *x = chain_input(model, "x", dims, 4), *mask = chain_input(model, "mask", mask_dims, 4);
    oq_value *scale = chain_constant(model, "scale", NULL, 0, 8);

    x = chain_op(model, "Div", x, scale, NULL, dims, 4);
    x = chain_op(model, "Add", x, mask, NULL, dims, 4);
    x = chain_op(model, "Softmax", x, NULL, NULL, dims, 4);
    chain_set_axis(x, -1);
    oq_graph_add_output(model->graph, x);
    is_int(chain_steps(model, NULL), 1, "scale, mask and softmax are one step");
    ok(chain_agrees(model, NULL), "with the same bits");
}

static void test_cubes(void)
{
    const int64_t dims[] = {3, 70};
    oq_model *model = chain_model();
    oq_value *x = chain_input(model, "x", dims, 2);
    oq_value *cube = chain_op(model, "Pow", x, chain_constant(model, "three", NULL, 0, 3), NULL, dims, 2);

    oq_graph_add_output(model->graph, chain_op(model, "Tanh", chain_op(model, "Add", cube, x, NULL, dims, 2),
                                               NULL, NULL, dims, 2));
    is_int(chain_steps(model, NULL), 1, "a cube joins");
    ok(chain_agrees(model, NULL), "with the same bits");
}

/* ---- where it must not fire */

static void test_watched(void)
{
    const int64_t dims[] = {2, 16};
    oq_model *model = chain_model();
    oq_value *x = chain_input(model, "x", dims, 2);
    oq_value *a = chain_op(model, "Exp", x, NULL, NULL, dims, 2);
    oq_value *b = chain_op(model, "Neg", a, NULL, NULL, dims, 2);
    bool watched[64] = {false};

    oq_graph_add_output(model->graph, chain_op(model, "Sigmoid", b, NULL, NULL, dims, 2));
    is_int(chain_steps(model, watched), 1, "three functions are one step");
    watched[a->id] = true;
    is_int(chain_steps(model, watched), 2, "a value that is watched exists");
    ok(chain_agrees(model, watched), "and the bits are the same");
}

static void test_other_reader(void)
{
    const int64_t dims[] = {2, 16};
    oq_model *model = chain_model();
    oq_value *x = chain_input(model, "x", dims, 2);
    oq_value *a = chain_op(model, "Exp", x, NULL, NULL, dims, 2);

    oq_graph_add_output(model->graph, chain_op(model, "Neg", a, NULL, NULL, dims, 2));
    oq_graph_add_output(model->graph, a);
    is_int(chain_steps(model, NULL), 2, "a result is no inner value");
    ok(chain_agrees(model, NULL), "and the bits are the same");
}

static void test_shapes(void)
{
    const int64_t dims[] = {-1, 16}, fixed[] = {2, 16}, row[] = {16};
    oq_model *model = chain_model();
    oq_value *x = chain_input(model, "x", dims, 2), *a = chain_op(model, "Exp", x, NULL, NULL, dims, 2);

    oq_graph_add_output(model->graph, chain_op(model, "Neg", a, NULL, NULL, dims, 2));
    is_int(chain_steps(model, NULL), 2, "dimensions that are only both unknown are not the same");
    ok(chain_agrees(model, NULL), "the steps stay single");

    model = chain_model();
    a = chain_op(model, "Exp", chain_input(model, "x", row, 1), NULL, NULL, row, 1);
    oq_graph_add_output(model->graph,
                        chain_op(model, "Add", a, chain_input(model, "y", fixed, 2), NULL, fixed, 2));
    is_int(chain_steps(model, NULL), 2, "a smaller operand is computed by itself, once");
    ok(chain_agrees(model, NULL), "the steps stay single");
}

int main(void)
{
    test_gelu();
    test_layer_norm();
    test_norm_node();
    test_attention_scores();
    test_cubes();
    test_watched();
    test_other_reader();
    test_shapes();
    return tap_done();
}
