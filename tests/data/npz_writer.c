/* The npz writer: what it writes reads back, lies aligned, and has the same bytes every time. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/npz.h"
#include "fixture.h"
#include "tap/tap.h"

static oq_diag diag;
static float x[6] = {1, 2, 3, 4, 5, 6};
static int64_t y[1] = {-7};
static uint8_t b[3] = {1, 0, 1};
static const oq_array arrays[4] = {
    {.dtype = OQ_FLOAT, .rank = 2, .dims = {2, 3}, .n = 6, .data = x, .size = sizeof x},
    {.dtype = OQ_INT64, .rank = 0, .n = 1, .data = y, .size = sizeof y},
    {.dtype = OQ_BOOL, .rank = 1, .dims = {3}, .n = 3, .data = b, .size = sizeof b},
    {.dtype = OQ_FLOAT16, .rank = 2, .dims = {0, 3}, .n = 0, .data = NULL, .size = 0},
};
static const char *const names[4] = {"x", "a/long name: y", "b", "empty"};

static const char *write_all(const char *name)
{
    const char *path = fixture_path(name);
    oq_npz_writer *writer = NULL;

    if (oq_npz_writer_open(path, &writer, &diag) != OQ_OK)
        tap_bail("%s", diag.message);
    for (int i = 0; i < 4; i++) {
        if (oq_npz_writer_add(writer, names[i], &arrays[i], &diag) != OQ_OK)
            tap_bail("%s", diag.message);
    }
    is_int(oq_npz_writer_commit(writer, &diag), OQ_OK, "an npz file is written");
    return path;
}

static void reads_back(void)
{
    oq_npz *npz;
    oq_buf bytes;

    if (!is_int(oq_npz_open(write_all("a.npz"), &npz, &diag), OQ_OK, "and opens"))
        tap_bail("%s", diag.message);
    bytes = fixture_read(fixture_path("a.npz"));
    is_int(oq_npz_count(npz), 4, "with all arrays");
    for (size_t i = 0; i < 4; i++) {
        oq_npy npy;
        oq_mapping member;

        is_str(oq_npz_name(npz, i), names[i], "in order, by name");
        is_int(oq_npz_header(npz, i, &npy, &diag), OQ_OK, "a header reads");
        ok(npy.dtype == arrays[i].dtype && npy.rank == arrays[i].rank && npy.n == arrays[i].n, "as it was");
        is_int(oq_npz_load(npz, i, &member, &diag), OQ_OK, "and the checksum holds");
        is_mem(member.data + npy.offset, arrays[i].n ? arrays[i].data : "", arrays[i].size, "its elements");
        ok((uintptr_t)(member.data + npy.offset) % 64 == 0, "which are aligned in the file");
    }
    oq_npz_close(npz);
    oq_buf_free(&bytes);
}

static void writes_the_same_bytes(void)
{
    oq_buf a = fixture_read(write_all("a.npz")), c = fixture_read(write_all("c.npz"));

    is_int(a.size, c.size, "the same arrays take the same size");
    is_mem(a.data, c.data, a.size, "and have the same bytes");
    oq_buf_free(&a);
    oq_buf_free(&c);
}

static void refuses(void)
{
    const oq_array tiny = {.dtype = OQ_INT4, .rank = 1, .dims = {2}, .n = 2, .data = b, .size = 1};
    oq_npz_writer *writer = NULL;
    struct stat st;

    is_int(oq_npz_writer_open(fixture_path("no/folder.npz"), &writer, &diag), OQ_IO,
           "no such folder is OQ_IO");
    if (oq_npz_writer_open(fixture_path("d.npz"), &writer, &diag) != OQ_OK)
        tap_bail("%s", diag.message);
    is_int(oq_npz_writer_add(writer, "t", &tiny, &diag), OQ_UNSUPPORTED, "NumPy has no int4");
    ok(strstr(diag.message, "array 't' is int4") != NULL, "which is told");
    is_int(oq_npz_writer_add(writer, "", &arrays[0], &diag), OQ_ARG, "an array needs a name");
    is_int(oq_npz_writer_add(writer, "x", &arrays[0], &diag), OQ_OK, "a first x");
    is_int(oq_npz_writer_add(writer, "x", &arrays[0], &diag), OQ_ARG, "but no second");
    oq_npz_writer_abort(writer);
    ok(stat(fixture_path("d.npz"), &st) != 0, "an aborted file does not appear");
}

static void numpy_reads_it(void)
{
    const char *python = getenv("PYTHON");
    char command[8192];

    snprintf(command, sizeof command, "'%s' -c 'import numpy' 2>/dev/null", python ? python : "python3");
    if (system(command) != 0) {
        tap_skip(1, "Python with NumPy is not here (set PYTHON)");
        return;
    }
    snprintf(command, sizeof command,
             "'%s' -c 'import sys, numpy as np, zipfile; a = np.load(sys.argv[1]); "
             "assert zipfile.ZipFile(sys.argv[1]).testzip() is None; "
             "assert list(a) == [\"x\", \"a/long name: y\", \"b\", \"empty\"], list(a); "
             "assert (a[\"x\"] == np.arange(1, 7, dtype=np.float32).reshape(2, 3)).all(); "
             "assert a[\"a/long name: y\"] == -7 and a[\"b\"].tolist() == [True, False, True]; "
             "assert a[\"empty\"].shape == (0, 3)' '%s'",
             python ? python : "python3", write_all("a.npz"));
    is_int(system(command), 0, "NumPy reads the same arrays");
}

int main(void)
{
    reads_back();
    writes_the_same_bytes();
    refuses();
    numpy_reads_it();
    return tap_done();
}
