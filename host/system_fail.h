/*
 * system_fail.h - what the systems say alike of a file that cannot be read or written: the line of the error, by an
 * errno. Private to system.c and system_windows.c.
 */
#ifndef CR_SYSTEM_FAIL_H
#define CR_SYSTEM_FAIL_H

#include <stdint.h>

#include "report.h"

/* reason: the system's own words, where the code has no line here. */
clreid_status cr_fail_read(const char *path, int code, const char *reason, clreid_error *error);
/* written: bytes that the file had taken when it failed. */
clreid_status cr_fail_write(const char *path, int code, const char *reason, uint64_t written, clreid_error *error);
clreid_status cr_fail_folder(const char *path, const char *reason, clreid_error *error);

#endif
