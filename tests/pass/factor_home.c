/* A factor per channel goes into what stands in front, where that is free and exact. */
#include "pass/factor_home.h"

#include <string.h>

#include "pass/bench.h"
#include "pass/edit.h"

enum { N = 4 };

static const float factors[N] = {2, 0.25f, 1.5f, 8}, inverse[N] = {0.5f, 4, 1 / 1.5f, 0.125f};
static const float shifts[N] = {0.5f, -1, 3, 0.125f},
                   undone[N] = {-0.5f * 0.5f, 1 * 4, -3 / 1.5f, -0.125f * 0.125f};

/* ... -> t -> Mul(constant) -> Add(constant) -> out: the reader that takes the factor back. */
typedef struct {
    bench *b;
    oq_value *t;
    oq_node *mul, *add;
    int axis;
} rig;

static void close_chain(rig *r, oq_value *t)
{
    const float ones[N] = {1, 1, 1, 1}, zeros[N] = {0};
    bool is_last = r->axis == -1;
    oq_value *one = is_last ? bench_floats(r->b, "one", ones, DIMS(N))
                            : bench_floats(r->b, "one", ones, DIMS(1, N, 1, 1));
    oq_value *none = is_last ? bench_floats(r->b, "none", zeros, DIMS(N))
                             : bench_floats(r->b, "none", zeros, DIMS(1, N, 1, 1));

    r->t = t;
    r->mul = bench_node(r->b, "Mul", "back", 2, t, one);
    r->add = bench_node(r->b, "Add", "out", 2, r->mul->outputs[0], none);
    bench_output(r->b, r->add->outputs[0]);
    bench_run(r->b, oq_infer_shapes);
}

static void set_constant(oq_node *node, const float *values)
{
    const oq_tensor *old = oq_node_input_constant(node, 1);

    oq_node_replace_constant(node, 1,
                             oq_tensor_from_floats(node->graph->model->arena, values, old->dims, old->rank));
}

static rig conv_rig(void)
{
    return (rig){.b = bench_new(13), .axis = 1};
}

static oq_node *conv(bench *b)
{
    return bench_node(b, "Conv", "y", 3, bench_input(b, "x", OQ_FLOAT, DIMS(1, 3, 6, 6)),
                      bench_random(b, "w", DIMS(N, 3, 3, 3)), bench_random(b, "bias", DIMS(N)));
}

/* Fold, take back, compare; frees. */
static void check_fold(rig *r, oq_home_kind kind, bool takes_shift, const char *name)
{
    oq_factor_home home = oq_find_factor_home(r->t, N, r->axis);
    bench_numbers *before = bench_compute(r->b);
    int n_nodes = bench_count(r->b, NULL);

    is_int(home.kind, kind, name);
    is_int(home.takes_shift, takes_shift, "a shift goes there only where nothing lies between");
    if (home.kind != OQ_HOME_NONE) {
        is_int(oq_fold_factor(&home, N, r->axis, factors, takes_shift ? shifts : NULL, 0, r->b->ctx.arena),
               OQ_OK, "folded");
        set_constant(r->mul, inverse);
        if (takes_shift)
            set_constant(r->add, undone);
    }
    bench_same(r->b, before, 1e-5, name);
    is_int(bench_count(r->b, NULL), n_nodes, "without a node more");
    bench_free(r->b);
}

static void into_a_unit(void)
{
    rig r = conv_rig();
    oq_node *node = conv(r.b);

    close_chain(&r, node->outputs[0]);
    check_fold(&r, OQ_HOME_UNIT, true, "into the Conv in front");

    r = conv_rig();
    node = bench_node(r.b, "Relu", "r", 1, conv(r.b)->outputs[0]);
    close_chain(&r, node->outputs[0]);
    check_fold(&r, OQ_HOME_UNIT, false, "through a Relu");

    r = conv_rig();
    node = bench_node(r.b, "LeakyRelu", "r", 1, conv(r.b)->outputs[0]);
    oq_node_set_float(node, "alpha", 0.1f);
    node = bench_node(r.b, "MaxPool", "p", 1, node->outputs[0]);
    oq_node_set_ints(node, "kernel_shape", (int64_t[]){2, 2}, 2);
    oq_node_set_ints(node, "strides", (int64_t[]){2, 2}, 2);
    close_chain(&r, node->outputs[0]);
    check_fold(&r, OQ_HOME_UNIT, false, "through LeakyRelu and MaxPool");
}

/* Relu6: only s = hi / U is exact, with the new bound. */
static void through_a_clip(void)
{
    static const float to_one[N] = {1 / 6.0f, 1 / 6.0f, 1 / 6.0f, 1 / 6.0f}, six[N] = {6, 6, 6, 6};
    rig r = conv_rig();
    oq_node *clip = bench_node(r.b, "Clip", "c", 3, conv(r.b)->outputs[0], bench_scalar(r.b, "zero", 0),
                               bench_scalar(r.b, "top", 6));
    oq_factor_home home;
    bench_numbers *before;
    float top = 0;

    close_chain(&r, clip->outputs[0]);
    before = bench_compute(r.b);
    home = oq_find_factor_home(r.t, N, 1);
    ok(home.kind == OQ_HOME_UNIT && home.clip == clip, "through a Clip from 0, which is named");
    oq_fold_factor(&home, N, 1, to_one, NULL, 1, r.b->ctx.arena);
    oq_tensor_floats(oq_node_input_constant(clip, 2), &top);
    is_float((double)top, 1, 0, "its bound is the new one");
    set_constant(r.mul, six);
    bench_same(r.b, before, 1e-5, "and the result stays");
    bench_free(r.b);

    r = conv_rig();
    clip = bench_node(r.b, "Clip", "c", 3, conv(r.b)->outputs[0], bench_scalar(r.b, "low", -1),
                      bench_scalar(r.b, "top", 6));
    close_chain(&r, clip->outputs[0]);
    is_int(oq_find_factor_home(r.t, N, 1).kind, OQ_HOME_NONE, "not through one from -1");
    bench_free(r.b);
}

static oq_value *tokens(bench *b)
{
    return bench_input(b, "x", OQ_FLOAT, DIMS(2, 3, N));
}

static void into_constants(void)
{
    rig r = {.b = bench_new(17), .axis = -1};
    oq_node *node = bench_node(r.b, "LayerNormalization", "n", 3, tokens(r.b),
                               bench_random(r.b, "s", DIMS(N)), bench_random(r.b, "o", DIMS(N)));

    close_chain(&r, node->outputs[0]);
    check_fold(&r, OQ_HOME_NORM, true, "into scale and bias of a LayerNormalization");

    r = (rig){.b = bench_new(13), .axis = -1};
    node = bench_node(r.b, "Mul", "m", 2, tokens(r.b), bench_random(r.b, "s", DIMS(N)));
    node = bench_node(r.b, "Add", "a", 2, bench_random(r.b, "o", DIMS(N)), node->outputs[0]);
    close_chain(&r, node->outputs[0]);
    check_fold(&r, OQ_HOME_AFFINE, true, "into Mul and Add");

    r = (rig){.b = bench_new(13), .axis = -1};
    node = bench_node(r.b, "Mul", "m", 2, tokens(r.b), bench_random(r.b, "s", DIMS(N)));
    node = bench_node(r.b, "Add", "a", 2, node->outputs[0], bench_random(r.b, "o", DIMS(N)));
    node =
        bench_node(r.b, "Reshape", "f", 2, node->outputs[0], bench_ints(r.b, "rows", (int64_t[]){-1, N}, 2));
    close_chain(&r, node->outputs[0]);
    check_fold(&r, OQ_HOME_AFFINE, true, "through a Reshape that keeps the last axis");

    r = conv_rig();
    node = bench_node(r.b, "Sigmoid", "s", 1, conv(r.b)->outputs[0]);
    node = bench_node(r.b, "Div", "d", 2, node->outputs[0], bench_scalar(r.b, "six", 6));
    close_chain(&r, node->outputs[0]);
    check_fold(&r, OQ_HOME_NUMBER, false, "into a Div by 6, which becomes one per channel");

    r = (rig){.b = bench_new(13), .axis = -1};
    node = bench_node(r.b, "Mul", "d", 2, bench_scalar(r.b, "half", 0.5f), tokens(r.b));
    close_chain(&r, node->outputs[0]);
    check_fold(&r, OQ_HOME_NUMBER, false, "into a Mul by one number");
}

static void no_home(void)
{
    rig r = conv_rig();
    oq_node *node = conv(r.b), *other;

    other = bench_node(r.b, "Relu", "r", 1, node->outputs[0]);
    bench_output(r.b, node->outputs[0]);
    close_chain(&r, other->outputs[0]);
    check_fold(&r, OQ_HOME_NONE, false, "not when the unit's result is an output");

    r = conv_rig();
    node = conv(r.b);
    other = bench_node(r.b, "Relu", "r", 1, node->outputs[0]);
    bench_output(r.b, bench_node(r.b, "Neg", "n", 1, node->outputs[0])->outputs[0]);
    close_chain(&r, other->outputs[0]);
    check_fold(&r, OQ_HOME_NONE, false, "nor when somebody else reads it");

    r = conv_rig();
    node = bench_node(r.b, "MaxPool", "p", 1, conv(r.b)->outputs[0]);
    oq_node_set_ints(node, "kernel_shape", (int64_t[]){1, 1}, 2);
    oq_node_set_ints(node, "strides", (int64_t[]){2, 2}, 2);
    close_chain(&r, node->outputs[0]);
    check_fold(&r, OQ_HOME_NONE, false, "nor through a pool that skips");

    r = conv_rig();
    node = conv(r.b);
    bench_output(r.b, node->outputs[0]);
    close_chain(&r, node->outputs[0]);
    check_fold(&r, OQ_HOME_NONE, false, "a graph output is never changed");

    r = (rig){.b = bench_new(13), .axis = -1};
    node = bench_node(r.b, "Div", "d", 2, bench_scalar(r.b, "one_", 1), tokens(r.b));
    close_chain(&r, node->outputs[0]);
    check_fold(&r, OQ_HOME_NONE, false, "a number divided by x has no place for it");

    r = conv_rig();
    node = bench_node(r.b, "Sigmoid", "s", 1, conv(r.b)->outputs[0]);
    close_chain(&r, node->outputs[0]);
    check_fold(&r, OQ_HOME_NONE, false, "nor has a Sigmoid");
}

static void constants(void)
{
    bench *b = bench_new(13);
    const oq_value *v = oq_add_channel_constant(b->graph, "k", factors, N, 1, 4);

    ok(v && v->constant->rank == 4 && v->constant->dims[1] == N && v->constant->dims[3] == 1,
       "along axis 1 a constant has ones behind it");
    v = oq_add_channel_constant(b->graph, "k", factors, N, -1, 3);
    ok(v && v->constant->rank == 1, "along the last axis it is a vector");
    bench_free(b);
}

int main(void)
{
    into_a_unit();
    through_a_clip();
    into_constants();
    no_home();
    constants();
    return tap_done();
}
