/* op_cast: Cast, CastLike between all number types and bool.
 *
 * What ONNX leaves open, defined here: a float goes to an integer by cutting the fraction; NaN gives 0; out
 * of range the low bits remain (as C code on common machines gives), except that int32 and int64 give their
 * least number. 4- and 2-bit integers get the rounded value cut to their range. Number to float rounds to
 * nearest even; halves and smaller floats are rounded from float32. Strings hold decimal numbers
 * (number_text.h).
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "op/families.h"
#include "op/number_text.h"
#include "op/op_broadcast.h"
#include "op/op_elems.h"

#define BLOCK 512

/* Elements on their way: floats as double, integers and bool as 64 bits. */
typedef struct {
    bool is_float, is_unsigned;
    double d[BLOCK];
    int64_t i[BLOCK];
} block;

typedef struct {
    oq_dtype from, to;
    const void *in;
    void *out;
    bool saturate;          /* float8 */
    const char *round_mode; /* float8e8m0 */
} job;

/* ------------------------------------------------------------------ reading */

#define READ(T, field)                             \
    for (size_t k = 0; k < n; k++)                 \
        b->field[k] = +((const T *)in)[first + k]; \
    break

static int64_t packed_at(oq_dtype dtype, const void *in, size_t i)
{
    oq_array view = {.dtype = dtype, .data = (void *)(uintptr_t)in};

    return oq_array_int(&view, i);
}

static double small_float_at(oq_dtype dtype, const uint8_t *in, size_t i)
{
    uint8_t code = dtype == OQ_FLOAT4E2M1 ? (uint8_t)(in[i / 2] >> (i % 2 * 4) & 15) : in[i];

    return (double)oq_f8_to_f32(dtype, code);
}

static void read_block(oq_dtype dtype, const void *in, size_t first, size_t n, block *b)
{
    b->is_float = oq_dtype_is_float(dtype);
    b->is_unsigned = dtype == OQ_UINT64;
    switch (dtype) {
    case OQ_FLOAT: READ(float, d);
    case OQ_DOUBLE: READ(double, d);
    case OQ_INT8: READ(int8_t, i);
    case OQ_INT16: READ(int16_t, i);
    case OQ_INT32: READ(int32_t, i);
    case OQ_INT64: READ(int64_t, i);
    case OQ_UINT8: READ(uint8_t, i);
    case OQ_UINT16: READ(uint16_t, i);
    case OQ_UINT32: READ(uint32_t, i);
    case OQ_UINT64:
        for (size_t k = 0; k < n; k++)
            b->i[k] = (int64_t)((const uint64_t *)in)[first + k];
        break;
    case OQ_BOOL:
        for (size_t k = 0; k < n; k++)
            b->i[k] = ((const uint8_t *)in)[first + k] != 0;
        break;
    case OQ_FLOAT16:
        for (size_t k = 0; k < n; k++)
            b->d[k] = (double)oq_f16_to_f32(((const uint16_t *)in)[first + k]);
        break;
    case OQ_BFLOAT16:
        for (size_t k = 0; k < n; k++)
            b->d[k] = (double)oq_bf16_to_f32(((const uint16_t *)in)[first + k]);
        break;
    default:
        for (size_t k = 0; k < n; k++) {
            if (b->is_float)
                b->d[k] = small_float_at(dtype, in, first + k);
            else
                b->i[k] = packed_at(dtype, in, first + k);
        }
        break;
    }
}

/* ------------------------------------------------------------------ writing */

/* 64 bits of a double without its fraction; the low bits are what a narrower type keeps. */
static int64_t whole(double d)
{
    const double two_63 = 9223372036854775808.0;

    if (isnan(d))
        return 0;
    if (d >= two_63)
        return d < 2 * two_63 ? (int64_t)(uint64_t)d : INT64_MIN;
    return d < -two_63 ? INT64_MIN : (int64_t)d;
}

static int32_t whole32(double d)
{
    return isnan(d) ? 0 : d > -2147483649.0 && d < 2147483648.0 ? (int32_t)d : INT32_MIN;
}

static float float_of(const block *b, size_t k)
{
    if (b->is_float)
        return (float)b->d[k];
    return b->is_unsigned ? (float)(uint64_t)b->i[k] : (float)b->i[k];
}

static double double_of(const block *b, size_t k)
{
    if (b->is_float)
        return b->d[k];
    return b->is_unsigned ? (double)(uint64_t)b->i[k] : (double)b->i[k];
}

/* Power of two of a positive float; the direction for what lies between two. NaN gives NaN, the sign goes. */
static uint8_t e8m0_of(float f, const char *mode)
{
    uint32_t bits, exponent, fraction;

    memcpy(&bits, &f, sizeof bits);
    bits &= 0x7fffffff;
    exponent = bits >> 23;
    fraction = bits & 0x7fffff;
    if (bits > 0x7f800000)
        return 255;
    if (exponent == 255)
        return 254;
    if (strcmp(mode, "nearest") == 0)
        exponent += fraction >= 0x400000;
    else if (strcmp(mode, "up") == 0)
        exponent += fraction != 0;
    return (uint8_t)(exponent > 254 ? 254 : exponent);
}

/* Code of an element in a type of less than 16 bits that is no plain integer. */
static uint8_t small_code(const job *j, const block *b, size_t k)
{
    if (j->to == OQ_FLOAT8E8M0)
        return e8m0_of(float_of(b, k), j->round_mode);
    if (oq_dtype_is_float(j->to))
        return oq_f32_to_f8(j->to, float_of(b, k), j->saturate);
    return (uint8_t)(b->is_float ? whole(b->d[k]) : b->i[k]);
}

static void write_small(const job *j, const block *b, size_t first, size_t n)
{
    int bits = oq_dtype_bits(j->to);
    size_t per_byte = (size_t)(8 / bits);
    uint8_t *out = j->out, mask = (uint8_t)((1u << bits) - 1);

    for (size_t k = 0; k < n; k++) {
        size_t at = (first + k) / per_byte, shift = (first + k) % per_byte * (size_t)bits;

        if (shift == 0)
            out[at] = 0;
        out[at] |= (uint8_t)((small_code(j, b, k) & mask) << shift);
    }
}

#define WRITE(T, expr)                     \
    for (size_t k = 0; k < n; k++)         \
        ((T *)out)[first + k] = (T)(expr); \
    break
#define WRITE_INTEGER(T, of_float)                        \
    if (b->is_float) {                                    \
        for (size_t k = 0; k < n; k++)                    \
            ((T *)out)[first + k] = (T)of_float(b->d[k]); \
    } else {                                              \
        for (size_t k = 0; k < n; k++)                    \
            ((T *)out)[first + k] = (T)b->i[k];           \
    }                                                     \
    break

static void write_block(const job *j, const block *b, size_t first, size_t n)
{
    void *out = j->out;

    switch (j->to) {
    case OQ_FLOAT: WRITE(float, float_of(b, k));
    case OQ_DOUBLE: WRITE(double, double_of(b, k));
    case OQ_FLOAT16: WRITE(uint16_t, oq_f32_to_f16(float_of(b, k)));
    case OQ_BFLOAT16: WRITE(uint16_t, oq_f32_to_bf16(float_of(b, k)));
    case OQ_BOOL: WRITE(uint8_t, b->is_float ? b->d[k] != 0 : b->i[k] != 0);
    case OQ_INT8: WRITE_INTEGER(int8_t, whole);
    case OQ_INT16: WRITE_INTEGER(int16_t, whole);
    case OQ_INT32: WRITE_INTEGER(int32_t, whole32);
    case OQ_INT64: WRITE_INTEGER(int64_t, whole);
    case OQ_UINT8: WRITE_INTEGER(uint8_t, whole);
    case OQ_UINT16: WRITE_INTEGER(uint16_t, whole);
    case OQ_UINT32: WRITE_INTEGER(uint32_t, whole);
    case OQ_UINT64: WRITE_INTEGER(uint64_t, whole);
    default: write_small(j, b, first, n); break;
    }
}

/* ------------------------------------------------------------------ run */

static void cast_range(void *arg, size_t first, size_t n)
{
    const job *j = arg;
    block b;

    for (size_t at = 0; at < n; at += BLOCK) {
        size_t length = n - at < BLOCK ? n - at : BLOCK;

        read_block(j->from, j->in, first + at, length, &b);
        write_block(j, &b, first + at, length);
    }
}

#define CASTABLE (OQ_T_NUMBERS | OQ_T(OQ_BOOL) | OQ_T(OQ_STRING) | OQ_T_TINY)

static bool is_castable(oq_dtype dtype)
{
    return (unsigned)dtype < OQ_N_DTYPES && (OQ_T(dtype) & CASTABLE);
}

/* Numbers to strings, one behind the other in memory of the run. */
static oq_status cast_to_strings(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    oq_string *out = oq_out(ctx, 0, OQ_STRING, in->dims, in->rank);
    size_t size;
    char *text;

    if (oq_mul_overflow(in->n, OQ_NUMBER_TEXT, &size))
        OQ_OP_FAIL(ctx, OQ_LIMIT, "the strings do not fit in memory");
    text = out ? oq_text(ctx, size) : NULL;
    if (!text)
        return oq_run_failure(ctx);
    for (size_t i = 0; i < in->n; i++) {
        out[i] = (oq_string){text, oq_number_to_text(in, i, text)};
        text += out[i].size;
    }
    return OQ_OK;
}

/* Strings to numbers: as the widest type of the kind, which then is cast. */
static oq_status cast_from_strings(oq_run *ctx, oq_dtype to)
{
    const oq_array *in = ctx->in[0];
    const oq_string *strings = in->data;
    oq_dtype wide = oq_dtype_is_float(to) ? OQ_DOUBLE : to == OQ_UINT64 ? OQ_UINT64 : OQ_INT64;
    int64_t *numbers = oq_scratch(ctx, in->n * sizeof *numbers);
    job j = {.from = wide,
             .to = to,
             .in = numbers,
             .saturate = oq_node_int(ctx->node, "saturate", 1) != 0,
             .round_mode = oq_node_string(ctx->node, "round_mode", "up")};

    j.out = numbers ? oq_out(ctx, 0, to, in->dims, in->rank) : NULL;
    if (!j.out)
        return oq_run_failure(ctx);
    for (size_t i = 0; i < in->n; i++) {
        if (!oq_number_of_text(strings[i], to, &numbers[i]))
            OQ_OP_FAIL(ctx, OQ_RANGE, "element %zu, '%.*s', is no number of type %s", i,
                       (int)(strings[i].size < 40 ? strings[i].size : 40),
                       strings[i].size ? strings[i].data : "", oq_dtype_name(to));
    }
    cast_range(&j, 0, in->n);
    return OQ_OK;
}

static oq_status run_cast_to(oq_run *ctx, oq_dtype to)
{
    const oq_array *in = ctx->in[0];
    job j = {.from = in->dtype,
             .to = to,
             .in = in->data,
             .saturate = oq_node_int(ctx->node, "saturate", 1) != 0,
             .round_mode = oq_node_string(ctx->node, "round_mode", "up")};

    if (to == in->dtype)
        return oq_out_alias(ctx, 0, 0, in->dims, in->rank) ? OQ_OK : ctx->status;
    if (!is_castable(in->dtype) || !is_castable(to))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "cast from %s to %s", oq_dtype_name(in->dtype), oq_dtype_name(to));
    if (to == OQ_STRING)
        return cast_to_strings(ctx);
    if (in->dtype == OQ_STRING)
        return cast_from_strings(ctx, to);
    j.out = oq_out(ctx, 0, to, in->dims, in->rank);
    if (!j.out)
        return ctx->status;
    oq_split_range(ctx->pool, in->n, cast_range, &j);
    return OQ_OK;
}

static oq_status run_cast(oq_run *ctx)
{
    return run_cast_to(ctx, (oq_dtype)oq_node_int(ctx->node, "to", OQ_UNDEFINED));
}

static oq_status run_cast_like(oq_run *ctx)
{
    return run_cast_to(ctx, ctx->in[1]->dtype);
}

/* What cannot be cast is stopped here, before anything runs. */
static oq_status prepare_cast(oq_prepare *ctx)
{
    const oq_value *in = ctx->node->inputs[0];
    oq_dtype to = (oq_dtype)oq_node_int(ctx->node, "to", OQ_UNDEFINED);

    if (oq_node_is(ctx->node, "Cast") && !is_castable(to))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "cast to %s", oq_dtype_name(to));
    if (in && in->dtype != OQ_UNDEFINED && oq_node_is(ctx->node, "Cast") && in->dtype != to &&
        (!is_castable(in->dtype) || !is_castable(to)))
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "cast from %s to %s", oq_dtype_name(in->dtype), oq_dtype_name(to));
    return OQ_OK;
}

/* ------------------------------------------------------------------ infer */

/* Contents pass from integer to integer while they fit. */
static void cast_elems(oq_infer *ctx, oq_dtype to)
{
    const oq_elems *elems = oq_in_elems(ctx, 0);
    oq_elem e[OQ_MAX_ELEMS];
    int64_t qmin, qmax;

    if (!elems || !(oq_dtype_is_integer(to) || to == OQ_BOOL))
        return;
    oq_dtype_limits(to, &qmin, &qmax);
    for (int k = 0; k < elems->n; k++) {
        e[k] = elems->e[k];
        if (to == OQ_BOOL)
            e[k] = e[k].is_known ? oq_elem_known(e[k].value != 0) : oq_elem_unknown();
        else if (e[k].is_known && (e[k].value < qmin || e[k].value > qmax))
            e[k] = oq_elem_unknown();
    }
    oq_set_elems(ctx, elems->rank, elems->n, e);
}

static oq_status infer_cast(oq_infer *ctx)
{
    int64_t to = oq_node_int(ctx->node, "to", OQ_UNDEFINED);

    if (to <= OQ_UNDEFINED || to >= OQ_N_DTYPES)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "to = %" PRId64 " is no element type", to);
    ctx->out[0] = (oq_type){(oq_dtype)to, ctx->in[0].shape};
    cast_elems(ctx, (oq_dtype)to);
    return OQ_OK;
}

static oq_status infer_cast_like(oq_infer *ctx)
{
    ctx->out[0] = (oq_type){ctx->in[1].dtype, ctx->in[0].shape};
    cast_elems(ctx, ctx->in[1].dtype);
    return OQ_OK;
}

/* ------------------------------------------------------------------ the rows */

#define ROW(name, since, n_in, infer, run)                                                              \
    {                                                                                                   \
        name, "", since, n_in, n_in, 1, 1, CASTABLE, infer, prepare_cast, run, OQ_RULE_NONE, -1, -1, 0, \
            OQ_LAYOUT_POINT                                                                             \
    }

const oq_op oq_ops_cast[] = {
    ROW("Cast", 6, 1, infer_cast, run_cast),
    ROW("CastLike", 15, 2, infer_cast_like, run_cast_like),
    {.name = NULL},
};
