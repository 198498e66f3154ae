/*
 * report.c - see report.h.
 */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>

clreid_status cr_fail(clreid_error *error, clreid_status status, const char *format, ...)
{
  if (error) {
    va_list list;
    va_start(list, format);
    error->status = status;
    vsnprintf(error->text, sizeof error->text, format, list);
    va_end(list);
  }
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
  log->line(log->user, text);
}
