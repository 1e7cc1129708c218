/* buf: a growing byte buffer on the heap, and checked size arithmetic. */
#ifndef OQ_BASE_BUF_H
#define OQ_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct oq_buf {
    unsigned char *data; /* heap; NULL when empty */
    size_t size;         /* bytes in use */
    size_t capacity;
    bool failed; /* an allocation failed: everything after it was dropped; check once at the end */
} oq_buf;

void oq_buf_append(oq_buf *buf, const void *data, size_t size);
void oq_buf_byte(oq_buf *buf, unsigned char byte);
void oq_buf_printf(oq_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void oq_buf_free(oq_buf *buf);

static inline bool oq_mul_overflow(size_t a, size_t b, size_t *out)
{
    return __builtin_mul_overflow(a, b, out);
}

static inline bool oq_add_overflow(size_t a, size_t b, size_t *out)
{
    return __builtin_add_overflow(a, b, out);
}

#endif
