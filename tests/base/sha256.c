/* The digests of FIPS 180-4's examples, and the same as libmd's for every size around the blocks. */
#include "base/sha256.h"

#include <sha2.h>
#include <stdio.h>
#include <string.h>

#include "tap/tap.h"

static const char *digest(const void *data, size_t size, size_t piece, char hex[65])
{
    oq_sha256 sha;

    oq_sha256_begin(&sha);
    for (size_t at = 0; at < size; at += piece)
        oq_sha256_add(&sha, (const char *)data + at, size - at < piece ? size - at : piece);
    oq_sha256_end(&sha, hex);
    return hex;
}

static void reference(const void *data, size_t size, char hex[65])
{
    uint8_t bytes[SHA256_DIGEST_LENGTH];
    SHA2_CTX sha;

    SHA256Init(&sha);
    SHA256Update(&sha, data, size);
    SHA256Final(bytes, &sha);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

int main(void)
{
    static unsigned char data[700];
    char hex[65], want[65];
    int n_wrong = 0;

    is_str(digest("", 0, 1, hex), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
           "nothing");
    is_str(digest("abc", 3, 1, hex), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
           "abc");
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 167 + i / 256);
    for (size_t size = 0; size < sizeof data; size++) {
        reference(data, size, want);
        n_wrong += strcmp(digest(data, size, sizeof data, hex), want) != 0;
        n_wrong += strcmp(digest(data, size, 1 + size % 77, hex), want) != 0;
    }
    is_int(n_wrong, 0, "every size, in one piece and in several");
    return tap_done();
}
