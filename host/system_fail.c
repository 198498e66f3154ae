/*
 * system_fail.c - see system_fail.h.
 */
#include "system_fail.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* Length of the folder part of path without its last slash: "a/b.npy" -> 1, "/b.npy" -> 1 (the root), "b.npy" -> 0. */
static size_t folder_length(const char *path)
{
  const char *slash = strrchr(path, '/');
  if (!slash) return 0;
  return slash == path ? 1 : (size_t)(slash - path);
}

clreid_status cr_fail_read(const char *path, int code, const char *reason, clreid_error *error)
{
  if (code == ENOENT || code == ENOTDIR)
    return cr_fail(error, CLREID_INVALID_FILE, "no such file: '%s'; check the path", path);
  if (code == EISDIR) return cr_fail(error, CLREID_INVALID_FILE, "'%s' is a folder; give a file", path);
  if (code == ESPIPE)
    return cr_fail(error, CLREID_INVALID_FILE, "'%s' is a device or a pipe; give a file, which can be mapped", path);
  return cr_fail(error, CLREID_INVALID_FILE, "cannot read '%s': %s", path, reason);
}

clreid_status cr_fail_write(const char *path, int code, const char *reason, uint64_t written, clreid_error *error)
{
  switch (code) {
  case ENOMEM:
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory left to write '%s'", path);
  case ENOSPC:
    return cr_fail(
        error, CLREID_INVALID_FILE,
        "the disk is full: '%s' has been given up after %llu bytes; free some space or choose another folder", path,
        (unsigned long long)written);
  case ENOENT:
  case ENOTDIR: {
    int length = (int)folder_length(path);
    return cr_fail(error, CLREID_INVALID_FILE, "cannot write '%s': there is no folder '%.*s'; make it first", path,
                   length ? length : 1, length ? path : ".");
  }
  case EISDIR:
    return cr_fail(error, CLREID_INVALID_FILE, "cannot write '%s': it is a folder; give the name of a file", path);
  default:
    return cr_fail(error, CLREID_INVALID_FILE, "cannot write '%s': %s", path, reason);
  }
}

clreid_status cr_fail_folder(const char *path, const char *reason, clreid_error *error)
{
  return cr_fail(error, CLREID_INVALID_FILE, "cannot make the folder '%s': %s", path, reason);
}
