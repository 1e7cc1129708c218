/* op_binary: the loops of the two-operand operators, one instance per operator and element type. Integer sums
 * wrap around: they are computed in uint64_t, where wrapping is defined, and cut to the type. */
#include <math.h>

#include "op/op_elementwise.h"

#define LOOP(name, T, R, expr)                                                                     \
    static void name(void *out_, const void *a_, const void *b_, size_t n, int step_a, int step_b) \
    {                                                                                              \
        R *out = out_;                                                                             \
        const T *a = a_, *b = b_;                                                                  \
                                                                                                   \
        if (step_a && step_b) {                                                                    \
            for (size_t i = 0; i < n; i++) {                                                       \
                T x = a[i], y = b[i];                                                              \
                out[i] = (R)(expr);                                                                \
            }                                                                                      \
        } else if (step_a) {                                                                       \
            const T y = *b;                                                                        \
            for (size_t i = 0; i < n; i++) {                                                       \
                T x = a[i];                                                                        \
                out[i] = (R)(expr);                                                                \
            }                                                                                      \
        } else if (step_b) {                                                                       \
            const T x = *a;                                                                        \
            for (size_t i = 0; i < n; i++) {                                                       \
                T y = b[i];                                                                        \
                out[i] = (R)(expr);                                                                \
            }                                                                                      \
        } else {                                                                                   \
            const T x = *a, y = *b;                                                                \
            for (size_t i = 0; i < n; i++)                                                         \
                out[i] = (R)(expr);                                                                \
        }                                                                                          \
    }

#define COMPARE_LOOPS(tag, T)               \
    LOOP(equal_##tag, T, uint8_t, x == y)   \
    LOOP(less_##tag, T, uint8_t, x < y)     \
    LOOP(less_eq_##tag, T, uint8_t, x <= y) \
    LOOP(greater_##tag, T, uint8_t, x > y)  \
    LOOP(greater_eq_##tag, T, uint8_t, x >= y)

#define WRAPPING_LOOPS(tag, T)                       \
    LOOP(add_##tag, T, T, (uint64_t)x + (uint64_t)y) \
    LOOP(sub_##tag, T, T, (uint64_t)x - (uint64_t)y) \
    LOOP(mul_##tag, T, T, (uint64_t)x *(uint64_t)y)  \
    LOOP(min_##tag, T, T, x < y ? x : y)             \
    LOOP(max_##tag, T, T, x > y ? x : y)             \
    COMPARE_LOOPS(tag, T)

/* By -1 goes round the division: the least number has no positive counterpart. */
#define SIGNED_LOOPS(tag, T)                                                        \
    WRAPPING_LOOPS(tag, T)                                                          \
    LOOP(div_##tag, T, T, y == 0 ? 0 : y == -1 ? (T)(0 - (uint64_t)x) : (T)(x / y)) \
    LOOP(prelu_##tag, T, T, x < 0 ? (uint64_t)x * (uint64_t)y : (uint64_t)x)        \
    LOOP(fmod_##tag, T, T, y == 0 || y == -1 ? 0 : x % y)                           \
    LOOP(mod_##tag, T, T, y == 0 || y == -1 ? 0 : x % y != 0 && (x < 0) != (y < 0) ? x % y + y : x % y)

/* An unsigned x is never below zero: PRelu leaves it. */
#define UNSIGNED_LOOPS(tag, T)                 \
    WRAPPING_LOOPS(tag, T)                     \
    LOOP(div_##tag, T, T, y == 0 ? 0 : x / y)  \
    LOOP(prelu_##tag, T, T, (T)(x + 0 * y))    \
    LOOP(fmod_##tag, T, T, y == 0 ? 0 : x % y) \
    LOOP(mod_##tag, T, T, y == 0 ? 0 : x % y)

/* Remainder with the sign of the divisor, as Python computes it; a zero takes the divisor's sign too. */
static double floor_modulo(double x, double y)
{
    double r = fmod(x, y);

    if (r == 0)
        return y == y && y != 0 ? copysign(0.0, y) : r;
    return (r < 0) != (y < 0) && r == r && y == y ? r + y : r;
}

#define FLOAT_LOOPS(tag, T, fmod_fn)               \
    LOOP(add_##tag, T, T, x + y)                   \
    LOOP(sub_##tag, T, T, x - y)                   \
    LOOP(mul_##tag, T, T, x *y)                    \
    LOOP(div_##tag, T, T, x / y)                   \
    LOOP(prelu_##tag, T, T, x < 0 ? x * y : x)     \
    LOOP(mod_##tag, T, T, floor_modulo(x, y))      \
    LOOP(fmod_##tag, T, T, fmod_fn(x, y))          \
    LOOP(min_##tag, T, T, x < y || x != x ? x : y) \
    LOOP(max_##tag, T, T, x > y || x != x ? x : y) \
    COMPARE_LOOPS(tag, T)

/* clang-format off */
FLOAT_LOOPS(f32, float, fmodf)
FLOAT_LOOPS(f64, double, fmod)
SIGNED_LOOPS(i8, int8_t)
SIGNED_LOOPS(i16, int16_t)
SIGNED_LOOPS(i32, int32_t)
SIGNED_LOOPS(i64, int64_t)
UNSIGNED_LOOPS(u8, uint8_t)
UNSIGNED_LOOPS(u16, uint16_t)
UNSIGNED_LOOPS(u32, uint32_t)
UNSIGNED_LOOPS(u64, uint64_t)
LOOP(equal_bool, uint8_t, uint8_t, !x == !y)
LOOP(and_bool, uint8_t, uint8_t, x && y)
LOOP(or_bool, uint8_t, uint8_t, x || y)
LOOP(xor_bool, uint8_t, uint8_t, !x != !y)
/* clang-format on */

static bool equal_strings(oq_string a, oq_string b)
{
    bool is_equal = a.size == b.size;

    for (size_t i = 0; is_equal && i < a.size; i++)
        is_equal = a.data[i] == b.data[i];
    return is_equal;
}

static void equal_string(void *out_, const void *a_, const void *b_, size_t n, int step_a, int step_b)
{
    uint8_t *out = out_;
    const oq_string *a = a_, *b = b_;

    for (size_t i = 0; i < n; i++)
        out[i] = equal_strings(a[step_a ? i : 0], b[step_b ? i : 0]);
}

#define COLUMN_FLOAT(tag)                                                                                 \
    {                                                                                                     \
        [OQ_LOOP_ADD] = add_##tag, [OQ_LOOP_SUB] = sub_##tag, [OQ_LOOP_MUL] = mul_##tag,                  \
        [OQ_LOOP_DIV] = div_##tag, [OQ_LOOP_MOD] = mod_##tag, [OQ_LOOP_FMOD] = fmod_##tag,                \
        [OQ_LOOP_MIN] = min_##tag, [OQ_LOOP_MAX] = max_##tag, [OQ_LOOP_PRELU] = prelu_##tag,              \
        [OQ_LOOP_EQUAL] = equal_##tag, [OQ_LOOP_LESS] = less_##tag, [OQ_LOOP_LESS_EQUAL] = less_eq_##tag, \
        [OQ_LOOP_GREATER] = greater_##tag, [OQ_LOOP_GREATER_EQUAL] = greater_eq_##tag                     \
    }
#define COLUMN_INTEGER(tag)                                                                               \
    {                                                                                                     \
        [OQ_LOOP_ADD] = add_##tag, [OQ_LOOP_SUB] = sub_##tag, [OQ_LOOP_MUL] = mul_##tag,                  \
        [OQ_LOOP_DIV] = div_##tag, [OQ_LOOP_MOD] = mod_##tag, [OQ_LOOP_FMOD] = fmod_##tag,                \
        [OQ_LOOP_MIN] = min_##tag, [OQ_LOOP_MAX] = max_##tag, [OQ_LOOP_PRELU] = prelu_##tag,              \
        [OQ_LOOP_EQUAL] = equal_##tag, [OQ_LOOP_LESS] = less_##tag, [OQ_LOOP_LESS_EQUAL] = less_eq_##tag, \
        [OQ_LOOP_GREATER] = greater_##tag, [OQ_LOOP_GREATER_EQUAL] = greater_eq_##tag                     \
    }

oq_loop_fn *oq_loop_for(oq_loop op, oq_dtype dtype)
{
    static oq_loop_fn *const table[OQ_N_DTYPES][OQ_N_LOOPS] = {
        [OQ_FLOAT] = COLUMN_FLOAT(f32),
        [OQ_DOUBLE] = COLUMN_FLOAT(f64),
        [OQ_INT8] = COLUMN_INTEGER(i8),
        [OQ_INT16] = COLUMN_INTEGER(i16),
        [OQ_INT32] = COLUMN_INTEGER(i32),
        [OQ_INT64] = COLUMN_INTEGER(i64),
        [OQ_UINT8] = COLUMN_INTEGER(u8),
        [OQ_UINT16] = COLUMN_INTEGER(u16),
        [OQ_UINT32] = COLUMN_INTEGER(u32),
        [OQ_UINT64] = COLUMN_INTEGER(u64),
        [OQ_BOOL] = {[OQ_LOOP_EQUAL] = equal_bool,
                     [OQ_LOOP_AND] = and_bool,
                     [OQ_LOOP_OR] = or_bool,
                     [OQ_LOOP_XOR] = xor_bool},
        [OQ_STRING] = {[OQ_LOOP_EQUAL] = equal_string},
    };

    return (unsigned)dtype < OQ_N_DTYPES ? table[dtype][op] : NULL;
}
