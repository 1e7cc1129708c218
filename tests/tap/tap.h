/* tap: a small library for tests that speak TAP. A failing check prints where, what it expected and what it
 * got. */
#ifndef OQ_TAP_H
#define OQ_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void tap_plan(int n);               /* announce n checks; or end with tap_done() */
void tap_skip_all(const char *why); /* "1..0 # SKIP why", then exit 0 */
int tap_done(void); /* prints the plan if none was; returns the exit status: use as main's return */
bool tap_ok(const char *file, int line, bool ok, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
bool tap_is_int(const char *file, int line, int64_t got, int64_t want, const char *name);
bool tap_is_str(const char *file, int line, const char *got, const char *want, const char *name);
bool tap_is_float(const char *file, int line, double got, double want, double tolerance, const char *name);
bool tap_is_mem(const char *file, int line, const void *got, const void *want, size_t size, const char *name);
void tap_skip(int n, const char *fmt, ...)
    __attribute__((format(printf, 2, 3))); /* n checks that cannot run, and why */
void tap_diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void tap_bail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Path of a file of the source tree: srcdir from the environment, else the current folder. Static buffer
 * of 4. */
const char *tap_source(const char *relative);
/* A fresh temporary folder that is removed at exit. */
const char *tap_tmpdir(void);

#define ok(cond, ...)           tap_ok(__FILE__, __LINE__, (cond), __VA_ARGS__)
#define is_int(got, want, name) tap_is_int(__FILE__, __LINE__, (int64_t)(got), (int64_t)(want), (name))
#define is_str(got, want, name) tap_is_str(__FILE__, __LINE__, (got), (want), (name))
#define is_float(got, want, tolerance, name) \
    tap_is_float(__FILE__, __LINE__, (got), (want), (tolerance), (name))
#define is_mem(got, want, size, name) tap_is_mem(__FILE__, __LINE__, (got), (want), (size), (name))

#endif
