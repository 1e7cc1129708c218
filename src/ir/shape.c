#include "ir/shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

oq_shape oq_shape_unknown(void)
{
    return (oq_shape){.rank = -1};
}

oq_shape oq_shape_scalar(void)
{
    return (oq_shape){.rank = 0};
}

oq_shape oq_shape_of(const int64_t *dims, int rank)
{
    oq_shape shape = {.rank = rank};

    if (rank > OQ_MAX_RANK)
        return oq_shape_unknown();
    for (int i = 0; i < rank; i++)
        shape.dims[i] = oq_dim_of(dims[i] < 0 ? -1 : dims[i]);
    return shape;
}

bool oq_dim_equal(oq_dim a, oq_dim b)
{
    if (a.size >= 0 || b.size >= 0)
        return a.size == b.size;
    return a.symbol && a.symbol == b.symbol;
}

bool oq_shape_is_static(const oq_shape *shape)
{
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dims[i].size < 0)
            return false;
    }
    return shape->rank >= 0;
}

bool oq_shape_equal(const oq_shape *a, const oq_shape *b)
{
    if (a->rank < 0 || a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++) {
        if (!oq_dim_equal(a->dims[i], b->dims[i]))
            return false;
    }
    return true;
}

bool oq_shape_dims(const oq_shape *shape, int64_t *dims)
{
    if (!oq_shape_is_static(shape))
        return false;
    for (int i = 0; i < shape->rank; i++)
        dims[i] = shape->dims[i].size;
    return true;
}

static bool merge_dim(oq_dim a, oq_dim b, oq_dim *out)
{
    if (a.size >= 0 && b.size >= 0 && a.size != b.size)
        return false;
    *out = a.size >= 0 ? a : b.size >= 0 ? b : a.symbol ? a : b;
    return true;
}

bool oq_shape_merge(const oq_shape *a, const oq_shape *b, oq_shape *out)
{
    oq_shape merged = *a;

    if (a->rank < 0 || b->rank < 0) {
        *out = a->rank < 0 ? *b : *a;
        return true;
    }
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++) {
        if (!merge_dim(a->dims[i], b->dims[i], &merged.dims[i]))
            return false;
    }
    *out = merged;
    return true;
}

static bool broadcast_dim(oq_dim a, oq_dim b, oq_dim *out)
{
    if (a.size == 1 || b.size == 1) {
        *out = a.size == 1 ? b : a;
        return true;
    }
    if (a.size >= 0 && b.size >= 0) {
        *out = a;
        return a.size == b.size;
    }
    /* An unknown size beside a size above 1 can only be that size (or 1). Two unknowns: the same symbol, or
     * unknown. */
    if (a.size >= 0 || b.size >= 0)
        *out = a.size >= 0 ? a : b;
    else
        *out = oq_dim_equal(a, b) ? a : oq_dim_unknown();
    return true;
}

bool oq_shape_broadcast(const oq_shape *a, const oq_shape *b, oq_shape *out)
{
    oq_shape result;

    if (a->rank < 0 || b->rank < 0) {
        *out = oq_shape_unknown();
        return true;
    }
    result = oq_shape_scalar();
    result.rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 0; i < result.rank; i++) {
        int ia = i - (result.rank - a->rank), ib = i - (result.rank - b->rank);
        oq_dim da = ia < 0 ? oq_dim_of(1) : a->dims[ia], db = ib < 0 ? oq_dim_of(1) : b->dims[ib];

        if (!broadcast_dim(da, db, &result.dims[i]))
            return false;
    }
    *out = result;
    return true;
}

const char *oq_shape_text(const oq_shape *shape, char *text, size_t size)
{
    size_t used = 0;

    if (shape->rank < 0) {
        snprintf(text, size, "[?]");
        return text;
    }
    snprintf(text, size, "[");
    for (int i = 0; i < shape->rank; i++) {
        used = strlen(text);
        if (shape->dims[i].size >= 0)
            snprintf(text + used, size - used, "%s%" PRId64, i ? "," : "", shape->dims[i].size);
        else
            snprintf(text + used, size - used, "%s%s", i ? "," : "",
                     shape->dims[i].symbol ? shape->dims[i].symbol : "?");
    }
    used = strlen(text);
    snprintf(text + used, size - used, "]");
    return text;
}
