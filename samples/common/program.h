/*
 * program.h - what every program among the samples has: a name, and the exit codes that all of them keep.
 *
 * A failure (1) has printed one line that says what is wrong, wrong usage (2) likewise.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

enum { PROGRAM_DONE = 0, PROGRAM_FAILED = 1, PROGRAM_USAGE = 2 };

/* Stands before each line on stderr; each program defines its own. */
extern const char program_name[];

#endif
