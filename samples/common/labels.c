/*
 * labels.c - see labels.h.
 */
#include "labels.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "lines.h"

enum { SHOWN = 40 }; /* bytes of a wrong line */

static bool take_integer(const char **at, int64_t *number)
{
  char *end;
  while (**at == ' ' || **at == '\t') ++*at;
  const char *digits = **at == '-' ? *at + 1 : *at;
  if (!isdigit((unsigned char)*digits)) return false;
  errno = 0;
  *number = strtoll(*at, &end, 10);
  if (errno != 0) return false;
  for (*at = end; **at == ' ' || **at == '\t';) ++*at;
  return true;
}

static clreid_status parse(const lines *file, clreid_label *label, clreid_error *error)
{
  const char *at = file->text;
  if (take_integer(&at, &label->person) && *at++ == ',' && take_integer(&at, &label->camera) && *at == '\0') {
    return CLREID_OK;
  }
  return console_fail(error, CLREID_INVALID_FILE,
                      "'%s', line %" PRIu64 ": '%.*s%s' is no label: needed are two integers, pid,camid", file->path,
                      file->number, SHOWN, file->text, strlen(file->text) > SHOWN ? "..." : "");
}

static clreid_status check_header(lines *file, clreid_error *error)
{
  int end = 0;
  const clreid_status status = lines_next(file, &end, error);
  if (status != CLREID_OK || (!end && strcmp(file->text, "pid,camid") == 0)) return status;
  return console_fail(error, CLREID_INVALID_FILE, "'%s', line 1: '%.*s%s' is not the header that is needed: pid,camid",
                      file->path, SHOWN, file->text, strlen(file->text) > SHOWN ? "..." : "");
}

/* All lines are read, so that a wrong number of them can be told. */
static clreid_status read_all(lines *file, const char *features, uint64_t count, clreid_label *labels,
                              clreid_error *error)
{
  uint64_t found = 0;
  clreid_status status = check_header(file, error);
  for (int end = 0; status == CLREID_OK; ++found) {
    clreid_label label;
    status = lines_next(file, &end, error);
    if (status != CLREID_OK || end) break;
    status = parse(file, &label, error);
    if (status == CLREID_OK && found < count) labels[found] = label;
  }
  if (status != CLREID_OK || found == count) return status;
  return console_fail(error, CLREID_INVALID_FILE,
                      "'%s' has %" PRIu64 " labels, but '%s' has %" PRIu64 " features: needed is a label a row",
                      file->path, found, features, count);
}

clreid_status labels_read(const char *path, const char *features, uint64_t count, clreid_label *labels,
                          clreid_error *error)
{
  lines file;
  clreid_status status = lines_open(path, &file, error);
  if (status == CLREID_OK) status = read_all(&file, features, count, labels, error);
  lines_close(&file);
  return status;
}
