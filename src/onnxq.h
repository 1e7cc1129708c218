/* onnxq.h: the public interface of libonnxq.
 *
 * Turns a float ONNX model into a verified int8 one. Three ways to use it, from simple to fine-grained:
 *   1. oq_convert_file()                        one call: file in, file out, report
 *   2. oq_model_load, oq_convert, oq_model_save  the same in steps, with samples supplied by a callback
 *   3. oq_session_*                              run a model; oq_compare: two models side by side
 *
 * Rules. Every function that can fail returns an oq_status and takes an oq_diag (may be NULL) that receives
 * one line of text. Results come through the last pointer arguments and are written only on OQ_OK. What a
 * function creates, the matching _free function releases; everything else is borrowed. The library prints
 * nothing, never exits, installs no signal handlers and keeps no global state; objects may be used from one
 * thread at a time.
 */
#ifndef ONNXQ_H
#define ONNXQ_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define OQ_API __attribute__((visibility("default")))
#else
#define OQ_API
#endif

/* ---- status and diagnostics */

typedef enum oq_status {
    OQ_OK = 0,
    OQ_NOMEM,        /* memory, or a memory budget, is exhausted */
    OQ_IO,           /* a file cannot be opened, read or written */
    OQ_FORMAT,       /* a file is not what it should be */
    OQ_LIMIT,        /* too deep, too large, too many */
    OQ_UNSUPPORTED,  /* valid, but not possible here; the text names node, operator and reason */
    OQ_SHAPE,        /* shapes or types contradict each other */
    OQ_RANGE,        /* a value was never observed, or is not finite */
    OQ_ARG,          /* the caller's mistake */
    OQ_CANCELLED,    /* a callback asked to stop */
    OQ_BELOW_TARGET, /* verification ended below what was asked for */
    OQ_INTERNAL      /* our own fault: please report it */
} oq_status;

typedef struct oq_diag oq_diag;

OQ_API const char *oq_status_name(oq_status status); /* static text */
OQ_API oq_diag *oq_diag_new(void);                   /* NULL when out of memory */
OQ_API void oq_diag_free(oq_diag *diag);
OQ_API const char *
oq_diag_message(const oq_diag *diag); /* "" when nothing happened; valid until the next call with diag */
OQ_API const char *oq_diag_notes(const oq_diag *diag); /* context, "" if none */

OQ_API const char *oq_version(void); /* "0.1.0" */

#ifdef __cplusplus
}
#endif

#endif
