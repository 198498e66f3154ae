/*
 * system_windows.c - see system.h (elsewhere: system.c). Windows: file mappings, MoveFileEx, slim locks, threads,
 * LoadLibrary, the performance counter.
 *
 * Paths are UTF-8 as everywhere in the library, with slashes either way. Owns what system.c owns, and like it keeps
 * nothing outside of what it hands out.
 */
#include "system.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "system_fail.h"

/* ---- Names and errors -------------------------------------------------------------------------------------------- */

/* A path as Windows has it, in UTF-16, for free(). NULL: out of memory, or no UTF-8. */
static wchar_t *wide(const char *path)
{
  const int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, NULL, 0);
  wchar_t *text = length > 0 ? malloc((size_t)length * sizeof *text) : NULL;
  if (text) MultiByteToWideChar(CP_UTF8, 0, path, -1, text, length);
  return text;
}

static char *copy_text(const char *text)
{
  const size_t size = strlen(text) + 1;
  char *copy = malloc(size);
  return copy ? memcpy(copy, text, size) : NULL;
}

/* Windows' codes as those that system_fail.h knows; EIO for the others. */
static int as_errno(DWORD code)
{
  static const struct {
    DWORD code;
    int number;
  } known[] = {
      {ERROR_SUCCESS, 0},           {ERROR_FILE_NOT_FOUND, ENOENT},   {ERROR_PATH_NOT_FOUND, ENOENT},
      {ERROR_INVALID_NAME, ENOENT}, {ERROR_BAD_NETPATH, ENOENT},      {ERROR_INVALID_DRIVE, ENOENT},
      {ERROR_DISK_FULL, ENOSPC},    {ERROR_HANDLE_DISK_FULL, ENOSPC}, {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
      {ERROR_OUTOFMEMORY, ENOMEM},  {ERROR_DIRECTORY, EISDIR},
  };
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (known[i].code == code) return known[i].number;
  return EIO;
}

/* The system's words for a code, without the end of the line. */
static const char *reason_of(DWORD code, char *text, size_t size)
{
  const DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK;
  DWORD length = FormatMessageA(flags, NULL, code, 0, text, (DWORD)size, NULL);
  if (length == 0) snprintf(text, size, "Windows' error %lu", (unsigned long)code);
  while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '.')) text[--length] = '\0';
  return text;
}

static clreid_status fail_read(const char *path, DWORD code, clreid_error *error)
{
  char reason[256];
  return cr_fail_read(path, as_errno(code), reason_of(code, reason, sizeof reason), error);
}

static clreid_status fail_write(const char *path, DWORD code, uint64_t written, clreid_error *error)
{
  char reason[256];
  return cr_fail_write(path, as_errno(code), reason_of(code, reason, sizeof reason), written, error);
}

static bool is_folder(const wchar_t *path)
{
  const DWORD facts = GetFileAttributesW(path);
  return facts != INVALID_FILE_ATTRIBUTES && (facts & FILE_ATTRIBUTE_DIRECTORY);
}

/* ---- Mapped files ------------------------------------------------------------------------------------------------ */

/* Returns a code of Windows. */
static DWORD map_handle(HANDLE file, cr_mapping *mapping)
{
  static const uint8_t nothing = 0; /* so that bytes of an empty file can be pointed to */
  LARGE_INTEGER size;
  if (!GetFileSizeEx(file, &size)) return GetLastError();
  mapping->bytes = &nothing;
  if (size.QuadPart == 0) return ERROR_SUCCESS;
  if ((uint64_t)size.QuadPart > SIZE_MAX) return ERROR_NOT_ENOUGH_MEMORY;
  HANDLE whole = CreateFileMappingW(file, NULL, PAGE_READONLY, 0, 0, NULL);
  if (!whole) return GetLastError();
  const void *bytes = MapViewOfFile(whole, FILE_MAP_READ, 0, 0, 0);
  const DWORD code = bytes ? ERROR_SUCCESS : GetLastError();
  CloseHandle(whole); /* the view keeps it */
  if (!bytes) return code;
  mapping->bytes = bytes;
  mapping->size = (size_t)size.QuadPart;
  return ERROR_SUCCESS;
}

clreid_status cr_map(const char *path, cr_mapping *mapping, clreid_error *error)
{
  *mapping = (cr_mapping){0};
  wchar_t *name = wide(path);
  if (!name) return fail_read(path, ERROR_INVALID_NAME, error);
  const bool folder = is_folder(name);
  HANDLE file = CreateFileW(name, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
  DWORD code = file == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;
  free(name);
  if (folder) code = ERROR_DIRECTORY;
  if (file == INVALID_HANDLE_VALUE) return fail_read(path, code, error);
  if (GetFileType(file) != FILE_TYPE_DISK) {
    CloseHandle(file);
    return cr_fail_read(path, ESPIPE, "", error); /* a pipe, a console: has no size */
  }
  if (code == ERROR_SUCCESS) code = map_handle(file, mapping);
  CloseHandle(file);
  if (code == ERROR_SUCCESS) return CLREID_OK;
  *mapping = (cr_mapping){0};
  return fail_read(path, code, error);
}

void cr_unmap(cr_mapping *mapping)
{
  if (mapping->size) UnmapViewOfFile(mapping->bytes);
  *mapping = (cr_mapping){0};
}

/* ---- Whole-file writes ------------------------------------------------------------------------------------------- */

struct cr_file {
  HANDLE handle;
  bool failed;          /* a write failed: commit must not rename */
  uint64_t written;     /* bytes */
  char *path;           /* as the caller knows it */
  wchar_t *destination; /* the same */
  wchar_t *aside;       /* what is written until commit */
};

static void free_file(cr_file *file)
{
  free(file->path);
  free(file->destination);
  free(file->aside);
  free(file);
}

/* Opens a new file beside destination, "NAME.PID-NUMBER.part": the clock and the address keep threads and machines on a
 * shared disk apart; CREATE_NEW decides. Returns a code of Windows. */
static DWORD open_aside(cr_file *file)
{
  const size_t length = wcslen(file->destination) + 64;
  file->aside = malloc(length * sizeof *file->aside);
  if (!file->aside) return ERROR_NOT_ENOUGH_MEMORY;
  LARGE_INTEGER now;
  QueryPerformanceCounter(&now);
  uint64_t number = (uint64_t)now.QuadPart ^ (uint64_t)(uintptr_t)file << 20;
  DWORD code = ERROR_FILE_EXISTS;
  for (int attempt = 0; attempt < 100 && code == ERROR_FILE_EXISTS; attempt++, number++) {
    _snwprintf(file->aside, length, L"%ls.%lu-%llx.part", file->destination, (unsigned long)GetCurrentProcessId(),
               (unsigned long long)number);
    file->handle = CreateFileW(file->aside, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    code = file->handle == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;
  }
  return code;
}

clreid_status cr_file_create(const char *path, cr_file **file, clreid_error *error)
{
  *file = NULL;
  cr_file *made = calloc(1, sizeof *made);
  if (!made) return fail_write(path, ERROR_NOT_ENOUGH_MEMORY, 0, error);
  made->path = copy_text(path);
  made->destination = wide(path);
  const size_t length = strlen(path);
  DWORD code = ERROR_SUCCESS;
  if (!made->path || !made->destination)
    code = ERROR_NOT_ENOUGH_MEMORY;
  else if (length == 0)
    code = ERROR_PATH_NOT_FOUND;
  else if (is_folder(made->destination) || strchr("/\\", path[length - 1]))
    code = ERROR_DIRECTORY;
  else
    code = open_aside(made);
  if (code != ERROR_SUCCESS) {
    free_file(made);
    return fail_write(path, code, 0, error);
  }
  *file = made;
  return CLREID_OK;
}

clreid_status cr_file_write(cr_file *file, const void *bytes, size_t size, clreid_error *error)
{
  const size_t largest = (size_t)1 << 30; /* a call takes 32 bits of a size */
  const uint8_t *from = bytes;
  while (size > 0) {
    DWORD taken = 0;
    const bool done = WriteFile(file->handle, from, (DWORD)(size < largest ? size : largest), &taken, NULL);
    if (!done || taken == 0) {
      const DWORD code = done ? ERROR_DISK_FULL : GetLastError();
      file->failed = true;
      return fail_write(file->path, code, file->written, error);
    }
    from += taken;
    size -= taken;
    file->written += taken;
  }
  return CLREID_OK;
}

clreid_status cr_file_commit(cr_file *file, clreid_error *error)
{
  DWORD code = file->failed ? ERROR_WRITE_FAULT : ERROR_SUCCESS;
  if (!CloseHandle(file->handle) && code == ERROR_SUCCESS) code = GetLastError();
  if (code == ERROR_SUCCESS && !MoveFileExW(file->aside, file->destination, MOVEFILE_REPLACE_EXISTING))
    code = GetLastError();
  if (code != ERROR_SUCCESS) DeleteFileW(file->aside);
  const clreid_status status = code == ERROR_SUCCESS ? CLREID_OK : fail_write(file->path, code, file->written, error);
  free_file(file);
  return status;
}

void cr_file_abandon(cr_file *file)
{
  if (!file) return;
  CloseHandle(file->handle);
  DeleteFileW(file->aside);
  free_file(file);
}

/* ---- Folders ----------------------------------------------------------------------------------------------------- */

/* Makes one folder whose parent exists. Returns a code of Windows. */
static DWORD make_folder(const wchar_t *path)
{
  if (CreateDirectoryW(path, NULL)) return ERROR_SUCCESS;
  const DWORD code = GetLastError();
  return is_folder(path) ? ERROR_SUCCESS : code;
}

clreid_status cr_make_folders(const char *path, clreid_error *error)
{
  wchar_t *part = wide(path);
  DWORD code = part ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
  for (wchar_t *at = part; part && *at && code == ERROR_SUCCESS; at++) {
    const wchar_t slash = *at;
    if (at == part || (slash != L'/' && slash != L'\\') || at[-1] == L':') continue; /* "C:" is no folder to make */
    *at = L'\0';
    code = make_folder(part);
    *at = slash;
  }
  if (code == ERROR_SUCCESS) code = make_folder(part);
  free(part);
  char reason[256];
  return code == ERROR_SUCCESS ? CLREID_OK : cr_fail_folder(path, reason_of(code, reason, sizeof reason), error);
}

int cr_cache_folder(char *path, size_t size)
{
  wchar_t folder[MAX_PATH];
  char text[3 * MAX_PATH];
  const DWORD length = GetEnvironmentVariableW(L"LOCALAPPDATA", folder, MAX_PATH);
  if (length == 0 || length >= MAX_PATH) return false;
  if (!WideCharToMultiByte(CP_UTF8, 0, folder, -1, text, sizeof text, NULL, NULL)) return false;
  const int written = snprintf(path, size, "%s/clreid", text);
  return written > 0 && (size_t)written < size;
}

/* ---- Mutex and threads ------------------------------------------------------------------------------------------- */

struct cr_mutex {
  CRITICAL_SECTION section; /* which its thread may enter again */
};

cr_mutex *cr_mutex_create(void)
{
  cr_mutex *mutex = malloc(sizeof *mutex);
  if (mutex) InitializeCriticalSection(&mutex->section);
  return mutex;
}

void cr_mutex_destroy(cr_mutex *mutex)
{
  if (mutex) DeleteCriticalSection(&mutex->section);
  free(mutex);
}

void cr_mutex_lock(cr_mutex *mutex)
{
  EnterCriticalSection(&mutex->section);
}

void cr_mutex_unlock(cr_mutex *mutex)
{
  LeaveCriticalSection(&mutex->section);
}

typedef struct threaded {
  void (*work)(void *user, int index);
  void *user;
  int index;
} threaded;

static DWORD WINAPI work_in_thread(void *user)
{
  const threaded *own = user;
  own->work(own->user, own->index);
  return 0;
}

void cr_run_threads(int count, void (*work)(void *user, int index), void *user)
{
  HANDLE threads[CR_MOST_THREADS] = {NULL};
  threaded own[CR_MOST_THREADS];
  for (int i = 1; i < count && i < CR_MOST_THREADS; i++) {
    own[i] = (threaded){work, user, i};
    threads[i] = CreateThread(NULL, 0, work_in_thread, &own[i], 0, NULL);
  }
  for (int i = 0; i < count; i++)
    if (i >= CR_MOST_THREADS || !threads[i]) work(user, i);
  for (int i = 1; i < count && i < CR_MOST_THREADS; i++) {
    if (!threads[i]) continue;
    WaitForSingleObject(threads[i], INFINITE);
    CloseHandle(threads[i]);
  }
}

/* ---- Shared libraries, clock ------------------------------------------------------------------------------------- */

void *cr_library_open(const char *name, char *reason, size_t size)
{
  wchar_t *path = wide(name);
  HMODULE library = path ? LoadLibraryW(path) : NULL;
  if (!library) reason_of(path ? GetLastError() : ERROR_INVALID_NAME, reason, size);
  free(path);
  return library;
}

int cr_library_function(void *library, const char *name, void *function)
{
  FARPROC address = GetProcAddress(library, name);
  memcpy(function, &address, sizeof address);
  return address != NULL;
}

double cr_seconds(void)
{
  LARGE_INTEGER now, frequency;
  QueryPerformanceCounter(&now);
  QueryPerformanceFrequency(&frequency);
  return (double)now.QuadPart / (double)frequency.QuadPart;
}

void cr_sleep(double seconds)
{
  Sleep((DWORD)(seconds * 1e3 + 0.999)); /* whole milliseconds, one at least */
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* Large pages want a privilege that users do not have. */
void *cr_pages_take(size_t bytes)
{
  (void)bytes;
  return NULL;
}
