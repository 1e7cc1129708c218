/* The npz reader: stored members lie in the file, deflated ones are expanded, damage is one line and no
 * crash. */
#include "config.h"

#include "data/npz.h"

#include <minizip/zip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "fixture.h"
#include "tap/tap.h"

#define N_BIG (size_t)600000 /* floats: 2.4 MB, more than is expanded on the heap */

static oq_diag diag;
static float *big;
static const float one_to_six[6] = {1, 2, 3, 4, 5, 6};
static const int64_t seven_eight[2] = {7, 8};

static const char *write_sample(void)
{
    const char *path = fixture_path("samples.npz");
    fixture_zip zip = fixture_zip_open(path);
    char text[100];

    snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu,), }", N_BIG);
    fixture_zip_array(&zip, "data", false, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
                      one_to_six, sizeof one_to_six);
    fixture_zip_add(&zip, "readme.txt", false, "hello", 5);
    fixture_zip_array(&zip, "labels", true, "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }",
                      seven_eight, sizeof seven_eight);
    fixture_zip_array(&zip, "names", true, "{'descr': '<U2', 'fortran_order': False, 'shape': (1,), }",
                      "a\0\0\0b\0\0\0", 8);
    fixture_zip_array(&zip, "big", true, text, big, N_BIG * sizeof *big);
    fixture_zip_close(&zip);
    return path;
}

static void finds_arrays(void)
{
    oq_npz *npz = NULL;
    oq_npy npy;
    oq_mapping bytes;

    if (!is_int(oq_npz_open(write_sample(), &npz, &diag), OQ_OK, "an npz file opens"))
        tap_bail("%s", diag.message);
    is_int(oq_npz_count(npz), 4, "members that are no arrays are not counted");
    is_str(oq_npz_name(npz, 0), "data", "the first array");
    is_int(oq_npz_find(npz, "labels"), 1, "arrays are found by name");
    is_int(oq_npz_find(npz, "image"), 4, "or not");

    is_int(oq_npz_header(npz, 0, &npy, &diag), OQ_OK, "a stored header is read");
    is_int(npy.dtype * 100 + npy.dims[0] * 10 + npy.dims[1], 123, "type and shape");
    is_int(oq_npz_load(npz, 0, &bytes, &diag), OQ_OK, "stored bytes are there");
    ok(bytes.is_mapped, "mapped, not copied");
    is_mem(bytes.data + npy.offset, one_to_six, 24, "and right");

    is_int(oq_npz_header(npz, 1, &npy, &diag), OQ_OK, "a deflated header is read");
    is_int(npy.dtype, OQ_INT64, "its type");
    is_int(oq_npz_load(npz, 1, &bytes, &diag), OQ_OK, "deflated bytes are expanded");
    ok(!bytes.is_mapped, "a few of them on the heap");
    is_mem(bytes.data + npy.offset, seven_eight, 16, "and right");
    is_int(oq_npz_header(npz, 1, &npy, &diag), OQ_OK, "the header is there after loading, too");

    is_int(oq_npz_header(npz, 2, &npy, &diag), OQ_UNSUPPORTED, "a text array is refused only when asked for");
    is_int(oq_npz_header(npz, 3, &npy, &diag), OQ_OK, "a large header is read without expanding");
    is_int(npy.n, N_BIG, "its elements");
    is_int(oq_npz_load(npz, 3, &bytes, &diag), OQ_OK, "large deflated bytes are expanded");
    ok(bytes.is_mapped, "into a file");
    is_mem(bytes.data + npy.offset, big, N_BIG * sizeof *big, "and right");
    oq_mapping_release(&bytes, npy.offset, npy.size);
    is_mem(bytes.data + npy.offset, big, N_BIG * sizeof *big, "also after their pages were given back");
    oq_npz_close(npz);
}

static void refuses_other_files(void)
{
    oq_npz *npz = NULL;
    const char *path = fixture_path("not.npz");

    is_int(oq_npz_open(fixture_path("absent.npz"), &npz, &diag), OQ_IO, "an absent file is OQ_IO");
    is_int(oq_npz_open(tap_tmpdir(), &npz, &diag), OQ_IO, "so is a folder");
    fixture_write(path, "", 0);
    is_int(oq_npz_open(path, &npz, &diag), OQ_FORMAT, "an empty file is OQ_FORMAT");
    fixture_write(path, "hello", 5);
    is_int(oq_npz_open(path, &npz, &diag), OQ_FORMAT, "so is a text");
    ok(strstr(diag.message, "not an npz (zip) file") != NULL, "and says so");
    ok(npz == NULL, "nothing is returned");
}

static void refuses_twins(void)
{
    const char *path = fixture_path("twins.npz");
    fixture_zip zip = fixture_zip_open(path);
    oq_npz *npz = NULL;

    for (int i = 0; i < 2; i++)
        fixture_zip_array(&zip, "x", false, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }",
                          "1234", 4);
    fixture_zip_close(&zip);
    is_int(oq_npz_open(path, &npz, &diag), OQ_FORMAT, "two arrays of one name are refused");
    ok(strstr(diag.message, "two arrays are called 'x'") != NULL, "by name");
}

/* Read everything there is. */
static oq_status read_all(const char *path)
{
    oq_npz *npz = NULL;
    oq_status status;

    oq_diag_clear(&diag);
    status = oq_npz_open(path, &npz, &diag);
    for (size_t i = 0; status == OQ_OK && i < oq_npz_count(npz); i++) {
        oq_npy npy;
        oq_mapping bytes;

        status = oq_npz_header(npz, i, &npy, &diag);
        if (status == OQ_OK)
            status = oq_npz_load(npz, i, &bytes, &diag);
    }
    if (npz)
        oq_npz_close(npz);
    return status;
}

static bool is_one_line(oq_status status)
{
    return (status == OQ_FORMAT || status == OQ_UNSUPPORTED || status == OQ_LIMIT) && diag.message[0] &&
           !strchr(diag.message, '\n');
}

/* Every damaged copy of the file is refused or reads as a valid file; a damaged payload never reads. */
static void survives_damage(bool is_deflated)
{
    const char *path = fixture_path("whole.npz"), *copy = fixture_path("damaged.npz");
    fixture_zip zip = fixture_zip_open(path);
    static unsigned char payload[4096];
    oq_buf file;
    oq_rng rng = {7};
    int n_bad = 0, n_read = 0;

    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (unsigned char)oq_rng_next(&rng) & 15;
    fixture_zip_array(&zip, "x", is_deflated, "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 256), }",
                      payload, sizeof payload);
    fixture_zip_array(&zip, "y", is_deflated, "{'descr': '|u1', 'fortran_order': False, 'shape': (100,), }",
                      payload, 100);
    fixture_zip_close(&zip);
    file = fixture_read(path);
    is_int(read_all(path), OQ_OK, "the whole file reads");
    for (size_t size = 0; size < file.size; size += 64) {
        fixture_write(copy, file.data, size);
        n_bad += !is_one_line(read_all(copy));
    }
    is_int(n_bad, 0, "each truncation is one line");
    n_bad = 0;
    for (int i = 0; i < 3000; i++) {
        size_t at = (size_t)oq_rng_below(&rng, file.size);
        unsigned char flip = (unsigned char)(1u << oq_rng_below(&rng, 8));
        oq_status status;

        file.data[at] ^= flip;
        fixture_write(copy, file.data, file.size);
        status = read_all(copy);
        n_bad += status != OQ_OK && !is_one_line(status);
        n_read += status == OQ_OK && at >= 256 && at < (is_deflated ? 1500 : 4096);
        file.data[at] ^= flip;
    }
    is_int(n_bad, 0, "each flipped bit is harmless or one line");
    is_int(n_read, 0, "a flipped bit of the elements is always noticed");
    oq_buf_free(&file);
}

/* A directory that promises much more than deflate can deliver. */
static void refuses_a_bomb(void)
{
    const char *path = fixture_path("bomb.npz");
    fixture_zip zip = fixture_zip_open(path);
    oq_buf file;
    oq_npz *npz = NULL;

    fixture_zip_array(&zip, "x", true, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "1234",
                      4);
    fixture_zip_close(&zip);
    file = fixture_read(path);
    for (size_t at = 0; at + 46 < file.size; at++) {
        if (memcmp(file.data + at, "PK\1\2", 4) == 0)
            memcpy(file.data + at + 24, "\xff\xff\xff\x7f", 4);
    }
    fixture_write(path, file.data, file.size);
    is_int(oq_npz_open(path, &npz, &diag), OQ_FORMAT, "a claim of 2 GiB from 100 bytes is refused");
    ok(strstr(diag.message, "claims to expand") != NULL, "and named");
    oq_buf_free(&file);
}

static void says_where_it_cannot_expand(void)
{
    oq_npz *npz = NULL;
    oq_mapping bytes;

    if (oq_npz_open(write_sample(), &npz, &diag) != OQ_OK)
        tap_bail("%s", diag.message);
    setenv("TMPDIR", "/nonexistent", 1);
    is_int(oq_npz_load(npz, 3, &bytes, &diag), OQ_IO, "no folder to expand into is OQ_IO");
    ok(strstr(diag.message, "set TMPDIR") != NULL, "and says what to do");
    unsetenv("TMPDIR");
    is_int(oq_npz_load(npz, 3, &bytes, &diag), OQ_OK, "and may be tried again");
    oq_npz_close(npz);
}

int main(void)
{
    oq_rng rng = {3};

    big = malloc(N_BIG * sizeof *big);
    if (!big)
        tap_bail("no memory");
    for (size_t i = 0; i < N_BIG; i++)
        big[i] = (float)(oq_rng_next(&rng) & 255);
    finds_arrays();
    refuses_other_files();
    refuses_twins();
    survives_damage(false);
    survives_damage(true);
    refuses_a_bomb();
    says_where_it_cannot_expand();
    free(big);
    return tap_done();
}
