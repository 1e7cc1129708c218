/* opt: from a text to a field of the settings, by the row's kind. */
#include "cli/opt.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_THREADS 1024
#define LONGEST_WORD 64

bool opt_list_add(cli_list *list, const char *text)
{
    const char **items = realloc((void *)list->items, (list->n + 1) * sizeof *items);

    if (!items)
        return false;
    list->items = items;
    list->items[list->n++] = text;
    return true;
}

/* ---- words */

/* Word i of "a|b|c" as text; NULL behind the last. */
static const char *word_at(const void *arg, size_t i)
{
    static _Thread_local char word[LONGEST_WORD];
    const char *p = arg;
    size_t n;

    while (i > 0 && p) {
        p = strchr(p, '|');
        p = p ? p + 1 : NULL;
        i--;
    }
    if (!p)
        return NULL;
    n = strcspn(p, "|");
    snprintf(word, sizeof word, "%.*s", (int)n, p);
    return word;
}

static bool is_word_of(const char *words, const char *text)
{
    const char *word;

    for (size_t i = 0; (word = word_at(words, i)); i++) {
        if (strcmp(word, text) == 0)
            return true;
    }
    return false;
}

static bool refuse_word(const char *words, char *why, size_t why_size)
{
    size_t used = (size_t)snprintf(why, why_size, "it can be");
    const char *word;

    for (size_t i = 0; (word = word_at(words, i)) && used < why_size; i++)
        used += (size_t)snprintf(why + used, why_size - used, "%s %s", i ? "," : "", word);
    return false;
}

/* How many letters must be changed, added or dropped to make b of a. */
static size_t distance(const char *a, const char *b)
{
    size_t row[LONGEST_WORD + 1], n = strlen(b);

    if (n > LONGEST_WORD)
        return LONGEST_WORD;
    for (size_t k = 0; k <= n; k++)
        row[k] = k;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t k = 1; k <= n; k++) {
            size_t above = row[k], best = diagonal + (a[i] != b[k - 1]);

            best = above + 1 < best ? above + 1 : best;
            row[k] = row[k - 1] + 1 < best ? row[k - 1] + 1 : best;
            diagonal = above;
        }
    }
    return row[n];
}

const char *opt_nearest(const char *text, const char *(*next)(const void *arg, size_t i), const void *arg)
{
    size_t best = strlen(text) / 3 + 2, where = 0; /* a word half of which is wrong is another word */
    bool found = false;
    const char *word;

    for (size_t i = 0; (word = next(arg, i)); i++) {
        size_t d = distance(text, word);

        if (d < best) {
            best = d;
            where = i;
            found = true;
        }
    }
    return found ? next(arg, where) : NULL;
}

/* ---- numbers */

static bool set_number(int64_t *out, const char *text, char *why, size_t why_size)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < 0) {
        snprintf(why, why_size, "it must be a whole number, 0 or more");
        return false;
    }
    *out = value;
    return true;
}

static bool set_threads(int64_t *out, const char *text, char *why, size_t why_size)
{
    int64_t n;

    if (!set_number(&n, text, why, why_size))
        return false;
    if (n > MOST_THREADS) {
        snprintf(why, why_size, "at most %d", MOST_THREADS);
        return false;
    }
    *out = n;
    return true;
}

static bool set_real(double *out, const char *text, char *why, size_t why_size)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !isfinite(value)) {
        snprintf(why, why_size, "it must be a number");
        return false;
    }
    *out = value;
    return true;
}

static bool set_reals(float out[3], const char *text, char *why, size_t why_size)
{
    float values[3];
    int n = 0;
    char *end = NULL;

    for (const char *p = text; n < 3; p = end + 1) {
        values[n++] = strtof(p, &end);
        if (end == p || !isfinite(values[n - 1]) || *end != ',')
            break;
    }
    if (!end || *end || end == text || end[-1] == ',' || n == 2 || !isfinite(values[n - 1])) {
        snprintf(why, why_size, "it must be one number, or three with commas between");
        return false;
    }
    for (int i = 0; i < 3; i++)
        out[i] = values[n == 3 ? i : 0];
    return true;
}

static bool set_size(int out[2], const char *text, char *why, size_t why_size)
{
    char *end;
    long width = strtol(text, &end, 10), height = width;
    bool is_number = end != text;

    if (is_number && *end == 'x') {
        const char *second = end + 1;

        height = strtol(second, &end, 10);
        is_number = end != second;
    }
    if (!is_number || *end || width < 1 || height < 1 || width > 65535 || height > 65535) {
        snprintf(why, why_size, "it must be WIDTHxHEIGHT in pixels, or one number for both");
        return false;
    }
    out[0] = (int)width;
    out[1] = (int)height;
    return true;
}

/* ---- two meanings */

static bool set_color(const opt_row *row, const char *text, cli_settings *s, char *why, size_t why_size)
{
    bool has_pictures = !is_word_of(row->argument, "auto");

    if (is_word_of("auto|never", text))
        s->terminal_color = text;
    else if (has_pictures && is_word_of(row->argument, text))
        s->image_color = text;
    else
        return refuse_word(has_pictures ? "auto|never|rgb|bgr|gray" : row->argument, why, why_size);
    return true;
}

static bool set_input(const char *text, cli_settings *s, char *why, size_t why_size)
{
    if (strchr(text, '=') && access(text, F_OK) != 0)
        return opt_list_add(&s->inputs, text);
    if (s->calib) {
        snprintf(why, why_size, "the data are already given by %s", s->calib);
        return false;
    }
    s->calib = text;
    return true;
}

bool opt_set(const opt_row *row, const char *text, cli_settings *s, char *why, size_t why_size)
{
    void *field = (char *)s + row->field;

    why[0] = '\0';
    switch (row->kind) {
    case OPT_FLAG: *(int *)field = 1; return true;
    case OPT_TEXT: *(const char **)field = text; return true;
    case OPT_LIST: return opt_list_add(field, text);
    case OPT_NUMBER: return set_number(field, text, why, why_size);
    case OPT_THREADS: return set_threads(field, text, why, why_size);
    case OPT_REAL: return set_real(field, text, why, why_size);
    case OPT_REALS: return set_reals(field, text, why, why_size);
    case OPT_SIZE: return set_size(field, text, why, why_size);
    case OPT_COLOR: return set_color(row, text, s, why, why_size);
    case OPT_INPUT: return set_input(text, s, why, why_size);
    case OPT_WORD:
        if (!is_word_of(row->argument, text))
            return refuse_word(row->argument, why, why_size);
        *(const char **)field = text;
        return true;
    }
    return false;
}

const opt_row *opt_find(const opt_row *const *tables, const char *name)
{
    for (; *tables; tables++) {
        for (const opt_row *row = *tables; row->name; row++) {
            if (strcmp(row->name, name) == 0)
                return row;
        }
    }
    return NULL;
}
