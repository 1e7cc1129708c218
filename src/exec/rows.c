#include "exec/rows.h"

#include "base/buf.h"

/* Elements of a piece when no operation needs whole rows: registers of 4 KiB stay in L1. */
#define PIECE            ((size_t)1024)
#define LEAST_TASK       ((size_t)1 << 13) /* elements, of a task for a thread */
#define TASKS_PER_WORKER 4

/* ------------------------------------------------------------------ places */

static void note_use(int *last_use, int n_in, int value, int op)
{
    if (value >= n_in)
        last_use[value - n_in] = op;
}

bool oq_rows_place(oq_rows *rows)
{
    int last_use[OQ_ROWS_MAX_OPS] = {0}, holder[OQ_ROWS_MAX_REGISTERS];

    rows->n_registers = 0;
    for (int r = 0; r < OQ_ROWS_MAX_REGISTERS; r++)
        holder[r] = -1;
    for (int i = 0; i < rows->n_ops; i++) {
        const oq_rows_op *op = &rows->ops[i];

        note_use(last_use, rows->n_in, op->a, i);
        note_use(last_use, rows->n_in, op->b, i);
        note_use(last_use, rows->n_in, op->c, i);
    }
    for (int i = 0; i < rows->n_ops; i++) {
        oq_rows_op *op = &rows->ops[i];
        int r = 0;

        op->place = op->is_number ? i : -1;
        if (op->is_number || i + 1 == rows->n_ops)
            continue;
        /* A register whose value is read for the last time by this very operation will do: kernels work in
         * place. */
        while (r < OQ_ROWS_MAX_REGISTERS && holder[r] >= 0 && last_use[holder[r]] > i)
            r++;
        if (r == OQ_ROWS_MAX_REGISTERS)
            return false;
        holder[r] = i;
        op->place = r;
        rows->n_registers = r + 1 > rows->n_registers ? r + 1 : rows->n_registers;
    }
    return true;
}

/* ------------------------------------------------------------------ one row or piece */

/* Where a value is: a row of n elements, or one number. */
typedef struct {
    const float *data;
    int step;
} place;

typedef struct {
    const oq_rows *rows;
    const oq_kernels *kernels;
    const float *in[OQ_ROWS_MAX_IN];
    float *out;
    float *registers; /* of this worker */
    size_t stride;    /* elements between registers */
} job;

static void run_binary(const oq_math_f32 *math, int which, place a, place b, float *y, size_t n)
{
    if (a.step && !b.step)
        math->binary_scalar[which](a.data, *b.data, y, n);
    else if (!a.step && b.step)
        math->scalar_binary[which](*a.data, b.data, y, n);
    else
        math->binary[which](a.data, b.data, y, a.step ? n : 1);
}

static void run_op(const job *j, const oq_rows_op *op, const place *values, float *y, size_t n)
{
    const oq_math_f32 *math = j->kernels->math;
    const oq_reduce_f32 *reduce = j->kernels->reduce;
    place a = values[op->a];
    size_t length = op->is_number ? 1 : n;

    switch (op->kind) {
    case OQ_ROWS_BINARY: run_binary(math, op->which, a, values[op->b], y, n); break;
    case OQ_ROWS_UNARY: math->unary[op->which](a.data, y, length); break;
    case OQ_ROWS_SUM: *y = reduce->row[OQ_REDUCE_SUM](a.data, n); break;
    case OQ_ROWS_MEAN: *y = reduce->row[OQ_REDUCE_SUM](a.data, n) / (float)n; break;
    case OQ_ROWS_SOFTMAX: reduce->softmax(a.data, y, n); break;
    case OQ_ROWS_LAYER_NORM:
        reduce->layer_norm(a.data, op->b < 0 ? NULL : values[op->b].data,
                           op->c < 0 ? NULL : values[op->c].data, op->epsilon, y, n, NULL, NULL);
        break;
    }
}

static void run_piece(const job *j, float *out, const place *in, size_t n)
{
    const oq_rows *rows = j->rows;
    place values[OQ_ROWS_MAX_VALUES];
    float numbers[OQ_ROWS_MAX_OPS];

    for (int k = 0; k < rows->n_in; k++)
        values[k] = in[k];
    for (int i = 0; i < rows->n_ops; i++) {
        const oq_rows_op *op = &rows->ops[i];
        float *y = op->is_number   ? &numbers[op->place]
                   : op->place < 0 ? out
                                   : j->registers + (size_t)op->place * j->stride;

        run_op(j, op, values, y, n);
        values[rows->n_in + i] = (place){y, !op->is_number};
    }
}

static void run_row(void *arg, size_t at, const size_t *first, const int *row_step, size_t n)
{
    const job *j = arg;
    const oq_rows *rows = j->rows;
    size_t piece = rows->needs_rows ? n : PIECE;
    place in[OQ_ROWS_MAX_IN];

    for (size_t done = 0; done < n; done += piece) {
        size_t left = n - done;

        for (int k = 0; k < rows->n_in; k++)
            in[k] = (place){j->in[k] + first[k] + (row_step[k] ? done : 0), row_step[k]};
        run_piece(j, j->out + at + done, in, left < piece ? left : piece);
    }
}

/* ------------------------------------------------------------------ the step */

typedef struct {
    const oq_broadcast *plan;
    const job *job;
    size_t n, part, registers_size;
} parts;

static void run_part(void *arg, size_t index, int worker)
{
    const parts *p = arg;
    size_t first = index * p->part, left = p->n - first;
    job own = *p->job;

    own.registers += (size_t)worker * p->registers_size;
    oq_broadcast_part(p->plan, first, left < p->part ? left : p->part, run_row, &own);
}

/* Elements of a task: whole rows when rows must stay whole. */
static size_t part_size(const oq_rows *rows, const oq_broadcast *plan, size_t n_workers)
{
    size_t most = n_workers * TASKS_PER_WORKER, n_tasks = plan->n / LEAST_TASK, part, unit;

    if (n_workers == 1 || n_tasks < 2)
        return plan->n;
    n_tasks = n_tasks < most ? n_tasks : most;
    unit = rows->needs_rows ? plan->row : 16;
    part = (plan->n / n_tasks + unit - 1) / unit * unit;
    return part ? part : unit;
}

static oq_status check(oq_run *ctx, const oq_rows *rows, oq_broadcast *plan)
{
    bool fits;

    for (int k = 0; k < rows->n_in; k++) {
        if (ctx->in[k]->dtype != OQ_FLOAT)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d of the merged steps is %s, not float32", k,
                       oq_dtype_name(ctx->in[k]->dtype));
    }
    fits = rows->needs_rows ? oq_broadcast_plan_rows(plan, ctx->in, rows->n_in)
                            : oq_broadcast_plan(plan, ctx->in, rows->n_in);
    for (int k = 0; k < rows->n_in && fits && plan->n; k++) {
        bool is_full = ctx->in[k]->n == plan->n;

        fits = (!(rows->full >> k & 1) || is_full) && (!(rows->whole >> k & 1) || plan->row_step[k] == 1);
    }
    if (!fits)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the inputs have not the shapes that the graph gives them");
    return OQ_OK;
}

/* Output 0, in the memory of an input that dies here if there is one. */
static float *result(oq_run *ctx, const oq_rows *rows, const oq_broadcast *plan)
{
    for (int k = 0; k < rows->n_in; k++) {
        float *out;

        if (!(rows->full >> k & 1) || ctx->in[k]->is_constant)
            continue;
        out = ctx->host->in_place(ctx, 0, k, OQ_FLOAT, plan->dims, plan->rank);
        if (!out || out == ctx->in[k]->data)
            return out;
    }
    return ctx->out[0].data ? ctx->out[0].data : oq_out(ctx, 0, OQ_FLOAT, plan->dims, plan->rank);
}

static oq_status run(oq_run *ctx)
{
    const oq_rows *rows = ctx->state;
    size_t n_workers = (size_t)oq_pool_size(ctx->pool);
    job j = {.rows = rows, .kernels = oq_kernels_best()};
    parts p = {.job = &j};
    oq_broadcast plan;
    size_t size;

    OQ_TRY(check(ctx, rows, &plan));
    if (!(j.out = result(ctx, rows, &plan)))
        return oq_run_failure(ctx);
    if (plan.n == 0)
        return OQ_OK;
    j.stride = rows->needs_rows || plan.row < PIECE ? (plan.row + 15) / 16 * 16 : PIECE;
    p.plan = &plan;
    p.n = plan.n;
    p.part = part_size(rows, &plan, n_workers);
    p.registers_size = j.stride * (size_t)rows->n_registers;
    if (oq_mul_overflow(p.registers_size, n_workers * sizeof(float), &size))
        OQ_OP_FAIL(ctx, OQ_LIMIT, "rows of %zu elements do not fit in memory", plan.row);
    if (size && !(j.registers = oq_scratch(ctx, size)))
        return oq_run_failure(ctx);
    for (int k = 0; k < rows->n_in; k++)
        j.in[k] = ctx->in[k]->data;
    oq_pool_run(ctx->pool, (p.n + p.part - 1) / p.part, run_part, &p);
    return OQ_OK;
}

const oq_op oq_op_rows_pure = {.name = "Rows",
                               .domain = "onnxq",
                               .since = 1,
                               .min_in = 1,
                               .max_in = OQ_ROWS_MAX_IN,
                               .min_out = 1,
                               .max_out = 1,
                               .run = run,
                               .weight = -1,
                               .bias = -1,
                               .layout = OQ_LAYOUT_POINT};

const oq_op oq_op_rows = {.name = "Rows",
                          .domain = "onnxq",
                          .since = 1,
                          .min_in = 1,
                          .max_in = OQ_ROWS_MAX_IN,
                          .min_out = 1,
                          .max_out = 1,
                          .run = run,
                          .weight = -1,
                          .bias = -1};
