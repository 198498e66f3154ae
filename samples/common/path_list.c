/*
 * path_list.c - see path_list.h.
 */
#include "path_list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "lines.h"

static clreid_status add(path_list *list, const lines *file, clreid_error *error)
{
  if (!file->text[0]) {
    return console_fail(error, CLREID_INVALID_FILE, "'%s', line %" PRIu64 ": it is empty, needed is a path", file->path,
                        file->number);
  }
  char *copy = strdup(file->text);
  if (!copy) return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for reading '%s'", file->path);
  list->paths[list->count++] = copy;
  return CLREID_OK;
}

/* All lines are read, so that a wrong number of them can be told. */
static clreid_status read_all(lines *file, const char *features, uint64_t count, path_list *list, clreid_error *error)
{
  uint64_t found = 0;
  clreid_status status = CLREID_OK;
  for (int end = 0; status == CLREID_OK; ++found) {
    status = lines_next(file, &end, error);
    if (status != CLREID_OK || end) break;
    if (found < count) status = add(list, file, error);
  }
  if (status != CLREID_OK || found == count) return status;
  return console_fail(error, CLREID_INVALID_FILE,
                      "'%s' names %" PRIu64 " pictures, but '%s' has %" PRIu64 " features: needed is a path a row",
                      file->path, found, features, count);
}

clreid_status path_list_read(const char *path, const char *features, uint64_t count, path_list *list,
                             clreid_error *error)
{
  lines file;
  *list = (path_list){.paths = calloc((size_t)count, sizeof *list->paths)};
  if (!list->paths) return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for reading '%s'", path);
  clreid_status status = lines_open(path, &file, error);
  if (status == CLREID_OK) status = read_all(&file, features, count, list, error);
  lines_close(&file);
  return status;
}

void path_list_free(path_list *list)
{
  for (size_t i = 0; i < list->count; ++i) free(list->paths[i]);
  free(list->paths);
  *list = (path_list){0};
}
