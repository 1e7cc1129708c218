/* Channels are scaled inside a unit: with the reverse in front of or behind it nothing changes. */
#include "pass/unit_scale.h"

#include <math.h>

#include "pass/bench.h"
#include "pass/edit.h"

enum { N = 4 };

static const float factors[N] = {2, 0.25f, 1.5f, 8}, inverse[N] = {0.5f, 4, 1 / 1.5f, 0.125f};
static const float shifts[N] = {0.5f, -1, 3, 0.125f}, back[N] = {-0.5f, 1, -3, -0.125f};

/* x [op constant] -> unit -> [op constant] -> out; a unit of N channels on both sides. */
typedef struct {
    const char *name, *op_type;
    int64_t weight[4];
    int w_rank;
    int64_t group;
    bool has_bias, trans_b, is_2d;
} kind;

static const kind kinds[] = {
    {"a Conv", "Conv", {N, N, 3, 3}, 4, 1, true, false, false},
    {"a Conv without bias", "Conv", {N, N, 1, 1}, 4, 1, false, false, false},
    {"a Conv in two groups", "Conv", {N, N / 2, 3, 3}, 4, 2, true, false, false},
    {"a depthwise Conv", "Conv", {N, 1, 3, 3}, 4, N, true, false, false},
    {"a Gemm", "Gemm", {N, N}, 2, 1, true, false, true},
    {"a Gemm with transB", "Gemm", {N, N}, 2, 1, true, true, true},
    {"a MatMul", "MatMul", {N, N}, 2, 1, false, false, true},
};

typedef struct {
    bench *b;
    oq_node *unit, *front, *behind;
} chain;

static oq_value *per_channel(bench *b, const char *name, const kind *k, float value)
{
    float values[N] = {value, value, value, value};

    return k->is_2d ? bench_floats(b, name, values, DIMS(N))
                    : bench_floats(b, name, values, DIMS(1, N, 1, 1));
}

static chain open_chain(const kind *k, const char *op_type, float neutral)
{
    chain c = {.b = bench_new(13)};
    bench *b = c.b;
    oq_value *x = k->is_2d ? bench_input(b, "x", OQ_FLOAT, DIMS(5, N))
                           : bench_input(b, "x", OQ_FLOAT, DIMS(1, N, 6, 6));
    oq_value *w = bench_random(b, "w", k->weight, k->w_rank);
    oq_value *bias = k->has_bias ? bench_random(b, "bias", DIMS(N)) : NULL;

    c.front = bench_node(b, op_type, "t", 2, x, per_channel(b, "before", k, neutral));
    c.unit = bench_node(b, k->op_type, "y", k->has_bias ? 3 : 2, c.front->outputs[0], w, bias);
    if (k->group > 1)
        oq_node_set_int(c.unit, "group", k->group);
    if (k->trans_b)
        oq_node_set_int(c.unit, "transB", 1);
    c.behind = bench_node(b, "Mul", "z", 2, c.unit->outputs[0], per_channel(b, "after", k, 1));
    bench_output(
        b, bench_node(b, "Add", "out", 2, c.behind->outputs[0], per_channel(b, "more", k, 0))->outputs[0]);
    bench_run(b, oq_infer_shapes);
    return c;
}

static void set_constant(oq_node *node, const float *values)
{
    const oq_tensor *old = oq_node_input_constant(node, 1);

    oq_node_replace_constant(node, 1,
                             oq_tensor_from_floats(node->graph->model->arena, values, old->dims, old->rank));
}

static void inputs_are_scaled(const kind *k)
{
    chain c = open_chain(k, "Mul", 1);
    bench_numbers *before = bench_compute(c.b);
    int axis;

    is_int(oq_unit_input_channels(c.unit, &axis), N, k->name);
    is_int(axis, k->op_type[0] == 'M' ? -1 : 1, "its channels are in place");
    set_constant(c.front, inverse);
    is_int(oq_unit_scale_input(c.unit, factors, c.b->ctx.arena), OQ_OK, "its inputs are scaled");
    bench_same(c.b, before, 1e-5, "and x / s * W s is x * W");
    bench_free(c.b);
}

static void inputs_are_shifted(const kind *k)
{
    chain c = open_chain(k, "Add", 0);
    bench_numbers *before = bench_compute(c.b);

    if (k->op_type[0] == 'M') {
        ok(!oq_unit_can_shift_input(c.unit), "%s without Add takes no shift", k->name);
    } else {
        ok(oq_unit_can_shift_input(c.unit), "%s can take a shift", k->name);
        set_constant(c.front, back);
        is_int(oq_unit_shift_input(c.unit, shifts, c.b->ctx.arena), OQ_OK, "its bias takes W m");
    }
    bench_same(c.b, before, 1e-5, "and the result stays");
    bench_free(c.b);
}

static void outputs_are_scaled(const kind *k)
{
    static const float undone[N] = {-0.5f * 0.5f, 1 * 4, -3 / 1.5f, -0.125f * 0.125f};
    chain c = open_chain(k, "Mul", 1);
    bench_numbers *before = bench_compute(c.b);
    bool may = k->op_type[0] != 'M';

    is_int(oq_unit_can_scale_output(c.unit, N), may, k->name);
    ok(!oq_unit_can_scale_output(c.unit, N + 1), "not with another number of channels");
    if (may) {
        is_int(oq_unit_scale_output(c.unit, factors, shifts, c.b->ctx.arena), OQ_OK,
               "outputs are scaled and moved");
        set_constant(c.behind, inverse);
        set_constant(bench_find(c.b, "Add"), undone);
    }
    bench_same(c.b, before, 1e-5, "and back behind it");
    bench_free(c.b);
}

static void a_reader_in_numbers(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(1, 4, 2, 2));
    float w[4 * 2 * 2] = {1, -2, 3, 4, 0, 0, -5, 1, 2, 2, 2, -3, 7, 0, 1, 1};
    oq_node *conv = bench_node(b, "Conv", "y", 2, x, bench_floats(b, "w", w, DIMS(4, 2, 1, 2)));
    oq_equalize_reader reader;

    oq_node_set_int(conv, "group", 2);
    is_int(oq_unit_reader(conv, b->ctx.arena, &reader), OQ_OK, "the reader of two groups");
    is_int(reader.n_out, 4, "outputs of both");
    is_float(reader.square[0], 1 + 4 + 0 + 0, 1e-9, "squares of channel 0: outputs 0 and 1 read it");
    is_float(reader.square[3], 4 + 9 + 1 + 1, 1e-9, "of channel 3: outputs 2 and 3");
    is_float((double)reader.largest[0 * 4 + 1], 4, 0, "the largest tap");
    is_float((double)reader.largest[3 * 4 + 2], 7, 0, "of an output in the second group");
    is_float((double)reader.largest[3 * 4 + 0], 0, 0, "0 where an output does not read the channel");
    bench_free(b);
}

/* What must not be changed. */
static void refusals(void)
{
    chain c = open_chain(&kinds[0], "Add", 0);
    int axis;

    oq_node_set_ints(c.unit, "pads", (int64_t[]){0, 1, 0, 0}, 4);
    ok(!oq_unit_can_shift_input(c.unit), "a Conv that pads takes no shift: its border is no m");
    oq_node_remove_attr(c.unit, "pads");
    oq_node_set_string(c.unit, "auto_pad", "SAME_UPPER");
    ok(!oq_unit_can_shift_input(c.unit), "nor by auto_pad");
    oq_node_set_string(c.unit, "auto_pad", "VALID");
    ok(oq_unit_can_shift_input(c.unit), "VALID does not pad");
    oq_value_find(c.b->graph, "bias")->is_overridable = true;
    ok(!oq_unit_can_shift_input(c.unit) && !oq_unit_can_scale_output(c.unit, N),
       "a bias that a caller may override stays");
    oq_value_find(c.b->graph, "w")->is_overridable = true;
    is_int(oq_unit_input_channels(c.unit, &axis), 0, "and so does such a weight");
    bench_free(c.b);
    c = open_chain(&kinds[4], "Add", 0);
    oq_node_set_float(c.unit, "beta", 0.5f);
    ok(!oq_unit_can_shift_input(c.unit) && !oq_unit_can_scale_output(c.unit, N),
       "a Gemm with beta is left alone");
    oq_node_set_int(c.unit, "transA", 1);
    is_int(oq_unit_input_channels(c.unit, &axis), 0, "with transA its inputs are no channels");
    bench_free(c.b);
}

static void a_product_with_sum(void)
{
    bench *b = bench_new(13);
    oq_value *x = bench_input(b, "x", OQ_FLOAT, DIMS(2, 5, N));
    oq_node *front = bench_node(b, "Add", "t", 2, x, bench_floats(b, "m", (float[N]){0}, DIMS(N)));
    oq_node *p = bench_node(b, "MatMul", "p", 2, front->outputs[0], bench_random(b, "w", DIMS(N, 7)));
    bench_numbers *before;

    bench_output(b,
                 bench_node(b, "Add", "out", 2, p->outputs[0], bench_random(b, "bias", DIMS(7)))->outputs[0]);
    bench_run(b, oq_infer_shapes);
    before = bench_compute(b);
    ok(oq_unit_can_shift_input(p), "a MatMul with an Add behind it can take a shift");
    set_constant(front, back);
    oq_unit_shift_input(p, shifts, b->ctx.arena);
    bench_same(b, before, 1e-5, "in the Add's constant");
    bench_free(b);
}

int main(void)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        inputs_are_scaled(&kinds[i]);
        inputs_are_shifted(&kinds[i]);
        outputs_are_scaled(&kinds[i]);
    }
    a_reader_in_numbers();
    refusals();
    a_product_with_sum();
    return tap_done();
}
