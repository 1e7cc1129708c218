#include "config.h"

#include "kernel/kernel.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const oq_kernels set_base = {
    .name = "base",
    .tiles_f32 = &oq_k_gemm_f32_base,
    .depthwise = &oq_k_depthwise_f32_base,
    .tiles_int8 = &oq_k_gemm_int8_base,
    .depthwise_int8 = &oq_k_depthwise_int8_base,
    .pointwise_int8 = &oq_k_pointwise_int8_base,
    .linear = &oq_k_linear_f64_base,
    .math = &oq_k_math_f32_base,
    .observe = &oq_k_observe_base,
    .noise = &oq_k_noise_f32_base,
    .reduce = &oq_k_reduce_f32_base,
    .quantize = &oq_k_quantize_base,
    .pooling = &oq_k_pooling_f32_base,
};

#ifdef OQ_X86_64
static const oq_kernels set_avx2 = {
    .name = "avx2",
    .tiles_f32 = &oq_k_gemm_f32_avx2,
    .depthwise = &oq_k_depthwise_f32_avx2,
    .tiles_int8 = &oq_k_gemm_int8_avx2,
    .depthwise_int8 = &oq_k_depthwise_int8_avx2,
    .pointwise_int8 = &oq_k_pointwise_int8_avx2,
    .linear = &oq_k_linear_f64_avx2,
    .math = &oq_k_math_f32_avx2,
    .observe = &oq_k_observe_avx2,
    .noise = &oq_k_noise_f32_avx2,
    .reduce = &oq_k_reduce_f32_avx2,
    .quantize = &oq_k_quantize_avx2,
    .pooling = &oq_k_pooling_f32_avx2,
};

static const oq_kernels set_avx512 = {
    .name = "avx512",
    .tiles_f32 = &oq_k_gemm_f32_avx512,
    .depthwise = &oq_k_depthwise_f32_avx512,
    .tiles_int8 = &oq_k_gemm_int8_avx512,
    .depthwise_int8 = &oq_k_depthwise_int8_avx512,
    .pointwise_int8 = &oq_k_pointwise_int8_avx512,
    .linear = &oq_k_linear_f64_avx512,
    .math = &oq_k_math_f32_avx512,
    .observe = &oq_k_observe_avx512,
    .noise = &oq_k_noise_f32_avx512,
    .reduce = &oq_k_reduce_f32_avx512,
    .quantize = &oq_k_quantize_avx512,
    .pooling = &oq_k_pooling_f32_avx512,
};

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
}
#endif

static bool has_base(void)
{
    return true;
}

/* Best first. */
static const struct {
    const oq_kernels *set;
    bool (*is_available)(void);
} sets[] = {
#ifdef OQ_X86_64
    {&set_avx512, has_avx512},
    {&set_avx2, has_avx2},
#endif
    {&set_base, has_base},
};

enum { N_SETS = sizeof sets / sizeof *sets };

const oq_kernels *oq_kernels_best(void)
{
    const char *wanted = getenv("ONNXQ_ISA");
    size_t first = 0;

    for (size_t i = 0; wanted && i < N_SETS; i++)
        if (strcmp(sets[i].set->name, wanted) == 0)
            first = i;
    while (!sets[first].is_available())
        first++;
    return sets[first].set;
}

const oq_kernels *oq_kernels_named(const char *name)
{
    for (size_t i = 0; i < N_SETS; i++)
        if (strcmp(sets[i].set->name, name) == 0)
            return sets[i].is_available() ? sets[i].set : NULL;
    return NULL;
}
