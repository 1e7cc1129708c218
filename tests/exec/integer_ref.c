#include "exec/integer_ref.h"

static int32_t dot(const int16_t *a, const int16_t *b, size_t k)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < k; i++)
        sum += (uint32_t)((int32_t)a[i] * b[i]);
    return (int32_t)sum;
}

void oq_ref_gemm_s16(size_t m, size_t n, size_t k, const int16_t *a, const int16_t *b, const int32_t *bias,
                     int32_t *acc)
{
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++)
            acc[i * n + j] =
                (int32_t)((uint32_t)dot(a + i * k, b + j * k, k) + (bias ? (uint32_t)bias[j] : 0));
    }
}
