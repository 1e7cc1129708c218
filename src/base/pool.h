/* pool: worker threads that take numbered tasks of a job.
 *
 * oq_pool_run(pool, n, task, arg) calls task(arg, i, worker) once for each i in 0..n-1 and returns when all
 * are done. The caller works too, as worker 0. Each worker begins with its own share, neighbouring numbers,
 * so that steps cut alike find their rows in its cache; who is done early takes from the others. A task must
 * not depend on which worker runs it, or results would depend on the thread count. Nested calls from inside a
 * task run serially in that task.
 */
#ifndef OQ_BASE_POOL_H
#define OQ_BASE_POOL_H

#include <stddef.h>

typedef struct oq_pool oq_pool;
typedef void oq_task(void *arg, size_t index, int worker);

/* n_threads <= 0: one per online processor. NULL when out of memory; fewer threads if the system gives fewer.
 */
oq_pool *oq_pool_new(int n_threads);
void oq_pool_free(oq_pool *pool);
/* 1 for NULL. */
int oq_pool_size(const oq_pool *pool);
void oq_pool_run(oq_pool *pool, size_t n, oq_task *task, void *arg); /* pool NULL: serial */

#endif
