#include "op/parts.h"

enum { PART = 8 * 1024 /* elements: some 2 us */ };

typedef struct {
    oq_part_fn *part;
    void *arg;
    size_t n;
} job;

static void run_part(void *arg, size_t index, int worker)
{
    const job *j = arg;
    size_t first = index * PART, left = j->n - first;

    (void)worker;
    j->part(j->arg, first, left < PART ? left : PART);
}

void oq_in_parts(oq_pool *pool, size_t n, oq_part_fn *part, void *arg)
{
    job j = {part, arg, n};

    oq_pool_run(pool, n / PART + (n % PART != 0), run_part, &j);
}
