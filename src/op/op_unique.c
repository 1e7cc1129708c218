/* op_unique: Unique: the different elements, or the different slices along an axis.
 *
 * Slices are compared element by element, the outermost first. They are sorted by a merge sort, which keeps
 * equal ones in their order: the first of each run of equals is where that slice occurs first.
 */
#include <string.h>

#include "op/families.h"
#include "op/op_elems.h"
#include "op/op_move.h"
#include "op/order.h"

/* Slices: element e of slice k is element (e / inner * n + k) * inner + e % inner of the input. */
typedef struct {
    size_t n, inner, length; /* slices; elements behind the axis; elements of a slice */
    const uint64_t *keys;    /* of all elements, or */
    const oq_string *strings;
} slices;

static size_t place(const slices *s, size_t slice, size_t e)
{
    return (e / s->inner * s->n + slice) * s->inner + e % s->inner;
}

static int compare_strings(oq_string a, oq_string b)
{
    size_t n = a.size < b.size ? a.size : b.size;
    int order = n ? memcmp(a.data, b.data, n) : 0;

    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare(const slices *s, size_t a, size_t b)
{
    int order = 0;

    for (size_t e = 0; e < s->length && order == 0; e++) {
        size_t at = place(s, a, e), bt = place(s, b, e);

        order = s->keys ? (s->keys[at] > s->keys[bt]) - (s->keys[at] < s->keys[bt])
                        : compare_strings(s->strings[at], s->strings[bt]);
    }
    return order;
}

static void merge(const slices *s, const size_t *a, size_t n_a, const size_t *b, size_t n_b, size_t *to)
{
    size_t i = 0, k = 0;

    while (i < n_a || k < n_b) {
        bool takes_b = i == n_a || (k < n_b && compare(s, b[k], a[i]) < 0);

        *to++ = takes_b ? b[k++] : a[i++];
    }
}

/* The sorted slices end up in what is returned: order or other. */
static size_t *sort(const slices *s, size_t *order, size_t *other)
{
    for (size_t i = 0; i < s->n; i++)
        order[i] = i;
    for (size_t run = 1; run < s->n; run *= 2) {
        size_t *from = order;

        for (size_t at = 0; at < s->n; at += 2 * run) {
            size_t n_a = s->n - at < run ? s->n - at : run, rest = s->n - at - n_a;

            merge(s, from + at, n_a, from + at + n_a, rest < run ? rest : run, other + at);
        }
        order = other;
        other = from;
    }
    return order;
}

typedef struct {
    size_t n;      /* groups of equal slices */
    size_t *first; /* their first slice, in the order of the output */
    size_t *count; /* of slices in each */
    size_t *group; /* of each slice */
} groups;

/* Groups in the order of the sorted slices. */
static void find_groups(const slices *s, const size_t *sorted, groups *g)
{
    for (size_t i = 0; i < s->n; i++) {
        if (i == 0 || compare(s, sorted[i - 1], sorted[i]) != 0) {
            g->first[g->n] = sorted[i];
            g->count[g->n++] = 0;
        }
        g->count[g->n - 1]++;
        g->group[sorted[i]] = g->n - 1;
    }
}

/* Groups in the order of their first occurrence; spare is scratch of 3 * n. */
static void order_by_occurrence(const slices *s, groups *g, size_t *spare)
{
    size_t *renumbered = spare, *first = spare + s->n, *count = spare + 2 * s->n, next = 0;

    for (size_t i = 0; i < s->n; i++) {
        size_t old = g->group[i];

        if (g->first[old] == i) {
            renumbered[old] = next;
            first[next] = i;
            count[next++] = g->count[old];
        }
        g->group[i] = renumbered[old];
    }
    g->first = first;
    g->count = count;
}

/* ------------------------------------------------------------------ infer */

static oq_status infer(oq_infer *ctx)
{
    const oq_shape *in = &ctx->in[0].shape;
    int axis;

    ctx->out[0] = (oq_type){ctx->in[0].dtype, oq_shape_ranked(1)};
    if (oq_node_attr(ctx->node, "axis")) {
        ctx->out[0].shape = *in;
        if (in->rank >= 0) {
            OQ_TRY(oq_infer_axis(ctx, 0, in->rank, &axis));
            ctx->out[0].shape.dims[axis] = oq_dim_unknown();
        }
    }
    for (int i = 1; i < ctx->n_out; i++)
        ctx->out[i] = (oq_type){OQ_INT64, oq_shape_ranked(1)};
    return OQ_OK;
}

/* ------------------------------------------------------------------ run */

static oq_status open_slices(oq_run *ctx, int *axis, slices *s)
{
    const oq_array *in = ctx->in[0];
    uint64_t *keys;

    *axis = -1;
    *s = (slices){.n = in->n, .inner = 1, .length = 1};
    if (oq_node_attr(ctx->node, "axis")) {
        OQ_TRY(oq_run_axis(ctx, 0, in->rank, axis));
        s->n = (size_t)in->dims[*axis];
        s->inner = oq_dims_product(in->dims, *axis + 1, in->rank);
        s->length = oq_dims_product(in->dims, 0, *axis) * s->inner;
    }
    if (in->dtype == OQ_STRING) {
        s->strings = in->data;
        return OQ_OK;
    }
    keys = oq_scratch(ctx, in->n * sizeof *keys);
    if (!keys)
        return oq_run_failure(ctx);
    for (size_t i = 0; i < in->n; i++)
        keys[i] = oq_order_key(in, i);
    s->keys = keys;
    return OQ_OK;
}

static oq_status group_slices(oq_run *ctx, const slices *s, groups *g)
{
    size_t *memory = oq_scratch(ctx, s->n * 6 * sizeof *memory), *sorted;

    if (!memory)
        return oq_run_failure(ctx);
    g->first = memory;
    g->count = memory + s->n;
    g->group = memory + 2 * s->n;
    sorted = sort(s, memory + 3 * s->n, memory + 4 * s->n);
    find_groups(s, sorted, g);
    if (oq_node_int(ctx->node, "sorted", 1) == 0)
        order_by_occurrence(s, g, memory + 3 * s->n);
    return OQ_OK;
}

static oq_status write_values(oq_run *ctx, int axis, const slices *s, const groups *g)
{
    const oq_array *in = ctx->in[0];
    slices to = {.n = g->n, .inner = s->inner};
    int64_t dims[OQ_MAX_RANK] = {0};
    size_t size;
    char *out;

    OQ_TRY(oq_movable_size(ctx, &size));
    if (axis >= 0)
        memcpy(dims, in->dims, sizeof dims);
    dims[axis >= 0 ? axis : 0] = (int64_t)g->n;
    out = oq_out(ctx, 0, in->dtype, dims, axis >= 0 ? in->rank : 1);
    if (!out)
        return oq_run_failure(ctx);
    for (size_t k = 0; k < g->n; k++)
        for (size_t e = 0; e < s->length; e++)
            memcpy(out + place(&to, k, e) * size, (const char *)in->data + place(s, g->first[k], e) * size,
                   size);
    return OQ_OK;
}

static oq_status write_numbers(oq_run *ctx, int i, const size_t *numbers, size_t n)
{
    int64_t *out;

    if (i >= ctx->n_out || !ctx->wanted[i])
        return OQ_OK;
    out = oq_out(ctx, i, OQ_INT64, (const int64_t[]){(int64_t)n}, 1);
    if (!out)
        return oq_run_failure(ctx);
    for (size_t k = 0; k < n; k++)
        out[k] = (int64_t)numbers[k];
    return OQ_OK;
}

static oq_status run(oq_run *ctx)
{
    groups g = {0};
    slices s;
    int axis;

    OQ_TRY(open_slices(ctx, &axis, &s));
    OQ_TRY(group_slices(ctx, &s, &g));
    OQ_TRY(write_values(ctx, axis, &s, &g));
    OQ_TRY(write_numbers(ctx, 1, g.first, g.n));
    OQ_TRY(write_numbers(ctx, 2, g.group, s.n));
    return write_numbers(ctx, 3, g.count, g.n);
}

const oq_op oq_ops_unique[] = {
    {.name = "Unique",
     .domain = "",
     .since = 11,
     .min_in = 1,
     .max_in = 1,
     .min_out = 1,
     .max_out = 4,
     .types = OQ_T_NUMBERS | OQ_T(OQ_BOOL) | OQ_T(OQ_STRING),
     .infer = infer,
     .run = run,
     .rule = OQ_RULE_NONE,
     .weight = -1,
     .bias = -1},
    {.name = NULL},
};
