/* integer_simple: Add, Mul, Concat, Relu and the average pools of integer units.
 *
 *   Add   round_half_even((q_a - z_a) * (s_a / s_y) + (q_b - z_b) * (s_b / s_y)) + z_y      in float32
 *   Mul   round_half_even((q_a - z_a) * (q_b - z_b) * m) + z_y                              m = s_a * s_b /
 * s_y pools round_half_even(sum of (q_x - z_x) * m) + z_y                                     m = s_x / (s_y
 * * n) Concat, Relu: a table gives each input code its output code
 */
#include <math.h>
#include <string.h>

#include "exec/unit.h"

static int32_t code_at(const oq_array *array, size_t i)
{
    return array->dtype == OQ_INT8 ? ((const int8_t *)array->data)[i] : ((const uint8_t *)array->data)[i];
}

static uint8_t to_code(const oq_unit *unit, float x)
{
    float code = nearbyintf(x) + (float)unit->y.zero_point;

    if (!(code > (float)unit->lo))
        return (uint8_t)unit->lo;
    return code >= (float)unit->hi ? (uint8_t)unit->hi : (uint8_t)(int32_t)code;
}

/* ---- Add, Mul */

/* Walks a broadcast: index into each input for every output element in order. */
typedef struct walk {
    int rank;
    int64_t dims[OQ_MAX_RANK], at[OQ_MAX_RANK];
    size_t step[2][OQ_MAX_RANK], index[2];
} walk;

static void set_steps(walk *w, int side, const oq_array *array)
{
    size_t step = 1;

    for (int d = w->rank - 1, e = array->rank - 1; e >= 0; d--, e--) {
        w->step[side][d] = array->dims[e] == 1 ? 0 : step;
        step *= (size_t)array->dims[e];
    }
}

static void advance(walk *w)
{
    for (int d = w->rank - 1; d >= 0; d--) {
        for (int side = 0; side < 2; side++)
            w->index[side] += w->step[side][d];
        if (++w->at[d] < w->dims[d])
            return;
        w->at[d] = 0;
        for (int side = 0; side < 2; side++)
            w->index[side] -= w->step[side][d] * (size_t)w->dims[d];
    }
}

static float add_codes(const oq_unit *unit, int32_t a, int32_t b)
{
    float ra = unit->x[0].scale / unit->y.scale, rb = unit->x[1].scale / unit->y.scale;

    return (float)(a - unit->x[0].zero_point) * ra + (float)(b - unit->x[1].zero_point) * rb;
}

static float multiply_codes(const oq_unit *unit, int32_t a, int32_t b)
{
    float m = unit->x[0].scale * unit->x[1].scale / unit->y.scale;

    return (float)((a - unit->x[0].zero_point) * (b - unit->x[1].zero_point)) * m;
}

static oq_status run_pair(oq_run *ctx, float (*combine)(const oq_unit *unit, int32_t a, int32_t b))
{
    const oq_unit *unit = ctx->state;
    const oq_array *a = ctx->in[0], *b = ctx->in[1];
    walk w = {.rank = 0};
    uint8_t *y;

    OQ_TRY(oq_check_codes(ctx, ctx->n_in));
    if (!oq_broadcast_dims(a, b, w.dims, &w.rank))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "inputs of rank %d and %d do not broadcast", a->rank, b->rank);
    y = oq_out(ctx, 0, unit->y.dtype, w.dims, w.rank);
    if (!y)
        return ctx->status;
    set_steps(&w, 0, a);
    set_steps(&w, 1, b);
    for (size_t i = 0; i < ctx->out[0].n; i++) {
        y[i] = to_code(unit, combine(unit, code_at(a, w.index[0]), code_at(b, w.index[1])));
        advance(&w);
    }
    return OQ_OK;
}

static oq_status run_add(oq_run *ctx)
{
    return run_pair(ctx, add_codes);
}

static oq_status run_mul(oq_run *ctx)
{
    return run_pair(ctx, multiply_codes);
}

/* ---- tables */

static void look_up(const uint8_t *table, const uint8_t *from, size_t n, uint8_t *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = table[from[i]];
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

        for (size_t o = 0; o < outer; o++)
            look_up(unit->tables + 256 * i, (const uint8_t *)ctx->in[i]->data + o * part, part,
                    y + o * row + at);
        at += part;
    }
    return OQ_OK;
}

/* ---- average pools */

static uint8_t average(const oq_unit *unit, int64_t sum, size_t n)
{
    /* Equal scales cancel: a product would round, and move the ties of an average. */
    float m =
        unit->x[0].scale == unit->y.scale ? 1.0f / (float)n : unit->x[0].scale / (unit->y.scale * (float)n);

    return to_code(unit, (float)sum * m);
}

static oq_status run_global_pool(oq_run *ctx)
{
    const oq_unit *unit = ctx->state;
    const oq_array *in = ctx->in[0];
    int64_t dims[OQ_MAX_RANK] = {0};
    size_t pixels;
    uint8_t *y;

    OQ_TRY(oq_check_codes(ctx, ctx->n_in));
    if (in->rank < 3)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input of rank %d has no spatial axes", in->rank);
    for (int d = 0; d < in->rank; d++)
        dims[d] = d < 2 ? in->dims[d] : 1;
    pixels = oq_dims_product(in->dims, 2, in->rank);
    y = oq_out(ctx, 0, unit->y.dtype, dims, in->rank);
    if (!y)
        return ctx->status;
    for (size_t c = 0; c < ctx->out[0].n; c++) {
        int64_t sum = 0;

        for (size_t i = 0; i < pixels; i++)
            sum += code_at(in, c * pixels + i) - unit->x[0].zero_point;
        y[c] = average(unit, sum, pixels ? pixels : 1);
    }
    return OQ_OK;
}

/* One plane of a pool, spatial axes widened to three. */
typedef struct plane {
    int64_t in[3], out[3], kernel[3], stride[3], dilation[3], pad[3], pad_end[3];
} plane;

static void widen(int64_t *to, const int64_t *from, int rank, int64_t fill)
{
    for (int i = 0; i < 3; i++)
        to[i] = i < 3 - rank ? fill : from[i - (3 - rank)];
}

/* Positions of the window along axis i at output o that lie inside, and those inside or in the padding. */
static bool is_at(const plane *p, int i, int64_t o, int64_t k, int64_t *at, bool *is_padded)
{
    *at = o * p->stride[i] - p->pad[i] + k * p->dilation[i];
    *is_padded = *at < p->in[i] + p->pad_end[i];
    return *at >= 0 && *at < p->in[i];
}

static uint8_t pool_window(const oq_unit *unit, const plane *p, const oq_array *in, size_t first,
                           const int64_t o[3])
{
    int64_t k[3], at[3];
    size_t n_inside = 0, n_all = 0;
    int64_t sum = 0;

    for (k[0] = 0; k[0] < p->kernel[0]; k[0]++) {
        for (k[1] = 0; k[1] < p->kernel[1]; k[1]++) {
            for (k[2] = 0; k[2] < p->kernel[2]; k[2]++) {
                bool is_inside = true, is_padded = true, padded;

                for (int i = 0; i < 3; i++) {
                    is_inside &= is_at(p, i, o[i], k[i], &at[i], &padded);
                    is_padded &= padded;
                }
                n_all += is_padded;
                if (!is_inside)
                    continue;
                n_inside++;
                sum += code_at(in, first + (size_t)((at[0] * p->in[1] + at[1]) * p->in[2] + at[2])) -
                       unit->x[0].zero_point;
            }
        }
    }
    n_all = unit->count_padding ? n_all : n_inside;
    return average(unit, sum, n_all ? n_all : 1);
}

static oq_status pool_shape(oq_run *ctx, const oq_unit *unit, int64_t *dims, plane *p)
{
    const oq_array *in = ctx->in[0];
    int64_t pad[OQ_WINDOW_RANK] = {0}, pad_end[OQ_WINDOW_RANK] = {0};
    const oq_window *w = &unit->window;
    int rank = in->rank - 2;

    if (rank != w->rank)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input of rank %d does not go with a window of rank %d", in->rank, w->rank);
    dims[0] = in->dims[0];
    dims[1] = in->dims[1];
    OQ_TRY(oq_window_outputs(w, ctx->node, in->dims + 2, dims + 2, pad, ctx->diag));
    for (int i = 0; i < rank; i++) /* what the last window reaches over the end is padding */
        pad_end[i] = (dims[i + 2] - 1) * w->stride[i] + w->dilation[i] * (w->kernel[i] - 1) + 1 - pad[i];
    widen(p->in, in->dims + 2, rank, 1);
    for (int i = 0; i < rank; i++)
        pad_end[i] = pad_end[i] > in->dims[i + 2] ? pad_end[i] - in->dims[i + 2] : 0;
    widen(p->out, dims + 2, rank, 1);
    widen(p->kernel, w->kernel, rank, 1);
    widen(p->stride, w->stride, rank, 1);
    widen(p->dilation, w->dilation, rank, 1);
    widen(p->pad, pad, rank, 0);
    widen(p->pad_end, pad_end, rank, 0);
    return OQ_OK;
}

static oq_status run_pool(oq_run *ctx)
{
    const oq_unit *unit = ctx->state;
    const oq_array *in = ctx->in[0];
    int64_t dims[OQ_MAX_RANK], o[3];
    size_t pixels;
    plane p;
    uint8_t *y;

    OQ_TRY(oq_check_codes(ctx, ctx->n_in));
    OQ_TRY(pool_shape(ctx, unit, dims, &p));
    pixels = oq_dims_product(in->dims, 2, in->rank);
    y = oq_out(ctx, 0, unit->y.dtype, dims, in->rank);
    if (!y)
        return ctx->status;
    for (size_t c = 0; c < (size_t)(dims[0] * dims[1]); c++) {
        for (o[0] = 0; o[0] < p.out[0]; o[0]++) {
            for (o[1] = 0; o[1] < p.out[1]; o[1]++) {
                for (o[2] = 0; o[2] < p.out[2]; o[2]++)
                    *y++ = pool_window(unit, &p, in, c * pixels, o);
            }
        }
    }
    return OQ_OK;
}

#define UNIT(text, function)                                         \
    {                                                                \
        .name = (text), .domain = "onnxq.integer", .run = (function) \
    }

const oq_op oq_unit_add = UNIT("Add", run_add);
const oq_op oq_unit_mul = UNIT("Mul", run_mul);
const oq_op oq_unit_concat = UNIT("Concat", run_concat);
const oq_op oq_unit_table = UNIT("Relu", run_table);
const oq_op oq_unit_pool = UNIT("AveragePool", run_pool);
const oq_op oq_unit_global_pool = UNIT("GlobalAveragePool", run_global_pool);
