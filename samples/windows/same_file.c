/*
 * same_file.c - see common/same_file.h. Windows: volume and index.
 */
#include "same_file.h"

#include <windows.h>

static bool look(const char *path, BY_HANDLE_FILE_INFORMATION *facts)
{
  HANDLE file = CreateFileA(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                            FILE_FLAG_BACKUP_SEMANTICS, NULL);
  if (file == INVALID_HANDLE_VALUE) return false;
  const bool known = GetFileInformationByHandle(file, facts);
  CloseHandle(file);
  return known;
}

bool same_file(const char *one, const char *other)
{
  BY_HANDLE_FILE_INFORMATION first, second;
  return look(one, &first) && look(other, &second) && first.dwVolumeSerialNumber == second.dwVolumeSerialNumber &&
         first.nFileIndexHigh == second.nFileIndexHigh && first.nFileIndexLow == second.nFileIndexLow;
}
