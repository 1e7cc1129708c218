#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(oq_buf *buf, size_t more)
{
    size_t need, capacity = buf->capacity ? buf->capacity : 256;
    unsigned char *grown;

    if (buf->failed || oq_add_overflow(buf->size, more, &need)) {
        buf->failed = true;
        return false;
    }
    if (need <= buf->capacity)
        return true;
    while (capacity < need)
        capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    grown = realloc(buf->data, capacity);
    if (!grown) {
        buf->failed = true;
        return false;
    }
    buf->data = grown;
    buf->capacity = capacity;
    return true;
}

void oq_buf_append(oq_buf *buf, const void *data, size_t size)
{
    if (!size || !reserve(buf, size))
        return;
    memcpy(buf->data + buf->size, data, size);
    buf->size += size;
}

void oq_buf_byte(oq_buf *buf, unsigned char byte)
{
    oq_buf_append(buf, &byte, 1);
}

void oq_buf_printf(oq_buf *buf, const char *fmt, ...)
{
    va_list args, again;
    int n;

    va_start(args, fmt);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, fmt, args);
    if (n >= 0 && reserve(buf, (size_t)n + 1)) {
        vsnprintf((char *)buf->data + buf->size, (size_t)n + 1, fmt, again);
        buf->size += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

void oq_buf_free(oq_buf *buf)
{
    free(buf->data);
    *buf = (oq_buf){0};
}
