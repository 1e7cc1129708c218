#include "config.h"

#include "data/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_ENTRIES (size_t)1000000

bool oq_has_extension(const char *name, const char *extension)
{
    size_t n = strlen(name), m = strlen(extension);

    return n > m && strcasecmp(name + n - m, extension) == 0;
}

long oq_name_number(const char *name, const char *prefix, const char *suffix)
{
    size_t n = strlen(prefix);
    const char *digits = name + n;
    long number = 0;

    if (strncmp(name, prefix, n) != 0)
        return -1;
    for (name = digits; *name >= '0' && *name <= '9'; name++) {
        if (name - digits >= 9)
            return -1;
        number = number * 10 + (*name - '0');
    }
    return name > digits && strcmp(name, suffix) == 0 ? number : -1;
}

bool oq_is_image_name(const char *name)
{
    return oq_has_extension(name, ".jpg") || oq_has_extension(name, ".jpeg") ||
           oq_has_extension(name, ".png");
}

bool oq_is_array_name(const char *name)
{
    return oq_has_extension(name, ".npz") || oq_has_extension(name, ".npy") || oq_has_extension(name, ".pb");
}

bool oq_is_set_name(const char *name)
{
    return oq_name_number(name, "test_data_set_", "") >= 0;
}

bool oq_is_input_name(const char *name)
{
    return oq_name_number(name, "input_", ".pb") >= 0;
}

static bool is_any_sample(const char *name)
{
    return oq_is_image_name(name) || oq_is_array_name(name) || oq_is_set_name(name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

typedef struct name_list {
    const char **names; /* heap while it grows */
    size_t n, capacity;
} name_list;

static bool add_name(name_list *list, const char *name)
{
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 64;
        const char **grown = realloc(list->names, capacity * sizeof *grown);

        if (!grown)
            return false;
        list->names = grown;
        list->capacity = capacity;
    }
    list->names[list->n++] = name;
    return name != NULL;
}

static oq_status read_names(DIR *dir, oq_folder_keep *keep, oq_arena *arena, name_list *list, oq_diag *diag)
{
    const struct dirent *entry;

    errno = 0;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.' || !keep(entry->d_name))
            continue;
        if (list->n == MAX_ENTRIES)
            OQ_FAIL(diag, OQ_LIMIT, "more than %zu samples; give a smaller folder", MAX_ENTRIES);
        if (!add_name(list, oq_arena_strdup(arena, entry->d_name)))
            OQ_FAIL(diag, OQ_NOMEM, "no memory for its list of files");
    }
    if (errno)
        OQ_FAIL(diag, OQ_IO, "cannot list: %s", strerror(errno));
    return OQ_OK;
}

oq_status oq_folder_list(const char *path, oq_folder_keep *keep, oq_arena *arena, const char ***names,
                         size_t *n, oq_diag *diag)
{
    name_list list = {0};
    DIR *dir = opendir(path);
    oq_status status;

    if (!dir)
        OQ_FAIL(diag, OQ_IO, "cannot list: %s", strerror(errno));
    status = read_names(dir, keep, arena, &list, diag);
    closedir(dir);
    if (status == OQ_OK) {
        if (list.n)
            qsort(list.names, list.n, sizeof *list.names, by_name);
        *n = list.n;
        *names = oq_arena_copy(arena, list.names, list.n * sizeof *list.names);
        if (!*names)
            status = oq_diag_set(diag, OQ_NOMEM, __FILE__, __LINE__, "no memory for its list of files");
    }
    free(list.names);
    return status;
}

static size_t count(const char *const *names, size_t n, oq_folder_keep *keep)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += keep(names[i]);
    return found;
}

static oq_status tell_form(const char *const *names, size_t n, const oq_source **out, oq_diag *diag)
{
    size_t images = count(names, n, oq_is_image_name), arrays = count(names, n, oq_is_array_name);
    size_t sets = count(names, n, oq_is_set_name);

    if (!n)
        OQ_FAIL(diag, OQ_ARG, "no .npz, .npy, .pb, .jpg or .png files and no test_data_set folders in it");
    if ((images != 0) + (arrays != 0) + (sets != 0) > 1)
        OQ_FAIL(diag, OQ_ARG,
                "holds %zu images, %zu arrays and %zu test_data_set folders; give a folder of one kind",
                images, arrays, sets);
    if (sets || count(names, n, oq_is_input_name))
        *out = &oq_source_folders;
    else
        *out = images ? &oq_source_images : &oq_source_files;
    return OQ_OK;
}

oq_status oq_folder_form(const char *path, const oq_source **out, oq_diag *diag)
{
    oq_arena *arena = oq_arena_new(0);
    const char **names = NULL;
    size_t n = 0;
    oq_status status;

    if (!arena)
        OQ_FAIL(diag, OQ_NOMEM, "no memory for its list of files");
    status = oq_folder_list(path, is_any_sample, arena, &names, &n, diag);
    if (status == OQ_OK)
        status = tell_form(names, n, out, diag);
    oq_arena_free(arena);
    return status;
}
