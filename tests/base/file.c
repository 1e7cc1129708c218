#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "tap/tap.h"

static const char *in_tmp(const char *name)
{
    static char paths[4][4200];
    static int next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", tap_tmpdir(), name);
    return path;
}

static void put(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(data, 1, size, f) != size)
        tap_bail("cannot write %s", path);
    fclose(f);
}

static int n_entries(void)
{
    DIR *dir = opendir(tap_tmpdir());
    int n = 0;

    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n;
}

static void holds(const char *path, const char *text, const char *name)
{
    oq_file file = {0};
    oq_diag diag = {0};

    is_int(oq_file_read(path, 0, &file, &diag), OQ_OK, name);
    ok(file.size == strlen(text) && (!file.size || memcmp(file.data, text, file.size) == 0), "it holds '%s'",
       text);
    oq_file_close(&file);
}

static void plain_files_are_mapped(void)
{
    oq_file file = {0};
    oq_diag diag = {0};

    put(in_tmp("plain"), "hello", 5);
    is_int(oq_file_read(in_tmp("plain"), 0, &file, &diag), OQ_OK, "a file is read");
    ok(file.is_mapped && file.size == 5 && memcmp(file.data, "hello", 5) == 0, "it is mapped");
    oq_file_close(&file);
    put(in_tmp("empty"), "", 0);
    is_int(oq_file_read(in_tmp("empty"), 0, &file, &diag), OQ_OK, "an empty file is read");
    ok(file.size == 0 && !file.data, "it has no data");
    oq_file_close(&file);
    is_int(oq_file_read(in_tmp("missing"), 0, &file, &diag), OQ_IO, "a missing file is refused");
    ok(strstr(diag.message, "No such file") != NULL, "says why: %s", diag.message);
    is_int(oq_file_read(tap_tmpdir(), 0, &file, &diag), OQ_IO, "a folder is refused");
}

static size_t gzip_of(const char *text, unsigned char *out, size_t room)
{
    z_stream z = {0};

    deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    z.next_in = (unsigned char *)(uintptr_t)text;
    z.avail_in = (unsigned)strlen(text);
    z.next_out = out;
    z.avail_out = (unsigned)room;
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return z.total_out;
}

static void gzip_is_expanded(void)
{
    unsigned char packed[2000];
    static char big[200001];
    size_t n = gzip_of("hello gzip", packed, sizeof packed), m;
    oq_file file = {0};
    oq_diag diag = {0};

    put(in_tmp("a.gz"), packed, n);
    holds(in_tmp("a.gz"), "hello gzip", "gzip is expanded");
    m = gzip_of(" and more", packed + n, sizeof packed - n);
    put(in_tmp("two.gz"), packed, n + m);
    holds(in_tmp("two.gz"), "hello gzip and more", "two members are one file");
    put(in_tmp("cut.gz"), packed, n - 9);
    is_int(oq_file_read(in_tmp("cut.gz"), 0, &file, &diag), OQ_FORMAT, "a truncated stream is refused");
    packed[12] ^= 0xff;
    put(in_tmp("bad.gz"), packed, n);
    is_int(oq_file_read(in_tmp("bad.gz"), 0, &file, &diag), OQ_FORMAT, "a damaged stream is refused");
    memset(big, 'a', sizeof big - 1);
    n = gzip_of(big, packed, sizeof packed);
    put(in_tmp("big.gz"), packed, n);
    is_int(oq_file_read(in_tmp("big.gz"), 199999, &file, &diag), OQ_LIMIT,
           "expansion beyond the limit is refused");
    is_int(oq_file_read(in_tmp("big.gz"), 200000, &file, &diag), OQ_OK, "up to the limit it is not");
    is_int(file.size, 200000, "and all of it arrives");
    oq_file_close(&file);
}

static void output_appears_by_rename(void)
{
    oq_writer *writer = NULL;
    oq_diag diag = {0};
    int before;

    put(in_tmp("out"), "old", 3);
    chmod(in_tmp("out"), 0640);
    before = n_entries();
    is_int(oq_writer_open(in_tmp("out"), &writer, &diag), OQ_OK, "a writer opens");
    is_int(oq_writer_write(writer, "new text", 8, &diag), OQ_OK, "takes data");
    is_int(oq_writer_offset(writer), 8, "counts it");
    holds(in_tmp("out"), "old", "before commit the old file is there");
    is_int(oq_writer_commit(writer, &diag), OQ_OK, "commit works");
    holds(in_tmp("out"), "new text", "after it the new one is");
    is_int(n_entries(), before, "and nothing else is left");

    oq_writer_open(in_tmp("out"), &writer, &diag);
    oq_writer_write(writer, "lost", 4, &diag);
    oq_writer_abort(writer);
    holds(in_tmp("out"), "new text", "after abort all is as before");
    is_int(n_entries(), before, "and nothing is left");
    oq_writer_abort(NULL);
}

static void attributes_of_the_target_stay(void)
{
    oq_writer *writer = NULL;
    oq_diag diag = {0};
    struct stat st;

    stat(in_tmp("out"), &st);
    is_int(st.st_mode & 0777, 0640, "the mode of a replaced file stays");
    if (symlink("out", in_tmp("alias")))
        tap_bail("cannot make a link");
    oq_writer_open(in_tmp("alias"), &writer, &diag);
    oq_writer_write(writer, "via link", 8, &diag);
    is_int(oq_writer_commit(writer, &diag), OQ_OK, "writing through a link works");
    lstat(in_tmp("alias"), &st);
    ok(S_ISLNK(st.st_mode), "and leaves the link a link");
    holds(in_tmp("out"), "via link", "its target has the text");
    is_int(oq_writer_open(tap_tmpdir(), &writer, &diag), OQ_IO, "a folder is no target");
    is_int(oq_writer_open("/dev/null", &writer, &diag), OQ_IO, "a device is no target");
    is_int(oq_writer_open(in_tmp("no/folder/x"), &writer, &diag), OQ_IO, "nor is a folder that is not there");
    is_int(oq_writer_open("", &writer, &diag), OQ_ARG, "nor an empty name");
}

static void big_writes_pass_through(void)
{
    size_t n = (size_t)3 << 20;
    char *data = malloc(n);
    oq_writer *writer = NULL;
    oq_file file = {0};
    oq_diag diag = {0};

    if (!data)
        tap_bail("out of memory");
    for (size_t i = 0; i < n; i++)
        data[i] = (char)(i * 7 >> 3);
    for (int packed = 0; packed < 2; packed++) {
        const char *path = in_tmp(packed ? "big.bin.gz" : "big.bin");

        oq_writer_open(path, &writer, &diag);
        oq_writer_write(writer, data, 10, &diag);
        oq_writer_write(writer, data + 10, n - 20, &diag);
        oq_writer_write(writer, data + n - 10, 10, &diag);
        is_int(oq_writer_commit(writer, &diag), OQ_OK, "big and small writes mix");
        is_int(oq_file_read(path, 0, &file, &diag), OQ_OK, "the file is read back");
        ok(file.size == n && memcmp(file.data, data, n) == 0, "byte for byte");
        oq_file_close(&file);
    }
    free(data);
}

static void unfinished_files_can_be_removed(void)
{
    oq_writer *writers[3] = {NULL};
    oq_diag diag = {0};
    int before = n_entries();

    for (int i = 0; i < 3; i++)
        oq_writer_open(in_tmp((const char *[]){"u0", "u1", "u2"}[i]), &writers[i], &diag);
    is_int(n_entries(), before + 3, "three writers, three temporary files");
    oq_writer_unlink_all();
    is_int(n_entries(), before, "unlink_all removes them");
    is_int(oq_writer_commit(writers[0], &diag), OQ_IO, "then commit fails");
    for (int i = 1; i < 3; i++)
        oq_writer_abort(writers[i]);
    is_int(n_entries(), before, "and nothing appears");
}

int main(void)
{
    plain_files_are_mapped();
    gzip_is_expanded();
    output_appears_by_rename();
    attributes_of_the_target_stay();
    big_writes_pass_through();
    unfinished_files_can_be_removed();
    return tap_done();
}
