/*
 * support_folder.c - see folder.h.
 */
#include "folder.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

folder folder_make(void)
{
  folder f;
  const char *root = getenv("TMPDIR");
  snprintf(f.path, sizeof f.path, "%s/clreid-test-XXXXXX", root && *root ? root : "/tmp");
  if (!mkdtemp(f.path)) fail_msg("cannot make the folder %s", f.path);
  return f;
}

/* Calls visit for every entry, with its path. */
static size_t walk(const char *path, void (*visit)(const char *entry))
{
  DIR *list = opendir(path);
  size_t count = 0;
  for (struct dirent *entry; list && (entry = readdir(list));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char inside[1024];
    snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
    count++;
    if (visit) visit(inside);
  }
  if (list) closedir(list);
  return count;
}

static void remove_entry(const char *path)
{
  struct stat facts;
  if (lstat(path, &facts) == 0 && S_ISDIR(facts.st_mode)) walk(path, remove_entry);
  remove(path);
}

size_t folder_entries(const folder *f)
{
  return walk(f->path, NULL);
}

void folder_remove(const folder *f)
{
  remove_entry(f->path);
}

const char *folder_file(const folder *f, const char *name, char path[512])
{
  snprintf(path, 512, "%s/%s", f->path, name);
  return path;
}

void folder_write(const char *path, const void *bytes, size_t size)
{
  FILE *file = fopen(path, "wb");
  if (!file) fail_msg("cannot write %s", path);
  size_t written = fwrite(bytes, 1, size, file);
  if (fclose(file) != 0 || written != size) fail_msg("cannot write %zu bytes to %s", size, path);
}
