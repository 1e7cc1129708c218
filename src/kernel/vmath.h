/* vmath: exp, log, erf, tanh, sigmoid on vectors. Included by k_*.inc only.
 *
 * Polynomials are minimax fits of our own (Lawson iteration in double on 4001 Chebyshev nodes); the error
 * given is that of the polynomial, before float32 rounding. Every step is one named operation, so all sets
 * round alike.
 */
#ifndef OQ_KERNEL_VMATH_H
#define OQ_KERNEL_VMATH_H

#include "kernel/simd.h"

#define LN2_HI 0x1.62e430p-1f     /* float32 nearest to ln 2 */
#define LN2_LO (-0x1.05c610p-29f) /* ln 2 - LN2_HI */
#define LOG2_E 0x1.715476p+0f

/* c[0] + c[1] x + ... by Horner's rule */
static inline vf polynomial(vf x, const float *c, int n)
{
    vf p = vf_set1(c[n - 1]);

    OQ_UNROLL for (int i = n - 2; i >= 0; i--) p = vf_fma(p, x, vf_set1(c[i]));
    return p;
}

static inline vf vf_abs(vf x)
{
    return (vf)((vi)x & INT32_MAX);
}

static inline vf with_sign_of(vf magnitude, vf sign)
{
    return (vf)((vi)magnitude | ((vi)sign & INT32_MIN));
}

/* 2^n for n in -126..127 */
static inline vf power_of_two(vi n)
{
    return (vf)(((vu)n + 127) << 23);
}

/* exp(x) = 2^n exp(f), n = rint(x / ln 2), |f| <= 0.3467: 1 + f + f^2 P(f), relative error 3.1e-9.
 * 2^n is applied in two halves: n reaches 128 and -150, and a denormal result is then rounded once. Beyond
 * the clamp the result is inf or 0 anyway. */
static inline vf vf_exp(vf x)
{
    static const float c[] = {0x1.fffffcp-2f, 0x1.555490p-3f, 0x1.5558f4p-5f, 0x1.123a36p-7f,
                              0x1.6a23a8p-10f};
    vf clamped = vf_clamp(x, vf_set1(-104.0f), vf_set1(89.0f));
    vf n = vf_rint(clamped * vf_set1(LOG2_E));
    vf f = vf_fma(n, vf_set1(-LN2_LO), vf_fma(n, vf_set1(-LN2_HI), clamped));
    vf p = vf_fma(polynomial(f, c, 5), f * f, f) + vf_set1(1);
    vi exponent = vi_from_vf(n), half = exponent >> 1;

    return p * power_of_two(half) * power_of_two(exponent - half);
}

/* log(x) = e ln 2 + log(1 + f), 1 + f in [sqrt(1/2), sqrt(2)): f - f^2 / 2 + f^3 P(f), relative
 * error 7.5e-10. */
static inline vf vf_log(vf x)
{
    static const float c[] = {0x1.555548p-2f,  -0x1.000006p-2f, 0x1.99a4b6p-3f,
                              -0x1.555c4ep-3f, 0x1.233768p-3f,  -0x1.fc2206p-4f,
                              0x1.e6f06ep-4f,  -0x1.de3c22p-4f, 0x1.1457b0p-4f};
    vm is_denormal = vf_lt(x, vf_set1(0x1p-126f));
    vf scaled = vf_blend(is_denormal, x * vf_set1(0x1p23f), x),
       bias = vf_blend(is_denormal, vf_set1(23), vf_set1(0));
    vi bits = (vi)((vu)scaled - 0x3f3504f3); /* sqrt(1/2) */
    vf e = vf_from_vi(bits >> 23) - bias, f = (vf)((bits & 0x7fffff) + 0x3f3504f3) - vf_set1(1);
    vf p = polynomial(f, c, 9), square = f * f, y;

    y = vf_fma(square, vf_set1(-0.5f), vf_fma(e, vf_set1(LN2_LO), square * f * p));
    y = vf_fma(e, vf_set1(LN2_HI), f + y);
    y = vf_blend(vf_lt(x, vf_set1(INFINITY)), y, x); /* inf and NaN stay */
    y = vf_blend(vf_lt(vf_set1(0), x), y, vf_blend(vf_lt(x, vf_set1(0)), vf_set1(NAN), vf_set1(-INFINITY)));
    return vf_blend(vf_is_nan(x), x, y);
}

/* |x| < 1: x + x P(x^2), relative error 1.3e-9. Else 1 - exp(-g(|x|)), g = -log(erfc) as a polynomial on
 * [0.95, 4], error 3.1e-11 of erf; beyond 4 erf rounds to 1. */
static inline vf vf_erf(vf x)
{
    static const float near[] = {0x1.06eba8p-3f, -0x1.81273ep-2f,  0x1.ce2cf8p-4f, -0x1.b7f90cp-6f,
                                 0x1.5405aep-8f, -0x1.a3f6d8p-11f, 0x1.4969b2p-14f};
    static const float far[] = {-0x1.7ea504p-13f, 0x1.212a52p+0f, 0x1.443c48p-1f,   0x1.bbd950p-4f,
                                -0x1.9c6a30p-6f,  0x1.12a6d8p-8f, -0x1.cbd4d2p-12f, 0x1.67cbc6p-16f};
    vf t = vf_abs(x), s = vf_min(vf_set1(4), t);
    vf small = vf_fma(polynomial(x * x, near, 7), x, x);
    vf large = vf_set1(1) - vf_exp(-polynomial(s, far, 8));

    return vf_blend(vf_lt(t, vf_set1(1)), small, with_sign_of(large, x));
}

/* |x| < 0.625: x + x^3 P(x^2), relative error 4.8e-9. Else 1 - 2 / (exp(2 |x|) + 1). */
static inline vf vf_tanh(vf x)
{
    static const float c[] = {-0x1.555530p-2f, 0x1.11068ep-3f, -0x1.b82794p-5f, 0x1.5199c8p-6f,
                              -0x1.735750p-8f};
    vf t = vf_abs(x), square = x * x;
    vf small = vf_fma(polynomial(square, c, 5) * square, x, x);
    vf large = vf_set1(1) - vf_set1(2) / (vf_exp(t + t) + vf_set1(1));

    return vf_blend(vf_lt(t, vf_set1(0.625f)), small, with_sign_of(large, x));
}

/* 1 / (1 + e) or e / (1 + e) with e = exp(-|x|): no overflow, and small results keep their precision. */
static inline vf vf_sigmoid(vf x)
{
    vf e = vf_exp(-vf_abs(x)), one = vf_set1(1);

    return vf_blend(vf_lt(x, vf_set1(0)), e, one) / (one + e);
}

static inline vf vf_gelu(vf x)
{
    return vf_set1(0.5f) * x * (vf_set1(1) + vf_erf(x * vf_set1(0x1.6a09e6p-1f))); /* sqrt(1/2) */
}

#endif
