/* Waking a thread that sleeps costs about 50 us, as much as a small operator takes. So a helper first spins
 * for the next job, and the caller for the last helper; both go to sleep when it takes longer than SPIN_NS.
 */
#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 256
#define SPIN_NS     100000
#define SPIN_LOOKS  64 /* looks at the flag between two looks at the clock */

struct oq_pool {
    pthread_mutex_t lock;
    pthread_cond_t work_ready, work_done;
    pthread_t *threads; /* n_workers - 1 of them; worker 0 is the caller */
    int n_workers;
    bool spins;             /* each worker has a processor to itself; else a spinning one is in the way */
    atomic_int n_busy;      /* helpers inside the current job; changed under lock, read by who spins */
    atomic_uint generation; /* counts jobs, so that a helper joins each once; likewise */
    atomic_bool quit;       /* likewise */
    int n_asleep;           /* helpers that wait for work_ready */
    bool running;           /* a job is under way: a nested one runs serially */
    oq_task *task;
    void *arg;
    size_t n;
    atomic_size_t next;
};

typedef struct {
    oq_pool *pool;
    int worker;
} start_arg;

static void take_tasks(oq_pool *pool, int worker)
{
    size_t i;

    while ((i = atomic_fetch_add(&pool->next, 1)) < pool->n)
        pool->task(pool->arg, i, worker);
}

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t nanoseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

typedef bool is_over_fn(oq_pool *pool, unsigned seen);

static bool is_work_there(oq_pool *pool, unsigned seen)
{
    return atomic_load_explicit(&pool->generation, memory_order_acquire) != seen ||
           atomic_load_explicit(&pool->quit, memory_order_relaxed);
}

static bool is_work_done(oq_pool *pool, unsigned seen)
{
    (void)seen;
    return atomic_load_explicit(&pool->n_busy, memory_order_acquire) == 0;
}

/* Look until it is over or the time is up. */
static void spin(oq_pool *pool, unsigned seen, is_over_fn *is_over)
{
    int64_t end = 0;

    while (pool->spins) {
        for (int i = 0; i < SPIN_LOOKS; i++) {
            if (is_over(pool, seen))
                return;
            relax();
        }
        if (end == 0)
            end = nanoseconds() + SPIN_NS;
        else if (nanoseconds() > end)
            return;
    }
}

static void *helper_main(void *p)
{
    start_arg start = *(start_arg *)p;
    oq_pool *pool = start.pool;
    unsigned seen = 0;

    free(p);
    for (;;) {
        spin(pool, seen, is_work_there);
        pthread_mutex_lock(&pool->lock);
        pool->n_asleep++;
        while (!pool->quit && pool->generation == seen)
            pthread_cond_wait(&pool->work_ready, &pool->lock);
        pool->n_asleep--;
        if (pool->quit)
            break;
        seen = pool->generation;
        if (pool->running) {
            pool->n_busy++;
            pthread_mutex_unlock(&pool->lock);
            take_tasks(pool, start.worker);
            pthread_mutex_lock(&pool->lock);
            if (--pool->n_busy == 0)
                pthread_cond_signal(&pool->work_done);
        }
        pthread_mutex_unlock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static bool start_helper(oq_pool *pool, int worker)
{
    start_arg *start = malloc(sizeof *start);

    if (!start)
        return false;
    *start = (start_arg){pool, worker};
    if (pthread_create(&pool->threads[worker - 1], NULL, helper_main, start) != 0) {
        free(start);
        return false;
    }
    return true;
}

oq_pool *oq_pool_new(int n_threads)
{
    oq_pool *pool = calloc(1, sizeof *pool);

    if (!pool)
        return NULL;
    if (n_threads <= 0)
        n_threads = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (n_threads < 1)
        n_threads = 1;
    if (n_threads > MAX_THREADS)
        n_threads = MAX_THREADS;
    pool->threads = calloc((size_t)n_threads, sizeof *pool->threads);
    if (!pool->threads) {
        free(pool);
        return NULL;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work_ready, NULL);
    pthread_cond_init(&pool->work_done, NULL);
    pool->spins = n_threads <= sysconf(_SC_NPROCESSORS_ONLN);
    pool->n_workers = 1;
    while (pool->n_workers < n_threads && start_helper(pool, pool->n_workers))
        pool->n_workers++;
    return pool;
}

void oq_pool_free(oq_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->quit = true;
    pthread_cond_broadcast(&pool->work_ready);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->n_workers - 1; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->work_done);
    pthread_cond_destroy(&pool->work_ready);
    pthread_mutex_destroy(&pool->lock);
    free(pool->threads);
    free(pool);
}

int oq_pool_size(const oq_pool *pool)
{
    return pool ? pool->n_workers : 1;
}

static void run_serially(size_t n, oq_task *task, void *arg)
{
    for (size_t i = 0; i < n; i++)
        task(arg, i, 0);
}

void oq_pool_run(oq_pool *pool, size_t n, oq_task *task, void *arg)
{
    bool nested;

    if (!pool || pool->n_workers == 1 || n < 2) {
        run_serially(n, task, arg);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    nested = pool->running;
    if (!nested) {
        pool->running = true;
        pool->task = task;
        pool->arg = arg;
        pool->n = n;
        atomic_store(&pool->next, 0);
        pool->generation++;
        if (pool->n_asleep > 0)
            pthread_cond_broadcast(&pool->work_ready);
    }
    pthread_mutex_unlock(&pool->lock);
    if (nested) {
        run_serially(n, task, arg);
        return;
    }
    take_tasks(pool, 0);
    spin(pool, 0, is_work_done);
    pthread_mutex_lock(&pool->lock);
    while (pool->n_busy > 0)
        pthread_cond_wait(&pool->work_done, &pool->lock);
    pool->running = false; /* a helper that wakes late finds no job and waits for the next generation */
    pthread_mutex_unlock(&pool->lock);
}
