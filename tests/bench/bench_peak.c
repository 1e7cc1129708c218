/* bench_peak: how many multiply-adds per second this processor does, the ceiling that scripts/bench holds
 * runs against.
 *
 *     bench_peak [THREADS]
 *
 * Independent fused multiply-adds on registers, as wide as the processor has them, for a fifth of a second on
 * each of THREADS threads; the best of five rounds. Prints "NAME THREADS GIGAOPS" with NAME f32 (two
 * operations a multiply-add) and, with VNNI, u8s8 (vpdpbusd: two operations a product).
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/pool.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define CHAINS   16 /* more than latency (4) times units (2) on every processor we know; fits the registers */
#define LOOPS    (1 << 16) /* a fraction of a millisecond: less than a slice of time on a busy machine */
#define PATIENCE 0.5       /* seconds */

typedef struct kernel {
    const char *name;
    double operations; /* of one call */
    float (*run)(void);
} kernel;

#if defined(__x86_64__)
#define DOT(i) "vpdpbusd %13, %12, %" #i "\n\t"

/* Named registers and one statement: an array of sums is kept in memory by GCC 12 when it meets this
 * instruction. */
__attribute__((target("avx512f,avx512vnni"))) static float run_vnni(void)
{
    __m512i a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(1);
    __m512i s0 = a, s1 = a, s2 = a, s3 = a, s4 = a, s5 = a, s6 = a, s7 = a, s8 = a, s9 = a, s10 = a, s11 = a;

    for (int n = 0; n < LOOPS; n++)
        __asm__(DOT(0) DOT(1) DOT(2) DOT(3) DOT(4) DOT(5) DOT(6) DOT(7) DOT(8) DOT(9) DOT(10) DOT(11)
                : "+v"(s0), "+v"(s1), "+v"(s2), "+v"(s3), "+v"(s4), "+v"(s5), "+v"(s6), "+v"(s7), "+v"(s8),
                  "+v"(s9), "+v"(s10), "+v"(s11)
                : "v"(a), "v"(b));
    s0 = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11;
    return (float)_mm512_reduce_add_epi32(s0);
}

__attribute__((target("avx512f"))) static float run_avx512(void)
{
    __m512 sums[CHAINS], a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f), all = _mm512_setzero_ps();

    for (int c = 0; c < CHAINS; c++)
        sums[c] = _mm512_set1_ps((float)c);
    for (int n = 0; n < LOOPS; n++) {
#pragma GCC unroll 16
        for (int c = 0; c < CHAINS; c++)
            sums[c] = _mm512_fmadd_ps(sums[c], a, b);
    }
    for (int c = 0; c < CHAINS; c++)
        all = _mm512_add_ps(all, sums[c]);
    return _mm512_reduce_add_ps(all);
}

/* 12 chains: 16 registers hold them and the operands. */
__attribute__((target("avx2,fma"))) static float run_avx2(void)
{
    __m256 sums[12], a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f), all = _mm256_setzero_ps();

    for (int c = 0; c < 12; c++)
        sums[c] = _mm256_set1_ps((float)c);
    for (int n = 0; n < LOOPS; n++) {
#pragma GCC unroll 12
        for (int c = 0; c < 12; c++)
            sums[c] = _mm256_fmadd_ps(sums[c], a, b);
    }
    for (int c = 0; c < 12; c++)
        all = _mm256_add_ps(all, sums[c]);
    return _mm256_cvtss_f32(all);
}
#endif

typedef float vector __attribute__((vector_size(16)));

/* Multiply and add by themselves: what a processor without (known) fused instructions does. */
static float run_base(void)
{
    vector sums[12], a = {0.999f, 0.999f, 0.999f, 0.999f}, b = {0.001f, 0.001f, 0.001f, 0.001f}, all = {0};

    for (int c = 0; c < 12; c++)
        sums[c] = (vector){(float)c, 0, 0, 0};
    for (int n = 0; n < LOOPS; n++) {
#pragma GCC unroll 12
        for (int c = 0; c < 12; c++)
            sums[c] = sums[c] * a + b;
    }
    for (int c = 0; c < 12; c++)
        all += sums[c];
    return all[0];
}

static kernel widest_f32(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return (kernel){"f32", 2.0 * 16 * CHAINS * LOOPS, run_avx512};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return (kernel){"f32", 2.0 * 8 * 12 * LOOPS, run_avx2};
#endif
    return (kernel){"f32", 2.0 * 4 * 12 * LOOPS, run_base};
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct job {
    const kernel *kernel;
    double *best;   /* one per task: seconds of its fastest call */
    float *results; /* one per task: or the compiler would leave the work out */
} job;

/* The fastest of many short calls: one that nobody interrupted. */
static void work(void *arg, size_t index, int worker)
{
    const job *j = arg;
    double begun = now();

    (void)worker;
    while (now() - begun < PATIENCE) {
        double start = now(), took;

        j->results[index] += j->kernel->run();
        took = now() - start;
        j->best[index] = took < j->best[index] ? took : j->best[index];
    }
}

static bool measure(const kernel *k, oq_pool *pool)
{
    size_t n = (size_t)oq_pool_size(pool);
    job j = {k, calloc(n, sizeof(double)), calloc(n, sizeof(float))};
    double rate = 0;

    if (j.best && j.results) {
        for (size_t i = 0; i < n; i++)
            j.best[i] = 1e30;
        oq_pool_run(pool, n, work, &j);
        for (size_t i = 0; i < n; i++)
            rate += k->operations / j.best[i];
        printf("%s %zu %.1f\n", k->name, n, rate * 1e-9);
    }
    free(j.best);
    free(j.results);
    return rate > 0;
}

int main(int argc, char **argv)
{
    oq_pool *pool = oq_pool_new(argc > 1 ? atoi(argv[1]) : 1);
    kernel f32 = widest_f32();
    bool done = pool && measure(&f32, pool);

#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512vnni"))
        done = done && measure(&(kernel){"u8s8", 2.0 * 64 * 12 * LOOPS, run_vnni}, pool);
#endif
    if (!done)
        fprintf(stderr, "bench_peak: out of memory\n");
    oq_pool_free(pool);
    return done ? 0 : 1;
}
