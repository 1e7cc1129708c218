/* integer_pair: Add and Mul of integer units, with NumPy broadcasting.
 *
 *   Add   round_half_even((q_a - z_a) * (s_a / s_y) + (q_b - z_b) * (s_b / s_y)) + z_y      in float32
 *   Mul   round_half_even((q_a - z_a) * (q_b - z_b) * m) + z_y                     m = s_a * s_b / s_y
 *
 * The output is cut into runs along which each input moves on by one or stands still; the kernels see an
 * input that stands still as a short array of equal codes.
 */
#include <string.h>

#include "exec/unit.h"

enum {
    SAME_CODES = 256, /* equal codes at a time */
    PART = 8 * 1024,  /* elements of a part of the pool's work */
};

typedef struct pair {
    oq_codes_int8 sides[2];
    oq_requantize how;
    float factor; /* Mul */
    bool is_mul;
    /* the broadcast: axes outside the runs, outermost first */
    int rank;
    size_t dims[OQ_MAX_RANK], step[2][OQ_MAX_RANK];
    size_t run, run_step[2]; /* elements of a run; 1 or 0 */
    const unsigned char *in[2];
    unsigned char *y;
    size_t n;
} pair;

/* ---- the broadcast */

/* Put axis (size, steps) in front of those that are there: it joins the run where it goes on like it. */
static void add_axis(pair *p, size_t size, const size_t step[2])
{
    bool joins = p->rank == 0;

    if (size == 1)
        return;
    for (int side = 0; side < 2 && joins && p->run > 1; side++)
        joins = step[side] == p->run_step[side] * p->run;
    for (int side = 0; side < 2 && joins && p->run == 1; side++)
        joins = step[side] <= 1;
    if (joins) {
        for (int side = 0; side < 2 && p->run == 1; side++)
            p->run_step[side] = step[side];
        p->run *= size;
        return;
    }
    p->dims[p->rank] = size;
    for (int side = 0; side < 2; side++)
        p->step[side][p->rank] = step[side];
    p->rank++;
}

/* Axes from the last to the first; p->dims are then from the innermost on. */
static void cut_into_runs(pair *p, const oq_array *const *in, const int64_t *dims, int rank)
{
    size_t next[2] = {1, 1};

    p->run = 1;
    for (int d = rank - 1; d >= 0; d--) {
        size_t step[2] = {0, 0};

        for (int side = 0; side < 2; side++) {
            int e = d - (rank - in[side]->rank);
            size_t size = e >= 0 ? (size_t)in[side]->dims[e] : 1;

            step[side] = size == 1 ? 0 : next[side];
            next[side] *= size;
        }
        add_axis(p, (size_t)dims[d], step);
    }
}

/* Where each input stands at run i. */
static void find_run(const pair *p, size_t i, size_t at[2])
{
    at[0] = at[1] = 0;
    for (int d = 0; d < p->rank; d++) {
        size_t k = i % p->dims[d];

        at[0] += k * p->step[0][d];
        at[1] += k * p->step[1][d];
        i /= p->dims[d];
    }
}

/* ---- computing */

static void compute(const pair *p, const unsigned char *a, const unsigned char *b, unsigned char *y, size_t n)
{
    const oq_pointwise_int8 *kernels = oq_kernels_best()->pointwise_int8;

    if (p->is_mul)
        kernels->multiply(a, b, y, n, p->sides, p->factor, &p->how);
    else
        kernels->add(a, b, y, n, p->sides, &p->how);
}

/* Elements from .. to of run i. */
static void compute_run(const pair *p, size_t i, size_t from, size_t to)
{
    unsigned char same[2][SAME_CODES];
    const unsigned char *x[2];
    size_t at[2], most = SIZE_MAX;

    find_run(p, i, at);
    for (int side = 0; side < 2; side++) {
        x[side] = p->in[side] + at[side] + (p->run_step[side] ? from : 0);
        if (p->run_step[side])
            continue;
        most = SAME_CODES;
        memset(same[side], *x[side], SAME_CODES);
        x[side] = same[side];
    }
    while (from < to) {
        size_t n = to - from < most ? to - from : most;

        compute(p, x[0], x[1], p->y + i * p->run + from, n);
        for (int side = 0; side < 2; side++)
            x[side] += p->run_step[side] ? n : 0;
        from += n;
    }
}

static void compute_part(void *arg, size_t index, int worker)
{
    const pair *p = arg;
    size_t first = index * PART, last = p->n - first < PART ? p->n : first + PART;

    (void)worker;
    for (size_t i = first / p->run; i * p->run < last; i++) {
        size_t from = i * p->run < first ? first - i * p->run : 0;
        size_t to = last - i * p->run < p->run ? last - i * p->run : p->run;

        compute_run(p, i, from, to);
    }
}

static oq_status run_pair(oq_run *ctx, bool is_mul)
{
    const oq_unit *unit = ctx->state;
    const oq_codes *x = unit->x;
    pair p = {.how = {NULL, unit->y.zero_point, unit->lo, unit->hi}, .is_mul = is_mul};
    int64_t dims[OQ_MAX_RANK];
    int rank;

    OQ_TRY(oq_check_codes(ctx, ctx->n_in));
    if (!oq_broadcast_dims(ctx->in[0], ctx->in[1], dims, &rank))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "inputs of rank %d and %d do not broadcast", ctx->in[0]->rank,
                   ctx->in[1]->rank);
    p.y = oq_out(ctx, 0, unit->y.dtype, dims, rank);
    if (!p.y)
        return ctx->status;
    p.n = ctx->out[0].n;
    p.factor = x[0].scale * x[1].scale / unit->y.scale;
    for (int side = 0; side < 2; side++) {
        p.sides[side] =
            (oq_codes_int8){x[side].dtype == OQ_INT8, x[side].zero_point, x[side].scale / unit->y.scale};
        p.in[side] = ctx->in[side]->data;
    }
    cut_into_runs(&p, ctx->in, dims, rank);
    oq_pool_run(ctx->pool, (p.n + PART - 1) / PART, compute_part, &p);
    return OQ_OK;
}

static oq_status run_add(oq_run *ctx)
{
    return run_pair(ctx, false);
}

static oq_status run_mul(oq_run *ctx)
{
    return run_pair(ctx, true);
}

const oq_op oq_unit_add = {
    .name = "Add", .domain = "onnxq.integer", .run = run_add, .layout = OQ_LAYOUT_POINT};
const oq_op oq_unit_mul = {
    .name = "Mul", .domain = "onnxq.integer", .run = run_mul, .layout = OQ_LAYOUT_POINT};
