/* op_einsum: Einsum by products of two.
 *
 * The operands are multiplied from left to right. In each product a label is of one kind:
 *
 *     batch    in both operands and wanted later (by a further operand or the result)
 *     rows     in the left one only, wanted later          columns    in the right one only, wanted later
 *     sum      not wanted later
 *
 * Both are then stacks of matrices, [batch][rows][sum] and [batch][sum][columns], multiplied by the packed
 * float32 product; double and integers (which wrap around) by plain loops. An operand whose steps do not fit
 * that form is copied into it, with step 0 where it is broadcast. A single operand is multiplied by 1.
 */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "kernel/gemm_f32.h"
#include "op/einsum.h"
#include "op/families.h"
#include "op/floats.h"
#include "op/op_elementwise.h"
#include "op/op_elems.h"
#include "op/op_strided.h"

/* ------------------------------------------------------------------ infer */

static oq_status infer(oq_infer *ctx)
{
    oq_dim sizes[OQ_EINSUM_LABELS];
    int ranks[OQ_EINSUM_MAX_TERMS];
    oq_einsum equation;

    ctx->out[0].dtype = ctx->in[0].dtype;
    for (int i = 0; i < ctx->n_in; i++) {
        if (ctx->in[i].shape.rank < 0 || i >= OQ_EINSUM_MAX_TERMS)
            return OQ_OK;
        ranks[i] = ctx->in[i].shape.rank;
    }
    OQ_TRY(oq_einsum_read(ctx->node, ranks, ctx->n_in, &equation, ctx->diag));
    for (int i = 0; i < OQ_EINSUM_LABELS; i++)
        sizes[i] = oq_dim_of(1);
    for (int i = 0; i < ctx->n_in; i++) {
        for (int k = 0; k < ranks[i]; k++) {
            int label = equation.terms[i].labels[k];
            oq_shape a = {.rank = 1, .dims = {sizes[label]}},
                     b = {.rank = 1, .dims = {ctx->in[i].shape.dims[k]}};

            if (!oq_shape_broadcast(&a, &b, &a))
                OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %d of operand %d does not fit the axes with the same letter",
                           k, i);
            sizes[label] = a.dims[0];
        }
    }
    ctx->out[0].shape = oq_shape_ranked(equation.result.rank);
    for (int k = 0; k < equation.result.rank; k++)
        ctx->out[0].shape.dims[k] = sizes[equation.result.labels[k]];
    return OQ_OK;
}

/* ------------------------------------------------------------------ operands */

/* A tensor by labels: element steps; a label that it lacks, or whose size it repeats, has step 0. */
typedef struct {
    const void *data;
    bool has[OQ_EINSUM_LABELS];
    int64_t step[OQ_EINSUM_LABELS];
} operand;

typedef struct {
    int n;
    int labels[OQ_EINSUM_LABELS];
    size_t size; /* product of their sizes */
} label_list;

typedef struct {
    oq_dtype dtype; /* computed in */
    size_t element;
    int64_t sizes[OQ_EINSUM_LABELS];
    oq_einsum equation;
} einsum_job;

static oq_status read_sizes(oq_run *ctx, einsum_job *job)
{
    int ranks[OQ_EINSUM_MAX_TERMS];

    for (int i = 0; i < ctx->n_in && i < OQ_EINSUM_MAX_TERMS; i++)
        ranks[i] = ctx->in[i]->rank;
    OQ_TRY(oq_einsum_read(ctx->node, ranks, ctx->n_in, &job->equation, ctx->diag));
    for (int i = 0; i < OQ_EINSUM_LABELS; i++)
        job->sizes[i] = 1;
    for (int i = 0; i < ctx->n_in; i++) {
        if (ctx->in[i]->dtype != ctx->in[0]->dtype)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "operand %d is %s, operand 0 %s; they must have one type", i,
                       oq_dtype_name(ctx->in[i]->dtype), oq_dtype_name(ctx->in[0]->dtype));
        for (int k = 0; k < ctx->in[i]->rank; k++) {
            int64_t *size = &job->sizes[job->equation.terms[i].labels[k]], dim = ctx->in[i]->dims[k];

            if (*size != dim && *size != 1 && dim != 1)
                OQ_OP_FAIL(ctx, OQ_SHAPE, "axis %d of operand %d does not fit the axes with the same letter",
                           k, i);
            *size = *size == 1 ? dim : *size;
        }
    }
    return OQ_OK;
}

static oq_status open_operand(oq_run *ctx, const einsum_job *job, int i, operand *out)
{
    const oq_einsum_term *term = &job->equation.terms[i];
    int64_t steps[OQ_MAX_RANK];
    oq_array view;

    OQ_TRY(oq_as_float32(ctx, ctx->in[i], &view));
    *out = (operand){.data = view.data};
    oq_contiguous_steps(view.dims, view.rank, steps);
    for (int k = 0; k < view.rank; k++) {
        out->has[term->labels[k]] = true;
        out->step[term->labels[k]] += view.dims[k] == 1 ? 0 : steps[k]; /* twice: along the diagonal */
    }
    return OQ_OK;
}

static bool add_label(const einsum_job *job, label_list *list, int label)
{
    list->labels[list->n++] = label;
    return oq_mul_overflow(list->size, (size_t)job->sizes[label], &list->size);
}

/* Is the label wanted after operand i? */
static bool is_wanted(const einsum_job *job, int label, int i)
{
    bool is_found = false;

    for (int k = 0; k < job->equation.result.rank; k++)
        is_found |= job->equation.result.labels[k] == label;
    for (int t = i + 1; t < job->equation.n_terms; t++)
        for (int k = 0; k < job->equation.terms[t].rank; k++)
            is_found |= job->equation.terms[t].labels[k] == label;
    return is_found;
}

/* The kind of each label, in the order of the result as far as that names it, so that the last product can
 * be the result itself. */
static oq_status sort_labels(oq_run *ctx, const einsum_job *job, const operand *a, const operand *b, int i,
                             label_list *batch, label_list *rows, label_list *columns, label_list *sum)
{
    bool is_done[OQ_EINSUM_LABELS] = {false}, overflows = false;
    size_t all = 0;

    *batch = *rows = *columns = *sum = (label_list){.size = 1};
    for (int n = 0; n < job->equation.result.rank + OQ_EINSUM_LABELS; n++) {
        int label =
            n < job->equation.result.rank ? job->equation.result.labels[n] : n - job->equation.result.rank;

        if (is_done[label] || (!a->has[label] && !b->has[label]))
            continue;
        is_done[label] = true;
        overflows |= add_label(job,
                               !is_wanted(job, label, i)        ? sum
                               : a->has[label] && b->has[label] ? batch
                               : a->has[label]                  ? rows
                                                                : columns,
                               label);
    }
    overflows |= oq_mul_overflow(batch->size, rows->size, &all) ||
                 oq_mul_overflow(all, columns->size, &all) || oq_mul_overflow(all, sum->size, &all) ||
                 all > SIZE_MAX / 64;
    if (overflows)
        OQ_OP_FAIL(ctx, OQ_LIMIT, "the product has too many terms");
    if (batch->n + rows->n + columns->n > OQ_STRIDED_RANK || batch->n + rows->n + sum->n > OQ_STRIDED_RANK ||
        batch->n + sum->n + columns->n > OQ_STRIDED_RANK)
        OQ_OP_FAIL(ctx, OQ_UNSUPPORTED, "a product of two operands has more than %d dimensions",
                   OQ_STRIDED_RANK);
    return OQ_OK;
}

/* ------------------------------------------------------------------ products */

/* A stack of matrices in memory. */
typedef struct {
    const void *data;
    size_t matrix, row, column; /* elements between neighbours */
} matrices;

/* Step of a list of labels seen as one dimension; false when they are not evenly spaced. */
static bool one_step(const einsum_job *job, const operand *o, const label_list *list, size_t *step)
{
    int64_t expected = 0;
    bool is_first = true;

    *step = 0;
    for (int k = list->n - 1; k >= 0; k--) {
        int label = list->labels[k];

        if (job->sizes[label] == 1)
            continue;
        if (!is_first && o->step[label] != expected)
            return false;
        if (is_first)
            *step = (size_t)o->step[label];
        is_first = false;
        expected = o->step[label] * job->sizes[label];
    }
    return true;
}

/* The operand as [batch][rows][columns]: as it lies, or copied. */
static oq_status as_matrices(oq_run *ctx, const einsum_job *job, const operand *o, const label_list *batch,
                             const label_list *rows, const label_list *columns, bool needs_unit_columns,
                             matrices *out)
{
    const label_list *const lists[3] = {batch, rows, columns};
    int64_t step = (int64_t)(batch->size * rows->size * columns->size);
    oq_strided block = {0};
    void *copy;

    out->data = o->data;
    if (one_step(job, o, batch, &out->matrix) && one_step(job, o, rows, &out->row) &&
        one_step(job, o, columns, &out->column) &&
        (!needs_unit_columns || columns->size == 1 ||
         (out->column == 1 && (rows->size == 1 || out->row > 0))))
        return OQ_OK;
    copy = oq_scratch(ctx, (size_t)step * job->element);
    if (!copy)
        return oq_run_failure(ctx);
    for (int l = 0; l < 3; l++) {
        for (int k = 0; k < lists[l]->n; k++) {
            int label = lists[l]->labels[k];

            step /= job->sizes[label] ? job->sizes[label] : 1;
            oq_strided_add(&block, job->sizes[label], step, o->step[label]);
        }
    }
    if (block.rank == 0)
        oq_strided_add(&block, 1, 1, 1);
    oq_strided_copy(&block, copy, o->data, job->element, ctx->pool);
    *out = (matrices){copy, rows->size * columns->size, columns->size, 1};
    return OQ_OK;
}

typedef struct {
    size_t n, rows, columns, sum; /* n products */
    matrices a, b;
    void *c; /* n x rows x columns */
} product;

static oq_status multiply_floats(oq_run *ctx, const product *p)
{
    size_t size = oq_pack_f32_size(oq_kernels_best(), p->sum, p->columns);
    void *memory = size == SIZE_MAX ? NULL : oq_scratch(ctx, size);
    oq_packed_f32 packed;

    if (!memory)
        return oq_run_failure(ctx);
    for (size_t i = 0; i < p->n; i++) {
        oq_gemm_f32 gemm = {.b = &packed,
                            .m = p->rows,
                            .a = (const float *)p->a.data + i * p->a.matrix,
                            .a_stride = p->a.row,
                            .c = (float *)p->c + i * p->rows * p->columns,
                            .c_stride = p->columns,
                            .lo = -INFINITY,
                            .hi = INFINITY};

        if (i == 0 || p->b.matrix)
            oq_pack_f32(oq_kernels_best(), p->sum, p->columns, (const float *)p->b.data + i * p->b.matrix,
                        p->b.row, p->b.column, memory, &packed);
        oq_gemm_f32_run(ctx->pool, &gemm);
    }
    return OQ_OK;
}

/* Integers are multiplied as uint64_t, where wrapping around is defined, and cut to the type. */
#define PLAIN(T, wide)                                                                           \
    static void plain_##T(const product *p)                                                      \
    {                                                                                            \
        T *c = p->c;                                                                             \
                                                                                                 \
        for (size_t at = 0; at < p->n * p->rows * p->columns; at++) {                            \
            size_t i = at / (p->rows * p->columns), r = at / p->columns % p->rows;               \
            const T *a = (const T *)p->a.data + i * p->a.matrix + r * p->a.row;                  \
            const T *b = (const T *)p->b.data + i * p->b.matrix + at % p->columns * p->b.column; \
            wide sum = 0;                                                                        \
                                                                                                 \
            for (size_t k = 0; k < p->sum; k++)                                                  \
                sum += (wide)a[k * p->a.column] * (wide)b[k * p->b.row];                         \
            c[at] = (T)sum;                                                                      \
        }                                                                                        \
    }

PLAIN(double, double)
PLAIN(uint8_t, uint64_t)
PLAIN(uint16_t, uint64_t)
PLAIN(uint32_t, uint64_t)
PLAIN(uint64_t, uint64_t)

static oq_status multiply(oq_run *ctx, const einsum_job *job, const product *p)
{
    if (p->n * p->rows * p->columns == 0)
        return OQ_OK;
    if (p->sum == 0) { /* sums of nothing */
        memset(p->c, 0, p->n * p->rows * p->columns * job->element);
        return OQ_OK;
    }
    if (job->dtype == OQ_FLOAT)
        return multiply_floats(ctx, p);
    if (job->dtype == OQ_DOUBLE)
        plain_double(p);
    else if (job->element == 1)
        plain_uint8_t(p);
    else if (job->element == 2)
        plain_uint16_t(p);
    else if (job->element == 4)
        plain_uint32_t(p);
    else
        plain_uint64_t(p);
    return OQ_OK;
}

/* result = a * b, where b is operand i. Its labels are batch, rows, columns. */
static oq_status contract(oq_run *ctx, const einsum_job *job, const operand *a, const operand *b, int i,
                          operand *result)
{
    label_list batch, rows, columns, sum;
    const label_list *const kept[3] = {&batch, &rows, &columns};
    product p;
    int64_t step;

    OQ_TRY(sort_labels(ctx, job, a, b, i, &batch, &rows, &columns, &sum));
    p = (product){.n = batch.size, .rows = rows.size, .columns = columns.size, .sum = sum.size};
    OQ_TRY(as_matrices(ctx, job, a, &batch, &rows, &sum, true, &p.a));
    OQ_TRY(as_matrices(ctx, job, b, &batch, &sum, &columns, false, &p.b));
    p.c = oq_scratch(ctx, p.n * p.rows * p.columns * job->element);
    if (!p.c)
        return oq_run_failure(ctx);
    OQ_TRY(multiply(ctx, job, &p));
    *result = (operand){.data = p.c};
    step = (int64_t)(p.n * p.rows * p.columns);
    for (int l = 0; l < 3; l++) {
        for (int k = 0; k < kept[l]->n; k++) {
            int label = kept[l]->labels[k];

            step /= job->sizes[label] ? job->sizes[label] : 1;
            result->has[label] = true;
            result->step[label] = job->sizes[label] == 1 ? 0 : step;
        }
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ run */

static const double one_double = 1;
static const float one_float = 1;
static const uint64_t one_integer = 1;

static oq_status multiply_all(oq_run *ctx, const einsum_job *job, operand *result)
{
    operand next = {.data = job->dtype == OQ_DOUBLE  ? (const void *)&one_double
                            : job->dtype == OQ_FLOAT ? (const void *)&one_float
                                                     : (const void *)&one_integer};
    bool has_sum = false;

    OQ_TRY(open_operand(ctx, job, 0, result));
    for (int label = 0; label < OQ_EINSUM_LABELS; label++)
        has_sum |= result->has[label] && !is_wanted(job, label, 0);
    if (ctx->n_in == 1 && has_sum) {
        operand a = *result;

        return contract(ctx, job, &a, &next, 0, result);
    }
    for (int i = 1; i < ctx->n_in; i++) {
        operand a = *result;

        OQ_TRY(open_operand(ctx, job, i, &next));
        OQ_TRY(contract(ctx, job, &a, &next, i, result));
    }
    return OQ_OK;
}

static oq_status run(oq_run *ctx)
{
    const oq_array *in = ctx->in[0];
    bool is_half = oq_is_half(in->dtype);
    einsum_job job = {.dtype = is_half ? OQ_FLOAT : in->dtype};
    int64_t dims[OQ_MAX_RANK], steps[OQ_MAX_RANK];
    oq_strided block = {0};
    operand result;
    void *out, *to;

    job.element = oq_elem_size(job.dtype);
    OQ_TRY(read_sizes(ctx, &job));
    OQ_TRY(multiply_all(ctx, &job, &result));
    for (int k = 0; k < job.equation.result.rank; k++)
        dims[k] = job.sizes[job.equation.result.labels[k]];
    out = oq_out(ctx, 0, in->dtype, dims, job.equation.result.rank);
    to = out && is_half ? oq_scratch(ctx, ctx->out[0].n * sizeof(float)) : out;
    if (!to)
        return oq_run_failure(ctx);
    oq_contiguous_steps(dims, job.equation.result.rank, steps);
    for (int k = 0; k < job.equation.result.rank; k++)
        oq_strided_add(&block, dims[k], steps[k], result.step[job.equation.result.labels[k]]);
    if (block.rank == 0)
        oq_strided_add(&block, 1, 1, 1);
    oq_strided_copy(&block, to, result.data, job.element, ctx->pool);
    if (is_half)
        oq_from_floats(to, in->dtype, out, ctx->out[0].n);
    return OQ_OK;
}

const oq_op oq_ops_einsum[] = {
    {.name = "Einsum",
     .domain = "",
     .since = 12,
     .min_in = 1,
     .max_in = -1,
     .min_out = 1,
     .max_out = 1,
     .types = OQ_T_NUMBERS,
     .infer = infer,
     .run = run,
     .rule = OQ_RULE_NONE,
     .weight = -1,
     .bias = -1},
    {.name = NULL},
};
