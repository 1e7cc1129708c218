/* Pooling: MaxPool, AveragePool, LpPool.
 *
 * One output row at a time: the taps of the leading spatial axes pick whole input rows (those in the padding
 * are left out), then the taps of the last axis run along these rows. A 1-D pool has one row, a 2-D pool
 * kernel-height rows, a 3-D pool kernel-depth times kernel-height. Sums add the taps in ascending order.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "kernel/kernel.h"
#include "op/families.h"
#include "op/floats.h"
#include "op/powers.h"
#include "op/window.h"

typedef enum { MAX, AVERAGE, LP } pool_kind;

typedef struct {
    oq_window window;
    pool_kind kind;
    bool counts_padding; /* AveragePool: count_include_pad */
    bool column_major;   /* MaxPool: storage_order of Indices */
    int64_t p;           /* LpPool */
} pool_state;

struct pool_job;

enum {
    MOST_PARTS = 16, /* of a channels-last image: for threads */
    PART_TERMS = 8192
};

/* One output row of one plane. */
typedef struct {
    const void **row;   /* input rows under the window, padding left out */
    int64_t *row_index; /* Indices: index of each row's first element */
    size_t n_rows;
    size_t counted_rows; /* AveragePool: rows that count */
    void *column;        /* as many elements as the longer of an input and an output row */
} pool_rows;

/* What tap kx of the last axis reaches. */
typedef struct {
    int64_t first, last, at;
} tap_reach;

typedef struct pool_job {
    const pool_state *state;
    const tap_reach *reach; /* kernel of them */
    const float *counts;    /* AveragePool: taps that count, for each output of a row */
    int rank;
    int64_t in[OQ_WINDOW_RANK], out[OQ_WINDOW_RANK], pad[OQ_WINDOW_RANK];
    int64_t
        pad_end[OQ_WINDOW_RANK]; /* explicit padding: counted by AveragePool, ceil_mode's overhang is not */
    int64_t index_step[OQ_WINDOW_RANK]; /* Indices: distance of neighbours along an axis */
    size_t in_plane, out_plane, taps;   /* pixels; taps of the leading axes */
    size_t element;
    size_t channels; /* of a pixel: 1 when plain, where each channel is a plane of its own */
    size_t n_parts;  /* tasks a plane is cut into */
    bool is_last;    /* channels-last */
    const oq_pooling_f32 *kernel;
    const char *x;
    char *y;
    int64_t *indices; /* NULL: not wanted */
    void (*row)(const struct pool_job *job, const pool_rows *rows, void *y, int64_t *indices);
    char *scratch;
    size_t worker_scratch; /* bytes */
} pool_job;

/* ------------------------------------------------------------------ rows along the last axis */

/* Outputs first..last-1 whose tap kx lies inside the input row; at: input position of output 0. */
static void inside(const pool_job *job, int64_t kx, int64_t *first, int64_t *last, int64_t *at)
{
    *at = job->reach[kx].at;
    *first = job->reach[kx].first;
    *last = job->reach[kx].last;
}

static void find_reach(const pool_job *job, int64_t kx, int64_t *first, int64_t *last, int64_t *at)
{
    int i = job->rank - 1;
    int64_t s = job->state->window.stride[i];

    *at = kx * job->state->window.dilation[i] - job->pad[i];
    *first = *at >= 0 ? 0 : (-*at + s - 1) / s;
    *last = job->in[i] - *at <= 0 ? 0 : (job->in[i] - *at + s - 1) / s;
    if (*last > job->out[i])
        *last = job->out[i];
}

#define MAX_ROW(type, lowest)                                                                         \
    static void max_row_##type(const pool_job *job, const pool_rows *rows, void *y, int64_t *indices) \
    {                                                                                                 \
        int axis = job->rank - 1;                                                                     \
        int64_t s = job->state->window.stride[axis], first, last, at;                                 \
        size_t width = (size_t)job->in[axis];                                                         \
        type *to = y, *column = rows->column;                                                         \
                                                                                                      \
        (void)indices;                                                                                \
        for (int64_t i = 0; i < job->out[axis]; i++)                                                  \
            to[i] = lowest;                                                                           \
        if (rows->n_rows == 0)                                                                        \
            return;                                                                                   \
        for (size_t i = 0; i < width; i++)                                                            \
            column[i] = lowest;                                                                       \
        for (size_t r = 0; r < rows->n_rows; r++) {                                                   \
            const type *from = rows->row[r];                                                          \
                                                                                                      \
            for (size_t i = 0; i < width; i++)                                                        \
                column[i] = from[i] > column[i] ? from[i] : column[i];                                \
        }                                                                                             \
        for (int64_t kx = 0; kx < job->state->window.kernel[axis]; kx++) {                            \
            inside(job, kx, &first, &last, &at);                                                      \
            for (int64_t i = first; i < last; i++)                                                    \
                to[i] = column[i * s + at] > to[i] ? column[i * s + at] : to[i];                      \
        }                                                                                             \
    }

/* With the place of the maximum: the first one in ascending order of row, then kx. */
#define MAX_INDEX_ROW(type, lowest)                                                                         \
    static void max_index_row_##type(const pool_job *job, const pool_rows *rows, void *y, int64_t *indices) \
    {                                                                                                       \
        int axis = job->rank - 1;                                                                           \
        int64_t s = job->state->window.stride[axis], first, last, at;                                       \
        type *to = y;                                                                                       \
                                                                                                            \
        for (int64_t i = 0; i < job->out[axis]; i++) {                                                      \
            to[i] = lowest;                                                                                 \
            indices[i] = -1;                                                                                \
        }                                                                                                   \
        for (size_t r = 0; r < rows->n_rows; r++)                                                           \
            for (int64_t kx = 0; kx < job->state->window.kernel[axis]; kx++) {                              \
                const type *from = rows->row[r];                                                            \
                                                                                                            \
                inside(job, kx, &first, &last, &at);                                                        \
                for (int64_t i = first; i < last; i++)                                                      \
                    if (from[i * s + at] > to[i] || indices[i] < 0) {                                       \
                        to[i] = from[i * s + at];                                                           \
                        indices[i] = rows->row_index[r] + (i * s + at) * job->index_step[axis];             \
                    }                                                                                       \
            }                                                                                               \
    }

/* Channels-last: vectors of channels. */
#define MAX_LAST(type, lowest)                                                                         \
    static void max_last_##type(const pool_job *job, const pool_rows *rows, void *y, int64_t *indices) \
    {                                                                                                  \
        int axis = job->rank - 1;                                                                      \
        int64_t s = job->state->window.stride[axis], first, last, at;                                  \
        size_t n = job->channels;                                                                      \
                                                                                                       \
        (void)indices;                                                                                 \
        for (size_t i = 0; i < (size_t)job->out[axis] * n; i++)                                        \
            ((type *)y)[i] = lowest;                                                                   \
        for (int64_t kx = 0; kx < job->state->window.kernel[axis]; kx++) {                             \
            inside(job, kx, &first, &last, &at);                                                       \
            for (size_t r = 0; r < rows->n_rows; r++)                                                  \
                for (int64_t i = first; i < last; i++) {                                               \
                    const type *from = (const type *)rows->row[r] + (size_t)(i * s + at) * n;          \
                    type *to = (type *)y + (size_t)i * n;                                              \
                                                                                                       \
                    for (size_t c = 0; c < n; c++)                                                     \
                        to[c] = from[c] > to[c] ? from[c] : to[c];                                     \
                }                                                                                      \
        }                                                                                              \
    }

MAX_ROW(double, -(double)INFINITY)
MAX_INDEX_ROW(float, -INFINITY)
MAX_INDEX_ROW(double, -(double)INFINITY)
MAX_INDEX_ROW(uint8_t, 0)
MAX_INDEX_ROW(int8_t, INT8_MIN)
MAX_ROW(uint8_t, 0)
MAX_ROW(int8_t, INT8_MIN)
MAX_LAST(double, -(double)INFINITY)
MAX_LAST(uint8_t, 0)
MAX_LAST(int8_t, INT8_MIN)

/* Taps of the last axis that count at output i. */
static int64_t counted_taps(const pool_job *job, int axis, int64_t i)
{
    const oq_window *w = &job->state->window;
    int64_t start = i * w->stride[axis] - job->pad[axis], count = 0;
    int64_t low = job->state->counts_padding ? -job->pad[axis] : 0;
    int64_t high = job->in[axis] + (job->state->counts_padding ? job->pad_end[axis] : 0);

    for (int64_t k = 0; k < w->kernel[axis]; k++) {
        int64_t at = start + k * w->dilation[axis];

        count += at >= low && at < high;
    }
    return count;
}

/* The row as the kernels see it. */
static oq_pooling_row kernel_row(const pool_job *job, const pool_rows *rows, void *y)
{
    const oq_window *w = &job->state->window;
    int axis = job->rank - 1;

    return (oq_pooling_row){.rows = rows->row,
                            .n_rows = rows->n_rows,
                            .channels = job->channels,
                            .width = job->in[axis],
                            .out_width = job->out[axis],
                            .kernel = w->kernel[axis],
                            .stride = w->stride[axis],
                            .dilation = w->dilation[axis],
                            .pad = job->pad[axis],
                            .divisor = rows->column,
                            .column = rows->column,
                            .y = y};
}

static void max_kernel_row(const pool_job *job, const pool_rows *rows, void *y, int64_t *indices)
{
    oq_pooling_row row = kernel_row(job, rows, y);

    (void)indices;
    (job->is_last ? job->kernel->max_nhwc : job->kernel->max_nchw)(&row);
}

static void average_row(const pool_job *job, const pool_rows *rows, void *y, int64_t *indices)
{
    oq_pooling_row row = kernel_row(job, rows, y);
    float *divisor = rows->column;

    (void)indices;
    for (int64_t i = 0; i < job->out[job->rank - 1]; i++) {
        float count = job->counts[i] * (float)rows->counted_rows;

        divisor[i] = count > 0 ? count : 1; /* of nothing the sum is 0, and so is the average */
    }
    (job->is_last ? job->kernel->average_nhwc : job->kernel->average_nchw)(&row);
}

static void lp_row(const pool_job *job, const pool_rows *rows, void *y, int64_t *indices)
{
    int axis = job->rank - 1;
    int64_t s = job->state->window.stride[axis], p = job->state->p, first, last, at;
    float *to = y;

    (void)indices;
    memset(to, 0, (size_t)job->out[axis] * sizeof *to);
    for (size_t r = 0; r < rows->n_rows; r++)
        for (int64_t kx = 0; kx < job->state->window.kernel[axis]; kx++) {
            const float *from = rows->row[r];

            inside(job, kx, &first, &last, &at);
            for (int64_t i = first; i < last; i++)
                to[i] += oq_abs_power(from[i * s + at], p);
        }
    for (int64_t i = 0; i < job->out[axis]; i++)
        to[i] = oq_power_root(to[i], p);
}

/* ------------------------------------------------------------------ planes */

/* The input rows under the output row whose leading coordinates are o. */
static void collect_rows(const pool_job *job, const char *plane, int64_t base, const int64_t *o,
                         pool_rows *rows)
{
    const oq_window *w = &job->state->window;
    int lead = job->rank - 1;
    size_t width = (size_t)job->in[lead];

    rows->n_rows = rows->counted_rows = 0;
    for (size_t tap = 0; tap < job->taps; tap++) {
        int64_t row = 0, step = 1, index = base;
        size_t rest = tap;
        bool is_inside = true, counts = true;

        for (int i = lead - 1; i >= 0; i--) {
            int64_t k = (int64_t)(rest % (size_t)w->kernel[i]);
            int64_t at = o[i] * w->stride[i] - job->pad[i] + k * w->dilation[i];

            rest /= (size_t)w->kernel[i];
            is_inside &= at >= 0 && at < job->in[i];
            counts &= at < job->in[i] + job->pad_end[i];
            row += at * step;
            step *= job->in[i];
            index += at * job->index_step[i];
        }
        rows->counted_rows += job->state->counts_padding ? counts : is_inside;
        if (!is_inside)
            continue;
        rows->row[rows->n_rows] = plane + (size_t)row * width * job->channels * job->element;
        rows->row_index[rows->n_rows++] = index;
    }
}

/* Output rows r0 .. r1 - 1 of a plane. */
static void run_rows(const pool_job *job, size_t plane, size_t r0, size_t r1, char *scratch)
{
    pool_rows rows = {.row = (const void **)(void *)scratch};
    int lead = job->rank - 1;
    size_t width = (size_t)job->out[lead], rest = r0;
    int64_t o[OQ_WINDOW_RANK] = {0};

    rows.row_index = (int64_t *)(void *)(scratch + job->taps * sizeof(void *));
    rows.column = scratch + job->taps * (sizeof(void *) + sizeof(int64_t));
    for (int i = lead - 1; i >= 0; i--) {
        o[i] = (int64_t)(rest % (size_t)job->out[i]);
        rest /= (size_t)job->out[i];
    }
    for (size_t r = r0; r < r1; r++) {
        size_t at = plane * job->out_plane + r * width;

        collect_rows(job, job->x + plane * job->in_plane * job->channels * job->element,
                     (int64_t)(plane * job->in_plane), o, &rows);
        job->row(job, &rows, job->y + at * job->channels * job->element,
                 job->indices ? job->indices + at : NULL);
        for (int i = lead - 1; i >= 0 && ++o[i] == job->out[i]; i--)
            o[i] = 0;
    }
}

static void run_part(void *arg, size_t index, int worker)
{
    const pool_job *job = arg;
    size_t n_rows = oq_dims_product(job->out, 0, job->rank - 1), part = index % job->n_parts;

    run_rows(job, index / job->n_parts, n_rows * part / job->n_parts, n_rows * (part + 1) / job->n_parts,
             job->scratch + (size_t)worker * job->worker_scratch);
}

/* ------------------------------------------------------------------ run */

static void set_end_padding(pool_job *job)
{
    const oq_window *w = &job->state->window;

    for (int i = 0; i < job->rank; i++) {
        int64_t span = w->dilation[i] * (w->kernel[i] - 1) + 1;
        int64_t needed = (job->out[i] - 1) * w->stride[i] + span - job->in[i] - job->pad[i];
        bool is_same = w->auto_pad == OQ_PAD_SAME_UPPER || w->auto_pad == OQ_PAD_SAME_LOWER;

        job->pad_end[i] = !is_same ? w->pad_end[i] : needed > 0 ? needed : 0;
    }
}

static void set_index_steps(pool_job *job)
{
    int64_t step = 1;

    for (int i = 0; i < job->rank; i++) {
        int axis = job->state->column_major ? i : job->rank - 1 - i;

        job->index_step[axis] = step;
        step *= job->in[axis];
    }
}

/* What is the same for all rows: the reach of each tap, and how many taps count. */
static oq_status look_along_rows(oq_run *ctx, pool_job *job)
{
    int axis = job->rank - 1;
    size_t taps = (size_t)job->state->window.kernel[axis], out = (size_t)job->out[axis];
    tap_reach *reach = oq_scratch(ctx, taps * sizeof *reach);
    float *counts = reach ? oq_scratch(ctx, out * sizeof *counts) : NULL;

    if (!counts)
        return ctx->status;
    for (size_t k = 0; k < taps; k++)
        find_reach(job, (int64_t)k, &reach[k].first, &reach[k].last, &reach[k].at);
    for (size_t i = 0; i < out && job->state->kind == AVERAGE; i++)
        counts[i] = (float)counted_taps(job, axis, (int64_t)i);
    job->reach = reach;
    job->counts = counts;
    return OQ_OK;
}

/* Sizes, output shape and scratch; everything but types. */
static oq_status set_up(oq_run *ctx, pool_state *state, pool_job *job, int64_t *dims)
{
    const oq_array *in = ctx->in[0];
    size_t per_tap = sizeof(void *) + sizeof(int64_t), kernel = 1;
    int64_t longest;

    OQ_TRY(oq_window_fit(&state->window, ctx->node, in->rank - 2, NULL, ctx->diag));
    job->state = state;
    job->rank = in->rank - 2;
    job->is_last = ctx->last_in & 1;
    job->kernel = oq_kernels_best()->pooling;
    job->channels = job->is_last ? (size_t)in->dims[in->rank - 1] : 1;
    memcpy(job->in, in->dims + (job->is_last ? 1 : 2), (size_t)job->rank * sizeof *job->in);
    OQ_TRY(oq_window_outputs(&state->window, ctx->node, job->in, job->out, job->pad, ctx->diag));
    memcpy(dims, in->dims, (size_t)in->rank * sizeof *dims);
    memcpy(dims + (job->is_last ? 1 : 2), job->out, (size_t)job->rank * sizeof *dims);
    set_end_padding(job);
    set_index_steps(job);
    job->in_plane = oq_dims_product(job->in, 0, job->rank);
    job->out_plane = oq_dims_product(job->out, 0, job->rank);
    for (int i = 0; i < job->rank; i++) {
        if (oq_mul_overflow(kernel, (size_t)state->window.kernel[i], &kernel) || kernel > INT32_MAX)
            OQ_OP_FAIL(ctx, OQ_LIMIT, "the window is too large");
        job->taps = kernel / (size_t)state->window.kernel[i];
    }
    longest =
        job->in[job->rank - 1] > job->out[job->rank - 1] ? job->in[job->rank - 1] : job->out[job->rank - 1];
    job->worker_scratch = (job->taps * per_tap + (size_t)longest * sizeof(double) + 63) / 64 * 64;
    job->scratch = oq_scratch(ctx, job->worker_scratch * (size_t)oq_pool_size(ctx->pool));
    return job->scratch ? look_along_rows(ctx, job) : ctx->status;
}

static void run_planes(oq_run *ctx, pool_job *job)
{
    size_t planes = (size_t)ctx->in[0]->dims[0] * (job->is_last ? 1 : (size_t)ctx->in[0]->dims[1]);
    size_t n_rows = oq_dims_product(job->out, 0, job->rank - 1), most = 1;

    if (job->is_last)
        most = 1 + job->out_plane * job->taps * (size_t)job->state->window.kernel[job->rank - 1] *
                       job->channels / PART_TERMS;
    most = most < MOST_PARTS ? most : MOST_PARTS;
    job->n_parts = n_rows < most ? n_rows : most;
    if (job->out_plane > 0)
        oq_pool_run(ctx->pool, planes * job->n_parts, run_part, job);
}

/* In float32, whatever float type. */
static oq_status run_float(oq_run *ctx, pool_job *job, const int64_t *dims)
{
    const oq_array *in = ctx->in[0];
    float *y;

    job->element = sizeof(float);
    job->x = (const char *)oq_floats_in(ctx, 0);
    y = job->x ? oq_floats_out(ctx, 0, in->dtype, dims, in->rank) : NULL;
    if (!y)
        return ctx->status;
    job->y = (char *)y;
    run_planes(ctx, job);
    oq_floats_done(ctx, 0, y);
    return OQ_OK;
}

static oq_status run_max(oq_run *ctx, pool_job *job, const int64_t *dims)
{
    const oq_array *in = ctx->in[0];
    bool has_indices = ctx->n_out > 1 && ctx->wanted[1];

    if (has_indices && !(job->indices = oq_out(ctx, 1, OQ_INT64, dims, in->rank)))
        return ctx->status;
    switch (in->dtype) {
    case OQ_UINT8:
        job->row = job->is_last ? max_last_uint8_t : has_indices ? max_index_row_uint8_t : max_row_uint8_t;
        break;
    case OQ_INT8:
        job->row = job->is_last ? max_last_int8_t : has_indices ? max_index_row_int8_t : max_row_int8_t;
        break;
    case OQ_DOUBLE:
        job->row = job->is_last ? max_last_double : has_indices ? max_index_row_double : max_row_double;
        break;
    default: job->row = has_indices ? max_index_row_float : max_kernel_row; return run_float(ctx, job, dims);
    }
    job->element = oq_elem_size(in->dtype);
    job->x = in->data;
    job->y = oq_out(ctx, 0, in->dtype, dims, in->rank);
    if (!job->y)
        return ctx->status;
    run_planes(ctx, job);
    return OQ_OK;
}

static oq_status run(oq_run *ctx)
{
    pool_state state = *(const pool_state *)ctx->state;
    int64_t dims[OQ_MAX_RANK];
    pool_job job = {0};

    OQ_TRY(set_up(ctx, &state, &job, dims));
    if (state.kind == MAX)
        return run_max(ctx, &job, dims);
    job.row = state.kind == AVERAGE ? average_row : lp_row;
    return run_float(ctx, &job, dims);
}

/* ------------------------------------------------------------------ infer and prepare */

static oq_status infer(oq_infer *ctx)
{
    const oq_shape *x = &ctx->in[0].shape;
    oq_window window;
    oq_shape y = *x;

    ctx->out[0].dtype = ctx->in[0].dtype;
    if (ctx->n_out > 1)
        ctx->out[1].dtype = OQ_INT64;
    OQ_TRY(oq_window_read(ctx->node, &window, ctx->diag));
    if (x->rank < 0)
        return OQ_OK;
    OQ_TRY(oq_window_fit(&window, ctx->node, x->rank - 2, NULL, ctx->diag));
    OQ_TRY(oq_window_infer(&window, ctx->node, x->dims + 2, y.dims + 2, ctx->diag));
    ctx->out[0].shape = y;
    if (ctx->n_out > 1)
        ctx->out[1].shape = y;
    return OQ_OK;
}

static oq_status prepare_kind(oq_prepare *ctx, pool_kind kind)
{
    pool_state *state = OQ_NEW(ctx->arena, pool_state);

    if (!state)
        OQ_OP_FAIL(ctx, OQ_NOMEM, "out of memory");
    ctx->state = state;
    state->kind = kind;
    state->counts_padding = kind == AVERAGE && oq_node_int(ctx->node, "count_include_pad", 0) != 0;
    state->column_major = oq_node_int(ctx->node, "storage_order", 0) != 0;
    state->p = oq_node_int(ctx->node, "p", 2);
    if (kind == LP && state->p < 1)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "p is %" PRId64 ", it must be at least 1", state->p);
    return oq_window_read(ctx->node, &state->window, ctx->diag);
}

static oq_status prepare_max(oq_prepare *ctx)
{
    return prepare_kind(ctx, MAX);
}

static oq_status prepare_average(oq_prepare *ctx)
{
    return prepare_kind(ctx, AVERAGE);
}

static oq_status prepare_lp(oq_prepare *ctx)
{
    return prepare_kind(ctx, LP);
}

/* ------------------------------------------------------------------ rows */

#define LAST(op, mask, prepare_fn, its_flags)                                                          \
    {                                                                                                  \
        .name = op, .domain = "", .since = 1, .min_in = 1, .max_in = 1, .min_out = 1, .max_out = 2,    \
        .types = mask, .prepare = prepare_fn, .run = run, .weight = -1, .bias = -1, .flags = its_flags \
    }

static const oq_op max_last = LAST("MaxPool", OQ_T_FLOATS | OQ_T_BYTES, prepare_max, OQ_OP_COMMUTES),
                   average_last = LAST("AveragePool", OQ_T_FLOATS, prepare_average, 0);

#define POOL(op, opset, mask, outs, prepare_fn, the_rule, its_flags, its_layout, its_last)                 \
    {                                                                                                      \
        .name = op, .domain = "", .since = opset, .min_in = 1, .max_in = 1, .min_out = 1, .max_out = outs, \
        .types = mask, .infer = infer, .prepare = prepare_fn, .run = run, .rule = the_rule, .weight = -1,  \
        .bias = -1, .flags = its_flags, .layout = its_layout, .channels_last = its_last                    \
    }
#define MAX_POOL(opset, mask, outs) \
    POOL("MaxPool", opset, mask, outs, prepare_max, OQ_RULE_SAME, OQ_OP_COMMUTES, OQ_LAYOUT_ROW, &max_last)
#define AVERAGE_POOL(opset) \
    POOL("AveragePool", opset, OQ_T_FLOATS, 1, prepare_average, OQ_RULE_POOL, 0, OQ_LAYOUT_ROW, &average_last)
#define LP_POOL(opset) \
    POOL("LpPool", opset, OQ_T_FLOATS, 1, prepare_lp, OQ_RULE_NONE, 0, OQ_LAYOUT_PLAIN, NULL)

/* AveragePool: 7 count_include_pad, 10 ceil_mode, 19 dilations, 22 bfloat16. LpPool: 2 integer p, 18
 * ceil_mode and dilations. MaxPool: 8 Indices and storage_order, 10 ceil_mode and dilations, 12 8-bit
 * integers. */
const oq_op oq_ops_pool[] = {
    AVERAGE_POOL(1),
    AVERAGE_POOL(7),
    AVERAGE_POOL(10),
    AVERAGE_POOL(11),
    AVERAGE_POOL(19),
    AVERAGE_POOL(22),
    LP_POOL(2),
    LP_POOL(11),
    LP_POOL(18),
    LP_POOL(22),
    MAX_POOL(1, OQ_T_FLOATS, 1),
    MAX_POOL(8, OQ_T_FLOATS, 2),
    MAX_POOL(10, OQ_T_FLOATS, 2),
    MAX_POOL(11, OQ_T_FLOATS, 2),
    MAX_POOL(12, OQ_T_FLOATS | OQ_T_BYTES, 2),
    MAX_POOL(22, OQ_T_FLOATS | OQ_T_BYTES, 2),
    {0},
};
