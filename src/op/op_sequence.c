/* Sequences and optionals: see sequence.h for what they are in memory. SequenceMap is run by exec. */
#include <inttypes.h>
#include <string.h>

#include "op/families.h"
#include "op/sequence.h"

static oq_status check_sequence(oq_run *ctx, int i)
{
    if (!oq_is_sequence(ctx->in[i]))
        OQ_OP_FAIL(ctx, OQ_SHAPE, "input %d is no sequence", i);
    return OQ_OK;
}

/* The elements of a sequence input in scratch, with room for one more. NULL: status is set. */
static oq_array *elements_of(oq_run *ctx, int i, size_t *n)
{
    oq_array *elements;

    *n = oq_sequence_count(ctx->in[i]);
    elements = oq_scratch(ctx, (*n + 1) * sizeof *elements);
    for (size_t k = 0; elements && k < *n; k++)
        elements[k] = oq_sequence_at(ctx->in[i], k);
    return elements;
}

/* Input i as a place in 0..limit-1 (negative: from the end); otherwise when it is left out. */
static oq_status position(oq_run *ctx, int i, size_t n, size_t limit, size_t otherwise, size_t *out)
{
    const oq_array *in = oq_in(ctx, i);
    int64_t at = in && in->n == 1 ? oq_array_int(in, 0) : 0;

    if (in && in->n != 1)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "its position must be one number");
    at += at < 0 ? (int64_t)n : 0;
    if (in ? at < 0 || at >= (int64_t)limit : otherwise >= limit)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "position %" PRId64 " is outside a sequence of %zu",
                   in ? oq_array_int(in, 0) : 0, n);
    *out = in ? (size_t)at : otherwise;
    return OQ_OK;
}

static oq_status copy_out(oq_run *ctx, const oq_array *from)
{
    void *to = oq_out_like(ctx, 0, from);

    if (!to)
        return oq_run_failure(ctx);
    if (from->size)
        memcpy(to, from->data, from->size);
    return OQ_OK;
}

static oq_status run_at(oq_run *ctx)
{
    size_t at, n;
    oq_array element;

    OQ_TRY(check_sequence(ctx, 0));
    n = oq_sequence_count(ctx->in[0]);
    OQ_TRY(position(ctx, 1, n, n, n, &at));
    element = oq_sequence_at(ctx->in[0], at);
    return copy_out(ctx, &element);
}

static oq_status run_construct(oq_run *ctx)
{
    oq_array *elements = oq_scratch(ctx, (size_t)(ctx->n_in + 1) * sizeof *elements);

    for (int i = 0; elements && i < ctx->n_in; i++)
        elements[i] = *ctx->in[i];
    return elements ? oq_sequence_out(ctx, 0, elements, (size_t)ctx->n_in) : oq_run_failure(ctx);
}

static oq_status run_empty(oq_run *ctx)
{
    return oq_sequence_out(ctx, 0, NULL, 0);
}

static oq_status run_insert(oq_run *ctx)
{
    size_t n, at;
    oq_array *elements;

    OQ_TRY(check_sequence(ctx, 0));
    elements = elements_of(ctx, 0, &n);
    if (!elements)
        return oq_run_failure(ctx);
    OQ_TRY(position(ctx, 2, n, n + 1, n, &at));
    memmove(elements + at + 1, elements + at, (n - at) * sizeof *elements);
    elements[at] = *ctx->in[1];
    return oq_sequence_out(ctx, 0, elements, n + 1);
}

static oq_status run_erase(oq_run *ctx)
{
    size_t n, at;
    oq_array *elements;

    OQ_TRY(check_sequence(ctx, 0));
    elements = elements_of(ctx, 0, &n);
    if (!elements)
        return oq_run_failure(ctx);
    OQ_TRY(position(ctx, 1, n, n, n - 1, &at));
    memmove(elements + at, elements + at + 1, (n - at - 1) * sizeof *elements);
    return oq_sequence_out(ctx, 0, elements, n - 1);
}

static oq_status run_length(oq_run *ctx)
{
    int64_t *out;

    OQ_TRY(check_sequence(ctx, 0));
    out = oq_out(ctx, 0, OQ_INT64, NULL, 0);
    if (!out)
        return oq_run_failure(ctx);
    *out = (int64_t)oq_sequence_count(ctx->in[0]);
    return OQ_OK;
}

/* ------------------------------------------------------------------ SplitToSequence, ConcatFromSequence */

/* Part [from, from + length) of in along axis as element, its data in scratch. */
static oq_status cut(oq_run *ctx, int axis, int64_t from, int64_t length, bool keeps_axis, oq_array *element)
{
    const oq_array *in = ctx->in[0];
    size_t outer = oq_dims_product(in->dims, 0, axis), whole = outer ? in->size / outer : 0, part, start;

    *element = *in;
    element->dims[axis] = length;
    element->n = outer * (size_t)length * oq_dims_product(in->dims, axis + 1, in->rank);
    part = in->dims[axis] ? whole / (size_t)in->dims[axis] * (size_t)length : 0;
    start = in->dims[axis] ? whole / (size_t)in->dims[axis] * (size_t)from : 0;
    element->size = outer * part;
    element->data = oq_scratch(ctx, element->size + 1);
    if (!element->data)
        return oq_run_failure(ctx);
    for (size_t o = 0; o < outer && part; o++)
        memcpy((char *)element->data + o * part, (const char *)in->data + o * whole + start, part);
    if (keeps_axis)
        return OQ_OK;
    memmove(element->dims + axis, element->dims + axis + 1,
            (size_t)(in->rank - axis - 1) * sizeof *element->dims);
    element->rank--;
    return OQ_OK;
}

/* Number of parts, and the length of part i: `split` lists them, or is the length of each. */
static oq_status count_parts(oq_run *ctx, int64_t size, size_t *n)
{
    const oq_array *split = oq_in(ctx, 1);
    int64_t each = 1, sum = 0;

    if (split && split->rank == 1) {
        for (size_t i = 0; i < split->n; i++) {
            int64_t part = oq_array_int(split, i);

            if (part < 0 || part > size - sum)
                OQ_OP_FAIL(ctx, OQ_SHAPE, "part %zu of %" PRId64 " does not fit the %" PRId64 " of its axis",
                           i, part, size);
            sum += part;
        }
        if (sum != size)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "its parts make %" PRId64 ", its axis has %" PRId64, sum, size);
        *n = split->n;
        return OQ_OK;
    }
    if (split)
        each = split->n == 1 ? oq_array_int(split, 0) : 0;
    if (each < 1)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "parts of %" PRId64 " are not possible", each);
    *n = (size_t)(size / each + (size % each != 0));
    return OQ_OK;
}

static oq_status run_split(oq_run *ctx)
{
    const oq_array *in = ctx->in[0], *split = oq_in(ctx, 1);
    bool keeps_axis = split || oq_node_int(ctx->node, "keepdims", 1) != 0,
         is_listed = split && split->rank == 1;
    int64_t each = split && !is_listed && split->n ? oq_array_int(split, 0) : 1, from = 0;
    oq_array *parts;
    size_t n;
    int axis;

    if (!oq_axis_normalize(oq_node_int(ctx->node, "axis", 0), in->rank, &axis) ||
        oq_elem_size(in->dtype) == 0)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%s of rank %d has no axis %" PRId64 " to split", oq_dtype_name(in->dtype),
                   in->rank, oq_node_int(ctx->node, "axis", 0));
    OQ_TRY(count_parts(ctx, in->dims[axis], &n));
    parts = oq_scratch(ctx, (n + 1) * sizeof *parts);
    if (!parts)
        return oq_run_failure(ctx);
    for (size_t i = 0; i < n; i++) {
        int64_t left = in->dims[axis] - from, length = is_listed     ? oq_array_int(split, i)
                                                       : each < left ? each
                                                                     : left;

        OQ_TRY(cut(ctx, axis, from, length, keeps_axis, &parts[i]));
        from += length;
    }
    return oq_sequence_out(ctx, 0, parts, n);
}

/* Dimensions of the result; all elements must agree except along the axis. */
static oq_status concat_dims(oq_run *ctx, const oq_array *parts, size_t n, bool adds_axis, int *axis,
                             int64_t *dims)
{
    int rank = parts[0].rank + adds_axis;
    int64_t given = oq_node_int(ctx->node, "axis", 0), sum = 0;

    if (rank > OQ_MAX_RANK || !oq_axis_normalize(given, rank, axis) || oq_elem_size(parts[0].dtype) == 0)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "%s of rank %d has no axis %" PRId64, oq_dtype_name(parts[0].dtype),
                   parts[0].rank, given);
    for (size_t i = 0; i < n; i++) {
        bool fits = parts[i].rank == parts[0].rank && parts[i].dtype == parts[0].dtype;

        for (int d = 0; fits && d < parts[0].rank; d++)
            fits = (d == *axis && !adds_axis) || parts[i].dims[d] == parts[0].dims[d];
        if (!fits)
            OQ_OP_FAIL(ctx, OQ_SHAPE, "element %zu has another type or shape than element 0", i);
        sum += adds_axis ? 1 : parts[i].dims[*axis];
    }
    for (int d = 0; d < rank; d++)
        dims[d] = d == *axis ? sum : parts[0].dims[adds_axis && d > *axis ? d - 1 : d];
    return OQ_OK;
}

static oq_status run_concat(oq_run *ctx)
{
    bool adds_axis = oq_node_int(ctx->node, "new_axis", 0) != 0;
    int64_t dims[OQ_MAX_RANK];
    oq_array *parts;
    size_t n, outer, row, at = 0;
    int axis;
    char *to;

    OQ_TRY(check_sequence(ctx, 0));
    parts = elements_of(ctx, 0, &n);
    if (!parts)
        return oq_run_failure(ctx);
    if (!n)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "an empty sequence has nothing to concatenate");
    OQ_TRY(concat_dims(ctx, parts, n, adds_axis, &axis, dims));
    to = oq_out(ctx, 0, parts[0].dtype, dims, parts[0].rank + adds_axis);
    if (!to)
        return oq_run_failure(ctx);
    outer = oq_dims_product(dims, 0, axis);
    row = outer ? ctx->out[0].size / outer : 0;
    for (size_t i = 0; i < n; i++) {
        size_t part = outer ? parts[i].size / outer : 0;

        for (size_t o = 0; o < outer && part; o++)
            memcpy(to + o * row + at, (const char *)parts[i].data + o * part, part);
        at += part;
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ optionals */

static oq_status pass_on(oq_run *ctx)
{
    return oq_out_alias(ctx, 0, 0, ctx->in[0]->dims, ctx->in[0]->rank) ? OQ_OK : oq_run_failure(ctx);
}

static oq_status run_optional(oq_run *ctx)
{
    if (oq_in(ctx, 0))
        return pass_on(ctx);
    return oq_out(ctx, 0, OQ_NOTHING, NULL, 0) ? OQ_OK : oq_run_failure(ctx);
}

static oq_status run_has_element(oq_run *ctx)
{
    const oq_array *in = oq_in(ctx, 0);
    uint8_t *out = oq_out(ctx, 0, OQ_BOOL, NULL, 0);

    if (!out)
        return oq_run_failure(ctx);
    *out = in && in->dtype != OQ_NOTHING;
    return OQ_OK;
}

static oq_status run_get_element(oq_run *ctx)
{
    if (ctx->in[0]->dtype == OQ_NOTHING)
        OQ_OP_FAIL(ctx, OQ_SHAPE, "the optional is empty: it has no element to get");
    return pass_on(ctx);
}

/* ------------------------------------------------------------------ types */

static oq_status infer_nothing(oq_infer *ctx)
{
    (void)ctx; /* sequences have no type here */
    return OQ_OK;
}

static oq_status infer_length(oq_infer *ctx)
{
    ctx->out[0] = (oq_type){OQ_INT64, {0}};
    return OQ_OK;
}

static oq_status infer_has_element(oq_infer *ctx)
{
    ctx->out[0] = (oq_type){OQ_BOOL, {0}};
    return OQ_OK;
}

#define SEQUENCE(op, opset, least, most, infer_fn, run_fn)                                       \
    {                                                                                            \
        .name = op, .domain = "", .since = opset, .min_in = least, .max_in = most, .min_out = 1, \
        .max_out = 1, .infer = infer_fn, .run = run_fn, .weight = -1, .bias = -1,                \
        .flags = OQ_OP_SEQUENCES | OQ_OP_RANDOM /* folding would need an initializer of it */    \
    }

const oq_op oq_ops_sequence[] = {
    SEQUENCE("ConcatFromSequence", 11, 1, 1, infer_nothing, run_concat),
    SEQUENCE("Optional", 15, 0, 1, infer_nothing, run_optional),
    SEQUENCE("OptionalGetElement", 15, 1, 1, infer_nothing, run_get_element),
    SEQUENCE("OptionalHasElement", 15, 0, 1, infer_has_element, run_has_element),
    SEQUENCE("SequenceAt", 11, 2, 2, infer_nothing, run_at),
    SEQUENCE("SequenceConstruct", 11, 1, -1, infer_nothing, run_construct),
    SEQUENCE("SequenceEmpty", 11, 0, 0, infer_nothing, run_empty),
    SEQUENCE("SequenceErase", 11, 1, 2, infer_nothing, run_erase),
    SEQUENCE("SequenceInsert", 11, 2, 3, infer_nothing, run_insert),
    SEQUENCE("SequenceLength", 11, 1, 1, infer_length, run_length),
    {.name = "SequenceMap",
     .domain = "",
     .since = 17,
     .min_in = 1,
     .max_in = -1,
     .min_out = 1,
     .max_out = -1,
     .infer = infer_nothing,
     .weight = -1,
     .bias = -1,
     .flags = OQ_OP_CONTROL | OQ_OP_SEQUENCES},
    SEQUENCE("SplitToSequence", 11, 1, 2, infer_nothing, run_split),
    {0},
};
