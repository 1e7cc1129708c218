#include "op/op_strided.h"

#include <string.h>

#include "kernel/transpose.h"

/* A 16 x 16 tile of 4-byte elements is 16 cache lines on each side. */
#define TILE       16
#define TASK_BYTES ((size_t)32 * 1024) /* 1 or 2 us */

void oq_strided_add(oq_strided *block, int64_t dim, int64_t to, int64_t from)
{
    block->dims[block->rank] = dim;
    block->to[block->rank] = to;
    block->from[block->rank] = from;
    block->rank++;
}

void oq_contiguous_steps(const int64_t *dims, int rank, int64_t *step)
{
    int64_t product = 1;

    for (int i = rank - 1; i >= 0; i--) {
        step[i] = product;
        product *= dims[i];
    }
}

/* Dimensions ordered by their step in the destination, widest first: it is written from front to back. */
static void sort_by_destination(oq_strided *s)
{
    for (int i = 1; i < s->rank; i++) {
        int64_t dim = s->dims[i], to = s->to[i], from = s->from[i];
        int k = i;

        for (; k > 0 && s->to[k - 1] < to; k--) {
            s->dims[k] = s->dims[k - 1];
            s->to[k] = s->to[k - 1];
            s->from[k] = s->from[k - 1];
        }
        s->dims[k] = dim;
        s->to[k] = to;
        s->from[k] = from;
    }
}

/* Without dimensions of size 1, and with neighbours joined where both sides step through them as through one.
 * False when there is nothing to copy. */
static bool simplify(const oq_strided *given, oq_strided *out)
{
    oq_strided sorted = *given;
    const oq_strided *block = &sorted;

    sort_by_destination(&sorted);
    out->rank = 0;
    for (int i = 0; i < block->rank; i++) {
        int last = out->rank - 1;

        if (block->dims[i] <= 0)
            return false;
        if (block->dims[i] == 1)
            continue;
        if (last >= 0 && out->to[last] == block->to[i] * block->dims[i] &&
            out->from[last] == block->from[i] * block->dims[i]) {
            out->dims[last] *= block->dims[i];
            out->to[last] = block->to[i];
            out->from[last] = block->from[i];
        } else {
            oq_strided_add(out, block->dims[i], block->to[i], block->from[i]);
        }
    }
    if (out->rank == 0)
        oq_strided_add(out, 1, 1, 1);
    return true;
}

/* ------------------------------------------------------------------ the two innermost loops */

#define ROW(SIZE)                   \
    for (int64_t i = 0; i < n; i++) \
    memcpy(to + i * step_to * (SIZE), from + i * step_from * (SIZE), (SIZE))

/* n elements; steps in elements. */
static void copy_row(char *to, const char *from, int64_t n, int64_t step_to, int64_t step_from, size_t size)
{
    if (step_to == 1 && step_from == 1) {
        memcpy(to, from, (size_t)n * size);
        return;
    }
    switch (size) {
    case 1: ROW(1); break;
    case 2: ROW(2); break;
    case 4: ROW(4); break;
    case 8: ROW(8); break;
    default: ROW(16); break;
    }
}

#define PLANE(SIZE)                                                     \
    for (int64_t i0 = 0; i0 < rows; i0 += TILE)                         \
        for (int64_t k0 = 0; k0 < columns; k0 += TILE)                  \
            for (int64_t i = i0; i < rows && i < i0 + TILE; i++)        \
                for (int64_t k = k0; k < columns && k < k0 + TILE; k++) \
    memcpy(to + (i * row_to + k) * (SIZE), from + (i + k * column_from) * (SIZE), (SIZE))

/* Transposition: rows of the destination are columns of the source. The kernel knows forward steps and
 * elements of up to 8 bytes. */
static void copy_plane(char *to, const char *from, int64_t rows, int64_t columns, int64_t row_to,
                       int64_t column_from, size_t size)
{
    if (size <= 8 && column_from > 0 && row_to > 0) {
        oq_transpose(size, (size_t)columns, (size_t)rows, from, (size_t)column_from, to, (size_t)row_to);
        return;
    }
    switch (size) {
    case 1: PLANE(1); break;
    case 2: PLANE(2); break;
    case 4: PLANE(4); break;
    case 8: PLANE(8); break;
    default: PLANE(16); break;
    }
}

/* ------------------------------------------------------------------ the walk over the outer dimensions */

typedef struct {
    oq_strided outer;      /* dimensions around the inner loops */
    int64_t columns, rows; /* inner loops; rows is 1 without a transposition */
    int64_t column_to, column_from, row_to;
    char *to;
    const char *from;
    size_t size;
    size_t n_outer, per_task; /* steps of the outer walk */
} job;

static void copy_task(void *arg, size_t index, int worker)
{
    const job *j = arg;
    size_t first = index * j->per_task;
    size_t end = first + j->per_task < j->n_outer ? first + j->per_task : j->n_outer, rest = first;
    const oq_strided *outer = &j->outer;
    int64_t at[OQ_STRIDED_RANK], at_to = 0, at_from = 0;

    (void)worker;
    for (int i = outer->rank - 1; i >= 0; i--) {
        at[i] = (int64_t)(rest % (size_t)outer->dims[i]);
        rest /= (size_t)outer->dims[i];
        at_to += at[i] * outer->to[i];
        at_from += at[i] * outer->from[i];
    }
    for (size_t k = first; k < end; k++) {
        char *to = j->to + at_to * (int64_t)j->size;
        const char *from = j->from + at_from * (int64_t)j->size;

        if (j->rows > 1)
            copy_plane(to, from, j->rows, j->columns, j->row_to, j->column_from, j->size);
        else
            copy_row(to, from, j->columns, j->column_to, j->column_from, j->size);
        for (int i = outer->rank - 1; i >= 0; i--) {
            at_to += outer->to[i];
            at_from += outer->from[i];
            if (++at[i] < outer->dims[i])
                break;
            at_to -= outer->dims[i] * outer->to[i];
            at_from -= outer->dims[i] * outer->from[i];
            at[i] = 0;
        }
    }
}

/* The dimension along which the source is contiguous when the innermost one is not; -1: none. */
static int transposed_dim(const oq_strided *s)
{
    int last = s->rank - 1;

    if (s->to[last] != 1 || s->from[last] == 1 || s->from[last] == 0)
        return -1;
    for (int i = 0; i < last; i++) {
        if (s->from[i] == 1)
            return i;
    }
    return -1;
}

void oq_strided_copy(const oq_strided *block, void *to, const void *from, size_t size, oq_pool *pool)
{
    oq_strided s;
    job j = {.to = to, .from = from, .size = size, .rows = 1, .n_outer = 1};
    size_t inner;
    int plane;

    if (!simplify(block, &s))
        return;
    plane = transposed_dim(&s);
    j.columns = s.dims[s.rank - 1];
    j.column_to = s.to[s.rank - 1];
    j.column_from = s.from[s.rank - 1];
    if (plane >= 0) {
        j.rows = s.dims[plane];
        j.row_to = s.to[plane];
    }
    for (int i = 0; i < s.rank - 1; i++) {
        if (i == plane)
            continue;
        oq_strided_add(&j.outer, s.dims[i], s.to[i], s.from[i]);
        j.n_outer *= (size_t)s.dims[i];
    }
    inner = (size_t)(j.rows * j.columns) * size;
    j.per_task = inner >= TASK_BYTES ? 1 : TASK_BYTES / inner;
    oq_pool_run(pool, (j.n_outer + j.per_task - 1) / j.per_task, copy_task, &j);
}
