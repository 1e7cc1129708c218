/* Waking a thread that sleeps costs about 50 us, as much as a small operator takes. So a helper first spins
 * for the next job, and the caller for the last helper; both go to sleep when it takes longer than SPIN_NS.
 * Neither locks anything as long as nobody sleeps: a job is announced, joined and closed by one word,
 * `state`. The caller never waits for a helper that has not joined: who comes too late finds the job closed.
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
#define SPIN_NS     1000000
#define GRAINS      64 /* a worker takes its tasks in about so many goes */
#define SPIN_LOOKS  64 /* looks at the state between two looks at the clock */

/* state: number of the job, may it be joined, helpers inside it */
#define BUSY_MASK  ((uint64_t)0xffff)
#define OPEN       ((uint64_t)1 << 16)
#define JOB_NUMBER 32 /* first bit */

/* The tasks next..end-1 of a job: its worker takes them one by one, and so do the others when theirs are
 * done. The same worker thus gets the same part of the next operator's rows, which are still in its cache. */
typedef struct {
    atomic_size_t next;
    size_t end;
    unsigned char apart[48]; /* two shares never lie in one cache line */
} share;

struct oq_pool {
    pthread_mutex_t lock;
    pthread_cond_t work_ready, work_done;
    pthread_t *threads; /* n_workers - 1 of them; worker 0 is the caller */
    share *shares;      /* one per worker */
    int n_workers;
    bool spins;          /* each worker has a processor to itself; else a spinning one is in the way */
    atomic_int n_asleep; /* helpers that wait for work_ready */
    atomic_bool waits;   /* the caller waits for work_done */
    atomic_bool quit;
    atomic_bool running; /* a job is under way: a nested one runs serially */
    unsigned char before[64];
    atomic_uint_fast64_t state;
    unsigned char after[64];
    oq_task *task; /* of the job; stays while a helper is inside */
    void *arg;
    size_t grain; /* tasks taken at once */
};

typedef struct {
    oq_pool *pool;
    int worker;
} start_arg;

static void take_tasks(oq_pool *pool, int worker)
{
    for (int k = 0; k < pool->n_workers; k++) {
        share *s = &pool->shares[(worker + k) % pool->n_workers];
        size_t first;

        while (atomic_load_explicit(&s->next, memory_order_relaxed) < s->end &&
               (first = atomic_fetch_add(&s->next, pool->grain)) < s->end)
            for (size_t i = first; i < first + pool->grain && i < s->end; i++)
                pool->task(pool->arg, i, worker);
    }
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

typedef bool is_over_fn(oq_pool *pool, uint64_t seen);

static bool is_work_there(oq_pool *pool, uint64_t seen)
{
    uint64_t state = atomic_load(&pool->state);

    return ((state & OPEN) && state >> JOB_NUMBER != seen) || atomic_load(&pool->quit);
}

static bool is_work_done(oq_pool *pool, uint64_t seen)
{
    (void)seen;
    return (atomic_load(&pool->state) & BUSY_MASK) == 0;
}

/* Look until it is over or the time is up. */
static void spin(oq_pool *pool, uint64_t seen, is_over_fn *is_over)
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

/* Become one of the busy helpers of the open job, unless it is the one already seen. */
static bool join_job(oq_pool *pool, uint64_t *seen)
{
    uint_fast64_t state = atomic_load(&pool->state);

    while ((state & OPEN) && state >> JOB_NUMBER != *seen)
        if (atomic_compare_exchange_weak(&pool->state, &state, state + 1)) {
            *seen = state >> JOB_NUMBER;
            return true;
        }
    return false;
}

static void leave_job(oq_pool *pool)
{
    bool is_last = ((atomic_fetch_sub(&pool->state, 1) - 1) & BUSY_MASK) == 0;

    atomic_thread_fence(memory_order_seq_cst); /* close_job() writes waits, then looks at the state */
    if (!is_last || !atomic_load(&pool->waits))
        return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_signal(&pool->work_done);
    pthread_mutex_unlock(&pool->lock);
}

static void sleep_until_work(oq_pool *pool, uint64_t seen)
{
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->n_asleep, 1);
    atomic_thread_fence(memory_order_seq_cst); /* announce() writes the state, then looks at n_asleep */
    while (!is_work_there(pool, seen))
        pthread_cond_wait(&pool->work_ready, &pool->lock);
    atomic_fetch_sub(&pool->n_asleep, 1);
    pthread_mutex_unlock(&pool->lock);
}

static void *helper_main(void *p)
{
    start_arg start = *(start_arg *)p;
    oq_pool *pool = start.pool;
    uint64_t seen = 0;

    free(p);
    while (!atomic_load(&pool->quit)) {
        spin(pool, seen, is_work_there);
        if (!is_work_there(pool, seen))
            sleep_until_work(pool, seen);
        if (join_job(pool, &seen)) {
            take_tasks(pool, start.worker);
            leave_job(pool);
        }
    }
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
    pool->shares = calloc((size_t)n_threads, sizeof *pool->shares);
    if (!pool->threads || !pool->shares) {
        free(pool->threads);
        free(pool->shares);
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
    atomic_store(&pool->quit, true);
    pthread_cond_broadcast(&pool->work_ready);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->n_workers - 1; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->work_done);
    pthread_cond_destroy(&pool->work_ready);
    pthread_mutex_destroy(&pool->lock);
    free(pool->threads);
    free(pool->shares);
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

/* Open a job for the helpers. */
static void announce(oq_pool *pool, size_t n, oq_task *task, void *arg)
{
    size_t n_workers = (size_t)pool->n_workers, least = n / n_workers, more = n % n_workers, next = 0;

    pool->task = task;
    pool->arg = arg;
    pool->grain = n / (n_workers * GRAINS) + 1;
    for (size_t w = 0; w < n_workers; w++) {
        share *s = &pool->shares[w];

        atomic_store_explicit(&s->next, next, memory_order_relaxed);
        next += least + (w < more);
        s->end = next;
    }
    atomic_store(&pool->state, ((atomic_load(&pool->state) >> JOB_NUMBER) + 1) << JOB_NUMBER | OPEN);
    atomic_thread_fence(memory_order_seq_cst); /* sleep_until_work() counts itself, then looks at the state */
    if (atomic_load(&pool->n_asleep) == 0)
        return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_broadcast(&pool->work_ready);
    pthread_mutex_unlock(&pool->lock);
}

/* No helper can join any more; wait for those inside. */
static void close_job(oq_pool *pool)
{
    atomic_fetch_and(&pool->state, ~OPEN);
    spin(pool, 0, is_work_done);
    if (is_work_done(pool, 0))
        return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->waits, true);
    atomic_thread_fence(memory_order_seq_cst); /* leave_job() writes the state, then looks at waits */
    while (!is_work_done(pool, 0))
        pthread_cond_wait(&pool->work_done, &pool->lock);
    atomic_store(&pool->waits, false);
    pthread_mutex_unlock(&pool->lock);
}

void oq_pool_run(oq_pool *pool, size_t n, oq_task *task, void *arg)
{
    if (!pool || pool->n_workers == 1 || n < 2 || atomic_exchange(&pool->running, true)) {
        run_serially(n, task, arg);
        return;
    }
    announce(pool, n, task, arg);
    take_tasks(pool, 0);
    close_job(pool);
    atomic_store(&pool->running, false);
}
