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

/* Too large a product would become the lowest integer; a NaN becomes just that. */
static inline __m512i round_product(vi sums, vf multiplier)
{
    __m512 x = _mm512_mul_ps(_mm512_cvtepi32_ps((__m512i)sums), (__m512)multiplier);

    return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_set1_ps(65536), x));
}

/* Saturating to 16 bits first leaves room for any zero point. */
static inline vb codes_of_four(const code_range *range, const vi sums[4], const vf multipliers[4])
{
    __m512i a =
        _mm512_packs_epi32(round_product(sums[0], multipliers[0]), round_product(sums[1], multipliers[1]));
    __m512i b =
        _mm512_packs_epi32(round_product(sums[2], multipliers[2]), round_product(sums[3], multipliers[3]));
    __m512i codes =
        _mm512_packus_epi16(_mm512_adds_epi16(a, range->zero_point), _mm512_adds_epi16(b, range->zero_point));

    codes = _mm512_min_epu8(_mm512_max_epu8(codes, range->lo), range->hi);
    return (vb)_mm512_xor_si512(codes, range->flip);
}

#elif VW == 8

static inline code_range make_code_range(const oq_requantize *how)
{
    int up = how->lo < 0 ? 128 : 0;

    return (code_range){_mm256_set1_epi16((short)(how->zero_point + up)),
                        _mm256_set1_epi8((char)(how->lo + up)), _mm256_set1_epi8((char)(how->hi + up)),
                        _mm256_set1_epi8((char)up)};
}

static inline __m256i round_product(vi sums, vf multiplier)
{
    __m256 x = _mm256_mul_ps(_mm256_cvtepi32_ps((__m256i)sums), (__m256)multiplier);

    return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_set1_ps(65536), x));
}

static inline vb codes_of_four(const code_range *range, const vi sums[4], const vf multipliers[4])
{
    __m256i a =
        _mm256_packs_epi32(round_product(sums[0], multipliers[0]), round_product(sums[1], multipliers[1]));
    __m256i b =
        _mm256_packs_epi32(round_product(sums[2], multipliers[2]), round_product(sums[3], multipliers[3]));
    __m256i codes =
        _mm256_packus_epi16(_mm256_adds_epi16(a, range->zero_point), _mm256_adds_epi16(b, range->zero_point));

    codes = _mm256_min_epu8(_mm256_max_epu8(codes, range->lo), range->hi);
    return (vb)_mm256_xor_si256(codes, range->flip);
}

#else

static inline code_range make_code_range(const oq_requantize *how)
{
    return (code_range){vf_set1((float)(how->lo - how->zero_point)),
                        vf_set1((float)(how->hi - how->zero_point)), vi_set1(how->zero_point)};
}

static inline vb codes_of_four(const code_range *range, const vi sums[4], const vf multipliers[4])
{
    vb codes = {0};

    for (int q = 0; q < 4; q++) {
        vf x = vf_rint(vf_from_vi(sums[q]) * multipliers[q]);
        vi code = vi_from_vf(vf_min(vf_max(x, range->lo), range->hi)) + range->zero_point;

        for (int i = 0; i < VW; i++)
            codes[q * VW + i] = (unsigned char)code[i];
    }
    return codes;
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
