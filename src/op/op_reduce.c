/* op_reduce: ReduceMean, ReduceSum and their kin. The input is seen as [outer][n][inner] and reduced over n;
 * axes that do not lie together are moved to the end first.
 *
 * Of nothing: a sum is 0, a product 1, a maximum the least number of the type, a minimum the greatest, a
 * float mean NaN. Integer sums and products wrap around; an integer mean is cut toward zero.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "kernel/kernel.h"
#include "op/families.h"
#include "op/floats.h"
#include "op/op_axes.h"
#include "op/op_elems.h"
#include "op/op_strided.h"

typedef enum { SUM, MEAN, MAX, MIN, PROD, L1, L2, SUM_SQUARE, LOG_SUM, LOG_SUM_EXP } reduction;

/* ------------------------------------------------------------------ infer */

/* Reducing no axes at all by an empty list: all of them, or none with noop_with_empty_axes. */
static bool reduces_nothing(const oq_node *node, const oq_axes *axes)
{
    return axes->n == 0 && oq_node_int(node, "noop_with_empty_axes", 0) != 0;
}

static void reduce_elems(oq_infer *ctx, oq_elem_op op)
{
    const oq_elems *elems = oq_in_elems(ctx, 0);
    oq_elem result;

    if (!elems || elems->n == 0 || op == OQ_ELEM_NONE || ctx->out[0].shape.rank != 0)
        return;
    result = elems->e[0];
    for (int k = 1; k < elems->n; k++)
        result = oq_elem_binary(op, result, elems->e[k]);
    oq_set_elems(ctx, 0, 1, &result);
}

static oq_status infer_reduce(oq_infer *ctx, int input, oq_elem_op op)
{
    const oq_shape *in = &ctx->in[0].shape;
    bool keeps = oq_node_int(ctx->node, "keepdims", 1) != 0, marks[OQ_MAX_RANK];
    oq_shape out = oq_shape_scalar();
    int64_t bad;
    oq_axes axes;

    ctx->out[0] = (oq_type){ctx->in[0].dtype, oq_shape_unknown()};
    OQ_TRY(oq_axes_infer(ctx, input, &axes));
    if (in->rank < 0)
        return OQ_OK;
    if (!axes.is_known) {
        if (keeps)
            ctx->out[0].shape = oq_shape_ranked(in->rank);
        return OQ_OK;
    }
    if (!oq_axes_mark(&axes, in->rank, marks, &bad))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside a rank %d input", bad, in->rank);
    for (int i = 0; i < in->rank; i++) {
        bool goes = axes.n ? marks[i] : !reduces_nothing(ctx->node, &axes);

        if (!goes)
            out.dims[out.rank++] = in->dims[i];
        else if (keeps)
            out.dims[out.rank++] = oq_dim_of(1);
    }
    ctx->out[0].shape = out;
    if (!reduces_nothing(ctx->node, &axes))
        reduce_elems(ctx, op);
    return OQ_OK;
}

/* ------------------------------------------------------------------ the view */

typedef struct {
    int64_t dims[OQ_MAX_RANK]; /* of the result */
    int rank;
    size_t outer, n, inner;
    bool is_noop;
    bool is_moved;          /* the reduced axes were moved to the end: see order */
    int order[OQ_MAX_RANK]; /* axes of the input: the kept ones, then the reduced ones */
} view;

static oq_status make_view(oq_run *ctx, int input, view *v)
{
    const oq_array *in = ctx->in[0];
    bool keeps = oq_node_int(ctx->node, "keepdims", 1) != 0, marks[OQ_MAX_RANK];
    int first = -1, last = -1, n_kept = 0, n_gone = 0;
    int64_t bad;
    oq_axes axes;

    OQ_TRY(oq_axes_run(ctx, input, &axes));
    if (!oq_axes_mark(&axes, in->rank, marks, &bad))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %" PRId64 " is outside a rank %d input", bad, in->rank);
    *v = (view){.outer = 1, .n = 1, .inner = 1, .is_noop = reduces_nothing(ctx->node, &axes)};
    for (int i = 0; i < in->rank; i++) {
        if (axes.n == 0)
            marks[i] = !v->is_noop;
        if (!marks[i] || keeps)
            v->dims[v->rank++] = marks[i] ? 1 : in->dims[i];
        if (marks[i] && in->dims[i] != 1) {
            first = first < 0 ? i : first;
            last = i;
        }
        n_kept += !marks[i];
    }
    for (int i = 0, kept = 0; i < in->rank; i++) {
        v->order[marks[i] ? n_kept + n_gone++ : kept++] = i;
        if (marks[i])
            v->n *= (size_t)in->dims[i];
        else if (first >= 0 && i < first)
            v->outer *= (size_t)in->dims[i];
        else
            v->inner *= (size_t)in->dims[i];
        if (!marks[i] && in->dims[i] != 1 && i > first && i < last)
            v->is_moved = true;
    }
    if (v->is_moved) {
        v->outer *= v->inner;
        v->inner = 1;
    }
    return OQ_OK;
}

/* Elements in the order of the view; from: contiguous elements of input 0 in some type of that size. */
static const void *ordered(oq_run *ctx, const view *v, const void *from, size_t size)
{
    const oq_array *in = ctx->in[0];
    int64_t step[OQ_MAX_RANK], to[OQ_MAX_RANK], dims[OQ_MAX_RANK];
    oq_strided block = {.rank = 0};
    void *copy;

    if (!v->is_moved)
        return from;
    copy = oq_scratch(ctx, in->n * size);
    if (!copy)
        return NULL;
    for (int i = 0; i < in->rank; i++)
        dims[i] = in->dims[v->order[i]];
    oq_contiguous_steps(in->dims, in->rank, step);
    oq_contiguous_steps(dims, in->rank, to);
    for (int i = 0; i < in->rank; i++)
        oq_strided_add(&block, dims[i], to[i], step[v->order[i]]);
    oq_strided_copy(&block, copy, from, size, ctx->pool);
    return copy;
}

/* ------------------------------------------------------------------ float32 */

static void products(const float *x, const view *v, float *y)
{
    for (size_t o = 0; o < v->outer; o++, x += v->n * v->inner, y += v->inner) {
        for (size_t i = 0; i < v->inner; i++)
            y[i] = 1.0f;
        for (size_t k = 0; k < v->n; k++) {
            for (size_t i = 0; i < v->inner; i++)
                y[i] *= x[k * v->inner + i];
        }
    }
}

/* log(sum exp(x)) = m + log(sum exp(x - m)) with m the greatest, so that nothing overflows. */
static oq_status log_sum_exp(oq_run *ctx, const oq_kernels *kernels, const float *x, const view *v, float *y)
{
    size_t n = v->outer * v->n * v->inner, n_out = v->outer * v->inner;
    float *shifted = oq_scratch(ctx, n * sizeof *shifted), *sums = oq_scratch(ctx, n_out * sizeof *sums);

    if (!shifted || !sums)
        return ctx->status;
    kernels->reduce->strided[OQ_REDUCE_MAX](x, v->outer, v->n, v->inner, y);
    for (size_t i = 0; i < n_out; i++)
        y[i] = isinf(y[i]) && y[i] < 0 ? 0.0f : y[i]; /* -inf - -inf would be NaN */
    for (size_t o = 0, at = 0; o < v->outer; o++) {
        for (size_t k = 0; k < v->n; k++) {
            for (size_t i = 0; i < v->inner; i++, at++)
                shifted[at] = x[at] == y[o * v->inner + i] ? 0.0f : x[at] - y[o * v->inner + i];
        }
    }
    kernels->math->unary[OQ_EXP](shifted, shifted, n);
    kernels->reduce->strided[OQ_REDUCE_SUM](shifted, v->outer, v->n, v->inner, sums);
    kernels->math->unary[OQ_LOG](sums, sums, n_out);
    kernels->math->binary[OQ_ADD](sums, y, y, n_out);
    return OQ_OK;
}

static oq_status reduce_f32(oq_run *ctx, reduction op, const float *x, const view *v, float *y)
{
    static const oq_reduce kernel_of[] = {
        [SUM] = OQ_REDUCE_SUM,     [MEAN] = OQ_REDUCE_SUM,
        [MAX] = OQ_REDUCE_MAX,     [MIN] = OQ_REDUCE_MIN,
        [L1] = OQ_REDUCE_SUM_ABS,  [L2] = OQ_REDUCE_SUM_SQUARES,
        [LOG_SUM] = OQ_REDUCE_SUM, [SUM_SQUARE] = OQ_REDUCE_SUM_SQUARES,
    };
    const oq_kernels *kernels = oq_kernels_best();
    size_t n_out = v->outer * v->inner;

    if (op == LOG_SUM_EXP)
        return log_sum_exp(ctx, kernels, x, v, y);
    if (op == PROD) {
        products(x, v, y);
        return OQ_OK;
    }
    kernels->reduce->strided[kernel_of[op]](x, v->outer, v->n, v->inner, y);
    if (op == MEAN)
        kernels->math->binary_scalar[OQ_DIV](y, (float)v->n, y, n_out);
    else if (op == L2)
        kernels->math->unary[OQ_SQRT](y, y, n_out);
    else if (op == LOG_SUM)
        kernels->math->unary[OQ_LOG](y, y, n_out);
    return OQ_OK;
}

/* ------------------------------------------------------------------ double */

static double reduce_one_f64(reduction op, const double *x, size_t n, size_t step)
{
    double y = op == MAX || op == LOG_SUM_EXP ? -INFINITY
               : op == MIN                    ? INFINITY
               : op == PROD                   ? 1.0
                                              : 0.0,
           sum = 0;

    for (size_t k = 0; k < n; k++) {
        double e = x[k * step];

        switch (op) {
        case MAX:
        case LOG_SUM_EXP: y = e > y || e != e ? e : y; break;
        case MIN: y = e < y || e != e ? e : y; break;
        case PROD: y *= e; break;
        case L1: y += fabs(e); break;
        case L2:
        case SUM_SQUARE: y += e * e; break;
        default: y += e; break;
        }
    }
    switch (op) {
    case MEAN: return y / (double)n;
    case L2: return sqrt(y);
    case LOG_SUM: return log(y);
    case LOG_SUM_EXP:
        for (size_t k = 0; k < n; k++)
            sum += isinf(y) ? exp(x[k * step]) : exp(x[k * step] - y);
        return isinf(y) ? log(sum) : y + log(sum);
    default: return y;
    }
}

static void reduce_f64(reduction op, const double *x, const view *v, double *y)
{
    for (size_t o = 0; o < v->outer; o++) {
        for (size_t i = 0; i < v->inner; i++)
            *y++ = reduce_one_f64(op, x + o * v->n * v->inner + i, v->n, v->inner);
    }
}

/* ------------------------------------------------------------------ integers and bool */

/* The value a maximum (minimum) of nothing has: the type's least (greatest) number. */
static int64_t extreme_of_nothing(reduction op, oq_dtype dtype)
{
    int64_t qmin, qmax;

    oq_dtype_limits(dtype, &qmin, &qmax);
    if (dtype == OQ_BOOL)
        qmax = 1;
    if (dtype == OQ_UINT64)
        qmax = -1; /* all bits */
    return op == MAX ? qmin : qmax;
}

static int64_t reduce_one_integer(reduction op, const oq_array *x, size_t first, size_t n, size_t step)
{
    uint64_t y = op == PROD;
    bool is_unsigned = x->dtype == OQ_UINT64;

    if (op == MAX || op == MIN)
        y = (uint64_t)extreme_of_nothing(op, x->dtype);
    for (size_t k = 0; k < n; k++) {
        int64_t e = oq_array_int(x, first + k * step);
        bool is_less = is_unsigned ? (uint64_t)e < y : e < (int64_t)y;

        switch (op) {
        case MAX: y = is_less ? y : (uint64_t)e; break;
        case MIN: y = is_less ? (uint64_t)e : y; break;
        case PROD: y *= (uint64_t)e; break;
        case L1: y += !is_unsigned && e < 0 ? 0 - (uint64_t)e : (uint64_t)e; break;
        case L2:
        case SUM_SQUARE: y += (uint64_t)e * (uint64_t)e; break;
        case LOG_SUM_EXP: break;
        default: y += (uint64_t)e; break;
        }
    }
    switch (op) {
    case MEAN: return n == 0 ? 0 : is_unsigned ? (int64_t)(y / n) : (int64_t)y / (int64_t)n;
    case L2: return (int64_t)sqrt((double)y);
    default: return (int64_t)y;
    }
}

/* Logarithms of integers: computed in double, cut toward zero. */
static int64_t log_integers(reduction op, const oq_array *x, size_t first, size_t n, size_t step)
{
    double sum = 0, result;

    for (size_t k = 0; k < n; k++) {
        double e = (double)oq_array_int(x, first + k * step);

        sum += op == LOG_SUM_EXP ? exp(e) : e;
    }
    result = log(sum);
    return result > -0x1p62 && result < 0x1p62 ? (int64_t)result : 0;
}

static void reduce_integers(reduction op, const oq_array *x, const view *v, char *out)
{
    size_t size = oq_elem_size(x->dtype);

    for (size_t o = 0; o < v->outer; o++) {
        for (size_t i = 0; i < v->inner; i++, out += size) {
            size_t first = o * v->n * v->inner + i;
            int64_t y = op >= LOG_SUM ? log_integers(op, x, first, v->n, v->inner)
                                      : reduce_one_integer(op, x, first, v->n, v->inner);

            memcpy(out, &y, size); /* little-endian: the low bytes */
        }
    }
}

/* ------------------------------------------------------------------ run */

static oq_status run_floats(oq_run *ctx, reduction op, const view *v)
{
    const float *x = oq_floats_in(ctx, 0);
    float *y = oq_floats_out(ctx, 0, ctx->in[0]->dtype, v->dims, v->rank);

    if (!x || !y)
        return ctx->status;
    x = ordered(ctx, v, x, sizeof *x);
    if (!x)
        return ctx->status;
    OQ_TRY(reduce_f32(ctx, op, x, v, y));
    oq_floats_done(ctx, 0, y);
    return OQ_OK;
}

/* Of a single element the reduction gives that element; the others still take its square, magnitude or
 * logarithm. */
static bool passes_on(reduction op)
{
    return op == SUM || op == MEAN || op == MAX || op == MIN || op == PROD || op == LOG_SUM_EXP;
}

static oq_status run_reduce(oq_run *ctx, int input, reduction op)
{
    const oq_array *in = ctx->in[0];
    oq_array x = *in;
    void *out;
    view v = {0};

    OQ_TRY(make_view(ctx, input, &v));
    if (v.is_noop && passes_on(op))
        return oq_out_alias(ctx, 0, 0, in->dims, in->rank) ? OQ_OK : ctx->status;
    if (!(OQ_T(in->dtype) & (OQ_T_NUMBERS | OQ_T(OQ_BOOL))))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "not computed for elements of type %s", oq_dtype_name(in->dtype));
    if (oq_dtype_is_float(in->dtype) && in->dtype != OQ_DOUBLE)
        return run_floats(ctx, op, &v);
    out = oq_out(ctx, 0, in->dtype, v.dims, v.rank);
    if (!out)
        return ctx->status;
    if (v.is_moved) {
        const void *moved = ordered(ctx, &v, in->data, oq_elem_size(in->dtype));

        if (!moved)
            return ctx->status;
        x.data = (void *)(uintptr_t)moved;
    }
    if (in->dtype == OQ_DOUBLE)
        reduce_f64(op, x.data, &v, out);
    else
        reduce_integers(op, &x, &v, out);
    return OQ_OK;
}

/* ------------------------------------------------------------------ the rows */

/* Per operator: with axes as attribute, and as input 1. */
#define OPERATOR(name, op, elem_op)                           \
    static oq_status infer_##name##_attribute(oq_infer *ctx)  \
    {                                                         \
        return infer_reduce(ctx, OQ_AXES_ATTRIBUTE, elem_op); \
    }                                                         \
    static oq_status infer_##name##_input(oq_infer *ctx)      \
    {                                                         \
        return infer_reduce(ctx, 1, elem_op);                 \
    }                                                         \
    static oq_status run_##name##_attribute(oq_run *ctx)      \
    {                                                         \
        return run_reduce(ctx, OQ_AXES_ATTRIBUTE, op);        \
    }                                                         \
    static oq_status run_##name##_input(oq_run *ctx)          \
    {                                                         \
        return run_reduce(ctx, 1, op);                        \
    }

/* clang-format off */
OPERATOR(l1, L1, OQ_ELEM_NONE)
OPERATOR(l2, L2, OQ_ELEM_NONE)
OPERATOR(log_sum, LOG_SUM, OQ_ELEM_NONE)
OPERATOR(log_sum_exp, LOG_SUM_EXP, OQ_ELEM_NONE)
OPERATOR(max, MAX, OQ_ELEM_MAX)
OPERATOR(mean, MEAN, OQ_ELEM_NONE)
OPERATOR(min, MIN, OQ_ELEM_MIN)
OPERATOR(prod, PROD, OQ_ELEM_MUL)
OPERATOR(sum, SUM, OQ_ELEM_ADD)
OPERATOR(sum_square, SUM_SQUARE, OQ_ELEM_NONE)

#define ROWS(name, fn, changed, types)                                                                        \
    {name, "", 1, 1, 1, 1, 1, types, infer_##fn##_attribute, NULL, run_##fn##_attribute, OQ_RULE_ELEMENTWISE, -1, -1, 0, OQ_LAYOUT_AXIS}, \
    {name, "", changed, 1, 2, 1, 1, types, infer_##fn##_input, NULL, run_##fn##_input, OQ_RULE_ELEMENTWISE, -1, -1, 0, OQ_LAYOUT_AXIS}
#define WITH_BOOL (OQ_T_NUMBERS | OQ_T(OQ_BOOL))

const oq_op oq_ops_reduce[] = {
    ROWS("ReduceL1", l1, 18, OQ_T_NUMBERS),
    ROWS("ReduceL2", l2, 18, OQ_T_NUMBERS),
    ROWS("ReduceLogSum", log_sum, 18, OQ_T_NUMBERS),
    ROWS("ReduceLogSumExp", log_sum_exp, 18, OQ_T_NUMBERS),
    ROWS("ReduceMax", max, 18, WITH_BOOL),
    ROWS("ReduceMean", mean, 18, OQ_T_NUMBERS),
    ROWS("ReduceMin", min, 18, WITH_BOOL),
    ROWS("ReduceProd", prod, 18, OQ_T_NUMBERS),
    ROWS("ReduceSum", sum, 13, OQ_T_NUMBERS),
    ROWS("ReduceSumSquare", sum_square, 18, OQ_T_NUMBERS),
    {.name = NULL},
};
/* clang-format on */
