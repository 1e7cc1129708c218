/* op_unary: one-input functions of each element, in float32 through the kernels, double through the C
 * library. Halves are computed in float32. */
#ifndef OQ_OP_UNARY_H
#define OQ_OP_UNARY_H

#include "kernel/kernel.h"
#include "op/op.h"

/* Numbers of the function: the operator's attributes. */
typedef struct oq_unary_args {
    float alpha, beta;
} oq_unary_args;

typedef struct oq_unary_fn {
    /* y may be x. At most OQ_UNARY_BLOCK elements at a time. */
    void (*floats)(const oq_math_f32 *math, const oq_unary_args *args, const float *x, float *y, size_t n);
    double (*of_double)(double x, const oq_unary_args *args); /* NULL: double is not computed */
} oq_unary_fn;

#define OQ_UNARY_BLOCK 1024

/* Output 0 = fn of every element of input 0; OQ_UNSUPPORTED for types other than floats. */
oq_status oq_run_unary(oq_run *ctx, const oq_unary_fn *fn, const oq_unary_args *args);

/* A function that is one kernel. */
#define OQ_UNARY_KERNEL(name, kernel)                                                                    \
    static void name##_f32(const oq_math_f32 *math, const oq_unary_args *args, const float *x, float *y, \
                           size_t n)                                                                     \
    {                                                                                                    \
        (void)args;                                                                                      \
        math->unary[kernel](x, y, n);                                                                    \
    }

/* A function that is an expression of float x and args. */
#define OQ_UNARY_LOOP(name, expr)                                                                           \
    static void name##_f32(const oq_math_f32 *math, const oq_unary_args *args, const float *in, float *out, \
                           size_t n)                                                                        \
    {                                                                                                       \
        (void)math;                                                                                         \
        (void)args;                                                                                         \
        for (size_t i = 0; i < n; i++) {                                                                    \
            float x = in[i];                                                                                \
            out[i] = (expr);                                                                                \
        }                                                                                                   \
    }

/* Its double counterpart. */
#define OQ_UNARY_DOUBLE(name, expr)                               \
    static double name##_f64(double x, const oq_unary_args *args) \
    {                                                             \
        (void)args;                                               \
        return (expr);                                            \
    }

#endif
