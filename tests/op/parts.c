#include "op/parts.h"

#include <stdlib.h>

#include "tap/tap.h"

static void count(void *arg, size_t first, size_t n)
{
    unsigned char *seen = arg;

    for (size_t i = first; i < first + n; i++)
        seen[i]++;
}

static void every_element_once(oq_pool *pool, size_t n)
{
    unsigned char *seen = calloc(n + 1, 1);
    size_t n_wrong = 0;

    oq_in_parts(pool, n, count, seen);
    for (size_t i = 0; i < n; i++)
        n_wrong += seen[i] != 1;
    ok(n_wrong == 0 && seen[n] == 0, "%zu elements, each once and none beyond", n);
    free(seen);
}

int main(void)
{
    static const size_t sizes[] = {0, 1, 32767, 32768, 32769, 200000};
    oq_pool *pool = oq_pool_new(3);

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        every_element_once(NULL, sizes[i]);
        every_element_once(pool, sizes[i]);
    }
    oq_pool_free(pool);
    return tap_done();
}
