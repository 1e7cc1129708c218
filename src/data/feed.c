#include "data/feed.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"

#define ALIGNMENT (size_t)64 /* what an oq_array promises */

oq_view oq_view_of_npy(const oq_npy *npy, const void *data, oq_sample_axis axis, size_t index)
{
    oq_view view = {.dtype = npy->dtype, .data = data, .is_big_endian = npy->is_big_endian, .n = 1};
    int skip = axis == OQ_AXIS_NONE ? 0 : 1;
    size_t stride = 1, step = npy->n; /* elements from one sample to the next */

    if (axis == OQ_AXIS_KEEP)
        view.dims[view.rank++] = 1;
    for (int i = 0; i < skip; i++)
        stride *= (size_t)npy->dims[i];
    for (int i = skip; i < npy->rank; i++) {
        view.dims[view.rank] = npy->dims[i];
        view.strides[view.rank++] = stride;
        view.n *= (size_t)npy->dims[i];
        stride *= (size_t)npy->dims[i];
    }
    if (skip)
        step = npy->is_fortran ? 1 : view.n;
    view.is_contiguous = !npy->is_fortran;
    view.size = view.n * npy->item_size;
    if (skip && npy->n)
        view.data = (const unsigned char *)data + index * step * npy->item_size;
    return view;
}

/* ---- types */

bool oq_feed_converts(oq_dtype from, oq_dtype to)
{
    int64_t from_min, from_max, to_min, to_max;

    if (from == to || to == OQ_UNDEFINED)
        return true;
    if (to == OQ_FLOAT || to == OQ_DOUBLE)
        return from == OQ_FLOAT || from == OQ_DOUBLE || from == OQ_FLOAT16;
    if (!oq_dtype_is_integer(from) || !oq_dtype_is_integer(to) || oq_dtype_bits(from) < 8 ||
        oq_dtype_bits(to) < 8)
        return false;
    if (from == OQ_UINT64 || to == OQ_UINT64)
        return false;
    if (from == OQ_INT64 && to == OQ_INT32)
        return true;
    oq_dtype_limits(from, &from_min, &from_max);
    oq_dtype_limits(to, &to_min, &to_max);
    return from_min >= to_min && from_max <= to_max;
}

static bool dims_fit(const oq_shape *want, const oq_view *sample)
{
    if (want->rank < 0)
        return true;
    if (want->rank != sample->rank)
        return false;
    for (int i = 0; i < want->rank; i++) {
        if (want->dims[i].size >= 0 && want->dims[i].size != sample->dims[i])
            return false;
    }
    return true;
}

/* Would the sample fit with its channel axis moved from last to second or the other way round? */
static const char *transposition(const oq_shape *want, const oq_view *sample)
{
    static const int to_nchw[4] = {0, 3, 1, 2}, to_nhwc[4] = {0, 2, 3, 1};
    const int *orders[2] = {to_nchw, to_nhwc};

    for (int k = 0; k < 2 && sample->rank == 4; k++) {
        oq_view moved = {.rank = 4};

        for (int i = 0; i < 4; i++)
            moved.dims[i] = sample->dims[orders[k][i]];
        if (dims_fit(want, &moved))
            return k ? "transpose(0, 2, 3, 1)" : "transpose(0, 3, 1, 2)";
    }
    return NULL;
}

static oq_status shape_misfit(const oq_value *input, const oq_view *sample, const char *shape,
                              const char *what, oq_diag *diag)
{
    const oq_shape *want = &input->shape;
    char wants[256], one[256];
    const char *order = transposition(want, sample);

    oq_shape_text(want, wants, sizeof wants);
    oq_dims_text(sample->dims, sample->rank, one, sizeof one);
    if (want->rank != sample->rank)
        OQ_FAIL(diag, OQ_SHAPE,
                "%s has shape %s, input '%s' wants %s for each sample; samples go along a first axis", what,
                shape, input->name, wants);
    if (order)
        OQ_FAIL(diag, OQ_SHAPE, "%s has shape %s, input '%s' wants %s; move the channels: a.%s", what, shape,
                input->name, wants, order);
    if (want->dims[0].size > 1 && sample->dims[0] == 1)
        OQ_FAIL(diag, OQ_SHAPE,
                "%s has shape %s, so a sample is %s, but input '%s' wants %s; give it %" PRId64
                " at a time as [SAMPLES,%s",
                what, shape, one, input->name, wants, want->dims[0].size, wants + 1);
    if (strncmp(what, "array '", 7) == 0) /* one of several by name */
        OQ_FAIL(diag, OQ_SHAPE,
                "%s has shape %s, input '%s' wants %s; resize the data, or name another array with --input "
                "%s=ARRAY",
                what, shape, input->name, wants, input->name);
    OQ_FAIL(diag, OQ_SHAPE, "%s has shape %s, input '%s' wants %s; resize the data", what, shape, input->name,
            wants);
}

oq_status oq_feed_check(const oq_value *input, const oq_view *sample, const char *shape, const char *what,
                        oq_diag *diag)
{
    bool is_scaled = oq_dtype_is_float(input->dtype) && oq_dtype_is_integer(sample->dtype);

    if (input->is_opaque_type)
        OQ_FAIL(diag, OQ_UNSUPPORTED,
                "%s: input '%s' takes a sequence, map or optional; only tensors can be fed", what,
                input->name);
    if (!oq_feed_converts(sample->dtype, input->dtype))
        OQ_FAIL(diag, OQ_SHAPE, "%s is %s, input '%s' wants %s; convert it%s with a.astype()", what,
                oq_dtype_name(sample->dtype), input->name, oq_dtype_name(input->dtype),
                is_scaled ? " (and scale it as in training)" : "");
    if (!dims_fit(&input->shape, sample))
        return shape_misfit(input, sample, shape, what, diag);
    return OQ_OK;
}

/* Size of the first dimension with this symbol; -1 when there is none. */
static int64_t size_of_symbol(const oq_graph *graph, const oq_array *feeds, const char *symbol)
{
    for (int k = 0; k < graph->n_inputs; k++) {
        for (int i = 0; i < graph->inputs[k]->shape.rank; i++) {
            if (graph->inputs[k]->shape.dims[i].symbol == symbol)
                return feeds[k].dims[i];
        }
    }
    return -1;
}

oq_status oq_feed_check_symbols(const oq_graph *graph, const oq_array *feeds, oq_diag *diag)
{
    for (int k = 0; k < graph->n_inputs; k++) {
        const oq_value *input = graph->inputs[k];

        for (int i = 0; i < input->shape.rank; i++) {
            const char *symbol = input->shape.dims[i].symbol;
            int64_t size = symbol ? size_of_symbol(graph, feeds, symbol) : feeds[k].dims[i];

            if (size != feeds[k].dims[i])
                OQ_FAIL(diag, OQ_SHAPE,
                        "dimension '%s' is %" PRId64 " elsewhere and %" PRId64
                        " in axis %d of input '%s'; it must "
                        "be the same",
                        symbol, size, feeds[k].dims[i], i, input->name);
        }
    }
    return OQ_OK;
}

/* ---- elements */

static void load(const unsigned char *from, size_t item, bool is_swapped, unsigned char *element)
{
    for (size_t i = 0; i < item; i++)
        element[i] = from[is_swapped ? item - 1 - i : i];
}

static double float_of(oq_dtype dtype, const unsigned char *element)
{
    uint16_t half;
    float single;
    double wide;

    switch (dtype) {
    case OQ_FLOAT16: memcpy(&half, element, sizeof half); return oq_f16_to_f32(half);
    case OQ_FLOAT: memcpy(&single, element, sizeof single); return single;
    default: memcpy(&wide, element, sizeof wide); return wide;
    }
}

/* Two's complement little-endian of 1, 2, 4 or 8 bytes. */
static int64_t integer_of(const unsigned char *element, size_t item, bool is_signed)
{
    uint64_t bits = 0;
    unsigned unused = item && item < 8 ? (unsigned)(64 - 8 * item) : 0;

    for (size_t i = 0; i < item; i++)
        bits |= (uint64_t)element[i] << (8 * i);
    return is_signed ? (int64_t)(bits << unused) >> unused : (int64_t)bits;
}

/* One element from one type to another, both as in oq_feed_converts(). False: the value does not fit. */
static bool convert(oq_dtype from, const unsigned char *element, oq_dtype to, unsigned char *out,
                    size_t to_size)
{
    int64_t qmin, qmax, value;

    if (oq_dtype_is_float(to)) {
        double wide = float_of(from, element);
        float single = (float)wide;

        memcpy(out, to == OQ_FLOAT ? (const void *)&single : (const void *)&wide, to_size);
        return to != OQ_FLOAT || isfinite(single) || !isfinite(wide);
    }
    oq_dtype_limits(from, &qmin, &qmax);
    value = integer_of(element, oq_elem_size(from), qmin < 0);
    oq_dtype_limits(to, &qmin, &qmax);
    for (size_t i = 0; i < to_size; i++)
        out[i] = (unsigned char)((uint64_t)value >> (8 * i));
    return value >= qmin && value <= qmax;
}

static size_t element_offset(const oq_view *view, size_t index)
{
    size_t offset = 0;

    if (view->is_contiguous)
        return index;
    for (int i = view->rank - 1; i >= 0; i--) {
        offset += index % (size_t)view->dims[i] * view->strides[i];
        index /= (size_t)view->dims[i];
    }
    return offset;
}

static oq_status copy_elements(const oq_view *view, oq_dtype dtype, unsigned char *out, const char *what,
                               oq_diag *diag)
{
    size_t item = oq_elem_size(view->dtype), to_size = oq_elem_size(dtype);
    size_t part = view->dtype == OQ_COMPLEX64 ? item / 2 : item; /* what is swapped */

    for (size_t i = 0; i < view->n; i++) {
        const unsigned char *from = (const unsigned char *)view->data + element_offset(view, i) * item;
        unsigned char element[16] = {0};

        for (size_t k = 0; k < item; k += part)
            load(from + k, part, view->is_big_endian, element + k);
        if (view->dtype == dtype)
            memcpy(out + i * item, element, item);
        else if (!convert(view->dtype, element, dtype, out + i * to_size, to_size))
            OQ_FAIL(diag, OQ_RANGE, "%s: element %zu does not fit type %s", what, i, oq_dtype_name(dtype));
    }
    return OQ_OK;
}

static bool is_plain(const oq_view *sample, oq_dtype dtype)
{
    return sample->is_contiguous && !sample->is_big_endian && sample->dtype == dtype;
}

/* Strings and their text, which lies in a file that is about to be closed. */
static bool copy_strings(const oq_view *sample, oq_string *out, oq_arena *arena)
{
    memcpy(out, sample->data, sample->n * sizeof *out);
    for (size_t i = 0; i < sample->n; i++) {
        out[i].data = oq_arena_copy(arena, out[i].data, out[i].size);
        if (!out[i].data)
            return false;
    }
    return true;
}

oq_status oq_feed_copy(const oq_view *sample, oq_dtype dtype, const char *what, oq_arena *arena,
                       oq_array *out, oq_diag *diag)
{
    oq_array array = {.dtype = dtype ? dtype : sample->dtype, .rank = sample->rank, .n = sample->n};
    bool is_copy = is_plain(sample, array.dtype);

    memcpy(array.dims, sample->dims, sizeof array.dims);
    if (is_copy)
        array.size = sample->size;
    else if (!oq_dtype_bytes(array.dtype, array.n, &array.size))
        OQ_FAIL(diag, OQ_LIMIT, "%s: a sample of %zu elements is too large", what, array.n);
    array.data = oq_arena_alloc(arena, array.size < ALIGNMENT ? ALIGNMENT : array.size);
    if (!array.data || (array.dtype == OQ_STRING && !copy_strings(sample, array.data, arena)))
        OQ_FAIL(diag, OQ_NOMEM, "%s: no memory for a sample of %zu bytes", what, array.size);
    if (!is_copy)
        OQ_TRY(copy_elements(sample, array.dtype, array.data, what, diag));
    else if (array.size && array.dtype != OQ_STRING)
        memcpy(array.data, sample->data, array.size);
    *out = array;
    return OQ_OK;
}

oq_status oq_feed_read(const oq_view *sample, oq_dtype dtype, const char *what, oq_arena *arena,
                       oq_array *out, oq_diag *diag)
{
    if (!dtype)
        dtype = sample->dtype;
    if (!sample->n || (uintptr_t)sample->data % ALIGNMENT != 0 || !is_plain(sample, dtype))
        return oq_feed_copy(sample, dtype, what, arena, out, diag);
    *out = (oq_array){.dtype = dtype,
                      .rank = sample->rank,
                      .n = sample->n,
                      .data = (void *)(uintptr_t)sample->data, /* feeds are only read */
                      .size = sample->size};
    memcpy(out->dims, sample->dims, sizeof out->dims);
    return OQ_OK;
}

oq_status oq_feed_default(const oq_value *input, oq_arena *arena, oq_array *out, oq_diag *diag)
{
    const oq_tensor *tensor = input->constant;
    oq_view view = {.dtype = tensor->dtype,
                    .rank = tensor->rank,
                    .n = tensor->n_elements,
                    .data = tensor->data,
                    .size = tensor->size,
                    .is_contiguous = true};

    if (tensor->rank > OQ_MAX_RANK)
        OQ_FAIL(diag, OQ_UNSUPPORTED, "the default of input '%s' has more than %d axes", input->name,
                OQ_MAX_RANK);
    for (int i = 0; i < tensor->rank; i++)
        view.dims[i] = tensor->dims[i];
    return oq_feed_read(&view, tensor->dtype, input->name, arena, out, diag);
}
