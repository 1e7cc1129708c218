/* op_bits: integers as rows of bits: BitShift, BitwiseAnd, BitwiseNot, BitwiseOr, BitwiseXor, BitCast. */
#include <inttypes.h>
#include <string.h>

#include "op/families.h"
#include "op/op_broadcast.h"

/* ------------------------------------------------------------------ two operands */

typedef void bits_fn(void *out, const void *a, const void *b, size_t n, size_t step_a, size_t step_b);

#define LOOP(name, T, expr)                                                                              \
    static void name(void *out_, const void *a_, const void *b_, size_t n, size_t step_a, size_t step_b) \
    {                                                                                                    \
        T *out = out_;                                                                                   \
        const T *a = a_, *b = b_;                                                                        \
                                                                                                         \
        for (size_t i = 0; i < n; i++) {                                                                 \
            T x = a[i * step_a], y = b[i * step_b];                                                      \
            out[i] = (T)(expr);                                                                          \
        }                                                                                                \
    }

/* A shift by a negative number, or by the width of the type or more, moves every bit out. As uint64_t both
 * are large. */
#define SHIFT_BY(T) ((uint64_t)y < 8 * sizeof(T) ? (uint64_t)y : 8 * sizeof(T))
#define BIT_LOOPS(tag, T)                                                  \
    LOOP(and_##tag, T, x &y)                                               \
    LOOP(or_##tag, T, x | y)                                               \
    LOOP(xor_##tag, T, x ^ y)                                              \
    LOOP(left_##tag, T, SHIFT_BY(T) < 64 ? (uint64_t)x << SHIFT_BY(T) : 0) \
    LOOP(right_u##tag, T, SHIFT_BY(T) < 64 ? (uint64_t)x >> SHIFT_BY(T) : 0)
/* The sign fills from the left; ~ makes a negative number one whose shift is defined. */
#define SIGNED_LOOP(tag, T)                                                               \
    LOOP(right_s##tag, T,                                                                 \
         SHIFT_BY(T) >= 8 * sizeof(T) ? (x < 0 ? -1 : 0)                                  \
         : x < 0                      ? ~(int64_t)((uint64_t) ~(int64_t)x >> SHIFT_BY(T)) \
                                      : (int64_t)((uint64_t)x >> SHIFT_BY(T)))

/* clang-format off */
BIT_LOOPS(8, uint8_t)
BIT_LOOPS(16, uint16_t)
BIT_LOOPS(32, uint32_t)
BIT_LOOPS(64, uint64_t)
SIGNED_LOOP(8, int8_t)
SIGNED_LOOP(16, int16_t)
SIGNED_LOOP(32, int32_t)
SIGNED_LOOP(64, int64_t)
/* clang-format on */

enum bits_op { AND, OR, XOR, LEFT, RIGHT_UNSIGNED, RIGHT_SIGNED, N_OPS };

static bits_fn *loop_for(enum bits_op op, size_t size)
{
    static bits_fn *const loops[N_OPS][4] = {
        [AND] = {and_8, and_16, and_32, and_64},
        [OR] = {or_8, or_16, or_32, or_64},
        [XOR] = {xor_8, xor_16, xor_32, xor_64},
        [LEFT] = {left_8, left_16, left_32, left_64},
        [RIGHT_UNSIGNED] = {right_u8, right_u16, right_u32, right_u64},
        [RIGHT_SIGNED] = {right_s8, right_s16, right_s32, right_s64},
    };

    return loops[op][size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3];
}

typedef struct {
    bits_fn *loop;
    const char *a, *b;
    char *out;
    size_t size;
} bits_job;

static void bits_row(void *arg, size_t at, const size_t *first, const int *step, size_t n)
{
    const bits_job *job = arg;

    job->loop(job->out + at * job->size, job->a + first[0] * job->size, job->b + first[1] * job->size, n,
              (size_t)step[0], (size_t)step[1]);
}

static oq_status run_bits(oq_run *ctx, enum bits_op op)
{
    const oq_array *a = ctx->in[0], *b = ctx->in[1];
    bits_job job = {.a = a->data, .b = b->data, .size = oq_elem_size(a->dtype)};
    oq_broadcast plan;

    if (a->dtype != b->dtype)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "operands are %s and %s; they must have one type", oq_dtype_name(a->dtype),
                   oq_dtype_name(b->dtype));
    OQ_TRY(oq_broadcast_inputs(ctx, &plan, 2));
    job.loop = loop_for(op, job.size);
    job.out = oq_out(ctx, 0, a->dtype, plan.dims, plan.rank);
    if (!job.out)
        return oq_run_failure(ctx);
    oq_broadcast_rows(&plan, ctx->pool, bits_row, &job);
    return OQ_OK;
}

static oq_status run_and(oq_run *ctx)
{
    return run_bits(ctx, AND);
}

static oq_status run_or(oq_run *ctx)
{
    return run_bits(ctx, OR);
}

static oq_status run_xor(oq_run *ctx)
{
    return run_bits(ctx, XOR);
}

static oq_status prepare_shift(oq_prepare *ctx)
{
    const char *direction = oq_node_string(ctx->node, "direction", "");

    if (strcmp(direction, "LEFT") != 0 && strcmp(direction, "RIGHT") != 0)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "direction '%s' is neither LEFT nor RIGHT", direction);
    return OQ_OK;
}

static oq_status run_shift(oq_run *ctx)
{
    bool is_signed = (OQ_T(ctx->in[0]->dtype) & OQ_T_SIGNED) != 0;

    if (strcmp(oq_node_string(ctx->node, "direction", ""), "LEFT") == 0)
        return run_bits(ctx, LEFT);
    return run_bits(ctx, is_signed ? RIGHT_SIGNED : RIGHT_UNSIGNED);
}

/* ------------------------------------------------------------------ one operand */

static oq_status run_not(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    const uint8_t *x = in->data;
    uint8_t *out = oq_out_in_place(ctx, 0, 0);

    if (!out)
        return oq_run_failure(ctx);
    for (size_t i = 0; i < in->size; i++)
        out[i] = (uint8_t)~x[i];
    return OQ_OK;
}

static oq_status infer_bit_cast(oq_infer *ctx)
{
    int64_t to = oq_node_int(ctx->node, "to", OQ_UNDEFINED);
    oq_dtype from = ctx->in[0].dtype;

    if (to <= OQ_UNDEFINED || to >= OQ_N_DTYPES || to == OQ_STRING)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "to = %" PRId64 " is no type made of bits", to);
    if (from != OQ_UNDEFINED && oq_dtype_bits(from) != oq_dtype_bits((oq_dtype)to))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%s has %d bits and %s %d; they must have as many", oq_dtype_name(from),
                   oq_dtype_bits(from), oq_dtype_name((oq_dtype)to), oq_dtype_bits((oq_dtype)to));
    ctx->out[0] = (oq_type){(oq_dtype)to, ctx->in[0].shape};
    return OQ_OK;
}

static oq_status run_bit_cast(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    int64_t to = oq_node_int(ctx->node, "to", OQ_UNDEFINED);
    void *out;

    if (to <= OQ_UNDEFINED || to >= OQ_N_DTYPES || to == OQ_STRING ||
        oq_dtype_bits(in->dtype) != oq_dtype_bits((oq_dtype)to))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%s cannot be read as type %" PRId64 ": not as many bits",
                   oq_dtype_name(in->dtype), to);
    out = oq_out(ctx, 0, (oq_dtype)to, in->dims, in->rank);
    if (!out)
        return oq_run_failure(ctx);
    if (in->size)
        memcpy(out, in->data, in->size);
    return OQ_OK;
}

/* ------------------------------------------------------------------ the rows */

#define OQ_T_INTEGERS (OQ_T_SIGNED | OQ_T_UNSIGNED)

#define ROW(op, opset, n_in, mask, infer_fn, prepare_fn, run_fn)                                \
    {                                                                                           \
        .name = op, .domain = "", .since = opset, .min_in = n_in, .max_in = n_in, .min_out = 1, \
        .max_out = 1, .types = mask, .infer = infer_fn, .prepare = prepare_fn, .run = run_fn,   \
        .rule = OQ_RULE_NONE, .weight = -1, .bias = -1, .layout = OQ_LAYOUT_POINT               \
    }

/* BitShift: 28 signed types. */
const oq_op oq_ops_bits[] = {
    ROW("BitCast", 26, 1, OQ_T_ALL & ~OQ_T(OQ_STRING), infer_bit_cast, NULL, run_bit_cast),
    ROW("BitShift", 11, 2, OQ_T_UNSIGNED, oq_infer_broadcast, prepare_shift, run_shift),
    ROW("BitShift", 28, 2, OQ_T_INTEGERS, oq_infer_broadcast, prepare_shift, run_shift),
    ROW("BitwiseAnd", 18, 2, OQ_T_INTEGERS, oq_infer_broadcast, NULL, run_and),
    ROW("BitwiseNot", 18, 1, OQ_T_INTEGERS, NULL, NULL, run_not),
    ROW("BitwiseOr", 18, 2, OQ_T_INTEGERS, oq_infer_broadcast, NULL, run_or),
    ROW("BitwiseXor", 18, 2, OQ_T_INTEGERS, oq_infer_broadcast, NULL, run_xor),
    {.name = NULL},
};
