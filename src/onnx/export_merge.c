#include <string.h>

#include "onnx/exporter.h"

#define MAX_MANAGED 32

/* Emit every managed field below `below` that the origin does not have and that is still to come. */
static oq_status emit_absent(oq_exporter *x, const uint32_t *managed, size_t n, bool *done,
                             const bool *in_origin, uint32_t below, oq_emit *emit, const void *object,
                             oq_rope *out)
{
    for (size_t i = 0; i < n && managed[i] < below; i++) {
        if (done[i] || in_origin[i])
            continue;
        done[i] = true;
        OQ_TRY(emit(x, object, managed[i], NULL, out));
    }
    return OQ_OK;
}

static size_t index_of(const uint32_t *managed, size_t n, uint32_t number)
{
    size_t i = 0;

    while (i < n && managed[i] != number)
        i++;
    return i;
}

oq_status oq_export_merge(oq_exporter *x, oq_origin origin, const uint32_t *managed, size_t n, oq_emit *emit,
                          const void *object, oq_rope *out)
{
    bool done[MAX_MANAGED + 1] = {false}, in_origin[MAX_MANAGED + 1] = {false};
    oq_wire_cursor cursor = {origin.data, origin.data + origin.size};
    oq_wire_field f;

    while (origin.data && oq_wire_next(&cursor, &f) == OQ_WIRE_OK)
        in_origin[index_of(managed, n, f.number)] = true;
    cursor.at = origin.data;
    while (origin.data && oq_wire_next(&cursor, &f) == OQ_WIRE_OK) {
        size_t i = index_of(managed, n, f.number);

        OQ_TRY(emit_absent(x, managed, n, done, in_origin, f.number, emit, object, out));
        if (i == n) {
            oq_rope_borrow(out, f.start, (size_t)(f.data + f.size - f.start));
        } else if (!done[i]) {
            done[i] = true;
            OQ_TRY(emit(x, object, f.number, &f, out));
        }
    }
    return emit_absent(x, managed, n, done, in_origin, UINT32_MAX, emit, object, out);
}

void oq_export_text(oq_rope *out, uint32_t number, const char *text, const oq_wire_field *was)
{
    size_t size = strlen(text);

    if (was && was->size == size && memcmp(was->data, text, size) == 0)
        oq_rope_borrow(out, was->start, (size_t)(was->data + was->size - was->start));
    else if (size)
        oq_rope_text(out, number, text);
}

oq_string oq_export_find_text(oq_bytes message, uint32_t number)
{
    oq_wire_cursor cursor = {message.data, message.data + message.size};
    oq_string found = {"", 0};
    oq_wire_field f;

    while (message.data && oq_wire_next(&cursor, &f) == OQ_WIRE_OK) {
        if (f.number == number && f.type == OQ_WIRE_BYTES)
            found = (oq_string){(const char *)f.data, f.size};
    }
    return found;
}
