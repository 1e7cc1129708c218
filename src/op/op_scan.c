/* op_scan: operators that walk along one axis: ArgMax, ArgMin, CumProd, CumSum. */
#include <inttypes.h>
#include <string.h>

#include "op/families.h"
#include "op/floats.h"
#include "op/op_elementwise.h"
#include "op/op_elems.h"
#include "op/op_move.h"
#include "op/parts.h"

/* ------------------------------------------------------------------ ArgMax, ArgMin */

static oq_status infer_arg(oq_infer *ctx)
{
    const oq_shape *in = &ctx->in[0].shape;
    bool keeps = oq_node_int(ctx->node, "keepdims", 1) != 0;
    oq_shape out = oq_shape_scalar();
    int axis;

    ctx->out[0] = (oq_type){OQ_INT64, oq_shape_unknown()};
    if (in->rank < 0)
        return OQ_OK;
    OQ_TRY(oq_infer_axis(ctx, 0, in->rank, &axis));
    for (int i = 0; i < in->rank; i++) {
        if (i != axis || keeps)
            out.dims[out.rank++] = i == axis ? oq_dim_of(1) : in->dims[i];
    }
    ctx->out[0].shape = out;
    return OQ_OK;
}

/* Index of the extreme of n elements `step` apart: the first, or the last of equal ones. NaN is never above
 * or below another number. */
#define SEARCH(T)                                                              \
    do {                                                                       \
        const T *x = (const T *)data + first;                                  \
        T best = x[0];                                                         \
                                                                               \
        for (size_t k = 1; k < n; k++) {                                       \
            T e = x[k * step];                                                 \
            if ((is_max ? e > best : e < best) || (takes_last && e == best)) { \
                best = e;                                                      \
                at = k;                                                        \
            }                                                                  \
        }                                                                      \
    } while (0)

static int64_t search(oq_dtype dtype, const void *data, size_t first, size_t n, size_t step, bool is_max,
                      bool takes_last)
{
    size_t at = 0;

    switch (dtype) {
    case OQ_FLOAT: SEARCH(float); break;
    case OQ_DOUBLE: SEARCH(double); break;
    case OQ_INT8: SEARCH(int8_t); break;
    case OQ_INT16: SEARCH(int16_t); break;
    case OQ_INT32: SEARCH(int32_t); break;
    case OQ_INT64: SEARCH(int64_t); break;
    case OQ_UINT8: SEARCH(uint8_t); break;
    case OQ_UINT16: SEARCH(uint16_t); break;
    case OQ_UINT32: SEARCH(uint32_t); break;
    default: SEARCH(uint64_t); break;
    }
    return (int64_t)at;
}

typedef struct {
    const oq_array *x;
    size_t n, inner;
    bool is_max, takes_last;
    int64_t *out;
} arg_job;

static void search_part(void *arg, size_t first, size_t n)
{
    const arg_job *j = arg;

    for (size_t i = first; i < first + n; i++)
        j->out[i] = search(j->x->dtype, j->x->data, i / j->inner * j->n * j->inner + i % j->inner, j->n,
                           j->inner, j->is_max, j->takes_last);
}

static oq_status run_arg(oq_run *ctx, bool is_max)
{
    const oq_array *in = ctx->in[0];
    bool keeps = oq_node_int(ctx->node, "keepdims", 1) != 0;
    bool takes_last = oq_node_int(ctx->node, "select_last_index", 0) != 0;
    int64_t dims[OQ_MAX_RANK], *out;
    oq_array x;
    size_t outer, n, inner;
    int axis, rank = 0;

    OQ_TRY(oq_run_axis(ctx, 0, in->rank, &axis));
    if (!(OQ_T(in->dtype) & OQ_T_NUMBERS))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "not computed for elements of type %s", oq_dtype_name(in->dtype));
    OQ_TRY(oq_as_float32(ctx, in, &x));
    for (int i = 0; i < in->rank; i++) {
        if (i != axis || keeps)
            dims[rank++] = i == axis ? 1 : in->dims[i];
    }
    outer = oq_dims_product(in->dims, 0, axis);
    n = (size_t)in->dims[axis];
    inner = oq_dims_product(in->dims, axis + 1, in->rank);
    if (n == 0 && outer * inner > 0)
        OQ_OP_FAIL(ctx, OQ_RANGE, "axis %d is empty: there is no extreme", axis);
    out = oq_out(ctx, 0, OQ_INT64, dims, rank);
    if (!out)
        return ctx->status;
    oq_in_parts(ctx->pool, outer * inner, search_part, &(arg_job){&x, n, inner, is_max, takes_last, out});
    return OQ_OK;
}

static oq_status run_arg_max(oq_run *ctx)
{
    return run_arg(ctx, true);
}

static oq_status run_arg_min(oq_run *ctx)
{
    return run_arg(ctx, false);
}

/* ------------------------------------------------------------------ CumProd, CumSum */

static oq_status infer_cumulative(oq_infer *ctx)
{
    ctx->out[0] = ctx->in[0];
    return OQ_OK;
}

typedef struct {
    oq_loop_fn *combine;
    size_t size, n, inner; /* bytes of an element, rows, elements of a row */
    bool is_exclusive, is_reverse;
    uint64_t neutral; /* the element that changes nothing: 0, or 1 in its type */
} cumulation;

/* Rows of `inner` elements: each is the one before it combined with its own input (or that of the row
 * before). */
static void cumulate(const cumulation *c, const char *from, char *to)
{
    size_t bytes = c->inner * c->size;

    for (size_t k = 0; k < c->n; k++) {
        size_t row = (c->is_reverse ? c->n - 1 - k : k) * bytes;
        size_t before = c->is_reverse ? row + bytes : row - bytes;

        if (k == 0 && c->is_exclusive)
            for (size_t i = 0; i < c->inner; i++)
                memcpy(to + row + i * c->size, &c->neutral, c->size);
        else if (k == 0)
            memcpy(to + row, from + row, bytes);
        else
            c->combine(to + row, to + before, from + (c->is_exclusive ? before : row), c->inner, 1, 1);
    }
}

/* The bits of 1; integers are little-endian, so that their first bytes are the number. */
static uint64_t one_of(oq_dtype dtype)
{
    uint64_t bits = 1;

    if (dtype == OQ_DOUBLE)
        memcpy(&bits, &(double){1.0}, sizeof(double));
    else if (dtype == OQ_FLOAT)
        memcpy(&bits, &(float){1.0f}, sizeof(float));
    return bits;
}

static oq_status run_cumulative(oq_run *ctx, oq_loop loop)
{
    const oq_array *in = ctx->in[0], *axis_in = ctx->in[1];
    cumulation c = {.is_exclusive = oq_node_int(ctx->node, "exclusive", 0) != 0,
                    .is_reverse = oq_node_int(ctx->node, "reverse", 0) != 0};
    size_t outer;
    oq_array x;
    char *out, *result;
    int axis;

    if (axis_in->n != 1 || !oq_axis_normalize(oq_array_int(axis_in, 0), in->rank, &axis))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its axis is outside a rank %d input", in->rank);
    OQ_TRY(oq_as_float32(ctx, in, &x));
    c.combine = oq_loop_for(loop, x.dtype);
    if (!c.combine)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "not computed for elements of type %s", oq_dtype_name(in->dtype));
    c.size = oq_elem_size(x.dtype);
    c.neutral = loop == OQ_LOOP_MUL ? one_of(x.dtype) : 0;
    out = oq_out_like(ctx, 0, in);
    result = x.dtype == in->dtype ? out : oq_scratch(ctx, in->n * c.size);
    if (!out || !result)
        return oq_run_failure(ctx);
    outer = oq_dims_product(in->dims, 0, axis);
    c.n = (size_t)in->dims[axis];
    c.inner = oq_dims_product(in->dims, axis + 1, in->rank);
    for (size_t o = 0; in->n && o < outer; o++)
        cumulate(&c, (const char *)x.data + o * c.n * c.inner * c.size, result + o * c.n * c.inner * c.size);
    if (result != out)
        oq_from_floats((const float *)(const void *)result, in->dtype, out, in->n);
    return OQ_OK;
}

static oq_status run_cum_prod(oq_run *ctx)
{
    return run_cumulative(ctx, OQ_LOOP_MUL);
}

static oq_status run_cum_sum(oq_run *ctx)
{
    return run_cumulative(ctx, OQ_LOOP_ADD);
}

/* clang-format off */
const oq_op oq_ops_scan[] = {
    {"ArgMax", "", 1, 1, 1, 1, 1, OQ_T_NUMBERS, infer_arg, NULL, run_arg_max, OQ_RULE_NONE, -1, -1, 0, OQ_LAYOUT_AXIS},
    {"ArgMin", "", 1, 1, 1, 1, 1, OQ_T_NUMBERS, infer_arg, NULL, run_arg_min, OQ_RULE_NONE, -1, -1, 0, OQ_LAYOUT_AXIS},
    {"CumProd", "", 26, 2, 2, 1, 1, OQ_T_NUMBERS, infer_cumulative, NULL, run_cum_prod, OQ_RULE_NONE, -1, -1, 0},
    {"CumSum", "", 11, 2, 2, 1, 1, OQ_T_NUMBERS, infer_cumulative, NULL, run_cum_sum, OQ_RULE_NONE, -1, -1, 0},
    {.name = NULL},
};
/* clang-format on */
