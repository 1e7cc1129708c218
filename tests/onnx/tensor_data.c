#include <string.h>

#include "ir/tensor.h"
#include "onnx/import.h"
#include "pb.h"
#include "tap/tap.h"

static oq_arena *arena;

/* Decode a TensorProto (emptied). NULL on failure. */
static oq_tensor *decode(oq_buf *proto, oq_diag *diag)
{
    oq_tensor *tensor = NULL;
    void *copy = oq_arena_copy(arena, proto->data, proto->size); /* tensors point into the bytes */
    size_t size = proto->size;

    oq_diag_clear(diag);
    oq_buf_free(proto);
    return oq_import_tensor_memory(copy, size, arena, &tensor, diag) == OQ_OK ? tensor : NULL;
}

static void packed(oq_buf *proto, unsigned field, const int64_t *values, size_t n)
{
    oq_buf list = {0};

    for (size_t i = 0; i < n; i++)
        pb_number(&list, (uint64_t)values[i]);
    pb_message(proto, field, &list);
}

/* Every integer-like type: its typed field, entries as written there, and the bytes of raw_data. */
typedef struct {
    oq_dtype dtype;
    unsigned field;
    int64_t n; /* elements */
    int64_t entries[4];
    size_t n_entries;
    unsigned char raw[32];
    size_t raw_size;
} integer_case;

static const integer_case integers[] = {
    {OQ_UINT8, 5, 3, {0, 7, 255}, 3, {0, 7, 255}, 3},
    {OQ_INT8, 5, 3, {-128, 0, 127}, 3, {128, 0, 127}, 3},
    {OQ_UINT16, 5, 2, {1, 65535}, 2, {1, 0, 255, 255}, 4},
    {OQ_INT16, 5, 2, {-2, 256}, 2, {254, 255, 0, 1}, 4},
    {OQ_INT32, 5, 2, {-1, 65536}, 2, {255, 255, 255, 255, 0, 0, 1, 0}, 8},
    {OQ_INT64, 7, 2, {-1, 2}, 2, {255, 255, 255, 255, 255, 255, 255, 255, 2}, 16},
    {OQ_BOOL, 5, 3, {1, 0, 5}, 3, {1, 0, 1}, 3},
    {OQ_FLOAT16, 5, 2, {0x3c00, 0xfc00}, 2, {0x00, 0x3c, 0x00, 0xfc}, 4},
    {OQ_BFLOAT16, 5, 2, {0x3f80, 0xbf80}, 2, {0x80, 0x3f, 0x80, 0xbf}, 4},
    {OQ_FLOAT8E4M3FN, 5, 2, {0x38, 0xff}, 2, {0x38, 0xff}, 2},
    {OQ_FLOAT8E4M3FNUZ, 5, 2, {0x40, 0x80}, 2, {0x40, 0x80}, 2},
    {OQ_FLOAT8E5M2, 5, 2, {0x3c, 0xfc}, 2, {0x3c, 0xfc}, 2},
    {OQ_FLOAT8E5M2FNUZ, 5, 2, {0x40, 0x80}, 2, {0x40, 0x80}, 2},
    {OQ_FLOAT8E8M0, 5, 2, {127, 255}, 2, {127, 255}, 2},
    {OQ_UINT32, 11, 2, {1, 4294967295}, 2, {1, 0, 0, 0, 255, 255, 255, 255}, 8},
    {OQ_UINT64, 11, 1, {-1}, 1, {255, 255, 255, 255, 255, 255, 255, 255}, 8},
    {OQ_UINT4, 5, 3, {0x21, 0x0f}, 2, {0x21, 0x0f}, 2},
    {OQ_INT4, 5, 3, {0xf1, 0x07}, 2, {0xf1, 0x07}, 2},
    {OQ_INT4, 5, 9, {0x76543210, 0x08}, 2, {0x10, 0x32, 0x54, 0x76, 0x08}, 5}, /* eight to an int32 */
    {OQ_FLOAT4E2M1, 5, 2, {0x21}, 1, {0x21}, 1},
    {OQ_UINT2, 5, 5, {0xe4, 0x01}, 2, {0xe4, 0x01}, 2},
    {OQ_INT2, 5, 4, {0xe4}, 1, {0xe4}, 1},
};

static void check_case(const integer_case *c, oq_buf *proto, const char *form)
{
    oq_diag diag = {0};
    oq_tensor *tensor = decode(proto, &diag);

    ok(tensor && tensor->dtype == c->dtype && tensor->size == c->raw_size &&
           memcmp(tensor->data, c->raw, c->raw_size) == 0,
       "%s in %s has the right bytes %s", oq_dtype_name(c->dtype), form, diag.message);
}

static void integer_types(void)
{
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        const integer_case *c = &integers[i];
        oq_buf proto = {0};

        pb_tensor_head(&proto, "t", (int)c->dtype, c->n);
        pb_bytes(&proto, 9, c->raw, c->raw_size);
        check_case(c, &proto, "raw_data");
        pb_tensor_head(&proto, "t", (int)c->dtype, c->n);
        packed(&proto, c->field, c->entries, c->n_entries);
        check_case(c, &proto, "a packed list");
        for (size_t k = 0; k < c->n_entries; k++) /* before the head: order must not matter */
            pb_varint(&proto, c->field, c->entries[k]);
        pb_tensor_head(&proto, "t", (int)c->dtype, c->n);
        check_case(c, &proto, "single entries");
        packed(&proto, c->field, c->entries, 1);
        pb_tensor_head(&proto, "t", (int)c->dtype, c->n);
        packed(&proto, c->field, c->entries + 1, c->n_entries - 1);
        check_case(c, &proto, "a list in two parts");
    }
}

static void float_types(void)
{
    static const float floats[] = {1.5f, -2, 3, 4};
    static const double doubles[] = {1.5, -2};
    static const struct {
        oq_dtype dtype;
        unsigned field;
        int64_t n;
        const void *data;
        size_t size;
    } cases[] = {{OQ_FLOAT, 4, 4, floats, sizeof floats},
                 {OQ_DOUBLE, 10, 2, doubles, sizeof doubles},
                 {OQ_COMPLEX64, 4, 2, floats, sizeof floats},
                 {OQ_COMPLEX128, 10, 1, doubles, sizeof doubles}};
    oq_diag diag = {0};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int form = 0; form < 3; form++) {
            const char *data = cases[i].data;
            oq_buf proto = {0};
            oq_tensor *tensor;

            pb_tensor_head(&proto, "t", (int)cases[i].dtype, cases[i].n);
            if (form == 2) { /* in two parts */
                pb_bytes(&proto, cases[i].field, data, 8);
                pb_bytes(&proto, cases[i].field, data + 8, cases[i].size - 8);
            } else {
                pb_bytes(&proto, form ? 9 : cases[i].field, data, cases[i].size);
            }
            tensor = decode(&proto, &diag);
            ok(tensor && tensor->size == cases[i].size && memcmp(tensor->data, data, tensor->size) == 0,
               "%s has the right bytes, form %d", oq_dtype_name(cases[i].dtype), form);
        }
    }
}

static void strings_may_hold_anything(void)
{
    oq_buf proto = {0};
    oq_diag diag = {0};
    oq_tensor *tensor;
    const oq_string *s;

    pb_tensor_head(&proto, "t", OQ_STRING, 3);
    pb_bytes(&proto, 6, "one", 3);
    pb_bytes(&proto, 6, "", 0);
    pb_bytes(&proto, 6, "a\0b", 3);
    tensor = decode(&proto, &diag);
    ok(tensor != NULL, "three strings are read: %s", diag.message);
    s = tensor ? tensor->data : NULL;
    ok(s && s[0].size == 3 && s[1].size == 0 && s[2].size == 3 && memcmp(s[2].data, "a\0b", 3) == 0,
       "one of them empty, one with a NUL inside");
}

static void is_refused(oq_buf *proto, oq_status status, const char *says, const char *name)
{
    oq_diag diag = {0};
    const oq_tensor *tensor = decode(proto, &diag);

    ok(!tensor && diag.status == status, "%s", name);
    ok(strstr(diag.message, says) != NULL, "and says: %s", diag.message);
}

static void wrong_payloads_are_refused(void)
{
    static const int64_t big[] = {300};
    static const float floats[4];
    oq_buf proto = {0};

    pb_tensor_head(&proto, "t", OQ_FLOAT, 4);
    pb_bytes(&proto, 9, floats, 15);
    is_refused(&proto, OQ_FORMAT, "15 bytes of data, its shape asks for 16", "raw_data that is too short");
    pb_tensor_head(&proto, "t", OQ_FLOAT, 3);
    pb_bytes(&proto, 9, floats, 16);
    is_refused(&proto, OQ_FORMAT, "16 bytes of data, its shape asks for 12", "raw_data that is too long");
    pb_tensor_head(&proto, "t", OQ_FLOAT, 3);
    pb_bytes(&proto, 4, floats, 16);
    is_refused(&proto, OQ_FORMAT, "4 entries in float_data", "a list of the wrong length");
    pb_tensor_head(&proto, "t", OQ_FLOAT, 3);
    is_refused(&proto, OQ_FORMAT, "no data", "no payload at all");
    pb_tensor_head(&proto, "t", OQ_FLOAT, 1);
    pb_bytes(&proto, 4, floats, 4);
    pb_bytes(&proto, 9, floats, 4);
    is_refused(&proto, OQ_FORMAT, "both float_data and raw_data", "two payloads");
    pb_tensor_head(&proto, "t", OQ_FLOAT, 1);
    packed(&proto, 5, big, 1);
    is_refused(&proto, OQ_FORMAT, "belongs into float_data", "floats in the list of integers");
    pb_tensor_head(&proto, "t", OQ_UINT8, 1);
    packed(&proto, 5, big, 1);
    is_refused(&proto, OQ_FORMAT, "does not fit", "a uint8 of 300");
    pb_tensor_head(&proto, "t", OQ_STRING, 1);
    pb_bytes(&proto, 9, "x", 1);
    is_refused(&proto, OQ_FORMAT, "forbids", "strings in raw_data");
}

static void wrong_shapes_are_refused(void)
{
    oq_buf proto = {0};
    oq_diag diag = {0};
    const oq_tensor *tensor;

    pb_varint(&proto, 1, -5);
    pb_tensor_head(&proto, "t", OQ_FLOAT, 3);
    is_refused(&proto, OQ_FORMAT, "negative dimension -5", "a negative dimension");
    for (int i = 0; i < 4; i++)
        pb_varint(&proto, 1, (int64_t)1 << 32);
    pb_tensor_head(&proto, "t", OQ_FLOAT, 1);
    is_refused(&proto, OQ_FORMAT, "more elements than fit", "a product that overflows");
    pb_varint(&proto, 1, (int64_t)1 << 31);
    pb_varint(&proto, 1, (int64_t)1 << 31);
    pb_tensor_head(&proto, "t", OQ_DOUBLE, 4);
    is_refused(&proto, OQ_FORMAT, "than fit", "bytes that overflow");
    pb_text(&proto, 8, "t");
    is_refused(&proto, OQ_FORMAT, "no element type", "a tensor without type");
    pb_tensor_head(&proto, "t", OQ_FLOAT, 0);
    tensor = decode(&proto, &diag);
    ok(tensor && tensor->n_elements == 0 && tensor->data, "a tensor of no elements needs no payload");
    pb_tensor_head(&proto, "t", 99, 3);
    pb_bytes(&proto, 9, "abc", 3);
    tensor = decode(&proto, &diag);
    ok(tensor && tensor->dtype == OQ_UNDEFINED && tensor->origin.data,
       "a type of the future is kept as bytes");
}

int main(void)
{
    arena = oq_arena_new(0);
    integer_types();
    float_types();
    strings_may_hold_anything();
    wrong_payloads_are_refused();
    wrong_shapes_are_refused();
    oq_arena_free(arena);
    return tap_done();
}
