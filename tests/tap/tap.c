#include "tap/tap.h"

#include <ftw.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int n_run, n_failed, planned = -1;
static char tmp_dir[4096];

void tap_plan(int n)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    planned = n;
    printf("1..%d\n", n);
}

void tap_skip_all(const char *why)
{
    printf("1..0 # SKIP %s\n", why);
    exit(0);
}

int tap_done(void)
{
    if (planned < 0)
        printf("1..%d\n", n_run);
    else if (planned != n_run)
        printf("# planned %d checks, ran %d\n", planned, n_run);
    if (n_failed)
        printf("# %d of %d checks failed\n", n_failed, n_run);
    return n_failed || (planned >= 0 && planned != n_run);
}

static bool report(const char *file, int line, bool passed, const char *name)
{
    printf("%sok %d - %s\n", passed ? "" : "not ", ++n_run, name);
    if (!passed) {
        n_failed++;
        printf("#   at %s:%d\n", file, line);
    }
    return passed;
}

bool tap_ok(const char *file, int line, bool passed, const char *fmt, ...)
{
    char name[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(name, sizeof name, fmt, args);
    va_end(args);
    return report(file, line, passed, name);
}

bool tap_is_int(const char *file, int line, int64_t got, int64_t want, const char *name)
{
    if (report(file, line, got == want, name))
        return true;
    printf("#   got %lld, expected %lld\n", (long long)got, (long long)want);
    return false;
}

bool tap_is_str(const char *file, int line, const char *got, const char *want, const char *name)
{
    if (report(file, line, got && want ? strcmp(got, want) == 0 : got == want, name))
        return true;
    printf("#   got      %s\n#   expected %s\n", got ? got : "(null)", want ? want : "(null)");
    return false;
}

bool tap_is_float(const char *file, int line, double got, double want, double tolerance, const char *name)
{
    bool same = isnan(want) ? isnan(got) : (got == want || fabs(got - want) <= tolerance);

    if (report(file, line, same, name))
        return true;
    printf("#   got %.9g, expected %.9g within %g\n", got, want, tolerance);
    return false;
}

bool tap_is_mem(const char *file, int line, const void *got, const void *want, size_t size, const char *name)
{
    const unsigned char *a = got, *b = want;
    size_t i = 0;

    if (report(file, line, memcmp(a, b, size) == 0, name))
        return true;
    while (a[i] == b[i])
        i++;
    printf("#   first difference at byte %zu of %zu: got %02x, expected %02x\n", i, size, a[i], b[i]);
    return false;
}

void tap_skip(int n, const char *fmt, ...)
{
    char why[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    while (n-- > 0)
        printf("ok %d # SKIP %s\n", ++n_run, why);
}

void tap_diag(const char *fmt, ...)
{
    va_list args;

    fputs("# ", stdout);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
}

void tap_bail(const char *fmt, ...)
{
    va_list args;

    fputs("Bail out! ", stdout);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
    exit(255);
}

const char *tap_source(const char *relative)
{
    static char paths[4][4096];
    static int next;
    const char *root = getenv("srcdir");
    char *path = paths[next++ & 3];

    snprintf(path, sizeof paths[0], "%s/%s", root ? root : ".", relative);
    return path;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static void remove_tmpdir(void)
{
    nftw(tmp_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *tap_tmpdir(void)
{
    const char *root = getenv("TMPDIR");

    if (tmp_dir[0])
        return tmp_dir;
    snprintf(tmp_dir, sizeof tmp_dir, "%s/onnxq-test-XXXXXX", root ? root : "/tmp");
    if (!mkdtemp(tmp_dir))
        tap_bail("cannot make a temporary folder");
    atexit(remove_tmpdir);
    return tmp_dir;
}
