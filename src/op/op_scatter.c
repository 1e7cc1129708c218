/* op_scatter: ScatterElements (and its older name Scatter), ScatterND: a copy of the data with updates
 * written in, or added, multiplied, compared in, in the order of the indices. */
#include <inttypes.h>
#include <string.h>

#include "op/families.h"
#include "op/op_elementwise.h"
#include "op/op_gather.h"
#include "op/op_move.h"

static oq_status infer_scatter(oq_infer *ctx)
{
    ctx->out[0] = ctx->in[0];
    return OQ_OK;
}

typedef struct {
    char *out;
    const char *updates;
    size_t size;
    oq_dtype dtype;
    oq_loop_fn *reduce; /* NULL: overwrite */
} scatter;

/* The reduction by name; by opset it is simply absent from older files. */
static oq_status open_scatter(oq_run *ctx, scatter *s)
{
    static const struct {
        const char *name;
        oq_loop op;
    } reductions[] = {{"add", OQ_LOOP_ADD}, {"mul", OQ_LOOP_MUL}, {"min", OQ_LOOP_MIN}, {"max", OQ_LOOP_MAX}};
    const char *name = oq_node_string(ctx->node, "reduction", "none");
    const oq_array *data = ctx->in[0];

    *s = (scatter){.updates = ctx->in[2]->data, .dtype = data->dtype};
    OQ_TRY(oq_movable_size(ctx, &s->size));
    if (ctx->in[2]->dtype != data->dtype)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "updates are %s, the data %s; they must have one type",
                   oq_dtype_name(ctx->in[2]->dtype), oq_dtype_name(data->dtype));
    for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++) {
        if (strcmp(name, reductions[i].name) == 0)
            s->reduce = oq_loop_for(reductions[i].op, oq_is_half(data->dtype) ? OQ_FLOAT : data->dtype);
    }
    if (!s->reduce && strcmp(name, "none") != 0)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "reduction '%s' of elements of type %s", name,
                   oq_dtype_name(data->dtype));
    return OQ_OK;
}

/* Output 0 as a copy of the data; in place unless the updates or indices live in the same memory. */
static oq_status copy_data(oq_run *ctx, scatter *s)
{
    const oq_array *data = ctx->in[0];
    bool is_shared = data->data == ctx->in[1]->data || data->data == ctx->in[2]->data;

    s->out = is_shared ? oq_out_like(ctx, 0, data) : oq_out_in_place(ctx, 0, 0);
    if (!s->out)
        return ctx->status;
    if (s->out != data->data && data->size)
        memcpy(s->out, data->data, data->size);
    return OQ_OK;
}

static void write_block(const scatter *s, size_t to, size_t from, size_t n)
{
    char *out = s->out + to * s->size;
    const char *update = s->updates + from * s->size;

    if (!s->reduce) {
        memcpy(out, update, n * s->size);
    } else if (!oq_is_half(s->dtype)) {
        s->reduce(out, out, update, n, 1, 1);
    } else {
        for (size_t i = 0; i < n; i++) {
            float a, b;

            oq_to_floats(&(oq_array){.dtype = s->dtype, .n = 1, .data = out + 2 * i, .size = 2}, &a);
            oq_to_floats(
                &(oq_array){
                    .dtype = s->dtype, .n = 1, .data = (char *)(uintptr_t)(update + 2 * i), .size = 2},
                &b);
            s->reduce(&a, &a, &b, 1, 1, 1);
            oq_from_floats(&a, s->dtype, out + 2 * i, 1);
        }
    }
}

static void write_element(void *arg, size_t data_at, size_t index_at)
{
    write_block(arg, data_at, index_at, 1);
}

static oq_status run_scatter_elements(oq_run *ctx)
{
    const oq_array *data = ctx->in[0], *indices = ctx->in[1];
    scatter s = {0};
    int axis;
    int64_t *at = NULL;

    OQ_TRY(oq_run_axis(ctx, 0, data->rank, &axis));
    OQ_TRY(oq_check_elements(ctx, axis));
    OQ_TRY(open_scatter(ctx, &s));
    if (ctx->in[2]->n != indices->n)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu updates for %zu indices", ctx->in[2]->n, indices->n);
    OQ_TRY(oq_read_indices(ctx, indices, data->dims[axis], &at));
    OQ_TRY(copy_data(ctx, &s));
    oq_elements_walk(data, indices, axis, at, write_element, &s);
    return OQ_OK;
}

static oq_status run_scatter_nd(oq_run *ctx)
{
    oq_tuples tuples = {0};
    scatter s = {0};

    OQ_TRY(open_scatter(ctx, &s));
    OQ_TRY(oq_read_tuples(ctx, 0, &tuples));
    if (ctx->in[2]->n != tuples.n * tuples.block)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu updates for %zu places of %zu elements", ctx->in[2]->n, tuples.n,
                   tuples.block);
    OQ_TRY(copy_data(ctx, &s));
    for (size_t i = 0; i < tuples.n; i++)
        write_block(&s, tuples.offsets[i], i * tuples.block, tuples.block);
    return OQ_OK;
}

#define ROW(name, since, run)                                                                        \
    {                                                                                                \
        name, "", since, 3, 3, 1, 1, OQ_T_MOVABLE, infer_scatter, NULL, run, OQ_RULE_NONE, -1, -1, 0 \
    }

const oq_op oq_ops_scatter[] = {
    ROW("Scatter", 9, run_scatter_elements),
    ROW("ScatterElements", 11, run_scatter_elements),
    ROW("ScatterND", 11, run_scatter_nd),
    {.name = NULL},
};
