/*
 * console.h - what a program says: error lines and log lines on stderr, and errors kept until they are said.
 *
 * Owns the form of a line ("clreid: what ...", the program's name first); results go to stdout by printf and are none
 * of its business.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <clreid/clreid_status.h>

/* MinGW's compiler means Windows' own printf by the word, but the programs call the one that knows %zu. */
#ifdef __MINGW32__
#define CONSOLE_FORMAT(format_index, first_index) __attribute__((format(gnu_printf, format_index, first_index)))
#else
#define CONSOLE_FORMAT(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#endif

/* Prints one line, `clreid: ...`. Control characters, which a file name may hold, are shown as '?'. */
void console_complain(const char *format, ...) CONSOLE_FORMAT(1, 2);

/* Prints the error's line; returns PROGRAM_FAILED, so that a program ends with `return console_error(&error)`. */
int console_error(const clreid_error *error);

/* Fills *error and returns status, so that a failing function ends with `return console_fail(...)`. The text becomes
 * one line, as above; one that is too long for an error loses its middle, not its end: the reason stands there. */
clreid_status console_fail(clreid_error *error, clreid_status status, const char *format, ...) CONSOLE_FORMAT(3, 4);

#ifdef __clang_analyzer__ /* it sees one file at a time, and not that a failure is never CLREID_OK */
#define console_fail(error, code, ...) (console_fail(error, code, __VA_ARGS__), (code))
#endif

/* A clreid_log: prints a line of the library to stderr. */
void console_log(void *user, const char *line);

#endif
