#include "op/op_broadcast.h"

#include <string.h>

/* A task has at least so many elements (a microsecond of adding), a whole number of cache lines. */
#define LEAST_PART       ((size_t)1 << 13)
#define PARTS_PER_WORKER 4

/* ------------------------------------------------------------------ the plan */

/* Step of an operand along result dimension i: 0 where it repeats. */
static void steps_of(const oq_array *operand, int rank, int64_t *step)
{
    int64_t stride = 1;

    for (int i = rank - 1; i >= 0; i--) {
        int k = i - (rank - operand->rank);
        int64_t dim = k >= 0 ? operand->dims[k] : 1;

        step[i] = dim == 1 ? 0 : stride;
        stride *= dim;
    }
}

static bool result_dims(oq_broadcast *plan, const oq_array *const *operands)
{
    plan->rank = 0;
    for (int k = 0; k < plan->n_operands; k++) {
        oq_array so_far = {.rank = plan->rank};

        memcpy(so_far.dims, plan->dims, sizeof so_far.dims);
        if (!oq_broadcast_dims(&so_far, operands[k], plan->dims, &plan->rank))
            return false;
    }
    return oq_dims_count(plan->dims, plan->rank, &plan->n);
}

/* Every operand steps through dims i and i + 1 as through one dimension of their product. */
static bool can_merge(const oq_broadcast *plan, int64_t step[][OQ_MAX_RANK], int outer, int inner)
{
    for (int k = 0; k < plan->n_operands; k++) {
        if (step[k][outer] != step[k][inner] * plan->dims[inner])
            return false;
    }
    return true;
}

/* Result dims from the innermost on, neighbours merged where possible; returns how many are left. */
static int merge_dims(oq_broadcast *plan, int64_t step[][OQ_MAX_RANK], bool keeps_row, int64_t *size)
{
    int n = 0, last = -1;

    for (int i = plan->rank - 1; i >= 0; i--) {
        bool is_row = keeps_row && i == plan->rank - 1;

        if (plan->dims[i] == 1 && !is_row)
            continue;
        if (last >= 0 && !(keeps_row && n == 1) && can_merge(plan, step, i, last)) {
            size[n - 1] *= plan->dims[i];
        } else {
            size[n] = plan->dims[i];
            for (int k = 0; k < plan->n_operands; k++)
                plan->step[k][n] = step[k][i];
            n++;
        }
        last = i;
    }
    return n;
}

static bool make_plan(oq_broadcast *plan, const oq_array *const *operands, int n_operands, bool keeps_row)
{
    int64_t step[OQ_MAX_OPERANDS][OQ_MAX_RANK], size[OQ_MAX_RANK];
    int n;

    plan->n_operands = n_operands;
    plan->n_outer = 0;
    plan->row = 0;
    if (!result_dims(plan, operands))
        return false;
    if (plan->n == 0)
        return true;
    for (int k = 0; k < n_operands; k++)
        steps_of(operands[k], plan->rank, step[k]);
    n = merge_dims(plan, step, keeps_row, size);
    plan->row = n ? (size_t)size[0] : 1;
    plan->n_outer = n ? n - 1 : 0;
    for (int k = 0; k < n_operands; k++) {
        int64_t reversed[OQ_MAX_RANK] = {0};

        plan->row_step[k] = n ? (int)plan->step[k][0] : 0;
        for (int i = 1; i < n; i++)
            reversed[n - 1 - i] = plan->step[k][i];
        memcpy(plan->step[k], reversed, sizeof reversed);
    }
    for (int i = 1; i < n; i++)
        plan->outer[n - 1 - i] = size[i];
    return true;
}

/* All operands of one shape: one row. */
static bool are_alike(const oq_array *const *operands, int n_operands)
{
    const oq_array *first = operands[0];
    bool same = first->n > 1;

    for (int k = 1; k < n_operands && same; k++)
        same = operands[k]->rank == first->rank &&
               memcmp(operands[k]->dims, first->dims, (size_t)first->rank * sizeof *first->dims) == 0;
    return same;
}

bool oq_broadcast_plan(oq_broadcast *plan, const oq_array *const *operands, int n_operands)
{
    if (are_alike(operands, n_operands)) {
        plan->n_operands = n_operands;
        plan->rank = operands[0]->rank;
        memcpy(plan->dims, operands[0]->dims, sizeof plan->dims);
        plan->n = plan->row = operands[0]->n;
        plan->n_outer = 0;
        for (int k = 0; k < n_operands; k++)
            plan->row_step[k] = 1;
        return true;
    }
    return make_plan(plan, operands, n_operands, false);
}

bool oq_broadcast_plan_rows(oq_broadcast *plan, const oq_array *const *operands, int n_operands)
{
    return make_plan(plan, operands, n_operands, true);
}

oq_status oq_broadcast_inputs(oq_run *ctx, oq_broadcast *plan, int n_operands)
{
    char text[3][128];

    if (oq_broadcast_plan(plan, ctx->in, n_operands))
        return OQ_OK;
    for (int k = 0; k < 3; k++) {
        oq_shape shape = k < n_operands ? oq_shape_of(ctx->in[k]->dims, ctx->in[k]->rank) : oq_shape_scalar();

        oq_shape_text(&shape, text[k], sizeof text[k]);
    }
    if (n_operands < 3)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "inputs of shapes %s and %s do not broadcast", text[0], text[1]);
    OQ_OP_FAIL(ctx, OQ_SHAPE, "inputs of shapes %s, %s and %s do not broadcast", text[0], text[1], text[2]);
}

/* ------------------------------------------------------------------ the loops */

typedef struct {
    const oq_broadcast *plan;
    oq_row_fn *fn;
    void *arg;
} walk;

/* Result elements first .. first + n - 1, which may begin and end inside a row. */
static void walk_range(void *arg, size_t first, size_t n)
{
    const walk *w = arg;
    const oq_broadcast *plan = w->plan;
    size_t row_index = first / plan->row, in_row = first % plan->row;
    int64_t at[OQ_MAX_RANK];
    size_t origin[OQ_MAX_OPERANDS] = {0}, start[OQ_MAX_OPERANDS];

    for (int i = plan->n_outer - 1; i >= 0; i--) {
        at[i] = (int64_t)(row_index % (size_t)plan->outer[i]);
        row_index /= (size_t)plan->outer[i];
        for (int k = 0; k < plan->n_operands; k++)
            origin[k] += (size_t)(at[i] * plan->step[k][i]);
    }
    while (n > 0) {
        size_t length = plan->row - in_row < n ? plan->row - in_row : n;

        for (int k = 0; k < plan->n_operands; k++)
            start[k] = origin[k] + in_row * (size_t)plan->row_step[k];
        w->fn(w->arg, first, start, plan->row_step, length);
        first += length;
        n -= length;
        in_row = 0;
        for (int i = plan->n_outer - 1; i >= 0; i--) {
            bool carries = ++at[i] == plan->outer[i];
            int64_t move = carries ? 1 - plan->outer[i] : 1;

            for (int k = 0; k < plan->n_operands; k++)
                origin[k] += (size_t)(move * plan->step[k][i]);
            if (!carries)
                break;
            at[i] = 0;
        }
    }
}

void oq_broadcast_rows(const oq_broadcast *plan, oq_pool *pool, oq_row_fn *fn, void *arg)
{
    walk w = {plan, fn, arg};

    if (plan->n)
        oq_split_range(pool, plan->n, walk_range, &w);
}

void oq_broadcast_part(const oq_broadcast *plan, size_t first, size_t n, oq_row_fn *fn, void *arg)
{
    walk w = {plan, fn, arg};

    if (n)
        walk_range(&w, first, n);
}

typedef struct {
    size_t n, part;
    oq_range_fn *fn;
    void *arg;
} ranges;

static void run_part(void *arg, size_t index, int worker)
{
    const ranges *r = arg;
    size_t first = index * r->part, left = r->n - first;

    (void)worker;
    r->fn(r->arg, first, left < r->part ? left : r->part);
}

void oq_split_range(oq_pool *pool, size_t n, oq_range_fn *fn, void *arg)
{
    size_t most = (size_t)oq_pool_size(pool) * PARTS_PER_WORKER, parts = n / LEAST_PART;
    ranges r = {n, n, fn, arg};

    if (n == 0)
        return;
    parts = parts < most ? parts : most;
    if (oq_pool_size(pool) > 1 && parts > 1)
        r.part = (n / parts + 16) / 16 * 16;
    oq_pool_run(pool, (n + r.part - 1) / r.part, run_part, &r);
}
