/* op_elementwise: arithmetic, comparison and logic of two or more tensors, broadcast; Where.
 *
 * All computes the same as NumPy except where NumPy leaves it open: integer arithmetic wraps around, an
 * integer divided by zero is 0. Halves are computed in float32 and rounded once.
 */
#include "op/op_elementwise.h"

#include <string.h>

#include "kernel/kernel.h"
#include "op/aligned.h"
#include "op/families.h"
#include "op/op_broadcast.h"
#include "op/op_elems.h"
#include "op/op_move.h"

/* ------------------------------------------------------------------ infer */

static bool elems_broadcast(oq_infer *ctx, oq_elem_op op)
{
    const oq_elems *a = oq_in_elems(ctx, 0), *b = oq_in_elems(ctx, 1);
    oq_elem e[OQ_MAX_ELEMS];
    int n;

    if (!a || !b || op == OQ_ELEM_NONE || (a->n != b->n && a->n != 1 && b->n != 1))
        return false;
    n = a->n == 1 ? b->n : a->n;
    for (int k = 0; k < n; k++)
        e[k] = oq_elem_binary(op, a->e[a->n == 1 ? 0 : k], b->e[b->n == 1 ? 0 : k]);
    oq_set_elems(ctx, a->rank > b->rank ? a->rank : b->rank, n, e);
    return true;
}

static oq_status infer_arithmetic(oq_infer *ctx, oq_elem_op op)
{
    OQ_TRY(oq_infer_broadcast(ctx));
    if (ctx->out[0].dtype == OQ_UNDEFINED)
        ctx->out[0].dtype = ctx->in[ctx->n_in - 1].dtype;
    if (!oq_dtype_is_float(ctx->out[0].dtype))
        elems_broadcast(ctx, op);
    return OQ_OK;
}

static oq_status infer_compare(oq_infer *ctx)
{
    OQ_TRY(oq_infer_broadcast(ctx));
    ctx->out[0].dtype = OQ_BOOL;
    return OQ_OK;
}

static oq_status infer_equal(oq_infer *ctx)
{
    OQ_TRY(infer_compare(ctx));
    elems_broadcast(ctx, OQ_ELEM_EQUAL);
    return OQ_OK;
}

#define INFER(name, op)                          \
    static oq_status infer_##name(oq_infer *ctx) \
    {                                            \
        return infer_arithmetic(ctx, op);        \
    }
INFER(add, OQ_ELEM_ADD)
INFER(sub, OQ_ELEM_SUB)
INFER(mul, OQ_ELEM_MUL)
INFER(div, OQ_ELEM_DIV)

static oq_status infer_mod(oq_infer *ctx)
{
    return infer_arithmetic(ctx, oq_node_int(ctx->node, "fmod", 0) ? OQ_ELEM_NONE : OQ_ELEM_MOD);
}

/* Min, Max, Sum, Mean take any number of inputs; contents are followed for one or two. */
static oq_status infer_variadic(oq_infer *ctx, oq_elem_op op)
{
    OQ_TRY(oq_infer_broadcast(ctx));
    if (oq_dtype_is_float(ctx->out[0].dtype))
        return OQ_OK;
    if (ctx->n_in == 1 && ctx->in[0].shape.rank >= 0)
        oq_pass_elems(ctx, ctx->in[0].shape.rank);
    else if (ctx->n_in == 2)
        elems_broadcast(ctx, op);
    return OQ_OK;
}

static oq_status infer_min(oq_infer *ctx)
{
    return infer_variadic(ctx, OQ_ELEM_MIN);
}

static oq_status infer_max(oq_infer *ctx)
{
    return infer_variadic(ctx, OQ_ELEM_MAX);
}

static oq_status infer_sum(oq_infer *ctx)
{
    return infer_variadic(ctx, OQ_ELEM_NONE);
}

static oq_elem where_elem(oq_elem condition, oq_elem x, oq_elem y)
{
    if (condition.is_known)
        return condition.value ? x : y;
    return oq_elem_same(x, y) ? x : oq_elem_unknown();
}

static oq_status infer_where(oq_infer *ctx)
{
    const oq_elems *c = oq_in_elems(ctx, 0), *x = oq_in_elems(ctx, 1), *y = oq_in_elems(ctx, 2);
    oq_elem e[OQ_MAX_ELEMS];
    int n = 1, rank = 0;

    OQ_TRY(oq_infer_broadcast(ctx));
    ctx->out[0].dtype = ctx->in[1].dtype != OQ_UNDEFINED ? ctx->in[1].dtype : ctx->in[2].dtype;
    if (!c || !x || !y)
        return OQ_OK;
    for (int i = 0; i < 3; i++) {
        const oq_elems *elems = oq_in_elems(ctx, i);

        if (elems->n != 1 && n != 1 && elems->n != n)
            return OQ_OK;
        n = elems->n != 1 ? elems->n : n;
        rank = elems->rank > rank ? elems->rank : rank;
    }
    for (int k = 0; k < n; k++)
        e[k] = where_elem(c->e[c->n == 1 ? 0 : k], x->e[x->n == 1 ? 0 : k], y->e[y->n == 1 ? 0 : k]);
    oq_set_elems(ctx, rank, n, e);
    return OQ_OK;
}

/* ------------------------------------------------------------------ run: two operands */

typedef struct {
    oq_loop_fn *loop;
    const char *a, *b;
    char *out;
    size_t in_size, out_size; /* bytes of an element */
    const oq_math_f32 *math;  /* float32 arithmetic goes there; NULL: to loop */
    oq_binary kernel;
} binary_job;

/* The kernel of a float32 operation; false when there is none. */
static bool find_kernel(oq_loop op, oq_dtype computed, binary_job *job)
{
    static const struct {
        oq_loop op;
        oq_binary kernel;
    } pairs[] = {{OQ_LOOP_ADD, OQ_ADD}, {OQ_LOOP_SUB, OQ_SUB}, {OQ_LOOP_MUL, OQ_MUL},
                 {OQ_LOOP_DIV, OQ_DIV}, {OQ_LOOP_MIN, OQ_MIN}, {OQ_LOOP_MAX, OQ_MAX}};

    for (size_t i = 0; computed == OQ_FLOAT && i < sizeof pairs / sizeof *pairs; i++) {
        if (pairs[i].op == op) {
            job->math = oq_kernels_best()->math;
            job->kernel = pairs[i].kernel;
            return true;
        }
    }
    return false;
}

static void kernel_row(const binary_job *job, float *out, const float *a, const float *b, size_t n,
                       const int *step)
{
    if (step[0] && !step[1])
        job->math->binary_scalar[job->kernel](a, *b, out, n);
    else if (!step[0] && step[1])
        job->math->scalar_binary[job->kernel](*a, b, out, n);
    else
        job->math->binary[job->kernel](a, b, out, n); /* both stand still only in a row of one */
}

static void binary_row(void *arg, size_t at, const size_t *first, const int *step, size_t n)
{
    const binary_job *job = arg;
    char *out = job->out + at * job->out_size;
    const char *a = job->a + first[0] * job->in_size, *b = job->b + first[1] * job->in_size;

    if (job->math)
        kernel_row(job, (float *)(void *)out, (const float *)(const void *)a, (const float *)(const void *)b,
                   n, step);
    else
        job->loop(out, a, b, n, step[0], step[1]);
}

oq_status oq_as_float32(oq_run *ctx, const oq_array *in, oq_array *view)
{
    *view = *in;
    if (!oq_is_half(in->dtype))
        return OQ_OK;
    view->dtype = OQ_FLOAT;
    view->size = in->n * sizeof(float);
    view->data = oq_scratch(ctx, view->size);
    if (!view->data)
        return ctx->status;
    oq_to_floats(in, view->data);
    return OQ_OK;
}

/* Input 0 or 1 when it has the type and shape of the result and so may lend it its memory; else -1. */
static int lender(const oq_run *ctx, oq_dtype dtype, const oq_broadcast *plan)
{
    for (int k = 0; k < 2; k++) {
        const oq_array *in = ctx->in[k];

        if (in->dtype == dtype && in->rank == plan->rank &&
            memcmp(in->dims, plan->dims, (size_t)plan->rank * sizeof *plan->dims) == 0)
            return k;
    }
    return -1;
}

static oq_status check_types(oq_run *ctx, oq_loop op, oq_dtype computed)
{
    for (int k = 1; k < ctx->n_in; k++) {
        if (ctx->in[k]->dtype != ctx->in[0]->dtype)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "inputs are %s and %s; they must have one type",
                       oq_dtype_name(ctx->in[0]->dtype), oq_dtype_name(ctx->in[k]->dtype));
    }
    if (!oq_loop_for(op, computed))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "not computed for elements of type %s",
                   oq_dtype_name(ctx->in[0]->dtype));
    return OQ_OK;
}

oq_status oq_run_loop(oq_run *ctx, oq_loop op)
{
    bool is_half = oq_is_half(ctx->in[0]->dtype);
    oq_dtype computed = is_half ? OQ_FLOAT : ctx->in[0]->dtype;
    oq_dtype result = op >= OQ_LOOP_EQUAL ? OQ_BOOL : ctx->in[0]->dtype;
    oq_broadcast plan;
    oq_array a, b;
    binary_job job = {.loop = oq_loop_for(op, computed), .in_size = oq_elem_size(computed)};
    char *out;
    int k;

    OQ_TRY(check_types(ctx, op, computed));
    OQ_TRY(oq_broadcast_inputs(ctx, &plan, 2));
    OQ_TRY(oq_as_float32(ctx, ctx->in[0], &a));
    OQ_TRY(oq_as_float32(ctx, ctx->in[1], &b));
    k = lender(ctx, result, &plan);
    out = k >= 0 ? oq_out_in_place(ctx, 0, k) : oq_out(ctx, 0, result, plan.dims, plan.rank);
    if (!out)
        return ctx->status;
    find_kernel(op, computed, &job);
    job.a = a.data;
    job.b = b.data;
    job.out_size = result == OQ_BOOL ? 1 : job.in_size;
    job.out = is_half && result != OQ_BOOL ? oq_scratch(ctx, plan.n * sizeof(float)) : out;
    if (!job.out)
        return ctx->status;
    oq_broadcast_rows(&plan, ctx->pool, binary_row, &job);
    if (job.out != out)
        oq_from_floats((const float *)(const void *)job.out, result, out, plan.n);
    return OQ_OK;
}

#define RUN(name, op)                        \
    static oq_status run_##name(oq_run *ctx) \
    {                                        \
        return oq_run_loop(ctx, op);         \
    }
RUN(add, OQ_LOOP_ADD)
RUN(sub, OQ_LOOP_SUB)
RUN(mul, OQ_LOOP_MUL)
RUN(div, OQ_LOOP_DIV)
RUN(equal, OQ_LOOP_EQUAL)
RUN(less, OQ_LOOP_LESS)
RUN(less_or_equal, OQ_LOOP_LESS_EQUAL)
RUN(greater, OQ_LOOP_GREATER)
RUN(greater_or_equal, OQ_LOOP_GREATER_EQUAL)
RUN(and, OQ_LOOP_AND)
RUN(or, OQ_LOOP_OR)
RUN(xor, OQ_LOOP_XOR)

static oq_status run_mod(oq_run *ctx)
{
    bool is_fmod = oq_node_int(ctx->node, "fmod", 0) != 0;

    if (!is_fmod && ctx->node->opset < 28 && oq_dtype_is_float(ctx->in[0]->dtype))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "fmod = 0 is for integers only, the inputs are %s; set fmod = 1",
                   oq_dtype_name(ctx->in[0]->dtype));
    return oq_run_loop(ctx, is_fmod ? OQ_LOOP_FMOD : OQ_LOOP_MOD);
}

/* ------------------------------------------------------------------ run: any number of operands */

/* Dims of all inputs broadcast together. */
static oq_status dims_of_all(oq_run *ctx, oq_array *shape)
{
    *shape = (oq_array){.rank = 0};
    for (int k = 0; k < ctx->n_in; k++) {
        oq_array so_far = *shape;

        if (!oq_broadcast_dims(&so_far, ctx->in[k], shape->dims, &shape->rank))
            OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d does not broadcast with the inputs before it", k);
    }
    if (!oq_dims_count(shape->dims, shape->rank, &shape->n))
        OQ_OP_FAIL(ctx, OQ_LIMIT, "the result has too many elements");
    return OQ_OK;
}

typedef struct {
    char *out;
    const char *in;
    size_t size;
} spread_job;

static void spread_row(void *arg, size_t at, const size_t *first, const int *step, size_t n)
{
    const spread_job *job = arg;
    char *out = job->out + at * job->size;
    const char *in = job->in + first[1] * job->size;

    if (step[1])
        memcpy(out, in, n * job->size);
    for (size_t i = 0; !step[1] && i < n; i++)
        memcpy(out + i * job->size, in, job->size);
}

/* result = in[0], then result = result op in[k] for the others in order. */
static oq_status run_variadic(oq_run *ctx, oq_loop op, bool is_mean)
{
    bool is_half = oq_is_half(ctx->in[0]->dtype);
    oq_dtype computed = is_half ? OQ_FLOAT : ctx->in[0]->dtype;
    oq_array result, operand;
    oq_broadcast plan;
    void *out;

    OQ_TRY(check_types(ctx, op, computed));
    OQ_TRY(dims_of_all(ctx, &result));
    out = oq_out(ctx, 0, ctx->in[0]->dtype, result.dims, result.rank);
    result.dtype = computed;
    result.data = !out || !is_half ? out : oq_scratch(ctx, result.n * sizeof(float));
    if (!result.data)
        return ctx->status;
    for (int k = 0; k < ctx->n_in; k++) {
        const oq_array *operands[2] = {&result, &operand};
        size_t size = oq_elem_size(computed);
        binary_job job = {.loop = oq_loop_for(op, computed), .a = result.data, .out = result.data};
        spread_job spread = {result.data, NULL, size};

        OQ_TRY(oq_as_float32(ctx, ctx->in[k], &operand));
        find_kernel(op, computed, &job);
        job.in_size = job.out_size = size;
        oq_broadcast_plan(&plan, operands, 2);
        job.b = spread.in = operand.data;
        oq_broadcast_rows(&plan, ctx->pool, k ? binary_row : spread_row, k ? (void *)&job : &spread);
    }
    if (is_mean) {
        double count = ctx->n_in;
        float count_f = (float)ctx->n_in;

        oq_loop_for(OQ_LOOP_DIV, computed)(result.data, result.data,
                                           computed == OQ_DOUBLE ? (void *)&count : &count_f, result.n, 1, 0);
    }
    if (result.data != out)
        oq_from_floats(result.data, ctx->in[0]->dtype, out, result.n);
    return OQ_OK;
}

static oq_status run_min(oq_run *ctx)
{
    return ctx->n_in == 2 ? oq_run_loop(ctx, OQ_LOOP_MIN) : run_variadic(ctx, OQ_LOOP_MIN, false);
}

static oq_status run_max(oq_run *ctx)
{
    return ctx->n_in == 2 ? oq_run_loop(ctx, OQ_LOOP_MAX) : run_variadic(ctx, OQ_LOOP_MAX, false);
}

static oq_status run_sum(oq_run *ctx)
{
    return run_variadic(ctx, OQ_LOOP_ADD, false);
}

static oq_status run_mean(oq_run *ctx)
{
    return run_variadic(ctx, OQ_LOOP_ADD, true);
}

/* ------------------------------------------------------------------ run: Not, Where */

static oq_status run_not(oq_run *ctx)
{
    const uint8_t *x = ctx->in[0]->data;
    uint8_t *out = oq_out_in_place(ctx, 0, 0);

    if (!out)
        return ctx->status;
    for (size_t i = 0; i < ctx->in[0]->n; i++)
        out[i] = !x[i];
    return OQ_OK;
}

typedef struct {
    const uint8_t *condition;
    const char *x, *y;
    char *out;
    size_t size;
} where_job;

/* Bytes are copied in the size of an element, whatever its type: strings are selected too. */
#define SELECT(SIZE)                                                          \
    do {                                                                      \
        for (size_t i = 0; i < n; i++)                                        \
            memcpy(out + i * (SIZE),                                          \
                   c[i * (size_t)step[0]] ? x + i * (size_t)step[1] * (SIZE)  \
                                          : y + i * (size_t)step[2] * (SIZE), \
                   (SIZE));                                                   \
    } while (0)

static void where_row(void *arg, size_t at, const size_t *first, const int *step, size_t n)
{
    const where_job *job = arg;
    const uint8_t *c = job->condition + first[0];
    const char *x = job->x + first[1] * job->size, *y = job->y + first[2] * job->size;
    char *out = job->out + at * job->size;

    switch (job->size) {
    case 1: SELECT(1); break;
    case 2: SELECT(2); break;
    case 4: SELECT(4); break;
    case 8: SELECT(8); break;
    default: SELECT(16); break;
    }
}

static oq_status run_where(oq_run *ctx)
{
    const oq_array *x = ctx->in[1];
    where_job job = {ctx->in[0]->data, x->data, ctx->in[2]->data, NULL, oq_elem_size(x->dtype)};
    oq_broadcast plan;

    if (x->dtype != ctx->in[2]->dtype)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "X is %s and Y is %s; they must have one type", oq_dtype_name(x->dtype),
                   oq_dtype_name(ctx->in[2]->dtype));
    if (job.size == 0)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "not computed for packed elements of type %s",
                   oq_dtype_name(x->dtype));
    OQ_TRY(oq_broadcast_inputs(ctx, &plan, 3));
    job.out = oq_out(ctx, 0, x->dtype, plan.dims, plan.rank);
    if (!job.out)
        return ctx->status;
    oq_broadcast_rows(&plan, ctx->pool, where_row, &job);
    return OQ_OK;
}

/* ------------------------------------------------------------------ before opset 7 */

#define ALIGNED(name, infer_fn, run_fn)              \
    static oq_status infer_old_##name(oq_infer *ctx) \
    {                                                \
        return oq_infer_aligned(ctx, infer_fn);      \
    }                                                \
    static oq_status run_old_##name(oq_run *ctx)     \
    {                                                \
        return oq_run_aligned(ctx, run_fn);          \
    }
/* clang-format off */
ALIGNED(add, infer_add, run_add)
ALIGNED(and, infer_compare, run_and)
ALIGNED(div, infer_div, run_div)
ALIGNED(equal, infer_equal, run_equal)
ALIGNED(greater, infer_compare, run_greater)
ALIGNED(less, infer_compare, run_less)
ALIGNED(mul, infer_mul, run_mul)
ALIGNED(or, infer_compare, run_or)
ALIGNED(pow, oq_infer_pow, oq_run_pow)
ALIGNED(sub, infer_sub, run_sub)
ALIGNED(xor, infer_compare, run_xor)
/* clang-format on */

/* ------------------------------------------------------------------ the rows */

#define ROW(name, since, most_in, types, infer, run)                                        \
    {                                                                                       \
        name, "", since, most_in < 0 ? 1 : most_in, most_in, 1, 1, types, infer, NULL, run, \
            OQ_RULE_ELEMENTWISE, -1, -1, 0, OQ_LAYOUT_POINT                                 \
    }
/* On plain arrays only: `axis` counts dimensions in their order. */
#define ALIGNED_ROW(name, types, infer, run)                                             \
    {                                                                                    \
        name, "", 1, 2, 2, 1, 1, types, infer, NULL, run, OQ_RULE_ELEMENTWISE, -1, -1, 0 \
    }
#define OQ_T_LOGIC OQ_T(OQ_BOOL)

/* clang-format off */
const oq_op oq_ops_elementwise[] = {
    ALIGNED_ROW("Add", OQ_T_NUMBERS, infer_old_add, run_old_add),
    ROW("Add", 7, 2, OQ_T_NUMBERS, infer_add, run_add),
    ALIGNED_ROW("And", OQ_T_LOGIC, infer_old_and, run_old_and),
    ROW("And", 7, 2, OQ_T_LOGIC, infer_compare, run_and),
    ALIGNED_ROW("Div", OQ_T_NUMBERS, infer_old_div, run_old_div),
    ROW("Div", 7, 2, OQ_T_NUMBERS, infer_div, run_div),
    ALIGNED_ROW("Equal", OQ_T_NUMBERS | OQ_T_LOGIC, infer_old_equal, run_old_equal),
    ROW("Equal", 7, 2, OQ_T_NUMBERS | OQ_T_LOGIC | OQ_T(OQ_STRING), infer_equal, run_equal),
    ALIGNED_ROW("Greater", OQ_T_NUMBERS, infer_old_greater, run_old_greater),
    ROW("Greater", 7, 2, OQ_T_NUMBERS, infer_compare, run_greater),
    ROW("GreaterOrEqual", 12, 2, OQ_T_NUMBERS, infer_compare, run_greater_or_equal),
    ALIGNED_ROW("Less", OQ_T_NUMBERS, infer_old_less, run_old_less),
    ROW("Less", 7, 2, OQ_T_NUMBERS, infer_compare, run_less),
    ROW("LessOrEqual", 12, 2, OQ_T_NUMBERS, infer_compare, run_less_or_equal),
    ROW("Max", 6, -1, OQ_T_NUMBERS, infer_max, run_max),
    ROW("Mean", 6, -1, OQ_T_FLOATS, infer_sum, run_mean),
    ROW("Min", 6, -1, OQ_T_NUMBERS, infer_min, run_min),
    ROW("Mod", 10, 2, OQ_T_NUMBERS, infer_mod, run_mod),
    ALIGNED_ROW("Mul", OQ_T_NUMBERS, infer_old_mul, run_old_mul),
    ROW("Mul", 7, 2, OQ_T_NUMBERS, infer_mul, run_mul),
    {"Not", "", 1, 1, 1, 1, 1, OQ_T_LOGIC, NULL, NULL, run_not, OQ_RULE_NONE, -1, -1, 0, OQ_LAYOUT_POINT},
    ALIGNED_ROW("Or", OQ_T_LOGIC, infer_old_or, run_old_or),
    ROW("Or", 7, 2, OQ_T_LOGIC, infer_compare, run_or),
    ALIGNED_ROW("Pow", OQ_T_NUMBERS, infer_old_pow, run_old_pow),
    ROW("Pow", 7, 2, OQ_T_NUMBERS, oq_infer_pow, oq_run_pow),
    ALIGNED_ROW("Sub", OQ_T_NUMBERS, infer_old_sub, run_old_sub),
    ROW("Sub", 7, 2, OQ_T_NUMBERS, infer_sub, run_sub),
    ROW("Sum", 6, -1, OQ_T_FLOATS, infer_sum, run_sum),
    ROW("Where", 9, 3, OQ_T_LOGIC | OQ_T_MOVABLE, infer_where, run_where),
    ALIGNED_ROW("Xor", OQ_T_LOGIC, infer_old_xor, run_old_xor),
    ROW("Xor", 7, 2, OQ_T_LOGIC, infer_compare, run_xor),
    {.name = NULL},
};
/* clang-format on */
