/* sparse: a sparse initializer is expanded; every reader of it expects an ordinary tensor. */
#include <string.h>

#include "onnx/importer.h"

/* A 100-byte file can ask for terabytes of zeros. */
#define MAX_EXPANDED ((size_t)1 << 30)

static oq_status fail(oq_importer *im, const char *name, const char *what)
{
    OQ_FAIL(im->diag, OQ_FORMAT, "sparse tensor '%s': %s", name, what);
}

/* Linear position of entry i; false when outside of the shape. */
static bool position(const oq_tensor *indices, size_t i, const Onnx__SparseTensorProto *proto, size_t n,
                     size_t *out)
{
    int64_t index;
    size_t linear = 0;

    if (indices->rank == 1) {
        if (!oq_tensor_int(indices, i, &index) || index < 0 || (uint64_t)index >= n)
            return false;
        *out = (size_t)index;
        return true;
    }
    for (size_t d = 0; d < proto->n_dims; d++) {
        if (!oq_tensor_int(indices, i * proto->n_dims + d, &index) || index < 0 || index >= proto->dims[d])
            return false;
        linear = linear * (size_t)proto->dims[d] + (size_t)index;
    }
    *out = linear;
    return true;
}

static bool shapes_agree(const oq_tensor *values, const oq_tensor *indices,
                         const Onnx__SparseTensorProto *proto)
{
    if (values->rank != 1 || indices->dtype != OQ_INT64 || indices->rank < 1 || indices->rank > 2 ||
        indices->dims[0] != values->dims[0])
        return false;
    return indices->rank == 1 || (size_t)indices->dims[1] == proto->n_dims;
}

static oq_status expand(oq_importer *im, const Onnx__SparseTensorProto *proto, const oq_tensor *values,
                        const oq_tensor *indices, oq_tensor **out)
{
    const char *name = values->name;
    size_t width = (size_t)oq_dtype_bits(values->dtype) / 8, n, at;
    void *data;

    if (!shapes_agree(values, indices, proto))
        return fail(im, name, "its indices do not match its values");
    if (width == 0 || values->dtype == OQ_STRING)
        OQ_FAIL(im->diag, OQ_UNSUPPORTED,
                "sparse tensor '%s' has element type %s; only whole-byte numbers can be read", name,
                oq_dtype_name(values->dtype));
    if (proto->n_dims > OQ_MAX_RANK || !oq_dims_count(proto->dims, (int)proto->n_dims, &n))
        return fail(im, name, "its shape is not valid");
    if (n > MAX_EXPANDED / width)
        OQ_FAIL(im->diag, OQ_LIMIT, "sparse tensor '%s' expands to %zu elements", name, n);
    *out = oq_tensor_new(im->arena, values->dtype, proto->dims, (int)proto->n_dims, &data);
    if (!*out)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory for sparse tensor '%s'", name);
    for (size_t i = 0; i < values->n_elements; i++) {
        if (!position(indices, i, proto, n, &at))
            return fail(im, name, "an index lies outside of its shape");
        memcpy((unsigned char *)data + at * width, (const unsigned char *)values->data + i * width, width);
    }
    (*out)->name = name;
    return OQ_OK;
}

oq_status oq_import_sparse(oq_importer *im, const Onnx__SparseTensorProto *proto, const oq_span *span,
                           oq_tensor **out)
{
    oq_tensor *values, *indices;

    if (!proto->values || !proto->indices)
        return fail(im, proto->values && proto->values->name ? proto->values->name : "",
                    "values or indices are missing");
    OQ_TRY(oq_import_refuse_external(im, span, "a sparse initializer"));
    OQ_TRY(oq_import_tensor(im, proto->values, oq_span_child(span, 1, NULL), &values));
    OQ_TRY(oq_import_tensor(im, proto->indices, oq_span_child(span, 2, NULL), &indices));
    return expand(im, proto, values, indices, out);
}
