/*
 * lines.c - see lines.h.
 */
#include "lines.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "console.h"

clreid_status lines_open(const char *path, lines *file, clreid_error *error)
{
  *file = (lines){.path = path};
  struct stat facts;
  if (stat(path, &facts) == 0 && !S_ISREG(facts.st_mode)) { /* before fopen(), which would wait for a pipe's writer */
    return console_fail(error, CLREID_INVALID_FILE, "cannot read '%s': it is not a file", path);
  }
  file->file = fopen(path, "rb");
  if (!file->file) return console_fail(error, CLREID_INVALID_FILE, "cannot read '%s': %s", path, strerror(errno));
  return CLREID_OK;
}

static clreid_status fail_line(const lines *file, const char *reason, clreid_error *error)
{
  return console_fail(error, CLREID_INVALID_FILE, "'%s', line %" PRIu64 ": %s", file->path, file->number, reason);
}

/* Removes the mark of UTF-8 and the carriage return before the line's end. */
static void trim(lines *file, size_t length)
{
  if (length > 0 && file->text[length - 1] == '\r') file->text[--length] = '\0';
  if (file->number == 1 && strncmp(file->text, "\xef\xbb\xbf", 3) == 0) {
    memmove(file->text, file->text + 3, length - 3 + 1);
  }
}

clreid_status lines_next(lines *file, int *end, clreid_error *error)
{
  size_t length = 0;
  int c;
  ++file->number;
  while ((c = getc(file->file)) != EOF && c != '\n') {
    if (c == '\0') return fail_line(file, "a zero byte, this is no text", error);
    if (length > LINES_MOST_BYTES) return fail_line(file, "it is longer than 4096 bytes", error);
    file->text[length++] = (char)c;
  }
  if (ferror(file->file)) {
    return console_fail(error, CLREID_INVALID_FILE, "cannot read '%s': %s", file->path, strerror(errno));
  }
  *end = c == EOF && length == 0;
  file->text[length] = '\0';
  trim(file, length);
  return CLREID_OK;
}

void lines_close(lines *file)
{
  if (file->file) fclose(file->file);
  file->file = NULL;
}
