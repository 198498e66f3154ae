/*
 * interrupt.c - see common/interrupt.h. Windows: a handler of Ctrl-C and of a console that closes, which Windows calls
 * in a thread of its own.
 */
#include "interrupt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum { MOST_PATHS = 8 };

static SRWLOCK lock = SRWLOCK_INIT; /* held while paths change and while an interrupt must wait */
static const char *paths[MOST_PATHS];
static int path_count;

/* A file, or an empty folder. */
static void remove_all(void)
{
  for (; path_count > 0; --path_count)
    if (remove(paths[path_count - 1]) != 0) RemoveDirectoryA(paths[path_count - 1]);
}

static BOOL WINAPI handle(DWORD event)
{
  (void)event;
  AcquireSRWLockExclusive(&lock); /* never given back: no other thread begins a file now */
  remove_all();
  return FALSE; /* the next handler, Windows', ends the process */
}

static BOOL CALLBACK start_once(INIT_ONCE *once, void *unused, void **context)
{
  (void)once, (void)unused, (void)context;
  SetConsoleCtrlHandler(handle, TRUE);
  atexit(remove_all); /* a driver may end the process itself */
  return TRUE;
}

void interrupt_start(void)
{
  static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
  InitOnceExecuteOnce(&once, start_once, NULL, NULL);
}

void interrupt_guard(const char *path)
{
  interrupt_start();
  AcquireSRWLockExclusive(&lock);
  if (path_count < MOST_PATHS) paths[path_count++] = path;
  ReleaseSRWLockExclusive(&lock);
}

void interrupt_forget(const char *path)
{
  AcquireSRWLockExclusive(&lock);
  for (int i = 0; i < path_count; ++i) {
    if (paths[i] != path) continue;
    memmove(&paths[i], &paths[i + 1], (size_t)(path_count - i - 1) * sizeof *paths);
    --path_count;
    break;
  }
  ReleaseSRWLockExclusive(&lock);
}

void interrupt_hold(void)
{
  AcquireSRWLockExclusive(&lock);
}

void interrupt_release(void)
{
  ReleaseSRWLockExclusive(&lock);
}
