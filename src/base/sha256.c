/* sha256: the rounds are libmd's, or the processor's own instructions, which are five times as fast. */
#include "config.h"

#include "base/sha256.h"

#include <sha2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 64

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

static const uint32_t round_constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static bool has_instructions(void)
{
    unsigned a, b, c, d;

    return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}

/* The processor keeps the eight words as (a b e f) and (c d g h), the first in the highest place. */
__attribute__((target("sha,sse4.1"))) static void run_instructions(uint32_t state[8], const unsigned char *p,
                                                                   size_t n_blocks)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i dcba = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0xb1);
    __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(dcba, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, dcba, 0xf0);

    for (; n_blocks > 0; n_blocks--, p += BLOCK) {
        __m128i old_abef = abef, old_cdgh = cdgh, w[4];

        for (int i = 0; i < 4; i++)
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i)), big_endian);
        _Pragma("GCC unroll 16") for (int i = 0; i < 16; i++)
        {
            __m128i k;

            if (i >= 4) {
                __m128i sum = _mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]);

                sum = _mm_add_epi32(sum, _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4));
                w[i % 4] = _mm_sha256msg2_epu32(sum, w[(i + 3) % 4]);
            }
            k = _mm_add_epi32(w[i % 4],
                              _mm_load_si128((const __m128i *)(const void *)(round_constants + 4 * i)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, k);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(k, 0x0e));
        }
        abef = _mm_add_epi32(abef, old_abef);
        cdgh = _mm_add_epi32(cdgh, old_cdgh);
    }
    dcba = _mm_shuffle_epi32(abef, 0x1b);
    hgfe = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(dcba, hgfe, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(hgfe, dcba, 8));
}

#else

static bool has_instructions(void)
{
    return false;
}

static void run_instructions(uint32_t state[8], const unsigned char *p, size_t n_blocks)
{
    (void)state;
    (void)p;
    (void)n_blocks;
}

#endif

static void run_blocks(uint32_t state[8], const unsigned char *p, size_t n_blocks)
{
    if (has_instructions()) {
        run_instructions(state, p, n_blocks);
        return;
    }
    for (; n_blocks > 0; n_blocks--, p += BLOCK)
        SHA256Transform(state, p);
}

void oq_sha256_begin(oq_sha256 *sha)
{
    *sha = (oq_sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
                                 0x1f83d9ab, 0x5be0cd19}};
}

void oq_sha256_add(oq_sha256 *sha, const void *data, size_t size)
{
    const unsigned char *p = data;
    size_t held = sha->n % BLOCK;

    sha->n += size;
    if (held > 0 && size > 0) {
        size_t n = size < BLOCK - held ? size : BLOCK - held;

        memcpy(sha->rest + held, p, n);
        p += n;
        size -= n;
        if (held + n < BLOCK)
            return;
        run_blocks(sha->state, sha->rest, 1);
    }
    if (size >= BLOCK)
        run_blocks(sha->state, p, size / BLOCK);
    if (size % BLOCK)
        memcpy(sha->rest, p + size / BLOCK * BLOCK, size % BLOCK);
}

void oq_sha256_end(oq_sha256 *sha, char hex[65])
{
    static const unsigned char padding[BLOCK] = {0x80};
    uint64_t n_bits = sha->n * 8;
    unsigned char length[8];

    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)(n_bits >> (56 - 8 * i));
    oq_sha256_add(sha, padding, 1 + (2 * BLOCK - 1 - sizeof length - sha->n % BLOCK) % BLOCK);
    oq_sha256_add(sha, length, sizeof length);
    for (int i = 0; i < 8; i++)
        snprintf(hex + (size_t)8 * (size_t)i, 9, "%08x", (unsigned)sha->state[i]);
}
