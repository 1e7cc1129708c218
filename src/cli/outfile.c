/* outfile: outputs are checked before the work and appear by rename. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

/* A signal handler gets no argument: the name of the one file that is being written must be where it finds
 * it. */
static _Atomic(char *) unfinished;

void cli_remove_unfinished(void)
{
    char *name = atomic_exchange(&unfinished, NULL);

    if (name)
        unlink(name);
}

/* The folder of path; free() it. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

int cli_check_output(const cli_settings *s, const char *path)
{
    struct stat st;
    char *folder;
    int result = EXIT_DONE;

    if (!path || strcmp(path, "-") == 0)
        return EXIT_DONE;
    if (!*path)
        return cli_error(s, EXIT_USAGE, "the output file has an empty name");
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return cli_error(s, EXIT_OUTPUT, "%s: is a folder; give a file name", path);
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return cli_error(s, EXIT_OUTPUT, "%s: exists and is not a regular file; choose another output name",
                         path);
    folder = folder_of(path);
    if (!folder || access(folder, W_OK | X_OK) != 0)
        result = cli_error(s, EXIT_OUTPUT, "%s: cannot create a file there: %s", path, strerror(errno));
    free(folder);
    return result;
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat x, y;

    return strcmp(a, "-") != 0 && strcmp(b, "-") != 0 && stat(a, &x) == 0 && stat(b, &y) == 0 &&
           x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int cli_check_not_input(const cli_settings *s, const char *output, const char *const *inputs, size_t n)
{
    for (size_t i = 0; output && i < n; i++) {
        if (inputs[i] && is_same_file(output, inputs[i]))
            return cli_error(
                s, EXIT_USAGE,
                "%s: is an input of this command (%s) and would be overwritten; give another name", output,
                inputs[i]);
    }
    return EXIT_DONE;
}

static bool write_all(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, text, n);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        text += written;
        n -= (size_t)written;
    }
    return true;
}

/* The permissions that a file made by open() would have; mkstemp gives the owner's only. */
static mode_t usual_mode(void)
{
    mode_t mask = umask(0);

    umask(mask);
    return 0666 & ~mask;
}

static bool write_and_rename(char *temp, const char *path, const char *text)
{
    int fd = mkstemp(temp);
    bool ok;

    if (fd < 0)
        return false;
    atomic_store(&unfinished, temp);
    ok = write_all(fd, text, strlen(text)) &&
         (*text == '\0' || text[strlen(text) - 1] == '\n' || write_all(fd, "\n", 1));
    ok = ok && fchmod(fd, usual_mode()) == 0 && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    ok = ok && rename(temp, path) == 0;
    if (!ok) {
        int saved = errno;

        unlink(temp);
        errno = saved;
    }
    atomic_store(&unfinished, NULL);
    return ok;
}

int cli_write_text(const cli_settings *s, const char *path, const char *text)
{
    size_t size = strlen(path) + sizeof ".XXXXXX";
    char *temp;
    int result = EXIT_DONE;

    if (strcmp(path, "-") == 0)
        return cli_print(s, text);
    temp = malloc(size);
    if (!temp)
        return cli_error(s, EXIT_INTERNAL, "out of memory");
    snprintf(temp, size, "%s.XXXXXX", path);
    if (!write_and_rename(temp, path, text))
        result =
            cli_error(s, EXIT_OUTPUT, "%s: cannot write: %s; it is as it was before", path, strerror(errno));
    free(temp);
    return result;
}
