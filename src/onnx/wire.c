#include "onnx/wire.h"

#include <limits.h>
#include <string.h>

#define MAX_VARINT 10
/* What protobuf-c spends while it scans one field (struct scanned_member) and keeps for one pointer or
 * number. */
#define FIELD_COST (size_t)48

/* ------------------------------------------------------------------ fields */

bool oq_wire_varint(const unsigned char **at, const unsigned char *end, uint64_t *value)
{
    const unsigned char *p = *at;
    uint64_t v = 0;

    for (int shift = 0; p < end && shift < 7 * MAX_VARINT; shift += 7) {
        unsigned char byte = *p++;

        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = v;
            *at = p;
            return true;
        }
    }
    return false;
}

size_t oq_wire_varint_size(uint64_t value)
{
    size_t n = 1;

    while (value >= 0x80) {
        value >>= 7;
        n++;
    }
    return n;
}

unsigned char *oq_wire_put_varint(unsigned char *out, uint64_t value)
{
    while (value >= 0x80) {
        *out++ = (unsigned char)(value | 0x80);
        value >>= 7;
    }
    *out++ = (unsigned char)value;
    return out;
}

static uint64_t little_endian(const unsigned char *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

oq_wire_result oq_wire_next(oq_wire_cursor *cursor, oq_wire_field *field)
{
    uint64_t tag;

    memset(field, 0, sizeof *field);
    field->start = field->data = cursor->at;
    if (cursor->at == cursor->end)
        return OQ_WIRE_END;
    if (!oq_wire_varint(&cursor->at, cursor->end, &tag))
        return OQ_WIRE_BAD_VARINT;
    field->type = (oq_wire_type)(tag & 7);
    field->data = cursor->at;
    if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff) /* numbers have 29 bits */
        return OQ_WIRE_BAD_TAG;
    field->number = (uint32_t)(tag >> 3);
    switch (field->type) {
    case OQ_WIRE_VARINT:
        if (!oq_wire_varint(&cursor->at, cursor->end, &field->value))
            return OQ_WIRE_BAD_VARINT;
        field->size = (size_t)(cursor->at - field->data);
        return OQ_WIRE_OK;
    case OQ_WIRE_BYTES:
        if (!oq_wire_varint(&cursor->at, cursor->end, &field->value))
            return OQ_WIRE_BAD_VARINT;
        field->data = cursor->at;
        break;
    case OQ_WIRE_FIXED32: field->value = 4; break;
    case OQ_WIRE_FIXED64: field->value = 8; break;
    case OQ_WIRE_GROUP_START:
    case OQ_WIRE_GROUP_END:
    default: return OQ_WIRE_BAD_TAG;
    }
    if (field->value > (size_t)(cursor->end - field->data))
        return OQ_WIRE_TRUNCATED;
    field->size = (size_t)field->value;
    if (field->type != OQ_WIRE_BYTES)
        field->value = little_endian(field->data, field->size);
    cursor->at = field->data + field->size;
    return OQ_WIRE_OK;
}

/* ------------------------------------------------------------------ the scan */

typedef struct {
    const unsigned char *base; /* of the file, for offsets in messages */
    size_t size;
    const oq_wire_limits *limits;
    oq_arena *arena;
    size_t n_messages, unpacked;
    oq_diag *diag;
} scanner;

typedef struct {
    const ProtobufCMessageDescriptor *type;
    oq_span *span; /* NULL: not tracked */
    oq_span *last; /* child of span */
    uint64_t seen; /* bit i: singular field i of type was there */
    int depth;
} scope;

static oq_status scan_message(scanner *s, scope *in, const unsigned char *data, size_t size);

/* Messages whose bytes somebody wants to copy, or that can lead to a tensor. */
static bool is_tracked(const ProtobufCMessageDescriptor *type)
{
    return type == &onnx__graph_proto__descriptor || type == &onnx__node_proto__descriptor ||
           type == &onnx__attribute_proto__descriptor || type == &onnx__tensor_proto__descriptor ||
           type == &onnx__sparse_tensor_proto__descriptor || type == &onnx__value_info_proto__descriptor ||
           type == &onnx__function_proto__descriptor || type == &onnx__training_info_proto__descriptor;
}

static bool is_payload(const ProtobufCMessageDescriptor *type, uint32_t number)
{
    return type == &onnx__tensor_proto__descriptor &&
           (number == 4 || number == 5 || number == 6 || number == 7 || number == 9 || number == 10 ||
            number == 11);
}

/* Kept as bytes only. */
static bool is_left_packed(const ProtobufCMessageDescriptor *type)
{
    return type == &onnx__function_proto__descriptor || type == &onnx__training_info_proto__descriptor;
}

static oq_wire_type wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT: return OQ_WIRE_FIXED32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return OQ_WIRE_FIXED64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE: return OQ_WIRE_BYTES;
    default: return OQ_WIRE_VARINT;
    }
}

static size_t offset_of(const scanner *s, const oq_wire_field *f)
{
    return (size_t)(f->start - s->base);
}

static oq_status fail_field(const scanner *s, const scope *in, const oq_wire_field *f, oq_wire_result result)
{
    const char *type = in->type->short_name;
    size_t rest = s->size - (size_t)(f->data - s->base);

    if (result == OQ_WIRE_TRUNCATED && f->value > rest)
        OQ_FAIL(s->diag, OQ_FORMAT,
                "field %u of %s at byte %zu claims %llu bytes, but the file has only %zu more: truncated "
                "download?",
                f->number, type, offset_of(s, f), (unsigned long long)f->value, rest);
    if (result == OQ_WIRE_TRUNCATED)
        OQ_FAIL(s->diag, OQ_FORMAT,
                "field %u at byte %zu claims %llu bytes, more than the %s around it has: damaged file",
                f->number, offset_of(s, f), (unsigned long long)f->value, type);
    if (result == OQ_WIRE_BAD_VARINT && rest < MAX_VARINT)
        OQ_FAIL(s->diag, OQ_FORMAT, "the file ends inside a number of %s at byte %zu: truncated download?",
                type, offset_of(s, f));
    if (result == OQ_WIRE_BAD_VARINT)
        OQ_FAIL(s->diag, OQ_FORMAT, "overlong number in %s at byte %zu: damaged, or not an ONNX file", type,
                offset_of(s, f));
    OQ_FAIL(s->diag, OQ_FORMAT, "field %u of wire type %d in %s at byte %zu: damaged, or not an ONNX file",
            f->number, (int)f->type, type, offset_of(s, f));
}

static oq_span *new_span(scanner *s, scope *in, const oq_wire_field *f)
{
    oq_span *span = OQ_NEW(s->arena, oq_span);

    if (!span)
        return NULL;
    span->field = f->number;
    span->data = f->data;
    span->size = span->skeleton_size = f->size;
    span->header = (unsigned char)(f->data - f->start);
    if (in->last)
        in->last->next = span;
    else
        in->span->first = span;
    in->last = span;
    return span;
}

/* Payload fields that follow each other become one span. */
static oq_status cut_payload(scanner *s, scope *in, const oq_wire_field *f)
{
    size_t whole = (size_t)(f->data + f->size - f->start);
    oq_span *last = in->last;

    if (last && !last->type && last->data + last->size == f->start) {
        last->size += whole;
    } else {
        oq_span *span = new_span(s, in, f);

        if (!span)
            OQ_FAIL(s->diag, OQ_NOMEM, "out of memory while scanning the file");
        span->data = f->start;
        span->size = whole;
        span->header = 0;
        span->is_cut = true;
    }
    in->span->skeleton_size -= whole;
    return OQ_OK;
}

static oq_status enter(scanner *s, scope *in, const oq_wire_field *f, const ProtobufCMessageDescriptor *type)
{
    scope inner = {.type = type, .depth = in->depth + 1};
    oq_span *outer = in->span, *span;

    if (inner.depth > s->limits->depth)
        OQ_FAIL(s->diag, OQ_LIMIT, "messages are nested more than %d deep at byte %zu", s->limits->depth,
                offset_of(s, f));
    if (outer && is_tracked(type)) {
        inner.span = new_span(s, in, f);
        if (!inner.span)
            OQ_FAIL(s->diag, OQ_NOMEM, "out of memory while scanning the file");
        inner.span->type = type;
        inner.span->is_cut = is_left_packed(type);
    }
    OQ_TRY(scan_message(s, &inner, f->data, f->size));
    span = inner.span;
    if (!outer || !span)
        return OQ_OK;
    if (span->is_cut)
        outer->skeleton_size -= span->header + f->size;
    else if (span->skeleton_size != f->size)
        outer->skeleton_size -= span->header + f->size - oq_wire_varint_size((uint64_t)f->number << 3) -
                                oq_wire_varint_size(span->skeleton_size) - span->skeleton_size;
    return OQ_OK;
}

/* A packed list must be made of whole numbers: protobuf-c would refuse it without saying where. */
static bool is_whole(const oq_wire_field *f, oq_wire_type element)
{
    if (element == OQ_WIRE_FIXED32)
        return f->size % 4 == 0;
    if (element == OQ_WIRE_FIXED64)
        return f->size % 8 == 0;
    return f->size == 0 || f->data[f->size - 1] < 0x80;
}

static oq_status check_known(scanner *s, scope *in, const oq_wire_field *f,
                             const ProtobufCFieldDescriptor *known)
{
    oq_wire_type want = wire_type_of(known->type);
    bool is_packed =
        want != OQ_WIRE_BYTES && f->type == OQ_WIRE_BYTES && known->label == PROTOBUF_C_LABEL_REPEATED;

    if ((f->type != want && !is_packed) || (is_packed && !is_whole(f, want)))
        OQ_FAIL(s->diag, OQ_FORMAT,
                "%s.%s (field %u) at byte %zu is not encoded as the ONNX format says: damaged file",
                in->type->short_name, known->name, f->number, offset_of(s, f));
    if (is_packed && !is_payload(in->type, f->number))
        s->unpacked += f->size * sizeof(uint64_t); /* a one-byte varint becomes an int64 */
    if (known->type == PROTOBUF_C_TYPE_STRING && strcmp(known->name, "doc_string") != 0 &&
        memchr(f->data, '\0', f->size))
        OQ_FAIL(s->diag, OQ_FORMAT, "%s.%s (field %u) at byte %zu holds a NUL character: names must be text",
                in->type->short_name, known->name, f->number, offset_of(s, f));
    if (known->label != PROTOBUF_C_LABEL_REPEATED &&
        (known->type == PROTOBUF_C_TYPE_MESSAGE || is_payload(in->type, f->number))) {
        uint64_t bit = (uint64_t)1 << (unsigned)(known - in->type->fields);

        if (in->seen & bit)
            OQ_FAIL(s->diag, OQ_FORMAT,
                    "%s.%s (field %u) appears again at byte %zu; it may be there only once",
                    in->type->short_name, known->name, f->number, offset_of(s, f));
        in->seen |= bit;
    }
    return OQ_OK;
}

static oq_status scan_field(scanner *s, scope *in, const oq_wire_field *f)
{
    const ProtobufCFieldDescriptor *known = protobuf_c_message_descriptor_get_field(in->type, f->number);

    if (f->type == OQ_WIRE_BYTES && f->size > INT_MAX)
        OQ_FAIL(s->diag, OQ_LIMIT,
                "field %u of %s at byte %zu has %zu bytes: 2 GiB and more need external data", f->number,
                in->type->short_name, offset_of(s, f), f->size);
    if (known)
        OQ_TRY(check_known(s, in, f, known));
    if (in->span && is_payload(in->type, f->number))
        return cut_payload(s, in, f);
    s->unpacked += FIELD_COST;
    if (known && known->type == PROTOBUF_C_TYPE_MESSAGE)
        return enter(s, in, f, known->descriptor);
    if (f->type == OQ_WIRE_BYTES)
        s->unpacked += f->size;
    return OQ_OK;
}

static oq_status scan_message(scanner *s, scope *in, const unsigned char *data, size_t size)
{
    oq_wire_cursor cursor = {data, data + size};
    oq_wire_field field;
    oq_wire_result result;

    s->unpacked += in->type->sizeof_message;
    if (++s->n_messages > s->limits->messages)
        OQ_FAIL(s->diag, OQ_LIMIT, "more than %zu messages, at byte %zu", s->limits->messages,
                (size_t)(data - s->base));
    while ((result = oq_wire_next(&cursor, &field)) == OQ_WIRE_OK) {
        OQ_TRY(scan_field(s, in, &field));
        if (s->unpacked > s->limits->unpacked)
            OQ_FAIL(s->diag, OQ_LIMIT, "the structure of the model needs more than %zu bytes, at byte %zu",
                    s->limits->unpacked, offset_of(s, &field));
    }
    return result == OQ_WIRE_END ? OQ_OK : fail_field(s, in, &field, result);
}

oq_status oq_wire_scan(const ProtobufCMessageDescriptor *type, const unsigned char *data, size_t size,
                       const oq_wire_limits *limits, oq_arena *arena, oq_span **root, oq_diag *diag)
{
    scanner s = {.base = data, .size = size, .limits = limits, .arena = arena, .diag = diag};
    scope in = {.type = type, .span = OQ_NEW(arena, oq_span), .depth = 1};

    if (!in.span)
        OQ_FAIL(diag, OQ_NOMEM, "out of memory while scanning the file");
    in.span->type = in.type;
    in.span->data = data;
    in.span->size = in.span->skeleton_size = size;
    OQ_TRY(scan_message(&s, &in, data, size));
    *root = in.span;
    return OQ_OK;
}

/* ------------------------------------------------------------------ spans */

void oq_wire_skeleton(const oq_span *span, unsigned char *out)
{
    const unsigned char *at = span->data;
    const unsigned char *end = span->data + span->size;

    for (const oq_span *child = span->first; child; child = child->next) {
        size_t before = (size_t)(child->data - child->header - at);

        if (!child->is_cut && child->skeleton_size == child->size)
            continue; /* copied with what is around it */
        memcpy(out, at, before);
        out += before;
        at = child->data + child->size;
        if (child->is_cut)
            continue;
        out = oq_wire_put_varint(out, (uint64_t)child->field << 3 | OQ_WIRE_BYTES);
        out = oq_wire_put_varint(out, child->skeleton_size);
        oq_wire_skeleton(child, out);
        out += child->skeleton_size;
    }
    if (end > at)
        memcpy(out, at, (size_t)(end - at));
}

const oq_span *oq_span_child(const oq_span *span, uint32_t field, const oq_span *after)
{
    const oq_span *child = after ? after->next : span->first;

    while (child && (!child->type || child->field != field))
        child = child->next;
    return child;
}

size_t oq_span_count(const oq_span *span, uint32_t field)
{
    size_t n = 0;

    for (const oq_span *child = oq_span_child(span, field, NULL); child;
         child = oq_span_child(span, field, child))
        n++;
    return n;
}
