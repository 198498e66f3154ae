/*
 * posix.h - what the programs use of POSIX and MinGW-w64 lacks, in terms of Windows. CMakeLists.txt includes it before
 * every file of samples/ where the target is Windows, so that none of them asks what it runs on.
 */
#ifndef WINDOWS_POSIX_H
#define WINDOWS_POSIX_H

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define O_CLOEXEC (O_BINARY | O_NOINHERIT) /* no file of ours is to have its line ends changed */
#ifndef EDQUOT
#define EDQUOT ENOSPC
#endif
#define S_ISLNK(mode)             0 /* stat has followed it */
#define lstat(path, facts)        stat(path, facts)
#define fsync(handle)             _commit(handle)
#define mkdir(path, mode)         mkdir(path)
#define access(path, mode)        access(path, (mode) & (R_OK | W_OK)) /* X_OK is an error there */
#define realpath(path, room)      windows_realpath(path)
#define rename(from, to)          windows_rename(from, to)
#define pread(handle, to, n, at)  windows_pread(handle, to, n, at)
#define posix_fallocate(h, at, n) 0 /* a full disk is told when it is written */
#define mkdtemp(name)             windows_mkdtemp(name)

/* The path if it is there, for free(); else NULL. */
char *windows_realpath(const char *path);
/* Replaces what stands at to. */
int windows_rename(const char *from, const char *to);
/* Moves the position of the file, which nobody here relies on. */
ssize_t windows_pread(int handle, void *to, size_t size, off_t at);
char *windows_mkdtemp(char *name);

#endif
