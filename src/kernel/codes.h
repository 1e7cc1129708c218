/* codes: four vectors of int32 sums to bytes, in registers. Included by k_*_int8.inc only, after simd.h.
 *
 * Packing works in lanes of 128 bits: byte 16 l + 4 q + i of the result is lane l, place i of vector q. Bytes
 * that were interleaved within lanes four by four are back in their order.
 */
#ifndef OQ_KERNEL_CODES_H
#define OQ_KERNEL_CODES_H

#include "kernel/quantize.h"
#include "kernel/simd.h"

typedef unsigned char vb __attribute__((vector_size(VW * 4)));

/* oq_requantize without its multiplier, in registers. Codes are formed unsigned; for signed ones everything
 * is 128 higher until the end. */
typedef struct {
#if VW == 4
    vf lo, hi;
    vi zero_point;
#elif VW == 8
    __m256i zero_point, lo, hi, flip;
#else
    __m512i zero_point, lo, hi, flip;
#endif
} code_range;

#if VW == 16

static inline code_range make_code_range(const oq_requantize *how)
{
    int up = how->lo < 0 ? 128 : 0;

    return (code_range){_mm512_set1_epi16((short)(how->zero_point + up)),
                        _mm512_set1_epi8((char)(how->lo + up)), _mm512_set1_epi8((char)(how->hi + up)),
                        _mm512_set1_epi8((char)up)};
}

/* Too large a number would become the lowest integer; a NaN becomes just that. */
static inline __m512i rounded(vf x)
{
    return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_set1_ps(65536), (__m512)x));
}

static inline __m512i round_product(vi sums, vf multiplier)
{
    return rounded(vf_from_vi(sums) * multiplier);
}

/* Saturating to 16 bits first leaves room for any zero point. */
static inline vb pack_rounded(const code_range *range, __m512i r0, __m512i r1, __m512i r2, __m512i r3)
{
    __m512i a = _mm512_adds_epi16(_mm512_packs_epi32(r0, r1), range->zero_point);
    __m512i b = _mm512_adds_epi16(_mm512_packs_epi32(r2, r3), range->zero_point);
    __m512i codes = _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(a, b), range->lo), range->hi);

    return (vb)_mm512_xor_si512(codes, range->flip);
}

static inline vb codes_of_four(const code_range *range, const vi sums[4], const vf multipliers[4])
{
    return pack_rounded(range, round_product(sums[0], multipliers[0]), round_product(sums[1], multipliers[1]),
                        round_product(sums[2], multipliers[2]), round_product(sums[3], multipliers[3]));
}

/* The codes of four vectors of numbers, one vector after another. */
static inline vb codes_in_order(const code_range *range, const vf x[4])
{
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    vb codes = pack_rounded(range, rounded(x[0]), rounded(x[1]), rounded(x[2]), rounded(x[3]));

    return (vb)_mm512_permutexvar_epi32(order, (__m512i)codes);
}

#elif VW == 8

static inline code_range make_code_range(const oq_requantize *how)
{
    int up = how->lo < 0 ? 128 : 0;

    return (code_range){_mm256_set1_epi16((short)(how->zero_point + up)),
                        _mm256_set1_epi8((char)(how->lo + up)), _mm256_set1_epi8((char)(how->hi + up)),
                        _mm256_set1_epi8((char)up)};
}

static inline __m256i rounded(vf x)
{
    return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_set1_ps(65536), (__m256)x));
}

static inline __m256i round_product(vi sums, vf multiplier)
{
    return rounded(vf_from_vi(sums) * multiplier);
}

static inline vb pack_rounded(const code_range *range, __m256i r0, __m256i r1, __m256i r2, __m256i r3)
{
    __m256i a = _mm256_adds_epi16(_mm256_packs_epi32(r0, r1), range->zero_point);
    __m256i b = _mm256_adds_epi16(_mm256_packs_epi32(r2, r3), range->zero_point);
    __m256i codes = _mm256_min_epu8(_mm256_max_epu8(_mm256_packus_epi16(a, b), range->lo), range->hi);

    return (vb)_mm256_xor_si256(codes, range->flip);
}

static inline vb codes_of_four(const code_range *range, const vi sums[4], const vf multipliers[4])
{
    return pack_rounded(range, round_product(sums[0], multipliers[0]), round_product(sums[1], multipliers[1]),
                        round_product(sums[2], multipliers[2]), round_product(sums[3], multipliers[3]));
}

/* The codes of four vectors of numbers, one vector after another. */
static inline vb codes_in_order(const code_range *range, const vf x[4])
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    vb codes = pack_rounded(range, rounded(x[0]), rounded(x[1]), rounded(x[2]), rounded(x[3]));

    return (vb)_mm256_permutevar8x32_epi32((__m256i)codes, order);
}

#else

static inline code_range make_code_range(const oq_requantize *how)
{
    return (code_range){vf_set1((float)(how->lo - how->zero_point)),
                        vf_set1((float)(how->hi - how->zero_point)), vi_set1(how->zero_point)};
}

/* The codes of four vectors of numbers, one vector after another. */
static inline vb codes_in_order(const code_range *range, const vf x[4])
{
    vb codes = {0};

    for (int q = 0; q < 4; q++) {
        vi code = vi_from_vf(vf_min(vf_max(vf_rint(x[q]), range->lo), range->hi)) + range->zero_point;

        for (int i = 0; i < VW; i++)
            codes[q * VW + i] = (unsigned char)code[i];
    }
    return codes;
}

static inline vb codes_of_four(const code_range *range, const vi sums[4], const vf multipliers[4])
{
    vf x[4];

    for (int q = 0; q < 4; q++)
        x[q] = vf_from_vi(sums[q]) * multipliers[q];
    return codes_in_order(range, x);
}

#endif

/* The first n (1..4 VW) bytes at p; the others are 0. */
static inline vb vb_load_n(const unsigned char *p, size_t n)
{
#if VW == 16
    return (vb)_mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, (unsigned)n), p);
#else
    vb x = {0};

    if (n == sizeof x)
        memcpy(&x, p, sizeof x);
    else
        memcpy(&x, p, n);
    return x;
#endif
}

static inline void vb_store_n(unsigned char *p, vb x, size_t n)
{
#if VW == 16
    _mm512_mask_storeu_epi8(p, _bzhi_u64(UINT64_MAX, (unsigned)n), (__m512i)x);
#else
    if (n == sizeof x)
        memcpy(p, &x, sizeof x);
    else
        memcpy(p, &x, n);
#endif
}

static inline vb vb_set1(unsigned char byte)
{
    vb zero = {0};

    return zero | byte;
}

#endif
