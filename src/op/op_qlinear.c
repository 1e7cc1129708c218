/* The integer operators: ConvInteger, MatMulInteger, QLinearConv, QLinearMatMul.
 *
 *     acc = sum of (x - x_zero_point) * (w - w_zero_point)       exact, int32; QLinearConv adds its bias
 *     y   = saturate(round_half_even(acc * ((x_scale * w_scale) / y_scale)) + y_zero_point)
 *
 * The text of the QLinear operators rounds before it adds the zero point, as QuantizeLinear does (ONNX's
 * Python reference adds first, which differs at exact ties when the zero point is odd). Constant weights with
 * constant zero points (and bias) are packed in prepare, others on every run.
 */
#include <inttypes.h>
#include <string.h>

#include "kernel/conv_int8.h"
#include "kernel/gemm_int8.h"
#include "op/conv_shape.h"
#include "op/families.h"
#include "op/floats.h"
#include "op/matmul_shape.h"

/* Which input holds what; -1: the operator has none. */
typedef struct {
    int x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias;
} inputs;

static const inputs integer_inputs = {0, -1, 2, 1, -1, 3, -1, -1, -1};
static const inputs qlinear_inputs = {0, 1, 2, 3, 4, 5, 6, 7, 8};

static const oq_array *input(const oq_run *ctx, int i)
{
    return i < 0 ? NULL : oq_in(ctx, i);
}

static oq_byte byte_of(oq_dtype dtype)
{
    return dtype == OQ_INT8 ? OQ_BYTE_S8 : OQ_BYTE_U8;
}

static oq_status check_bytes(oq_run *ctx, const inputs *in)
{
    oq_dtype x = ctx->in[in->x]->dtype, w = ctx->in[in->w]->dtype;

    if (!(OQ_T(x) & OQ_T_BYTES) || !(OQ_T(w) & OQ_T_BYTES))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "a product of %s and %s is not computed here", oq_dtype_name(x),
                   oq_dtype_name(w));
    return OQ_OK;
}

/* A zero point that is one number for the whole tensor; 0 when omitted. */
static oq_status single_zero(oq_run *ctx, int i, int32_t *out)
{
    const oq_array *in = input(ctx, i);

    *out = 0;
    if (!in || in->n == 0)
        return OQ_OK;
    *out = (int32_t)oq_array_int(in, 0);
    for (size_t k = 1; k < in->n; k++) {
        if (oq_array_int(in, k) != *out)
            OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "input %d: a zero point for each row is not computed here", i);
    }
    return OQ_OK;
}

/* Zero points of the weight: one, or one per output column. */
static oq_status weight_zeros(oq_run *ctx, int i, size_t columns, const int32_t **out, size_t *n)
{
    const oq_array *in = input(ctx, i);
    int32_t *to;

    *out = NULL;
    *n = in ? in->n : 0;
    if (!in || in->n == 0)
        return OQ_OK;
    if (in->n != 1 && in->n != columns)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d has %zu zero points for %zu columns", i, in->n, columns);
    if (!(to = oq_scratch(ctx, in->n * sizeof *to)))
        return ctx->status;
    for (size_t k = 0; k < in->n; k++)
        to[k] = (int32_t)oq_array_int(in, k);
    *out = to;
    return OQ_OK;
}

/* (x_scale * w_scale[column]) / y_scale for each column. */
static oq_status make_multipliers(oq_run *ctx, const inputs *in, size_t columns, const float **out)
{
    const oq_array *w_scale = ctx->in[in->w_scale];
    const float *x = oq_floats_in(ctx, in->x_scale), *w = x ? oq_floats_in(ctx, in->w_scale) : NULL;
    const float *y = w ? oq_floats_in(ctx, in->y_scale) : NULL;
    float *to = y ? oq_scratch(ctx, (columns + 1) * sizeof *to) : NULL;

    if (!to)
        return ctx->status;
    if (ctx->in[in->x_scale]->n != 1 || ctx->in[in->y_scale]->n != 1)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "a scale for each row is not computed here");
    if (w_scale->n != 1 && w_scale->n != columns)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%zu weight scales for %zu columns", w_scale->n, columns);
    for (size_t j = 0; j < columns; j++)
        to[j] = x[0] * w[w_scale->n == 1 ? 0 : j] / y[0];
    *out = to;
    return OQ_OK;
}

/* Output memory, and how results get there: int32 sums, or codes. */
static oq_status make_output(oq_run *ctx, const inputs *in, size_t columns, const int64_t *dims, int rank,
                             oq_int8_output *out)
{
    oq_dtype dtype;

    *out = (oq_int8_output){0};
    if (in->y_scale < 0) {
        out->acc = oq_out(ctx, 0, OQ_INT32, dims, rank);
        return out->acc ? OQ_OK : ctx->status;
    }
    dtype = ctx->in[in->y_zero]->dtype;
    if (dtype != OQ_UINT8 && dtype != OQ_INT8)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "results of type %s are not computed here", oq_dtype_name(dtype));
    out->y_type = byte_of(dtype);
    OQ_TRY(single_zero(ctx, in->y_zero, &out->y_zero));
    OQ_TRY(make_multipliers(ctx, in, columns, &out->multiplier));
    out->y = oq_out(ctx, 0, dtype, dims, rank);
    return out->y ? OQ_OK : ctx->status;
}

/* ------------------------------------------------------------------ constants */

/* Contents of node input i; NULL: it has none, or they change. */
static const oq_tensor *constant_input(const oq_node *node, int i)
{
    return i >= 0 && i < node->n_inputs ? oq_value_constant(node->inputs[i]) : NULL;
}

static bool is_omitted(const oq_node *node, int i)
{
    return i < 0 || i >= node->n_inputs || !node->inputs[i];
}

/* All the integers of a constant; NULL: not that form. */
static const int32_t *constant_ints(oq_prepare *ctx, const oq_tensor *tensor)
{
    int32_t *to = OQ_NEW_ARRAY(ctx->arena, int32_t, tensor->n_elements + 1);

    for (size_t i = 0; to && i < tensor->n_elements; i++) {
        int64_t code;

        if (!oq_tensor_int(tensor, i, &code) || code < INT32_MIN || code > INT32_MAX)
            return NULL;
        to[i] = (int32_t)code;
    }
    return to;
}

/* Zero points of a constant weight with that many columns. False: left to the run. */
static bool constant_zeros(oq_prepare *ctx, int i, size_t columns, const int32_t **out, size_t *n)
{
    const oq_tensor *tensor = constant_input(ctx->node, i);

    *out = NULL;
    *n = 0;
    if (is_omitted(ctx->node, i))
        return true;
    if (!tensor || (tensor->n_elements != 1 && tensor->n_elements != columns))
        return false;
    *n = tensor->n_elements;
    *out = constant_ints(ctx, tensor);
    return *out != NULL;
}

static bool is_bytes(const oq_tensor *tensor)
{
    return tensor && (OQ_T(tensor->dtype) & OQ_T_BYTES) && tensor->rank <= OQ_MAX_RANK;
}

/* ------------------------------------------------------------------ convolution */

typedef struct {
    oq_window window;
    int64_t group;
    bool is_packed; /* conv is ready; else it is made on every run */
    oq_conv_int8 conv;
} conv_state;

/* Memory of the packed weight from either of two places. */
typedef void *get_memory(void *from, size_t size);

static void *memory_of_arena(void *arena, size_t size)
{
    return oq_arena_alloc(arena, size < 64 ? 64 : size); /* 64 and more are aligned */
}

static void *memory_of_run(void *ctx, size_t size)
{
    return oq_scratch(ctx, size);
}

/* Pack the weight of dims; OQ_NOMEM also stands for "over budget, the run says how". */
static oq_status pack_weights(conv_state *state, const oq_node *node, const oq_conv_int8_weights *weights,
                              const int64_t *dims, int rank, get_memory *get, void *from, oq_diag *diag)
{
    const oq_kernels *kernels = oq_kernels_best();
    oq_conv_spec spec;
    void *memory;
    size_t size;

    OQ_TRY(oq_conv_check_rank(node, rank, diag));
    OQ_TRY(oq_conv_check_weight(node, dims, state->group, diag));
    OQ_TRY(oq_window_fit(&state->window, node, rank - 2, dims + 2, diag));
    spec = oq_conv_spec_of(&state->window, state->group, dims);
    size = oq_conv_int8_size(kernels, &spec);
    if (size == SIZE_MAX) {
        oq_op_fail(diag, node, OQ_LIMIT, __FILE__, __LINE__, "the packed weight does not fit in memory");
        return OQ_LIMIT;
    }
    if (!(memory = get(from, size)))
        return OQ_NOMEM;
    oq_conv_int8_prepare(kernels, &spec, weights, memory, &state->conv);
    return OQ_OK;
}

static oq_status prepare_conv_with(oq_prepare *ctx, const inputs *in)
{
    conv_state *state = OQ_NEW(ctx->arena, conv_state);
    const oq_tensor *w = constant_input(ctx->node, in->w), *bias = constant_input(ctx->node, in->bias);
    oq_conv_int8_weights weights = {0};

    if (!state)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    ctx->state = state;
    state->group = oq_node_int(ctx->node, "group", 1);
    OQ_TRY(oq_window_read(ctx->node, &state->window, ctx->diag));
    if (!is_bytes(w) || w->rank < 3 ||
        !constant_zeros(ctx, in->w_zero, (size_t)w->dims[0], &weights.zero_points, &weights.n_zero_points))
        return OQ_OK;
    if (!is_omitted(ctx->node, in->bias)) {
        if (!bias || bias->dtype != OQ_INT32 || bias->n_elements != (size_t)w->dims[0])
            return OQ_OK;
        weights.bias = constant_ints(ctx, bias);
        if (!weights.bias)
            OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    }
    weights.data = w->data;
    weights.type = byte_of(w->dtype);
    OQ_TRY(
        pack_weights(state, ctx->node, &weights, w->dims, w->rank, memory_of_arena, ctx->arena, ctx->diag));
    state->is_packed = true;
    ctx->consumed = 1u << in->w;
    return OQ_OK;
}

static oq_status prepare_conv_integer(oq_prepare *ctx)
{
    return prepare_conv_with(ctx, &integer_inputs);
}

static oq_status prepare_qlinear_conv(oq_prepare *ctx)
{
    return prepare_conv_with(ctx, &qlinear_inputs);
}

static oq_status pack_conv(oq_run *ctx, const inputs *in, conv_state *state)
{
    const oq_array *w = ctx->in[in->w], *bias = input(ctx, in->bias);
    oq_conv_int8_weights weights = {.data = w->data, .type = byte_of(w->dtype)};
    oq_status status;

    OQ_TRY(weight_zeros(ctx, in->w_zero, w->rank > 0 ? (size_t)w->dims[0] : 0, &weights.zero_points,
                        &weights.n_zero_points));
    if (bias && (w->rank < 1 || bias->n != (size_t)w->dims[0] || bias->dtype != OQ_INT32))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "bias has %zu elements of type %s for another number of output channels",
                   bias->n, oq_dtype_name(bias->dtype));
    weights.bias = bias ? bias->data : NULL;
    status = pack_weights(state, ctx->node, &weights, w->dims, w->rank, memory_of_run, ctx, ctx->diag);
    return status == OQ_NOMEM ? oq_run_failure(ctx) : status;
}

/* Output dims and the kernel's sizes, each end in its layout. */
static oq_status conv_sizes(oq_run *ctx, const inputs *in, conv_state *state, int64_t *dims,
                            oq_conv_int8_args *args)
{
    const oq_array *x = ctx->in[in->x], *w = ctx->in[in->w];
    const int64_t *spatial = x->dims + (ctx->last_in ? 1 : 2);
    int64_t pad[OQ_WINDOW_RANK], *out = dims + (ctx->last_out ? 1 : 2);

    if (x->rank != w->rank || x->dims[ctx->last_in ? x->rank - 1 : 1] != w->dims[1] * state->group)
        OQ_OP_FAIL(ctx, OQ_SHAPE,
                   "an input of rank %d does not fit a weight of rank %d for %" PRId64 " channels", x->rank,
                   w->rank, w->dims[1] * state->group);
    OQ_TRY(oq_window_outputs(&state->window, ctx->node, spatial, out, pad, ctx->diag));
    dims[0] = x->dims[0];
    dims[ctx->last_out ? x->rank - 1 : 1] = w->dims[0];
    args->batch = (size_t)x->dims[0];
    args->x_layout = ctx->last_in ? OQ_NHWC : OQ_NCHW;
    args->y_layout = ctx->last_out ? OQ_NHWC : OQ_NCHW;
    for (int i = 0; i < x->rank - 2; i++) {
        args->in[i] = (size_t)spatial[i];
        args->out[i] = (size_t)out[i];
        args->pad[i] = (size_t)pad[i];
    }
    return OQ_OK;
}

static oq_status run_conv_with(oq_run *ctx, const inputs *in)
{
    conv_state state = *(const conv_state *)ctx->state;
    const oq_array *x = ctx->in[in->x];
    int64_t dims[OQ_MAX_RANK];
    oq_conv_int8_args args = {.conv = &state.conv, .x = x->data, .x_type = byte_of(x->dtype)};
    size_t size;

    OQ_TRY(check_bytes(ctx, in));
    if (!state.is_packed)
        OQ_TRY(pack_conv(ctx, in, &state));
    OQ_TRY(conv_sizes(ctx, in, &state, dims, &args));
    OQ_TRY(single_zero(ctx, in->x_zero, &args.x_zero));
    OQ_TRY(make_output(ctx, in, (size_t)ctx->in[in->w]->dims[0], dims, x->rank, &args.y));
    if (ctx->out[0].n == 0)
        return OQ_OK;
    size = oq_conv_int8_scratch(&args, oq_pool_size(ctx->pool));
    if (size == SIZE_MAX)
        OQ_OP_FAIL(ctx, OQ_LIMIT, "working memory does not fit in memory");
    if (!(args.scratch = oq_scratch(ctx, size)))
        return ctx->status;
    oq_conv_int8_run(ctx->pool, &args);
    return OQ_OK;
}

static oq_status run_conv_integer(oq_run *ctx)
{
    return run_conv_with(ctx, &integer_inputs);
}

static oq_status run_qlinear_conv(oq_run *ctx)
{
    return run_conv_with(ctx, &qlinear_inputs);
}

static oq_status infer_conv_integer(oq_infer *ctx)
{
    return oq_conv_infer(ctx, integer_inputs.w, OQ_INT32);
}

static oq_status infer_qlinear_conv(oq_infer *ctx)
{
    return oq_conv_infer(ctx, qlinear_inputs.w, ctx->in[qlinear_inputs.y_zero].dtype);
}

/* ------------------------------------------------------------------ product */

/* A constant right-hand matrix, packed. */
typedef struct {
    bool is_packed;
    oq_packed_int8 packed;
} matmul_state;

static oq_status prepare_matmul_with(oq_prepare *ctx, const inputs *in)
{
    const oq_tensor *w = constant_input(ctx->node, in->w);
    matmul_state *state = OQ_NEW(ctx->arena, matmul_state);
    oq_pack_int8_source source = {.outer = 1, .column_stride = 1};
    size_t n, size;
    void *memory;

    if (!state)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    ctx->state = state;
    if (!is_bytes(w) || w->rank != 2)
        return OQ_OK;
    n = (size_t)w->dims[1];
    if (!constant_zeros(ctx, in->w_zero, n, &source.zero_points, &source.n_zero_points))
        return OQ_OK;
    source.data = w->data;
    source.type = byte_of(w->dtype);
    source.inner = (size_t)w->dims[0];
    source.inner_stride = n;
    size = oq_pack_int8_size(oq_kernels_best(), &source, n);
    if (size == SIZE_MAX || !(memory = memory_of_arena(ctx->arena, size)))
        OQ_OP_FAIL(ctx, OQ_NOMEM, "the packed weight does not fit in memory");
    oq_pack_int8(oq_kernels_best(), &source, n, memory, &state->packed);
    state->is_packed = true;
    ctx->consumed = 1u << in->w;
    return OQ_OK;
}

static oq_status prepare_matmul_integer(oq_prepare *ctx)
{
    return prepare_matmul_with(ctx, &integer_inputs);
}

static oq_status prepare_qlinear_matmul(oq_prepare *ctx)
{
    return prepare_matmul_with(ctx, &qlinear_inputs);
}

/* The right-hand matrix of each batch, packed as it comes. */
typedef struct {
    oq_pack_int8_source source; /* without data */
    const char *data;
    void *memory; /* NULL: packed is ready for all of them */
    oq_packed_int8 packed;
} right_side;

static oq_status make_right_side(oq_run *ctx, const inputs *in, const oq_product *p, right_side *right)
{
    const matmul_state *state = ctx->state;
    const oq_array *b = ctx->in[in->w];
    size_t size;

    *right = (right_side){.source = {.type = byte_of(b->dtype),
                                     .outer = 1,
                                     .inner = p->k,
                                     .inner_stride = p->n,
                                     .column_stride = 1},
                          .data = b->data};
    if (state->is_packed) {
        right->packed = state->packed;
        return OQ_OK;
    }
    OQ_TRY(weight_zeros(ctx, in->w_zero, p->n, &right->source.zero_points, &right->source.n_zero_points));
    size = oq_pack_int8_size(oq_kernels_best(), &right->source, p->n);
    if (size == SIZE_MAX)
        OQ_OP_FAIL(ctx, OQ_LIMIT, "the packed operand does not fit in memory");
    right->memory = oq_scratch(ctx, size);
    return right->memory ? OQ_OK : oq_run_failure(ctx);
}

static oq_status run_batches(oq_run *ctx, const inputs *in, const oq_product *p, right_side *right,
                             const oq_int8_output *out)
{
    const oq_array *a = ctx->in[in->x];
    size_t element = out->acc ? sizeof(int32_t) : 1;
    oq_gemm_int8 gemm = {.b = &right->packed,
                         .m = p->m,
                         .a_stride = p->k,
                         .a_type = byte_of(a->dtype),
                         .out = *out,
                         .out_stride = p->n};

    OQ_TRY(single_zero(ctx, in->x_zero, &gemm.a_zero));
    for (size_t i = 0; i < p->n_batches; i++) {
        size_t at = i * p->m * p->n * element;

        if (right->memory) {
            right->source.data = right->data + oq_product_matrix(p, p->b_step, i) * p->k * p->n;
            oq_pack_int8(oq_kernels_best(), &right->source, p->n, right->memory, &right->packed);
        }
        if (i == 0 && !(gemm.scratch = oq_scratch(ctx, oq_gemm_int8_scratch(&right->packed))))
            return ctx->status;
        gemm.a = (const char *)a->data + oq_product_matrix(p, p->a_step, i) * p->m * p->k;
        gemm.out.acc = out->acc ? (int32_t *)(void *)((char *)out->acc + at) : NULL;
        gemm.out.y = out->y ? (char *)out->y + at : NULL;
        oq_gemm_int8_run(ctx->pool, &gemm);
    }
    return OQ_OK;
}

static oq_status run_matmul_with(oq_run *ctx, const inputs *in)
{
    const oq_array *a = ctx->in[in->x], *b = ctx->in[in->w];
    oq_int8_output out;
    right_side right;
    oq_product p;

    OQ_TRY(check_bytes(ctx, in));
    if (!oq_product_make(&p, a->dims, a->rank, b->dims, b->rank))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "operands of rank %d and %d do not multiply: check the inner dimensions",
                   a->rank, b->rank);
    OQ_TRY(make_output(ctx, in, p.n, p.dims, p.rank, &out));
    if (ctx->out[0].n == 0)
        return OQ_OK;
    OQ_TRY(make_right_side(ctx, in, &p, &right));
    if (p.shares_b) {
        p.m *= p.n_batches;
        p.n_batches = 1;
    }
    return run_batches(ctx, in, &p, &right, &out);
}

static oq_status run_matmul_integer(oq_run *ctx)
{
    return run_matmul_with(ctx, &integer_inputs);
}

static oq_status run_qlinear_matmul(oq_run *ctx)
{
    return run_matmul_with(ctx, &qlinear_inputs);
}

static oq_status infer_matmul_integer(oq_infer *ctx)
{
    return oq_matmul_infer(ctx, &ctx->in[0], &ctx->in[1], OQ_INT32);
}

static oq_status infer_qlinear_matmul(oq_infer *ctx)
{
    return oq_matmul_infer(ctx, &ctx->in[0], &ctx->in[qlinear_inputs.w],
                           ctx->in[qlinear_inputs.y_zero].dtype);
}

/* ------------------------------------------------------------------ rows */

#define ROW(op, opset, least, most, infer_fn, prepare_fn, run_fn, ...)                              \
    {                                                                                               \
        .name = op, .domain = "", .since = opset, .min_in = least, .max_in = most, .min_out = 1,    \
        .max_out = 1, .types = OQ_T_BYTES, .infer = infer_fn, .prepare = prepare_fn, .run = run_fn, \
        .rule = OQ_RULE_QUANT, .weight = -1, .bias = -1, __VA_ARGS__                                \
    }

static const oq_op conv_integer_last =
    ROW("ConvInteger", 10, 2, 4, NULL, prepare_conv_integer, run_conv_integer, .flags = OQ_OP_EITHER_END);
static const oq_op qlinear_conv_last =
    ROW("QLinearConv", 10, 8, 9, NULL, prepare_qlinear_conv, run_qlinear_conv, .flags = OQ_OP_EITHER_END);

/* QLinearMatMul: 21 added float16 scales and 8-bit floats (these are not computed here). */
const oq_op oq_ops_qlinear[] = {
    ROW("ConvInteger", 10, 2, 4, infer_conv_integer, prepare_conv_integer, run_conv_integer,
        .layout = OQ_LAYOUT_ROW, .channels_last = &conv_integer_last),
    ROW("MatMulInteger", 10, 2, 4, infer_matmul_integer, prepare_matmul_integer, run_matmul_integer,
        .layout = OQ_LAYOUT_PLAIN),
    ROW("QLinearConv", 10, 8, 9, infer_qlinear_conv, prepare_qlinear_conv, run_qlinear_conv,
        .layout = OQ_LAYOUT_ROW, .channels_last = &qlinear_conv_last),
    ROW("QLinearMatMul", 10, 8, 8, infer_qlinear_matmul, prepare_qlinear_matmul, run_qlinear_matmul,
        .layout = OQ_LAYOUT_PLAIN),
    ROW("QLinearMatMul", 21, 8, 8, infer_qlinear_matmul, prepare_qlinear_matmul, run_qlinear_matmul,
        .layout = OQ_LAYOUT_PLAIN),
    {0},
};
