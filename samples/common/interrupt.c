/*
 * interrupt.c - see interrupt.h.
 */
#include "interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_PATHS = 8 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* held while paths change and while an interrupt must wait */
static const char *paths[MOST_PATHS];
static int path_count;
static sigset_t watched;

static void *wait_for_signal(void *unused)
{
  (void)unused;
  int number;
  if (sigwait(&watched, &number) != 0) return NULL;
  pthread_mutex_lock(&lock); /* never given back */
  while (path_count > 0) remove(paths[--path_count]);

  /* Die of the signal, so that the shell knows. */
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  signal(number, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &one, NULL);
  raise(number);
  _exit(128 + number);
}

/* An OpenCL driver may end the process itself: PoCL 3.1 does so where its compiler finds the disk full (seen 2026).
 * Without the lock, which the thread that exits may hold. */
static void clean_at_exit(void)
{
  while (path_count > 0) remove(paths[--path_count]);
}

static void start_once(void)
{
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  sigemptyset(&watched);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
    /* What the parent ignores (nohup, a shell's background job) stays ignored. */
    struct sigaction action;
    if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) sigaddset(&watched, numbers[i]);
  }
  sigset_t before;
  pthread_t thread;
  pthread_sigmask(SIG_BLOCK, &watched, &before);
  if (pthread_create(&thread, NULL, wait_for_signal, NULL) == 0) {
    pthread_detach(thread);
  } else {
    pthread_sigmask(SIG_SETMASK, &before, NULL); /* without the thread a signal kills as ever, and a file may stay */
  }
  /* A reader of stderr or stdout that goes away is an error like another, not a silent death beside a guarded file. */
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN); /* likewise a limit on the size of files */
  atexit(clean_at_exit);
}

void interrupt_start(void)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, start_once);
}

void interrupt_guard(const char *path)
{
  interrupt_start();
  pthread_mutex_lock(&lock);
  if (path_count < MOST_PATHS) paths[path_count++] = path;
  pthread_mutex_unlock(&lock);
}

void interrupt_forget(const char *path)
{
  pthread_mutex_lock(&lock);
  for (int i = 0; i < path_count; ++i) {
    if (paths[i] != path) continue;
    memmove(&paths[i], &paths[i + 1], (size_t)(path_count - i - 1) * sizeof *paths);
    --path_count;
    break;
  }
  pthread_mutex_unlock(&lock);
}

void interrupt_hold(void)
{
  pthread_mutex_lock(&lock);
}

void interrupt_release(void)
{
  pthread_mutex_unlock(&lock);
}
