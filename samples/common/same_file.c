/*
 * same_file.c - see same_file.h. POSIX: device and number.
 */
#include "same_file.h"

#include <sys/stat.h>

bool same_file(const char *one, const char *other)
{
  struct stat first, second;
  if (stat(one, &first) != 0 || stat(other, &second) != 0) return false;
  return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}
