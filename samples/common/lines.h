/*
 * lines.h - text files read line by line: lists that people write or other programs make.
 *
 * Ends of lines may be those of any system; a mark at the start of the file that says UTF-8 is passed over. Refuses
 * what is no text: zero bytes, lines beyond the limit.
 */
#ifndef LINES_H
#define LINES_H

#include <stdint.h>
#include <stdio.h>

#include <clreid/clreid_status.h>

enum { LINES_MOST_BYTES = 4096 }; /* of a line */

typedef struct lines {
  const char *path; /* borrowed */
  FILE *file;
  uint64_t number; /* of the line at hand, from 1 */
  char text[LINES_MOST_BYTES + 2];
} lines;

/* On success give it to lines_close. */
clreid_status lines_open(const char *path, lines *file, clreid_error *error);
/* The next line is in text, without its end; *end: there was none left. */
clreid_status lines_next(lines *file, int *end, clreid_error *error);
void lines_close(lines *file);

#endif
