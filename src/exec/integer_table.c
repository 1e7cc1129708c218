/* integer_table: Concat and Relu of integer units: a table gives each input code its output code. */
#include <string.h>

#include "exec/unit.h"

static bool changes_nothing(const uint8_t *table)
{
    for (int i = 0; i < 256; i++) {
        if (table[i] != i)
            return false;
    }
    return true;
}

static void look_up(const uint8_t *table, const uint8_t *from, size_t n, uint8_t *to)
{
    oq_kernels_best()->pointwise_int8->look_up(table, from, to, n);
}

static oq_status run_table(oq_run *ctx)
{
    const oq_unit *unit = ctx->state;
    const oq_array *in = ctx->in[0];
    uint8_t *y;

    OQ_TRY(oq_check_codes(ctx, ctx->n_in));
    y = oq_out(ctx, 0, unit->y.dtype, in->dims, in->rank);
    if (!y)
        return ctx->status;
    look_up(unit->tables, in->data, in->n, y);
    return OQ_OK;
}

static oq_status concat_shape(oq_run *ctx, int *axis, int64_t *dims)
{
    const oq_array *first = ctx->in[0];

    if (!oq_axis_normalize(oq_node_int(ctx->node, "axis", 1), first->rank, axis))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its axis does not exist in rank %d", first->rank);
    memcpy(dims, first->dims, sizeof first->dims);
    for (int i = 1; i < ctx->n_in; i++) {
        const oq_array *in = ctx->in[i];
        bool fits = in->rank == first->rank;

        for (int d = 0; d < first->rank && fits; d++)
            fits = d == *axis || in->dims[d] == first->dims[d];
        if (!fits)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d has another shape than input 0 beside axis %d", i, *axis);
        if (__builtin_add_overflow(dims[*axis], in->dims[*axis], &dims[*axis]))
            OQ_OP_FAIL(ctx, OQ_LIMIT, "its inputs are too long together");
    }
    return OQ_OK;
}

/* `outer` pieces of one input, every `row` bytes. */
static void copy_part(const uint8_t *table, const uint8_t *from, size_t part, size_t outer, uint8_t *to,
                      size_t row)
{
    bool is_copy = changes_nothing(table);

    for (size_t o = 0; part && o < outer; o++, from += part, to += row) {
        if (is_copy)
            memcpy(to, from, part);
        else
            look_up(table, from, part, to);
    }
}

static oq_status run_concat(oq_run *ctx)
{
    const oq_unit *unit = ctx->state;
    int64_t dims[OQ_MAX_RANK];
    size_t outer, row, at = 0;
    uint8_t *y;
    int axis;

    OQ_TRY(oq_check_codes(ctx, ctx->n_in));
    OQ_TRY(concat_shape(ctx, &axis, dims));
    y = oq_out(ctx, 0, unit->y.dtype, dims, ctx->in[0]->rank);
    if (!y)
        return ctx->status;
    outer = oq_dims_product(dims, 0, axis);
    row = oq_dims_product(dims, axis, ctx->in[0]->rank);
    for (int i = 0; i < ctx->n_in; i++) {
        size_t part = oq_dims_product(ctx->in[i]->dims, axis, ctx->in[i]->rank);

        copy_part(unit->tables + 256 * i, ctx->in[i]->data, part, outer, y + at, row);
        at += part;
    }
    return OQ_OK;
}

const oq_op oq_unit_concat = {
    .name = "Concat", .domain = "onnxq.integer", .run = run_concat, .layout = OQ_LAYOUT_AXIS};
const oq_op oq_unit_table = {
    .name = "Relu", .domain = "onnxq.integer", .run = run_table, .layout = OQ_LAYOUT_POINT};
