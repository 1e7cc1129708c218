/* opt: options as rows of const tables. */
#ifndef OQ_CLI_OPT_H
#define OQ_CLI_OPT_H

#include <stddef.h>

#include "cli/cli.h"

typedef enum opt_kind {
    OPT_FLAG,    /* no argument; int field becomes 1 */
    OPT_TEXT,    /* const char * */
    OPT_WORD,    /* const char *, one of the words that `argument` lists: "a|b|c" */
    OPT_LIST,    /* cli_list, may be repeated */
    OPT_NUMBER,  /* int64_t, not negative */
    OPT_THREADS, /* the same, at most 1024 */
    OPT_REAL,    /* double, finite */
    OPT_REALS,   /* float[3]: one number for all, or three with commas */
    OPT_SIZE,    /* int[2]: "WxH" or one number for both */
    OPT_COLOR,   /* auto|never of the terminal, rgb|bgr|gray of pictures: the field by the word */
    OPT_INPUT    /* `run`: DATA, or INPUT=ARRAY when no file has that name */
} opt_kind;

typedef struct opt_row {
    const char *name;     /* long name without dashes; NULL ends a table */
    char letter;          /* short name, 0: none */
    const char *argument; /* as help shows it; NULL: no argument */
    opt_kind kind;
    size_t field;      /* offset in cli_settings */
    const char *help;  /* one line */
    const char *group; /* heading in help */
} opt_row;

/* The tables. */
extern const opt_row opt_common[], opt_color[], opt_calib[], opt_data[], opt_convert[], opt_run[],
    opt_report[], opt_table[];

/* Set the field of row from text (NULL for flags). On failure why receives what is wrong, without the name of
 * the option. */
bool opt_set(const opt_row *row, const char *text, cli_settings *s, char *why, size_t why_size);
bool opt_list_add(cli_list *list, const char *text);
/* The row called name in tables (NULL at the end), or NULL. */
const opt_row *opt_find(const opt_row *const *tables, const char *name);
/* The known word nearest to text, NULL when none is near. next(arg, i) gives word i, NULL behind the last. */
const char *opt_nearest(const char *text, const char *(*next)(const void *arg, size_t i), const void *arg);

/* config.c: apply a JSON object {"option-name": value, ...}. Returns an exit code. */
int opt_read_config(const char *path, const opt_row *const *tables, cli_settings *s);
void opt_free_config(cli_settings *s);

#endif
