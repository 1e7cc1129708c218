/* diag: status codes and the record of what went wrong.
 *
 * The record belongs to the caller; the library never prints. OQ_FAIL writes the message once, where the
 * fault was found; callers on the way out add context with oq_diag_note(), outermost last.
 */
#ifndef OQ_BASE_DIAG_H
#define OQ_BASE_DIAG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "onnxq.h" /* oq_status is public */

#define OQ_DIAG_TEXT 1024

struct oq_diag {
    oq_status status;           /* OQ_OK until the first OQ_FAIL */
    char message[OQ_DIAG_TEXT]; /* one line: what, and what to do */
    char notes[OQ_DIAG_TEXT];   /* context, innermost first, joined by "; " */
    char about[OQ_DIAG_TEXT];   /* file of the user's the fault is in, "" if none */
    bool is_output;             /* that file was being written */
    const char *file;           /* source position of the fault, for developers */
    int line;
};

#define OQ_TRY(expr)                       \
    do {                                   \
        oq_status oq_try_status_ = (expr); \
        if (oq_try_status_ != OQ_OK)       \
            return oq_try_status_;         \
    } while (0)

/* Return from the current function with a recorded fault. diag may be NULL. The status is returned as it
 * stands here, so that a compiler and an analyzer see that it is not OQ_OK. */
#define OQ_FAIL(diag, status, ...) \
    return (oq_diag_set((diag), (status), __FILE__, __LINE__, __VA_ARGS__), (status))

/* Record a fault and return its status (for functions with a common exit: status = oq_diag_set(...); goto
 * done). */
oq_status oq_diag_set(oq_diag *diag, oq_status status, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* Add context to a recorded fault; does nothing on OK or NULL. */
void oq_diag_note(oq_diag *diag, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Say which file of the user's a recorded fault is in; the first to say it, closest to the fault, wins. Does
 * nothing on OK or NULL. */
void oq_diag_about(oq_diag *diag, const char *path, bool is_output);
void oq_diag_clear(oq_diag *diag);

#endif
