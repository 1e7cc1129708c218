#include <stdio.h>
#include <string.h>

#include "onnx/exporter.h"

/* Smaller tensors stay in the model file, as other writers do it. */
#define EXTERNAL_SIZE ((size_t)1024)
#define PAGE          ((size_t)4096) /* so that a reader can map the tensor by itself */
#define SMALL_ALIGN   ((size_t)64)

/* Field numbers of TensorProto. */
enum {
    FIELD_DIMS = 1,
    FIELD_DATA_TYPE = 2,
    FIELD_STRING_DATA = 6,
    FIELD_NAME = 8,
    FIELD_RAW_DATA = 9,
    FIELD_EXTERNAL_DATA = 13,
    FIELD_DATA_LOCATION = 14
};

static const unsigned char zeros[PAGE];

typedef struct {
    const oq_tensor *tensor;
    const char *name;
} named_tensor;

static bool goes_outside(const oq_exporter *x, const oq_tensor *tensor)
{
    return x->location && tensor->size >= EXTERNAL_SIZE && tensor->dtype != OQ_STRING &&
           tensor->dtype != OQ_UNDEFINED;
}

bool oq_tensor_is_plain(const oq_exporter *x, const oq_tensor *tensor)
{
    return tensor->origin.data && !tensor->is_external && !goes_outside(x, tensor);
}

static void emit_entry(oq_exporter *x, const char *key, const char *value, oq_rope *out)
{
    oq_rope entry = oq_rope_new(x);

    oq_rope_text(&entry, 1, key);
    oq_rope_text(&entry, 2, value);
    oq_rope_message(out, FIELD_EXTERNAL_DATA, &entry);
}

/* Put the bytes into the data file and write down where. */
static void emit_external(oq_exporter *x, const oq_tensor *tensor, oq_rope *out)
{
    size_t align = tensor->size >= PAGE ? PAGE : SMALL_ALIGN;
    char number[24];

    oq_rope_borrow(&x->data, zeros, (align - x->data.size % align) % align);
    emit_entry(x, "location", x->location, out);
    snprintf(number, sizeof number, "%zu", x->data.size);
    emit_entry(x, "offset", number, out);
    snprintf(number, sizeof number, "%zu", tensor->size);
    emit_entry(x, "length", number, out);
    oq_rope_borrow(&x->data, tensor->data, tensor->size);
}

static void emit_dims(const oq_tensor *tensor, oq_rope *out)
{
    for (int i = 0; i < tensor->rank; i++)
        oq_rope_varint(out, FIELD_DIMS, (uint64_t)tensor->dims[i]);
}

static void emit_strings(const oq_tensor *tensor, oq_rope *out)
{
    const oq_string *strings = tensor->data;

    for (size_t i = 0; i < tensor->n_elements; i++)
        oq_rope_bytes(out, FIELD_STRING_DATA, strings[i].data, strings[i].size);
}

static oq_status emit_tensor_field(oq_exporter *x, const void *object, uint32_t number,
                                   const oq_wire_field *was, oq_rope *out)
{
    const named_tensor *named = object;
    const oq_tensor *tensor = named->tensor;
    bool outside = goes_outside(x, tensor);

    switch (number) {
    case FIELD_DIMS: emit_dims(tensor, out); break;
    case FIELD_DATA_TYPE: oq_rope_varint(out, number, (uint64_t)tensor->dtype); break;
    case FIELD_NAME: oq_export_text(out, number, named->name, was); break;
    case FIELD_STRING_DATA:
        if (tensor->dtype == OQ_STRING)
            emit_strings(tensor, out);
        break;
    case FIELD_RAW_DATA:
        /* An empty tensor gets no payload: the format's checker refuses one. */
        if (!outside && tensor->dtype != OQ_STRING && tensor->size)
            oq_rope_bytes(out, number, tensor->data, tensor->size);
        break;
    case FIELD_EXTERNAL_DATA:
        if (outside)
            emit_external(x, tensor, out);
        break;
    case FIELD_DATA_LOCATION:
        if (outside)
            oq_rope_varint(out, number, 1);
        break;
    default: break; /* typed data: given up for raw_data */
    }
    return OQ_OK;
}

oq_status oq_export_tensor(oq_exporter *x, const oq_tensor *tensor, const char *name, oq_rope *out)
{
    static const uint32_t all[] = {1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14};
    static const uint32_t name_only[] = {FIELD_NAME};
    named_tensor named = {tensor, name};

    if (!oq_tensor_is_plain(x, tensor))
        return oq_export_merge(x, tensor->origin, all, sizeof all / sizeof *all, emit_tensor_field, &named,
                               out);
    if (strcmp(tensor->name, name) != 0)
        return oq_export_merge(x, tensor->origin, name_only, 1, emit_tensor_field, &named, out);
    oq_rope_borrow(out, tensor->origin.data, tensor->origin.size);
    return OQ_OK;
}
