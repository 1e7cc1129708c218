/* kernel_test: what the kernel tests share: the sets that can run here, seeded data, comparison bit by bit.
 */
#ifndef OQ_KERNEL_TEST_H
#define OQ_KERNEL_TEST_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "kernel/kernel.h"
#include "tap/tap.h"

static const char *const set_names[] = {"base", "avx2", "avx512"};
enum { N_SET_NAMES = 3 };

/* 64-byte aligned, filled with a NaN so that a value never written shows. */
static inline void *test_alloc(size_t size)
{
    size_t rounded = (size + 127) / 64 * 64;
    void *p = aligned_alloc(64, rounded);

    if (!p)
        tap_bail("out of memory");
    memset(p, 0xff, rounded);
    return p;
}

/* n floats in [-scale, scale). */
static inline float *test_floats(oq_rng *rng, size_t n, float scale)
{
    float *x = test_alloc(n * sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = (oq_rng_float(rng) * 2 - 1) * scale;
    return x;
}

/* Same bits; any NaN equals any NaN. */
static inline bool same_float(float a, float b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

/* Index of the first difference, or n. */
static inline size_t first_difference(const float *a, const float *b, size_t n)
{
    size_t i = 0;

    while (i < n && same_float(a[i], b[i]))
        i++;
    return i;
}

#endif
