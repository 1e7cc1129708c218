/* Mappings: of files, of the heap, of a file without a name; their pages come back after they were given
 * away. */
#include "config.h"

#include "data/mapping.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fixture.h"
#include "tap/tap.h"

static oq_diag diag;

static oq_status count_up(void *arg, unsigned char *bytes, size_t size, oq_diag *d)
{
    size_t *next = arg;

    (void)d;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(*next)++;
    return OQ_OK;
}

static oq_status fail(void *arg, unsigned char *bytes, size_t size, oq_diag *d)
{
    (void)arg;
    (void)bytes;
    (void)size;
    OQ_FAIL(d, OQ_FORMAT, "no more");
}

static size_t n_wrong(const oq_mapping *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->size; i++)
        n += m->data[i] != (unsigned char)i;
    return n;
}

static void maps_files(void)
{
    oq_mapping m;

    fixture_write(fixture_path("hello"), "hello", 5);
    is_int(oq_mapping_open(fixture_path("hello"), &m, &diag), OQ_OK, "a file is mapped");
    is_int(m.size, 5, "all of it");
    is_mem(m.data, "hello", 5, "its bytes");
    oq_mapping_close(&m);
    oq_mapping_close(&m);
    fixture_write(fixture_path("hello"), "", 0);
    is_int(oq_mapping_open(fixture_path("hello"), &m, &diag), OQ_OK, "an empty file is fine");
    is_int(m.size, 0, "and empty");
    oq_mapping_close(&m);
    is_int(oq_mapping_open(fixture_path("absent"), &m, &diag), OQ_IO, "an absent file is not");
    is_int(oq_mapping_open(tap_tmpdir(), &m, &diag), OQ_IO, "nor a folder");
    is_int(mkfifo(fixture_path("pipe"), 0600), 0, "a pipe nobody writes to");
    is_int(oq_mapping_open(fixture_path("pipe"), &m, &diag), OQ_IO, "does not hang");
}

static int n_entries(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;

    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n;
}

static void makes_memory(void)
{
    const size_t size = 1000000;
    size_t next = 0;
    int before = n_entries(tap_tmpdir());
    oq_mapping m;

    is_int(oq_mapping_make(1000, 1000, count_up, &next, &m, &diag), OQ_OK, "a little is made on the heap");
    ok(!m.is_mapped && n_wrong(&m) == 0, "as it was filled");
    oq_mapping_release(&m, 0, 1000);
    is_int(n_wrong(&m), 0, "and cannot be given away");
    oq_mapping_close(&m);
    next = 0;
    setenv("TMPDIR", tap_tmpdir(), 1);
    is_int(oq_mapping_make(size, 1000, count_up, &next, &m, &diag), OQ_OK, "much is made in a file");
    ok(m.is_mapped && n_wrong(&m) == 0, "as it was filled");
    is_int(n_entries(tap_tmpdir()), before, "that has no name");
    oq_mapping_release(&m, 5000, 900000);
    is_int(n_wrong(&m), 0, "pages come back after they were given away");
    oq_mapping_close(&m);
    is_int(oq_mapping_make(10, 1000, fail, NULL, &m, &diag), OQ_FORMAT, "a fault while filling is passed on");
    is_int(oq_mapping_make(10000, 1000, fail, NULL, &m, &diag), OQ_FORMAT, "from a file, too");
}

int main(void)
{
    maps_files();
    makes_memory();
    return tap_done();
}
