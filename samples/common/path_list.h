/*
 * path_list.h - text files that name a picture file a row of a feature file, one path a line.
 */
#ifndef PATH_LIST_H
#define PATH_LIST_H

#include <stddef.h>
#include <stdint.h>

#include <clreid/clreid_status.h>

typedef struct path_list {
  char **paths; /* [count] */
  size_t count;
} path_list;

/* Reads a list that must have `count` lines; `features` is the name of the feature file, for the error. Give it to
 * path_list_free, whatever comes back. */
clreid_status path_list_read(const char *path, const char *features, uint64_t count, path_list *list,
                             clreid_error *error);
void path_list_free(path_list *list);

#endif
