/* op_trig: trigonometric and hyperbolic functions of each element and their inverses, by the C library. Sin
 * and Cos are in op_math. Outside its domain an inverse gives NaN, as the C library defines. */
#include <math.h>

#include "op/families.h"
#include "op/op_unary.h"

#define FUNCTION(name)                                          \
    OQ_UNARY_LOOP(name, name##f(x))                             \
    OQ_UNARY_DOUBLE(name, name(x))                              \
    static oq_status run_##name(oq_run *ctx)                    \
    {                                                           \
        static const oq_unary_fn fn = {name##_f32, name##_f64}; \
                                                                \
        return oq_run_unary(ctx, &fn, NULL);                    \
    }

/* clang-format off */
FUNCTION(acos)
FUNCTION(acosh)
FUNCTION(asin)
FUNCTION(asinh)
FUNCTION(atan)
FUNCTION(atanh)
FUNCTION(cosh)
FUNCTION(sinh)
FUNCTION(tan)
/* clang-format on */

#define ROW(op, opset, run_fn)                                                                          \
    {                                                                                                   \
        .name = op, .domain = "", .since = opset, .min_in = 1, .max_in = 1, .min_out = 1, .max_out = 1, \
        .types = OQ_T_FLOATS, .run = run_fn, .rule = OQ_RULE_ELEMENTWISE, .weight = -1, .bias = -1,     \
        .layout = OQ_LAYOUT_POINT                                                                       \
    }

const oq_op oq_ops_trig[] = {
    ROW("Acos", 7, run_acos), ROW("Acosh", 9, run_acosh),
    ROW("Asin", 7, run_asin), ROW("Asinh", 9, run_asinh),
    ROW("Atan", 7, run_atan), ROW("Atanh", 9, run_atanh),
    ROW("Cosh", 9, run_cosh), ROW("Sinh", 9, run_sinh),
    ROW("Tan", 7, run_tan),   {.name = NULL},
};
