/* sha256: digests of models and samples; by the processor's own instructions where it has them. */
#ifndef OQ_BASE_SHA256_H
#define OQ_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct oq_sha256 {
    uint32_t state[8];
    uint64_t n; /* bytes so far */
    unsigned char rest[64];
} oq_sha256;

void oq_sha256_begin(oq_sha256 *sha);
void oq_sha256_add(oq_sha256 *sha, const void *data, size_t size);
/* The digest in hexadecimal digits, and NUL. */
void oq_sha256_end(oq_sha256 *sha, char hex[65]);

#endif
