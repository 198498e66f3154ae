/*
 * report.h - every error and every log line of the library passes through here.
 *
 * Owns the formatting of error texts; knows nothing of OpenCL or of networks.
 */
#ifndef CR_REPORT_H
#define CR_REPORT_H

#include <stdarg.h>

#include "clreid/clreid_status.h"

/* MinGW's compiler means Windows' own printf by the word, but the library calls the one that knows %zu. */
#ifdef __MINGW32__
#define CR_FORMAT(format_index, first_index) __attribute__((format(gnu_printf, format_index, first_index)))
#else
#define CR_FORMAT(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#endif

typedef struct cr_log {
  void (*line)(void *user, const char *line); /* NULL: silent */
  void *user;
} cr_log;

/* Fills *error (may be NULL) and returns status, so that a failing function ends with `return cr_fail(...)`. The text
 * is one line: what, with both numbers, and what to do; a control character in what it quotes becomes '?'. */
clreid_status cr_fail(clreid_error *error, clreid_status status, const char *format, ...) CR_FORMAT(3, 4);

#ifdef __clang_analyzer__ /* it sees one file at a time, and not that a failure is never CLREID_OK */
#define cr_fail(error, code, ...) (cr_fail(error, code, __VA_ARGS__), (code))
#endif

clreid_status cr_fail_list(clreid_error *error, clreid_status status, const char *format, va_list list) CR_FORMAT(3, 0);

/* A text of several lines (a compiler's) becomes several calls. */
void cr_say(const cr_log *log, const char *format, ...) CR_FORMAT(2, 3);

/* Goes on only if the call succeeded; the callee has filled the error. */
#define CR_TRY(call)                                                                                                   \
  do {                                                                                                                 \
    clreid_status cr_try_status = (call);                                                                              \
    if (cr_try_status != CLREID_OK) return cr_try_status;                                                              \
  } while (0)

#endif
