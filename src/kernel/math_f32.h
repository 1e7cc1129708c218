/* math_f32: element by element arithmetic and functions on float32.
 *
 * y may be x, a or b itself (in place), but must not overlap them otherwise. Any alignment of a float is
 * fine. NaN in gives NaN out, everywhere. Same bits in every instruction set (a NaN's payload excepted).
 */
#ifndef OQ_KERNEL_MATH_F32_H
#define OQ_KERNEL_MATH_F32_H

#include <stddef.h>

typedef enum oq_binary {
    OQ_ADD,
    OQ_SUB,
    OQ_MUL,
    OQ_DIV,
    OQ_MIN, /* NaN when either is NaN; of two zeros the second operand's */
    OQ_MAX, /* likewise */
    OQ_N_BINARY
} oq_binary;

/* Largest error against the exact function, relative unless said, over all float32 inputs whose result is a
 * normal number; tests/kernel/math_f32.c measures it. */
typedef enum oq_unary {
    OQ_ABS,        /* exact */
    OQ_NEG,        /* exact */
    OQ_RELU,       /* x > 0 ? x : 0; keeps NaN; -0 gives -0 */
    OQ_SQRT,       /* correctly rounded; NaN below 0 */
    OQ_RECIPROCAL, /* 1 / x, correctly rounded */
    OQ_EXP,        /* 1.0e-7 */
    OQ_LOG,        /* 1.2e-7; -inf at 0, NaN below */
    OQ_ERF,        /* 1.2e-7 */
    OQ_TANH,       /* 1.5e-7 */
    OQ_SIGMOID,    /* 2.0e-7 */
    OQ_GELU, /* 0.5 x (1 + erf(x / sqrt 2)): 1.2e-7 of max(1, |x|), absolute: the sum cancels for negative x
              */
    OQ_N_UNARY
} oq_unary;

typedef struct oq_math_f32 {
    void (*binary[OQ_N_BINARY])(const float *a, const float *b, float *y, size_t n); /* y = a op b */
    void (*binary_scalar[OQ_N_BINARY])(const float *a, float b, float *y, size_t n); /* y = a op scalar */
    void (*scalar_binary[OQ_N_BINARY])(float a, const float *b, float *y, size_t n); /* y = scalar op b */
    void (*unary[OQ_N_UNARY])(const float *x, float *y, size_t n);
    void (*clip)(const float *x, float lo, float hi, float *y, size_t n); /* min(hi, max(lo, x)) */
    void (*leaky_relu)(const float *x, float alpha, float *y, size_t n);  /* x < 0 ? alpha * x : x */
    void (*multiply_add)(const float *x, float scale, float bias, float *y,
                         size_t n); /* fma(x, scale, bias) */
} oq_math_f32;

extern const oq_math_f32 oq_k_math_f32_base, oq_k_math_f32_avx2, oq_k_math_f32_avx512;

#endif
