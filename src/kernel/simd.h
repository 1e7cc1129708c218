/* simd: one vocabulary of short vectors for every instruction set. Included by k_*.inc only, with the flags
 * of the set.
 *
 * vf is VW floats, vi the same bits as int32, vu as uint32, vm a mask of lanes. + - * / & | ^ << >> are the
 * operators on them; integer sums that may wrap around are done in vu. Each function here has one meaning in
 * all sets, down to the bit (a NaN's payload excepted): vf_fma(a, b, c)  a * b + c rounded once vf_max(a, b)
 * a > b ? a : b: b when either is NaN vf_min(a, b)     a < b ? a : b               vf_rint(a)    to integer,
 * ties to even OQ_K(name) appends the set's suffix, so that each set's functions have their own names in a
 * profile.
 */
#ifndef OQ_KERNEL_SIMD_H
#define OQ_KERNEL_SIMD_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__) && defined(__AVX512VNNI__)
#define VW     16
#define OQ_ISA avx512
#include <immintrin.h>
#elif defined(__AVX2__) && defined(__FMA__)
#define VW     8
#define OQ_ISA avx2
#include <immintrin.h>
#else
#define VW     4
#define OQ_ISA base
#endif

#define OQ_CAT2(a, b) a##_##b
#define OQ_CAT1(a, b) OQ_CAT2(a, b)
#define OQ_K(name)    OQ_CAT1(name, OQ_ISA)
#define OQ_UNROLL     _Pragma("GCC unroll 16")

typedef float vf __attribute__((vector_size(VW * 4)));
typedef int32_t vi __attribute__((vector_size(VW * 4)));
typedef uint32_t vu __attribute__((vector_size(VW * 4)));

#if VW == 16

typedef __mmask16 vm;

static inline vf vf_set1(float x)
{
    return (vf)_mm512_set1_ps(x);
}

static inline vf vf_load(const float *p)
{
    return (vf)_mm512_loadu_ps(p);
}

static inline void vf_store(float *p, vf x)
{
    _mm512_storeu_ps(p, (__m512)x);
}

static inline vf vf_load_some(const float *p, size_t n)
{
    return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}

static inline void vf_store_some(float *p, vf x, size_t n)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)x);
}

static inline vf vf_fma(vf a, vf b, vf c)
{
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}

static inline vf vf_max(vf a, vf b)
{
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
}

static inline vf vf_min(vf a, vf b)
{
    return (vf)_mm512_min_ps((__m512)a, (__m512)b);
}

static inline vf vf_sqrt(vf a)
{
    return (vf)_mm512_sqrt_ps((__m512)a);
}

static inline vf vf_rint(vf a)
{
    return (vf)_mm512_roundscale_ps((__m512)a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline vi vi_from_vf(vf a) /* exact for integers that fit; out of range: INT32_MIN */
{
    return (vi)_mm512_cvtps_epi32((__m512)a);
}

static inline vf vf_from_vi(vi a)
{
    return (vf)_mm512_cvtepi32_ps((__m512i)a);
}

static inline vm vf_lt(vf a, vf b)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ);
}

static inline vm vf_is_nan(vf a)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_UNORD_Q);
}

static inline vf vf_blend(vm m, vf yes, vf no)
{
    return (vf)_mm512_mask_blend_ps(m, (__m512)no, (__m512)yes);
}

static inline int vm_count(vm m)
{
    return __builtin_popcount(m);
}

#elif VW == 8

typedef vi vm;

static inline vf vf_set1(float x)
{
    return (vf)_mm256_set1_ps(x);
}

static inline vf vf_load(const float *p)
{
    return (vf)_mm256_loadu_ps(p);
}

static inline void vf_store(float *p, vf x)
{
    _mm256_storeu_ps(p, (__m256)x);
}

static inline __m256i lanes_below(size_t n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);

    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
}

static inline vf vf_load_some(const float *p, size_t n)
{
    return (vf)_mm256_maskload_ps(p, lanes_below(n));
}

static inline void vf_store_some(float *p, vf x, size_t n)
{
    _mm256_maskstore_ps(p, lanes_below(n), (__m256)x);
}

static inline vf vf_fma(vf a, vf b, vf c)
{
    return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}

static inline vf vf_max(vf a, vf b)
{
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
}

static inline vf vf_min(vf a, vf b)
{
    return (vf)_mm256_min_ps((__m256)a, (__m256)b);
}

static inline vf vf_sqrt(vf a)
{
    return (vf)_mm256_sqrt_ps((__m256)a);
}

static inline vf vf_rint(vf a)
{
    return (vf)_mm256_round_ps((__m256)a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline vi vi_from_vf(vf a)
{
    return (vi)_mm256_cvtps_epi32((__m256)a);
}

static inline vf vf_from_vi(vi a)
{
    return (vf)_mm256_cvtepi32_ps((__m256i)a);
}

static inline vm vf_lt(vf a, vf b)
{
    return (vm)_mm256_cmp_ps((__m256)a, (__m256)b, _CMP_LT_OQ);
}

static inline vm vf_is_nan(vf a)
{
    return (vm)_mm256_cmp_ps((__m256)a, (__m256)a, _CMP_UNORD_Q);
}

static inline vf vf_blend(vm m, vf yes, vf no)
{
    return (vf)_mm256_blendv_ps((__m256)no, (__m256)yes, (__m256)m);
}

static inline int vm_count(vm m)
{
    return __builtin_popcount((unsigned)_mm256_movemask_ps((__m256)m));
}

#else /* portable: four lanes of plain C */

typedef vi vm;

static inline vf vf_set1(float x)
{
    return (vf){x, x, x, x};
}

static inline vf vf_load_some(const float *p, size_t n) /* without a call, which would cost every register */
{
    return (vf){n > 0 ? p[0] : 0, n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, n > 3 ? p[3] : 0};
}

static inline void vf_store_some(float *p, vf x, size_t n)
{
    if (n > 0)
        p[0] = x[0];
    if (n > 1)
        p[1] = x[1];
    if (n > 2)
        p[2] = x[2];
    if (n > 3)
        p[3] = x[3];
}

static inline vf vf_load(const float *p)
{
    vf x;

    memcpy(&x, p, sizeof x);
    return x;
}

static inline void vf_store(float *p, vf x)
{
    memcpy(p, &x, sizeof x);
}

static inline vf vf_fma(vf a, vf b, vf c)
{
    return (vf){fmaf(a[0], b[0], c[0]), fmaf(a[1], b[1], c[1]), fmaf(a[2], b[2], c[2]),
                fmaf(a[3], b[3], c[3])};
}

static inline vf vf_blend(vm m, vf yes, vf no)
{
    return (vf)(((vi)yes & m) | ((vi)no & ~m));
}

static inline vm vf_lt(vf a, vf b)
{
    return a < b;
}

static inline vm vf_is_nan(vf a)
{
    return a != a;
}

static inline vf vf_max(vf a, vf b)
{
    return vf_blend(a > b, a, b);
}

static inline vf vf_min(vf a, vf b)
{
    return vf_blend(a < b, a, b);
}

static inline vf vf_sqrt(vf a)
{
    return (vf){sqrtf(a[0]), sqrtf(a[1]), sqrtf(a[2]), sqrtf(a[3])};
}

static inline vf vf_rint(vf a)
{
    return (vf){rintf(a[0]), rintf(a[1]), rintf(a[2]), rintf(a[3])};
}

static inline int32_t int_from_float(float x) /* what cvtps2dq does outside the range */
{
    return fabsf(x) < 2147483648.0f ? (int32_t)rintf(x) : INT32_MIN;
}

static inline vi vi_from_vf(vf a)
{
    return (vi){int_from_float(a[0]), int_from_float(a[1]), int_from_float(a[2]), int_from_float(a[3])};
}

static inline vf vf_from_vi(vi a)
{
    return (vf){(float)a[0], (float)a[1], (float)a[2], (float)a[3]};
}

static inline int vm_count(vm m)
{
    return -(m[0] + m[1] + m[2] + m[3]);
}

#endif

/* ------------------------------------------------------------------ common to all sets */

/* The first n (1..VW) floats at p; the other lanes are 0. Compiles to a plain load where n is the constant
 * VW. */
static inline vf vf_load_n(const float *p, size_t n)
{
    return n == VW ? vf_load(p) : vf_load_some(p, n);
}

static inline void vf_store_n(float *p, vf x, size_t n)
{
    if (n == VW)
        vf_store(p, x);
    else
        vf_store_some(p, x, n);
}

/* x in a register: GCC would read a value of memory that has several uses again for each of them. */
static inline vf vf_keep(vf x)
{
#if VW > 4
    __asm__("" : "+v"(x));
#elif defined(__x86_64__)
    __asm__("" : "+x"(x));
#elif defined(__aarch64__)
    __asm__("" : "+w"(x));
#endif
    return x;
}

/* NaN stays NaN; a zero keeps its sign when it equals the bound. */
static inline vf vf_clamp(vf x, vf lo, vf hi)
{
    return vf_min(hi, vf_max(lo, x));
}

/* n (1..VW) bytes at p, one per lane, zero or sign extended. Whole vectors are loaded directly: bytes that
 * come through a buffer would wait for its stores. */
static inline vi vi_from_u8(const unsigned char *p, size_t n)
{
    unsigned char bytes[16] = {0};

    if (n < VW) {
        memcpy(bytes, p, n);
        p = bytes;
    }
#if VW == 16
    return (vi)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
#elif VW == 8
    return (vi)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
#else
    return (vi){p[0], p[1], p[2], p[3]};
#endif
}

static inline vi vi_from_s8(const signed char *p, size_t n)
{
    signed char bytes[16] = {0};

    if (n < VW) {
        memcpy(bytes, p, n);
        p = bytes;
    }
#if VW == 16
    return (vi)_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
#elif VW == 8
    return (vi)_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
#else
    return (vi){p[0], p[1], p[2], p[3]};
#endif
}

static inline void store_all_bytes(unsigned char *p, vi x)
{
#if VW == 16
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8((__m512i)x));
#elif VW == 8
    const __m256i low = _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8,
                                         12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    __m256i packed = _mm256_shuffle_epi8((__m256i)x, low);
    __m128i both = _mm_unpacklo_epi32(_mm256_castsi256_si128(packed), _mm256_extracti128_si256(packed, 1));

    _mm_storel_epi64((__m128i *)(void *)p, both);
#else
    for (int i = 0; i < VW; i++)
        p[i] = (unsigned char)x[i];
#endif
}

/* The low byte of the first n (1..VW) lanes. */
static inline void vi_store_bytes(void *to, vi x, size_t n)
{
    unsigned char bytes[VW];

    if (n == VW) {
        store_all_bytes(to, x);
    } else {
        store_all_bytes(bytes, x);
        memcpy(to, bytes, n);
    }
}

/* n (1..VW) integers; the other lanes are 0. */
static inline vi vi_load_n(const int32_t *p, size_t n)
{
    vi x = {0};

    if (n == VW)
        memcpy(&x, p, sizeof x);
    else
        memcpy(&x, p, n * sizeof *p);
    return x;
}

static inline void vi_store_n(int32_t *p, vi x, size_t n)
{
    if (n == VW)
        memcpy(p, &x, sizeof x);
    else
        memcpy(p, &x, n * sizeof *p);
}

static inline vi vi_set1(int32_t x)
{
    vi zero = {0};

    return zero | x;
}

/* The statement for each vector at i of m lanes: whole vectors, then the rest. Only n floats are read and
 * written. */
#define FOR_VECTORS(m, statement)        \
    for (size_t i = 0; i < n; i += VW) { \
        if (n - i >= VW) {               \
            enum { m = VW };             \
            statement;                   \
        } else {                         \
            size_t m = n - i;            \
            statement;                   \
        }                                \
    }

#endif
