/*
 * posix.c - see posix.h.
 */
#include <string.h>
#include <windows.h>

char *windows_realpath(const char *path)
{
  struct stat facts;
  return stat(path, &facts) == 0 ? strdup(path) : NULL;
}

int windows_rename(const char *from, const char *to)
{
  if (MoveFileExA(from, to, MOVEFILE_REPLACE_EXISTING)) return 0;
  errno = GetLastError() == ERROR_ACCESS_DENIED ? EACCES : EIO;
  return -1;
}

ssize_t windows_pread(int handle, void *to, size_t size, off_t at)
{
  const size_t largest = 1 << 30;
  if (lseek(handle, at, SEEK_SET) < 0) return -1;
  return read(handle, to, (unsigned)(size < largest ? size : largest));
}

char *windows_mkdtemp(char *name)
{
  char *place = name + strlen(name) - 6; /* XXXXXX */
  for (unsigned attempt = 0; attempt < 100; attempt++) {
    snprintf(place, 7, "%06lx", (GetTickCount() + 7919 * attempt + 31 * GetCurrentProcessId()) & 0xffffff);
    if (CreateDirectoryA(name, NULL)) return name;
    if (GetLastError() != ERROR_ALREADY_EXISTS) break;
  }
  errno = EACCES;
  return NULL;
}
