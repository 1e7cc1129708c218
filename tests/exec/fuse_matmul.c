#include "exec/chain.h"
#include "ir/graph.h"
#include "tap/tap.h"

static void test_bias(void)
{
    static const int64_t widths[] = {1, 7, 16, 33, 64};

    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        const int64_t n = widths[i], in[] = {2, 13, 20}, out[] = {2, 13, n}, weight[] = {20, n};
        oq_model *model = chain_model();
        oq_value *w = chain_constant(model, "w", weight, 2, 0.2f),
                 *b = chain_constant(model, "b", &n, 1, 0.5f);
        oq_value *y = chain_op(model, "MatMul", chain_input(model, "x", in, 3), w, NULL, out, 3);

        oq_graph_add_output(model->graph, chain_op(model, "Relu", chain_op(model, "Add", b, y, NULL, out, 3),
                                                   NULL, NULL, out, 3));
        is_int(chain_steps(model, NULL), 1, "MatMul, bias and Relu are one step");
        ok(chain_agrees(model, NULL), "with the same bits for %d columns", (int)n);
    }
}

static void test_activations_with_bias(void)
{
    const int64_t a[] = {3, 4, 20}, b[] = {3, 20, 6}, out[] = {3, 4, 6}, n[] = {6};
    oq_model *model = chain_model();
    oq_value *y =
        chain_op(model, "MatMul", chain_input(model, "a", a, 3), chain_input(model, "b", b, 3), NULL, out, 3);

    oq_graph_add_output(model->graph,
                        chain_op(model, "Add", y, chain_constant(model, "c", n, 1, 1), NULL, out, 3));
    is_int(chain_steps(model, NULL), 1, "the product of two activations takes a bias too");
    ok(chain_agrees(model, NULL), "with the same bits");
}

static oq_value *transposed(oq_model *model, oq_value *x, const int64_t *perm, const int64_t *dims)
{
    oq_value *y = chain_op(model, "Transpose", x, NULL, NULL, dims, 4);

    chain_set_ints(y, "perm", perm, 4);
    return y;
}

/* q, k: [batch, token, head, channel], as attention multiplies them. */
static void test_transposes(void)
{
    static const int64_t tokens[] = {1, 5, 16, 37};

    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        const int64_t t = tokens[i], in[] = {2, t, 3, 8}, q_dims[] = {2, 3, t, 8}, k_dims[] = {2, 3, 8, t};
        const int64_t s_dims[] = {2, 3, t, t}, out[] = {2, t, 3, t};
        oq_model *model = chain_model();
        oq_value *q = transposed(model, chain_input(model, "q", in, 4), (int64_t[]){0, 2, 1, 3}, q_dims);
        oq_value *k = transposed(model, chain_input(model, "k", in, 4), (int64_t[]){0, 2, 3, 1}, k_dims);
        oq_value *s = chain_op(model, "MatMul", q, k, NULL, s_dims, 4);

        oq_graph_add_output(model->graph, transposed(model, s, (int64_t[]){0, 2, 1, 3}, out));
        is_int(chain_steps(model, NULL), 1, "three transposes and a product are one step");
        ok(chain_agrees(model, NULL), "with the same bits for %d tokens", (int)t);
    }
}

static void test_scattered_rows(void)
{
    const int64_t in[] = {1, 2, 5, 6}, t[] = {1, 2, 6, 5}, b[] = {1, 2, 5, 4}, out[] = {1, 2, 6, 4},
                  back[] = {1, 2, 4, 6};
    oq_model *model = chain_model();
    oq_value *a = transposed(model, chain_input(model, "a", in, 4), (int64_t[]){0, 1, 3, 2}, t);
    oq_value *y = chain_op(model, "MatMul", a, chain_input(model, "b", b, 4), NULL, out, 4);

    oq_graph_add_output(model->graph, transposed(model, y, (int64_t[]){0, 1, 3, 2}, back));
    is_int(chain_steps(model, NULL), 3, "rows that would not be in one piece are transposed");
    ok(chain_agrees(model, NULL), "as before");
}

int main(void)
{
    test_bias();
    test_activations_with_bias();
    test_transposes();
    test_scattered_rows();
    return tap_done();
}
