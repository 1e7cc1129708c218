/* node: the ONNX backend tests, those of the Python package (scripts/node_tests.py writes them) and those of
 * Debian's libonnx-testdata, against the recorded list expected.txt.
 *
 *     node.t                run all, compare with the list
 *     node.t PART ...       run the tests whose name contains PART, compare with nothing
 *     node.t --update       run all, rewrite the list
 *
 * Tests run in a child process: a crash or a hang is that test's failure and nobody else's.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/case.h"
#include "base/arena.h"
#include "base/map.h"
#include "tap/tap.h"

#define DEBIAN_DATA  "/usr/share/libonnx-testdata/data"
#define TEST_SECONDS 20

typedef struct entry {
    char *name; /* SOURCE/KIND/TEST */
    char *folder;
    case_result result;
    char *reason;
} entry;

typedef struct list {
    entry *entries;
    size_t n, capacity;
    oq_arena *arena; /* every name, path and reason */
} list;

static void *checked(void *p)
{
    if (!p)
        tap_bail("out of memory");
    return p;
}

static char *join(oq_arena *arena, const char *a, const char *b)
{
    return checked(oq_arena_printf(arena, "%s/%s", a, b));
}

/* ---- which tests there are */

static void add(list *l, const char *kind, const char *folder, const char *test)
{
    char *path = join(l->arena, folder, test);

    if (access(join(l->arena, path, "model.onnx"), R_OK) != 0)
        return;
    if (l->n == l->capacity) {
        l->capacity = l->capacity ? 2 * l->capacity : 1024;
        l->entries = checked(realloc(l->entries, l->capacity * sizeof *l->entries));
    }
    l->entries[l->n++] = (entry){.name = join(l->arena, kind, test), .folder = path};
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

static void collect(list *l, const char *source, const char *root)
{
    static const char *const kinds[] = {"node", "simple", "pytorch-converted", "pytorch-operator"};

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        char *folder = join(l->arena, root, kinds[k]), *kind = join(l->arena, source, kinds[k]);
        DIR *dir = opendir(folder);

        for (struct dirent *d = dir ? readdir(dir) : NULL; d; d = readdir(dir)) {
            if (d->d_name[0] != '.')
                add(l, kind, folder, d->d_name);
        }
        if (dir)
            closedir(dir);
    }
    qsort(l->entries, l->n, sizeof *l->entries, by_name);
}

/* Let the script write the package's tests. NULL: there is no such package. */
static char *materialise(oq_arena *arena)
{
    const char *build = getenv("builddir"), *set = getenv("PYTHON"), *python = set ? set : "python3";
    char *out = join(arena, build ? build : ".", "tests/backend/cases");
    int status;
    pid_t child = fork();

    if (child == 0) {
        execlp(python, python, tap_source("scripts/node_tests.py"), out, (char *)NULL);
        _exit(77);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        tap_bail("cannot start Python");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return out;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 77)
        tap_bail("scripts/node_tests.py failed");
    return NULL;
}

/* ---- running them */

static void run_from(const list *l, size_t first, FILE *pipe)
{
    for (size_t i = first; i < l->n; i++) {
        char reason[400];
        case_result result;

        alarm(TEST_SECONDS);
        result = run_case(l->entries[i].folder, reason, sizeof reason);
        fprintf(pipe, "%zu %d %s\n", i, (int)result, reason);
        fflush(pipe);
    }
}

/* Results of one child into the list; returns the index it did not finish, or n. */
static size_t read_results(list *l, size_t first, FILE *pipe)
{
    char line[512];
    size_t next = first;

    while (fgets(line, sizeof line, pipe)) {
        size_t index;
        int result, at = 0;

        if (sscanf(line, "%zu %d %n", &index, &result, &at) < 2 || index != next || index >= l->n)
            continue; /* something a test printed */
        line[strcspn(line, "\n")] = '\0';
        l->entries[index].result = (case_result)result;
        l->entries[index].reason = checked(oq_arena_strdup(l->arena, line + at));
        next = index + 1;
    }
    return next;
}

static void run_all(list *l)
{
    for (size_t next = 0; next < l->n;) {
        int ends[2], status = 0;
        char text[80];
        pid_t child;

        fflush(NULL);
        if (pipe(ends) != 0 || (child = fork()) < 0)
            tap_bail("cannot start a child process");
        if (child == 0) {
            close(ends[0]);
            run_from(l, next, fdopen(ends[1], "w"));
            _exit(0);
        }
        close(ends[1]);
        FILE *results = fdopen(ends[0], "r");
        next = read_results(l, next, results);
        fclose(results);
        waitpid(child, &status, 0);
        if (next < l->n) {
            if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
                snprintf(text, sizeof text, "takes longer than %d seconds", TEST_SECONDS);
            else if (WIFSIGNALED(status))
                snprintf(text, sizeof text, "crashes: %s", strsignal(WTERMSIG(status)));
            else
                snprintf(text, sizeof text, "ends the process with status %d", WEXITSTATUS(status));
            l->entries[next].result = CASE_FAIL;
            l->entries[next++].reason = checked(oq_arena_strdup(l->arena, text));
        }
    }
}

/* ---- the recorded list */

static const char *const result_names[] = {[CASE_PASS] = "pass", [CASE_SKIP] = "skip", [CASE_FAIL] = "fail"};

static void write_expected(const list *l, const char *path)
{
    FILE *out = fopen(path, "w");

    if (!out)
        tap_bail("cannot write %s", path);
    for (size_t i = 0; i < l->n; i++)
        fprintf(out, "%s %s\n", l->entries[i].name, result_names[l->entries[i].result]);
    if (fclose(out) != 0)
        tap_bail("cannot write %s", path);
}

/* Names and results into map; number of tests per source that is there. */
static size_t read_expected(const char *path, const char *const *sources, oq_arena *arena, oq_map *map)
{
    FILE *in = fopen(path, "r");
    char name[300], result[8];
    size_t n = 0;

    if (!in)
        tap_bail("cannot read %s", path);
    while (fscanf(in, "%299s %7s", name, result) == 2) {
        bool is_there = false;

        for (int s = 0; sources[s]; s++)
            is_there |= strncmp(name, sources[s], strlen(sources[s])) == 0;
        if (is_there &&
            !oq_map_put(map, checked(oq_arena_strdup(arena, name)), checked(oq_arena_strdup(arena, result))))
            tap_bail("out of memory");
        n += is_there;
    }
    fclose(in);
    return n;
}

static void report(const entry *e, int number, const char *expected, int *n_bad)
{
    bool is_bad = false;

    if (!expected) /* another version of the package: told, not judged */
        printf("ok %d - %s # SKIP not on the list; result: %s %s\n", number, e->name, result_names[e->result],
               e->reason);
    else if (e->result == CASE_PASS)
        printf("ok %d - %s%s\n", number, e->name, strcmp(expected, "pass") ? " (now; run --update)" : "");
    else if (strcmp(expected, "fail") == 0)
        printf("not ok %d - %s # TODO %s\n", number, e->name, e->reason);
    else if (strcmp(expected, "pass") == 0 || e->result == CASE_FAIL)
        is_bad = true;
    else
        printf("ok %d - %s # SKIP %s\n", number, e->name, e->reason);
    if (is_bad)
        printf("not ok %d - %s\n#   %s: %s\n", number, e->name, result_names[e->result], e->reason);
    *n_bad += is_bad;
}

static int compare_with_list(const list *l, const char *path, const char *const *sources)
{
    oq_map expected = {0};
    size_t n_expected = read_expected(path, sources, l->arena, &expected);
    int n_bad = 0;

    printf("1..%zu\n", l->n);
    if (l->n < n_expected)
        tap_bail("only %zu of the %zu recorded tests are there", l->n, n_expected);
    for (size_t i = 0; i < l->n; i++)
        report(&l->entries[i], (int)i + 1, oq_map_get(&expected, l->entries[i].name), &n_bad);
    oq_map_free(&expected);
    return n_bad != 0;
}

/* ---- main */

static void keep_matching(list *l, char **parts, int n_parts)
{
    size_t kept = 0;

    for (size_t i = 0; i < l->n; i++) {
        bool matches = false;

        for (int p = 0; p < n_parts; p++)
            matches |= strstr(l->entries[i].name, parts[p]) != NULL;
        if (matches)
            l->entries[kept++] = l->entries[i];
    }
    l->n = kept;
}

static int show(const list *l)
{
    size_t counts[3] = {0};

    for (size_t i = 0; i < l->n; i++) {
        const entry *e = &l->entries[i];

        printf("%s %s %s\n", result_names[e->result], e->name, e->reason);
        counts[e->result]++;
    }
    printf("%zu passed, %zu failed, %zu skipped\n", counts[CASE_PASS], counts[CASE_FAIL], counts[CASE_SKIP]);
    return counts[CASE_FAIL] != 0;
}

int main(int argc, char **argv)
{
    const char *sources[3] = {NULL}, *path = tap_source("tests/backend/expected.txt");
    list l = {.arena = checked(oq_arena_new(0))};
    char *package = materialise(l.arena);
    int n_sources = 0, status;
    bool is_update = argc > 1 && strcmp(argv[1], "--update") == 0;

    if (package) {
        collect(&l, "package", package);
        sources[n_sources++] = "package/";
    }
    if (access(DEBIAN_DATA, R_OK) == 0) {
        collect(&l, "debian", DEBIAN_DATA);
        sources[n_sources++] = "debian/";
    }
    if (!n_sources)
        tap_skip_all("neither the Python package onnx nor libonnx-testdata is installed");
    if (argc > 1 && !is_update)
        keep_matching(&l, argv + 1, argc - 1);
    run_all(&l);
    if (is_update)
        write_expected(&l, path);
    status = argc > 1 ? show(&l) : compare_with_list(&l, path, sources);
    free(l.entries);
    oq_arena_free(l.arena);
    return status;
}
