#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_THREADS 256

struct oq_pool {
    pthread_mutex_t lock;
    pthread_cond_t work_ready, work_done;
    pthread_t *threads; /* n_workers - 1 of them; worker 0 is the caller */
    int n_workers;
    int n_busy;          /* helpers inside the current job */
    unsigned generation; /* counts jobs, so that a helper joins each once */
    bool quit;
    bool running; /* a job is under way: a nested one runs serially */
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

static void *helper_main(void *p)
{
    start_arg start = *(start_arg *)p;
    oq_pool *pool = start.pool;
    unsigned seen = 0;

    free(p);
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->quit && pool->generation == seen)
            pthread_cond_wait(&pool->work_ready, &pool->lock);
        if (pool->quit)
            break;
        seen = pool->generation;
        if (!pool->running)
            continue;
        pool->n_busy++;
        pthread_mutex_unlock(&pool->lock);
        take_tasks(pool, start.worker);
        pthread_mutex_lock(&pool->lock);
        if (--pool->n_busy == 0)
            pthread_cond_signal(&pool->work_done);
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
        pthread_cond_broadcast(&pool->work_ready);
    }
    pthread_mutex_unlock(&pool->lock);
    if (nested) {
        run_serially(n, task, arg);
        return;
    }
    take_tasks(pool, 0);
    pthread_mutex_lock(&pool->lock);
    while (pool->n_busy > 0)
        pthread_cond_wait(&pool->work_done, &pool->lock);
    pool->running = false; /* a helper that wakes late finds no job and waits for the next generation */
    pthread_mutex_unlock(&pool->lock);
}
