/* pointwise_int8: element by element on 8 bit codes, and the sums that pools need. All exact, alike in every
 * set.
 *
 * A code q stands for (q - zero_point) * scale; what a product or sum becomes is oq_requantize without its
 * multiplier: saturate(round_half_even(x) + zero_point) to lo..hi, a NaN to lo.
 */
#ifndef OQ_KERNEL_POINTWISE_INT8_H
#define OQ_KERNEL_POINTWISE_INT8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/quantize.h"

/* One operand of codes. */
typedef struct oq_codes_int8 {
    bool is_signed;
    int32_t zero_point;
    float factor; /* add: scale / scale of y; add_float: scale; not read elsewhere */
} oq_codes_int8;

/* What add_float adds, and what becomes of the sum. Any of the results may be NULL. */
typedef struct oq_add_float {
    const void *a, *b;      /* codes as sides[] tells, or floats */
    oq_codes_int8 sides[2]; /* factor 0: floats */
    bool clamps;            /* Relu: a negative sum becomes 0; a NaN stays */
    float *sum;
    unsigned char *y; /* codes: quantize.h with scale and how */
    float scale;
    const oq_requantize *how;
} oq_add_float;

typedef struct oq_pointwise_int8 {
    /* float32: (a - a.zero_point) * a.factor + (b - b.zero_point) * b.factor */
    void (*add)(const void *a, const void *b, unsigned char *y, size_t n, const oq_codes_int8 sides[2],
                const oq_requantize *how);
    /* float32: (a - a.zero_point) * (b - b.zero_point), then times factor */
    void (*multiply)(const void *a, const void *b, unsigned char *y, size_t n, const oq_codes_int8 sides[2],
                     float factor, const oq_requantize *how);
    /* In float32, as DequantizeLinear, Add, Relu and QuantizeLinear would one after another. */
    void (*add_float)(const oq_add_float *job, size_t n);
    /* y[i] = table[x[i]]; may be in place. */
    void (*look_up)(const uint8_t *table, const uint8_t *x, uint8_t *y, size_t n);
    /* sums[i] += x[i], modulo 2^32. */
    void (*accumulate)(const void *x, bool is_signed, int32_t *sums, size_t n);
    /* y[i] = max(x[i], y[i]) */
    void (*maximum)(const void *x, bool is_signed, void *y, size_t n);
} oq_pointwise_int8;

extern const oq_pointwise_int8 oq_k_pointwise_int8_base, oq_k_pointwise_int8_avx2, oq_k_pointwise_int8_avx512;

#endif
