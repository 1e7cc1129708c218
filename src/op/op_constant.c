/* op_constant: operators that make a tensor out of little: Constant, ConstantOfShape, Range, EyeLike, Expand.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "op/families.h"
#include "op/op_elems.h"
#include "op/op_strided.h"

/* ------------------------------------------------------------------ Constant */

/* What the one value attribute holds. data points into the attribute (maybe unaligned); false when there is
 * none we can read. */
typedef struct {
    oq_dtype dtype;
    int rank;
    const int64_t *dims; /* rank of them; NULL for the list kinds, whose one dim is n */
    size_t n;
    const void *data;
} constant_value;

static bool find_value(const oq_node *node, constant_value *out)
{
    static const struct {
        const char *name;
        oq_attr_kind kind;
        oq_dtype dtype;
        int rank;
    } forms[] = {
        {"value_float", OQ_ATTR_FLOAT, OQ_FLOAT, 0},    {"value_floats", OQ_ATTR_FLOATS, OQ_FLOAT, 1},
        {"value_int", OQ_ATTR_INT, OQ_INT64, 0},        {"value_ints", OQ_ATTR_INTS, OQ_INT64, 1},
        {"value_string", OQ_ATTR_STRING, OQ_STRING, 0}, {"value_strings", OQ_ATTR_STRINGS, OQ_STRING, 1},
    };
    const oq_attr *attr = oq_node_attr(node, "value");

    if (attr && attr->kind == OQ_ATTR_TENSOR && attr->tensor) {
        const oq_tensor *t = attr->tensor;

        *out = (constant_value){t->dtype, t->rank, t->dims, t->n_elements, t->data};
        return t->data != NULL || t->n_elements == 0;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        attr = oq_node_attr(node, forms[i].name);
        if (!attr || attr->kind != forms[i].kind)
            continue;
        *out = (constant_value){forms[i].dtype, forms[i].rank, NULL, forms[i].rank ? attr->n : 1, NULL};
        switch (forms[i].kind) {
        case OQ_ATTR_FLOAT: out->data = &attr->f; break;
        case OQ_ATTR_FLOATS: out->data = attr->floats; break;
        case OQ_ATTR_INT: out->data = &attr->i; break;
        case OQ_ATTR_INTS: out->data = attr->ints; break;
        case OQ_ATTR_STRING: out->data = &attr->s; break;
        default: out->data = attr->strings; break;
        }
        return true;
    }
    return false;
}

static oq_tensor view_of(const constant_value *value, const int64_t *dims)
{
    oq_tensor t = {.dtype = value->dtype, .rank = value->rank, .dims = dims, .n_elements = value->n};

    t.data = value->data;
    oq_dtype_bytes(value->dtype, value->n, &t.size);
    return t;
}

static oq_status infer_constant(oq_infer *ctx)
{
    constant_value value;
    int64_t dim;
    oq_tensor t;
    oq_elem e[OQ_MAX_ELEMS];

    if (!find_value(ctx->node, &value))
        return OQ_OK;
    dim = (int64_t)value.n;
    t = view_of(&value, value.dims ? value.dims : &dim);
    ctx->out[0].dtype = t.dtype;
    if (!oq_tensor_shape(&t, &ctx->out[0].shape))
        ctx->out[0].shape = oq_shape_unknown();
    if (t.rank > 1 || t.n_elements > OQ_MAX_ELEMS)
        return OQ_OK;
    for (size_t i = 0; i < t.n_elements; i++) {
        int64_t number;

        if (!oq_tensor_int(&t, i, &number))
            return OQ_OK;
        e[i] = oq_elem_known(number);
    }
    if (oq_dtype_is_integer(t.dtype) || t.dtype == OQ_BOOL)
        oq_set_elems(ctx, t.rank, (int)t.n_elements, e);
    return OQ_OK;
}

static oq_status run_constant(oq_run *ctx)
{
    constant_value value;
    int64_t dim;
    size_t size;
    void *out;

    if (!find_value(ctx->node, &value))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "no dense value in it (sparse values are not supported)");
    if (value.rank > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "a constant of rank %d; at most %d is possible", value.rank,
                   OQ_MAX_RANK);
    dim = (int64_t)value.n;
    out = oq_out(ctx, 0, value.dtype, value.dims ? value.dims : &dim, value.rank);
    if (!out)
        return ctx->status;
    if (oq_dtype_bytes(value.dtype, value.n, &size) && size)
        memcpy(out, value.data, size);
    return OQ_OK;
}

/* ------------------------------------------------------------------ ConstantOfShape */

/* Type and bytes of the fill value: float zero without the attribute. */
static oq_dtype fill_value(const oq_node *node, unsigned char *bytes)
{
    const oq_attr *attr = oq_node_attr(node, "value");
    const oq_tensor *t = attr && attr->kind == OQ_ATTR_TENSOR ? attr->tensor : NULL;

    memset(bytes, 0, sizeof(oq_string));
    if (!t || t->n_elements == 0 || t->size > sizeof(oq_string))
        return t ? t->dtype : OQ_FLOAT;
    memcpy(bytes, t->data, t->size);
    return t->dtype;
}

static oq_status infer_constant_of_shape(oq_infer *ctx)
{
    const oq_elems *wanted = oq_in_elems(ctx, 0);
    const oq_shape *in = &ctx->in[0].shape;
    unsigned char bytes[sizeof(oq_string)];
    oq_dtype dtype = fill_value(ctx->node, bytes);
    int64_t dims = 1, number;
    oq_elem e[OQ_MAX_ELEMS];
    oq_tensor t = {.dtype = dtype, .n_elements = 1, .data = bytes, .size = sizeof bytes};

    ctx->out[0].dtype = dtype;
    if (!wanted) {
        if (in->rank == 1 && in->dims[0].size >= 0)
            ctx->out[0].shape = oq_shape_ranked(in->dims[0].size > OQ_MAX_RANK ? -1 : (int)in->dims[0].size);
        return OQ_OK;
    }
    if (wanted->n > OQ_MAX_RANK)
        return OQ_OK;
    ctx->out[0].shape = oq_shape_ranked(wanted->n);
    for (int k = 0; k < wanted->n; k++) {
        if (wanted->e[k].is_known && wanted->e[k].value < 0)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "size %" PRId64 " at place %d is negative", wanted->e[k].value, k);
        ctx->out[0].shape.dims[k] = oq_dim_of_elem(wanted->e[k]);
        dims = ctx->out[0].shape.dims[k].size;
    }
    if (wanted->n > 1 || dims < 0 || dims > OQ_MAX_ELEMS || !oq_tensor_int(&t, 0, &number))
        return OQ_OK;
    for (int k = 0; k < dims; k++)
        e[k] = oq_elem_known(number);
    oq_set_elems(ctx, wanted->n, (int)dims, e);
    return OQ_OK;
}

/* Dims from an integer array; every one must be a size. */
static oq_status dims_from_input(oq_run *ctx, const oq_array *in, int64_t *dims, int *rank)
{
    if (in->n > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "a result of rank %zu; at most %d is possible", in->n, OQ_MAX_RANK);
    *rank = (int)in->n;
    for (size_t i = 0; i < in->n; i++) {
        dims[i] = oq_array_int(in, i);
        if (dims[i] < 0)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "size %" PRId64 " at place %zu is negative", dims[i], i);
    }
    return OQ_OK;
}

static oq_status run_constant_of_shape(oq_run *ctx)
{
    unsigned char bytes[sizeof(oq_string)];
    oq_dtype dtype = fill_value(ctx->node, bytes);
    size_t size = oq_elem_size(dtype);
    int64_t dims[OQ_MAX_RANK];
    int rank;
    char *out;

    OQ_TRY(dims_from_input(ctx, ctx->in[0], dims, &rank));
    if (size == 0) { /* packed: one code in every place of a byte */
        int bits = oq_dtype_bits(dtype);

        for (int at = bits; bits && at < 8; at += bits)
            bytes[0] |= (unsigned char)((bytes[0] & ((1u << bits) - 1)) << at);
    }
    out = oq_out(ctx, 0, dtype, dims, rank);
    if (!out)
        return ctx->status;
    if (size == 0) {
        memset(out, bytes[0], ctx->out[0].size);
    } else {
        oq_strided fill = {.rank = 0};

        oq_strided_add(&fill, (int64_t)ctx->out[0].n, 1, 0);
        oq_strided_copy(&fill, out, bytes, size, ctx->pool);
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ Range */

/* Number of elements; -1 when there is no room for them. delta is not 0. */
static int64_t int_count(int64_t start, int64_t limit, int64_t delta)
{
    uint64_t distance = delta > 0 ? (uint64_t)limit - (uint64_t)start : (uint64_t)start - (uint64_t)limit;
    uint64_t step = delta > 0 ? (uint64_t)delta : 0 - (uint64_t)delta;

    if (delta > 0 ? start >= limit : start <= limit)
        return 0;
    distance = (distance - 1) / step;
    return distance >= INT64_MAX ? -1 : (int64_t)distance + 1;
}

static oq_status infer_range(oq_infer *ctx)
{
    int64_t start, limit, delta, count;
    int n;
    oq_elem e[OQ_MAX_ELEMS];

    ctx->out[0] = (oq_type){ctx->in[0].dtype, oq_shape_ranked(1)};
    if (oq_dtype_is_float(ctx->in[0].dtype))
        return OQ_OK;
    if (oq_in_ints(ctx, 0, &start, &n) && oq_in_ints(ctx, 2, &delta, &n) && start == 0 && delta == 1 &&
        oq_in_elems(ctx, 1))
        ctx->out[0].shape.dims[0] = oq_dim_of_elem(oq_in_elems(ctx, 1)->e[0]);
    if (!oq_in_ints(ctx, 0, &start, &n) || !oq_in_ints(ctx, 1, &limit, &n) ||
        !oq_in_ints(ctx, 2, &delta, &n) || delta == 0 || n != 1)
        return OQ_OK;
    count = int_count(start, limit, delta);
    ctx->out[0].shape.dims[0] = count >= 0 ? oq_dim_of(count) : oq_dim_unknown();
    if (count < 0 || count > OQ_MAX_ELEMS)
        return OQ_OK;
    for (int64_t k = 0; k < count; k++)
        e[k] = oq_elem_known(start + k * delta);
    oq_set_elems(ctx, 1, (int)count, e);
    return OQ_OK;
}

/* Number of elements; -1 when it has no meaning or no room. */
static int64_t float_count(double start, double limit, double delta)
{
    double count = ceil((limit - start) / delta);

    return isnan(count) || count > 0x1p62 ? -1 : count < 0 ? 0 : (int64_t)count;
}

static oq_status range_floats(oq_run *ctx)
{
    oq_dtype dtype = ctx->in[0]->dtype;
    double v[3];
    int64_t count;
    void *out;

    for (int i = 0; i < 3; i++) {
        float f;

        if (dtype == OQ_DOUBLE) {
            v[i] = *(const double *)ctx->in[i]->data;
        } else {
            oq_to_floats(
                &(oq_array){.dtype = dtype, .n = 1, .data = ctx->in[i]->data, .size = ctx->in[i]->size}, &f);
            v[i] = f;
        }
    }
    count = v[2] == 0 ? -1 : float_count(v[0], v[1], v[2]);
    if (count < 0)
        OQ_OP_FAIL(ctx, OQ_RANGE, "no range goes from %g to %g by steps of %g", v[0], v[1], v[2]);
    out = oq_out(ctx, 0, dtype, &count, 1);
    if (!out)
        return ctx->status;
    for (int64_t k = 0; k < count; k++) {
        float f = (float)v[0] + (float)k * (float)v[2];

        if (dtype == OQ_DOUBLE)
            ((double *)out)[k] = v[0] + (double)k * v[2];
        else
            oq_from_floats(&f, dtype, (char *)out + (size_t)k * oq_elem_size(dtype), 1);
    }
    return OQ_OK;
}

static oq_status run_range(oq_run *ctx)
{
    oq_dtype dtype = ctx->in[0]->dtype;
    int64_t start, delta, count;
    size_t size = oq_elem_size(dtype);
    char *out;

    for (int i = 0; i < 3; i++) {
        if (ctx->in[i]->n != 1 || ctx->in[i]->dtype != dtype)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "start, limit and delta must be one number each, of one type");
    }
    if (oq_dtype_is_float(dtype))
        return range_floats(ctx);
    start = oq_array_int(ctx->in[0], 0);
    delta = oq_array_int(ctx->in[2], 0);
    count = delta == 0 ? -1 : int_count(start, oq_array_int(ctx->in[1], 0), delta);
    if (count < 0)
        OQ_OP_FAIL(ctx, OQ_RANGE, "no range goes by steps of %" PRId64, delta);
    out = oq_out(ctx, 0, dtype, &count, 1);
    if (!out)
        return ctx->status;
    for (int64_t k = 0; k < count; k++) {
        uint64_t value = (uint64_t)start + (uint64_t)k * (uint64_t)delta;

        memcpy(out + (size_t)k * size, &value, size); /* little-endian: the low bytes */
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ Expand */

static oq_status infer_expand(oq_infer *ctx)
{
    const oq_elems *wanted = oq_in_elems(ctx, 1), *in = oq_in_elems(ctx, 0);
    oq_shape shape;
    char a[256], b[256];

    ctx->out[0] = (oq_type){ctx->in[0].dtype, oq_shape_unknown()};
    if (!wanted) {
        const oq_shape *s = &ctx->in[1].shape;

        if (s->rank == 1 && s->dims[0].size >= 0 && s->dims[0].size <= OQ_MAX_RANK &&
            ctx->in[0].shape.rank >= 0)
            ctx->out[0].shape = oq_shape_ranked(
                s->dims[0].size > ctx->in[0].shape.rank ? (int)s->dims[0].size : ctx->in[0].shape.rank);
        return OQ_OK;
    }
    if (wanted->n > OQ_MAX_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "expanding to rank %d; at most %d is possible", wanted->n,
                   OQ_MAX_RANK);
    shape = oq_shape_ranked(wanted->n);
    for (int k = 0; k < wanted->n; k++)
        shape.dims[k] = oq_dim_of_elem(wanted->e[k]);
    if (!oq_shape_broadcast(&ctx->in[0].shape, &shape, &ctx->out[0].shape))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "shape %s does not expand to %s",
                   oq_shape_text(&ctx->in[0].shape, a, sizeof a), oq_shape_text(&shape, b, sizeof b));
    if (in && ctx->out[0].shape.rank <= 1 && oq_shape_is_static(&ctx->out[0].shape)) {
        int64_t n = ctx->out[0].shape.rank ? ctx->out[0].shape.dims[0].size : 1;
        oq_elem e[OQ_MAX_ELEMS];

        for (int64_t k = 0; k < n && n <= OQ_MAX_ELEMS; k++)
            e[k] = in->e[in->n == 1 ? 0 : k];
        if (n <= OQ_MAX_ELEMS && (in->n == 1 || in->n == n))
            oq_set_elems(ctx, ctx->out[0].shape.rank, (int)n, e);
    }
    return OQ_OK;
}

static oq_status run_expand(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    oq_array wanted = {.rank = 0};
    int64_t dims[OQ_MAX_RANK], from[OQ_MAX_RANK], to[OQ_MAX_RANK];
    oq_strided block = {.rank = 0};
    size_t n;
    int rank;
    void *out;

    OQ_TRY(dims_from_input(ctx, ctx->in[1], wanted.dims, &wanted.rank));
    if (!oq_broadcast_dims(in, &wanted, dims, &rank) || !oq_dims_count(dims, rank, &n))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the input does not expand to the wanted shape");
    if (n == in->n)
        return oq_out_alias(ctx, 0, 0, dims, rank) ? OQ_OK : ctx->status;
    if (oq_elem_size(in->dtype) == 0)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "not computed for packed elements of type %s",
                   oq_dtype_name(in->dtype));
    out = oq_out(ctx, 0, in->dtype, dims, rank);
    if (!out)
        return ctx->status;
    oq_contiguous_steps(in->dims, in->rank, from);
    oq_contiguous_steps(dims, rank, to);
    for (int i = 0; i < rank; i++) {
        int k = i - (rank - in->rank);

        oq_strided_add(&block, dims[i], to[i], k < 0 || in->dims[k] == 1 ? 0 : from[k]);
    }
    oq_strided_copy(&block, out, in->data, oq_elem_size(in->dtype), ctx->pool);
    return OQ_OK;
}

/* ------------------------------------------------------------------ EyeLike */

static oq_dtype eye_dtype(const oq_node *node, oq_dtype in)
{
    return (oq_dtype)oq_node_int(node, "dtype", in);
}

static oq_status infer_eye_like(oq_infer *ctx)
{
    ctx->out[0] = (oq_type){eye_dtype(ctx->node, ctx->in[0].dtype), ctx->in[0].shape};
    return OQ_OK;
}

static oq_status run_eye_like(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    oq_dtype dtype = eye_dtype(ctx->node, in->dtype);
    int64_t k = oq_node_int(ctx->node, "k", 0), row, column;
    size_t size = oq_elem_size(dtype);
    float one = 1.0f;
    uint64_t whole_one = 1;
    char *out;

    if (in->rank != 2)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the input has rank %d; a matrix is meant", in->rank);
    if (!(OQ_T(dtype) & (OQ_T_NUMBERS | OQ_T(OQ_BOOL))))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "no unit matrix of type %s", oq_dtype_name(dtype));
    out = oq_out(ctx, 0, dtype, in->dims, 2);
    if (!out)
        return ctx->status;
    memset(out, 0, ctx->out[0].size);
    for (row = 0; row < in->dims[0]; row++) {
        if (__builtin_add_overflow(row, k, &column) || column < 0 || column >= in->dims[1])
            continue;
        if (oq_dtype_is_float(dtype))
            oq_from_floats(&one, dtype, out + (size_t)(row * in->dims[1] + column) * size, 1);
        else
            memcpy(out + (size_t)(row * in->dims[1] + column) * size, &whole_one, size);
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ the rows */

/* clang-format off */
const oq_op oq_ops_constant[] = {
    {"Constant", "", 1, 0, 0, 1, 1, OQ_T_ALL, infer_constant, NULL, run_constant, OQ_RULE_NONE, -1, -1, 0},
    {"ConstantOfShape", "", 9, 1, 1, 1, 1, OQ_T(OQ_INT64), infer_constant_of_shape, NULL, run_constant_of_shape, OQ_RULE_NONE, -1, -1, 0},
    {"Expand", "", 8, 2, 2, 1, 1, OQ_T_ALL, infer_expand, NULL, run_expand, OQ_RULE_SAME, -1, -1, OQ_OP_COMMUTES},
    {"EyeLike", "", 9, 1, 1, 1, 1, OQ_T_NUMBERS | OQ_T(OQ_BOOL), infer_eye_like, NULL, run_eye_like, OQ_RULE_NONE, -1, -1, 0},
    {"Range", "", 11, 3, 3, 1, 1, OQ_T_NUMBERS, infer_range, NULL, run_range, OQ_RULE_NONE, -1, -1, 0},
    {.name = NULL},
};
/* clang-format on */
