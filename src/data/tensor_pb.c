/* tensor_pb: the protobuf wire format of one message type, TensorProto (field numbers of onnx.proto).
 *
 * The elements are in raw_data, or in the typed field of their type: one entry per element, packed or not;
 * int32_data also holds all narrower types, one entry per element, and the 4- and 2-bit types, one entry per
 * byte.
 */
#include "data/tensor_pb.h"

#include <string.h>

#include "base/buf.h"

enum field {
    FIELD_DIMS = 1,
    FIELD_DATA_TYPE = 2,
    FIELD_FLOAT_DATA = 4,
    FIELD_INT32_DATA = 5,
    FIELD_STRING_DATA = 6,
    FIELD_INT64_DATA = 7,
    FIELD_NAME = 8,
    FIELD_RAW_DATA = 9,
    FIELD_DOUBLE_DATA = 10,
    FIELD_UINT64_DATA = 11,
    FIELD_DATA_LOCATION = 14,
};

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* One field as read. */
typedef struct entry {
    uint32_t field;
    uint32_t wire;
    uint64_t number;            /* varint and fixed */
    const unsigned char *bytes; /* WIRE_BYTES */
    size_t size;
} entry;

typedef struct reader {
    const unsigned char *at, *end;
} reader;

static bool read_varint(reader *r, uint64_t *out)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 70 && r->at < r->end; shift += 7) {
        unsigned char byte = *r->at++;

        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *out = value;
            return true;
        }
    }
    return false;
}

static bool read_fixed(reader *r, size_t size, uint64_t *out)
{
    uint64_t value = 0;

    if ((size_t)(r->end - r->at) < size)
        return false;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)*r->at++ << (8 * i);
    *out = value;
    return true;
}

/* False at the end of the message and where it is damaged: r->at == r->end tells the first. */
static bool read_entry(reader *r, entry *e)
{
    const unsigned char *start = r->at;
    uint64_t key;
    bool is_read = false;

    *e = (entry){0};
    if (r->at == r->end)
        return false;
    if (read_varint(r, &key) && key >> 3 && key >> 3 <= UINT32_MAX >> 3) {
        e->field = (uint32_t)(key >> 3);
        e->wire = (uint32_t)(key & 7);
        if (e->wire == WIRE_VARINT)
            is_read = read_varint(r, &e->number);
        else if (e->wire == WIRE_FIXED64 || e->wire == WIRE_FIXED32)
            is_read = read_fixed(r, e->wire == WIRE_FIXED64 ? 8 : 4, &e->number);
        else if (e->wire == WIRE_BYTES)
            is_read = read_varint(r, &e->number) && e->number <= (size_t)(r->end - r->at);
    }
    if (!is_read) {
        r->at = start;
        return false;
    }
    if (e->wire == WIRE_BYTES) {
        e->bytes = r->at;
        e->size = (size_t)e->number;
        r->at += e->size;
    }
    return true;
}

static uint32_t typed_field(oq_dtype dtype)
{
    switch (dtype) {
    case OQ_FLOAT:
    case OQ_COMPLEX64: return FIELD_FLOAT_DATA;
    case OQ_DOUBLE:
    case OQ_COMPLEX128: return FIELD_DOUBLE_DATA;
    case OQ_INT64: return FIELD_INT64_DATA;
    case OQ_UINT32:
    case OQ_UINT64: return FIELD_UINT64_DATA;
    case OQ_STRING: return FIELD_STRING_DATA;
    default: return FIELD_INT32_DATA;
    }
}

/* Wire type of one entry of a typed field when it is not packed. */
static uint32_t entry_wire(uint32_t field)
{
    if (field == FIELD_FLOAT_DATA)
        return WIRE_FIXED32;
    if (field == FIELD_DOUBLE_DATA)
        return WIRE_FIXED64;
    return field == FIELD_STRING_DATA ? WIRE_BYTES : WIRE_VARINT;
}

/* Bytes that one entry of the typed field becomes. */
static size_t entry_size(oq_dtype dtype)
{
    if (dtype == OQ_COMPLEX64 || dtype == OQ_COMPLEX128)
        return dtype == OQ_COMPLEX64 ? 4 : 8;
    return oq_dtype_bits(dtype) < 8 ? 1 : (size_t)oq_dtype_bits(dtype) / 8;
}

/* ---- header */

static oq_status add_dims(const entry *e, oq_tensor_pb *pb, const char *what, oq_diag *diag)
{
    reader packed = {e->bytes, e->bytes + e->size};
    uint64_t dim = e->number;

    while (e->wire == WIRE_VARINT || packed.at < packed.end) {
        if (e->wire == WIRE_BYTES && !read_varint(&packed, &dim))
            OQ_FAIL(diag, OQ_FORMAT, "%s is damaged: its dimensions are cut off", what);
        if (dim > INT64_MAX)
            OQ_FAIL(diag, OQ_FORMAT, "%s is damaged: a dimension is negative", what);
        if (pb->rank == OQ_MAX_RANK)
            OQ_FAIL(diag, OQ_UNSUPPORTED, "%s has more than %d axes", what, OQ_MAX_RANK);
        pb->dims[pb->rank++] = (int64_t)dim;
        if (e->wire == WIRE_VARINT)
            break;
    }
    return OQ_OK;
}

static oq_status take(const entry *e, oq_tensor_pb *pb, const char *what, oq_diag *diag)
{
    if (e->field == FIELD_DIMS && (e->wire == WIRE_VARINT || e->wire == WIRE_BYTES))
        return add_dims(e, pb, what, diag);
    if (e->field == FIELD_DATA_TYPE && e->wire == WIRE_VARINT) {
        if (e->number == 0 || e->number >= OQ_N_DTYPES)
            OQ_FAIL(diag, OQ_UNSUPPORTED, "%s: element type %llu is not known", what,
                    (unsigned long long)e->number);
        pb->dtype = (oq_dtype)e->number;
    } else if (e->field == FIELD_NAME && e->wire == WIRE_BYTES) {
        pb->name = (const char *)e->bytes;
        pb->name_size = e->size;
    } else if (e->field == FIELD_RAW_DATA && e->wire == WIRE_BYTES) {
        pb->raw = e->bytes;
        pb->raw_size = e->size;
    } else if (e->field == FIELD_DATA_LOCATION && e->number == 1) {
        OQ_FAIL(diag, OQ_UNSUPPORTED, "%s keeps its elements in another file; save it with them", what);
    } else if (e->field <= FIELD_DATA_LOCATION && e->field != 3 && e->field != 12 && e->field != 13 &&
               e->wire != WIRE_BYTES && e->wire != entry_wire(e->field)) {
        OQ_FAIL(diag, OQ_FORMAT, "%s is no ONNX tensor: field %u has another form", what, e->field);
    }
    return OQ_OK;
}

static oq_status check_payload(oq_tensor_pb *pb, const char *what, oq_diag *diag)
{
    char shape[256];
    size_t size = 0;
    bool fits = oq_dims_count(pb->dims, pb->rank, &pb->n);

    oq_dims_text(pb->dims, pb->rank, shape, sizeof shape);
    if (fits && pb->dtype != OQ_STRING)
        fits = oq_dtype_bytes(pb->dtype, pb->n, &size) && size <= PTRDIFF_MAX;
    if (!fits)
        OQ_FAIL(diag, OQ_FORMAT, "%s has shape %s, larger than memory can be (damaged?)", what, shape);
    if (pb->raw && pb->dtype == OQ_STRING)
        OQ_FAIL(diag, OQ_FORMAT, "%s: strings cannot be in raw_data", what);
    if (pb->raw && pb->raw_size == 0 && size > 0)
        pb->raw = NULL; /* written empty beside a typed field */
    if (pb->raw && pb->raw_size != size)
        OQ_FAIL(diag, OQ_FORMAT, "%s has shape %s of %s, which needs %zu bytes; it has %zu", what, shape,
                oq_dtype_name(pb->dtype), size, pb->raw_size);
    if (!pb->raw && pb->n / 8 > pb->message_size)
        OQ_FAIL(diag, OQ_FORMAT, "%s has shape %s, which needs %zu elements; the file has %zu bytes", what,
                shape, pb->n, pb->message_size);
    pb->size = size;
    return OQ_OK;
}

oq_status oq_tensor_pb_parse(const unsigned char *bytes, size_t size, const char *what, oq_tensor_pb *out,
                             oq_diag *diag)
{
    oq_tensor_pb pb = {.message = bytes, .message_size = size};
    reader r = {bytes, bytes + size};
    entry e;

    if (!size)
        OQ_FAIL(diag, OQ_FORMAT, "%s is an empty file", what);
    while (read_entry(&r, &e))
        OQ_TRY(take(&e, &pb, what, diag));
    if (r.at != r.end)
        OQ_FAIL(diag, OQ_FORMAT, "%s is no ONNX tensor, or cut off: damaged at byte %zu", what,
                (size_t)(r.at - bytes));
    if (!pb.dtype)
        OQ_FAIL(diag, OQ_FORMAT, "%s is no ONNX tensor: it has no element type", what);
    OQ_TRY(check_payload(&pb, what, diag));
    *out = pb;
    return OQ_OK;
}

/* ---- elements of a typed field */

/* Where entries go: one after the other, never past the size that the shape asks for. */
typedef struct sink {
    oq_dtype dtype;
    unsigned char *out;
    size_t at, size; /* bytes; entries for strings */
    size_t width;    /* of an entry */
} sink;

static bool put_number(sink *s, uint64_t number)
{
    if (s->size - s->at < s->width)
        return false;
    for (size_t i = 0; i < s->width; i++)
        s->out[s->at++] = (unsigned char)(number >> (8 * i));
    return true;
}

static bool put_packed(sink *s, const entry *e, uint32_t wire)
{
    reader packed = {e->bytes, e->bytes + e->size};
    uint64_t number;

    while (packed.at < packed.end) {
        bool is_read = wire == WIRE_VARINT ? read_varint(&packed, &number)
                                           : read_fixed(&packed, wire == WIRE_FIXED32 ? 4 : 8, &number);

        if (!is_read || !put_number(s, number))
            return false;
    }
    return true;
}

static bool put_string(sink *s, const entry *e)
{
    oq_string string = {(const char *)e->bytes, e->size};

    if (s->at == s->size)
        return false;
    memcpy(s->out + s->at++ * sizeof string, &string, sizeof string);
    return true;
}

static bool put_entry(sink *s, const entry *e)
{
    uint32_t wire = entry_wire(e->field);

    if (s->dtype == OQ_STRING)
        return e->wire == WIRE_BYTES && put_string(s, e);
    if (e->wire == WIRE_BYTES)
        return put_packed(s, e, wire);
    return e->wire == wire && put_number(s, e->number);
}

static oq_status read_typed(const oq_tensor_pb *pb, const char *what, sink *s, oq_diag *diag)
{
    reader r = {pb->message, pb->message + pb->message_size};
    uint32_t field = typed_field(pb->dtype);
    entry e;

    while (read_entry(&r, &e)) {
        if (e.field == field && !put_entry(s, &e))
            OQ_FAIL(diag, OQ_FORMAT, "%s has more elements than its shape says, or damaged ones", what);
    }
    if (s->at != s->size)
        OQ_FAIL(diag, OQ_FORMAT, "%s has fewer elements than its shape says (%zu of %zu)", what,
                s->at / s->width, s->size / s->width);
    return OQ_OK;
}

oq_status oq_tensor_pb_view(const oq_tensor_pb *pb, const char *what, oq_arena *arena, oq_view *out,
                            oq_diag *diag)
{
    bool is_text = pb->dtype == OQ_STRING;
    size_t bytes = pb->size;
    sink s = {
        .dtype = pb->dtype, .size = is_text ? pb->n : pb->size, .width = is_text ? 1 : entry_size(pb->dtype)};
    oq_view view = {.dtype = pb->dtype, .rank = pb->rank, .n = pb->n, .data = pb->raw, .is_contiguous = true};

    memcpy(view.dims, pb->dims, sizeof view.dims);
    if (is_text && oq_mul_overflow(pb->n, sizeof(oq_string), &bytes))
        OQ_FAIL(diag, OQ_LIMIT, "%s has too many strings", what);
    view.size = bytes;
    if (!pb->raw) {
        s.out = oq_arena_alloc(arena, bytes < 64 ? 64 : bytes); /* 64: the alignment of larger ones */
        if (!s.out)
            OQ_FAIL(diag, OQ_NOMEM, "%s: no memory for %zu bytes", what, bytes);
        OQ_TRY(read_typed(pb, what, &s, diag));
        view.data = s.out;
    }
    *out = view;
    return OQ_OK;
}
