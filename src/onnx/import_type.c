#include <string.h>

#include "onnx/importer.h"

/* One copy of each dim_param for the whole model: equal symbols are equal pointers. */
static const char *intern(oq_importer *im, const char *symbol)
{
    char *known = oq_map_get(&im->symbols, symbol);

    if (known)
        return known;
    known = oq_arena_strdup(im->arena, symbol);
    return known && oq_map_put(&im->symbols, known, known) ? known : NULL;
}

static oq_status import_dim(oq_importer *im, const Onnx__TensorShapeProto__Dimension *proto, oq_dim *dim)
{
    *dim = oq_dim_unknown();
    /* Some exporters write -1 for a size they do not know. */
    if (proto->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && proto->dim_value >= 0)
        dim->size = proto->dim_value;
    if (proto->value_case != ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM || !*proto->dim_param)
        return OQ_OK;
    dim->symbol = intern(im, proto->dim_param);
    return dim->symbol ? OQ_OK : OQ_NOMEM;
}

static oq_status import_shape(oq_importer *im, const Onnx__TensorShapeProto *proto, oq_shape *shape)
{
    *shape = oq_shape_unknown();
    if (!proto || proto->n_dim > OQ_MAX_RANK)
        return OQ_OK;
    shape->rank = (int)proto->n_dim;
    for (int i = 0; i < shape->rank; i++)
        OQ_TRY(import_dim(im, proto->dim[i], &shape->dims[i]));
    return OQ_OK;
}

static oq_status import_tensor_type(oq_importer *im, oq_value *value, const Onnx__TypeProto__Tensor *proto)
{
    oq_shape shape;

    /* An element type newer than this program: nothing can compute with the value. */
    if (proto->has_elem_type && (proto->elem_type < 0 || proto->elem_type >= OQ_N_DTYPES)) {
        value->is_opaque_type = true;
        return OQ_OK;
    }
    if (import_shape(im, proto->shape, &shape) != OQ_OK)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory");
    oq_value_set_type(value, proto->has_elem_type ? (oq_dtype)proto->elem_type : OQ_UNDEFINED, &shape);
    return OQ_OK;
}

oq_status oq_import_value_info(oq_importer *im, oq_value *value, const Onnx__ValueInfoProto *proto,
                               const oq_span *span)
{
    const Onnx__TypeProto *type = proto->type;

    if (type && type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE && !value->constant)
        OQ_TRY(import_tensor_type(im, value, type->tensor_type));
    else if (type && type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE &&
             type->value_case != ONNX__TYPE_PROTO__VALUE__NOT_SET)
        value->is_opaque_type = true;
    value->origin = oq_origin_of(span);
    return OQ_OK;
}
