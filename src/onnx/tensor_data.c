/* tensor_data: the payload of a TensorProto in the one form the graph knows.
 *
 * raw_data and packed float lists already have that form and are used where they lie in the file. Integer
 * lists are varints, one for each element, and are narrowed into the model arena.
 */
#include <string.h>

#include "onnx/importer.h"

/* Numbers of TensorProto's payload fields. */
enum {
    FLOAT_DATA = 4,
    INT32_DATA = 5,
    STRING_DATA = 6,
    INT64_DATA = 7,
    RAW_DATA = 9,
    DOUBLE_DATA = 10,
    UINT64_DATA = 11
};

static const char *const field_names[] = {
    [FLOAT_DATA] = "float_data",   [INT32_DATA] = "int32_data", [STRING_DATA] = "string_data",
    [INT64_DATA] = "int64_data",   [RAW_DATA] = "raw_data",     [DOUBLE_DATA] = "double_data",
    [UINT64_DATA] = "uint64_data",
};

/* What a tensor's payload fields hold together. */
typedef struct {
    int field;                 /* which of them; 0: none */
    size_t n;                  /* entries */
    size_t n_fields;           /* occurrences on the wire */
    const unsigned char *data; /* of the last occurrence */
    size_t size;
} payload;

/* Where typed data of a dtype belongs. */
static int typed_field(oq_dtype dtype)
{
    switch (dtype) {
    case OQ_FLOAT:
    case OQ_COMPLEX64: return FLOAT_DATA;
    case OQ_INT64: return INT64_DATA;
    case OQ_STRING: return STRING_DATA;
    case OQ_DOUBLE:
    case OQ_COMPLEX128: return DOUBLE_DATA;
    case OQ_UINT32:
    case OQ_UINT64: return UINT64_DATA;
    default: return INT32_DATA;
    }
}

static size_t fixed_width(int field)
{
    return field == FLOAT_DATA ? 4 : field == DOUBLE_DATA ? 8 : 0;
}

static size_t count_entries(const oq_wire_field *f)
{
    size_t width = fixed_width((int)f->number), n = 0;

    if (f->number == STRING_DATA || f->number == RAW_DATA || f->type != OQ_WIRE_BYTES)
        return 1;
    if (width)
        return f->size / width;
    for (size_t i = 0; i < f->size; i++)
        n += f->data[i] < 0x80;
    return n;
}

static oq_status look_at_payload(oq_importer *im, const char *name, const oq_span *span, payload *p)
{
    *p = (payload){0};
    for (const oq_span *cut = span->first; cut; cut = cut->next) {
        oq_wire_cursor cursor = {cut->data, cut->data + cut->size};
        oq_wire_field f;

        if (cut->type)
            continue;
        while (oq_wire_next(&cursor, &f) == OQ_WIRE_OK) {
            if (f.size == 0 && f.number != STRING_DATA)
                continue;
            if (p->field && p->field != (int)f.number)
                OQ_FAIL(im->diag, OQ_FORMAT, "tensor '%s' holds both %s and %s", name, field_names[p->field],
                        field_names[f.number]);
            p->field = (int)f.number;
            p->n += count_entries(&f);
            p->n_fields++;
            p->data = f.data;
            p->size = f.size;
        }
    }
    return OQ_OK;
}

/* ------------------------------------------------------------------ integers */

/* A place to put the integers of a typed list. */
typedef struct {
    unsigned char *at, *end;
    oq_dtype dtype;
    size_t width; /* bytes to keep of each entry */
} sink;

/* Bytes that each entry of an integer list stands for. 4- and 2-bit types: one byte of packed elements, or,
 * as an older reading of the format has it, a whole int32 of them. */
static size_t entry_width(oq_dtype dtype, size_t n_entries, size_t size)
{
    int bits = oq_dtype_bits(dtype);

    if (bits >= 8)
        return (size_t)bits / 8;
    return n_entries < size ? 4 : 1;
}

/* A number that the element type cannot hold is damage, not something to cut down. */
static bool fits(uint64_t v, size_t width, oq_dtype dtype)
{
    int64_t s = (int64_t)v;

    if (width == 8 || dtype == OQ_BOOL)
        return true;
    if (width == 4 && dtype == OQ_UINT32)
        return v <= UINT32_MAX;
    return s >= -((int64_t)1 << (8 * width - 1)) && s < (int64_t)1 << (8 * width);
}

static bool put(sink *out, uint64_t v)
{
    unsigned char bytes[8];
    size_t n = (size_t)(out->end - out->at);

    if (!fits(v, out->width, out->dtype))
        return false;
    if (out->dtype == OQ_BOOL)
        v = v != 0;
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(v >> (8 * i));
    if (n > out->width)
        n = out->width;
    memcpy(out->at, bytes, n); /* n is smaller at the end of a list of packed int32s only */
    out->at += n;
    return true;
}

static bool put_list(sink *out, const oq_wire_field *f)
{
    const unsigned char *at = f->data, *end = f->data + f->size;
    uint64_t v;

    if (f->type != OQ_WIRE_BYTES)
        return put(out, f->value);
    while (at < end) {
        if (!oq_wire_varint(&at, end, &v) || !put(out, v))
            return false;
    }
    return true;
}

/* Copy fixed-width entries, packed and single ones. */
static void put_fixed(sink *out, const oq_wire_field *f)
{
    memcpy(out->at, f->data, f->size);
    out->at += f->size;
}

static oq_status gather(oq_importer *im, const oq_span *span, const payload *p, oq_tensor *tensor,
                        const char *name)
{
    unsigned char *bytes = oq_arena_zalloc(im->arena, tensor->size);
    sink out = {bytes, bytes ? bytes + tensor->size : NULL, tensor->dtype, 0};

    if (!bytes)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory for tensor '%s' (%zu bytes)", name, tensor->size);
    out.width = entry_width(tensor->dtype, p->n, tensor->size);
    for (const oq_span *cut = span->first; cut; cut = cut->next) {
        oq_wire_cursor cursor = {cut->data, cut->data + cut->size};
        oq_wire_field f;

        while (!cut->type && oq_wire_next(&cursor, &f) == OQ_WIRE_OK) {
            if ((int)f.number != p->field)
                continue;
            if (fixed_width(p->field))
                put_fixed(&out, &f);
            else if (!put_list(&out, &f))
                OQ_FAIL(im->diag, OQ_FORMAT, "tensor '%s' (%s) has a number in %s that does not fit its type",
                        name, oq_dtype_name(tensor->dtype), field_names[p->field]);
        }
    }
    tensor->data = bytes;
    return OQ_OK;
}

/* ------------------------------------------------------------------ strings */

static oq_status gather_strings(oq_importer *im, const oq_span *span, oq_tensor *tensor)
{
    oq_string *strings = OQ_NEW_ARRAY(im->arena, oq_string, tensor->n_elements);
    size_t n = 0;

    if (!strings)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory for %zu strings", tensor->n_elements);
    for (const oq_span *cut = span->first; cut; cut = cut->next) {
        oq_wire_cursor cursor = {cut->data, cut->data + cut->size};
        oq_wire_field f;

        while (!cut->type && oq_wire_next(&cursor, &f) == OQ_WIRE_OK) {
            if (f.number == STRING_DATA && n < tensor->n_elements)
                strings[n++] = (oq_string){(const char *)f.data, f.size};
        }
    }
    tensor->data = strings;
    return OQ_OK;
}

/* ------------------------------------------------------------------ the forms */

/* Truth in the graph is 0 or 1; a file may hold any byte. */
static oq_status normalize_bool(oq_importer *im, oq_tensor *tensor)
{
    const unsigned char *from = tensor->data;
    unsigned char *copy;
    size_t i = 0;

    while (i < tensor->size && from[i] <= 1)
        i++;
    if (i == tensor->size)
        return OQ_OK;
    copy = oq_arena_alloc(im->arena, tensor->size);
    if (!copy)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory for a tensor of %zu bytes", tensor->size);
    for (i = 0; i < tensor->size; i++)
        copy[i] = from[i] != 0;
    tensor->data = copy;
    return OQ_OK;
}

static oq_status use_raw(oq_importer *im, const payload *p, oq_tensor *tensor, const char *name)
{
    if (tensor->dtype == OQ_STRING)
        OQ_FAIL(im->diag, OQ_FORMAT, "tensor '%s' holds strings in raw_data, which the format forbids", name);
    if (p->size != tensor->size)
        OQ_FAIL(im->diag, OQ_FORMAT, "tensor '%s' (%s) has %zu bytes of data, its shape asks for %zu", name,
                oq_dtype_name(tensor->dtype), p->size, tensor->size);
    tensor->data = p->data;
    return tensor->dtype == OQ_BOOL ? normalize_bool(im, tensor) : OQ_OK;
}

static bool is_count_right(const payload *p, const oq_tensor *tensor)
{
    bool is_complex = tensor->dtype == OQ_COMPLEX64 || tensor->dtype == OQ_COMPLEX128;

    if (oq_dtype_bits(tensor->dtype) < 8)
        return p->n == tensor->size || p->n == (tensor->size + 3) / 4;
    return p->n == tensor->n_elements * (is_complex ? 2 : 1);
}

static oq_status use_typed(oq_importer *im, const oq_span *span, const payload *p, oq_tensor *tensor,
                           const char *name)
{
    int want = typed_field(tensor->dtype);

    if (p->field != want)
        OQ_FAIL(im->diag, OQ_FORMAT, "tensor '%s' (%s) has its data in %s, it belongs into %s or raw_data",
                name, oq_dtype_name(tensor->dtype), field_names[p->field], field_names[want]);
    if (!is_count_right(p, tensor))
        OQ_FAIL(im->diag, OQ_FORMAT,
                "tensor '%s' (%s) has %zu entries in %s, its shape asks for %zu elements", name,
                oq_dtype_name(tensor->dtype), p->n, field_names[p->field], tensor->n_elements);
    if (tensor->dtype == OQ_STRING)
        return gather_strings(im, span, tensor);
    if (fixed_width(p->field) && p->n_fields == 1) {
        tensor->data = p->data;
        return OQ_OK;
    }
    return gather(im, span, p, tensor, name);
}

static oq_status use_external(oq_importer *im, const Onnx__TensorProto *proto, oq_tensor *tensor,
                              const char *name)
{
    const oq_external_file *file;
    oq_external_ref ref = {0};
    oq_status status = OQ_OK;

    if (tensor->dtype == OQ_STRING)
        OQ_FAIL(im->diag, OQ_FORMAT, "tensor '%s' keeps strings in external data, which the format forbids",
                name);
    for (size_t i = 0; i < proto->n_external_data && status == OQ_OK; i++) {
        const Onnx__StringStringEntryProto *e = proto->external_data[i];

        status = oq_external_entry(&ref, e->key ? e->key : "", e->value ? e->value : "", im->diag);
    }
    if (status == OQ_OK && !ref.location)
        status = oq_diag_set(im->diag, OQ_FORMAT, __FILE__, __LINE__, "external data without a location");
    if (status == OQ_OK)
        status = oq_external_open(im->external, ref.location, &file, im->diag);
    if (status != OQ_OK) {
        oq_diag_note(im->diag, "tensor '%s'", name);
        return status;
    }
    if (ref.has_length && ref.length != tensor->size)
        OQ_FAIL(im->diag, OQ_FORMAT, "tensor '%s' (%s) has %llu bytes in '%s', its shape asks for %zu", name,
                oq_dtype_name(tensor->dtype), (unsigned long long)ref.length, ref.location, tensor->size);
    if (ref.offset > file->size || tensor->size > file->size - ref.offset)
        OQ_FAIL(im->diag, OQ_FORMAT,
                "tensor '%s' wants %zu bytes at byte %llu of '%s', which has only %zu bytes", name,
                tensor->size, (unsigned long long)ref.offset, ref.location, file->size);
    tensor->is_external = true;
    tensor->data = file->data ? file->data + ref.offset : (const unsigned char *)"";
    return tensor->dtype == OQ_BOOL ? normalize_bool(im, tensor) : OQ_OK;
}

/* A type newer than this program: its bytes are copied on export, and nothing computes with it. */
static oq_status keep_unknown(oq_importer *im, const Onnx__TensorProto *proto, oq_tensor **out)
{
    oq_tensor *tensor = OQ_NEW(im->arena, oq_tensor);

    if (!tensor)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory");
    tensor->rank = (int)proto->n_dims;
    tensor->dims = oq_arena_copy(im->arena, proto->dims, proto->n_dims * sizeof *proto->dims);
    if (!tensor->dims)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory");
    oq_dims_count(tensor->dims, tensor->rank, &tensor->n_elements);
    *out = tensor;
    return OQ_OK;
}

static oq_status make_tensor(oq_importer *im, const Onnx__TensorProto *proto, const char *name,
                             oq_tensor **out)
{
    size_t n, size;

    if (proto->n_dims > INT16_MAX)
        OQ_FAIL(im->diag, OQ_LIMIT, "tensor '%s' has %zu dimensions", name, proto->n_dims);
    for (size_t i = 0; i < proto->n_dims; i++) {
        if (proto->dims[i] < 0)
            OQ_FAIL(im->diag, OQ_FORMAT, "tensor '%s' has the negative dimension %lld", name,
                    (long long)proto->dims[i]);
    }
    if (!oq_dims_count(proto->dims, (int)proto->n_dims, &n))
        OQ_FAIL(im->diag, OQ_FORMAT, "the shape of tensor '%s' has more elements than fit in memory", name);
    if (!proto->has_data_type || proto->data_type <= 0)
        OQ_FAIL(im->diag, OQ_FORMAT, "tensor '%s' has no element type", name);
    if (proto->data_type >= OQ_N_DTYPES) {
        oq_import_note(im, "tensor '%s' has the unknown element type %d; it is kept as it is", name,
                       proto->data_type);
        return keep_unknown(im, proto, out);
    }
    if (!oq_dtype_bytes((oq_dtype)proto->data_type, n, &size))
        OQ_FAIL(im->diag, OQ_FORMAT, "the shape of tensor '%s' asks for more bytes than fit in memory", name);
    *out = oq_tensor_wrap(im->arena, (oq_dtype)proto->data_type, proto->dims, (int)proto->n_dims, NULL);
    if (!*out)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory");
    return OQ_OK;
}

oq_status oq_import_tensor(oq_importer *im, const Onnx__TensorProto *proto, const oq_span *span,
                           oq_tensor **out)
{
    const char *name = proto->name ? proto->name : "";
    oq_tensor *tensor = NULL;
    payload p;

    OQ_TRY(make_tensor(im, proto, name, &tensor));
    tensor->name = oq_arena_strdup(im->arena, name);
    if (!tensor->name)
        OQ_FAIL(im->diag, OQ_NOMEM, "out of memory");
    tensor->origin = oq_origin_of(span);
    tensor->data = "";
    *out = tensor;
    if (tensor->dtype == OQ_UNDEFINED)
        return OQ_OK;
    OQ_TRY(look_at_payload(im, name, span, &p));
    if (proto->has_data_location && proto->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) {
        if (p.field)
            OQ_FAIL(im->diag, OQ_FORMAT, "tensor '%s' holds both external data and %s", name,
                    field_names[p.field]);
        return use_external(im, proto, tensor, name);
    }
    if (!p.field && tensor->size)
        OQ_FAIL(im->diag, OQ_FORMAT, "tensor '%s' (%s) has no data, its shape asks for %zu elements", name,
                oq_dtype_name(tensor->dtype), tensor->n_elements);
    if (!p.field)
        return OQ_OK;
    return p.field == RAW_DATA ? use_raw(im, &p, tensor, name) : use_typed(im, span, &p, tensor, name);
}
