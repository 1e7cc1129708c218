/* TensorProto files: raw or typed elements of every type; damage is one line. Messages are put together by
 * hand from the field numbers of onnx.proto. */
#include "config.h"

#include "data/tensor_pb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "fixture.h"
#include "tap/tap.h"

static oq_diag diag;

static void varint(oq_buf *b, uint64_t v)
{
    for (; v >= 128; v >>= 7)
        oq_buf_byte(b, (unsigned char)(v | 128));
    oq_buf_byte(b, (unsigned char)v);
}

static void number(oq_buf *b, unsigned field, uint64_t v)
{
    varint(b, field << 3);
    varint(b, v);
}

static void bytes(oq_buf *b, unsigned field, const void *data, size_t size)
{
    varint(b, field << 3 | 2);
    varint(b, size);
    oq_buf_append(b, data, size);
}

/* A tensor of one axis, without elements. */
static oq_buf tensor(oq_dtype dtype, int64_t dim)
{
    oq_buf b = {0};

    number(&b, 1, (uint64_t)dim);
    number(&b, 2, dtype);
    return b;
}

static oq_status read(const oq_buf *b, oq_arena *arena, oq_view *view)
{
    oq_tensor_pb pb;

    oq_diag_clear(&diag);
    OQ_TRY(oq_tensor_pb_parse(b->data, b->size, "x.pb", &pb, &diag));
    return oq_tensor_pb_view(&pb, "x.pb", arena, view, &diag);
}

static void gives(oq_buf b, oq_dtype dtype, const void *want, size_t size, const char *name)
{
    oq_arena *arena = oq_arena_new(0);
    oq_view view = {0};

    if (!is_int(read(&b, arena, &view), OQ_OK, name))
        tap_diag("%s", diag.message);
    ok(view.dtype == dtype && view.size == size, "its type and size");
    is_mem(view.data, want, size, "its elements");
    oq_buf_free(&b);
    oq_arena_free(arena);
}

static void reads_raw_data(void)
{
    const float x[2] = {1.5f, -2};
    oq_buf b = tensor(OQ_FLOAT, 2);
    const unsigned char nibbles[2] = {0x21, 0x03};

    bytes(&b, 8, "x", 1);
    bytes(&b, 9, x, sizeof x);
    gives(b, OQ_FLOAT, x, sizeof x, "floats in raw_data");
    b = tensor(OQ_INT4, 3);
    bytes(&b, 9, nibbles, 2);
    gives(b, OQ_INT4, nibbles, 2, "int4 in raw_data, two to a byte");
    b = tensor(OQ_FLOAT, 0);
    gives(b, OQ_FLOAT, "", 0, "no elements need no data");
}

static void reads_typed_fields(void)
{
    const float f[2] = {1, -2};
    const double d[1] = {0.1};
    const int64_t i64[2] = {-1, 300};
    const uint32_t u32[1] = {4000000000u};
    const uint64_t u64[1] = {UINT64_MAX};
    const int8_t i8[2] = {-1, 5};
    const uint16_t half[1] = {0xc000};
    oq_buf b = tensor(OQ_FLOAT, 2), packed = {0};

    bytes(&b, 4, f, sizeof f);
    gives(b, OQ_FLOAT, f, sizeof f, "float_data, packed");
    b = tensor(OQ_FLOAT, 2);
    for (int i = 0; i < 2; i++) {
        varint(&b, 4 << 3 | 5);
        oq_buf_append(&b, &f[i], 4);
    }
    gives(b, OQ_FLOAT, f, sizeof f, "float_data, not packed");
    b = tensor(OQ_DOUBLE, 1);
    bytes(&b, 10, d, sizeof d);
    gives(b, OQ_DOUBLE, d, sizeof d, "double_data");
    b = tensor(OQ_INT64, 2);
    number(&b, 7, (uint64_t)-1);
    varint(&packed, 300);
    bytes(&b, 7, packed.data, packed.size);
    oq_buf_free(&packed);
    gives(b, OQ_INT64, i64, sizeof i64, "int64_data, one of each");
    b = tensor(OQ_UINT32, 1);
    number(&b, 11, u32[0]);
    gives(b, OQ_UINT32, u32, sizeof u32, "uint32 in uint64_data");
    b = tensor(OQ_UINT64, 1);
    number(&b, 11, u64[0]);
    gives(b, OQ_UINT64, u64, sizeof u64, "uint64_data");
    b = tensor(OQ_INT8, 2);
    number(&b, 5, (uint64_t)-1);
    number(&b, 5, 5);
    gives(b, OQ_INT8, i8, sizeof i8, "int8 in int32_data");
    b = tensor(OQ_FLOAT16, 1);
    number(&b, 5, half[0]);
    gives(b, OQ_FLOAT16, half, sizeof half, "float16 bits in int32_data");
}

static void reads_strings(void)
{
    oq_buf b = tensor(OQ_STRING, 2);
    oq_arena *arena = oq_arena_new(0);
    oq_view view;
    const oq_string *strings;

    bytes(&b, 6, "one", 3);
    bytes(&b, 6, "", 0);
    is_int(read(&b, arena, &view), OQ_OK, "strings are read");
    strings = view.data;
    ok(strings[0].size == 3 && memcmp(strings[0].data, "one", 3) == 0, "the first");
    is_int(strings[1].size, 0, "and an empty one");
    oq_buf_free(&b);
    oq_arena_free(arena);
}

static void refuses(oq_buf b, oq_status want, const char *text)
{
    oq_arena *arena = oq_arena_new(0);
    oq_view view;

    is_int(read(&b, arena, &view), want, oq_status_name(want));
    if (!ok(strstr(diag.message, text) != NULL, "says: %s", text))
        tap_diag("got: %s", diag.message);
    oq_buf_free(&b);
    oq_arena_free(arena);
}

static void refuses_the_rest(void)
{
    oq_buf b = tensor(OQ_FLOAT, 2);

    bytes(&b, 9, "1234", 4);
    refuses(b, OQ_FORMAT, "has shape [2] of float, which needs 8 bytes; it has 4");
    b = tensor(OQ_FLOAT, 2);
    bytes(&b, 4, "1234", 4);
    refuses(b, OQ_FORMAT, "fewer elements than its shape says (1 of 2)");
    b = tensor(OQ_FLOAT, 1);
    bytes(&b, 4, "12345678", 8);
    refuses(b, OQ_FORMAT, "more elements than its shape says");
    b = tensor(OQ_FLOAT, -1);
    refuses(b, OQ_FORMAT, "a dimension is negative");
    b = tensor(OQ_FLOAT, INT64_MAX);
    refuses(b, OQ_FORMAT, "larger than memory");
    b = tensor(OQ_FLOAT, 1 << 30);
    refuses(b, OQ_FORMAT, "which needs 1073741824 elements; the file has");
    b = tensor((oq_dtype)99, 1);
    refuses(b, OQ_UNSUPPORTED, "element type 99 is not known");
    b = tensor(OQ_FLOAT, 1);
    number(&b, 14, 1);
    refuses(b, OQ_UNSUPPORTED, "keeps its elements in another file");
    b = (oq_buf){0};
    number(&b, 1, 1);
    refuses(b, OQ_FORMAT, "it has no element type");
    b = tensor(OQ_FLOAT, 1);
    for (int i = 0; i < 8; i++)
        number(&b, 1, 1);
    refuses(b, OQ_UNSUPPORTED, "more than 8 axes");
    refuses((oq_buf){0}, OQ_FORMAT, "empty file");
}

/* Parse a copy of exactly this size, so that a sanitizer sees a step too far. */
static oq_status read_exactly(const unsigned char *data, size_t size)
{
    oq_buf copy = {0};
    oq_arena *arena = oq_arena_new(0);
    oq_view view;
    oq_status status;

    oq_buf_append(&copy, data, size);
    status = read(&copy, arena, &view);
    oq_buf_free(&copy);
    oq_arena_free(arena);
    return status;
}

static void survives_damage(void)
{
    oq_buf b = tensor(OQ_INT32, 20);
    oq_rng rng = {9};
    int n_bad = 0;

    for (unsigned i = 0; i < 20; i++)
        number(&b, 5, i * 1000);
    bytes(&b, 8, "name", 4);
    for (size_t size = 0; size + 6 < b.size; size++) /* the name is not missed */
        n_bad += read_exactly(b.data, size) != OQ_FORMAT;
    is_int(n_bad, 0, "each truncation is OQ_FORMAT");
    n_bad = 0;
    for (int i = 0; i < 20000; i++) {
        size_t at = (size_t)oq_rng_below(&rng, b.size);
        unsigned char flip = (unsigned char)(1u << oq_rng_below(&rng, 8));
        oq_status status;

        b.data[at] ^= flip;
        status = read_exactly(b.data, b.size);
        n_bad += status != OQ_OK &&
                 ((status != OQ_FORMAT && status != OQ_UNSUPPORTED) || strchr(diag.message, '\n'));
        b.data[at] ^= flip;
    }
    is_int(n_bad, 0, "each flipped bit is harmless or one line");
    oq_buf_free(&b);
}

int main(void)
{
    reads_raw_data();
    reads_typed_fields();
    reads_strings();
    refuses_the_rest();
    survives_damage();
    return tap_done();
}
