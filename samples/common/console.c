/*
 * console.c - see console.h.
 */
#include "console.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "program.h"
#include "progress.h"

#undef console_fail /* the analyzer's */

enum { LINE_BYTES = 8192 }; /* a path may have 4096 */

/* Texts quote files and their names, where anything may stand. */
static void keep_one_line(char *text)
{
  for (; *text; ++text) {
    if ((unsigned char)*text < ' ' || *text == 127) *text = '?';
  }
}

static void print_line(const char *prefix, char *text)
{
  keep_one_line(text);
  progress_clear();
  fprintf(stderr, "%s%s\n", prefix, text);
}

void console_complain(const char *format, ...)
{
  char text[LINE_BYTES];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  char prefix[80];
  snprintf(prefix, sizeof prefix, "%s: ", program_name);
  print_line(prefix, text);
}

int console_error(const clreid_error *error)
{
  console_complain("%s", error->text);
  return PROGRAM_FAILED;
}

clreid_status console_fail(clreid_error *error, clreid_status status, const char *format, ...)
{
  char text[LINE_BYTES];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  keep_one_line(text);
  error->status = status;
  const size_t length = strlen(text), room = sizeof error->text - 1;
  if (length <= room) {
    memcpy(error->text, text, length + 1);
  } else {
    const size_t front = room / 2, back = room - front - 3;
    memcpy(error->text, text, front);
    memcpy(error->text + front, "...", 3);
    memcpy(error->text + front + 3, text + length - back, back + 1);
  }
  return status;
}

void console_log(void *user, const char *line)
{
  (void)user;
  char text[LINE_BYTES];
  snprintf(text, sizeof text, "%s", line);
  char prefix[80];
  snprintf(prefix, sizeof prefix, "[%s] ", program_name);
  print_line(prefix, text);
}
