/*
 * system.h - what differs between operating systems: mapped files, whole-file writes, locks, threads, folders, shared
 * libraries, the clock.
 *
 * POSIX in system.c, Windows in system_windows.c: nothing else knows what it runs on. Knows nothing of OpenCL or of
 * networks.
 */
#ifndef CR_SYSTEM_H
#define CR_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

#include "report.h"

/* A file mapped read-only; bytes stays valid until cr_unmap. An empty file maps to size 0. */
typedef struct cr_mapping {
  const uint8_t *bytes;
  size_t size;
} cr_mapping;

clreid_status cr_map(const char *path, cr_mapping *mapping, clreid_error *error);
void cr_unmap(cr_mapping *mapping);

/* A file written aside (in the same folder) and renamed over path when it is whole: it appears complete or not at all.
 * create -> write ... -> commit or abandon. Write and commit report a full disk; after an error call abandon. */
typedef struct cr_file cr_file;
clreid_status cr_file_create(const char *path, cr_file **file, clreid_error *error);
clreid_status cr_file_write(cr_file *file, const void *bytes, size_t size, clreid_error *error);
clreid_status cr_file_commit(cr_file *file, clreid_error *error); /* frees file in every case */
void cr_file_abandon(cr_file *file);                              /* removes what was written; NULL allowed */

/* Makes path and its parents; CLREID_INVALID_FILE if that fails. */
clreid_status cr_make_folders(const char *path, clreid_error *error);

/* "clreid" in the user's cache folder (XDG_CACHE_HOME, else HOME/.cache; Windows: LOCALAPPDATA); false if there is
 * none.
 */
int cr_cache_folder(char *path, size_t size);

typedef struct cr_mutex cr_mutex; /* the thread that holds it may lock it again */
cr_mutex *cr_mutex_create(void);  /* NULL: out of memory */
void cr_mutex_destroy(cr_mutex *mutex);
void cr_mutex_lock(cr_mutex *mutex);
void cr_mutex_unlock(cr_mutex *mutex);

/* work(user, i) for i from 0 to count - 1 side by side, each in a thread of its own but one in the caller's; returns
 * when all are done. What no thread can be had for, the caller does. At most CR_MOST_THREADS. */
enum { CR_MOST_THREADS = 64 };
void cr_run_threads(int count, void (*work)(void *user, int index), void *user);

/* A shared library by the name of its file, loaded for the life of the process. NULL: reason[size] says why not. */
void *cr_library_open(const char *name, char *reason, size_t size);
/* Writes the address of one of its functions to *function, a pointer to a function; false if it has none. */
int cr_library_function(void *library, const char *name, void *function);

double cr_seconds(void); /* monotonic */
void cr_sleep(double seconds);

/* Memory in large pages, if the system has any to spare: undefined bytes, for free(). NULL: none to be had. */
enum { CR_LARGE_PAGE = 2 << 20 };
void *cr_pages_take(size_t bytes);

#endif
