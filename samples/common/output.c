/*
 * output.c - see output.h.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"
#include "interrupt.h"
#include "same_file.h"

struct output {
  int handle;
  char *path;  /* where it will stand, links followed */
  char *aside; /* where it is written */
};

static clreid_status fail_errno(clreid_error *error, const char *path, int number)
{
  const char *reason = strerror(number);
  if (number == ENOENT) reason = "its folder does not exist, make it first";
  if (number == ENOSPC || number == EDQUOT) reason = "the disk is full, make room or write elsewhere";
  return console_fail(error, CLREID_INVALID_FILE, "cannot write '%s': %s", path, reason);
}

clreid_status output_check(const char *path, clreid_error *error)
{
  struct stat facts;
  if (stat(path, &facts) != 0) {
    if (lstat(path, &facts) != 0 || !S_ISLNK(facts.st_mode)) return CLREID_OK; /* creating it will tell */
    return console_fail(error, CLREID_INVALID_FILE, "cannot write '%s': it is a link to nothing, remove it first",
                        path);
  }
  if (S_ISDIR(facts.st_mode)) {
    return console_fail(error, CLREID_INVALID_FILE, "cannot write '%s': it is a folder, give a file name", path);
  }
  if (!S_ISREG(facts.st_mode)) {
    return console_fail(error, CLREID_INVALID_FILE, "cannot write '%s': it is a device or a pipe, give a file name",
                        path);
  }
  return CLREID_OK;
}

clreid_status output_check_input(const char *path, const char *input, clreid_error *error)
{
  if (!same_file(path, input)) return CLREID_OK;
  return console_fail(error, CLREID_INVALID_FILE, "'%s' is to be read and to be written: give another name to write",
                      input);
}

static void free_output(output *file)
{
  if (file->handle >= 0) close(file->handle);
  free(file->path);
  free(file->aside);
  free(file);
}

/* path.PROCESS.part, or path.PROCESS-1.part if a killed run left that behind, and so on. */
static int open_aside(output *file, size_t room)
{
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (attempt == 0) {
      snprintf(file->aside, room, "%s.%ld.part", file->path, (long)getpid());
    } else {
      snprintf(file->aside, room, "%s.%ld-%d.part", file->path, (long)getpid(), attempt);
    }
    file->handle = open(file->aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file->handle >= 0 || errno != EEXIST) break;
  }
  return file->handle >= 0 ? 0 : errno;
}

clreid_status output_create(const char *path, output **file, clreid_error *error)
{
  const clreid_status status = output_check(path, error);
  if (status != CLREID_OK) return status;

  output *made = calloc(1, sizeof *made);
  if (!made) return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for writing '%s'", path);
  made->handle = -1;
  made->path = realpath(path, NULL); /* a link stays a link: its target is replaced */
  if (!made->path) made->path = strdup(path);
  const size_t room = (made->path ? strlen(made->path) : 0) + 48;
  made->aside = malloc(room);
  if (!made->path || !made->aside) {
    free_output(made);
    return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for writing '%s'", path);
  }
  /* Held, so that an interrupt finds the file either not there or guarded. */
  made->aside[0] = '\0';
  interrupt_guard(made->aside);
  interrupt_hold();
  const int number = open_aside(made, room);
  interrupt_release();
  if (number != 0) {
    interrupt_forget(made->aside);
    free_output(made);
    return fail_errno(error, path, number);
  }
  *file = made;
  return CLREID_OK;
}

clreid_status output_reserve(output *file, uint64_t bytes, clreid_error *error)
{
  const int number = posix_fallocate(file->handle, 0, (off_t)bytes);
  if (number == ENOSPC || number == EDQUOT || number == EFBIG) {
    return console_fail(error, CLREID_INVALID_FILE, "cannot write '%s': the disk has no room for its %llu bytes",
                        file->path, (unsigned long long)bytes);
  }
  return CLREID_OK; /* a file system that cannot reserve will report when it is written */
}

clreid_status output_write(output *file, const void *bytes, size_t size, clreid_error *error)
{
  const char *rest = bytes;
  while (size > 0) {
    const ssize_t written = write(file->handle, rest, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(error, file->path, errno);
    rest += written;
    size -= (size_t)written;
  }
  return CLREID_OK;
}

clreid_status output_seek(output *file, uint64_t offset, clreid_error *error)
{
  if (lseek(file->handle, (off_t)offset, SEEK_SET) < 0) return fail_errno(error, file->path, errno);
  return CLREID_OK;
}

clreid_status output_commit(output *file, clreid_error *error)
{
  /* A disk behind a network may report only here that it is full. */
  int number = fsync(file->handle) != 0 && errno != EINVAL ? errno : 0;
  if (close(file->handle) != 0 && number == 0) number = errno;
  file->handle = -1;
  if (number == 0 && rename(file->aside, file->path) != 0) number = errno;
  const clreid_status status = number == 0 ? CLREID_OK : fail_errno(error, file->path, number);
  if (status != CLREID_OK) remove(file->aside);
  interrupt_forget(file->aside);
  free_output(file);
  return status;
}

void output_abandon(output *file)
{
  if (!file) return;
  remove(file->aside);
  interrupt_forget(file->aside);
  free_output(file);
}
