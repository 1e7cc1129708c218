/* gptq: order and damp H, factor it in place, round every output's weights against the factor.
 *
 * The factor is kept reversed: with the columns in rising order of H_ii and H = L L^T as usual, weights are
 * rounded from the last column to the first, and L's rows are what U's columns are above.
 */
#include "quant/gptq.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"

enum { PANEL = 64, OUTPUTS = 32 };

/* ---- the factor */

typedef struct {
    double diagonal;
    size_t column;
} place;

static int by_diagonal(const void *a, const void *b)
{
    const place *x = a, *y = b;

    if (x->diagonal != y->diagonal)
        return x->diagonal < y->diagonal ? -1 : 1;
    return x->column > y->column ? -1 : 1; /* reversed, so that equal columns are rounded first come first */
}

/* Lower half of the mean of r r^T, columns permuted, into h; damped. */
static void arrange(const oq_hessian *hessian, const size_t *order, double damping, double *h)
{
    size_t k = hessian->k;
    double rows = hessian->n_rows ? (double)hessian->n_rows : 1, mean = 0;

    for (size_t i = 0; i < k; i++) {
        for (size_t j = 0; j <= i; j++) {
            // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): k of them are set
            size_t a = order[i], b = order[j];

            h[i * k + j] = hessian->sum[a > b ? a * k + b : b * k + a] / rows;
        }
        if (!(h[i * k + i] > 0)) /* never read anything: any rounding is as good */
            h[i * k + i] = 1;
        mean += h[i * k + i];
    }
    for (size_t i = 0; i < k; i++)
        h[i * k + i] += damping * mean / (double)k;
}

/* Cholesky of the n x n block at h, and the negated transpose of its inverse into solve (n x n). */
static void factor_block(double *h, size_t stride, size_t n, double floor, double *solve)
{
    for (size_t j = 0; j < n; j++) {
        double *row = h + j * stride, pivot = row[j];

        for (size_t t = 0; t < j; t++)
            pivot -= row[t] * row[t];
        row[j] = sqrt(pivot > floor ? pivot : floor);
        for (size_t i = j + 1; i < n; i++) {
            double *below = h + i * stride, sum = below[j];

            for (size_t t = 0; t < j; t++)
                sum -= below[t] * row[t];
            below[j] = sum / row[j];
        }
    }
    memset(solve, 0, n * n * sizeof *solve);
    for (size_t j = 0; j < n; j++) { /* column j of the inverse, stored as row j */
        double *x = solve + j * n;

        x[j] = 1 / h[j * stride + j];
        for (size_t i = j + 1; i < n; i++) {
            double sum = 0;

            for (size_t t = j; t < i; t++)
                sum -= h[i * stride + t] * x[t];
            x[i] = sum / h[i * stride + i];
        }
        for (size_t i = j; i < n; i++)
            x[i] = -x[i];
    }
}

typedef struct {
    const oq_linear_f64 *linear;
    double *h; /* k x k */
    size_t k, first, width;
    const double *left; /* the panel's rows of what is factored, transposed: first x width */
    double *solve;      /* width x width */
    double *copy;       /* per worker: rows below */
} panel;

enum { CHUNK = 96 };

static void update_rows(void *arg, size_t index, int worker)
{
    const panel *p = arg;
    size_t row = p->first + index * CHUNK, n = p->k - row < CHUNK ? p->k - row : CHUNK;
    oq_subtract_f64 job = {.m = n,
                           .n = p->width,
                           .k = p->first,
                           .a = p->h + row * p->k,
                           .a_stride = p->k,
                           .b = p->left,
                           .b_stride = p->width,
                           .c = p->h + row * p->k + p->first,
                           .c_stride = p->k};

    (void)worker;
    p->linear->subtract(&job);
}

static void solve_rows(void *arg, size_t index, int worker)
{
    const panel *p = arg;
    size_t row = p->first + p->width + index * CHUNK, n = p->k - row < CHUNK ? p->k - row : CHUNK;
    double *copy = p->copy + (size_t)worker * CHUNK * PANEL;
    oq_subtract_f64 job = {.m = n,
                           .n = p->width,
                           .k = p->width,
                           .a = copy,
                           .a_stride = p->width,
                           .b = p->solve,
                           .b_stride = p->width,
                           .c = p->h + row * p->k + p->first,
                           .c_stride = p->k};

    for (size_t i = 0; i < n; i++) {
        memcpy(copy + i * p->width, job.c + i * p->k, p->width * sizeof *copy);
        memset(job.c + i * p->k, 0, p->width * sizeof *copy);
    }
    p->linear->subtract(&job);
}

/* h becomes its lower Cholesky factor, panel by panel. scratch: k * PANEL + PANEL^2 + workers * CHUNK * PANEL
 * doubles. */
static void factor(double *h, size_t k, double floor, oq_pool *pool, double *scratch)
{
    panel p = {.linear = oq_kernels_best()->linear, .h = h, .k = k};
    double *left = scratch;

    p.left = left;
    p.solve = scratch + k * PANEL;
    p.copy = p.solve + (size_t)PANEL * PANEL;
    for (p.first = 0; p.first < k; p.first += p.width) {
        size_t below;

        p.width = k - p.first < PANEL ? k - p.first : PANEL;
        for (size_t j = 0; j < p.width; j++) {
            for (size_t t = 0; t < p.first; t++)
                left[t * p.width + j] = h[(p.first + j) * k + t];
        }
        oq_pool_run(pool, (k - p.first + CHUNK - 1) / CHUNK, update_rows, &p);
        factor_block(h + p.first * k + p.first, k, p.width, floor, p.solve);
        below = k - p.first - p.width;
        oq_pool_run(pool, (below + CHUNK - 1) / CHUNK, solve_rows, &p);
    }
}

/* ---- rounding */

typedef struct {
    const oq_gptq *job;
    const double *l; /* k x k */
    const size_t *order;
    const oq_linear_f64 *linear;
    double *errors; /* n_out x k: code * scale - weight, in l's order */
    double *carry;  /* per worker: OUTPUTS x PANEL */
    int8_t *codes;
} rounding;

/* Columns a0 .. a0 + width of one output, from the last to the first. carry: what the errors behind them ask
 * for. */
static void round_columns(const rounding *r, size_t output, size_t a0, size_t width, double *carry)
{
    const oq_gptq *job = r->job;
    const float *weights = job->weights + output * job->k;
    double scale = (double)job->scale[output], *errors = r->errors + output * job->k + a0;

    for (size_t i = width; i-- > 0;) {
        const double *row = r->l + (a0 + i) * job->k + a0;
        size_t column = r->order[a0 + i];
        double weight = (double)weights[column], code = rint((weight + carry[i] / row[i]) / scale);

        code = !(code >= job->qmin) ? job->qmin : code > job->qmax ? job->qmax : code; /* NaN: qmin */
        r->codes[output * job->k + column] = (int8_t)code;
        errors[i] = code * scale - weight;
        for (size_t j = 0; j < i; j++)
            carry[j] -= row[j] * errors[i];
    }
}

static void round_outputs(void *arg, size_t index, int worker)
{
    const rounding *r = arg;
    size_t k = r->job->k, first = index * OUTPUTS;
    size_t n = r->job->n_out - first < OUTPUTS ? r->job->n_out - first : OUTPUTS;
    double *carry = r->carry + (size_t)worker * OUTPUTS * PANEL;

    for (size_t end = k; end > 0;) {
        size_t width = end % PANEL ? end % PANEL : PANEL, a0 = end - width;
        oq_subtract_f64 job = {.m = n,
                               .n = width,
                               .k = k - end,
                               .a = r->errors + first * k + end,
                               .a_stride = k,
                               .b = r->l + end * k + a0,
                               .b_stride = k,
                               .c = carry,
                               .c_stride = width};

        memset(carry, 0, n * width * sizeof *carry);
        if (job.k)
            r->linear->subtract(&job);
        for (size_t o = 0; o < n; o++)
            round_columns(r, first + o, a0, width, carry + o * width);
        end = a0;
    }
}

/* ---- the whole */

static oq_status factor_and_round(const oq_gptq *job, const oq_hessian *hessian, const size_t *order,
                                  oq_pool *pool, double *memory, int8_t *codes)
{
    size_t k = job->k, workers = (size_t)oq_pool_size(pool);
    double *h = memory, *scratch = h + k * k;
    rounding r = {.job = job, .l = h, .order = order, .linear = oq_kernels_best()->linear, .codes = codes};
    double least = 0;

    arrange(hessian, order, job->damping, h);
    for (size_t i = 0; i < k; i++)
        least = fmax(least, h[i * k + i]); // NOLINT(clang-analyzer-core.CallAndMessage): arrange() set it
    factor(h, k, least * 1e-14, pool, scratch);
    r.carry = scratch + k * PANEL + (size_t)PANEL * PANEL + workers * CHUNK * PANEL;
    r.errors = r.carry + workers * OUTPUTS * PANEL;
    oq_pool_run(pool, (job->n_out + OUTPUTS - 1) / OUTPUTS, round_outputs, &r);
    return OQ_OK;
}

oq_status oq_gptq_round(const oq_gptq *job, const oq_hessian *hessian, oq_pool *pool, int8_t *codes)
{
    size_t k = job->k, workers = (size_t)oq_pool_size(pool);
    size_t doubles =
        k * k + k * PANEL + (size_t)PANEL * PANEL + workers * (CHUNK + OUTPUTS) * PANEL + job->n_out * k;
    double *memory = malloc(doubles * sizeof *memory);
    place *places = malloc((k + 1) * sizeof *places);
    size_t *order = malloc((k + 1) * sizeof *order);
    oq_status status = memory && places && order ? OQ_OK : OQ_NOMEM;

    for (size_t i = 0; status == OQ_OK && i < k; i++)
        places[i] = (place){hessian->sum[i * k + i], i};
    if (status == OQ_OK) {
        qsort(places, k, sizeof *places, by_diagonal);
        for (size_t i = 0; i < k; i++)
            order[i] = places[i].column;
        status = factor_and_round(job, hessian, order, pool, memory, codes);
    }
    free(memory);
    free(places);
    free(order);
    return status;
}
