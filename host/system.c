/*
 * system.c - see system.h (for Windows: system_windows.c). POSIX: mmap, rename, pthreads, dlopen, the monotonic clock.
 *
 * Owns every call whose meaning differs between systems. It keeps nothing outside of what it hands out: no table of
 * open files, no handler at exit or for signals; who is interrupted abandons the file that it has open.
 */
#define _XOPEN_SOURCE   700 /* realpath */
#define _DEFAULT_SOURCE     /* madvise, where there is one */
#include "system.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "system_fail.h"

static const mode_t folder_mode = 0777; /* what the user's umask leaves of it */
static const mode_t file_mode = 0666;

/* ---- What went wrong -------------------------------------------------------------------------------------------- */

static bool is_folder(const char *path)
{
  struct stat facts;
  return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

static clreid_status fail_read(const char *path, int code, clreid_error *error)
{
  char reason[128] = "";
  strerror_r(code, reason, sizeof reason);
  return cr_fail_read(path, code, reason, error);
}

static clreid_status fail_write(const char *path, int code, uint64_t written, clreid_error *error)
{
  char reason[128] = "";
  strerror_r(code, reason, sizeof reason);
  return cr_fail_write(path, code == EDQUOT ? ENOSPC : code, reason, written, error);
}

/* ---- Mapped files ----------------------------------------------------------------------------------------------- */

/* Checks that descriptor is a plain file and maps it. Returns 0 or an errno. */
static int map_descriptor(int descriptor, cr_mapping *mapping)
{
  static const uint8_t nothing = 0; /* so that bytes of an empty file can be pointed to */
  struct stat facts;
  if (fstat(descriptor, &facts) != 0) return errno;
  if (S_ISDIR(facts.st_mode)) return EISDIR;
  if (!S_ISREG(facts.st_mode)) return ESPIPE; /* a pipe, a terminal: has no size */
  if ((uintmax_t)facts.st_size > SIZE_MAX) return EFBIG;
  mapping->size = (size_t)facts.st_size;
  mapping->bytes = &nothing;
  if (mapping->size == 0) return 0;
  void *bytes = mmap(NULL, mapping->size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (bytes == MAP_FAILED) return errno;
  mapping->bytes = bytes;
  return 0;
}

clreid_status cr_map(const char *path, cr_mapping *mapping, clreid_error *error)
{
  *mapping = (cr_mapping){0};
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe without a writer must not hold us */
  if (descriptor < 0) return fail_read(path, errno, error);
  int code = map_descriptor(descriptor, mapping);
  close(descriptor); /* the mapping stays */
  if (code == 0) return CLREID_OK;
  *mapping = (cr_mapping){0};
  return fail_read(path, code, error);
}

void cr_unmap(cr_mapping *mapping)
{
  if (mapping->size) munmap((void *)(uintptr_t)mapping->bytes, mapping->size);
  *mapping = (cr_mapping){0};
}

/* ---- Whole-file writes ------------------------------------------------------------------------------------------ */

struct cr_file {
  int descriptor;
  bool failed;       /* a write failed: commit must not rename */
  uint64_t written;  /* bytes */
  char *path;        /* as the caller knows it */
  char *destination; /* path with links followed */
  char *aside;       /* what is written until commit; NULL: a device or a pipe, written straight */
};

static void free_file(cr_file *file)
{
  if (!file) return;
  free(file->path);
  free(file->destination);
  free(file->aside);
  free(file);
}

/* Opens a new file beside destination, "NAME.PID-NUMBER.part". The clock and the address keep threads and machines on a
 * shared disk apart; O_EXCL decides. Returns 0 or an errno. */
static int open_aside(cr_file *file)
{
  size_t size = strlen(file->destination) + 64;
  file->aside = malloc(size);
  if (!file->aside) return ENOMEM;
  struct timespec now = {0};
  clock_gettime(CLOCK_REALTIME, &now);
  uint64_t number = (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 30 ^ (uint64_t)(uintptr_t)file;
  for (int attempt = 0; attempt < 100; attempt++, number++) {
    snprintf(file->aside, size, "%s.%ld-%llx.part", file->destination, (long)getpid(), (unsigned long long)number);
    file->descriptor = open(file->aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file_mode);
    if (file->descriptor >= 0) return 0;
    if (errno != EEXIST) break;
  }
  int code = errno;
  free(file->aside);
  file->aside = NULL; /* nothing to remove */
  return code;
}

/* Decides by what stands at the path: a plain file is replaced, through a link where it is one; a folder is an error; a
 * device or a pipe cannot be replaced and is written straight. Returns 0 or an errno. */
static int open_destination(cr_file *file)
{
  struct stat facts;
  bool exists = stat(file->path, &facts) == 0;
  if (exists && S_ISDIR(facts.st_mode)) return EISDIR;
  if (exists && !S_ISREG(facts.st_mode)) {
    file->descriptor = open(file->path, O_WRONLY | O_CLOEXEC);
    return file->descriptor < 0 ? errno : 0;
  }
  size_t length = strlen(file->path);
  if (length == 0 || file->path[length - 1] == '/') return length == 0 ? ENOENT : EISDIR;
  file->destination = exists ? realpath(file->path, NULL) : strdup(file->path);
  return file->destination ? open_aside(file) : errno;
}

clreid_status cr_file_create(const char *path, cr_file **file, clreid_error *error)
{
  *file = NULL;
  cr_file *made = calloc(1, sizeof *made);
  if (made) made->path = strdup(path);
  if (!made || !made->path) {
    free_file(made);
    return fail_write(path, ENOMEM, 0, error);
  }
  int code = open_destination(made);
  if (code != 0) {
    free_file(made);
    return fail_write(path, code, 0, error);
  }
  *file = made;
  return CLREID_OK;
}

clreid_status cr_file_write(cr_file *file, const void *bytes, size_t size, clreid_error *error)
{
  const size_t largest = (size_t)1 << 30; /* Linux takes at most 2^31 - 4096 bytes a call */
  const uint8_t *from = bytes;
  while (size > 0) {
    ssize_t taken = write(file->descriptor, from, size < largest ? size : largest);
    if (taken < 0 && errno == EINTR) continue;
    if (taken <= 0) {
      file->failed = true;
      return fail_write(file->path, taken == 0 ? ENOSPC : errno, file->written, error);
    }
    from += taken;
    size -= (size_t)taken;
    file->written += (uint64_t)taken;
  }
  return CLREID_OK;
}

clreid_status cr_file_commit(cr_file *file, clreid_error *error)
{
  int code = file->failed ? EIO : 0;
  if (close(file->descriptor) != 0 && code == 0 && errno != EINTR) code = errno; /* a full disk may show only here */
  if (code == 0 && file->aside && rename(file->aside, file->destination) != 0) code = errno;
  if (code != 0 && file->aside) unlink(file->aside);
  clreid_status status = code == 0 ? CLREID_OK : fail_write(file->path, code, file->written, error);
  free_file(file);
  return status;
}

void cr_file_abandon(cr_file *file)
{
  if (!file) return;
  close(file->descriptor);
  if (file->aside) unlink(file->aside);
  free_file(file);
}

/* ---- Folders ---------------------------------------------------------------------------------------------------- */

/* Makes one folder whose parent exists. Returns 0 or an errno. */
static int make_folder(const char *path)
{
  if (mkdir(path, folder_mode) == 0 || is_folder(path)) return 0;
  return errno;
}

clreid_status cr_make_folders(const char *path, clreid_error *error)
{
  char *part = strdup(path);
  if (!part) return fail_write(path, ENOMEM, 0, error);
  int code = 0;
  for (char *at = part; *at && code == 0; at++) {
    if (at == part || *at != '/') continue;
    *at = '\0';
    code = make_folder(part);
    *at = '/';
  }
  if (code == 0) code = make_folder(part);
  free(part);
  if (code == 0) return CLREID_OK;
  char reason[128] = "";
  strerror_r(code, reason, sizeof reason);
  return cr_fail_folder(path, reason, error);
}

int cr_cache_folder(char *path, size_t size)
{
  /* The XDG base directory specification asks to ignore a path that is not absolute. */
  const char *cache = getenv("XDG_CACHE_HOME");
  const char *home = getenv("HOME");
  int length = -1;
  if (cache && cache[0] == '/')
    length = snprintf(path, size, "%s/clreid", cache);
  else if (home && home[0] == '/')
    length = snprintf(path, size, "%s/.cache/clreid", home);
  return length > 0 && (size_t)length < size;
}

/* ---- Mutex and threads ------------------------------------------------------------------------------------------- */

struct cr_mutex {
  pthread_mutex_t mutex;
};

cr_mutex *cr_mutex_create(void)
{
  cr_mutex *mutex = malloc(sizeof *mutex);
  pthread_mutexattr_t kind;
  if (!mutex || pthread_mutexattr_init(&kind) != 0) {
    free(mutex);
    return NULL;
  }
  const bool made =
      pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE) == 0 && pthread_mutex_init(&mutex->mutex, &kind) == 0;
  pthread_mutexattr_destroy(&kind);
  if (made) return mutex;
  free(mutex);
  return NULL;
}

void cr_mutex_destroy(cr_mutex *mutex)
{
  if (!mutex) return;
  pthread_mutex_destroy(&mutex->mutex);
  free(mutex);
}

void cr_mutex_lock(cr_mutex *mutex)
{
  pthread_mutex_lock(&mutex->mutex);
}

void cr_mutex_unlock(cr_mutex *mutex)
{
  pthread_mutex_unlock(&mutex->mutex);
}

typedef struct threaded {
  void (*work)(void *user, int index);
  void *user;
  int index;
} threaded;

static void *work_in_thread(void *user)
{
  const threaded *own = user;
  own->work(own->user, own->index);
  return NULL;
}

void cr_run_threads(int count, void (*work)(void *user, int index), void *user)
{
  pthread_t threads[CR_MOST_THREADS];
  threaded own[CR_MOST_THREADS];
  bool running[CR_MOST_THREADS] = {false};
  for (int i = 1; i < count && i < CR_MOST_THREADS; i++) {
    own[i] = (threaded){work, user, i};
    running[i] = pthread_create(&threads[i], NULL, work_in_thread, &own[i]) == 0;
  }
  for (int i = 0; i < count; i++)
    if (i >= CR_MOST_THREADS || !running[i]) work(user, i);
  for (int i = 1; i < count && i < CR_MOST_THREADS; i++)
    if (running[i]) pthread_join(threads[i], NULL);
}

/* ---- Shared libraries, clock ------------------------------------------------------------------------------------- */

void *cr_library_open(const char *name, char *reason, size_t size)
{
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  const char *text = library ? NULL : dlerror();
  if (!library) snprintf(reason, size, "%s", text ? text : "no reason is given");
  return library;
}

int cr_library_function(void *library, const char *name, void *function)
{
  void *address = dlsym(library, name);
  memcpy(function, &address, sizeof address); /* POSIX: the two have one size, which C does not say */
  return address != NULL;
}

double cr_seconds(void)
{
  struct timespec now = {0};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void cr_sleep(double seconds)
{
  const struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  nanosleep(&time, NULL); /* a signal makes it shorter: callers look again */
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* Linux gives large pages where a whole one fits and memory was asked for so before it is touched. */
void *cr_pages_take(size_t bytes)
{
  void *pages;
  if (bytes > SIZE_MAX - CR_LARGE_PAGE) return NULL;
  const size_t whole = (bytes + CR_LARGE_PAGE - 1) / CR_LARGE_PAGE * CR_LARGE_PAGE;
  if (posix_memalign(&pages, CR_LARGE_PAGE, whole)) return NULL;
#ifdef MADV_HUGEPAGE
  (void)madvise(pages, whole, MADV_HUGEPAGE); /* a wish: small pages do as well */
#endif
  return pages;
}
