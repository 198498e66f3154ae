/*
 * report.c - see report.h.
 */
#include "report.h"

#include <stdio.h>
#include <string.h>

#undef cr_fail /* the analyzer's */

/* Texts quote paths and metadata, where anything may stand: control characters would break the line, or a terminal. */
static void keep_one_line(char *text)
{
  for (; *text; text++)
    if ((unsigned char)*text < ' ' || *text == 127) *text = '?';
}

clreid_status cr_fail_list(clreid_error *error, clreid_status status, const char *format, va_list list)
{
  if (error) {
    error->status = status;
    vsnprintf(error->text, sizeof error->text, format, list);
    keep_one_line(error->text);
  }
  return status;
}

clreid_status cr_fail(clreid_error *error, clreid_status status, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  cr_fail_list(error, status, format, list);
  va_end(list);
  return status;
}

void cr_say(const cr_log *log, const char *format, ...)
{
  if (!log || !log->line) return;
  char text[CLREID_ERROR_TEXT_BYTES];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  for (char *line = text, *end; line; line = end) {
    end = strchr(line, '\n');
    if (end) *end++ = 0;
    keep_one_line(line);
    if (*line) log->line(log->user, line);
  }
}
