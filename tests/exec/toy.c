#include "exec/toy.h"

#include <string.h>

static oq_status run_twice(oq_run *ctx)
{
    float *out = oq_out_in_place(ctx, 0, 0);
    const float *in = ctx->in[0]->data;

    if (!out)
        return ctx->status;
    for (size_t i = 0; i < ctx->in[0]->n; i++)
        out[i] = 2 * in[i];
    return OQ_OK;
}

static oq_status run_sum(oq_run *ctx)
{
    const float *a = ctx->in[0]->data, *b = ctx->in[1]->data;
    size_t n = ctx->in[0]->n;
    float *copy, *out;

    if (n != ctx->in[1]->n)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "adds %zu and %zu elements", n, ctx->in[1]->n);
    copy = oq_scratch(ctx, n * sizeof *copy);
    if (!copy)
        return ctx->status;
    memcpy(copy, a, n * sizeof *copy);
    out = oq_out_like(ctx, 0, ctx->in[0]);
    if (!out)
        return ctx->status;
    for (size_t i = 0; i < n; i++)
        out[i] = copy[i] + b[i];
    return OQ_OK;
}

static oq_status run_flat(oq_run *ctx)
{
    int64_t dims[2] = {1, (int64_t)ctx->in[0]->n};

    return oq_out_alias(ctx, 0, 0, dims, 2) ? OQ_OK : ctx->status;
}

static oq_status prepare_scale(oq_prepare *ctx)
{
    const oq_tensor *weight = oq_value_constant(ctx->node->inputs[1]);
    float *packed = oq_arena_alloc(ctx->arena, sizeof *packed);

    if (!weight || !packed || !oq_tensor_floats_at(weight, 0, 1, packed))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "its factor must be constant");
    ctx->state = packed;
    ctx->consumed = 2;
    return OQ_OK;
}

static oq_status run_scale(oq_run *ctx)
{
    const float *factor = ctx->state, *in = ctx->in[0]->data;
    float *out = oq_out_in_place(ctx, 0, 0);

    if (!out)
        return ctx->status;
    for (size_t i = 0; i < ctx->in[0]->n; i++)
        out[i] = *factor * in[i];
    return OQ_OK;
}

static oq_status run_pair(oq_run *ctx)
{
    const float *in = ctx->in[0]->data;
    float *out = oq_out_like(ctx, 0, ctx->in[0]);

    if (!out)
        return ctx->status;
    memcpy(out, in, ctx->in[0]->size);
    if (!ctx->wanted[1])
        return OQ_OK;
    out = oq_out_like(ctx, 1, ctx->in[0]);
    if (!out)
        return ctx->status;
    for (size_t i = 0; i < ctx->in[0]->n; i++)
        out[i] = -in[i];
    return OQ_OK;
}

static oq_status run_less(oq_run *ctx)
{
    const float *a = ctx->in[0]->data, *b = ctx->in[1]->data;
    uint8_t *out = oq_out(ctx, 0, OQ_BOOL, NULL, 0);

    if (!out)
        return ctx->status;
    *out = a[0] < b[0];
    return OQ_OK;
}

static oq_status refuse(oq_prepare *ctx)
{
    OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "has a mode that does not exist");
}

#define TOY(text, inputs, outputs)                                                                     \
    .name = (text), .domain = "toy", .since = 1, .min_in = (inputs), .max_in = (inputs), .min_out = 1, \
    .max_out = (outputs), .types = OQ_T_F32, .weight = -1, .bias = -1

const oq_op toy_twice = {TOY("Twice", 1, 1), .run = run_twice};
const oq_op toy_sum = {TOY("Sum", 2, 1), .run = run_sum};
const oq_op toy_flat = {TOY("Flat", 1, 1), .run = run_flat};
const oq_op toy_scale = {TOY("Scale", 2, 1), .prepare = prepare_scale, .run = run_scale};
const oq_op toy_pair = {TOY("Pair", 1, 2), .run = run_pair};
const oq_op toy_less = {TOY("Less", 2, 1), .run = run_less};
const oq_op toy_refused = {TOY("Refused", 1, 1), .prepare = refuse, .run = run_twice};

oq_model *toy_model(void)
{
    oq_model *model = oq_model_new(0);

    oq_model_set_opset(model, "", 21);
    oq_model_set_opset(model, "toy", 1);
    return model;
}

oq_value *toy_input(oq_graph *graph, const char *name, int64_t n)
{
    oq_shape shape = oq_shape_of(&n, 1);
    oq_value *value = oq_value_new(graph, name, OQ_FLOAT, &shape);

    oq_graph_add_input(graph, value);
    return value;
}

oq_value *toy_constant(oq_graph *graph, const char *name, const float *values, int64_t n)
{
    return oq_graph_add_initializer(graph, name, oq_tensor_from_floats(graph->model->arena, values, &n, 1));
}

oq_value *toy_node(oq_graph *graph, const oq_op *op, oq_value *a, oq_value *b)
{
    oq_value *inputs[2] = {a, b};
    oq_node *node = oq_node_new(graph, NULL, op->name, "toy", op->name, inputs, b ? 2 : 1, op->max_out, NULL);

    node->op = op;
    return node->outputs[0];
}

oq_array toy_array(float *values, int64_t n)
{
    return (oq_array){.dtype = OQ_FLOAT,
                      .rank = 1,
                      .dims = {n},
                      .n = (size_t)n,
                      .data = values,
                      .size = (size_t)n * sizeof *values};
}
