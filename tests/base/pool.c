#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/pool.h"
#include "tap/tap.h"

#define N 1000

static atomic_int counts[N];
static oq_pool *pool;

static void count(void *arg, size_t i, int worker)
{
    (void)arg, (void)worker;
    atomic_fetch_add(&counts[i], 1);
}

static void nest(void *arg, size_t i, int worker)
{
    (void)i, (void)worker;
    oq_pool_run(pool, 10, count, arg);
}

static int wrong(int want)
{
    int n = 0;

    for (int i = 0; i < N; i++)
        n += atomic_load(&counts[i]) != want;
    return n;
}

/* Jobs of every small size; before some the helpers have gone to sleep. */
static int wrong_sizes(void)
{
    int bad = 0;

    for (size_t n = 0; n <= 300; n++) {
        for (int i = 0; i < N; i++)
            atomic_store(&counts[i], 0);
        if (n % 50 == 2)
            nanosleep(&(struct timespec){0, 5000000}, NULL);
        oq_pool_run(pool, n, count, NULL);
        for (size_t i = 0; i < N; i++)
            bad += atomic_load(&counts[i]) != (i < n);
    }
    return bad;
}

static void *call_often(void *arg)
{
    for (int round = 0; round < 200; round++)
        oq_pool_run(pool, N, count, arg);
    return NULL;
}

static int wrong_with_two_callers(void)
{
    pthread_t other;

    for (int i = 0; i < N; i++)
        atomic_store(&counts[i], 0);
    if (pthread_create(&other, NULL, call_often, NULL) != 0)
        return -1;
    call_often(NULL);
    pthread_join(other, NULL);
    return wrong(400);
}

int main(void)
{
    pool = oq_pool_new(4);
    is_int(oq_pool_size(pool), 4, "four workers");
    for (int round = 0; round < 500; round++)
        oq_pool_run(pool, N, count, NULL);
    is_int(wrong(500), 0, "each task runs once a job, 500 jobs");
    oq_pool_run(pool, 20, nest, NULL);
    is_int(atomic_load(&counts[0]), 520, "nested jobs run, serially");
    oq_pool_run(NULL, N, count, NULL);
    is_int(atomic_load(&counts[N - 1]), 501, "without a pool the caller works");
    is_int(wrong_sizes(), 0, "each task of 0 to 300 runs once, also when the helpers sleep");
    is_int(wrong_with_two_callers(), 0,
           "of two callers at a time one has the helpers, the other works alone");
    oq_pool_free(pool);
    pool = oq_pool_new(0);
    ok(oq_pool_size(pool) >= 1, "zero asks for one worker per processor");
    oq_pool_free(pool);
    oq_pool_free(NULL);
    return tap_done();
}
